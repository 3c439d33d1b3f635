"""Small processes that fork one boxed child per request: the cost of starting Python is paid once.

One process enters the box and imports what programs use; it then forks two workers. The candidates' worker
sees programs only; the checkers' worker sees tests and verdict pipes. So no candidate inherits a test, not
even in freed memory. Single-threaded; they end with their sockets.
Request: a length, JSON with the role's data, and file descriptors. Reply: a line once the child is there,
then, asked with a byte, its wait status and CPU seconds after it and every descendant were killed. A request
with modules to load is answered with a line when they are there, and has no child.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import signal
import socket
import struct
import sys
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

from phi4eval.sandbox import candidate, checker, kernel
from phi4eval.sandbox.codec import send
from phi4eval.sandbox.confine import Box, enter_namespaces
from phi4eval.sandbox.scratch import remove_scratch

# What programs commonly use. Whatever else is loaded when a program imports it: each megabyte and each shared
# library that is loaded here makes every fork slower (asyncio a hundred modules, hashlib OpenSSL).
_PREIMPORTED = (  # noqa: SIM905 - names read better without quotes
    "abc array bisect cmath collections contextlib copy dataclasses datetime decimal enum fractions functools"
    " heapq io itertools json math numbers operator os random re statistics string struct sys textwrap time"
    " types typing unicodedata warnings"
).split()
_LENGTH = struct.Struct(">I")


def start(settings: dict[str, Any]) -> None:
    """Become the workers: settings has tier, candidates and checkers (their sockets' descriptors), scratch
    (their writable places), site (where numpy lies, or None) and extra (its directories)."""
    wires = [socket.socket(fileno=settings[name]) for name in ("candidates", "checkers")]
    # a limit of the caller's on its own CPU time is not for a process that serves many tests
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
    try:
        _go_first()
        if settings["tier"] >= 3:
            enter_namespaces()
            _follow(os.fork(), wires)
        box = Box(settings["tier"], settings["extra"])
        _import(settings["site"])
    except BaseException as error:
        wires[0].sendall(f"failed {type(error).__name__}: {str(error)[:300]}\n".encode())
        return
    gc.collect()
    gc.freeze()
    children = []
    for mine, other, scratch in ((0, 1, settings["scratch"][0]), (1, 0, settings["scratch"][1])):
        child = os.fork()
        if child == 0:
            wires[other].close()
            _serve(wires[mine], box, settings["tier"], scratch)
        children.append(child)
    for wire in wires:
        wire.close()
    while children:
        with contextlib.suppress(ChildProcessError, ValueError):
            children.remove(os.wait()[0])
    for place in settings["scratch"]:
        # the harness does it too, but may have been killed
        if place is not None:
            with contextlib.suppress(OSError):
                remove_scratch(place)
                os.rmdir(os.path.dirname(place))


def _go_first() -> None:
    """Where memory runs out all the same, the kernel is to end a program and not the harness."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def _follow(child: int, wires: list[socket.socket]) -> None:
    """The parent of the first process of the new namespace only waits for it."""
    if child == 0:
        kernel.die_with_parent()
        return
    for wire in wires:
        wire.close()
    os.waitpid(child, 0)
    os._exit(0)


class _NumpyOnly:
    """Finds numpy where it is installed, and nothing else that is installed beside it."""

    def __init__(self, site: str) -> None:
        self._places = [site]

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, self._places) if name == "numpy" else None


def _import(site: str | None) -> None:
    for name in _PREIMPORTED:
        __import__(name)
    if site is not None:
        sys.meta_path.append(_NumpyOnly(site))


def _serve(wire: socket.socket, box: Box, tier: int, scratch: str | None) -> None:
    """Answer requests until the other end of the socket is closed; never returns."""
    try:
        if tier < 3:
            kernel.adopt_orphans()
        kernel.die_with_parent()
        box.claim(scratch)
        wire.sendall(b"ready\n")
        while True:
            request, descriptors = _request(wire)
            if request is None:
                break
            if "load" in request:
                _load(request["load"])
                wire.sendall(b"loaded\n")
                continue
            child = box.fork()
            if child == 0:
                _child(wire, box, request, descriptors)
            for number in descriptors:
                os.close(number)
            wire.sendall(b"forked\n")
            wire.recv(1)
            wire.sendall(_end(child, tier))
    finally:
        os._exit(0)


def _load(names: list[str]) -> None:
    """Modules that are slow to load, once and for all later children."""
    for name in names:
        with contextlib.suppress(ImportError):
            __import__(name)
    gc.collect()
    gc.freeze()


def _request(wire: socket.socket) -> tuple[Any, list[int]]:
    head, descriptors, _, _ = socket.recv_fds(wire, _LENGTH.size, 4)
    if len(head) < _LENGTH.size:
        return None, []
    (length,) = _LENGTH.unpack(head)
    body = bytearray()
    while len(body) < length:
        part = wire.recv(length - len(body))
        if not part:
            return None, []
        body += part
    return json.loads(body), descriptors


def _child(wire: socket.socket, box: Box, request: Any, descriptors: list[int]) -> None:
    """Become a candidate or a checker; never returns."""
    status = 1
    try:
        wire.close()
        peer = socket.socket(fileno=descriptors[0])
        try:
            candidates = request["role"] == "candidate"
            box.shut(request["cpu_seconds"], request["directory"], own_network=candidates)
        except OSError as error:
            send(peer, ["failed", str(error)[:300]])
            return
        sys.setrecursionlimit(1000)
        if request["role"] == "candidate":
            # the first frame is not the program's: the checker knows from it that the box was shut in time
            send(peer, ["boxed"])
            candidate.run_candidate(peer, request["program"], request["entry_point"])
        else:
            checker.run_checker(peer, descriptors[1], request["problem"], request["nonce"])
        status = 0
    finally:
        os._exit(status)


def _end(child: int, tier: int) -> bytes:
    """Kill a child with its process group and every descendant it left; its wait status and CPU seconds."""
    for target in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            target(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    if tier < 3:
        _end_descendants()
    return b"%d %.3f\n" % (status, used.ru_utime + used.ru_stime)


def _end_descendants() -> None:
    """Orphans come to this process (it is their subreaper); kill until there is none."""
    for _ in range(1000):
        children = _children()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG if not children else 0)[0]:
                pass
        except ChildProcessError:
            return


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as listing:
            return [int(pid) for pid in listing.read().split()]
    except OSError:
        return []
