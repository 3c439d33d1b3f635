"""Where do two graders disagree on a run? Confusion counts, and every sample they differ on."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from phi4eval.errors import MissingError, NothingMatchedError, UsageError, did_you_mean
from phi4eval.graders import list_graders
from phi4eval.graders.peers import PEERS
from phi4eval.graders.pool import GradeJob, GradePool
from phi4eval.sandbox import open_runner
from phi4eval.store import Run, SampleKey
from phi4eval.types import Grade, GraderSpec, Record

WALL_SECONDS = 60.0
"""A peer may import its libraries on its first job."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One sample that one grader takes for right and the other does not."""

    task: str
    item: str
    sample: int
    gold: str
    ours: Grade
    theirs: Grade


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """Two graders on the same samples. both: right by both; only_ours, only_theirs; neither."""

    ours: str
    theirs: str
    samples: int
    both: int
    only_ours: int
    only_theirs: int
    neither: int
    differences: tuple[Difference, ...]


def compare_graders(run: Run, name: str, *, on_count: Callable[[int], None] | None = None) -> Agreement:
    """Grade every stored sample that has a grade also by another grader, and compare.

    name: `protocol` (the run's stored protocol grades), one of PEERS, or one of list_graders(). Raises
    UsageError for another name, NothingMatchedError where no sample has both, MissingError where the peer's
    package is not installed. Writes nothing.
    """
    records = [record for record in run.records() if record.grade is not None]
    if name == "protocol":
        pairs = [(record, record.protocol_grade) for record in records]
    else:
        pairs = _graded(records, _spec(name), on_count)
    rows = [(record, record.grade, theirs) for record, theirs in pairs if record.grade and theirs]
    if not rows:
        raise NothingMatchedError(
            f"no sample of {run.path} has grades of both graders", "phi4eval grade RUN grades what is there"
        )
    return _agreement(name, rows)


def _spec(name: str) -> GraderSpec:
    if name in PEERS:
        return GraderSpec(name="peers", options={"peer": name})
    known = ("protocol", *PEERS, *(each for each in list_graders() if each != "peers"))
    if name not in known:
        raise UsageError(
            f'grader "{name}" not found', did_you_mean(name, known, f"there are: {', '.join(known)}")
        )
    return GraderSpec(name=name)


def _graded(
    records: list[Record], spec: GraderSpec, on_count: Callable[[int], None] | None
) -> list[tuple[Record, Grade | None]]:
    grades: dict[SampleKey, Grade] = {}
    with GradePool(wall_seconds=WALL_SECONDS, memory_mb=4096, open_runner=open_runner) as pool:
        for record in records:
            done = record.completion
            pool.submit(
                GradeJob(
                    task=done.task,
                    item=done.item,
                    sample=done.sample,
                    role="main",
                    completion=done,
                    key=record.key,
                    spec=spec,
                )
            )
        for graded in pool.drain():
            grades[SampleKey(graded.task, graded.item, graded.sample)] = graded.grade
            if on_count is not None:
                on_count(len(grades))
    missing = [grade for grade in grades.values() if grade.rule == "exception/MissingError"]
    if missing:
        why = missing[0].explanation.partition("MissingError: ")[2]
        raise MissingError(why, "docs/grading.md says how to give it what it needs; or take another grader")
    return [
        (
            record,
            grades.get(SampleKey(record.completion.task, record.completion.item, record.completion.sample)),
        )
        for record in records
    ]


def _agreement(name: str, rows: list[tuple[Record, Grade, Grade]]) -> Agreement:
    right = [(ours.verdict == "correct", theirs.verdict == "correct") for _, ours, theirs in rows]
    return Agreement(
        ours=", ".join(sorted({ours.grader for _, ours, _ in rows})),
        theirs=name if name in PEERS else ", ".join(sorted({theirs.grader for _, _, theirs in rows})),
        samples=len(rows),
        both=right.count((True, True)),
        only_ours=right.count((True, False)),
        only_theirs=right.count((False, True)),
        neither=right.count((False, False)),
        differences=tuple(
            Difference(
                task=record.completion.task,
                item=record.completion.item,
                sample=record.completion.sample,
                gold=record.key.gold,
                ours=ours,
                theirs=theirs,
            )
            for record, ours, theirs in rows
            if (ours.verdict == "correct") != (theirs.verdict == "correct")
        ),
    )
