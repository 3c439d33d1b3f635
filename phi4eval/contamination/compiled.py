"""Is there a compiler? Functions written for numba, which run as plain Python where it is not installed."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

_SOURCES = ("align", "bulk", "driver", "gram_kernel", "index", "kernel", "tokens")

Function = TypeVar("Function", bound=Callable[..., Any])


@cache
def has_compiler() -> bool:
    """Whether numba is installed (the extra `contamination`)."""
    return importlib.util.find_spec("numba") is not None


def compiled(function: Function) -> Function:
    """Compile a function at its first call, without the GIL, and keep the machine code on disk.

    No fast-math and no threads inside: the same input gives the same output on every machine.
    """
    if not has_compiler():
        return function
    numba = importlib.import_module("numba")
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = cache_folder()
    try:
        return cast(Function, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no folder in which the machine code could be kept
        return cast(Function, numba.njit(nogil=True)(function))
    finally:
        numba.config.CACHE_DIR = before


@cache
def cache_folder() -> str:
    """Where machine code is kept: a folder of its own for every state of the sources that are compiled.

    numba looks at the file of a function for changes, but not at those of the functions that it calls.
    """
    state = hashlib.sha256()
    for name in _SOURCES:
        state.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    user = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    base = os.environ.get("NUMBA_CACHE_DIR") or str(Path(user) / "phi4eval")
    return str(Path(base) / f"kernels-{state.hexdigest()[:16]}")
