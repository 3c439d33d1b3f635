"""What happens to an engine's process when the run that started it is killed? It ends too.

vLLM's engine process does not notice that its parent is gone, and would keep a GPU's memory for ever. vLLM
calls `register` in each of its processes (entry point group `vllm.general_plugins`).
"""

from __future__ import annotations

import os
import signal
import sys

PARENT = "PHI4EVAL_ENGINE_PARENT"
"""Environment variable: process id of the run that starts an engine; without it nothing is done."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def register() -> None:
    """In a child of the run: ask the kernel for SIGKILL when the thread that started it ends."""
    parent = os.environ.get(PARENT)
    if parent is None or not sys.platform.startswith("linux"):
        return
    if str(os.getppid()) != parent:
        return  # the run itself, or a worker: those end with their engine by vLLM's own pipes
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if str(os.getppid()) != parent:  # it was killed while this was being set
        os.kill(os.getpid(), signal.SIGKILL)
