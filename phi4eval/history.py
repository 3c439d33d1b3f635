"""What did each checkpoint of a training run score, and what did the gate say? An append-only list.

history.jsonl  Opened, Judged or Ran, one a line; what was appended survives kill -9, a torn line is cut off
lock           held by the one process that appends
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from phi4eval.errors import StoreError
from phi4eval.lines import LineWriter, read_lines
from phi4eval.stats.difference import Difference
from phi4eval.types import SCHEMA, Interval

FILE = "history.jsonl"

Standing: TypeAlias = Literal["first", "pass", "fail", "inconclusive", "invalid", "incomplete", "error"]
"""`first`: there was nothing to gate it against. `error`: it could not be evaluated. Others are a gate's."""

GOOD: tuple[Standing, ...] = ("first", "pass")
"""What may be the baseline of later checkpoints. An undecided one may not: small drops would add up."""


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """The directory of checkpoints that a history is about; its first line."""

    schema: int = SCHEMA
    checkpoints: str


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint's score on one task, a share of 1 or AMC points of 150 (unit says which).

    delta: to the baseline, on the items that both scored, always in shares of 1; None without a baseline.
    """

    task: str
    unit: Literal["share", "points"]
    score: Interval
    delta: Difference | None = None


class Judged(msgspec.Struct, frozen=True, kw_only=True, tag="judged"):
    """One checkpoint with its scores and the gate's word on it.

    checkpoint: its directory's name. step: training step, None where neither name nor trainer state says it.
    state: hash of the names, sizes and times of its files: the same directory with other content is another
    checkpoint. at: when it was judged, ISO 8601 in UTC. run, baseline_run: paths of run directories.
    baseline: the checkpoint or published table it was gated against. exit_code: what `phi4eval gate` would
    have ended with. report: file with the whole verdict, relative to the history. due: occasions on which a
    command was to be run.
    """

    checkpoint: str
    step: int | None
    state: str
    at: str
    standing: Standing
    exit_code: int
    headline: str
    run_id: str | None = None
    run: str | None = None
    weights: str | None = None
    baseline: str | None = None
    baseline_run: str | None = None
    points: tuple[Point, ...] = ()
    report: str | None = None
    due: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether later checkpoints may be gated against it."""
        return self.standing in GOOD


class Ran(msgspec.Struct, frozen=True, kw_only=True, tag="ran"):
    """A command that was run on a verdict. code: its exit code, None where it did not end by itself."""

    checkpoint: str
    state: str
    on: str
    code: int | None
    problem: str | None = None
    at: str


Line: TypeAlias = Opened | Judged | Ran


class History:
    """A history read back: every line in the order written."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._lines = list(_read(self.folder / FILE))

    @property
    def checkpoints(self) -> str | None:
        """The directory that is watched; None for a history that has not begun."""
        return next((line.checkpoints for line in self._lines if isinstance(line, Opened)), None)

    @property
    def judged(self) -> tuple[Judged, ...]:
        """Every verdict, in the order given."""
        return tuple(line for line in self._lines if isinstance(line, Judged))

    @property
    def ran(self) -> tuple[Ran, ...]:
        """Every command that was run to its end."""
        return tuple(line for line in self._lines if isinstance(line, Ran))

    def current(self) -> tuple[Judged, ...]:
        """The last verdict on each checkpoint, in training order: by step, those without a step last."""
        latest = {line.checkpoint: line for line in self.judged}
        place = {line.checkpoint: number for number, line in enumerate(self.judged)}
        return tuple(sorted(latest.values(), key=lambda line: (*order(line.step), place[line.checkpoint])))


def order(step: int | None) -> tuple[bool, int]:
    """Sort key of a training step; a final checkpoint carries none and comes last."""
    return (step is None, step or 0)


class HistoryWriter(History):
    """Exclusive write access to a history, from its beginning or where an earlier process stopped.

    Raises StoreError where another process holds it, it is damaged, or it is about other checkpoints.
    """

    def __init__(self, folder: str | Path, checkpoints: str) -> None:
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(
                f"cannot write in {folder}: {error.strerror}", "choose another place with --out DIR"
            ) from error
        try:
            _hold(self._lock, folder)
            self._writer = LineWriter(folder / FILE)
            super().__init__(folder)
            self._begin(checkpoints)
        except BaseException:
            os.close(self._lock)
            raise

    def _begin(self, checkpoints: str) -> None:
        if self.checkpoints is None:
            self.add(Opened(checkpoints=checkpoints))
        elif self.checkpoints != checkpoints:
            raise StoreError(
                f"{self.folder} is the history of {self.checkpoints}, not of {checkpoints}",
                "choose another place with --out DIR",
            )

    def add(self, line: Line) -> None:
        """Append a line; on disk (in the kernel) when this returns."""
        self._writer.append(msgspec.json.encode(line, order="deterministic"))
        self._lines.append(line)

    def close(self) -> None:
        """Flush and give the lock back; safe to call twice."""
        if self._lock >= 0:
            lock, self._lock = self._lock, -1
            try:
                self._writer.close()
            finally:
                os.close(lock)

    def __enter__(self) -> HistoryWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _hold(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise StoreError(
            f"another process writes the history {folder}", "one watch a directory: stop the other one"
        ) from error


def _read(path: Path) -> Iterator[Line]:
    decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
    for number, (_, text) in enumerate(read_lines(path), start=1):
        try:
            line = decoder.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StoreError(
                f"{path}:{number}: damaged line: {error}", "take the line out; its checkpoint is judged again"
            ) from error
        if isinstance(line, Opened) and line.schema > SCHEMA:
            raise StoreError(
                f"{path} was written by a newer phi4eval (schema {line.schema})",
                "upgrade phi4eval to read it",
            )
        yield line
