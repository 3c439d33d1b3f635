"""The harness's hold on the sandbox's two workers: their sockets, their start, their end."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from phi4eval.sandbox import seatbelt

START_SECONDS = 30.0
CROSSING_SECONDS = 1.0
"""Longest wait of a fork for descriptors that cross to the workers; it takes about 2 ms."""

_LENGTH = struct.Struct(">I")
# Only the modules of this package are made known, not phi4eval's: the box has no use for them.
_BOOT = """
import sys, types, json
for name, path in (("phi4eval", {package!r}), ("phi4eval.sandbox", {sandbox!r})):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
from phi4eval.sandbox.{module} import start
start(json.loads({settings!r}))
"""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class SandboxError(Exception):
    """The box failed, not the program."""


class _Crossing:
    """Keeps this process from being forked while descriptors cross to the workers.

    A fork in between (a data loader's, say) would hold copies of them open, and the end of a verdict, or of
    the pipe by which Python learns that a program has started, would not be seen before it ends too.
    """

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._under_way = 0
        os.register_at_fork(before=self._wait, after_in_parent=self._go_on, after_in_child=self._start_anew)

    def __enter__(self) -> None:
        with self._change:
            self._under_way += 1

    def __exit__(self, *_: object) -> None:
        with self._change:
            self._under_way -= 1
            self._change.notify_all()

    def _wait(self) -> None:
        self._change.acquire()
        self._change.wait_for(lambda: not self._under_way, CROSSING_SECONDS)

    def _go_on(self) -> None:
        self._change.release()

    def _start_anew(self) -> None:
        self._change, self._under_way = threading.Condition(), 0


crossing = _Crossing()


def boot(module: str, settings: Mapping[str, Any], descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start `module.start(settings)` of this package in a bare interpreter with an empty environment.

    stdout is for modules that answer there; of all other descriptors the process gets only those named.
    """
    here = Path(__file__).parent
    script = _BOOT.format(
        package=str(here.parent), sandbox=str(here), module=module, settings=json.dumps(dict(settings))
    )
    command = [sys.executable, "-I", "-S", "-B", "-c", script]
    if sys.platform == "darwin":
        places = [place for place in settings.get("scratch", ()) if place]
        command = seatbelt.wrap(command, read=settings.get("extra", ()), write=places)
    with crossing:
        return subprocess.Popen(
            command,
            pass_fds=tuple(descriptors),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if descriptors else subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # one thread a library: what has threads cannot enter a user namespace, nor be forked safely
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1",
                 "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            cwd="/",
            start_new_session=True,
        )  # fmt: skip


class Link:
    """The socket to one worker."""

    def __init__(self, wire: socket.socket) -> None:
        wire.settimeout(START_SECONDS)
        self._wire = wire
        self._inbox = bytearray()

    def start(self, request: Mapping[str, Any], descriptors: Sequence[int]) -> None:
        """Ask for a child with these descriptors; `line` says when it is there."""
        body = json.dumps(request).encode()
        socket.send_fds(self._wire, [_LENGTH.pack(len(body))], list(descriptors))
        self._wire.sendall(body)

    def load(self, names: Sequence[str]) -> None:
        """Ask for modules to be loaded, for all later children; `line` says when they are there."""
        self.start({"load": list(names)}, [])

    def end(self) -> None:
        """Ask to kill the child and all it left behind; `line` is its wait status and CPU seconds."""
        self._wire.sendall(b"e")

    def line(self) -> str:
        """The next answer; SandboxError if the worker is gone."""
        while b"\n" not in self._inbox:
            part = self._wire.recv(4096)
            if not part:
                raise SandboxError("a worker of the sandbox ended")
            self._inbox += part
        line, _, rest = bytes(self._inbox).partition(b"\n")
        self._inbox = bytearray(rest)
        return line.decode("utf-8", "replace")

    def close(self) -> None:
        self._wire.close()


class Workers:
    """Both workers of a sandbox of one tier. scratch: their writable directories, where it needs them."""

    def __init__(self, tier: int, scratch: tuple[str | None, str | None]) -> None:
        ours, theirs = zip(socket.socketpair(), socket.socketpair(), strict=True)
        site, extra = find_numpy()
        settings = {
            "tier": tier,
            "candidates": theirs[0].fileno(),
            "checkers": theirs[1].fileno(),
            "scratch": scratch,
            "site": site,
            "extra": extra,
        }
        try:
            self.process = boot("zygote", settings, [wire.fileno() for wire in theirs])
        finally:
            for wire in theirs:
                wire.close()
        self.candidates, self.checkers = Link(ours[0]), Link(ours[1])
        self._loaded: set[str] = set()
        try:
            for link in (self.candidates, self.checkers):
                if (said := link.line()) != "ready":
                    raise SandboxError(f"the sandbox of tier {tier} did not start: {said}")
        except BaseException:
            self.close()
            raise

    def load(self, names: Sequence[str]) -> None:
        """See to it that both have loaded these modules, which no test is to wait for."""
        missing = [name for name in names if name not in self._loaded]
        if not missing:
            return
        for link in (self.candidates, self.checkers):
            link.load(missing)
        for link in (self.candidates, self.checkers):
            if link.line() != "loaded":
                raise SandboxError("a worker of the sandbox did not load what it was asked for")
        self._loaded.update(missing)

    def close(self) -> None:
        """End them and all they started."""
        self.candidates.close()
        self.checkers.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, 9)
            self.process.kill()
            self.process.wait()

    def abandon(self) -> None:
        """Let go of them in a forked copy of the process that owns them."""
        self.candidates.close()
        self.checkers.close()
        self.process.returncode = 0  # not this process's child: nothing to wait for


def find_numpy() -> tuple[str | None, list[str]]:
    """Where numpy lies, and the directories that belong to it; (None, []) where it is not installed."""
    spec = importlib.util.find_spec("numpy")
    if spec is None or spec.origin is None:
        return None, []
    package = Path(spec.origin).resolve().parent
    site = package.parent
    return str(site), [str(path) for path in (package, site / "numpy.libs") if path.is_dir()]
