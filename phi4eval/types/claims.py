"""What a ledger says of each claim of a published report."""

from __future__ import annotations

from typing import Literal

import msgspec

from phi4eval.types.figures import SCHEMA, Interval

ClaimVerdict = Literal["supported", "contradicted", "undecided", "not measured"]
"""What our own records say of a claim. `undecided`: measured, and too little to tell."""

CLAIM_VERDICTS: tuple[ClaimVerdict, ...] = ("supported", "contradicted", "undecided", "not measured")


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that differs from the published set-up.

    effect: the most that it can move the score by, in points of the task's scale; None where the records
    cannot say. text: what differs, with the numbers.
    """

    what: Literal[
        "model",
        "truncation",
        "extraction",
        "protocol",
        "errors",
        "template",
        "prompt",
        "sampling",
        "judge",
        "items",
        "repeats",
        "precision",
    ]
    effect: float | None
    text: str  # fmt: skip


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison behind a verdict. All numbers are shares of 1.

    against: what stands on the other side, in words. published: its published score, None where the other
    side is a run. delta, low, high: ours minus theirs with its 95 % interval. margin: by how much two labs
    may differ; the interval must clear it. method: how it was made.
    """

    task: str
    against: str
    published: float | None
    delta: float
    low: float
    high: float
    p: float
    n: int
    margin: float
    verdict: ClaimVerdict
    method: str


class ClaimRow(msgspec.Struct, frozen=True, kw_only=True):
    """One claim with what was published and what was measured.

    origin: `report`, the project's source `article`, or this `project`. mark: checked or unverified.
    published: in words; noise: what the published numbers themselves can tell. contradictions: where the
    report says otherwise. measured: by `grading` (the protocol's own grader where the task has one), a share
    of 1. expected: the range (shares) in which a reproduction of the published number falls; outside: whether
    ours does not. gap: protocol's score minus ours, shares. contamination: what scans and dates say.
    causes: what differs from the published set-up, largest possible effect first, where ours is outside.
    """

    id: str
    text: str
    origin: Literal["report", "article", "project"]
    source: str
    mark: str
    published: str
    noise: str | None = None
    contradictions: tuple[str, ...] = ()
    verdict: ClaimVerdict
    reason: str
    unit: Literal["share", "points"] = "share"
    measured: Interval | None = None
    grading: Literal["main", "protocol"] | None = None
    items: int = 0
    runs: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    expected: tuple[float, float] | None = None
    outside: bool | None = None
    gap: float | None = None
    gap_items: tuple[str, ...] = ()
    contamination: str | None = None
    causes: tuple[Cause, ...] = ()


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """Every claim of a report, held against runs.

    subject: the model that the claims are about; stands_for_it: the model whose runs were taken as its own.
    noise: the published between-lab noise in points, and why. runs: label and path of every run that was
    used.
    missing: tasks that could not be run, with the reason. counts: claims by verdict.
    """

    schema: int = SCHEMA
    title: str
    source: str
    subject: str
    stands_for_it: str
    noise: tuple[float, str]
    rows: tuple[ClaimRow, ...]
    counts: dict[str, int]
    runs: dict[str, str] = {}
    missing: dict[str, str] = {}
