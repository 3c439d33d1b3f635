"""Runs one program against one problem's tests, in boxes, and says what came of it.

Three roles in three processes: this one owns the data and decides nothing by itself; a checker runs the
problem's `check`; a candidate runs the program and has neither tests nor the verdict pipe. A pass is a frame
with a nonce drawn for this test, from a checker that then ended well, within the deadline.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Literal, Self

import msgspec

from phi4eval.sandbox.ladder import choose_tier
from phi4eval.sandbox.process import SandboxError, Workers, cores, crossing
from phi4eval.sandbox.scratch import (
    FILES,
    SPACE,
    free_space,
    is_overfull,
    make_place,
    make_scratch,
    remove_scratch,
)

VERDICT_BYTES = 8192
PROGRAM_CHARACTERS = 4_000_000
"""A longer program is not run: what takes it to the box would hold up everything else."""
REPLACE_AFTER = 500
"""Tests after which the workers are replaced."""
WATCH_SECONDS = 0.05
OVERFULL = b"overfull"
_OVERFULL = f"the program's files grew over {SPACE >> 20} MB or {FILES:,} in number"
IDLE_SHARE = 0.5
"""A program that was given less than this share of its time may have been waiting for a core."""

OutcomeName = Literal[
    "pass", "wrong", "exception", "timeout", "memory", "crashed", "protocol", "sandbox-error"
]
_OUTCOMES = frozenset({"pass", "wrong", "exception", "memory", "crashed", "protocol", "sandbox-error"})
_SLOW_IMPORTS = {"numpy": ("numpy", "np."), "numpy.testing": ("numpy.testing", "np.testing")}
"""Modules that take a tenth of a second to load, and what a text that uses them has in it."""
_KILLED, _CPU_LIMIT = 9, 24


class CodeVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one program. detail: one line. seconds: wall. tier: strength of the box, 0 to 4.

    sandbox-error is never a score: the box itself failed.
    """

    verdict: OutcomeName
    detail: str
    seconds: float
    tier: int


class Sandbox:
    """Runs programs one after the other, in boxes of one tier. Not for several threads at once.

    tier: 0 to 4; None: the best this machine has, at least 2 (MissingError otherwise). It never changes: a
    box that cannot be made at this tier is a sandbox-error, and nothing runs in a weaker one.
    """

    def __init__(self, tier: int | None = None) -> None:
        self.tier = choose_tier("require") if tier is None else tier
        self._workers: Workers | None = None
        self._scratch: str | None = None
        self._served = 0
        self._owner = os.getpid()
        self._late = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers and all they started, and remove what they wrote."""
        workers, self._workers = self._workers, None
        scratch, self._scratch = self._scratch, None
        self._served = 0
        if self._owner != os.getpid():  # a fork of the process that opened it
            self._owner = os.getpid()
            if workers is not None:
                workers.abandon()
            return
        if workers is not None:
            workers.close()
        if scratch is not None and os.path.isdir(scratch):  # the workers remove it as they end
            remove_scratch(scratch)

    def run_check(self, problem: Mapping[str, str], program: str, *, timeout: float = 3.0) -> CodeVerdict:
        """Test a program. problem: prompt, test, entry_point. timeout: seconds of wall for the whole test.

        A box that fails is tried once more with new workers. So is a lone timeout of a program that hardly
        got a core on a loaded machine, and a full scratch place, which others may have filled.
        """
        began = time.monotonic()
        missing = {"prompt", "test", "entry_point"} - problem.keys()
        if missing:
            return self._verdict("sandbox-error", f"the problem has no {', '.join(sorted(missing))}", began)
        if len(program) > PROGRAM_CHARACTERS:
            detail = f"the program has {len(program):,} characters, {PROGRAM_CHARACTERS:,} are the most"
            return self._verdict("exception", detail, began)
        outcome, cpu = self._attempt(problem, program, timeout)
        failed = outcome.verdict == "sandbox-error"
        starved = outcome.verdict == "timeout" and not self._late and cpu < IDLE_SHARE * timeout
        if failed or outcome.detail == _OVERFULL or (starved and _is_loaded()):
            outcome, cpu = self._attempt(problem, program, timeout)
        self._late = outcome.verdict == "timeout"
        return outcome

    def _attempt(self, problem: Mapping[str, str], program: str, timeout: float) -> tuple[CodeVerdict, float]:
        began = time.monotonic()
        try:
            outcome = self._run(problem, program, timeout)
        except (SandboxError, OSError, ValueError) as error:
            self.close()
            outcome = self._verdict("sandbox-error", f"{type(error).__name__}: {error}", began), 0.0
        except BaseException:  # Ctrl-C, a caller's own alarm: the workers wait for what will not come
            self.close()
            raise
        if outcome[0].verdict == "sandbox-error":
            self.close()
        return outcome

    def _run(self, problem: Mapping[str, str], program: str, timeout: float) -> tuple[CodeVerdict, float]:
        workers = self._open()
        texts = f"{problem['test']}\n{program}"
        workers.load([name for name, signs in _SLOW_IMPORTS.items() if any(sign in texts for sign in signs)])
        places = [make_scratch(place) if place else None for place in self._places()]
        nonce, open_here = "", []
        try:
            with crossing:
                reader, writer = os.pipe()
                open_here += [reader, writer]
                ours, theirs = (wire.detach() for wire in socket.socketpair())
                open_here += [ours, theirs]
                began = time.monotonic()
                nonce = _start(workers, problem, program, timeout, places, (ours, theirs, writer))
                for number in (ours, theirs, writer):
                    os.close(number)
                    open_here.remove(number)
            said = _read_verdict(reader, began + timeout, [place for place in places if place])
            seconds = time.monotonic() - began
            ends = self._end(workers)
        finally:
            for number in open_here:
                os.close(number)
            for path in places:
                if path is not None:
                    remove_scratch(path)
        self._served += 1
        return self._judge(said, nonce, ends, seconds, began), ends[0][1] + ends[1][1]

    def _end(self, workers: Workers) -> tuple[tuple[int, float], tuple[int, float]]:
        """Kill both children; wait status and CPU seconds of each."""
        workers.candidates.end()
        if workers.checkers.line() != "forked":
            raise SandboxError("no checker was started")
        workers.checkers.end()
        ends = []
        for link in (workers.candidates, workers.checkers):
            status, cpu = link.line().split()
            ends.append((int(status), float(cpu)))
        return ends[0], ends[1]

    def _open(self) -> Workers:
        if self._served >= REPLACE_AFTER or self._owner != os.getpid():
            self.close()
        if self._workers is None:
            if self.tier < 3:
                self._scratch = make_place()
                for place in self._places():
                    os.mkdir(str(place), 0o700)
            self._workers = Workers(self.tier, self._places())
        return self._workers

    def _places(self) -> tuple[str | None, str | None]:
        """Where candidates and checkers may write, without namespaces; in those each has a tmpfs."""
        if self._scratch is None:
            return None, None
        return f"{self._scratch}/candidates", f"{self._scratch}/checkers"

    def _judge(
        self,
        said: bytes | None,
        nonce: str,
        ends: tuple[tuple[int, float], tuple[int, float]],
        seconds: float,
        began: float,
    ) -> CodeVerdict:
        (status, cpu), (checker_status, _) = ends
        if said is None:
            return self._verdict("timeout", "the time limit was reached", began)
        if said is OVERFULL:
            return self._verdict("memory", _OVERFULL, began)
        try:
            (echo, verdict, detail) = json.loads(said)
        except ValueError:
            return self._verdict(
                "sandbox-error", f"the checker ended without a verdict (status {checker_status})", began
            )
        if echo != nonce or verdict not in _OUTCOMES or (verdict == "pass" and checker_status != 0):
            return self._verdict("sandbox-error", "the checker's verdict is not one", began)
        if verdict == "crashed" and os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number == _CPU_LIMIT or (number == _KILLED and cpu > seconds):
                return self._verdict("timeout", "the CPU time limit was reached", began)
            detail = f"signal {number}; {detail}"
        return self._verdict(verdict, str(detail), began)

    def _verdict(self, verdict: OutcomeName, detail: str, began: float) -> CodeVerdict:
        line = " ".join(detail.split())
        return CodeVerdict(verdict=verdict, detail=line, seconds=time.monotonic() - began, tier=self.tier)


def run_check(problem: Mapping[str, str], program: str, *, timeout: float = 3.0) -> CodeVerdict:
    """Test one program in a sandbox of its own. For many, open a Sandbox: it starts Python only once."""
    with Sandbox() as sandbox:
        return sandbox.run_check(problem, program, timeout=timeout)


def _start(
    workers: Workers,
    problem: Mapping[str, str],
    program: str,
    timeout: float,
    places: Sequence[str | None],
    descriptors: tuple[int, int, int],
) -> str:
    """Start the candidate, then the checker. descriptors: both ends of their wire, the verdict's pipe."""
    common = {"cpu_seconds": int(timeout) + 2}
    asked = {
        "role": "candidate", "program": program, "entry_point": problem["entry_point"],
        "directory": places[0], **common,
    }  # fmt: skip
    workers.candidates.start(asked, [descriptors[0]])
    if workers.candidates.line() != "forked":
        raise SandboxError("no candidate was started")
    nonce = os.urandom(16).hex()  # drawn now: the candidate cannot have inherited it
    plain = {name: problem[name] for name in ("prompt", "test", "entry_point")}
    tested = {"role": "checker", "problem": plain, "nonce": nonce, "directory": places[1], **common}
    workers.checkers.start(tested, descriptors[1:])
    return nonce


def _read_verdict(reader: int, deadline: float, places: list[str]) -> bytes | None:
    """All that the checker said until it ended, b"" for nothing, None at the deadline.

    places: scratch directories that have no size of their own; the program is ended if they grow too large.
    """
    said = bytearray()
    free = free_space(places[0]) if places else (0, 0)
    while len(said) <= VERDICT_BYTES:
        left = max(deadline - time.monotonic(), 0.0)
        ready, _, _ = select.select([reader], [], [], min(left, WATCH_SECONDS) if places else left)
        if not ready:
            if is_overfull(places, free):
                return OVERFULL
            if time.monotonic() < deadline:
                continue
            return None
        part = os.read(reader, VERDICT_BYTES)
        if not part:
            return bytes(said)
        said += part
    return b""


def _is_loaded() -> bool:
    with contextlib.suppress(OSError):
        return os.getloadavg()[0] > 1.5 * cores()
    return False
