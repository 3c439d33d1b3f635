"""What do the pages show? Frozen records, gathered once from runs, published tables and a scan."""

from __future__ import annotations

import msgspec

from phi4eval.comparison.paired import TaskComparison
from phi4eval.comparison.published import PublishedComparison, PublishedScore
from phi4eval.comparison.scores import RunScores, TaskScores
from phi4eval.comparison.settings import SettingDifference
from phi4eval.comparison.words import Unit
from phi4eval.stats.rank import Rank
from phi4eval.types import (
    Exposure,
    Interval,
    Item,
    ItemOverlap,
    Manifest,
    ModelSpec,
    RunContamination,
    ScanFacts,
    Task,
    TaskManifest,
    TaskSummary,
)


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One item of one run: score in 0..1 (None: nothing scored), verdict of each sample, and where they lie.

    places: byte offsets of (prompt, completion) of each sample in the run's files. key: the item's, by which
    runs are aligned. tokens: of each sample's completion, None where unknown.
    """

    key: str
    score: float | None
    verdicts: tuple[str, ...]
    samples: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    tokens: tuple[int | None, ...] = ()


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One run's result on one task. score, protocol: shares of 1, AMC points as shares of 150.

    tokens: median completion tokens of a sample; cut: share of samples cut off at the limit.
    cost: money for 1,000 items, None where nobody knows. clean: score, a share of 1, on the items that a
    scan found nothing for; None where nobody scanned or none is left. exposure: what the scan says.
    """

    run: str
    model: str
    label: str
    manifest: TaskManifest
    summary: TaskSummary
    scores: TaskScores
    score: Interval | None
    protocol: Interval | None
    cells: dict[str, Cell]
    tokens: float | None
    cut: float
    cost: float | None = None
    clean: Interval | None = None
    exposure: Exposure | None = None

    @property
    def task(self) -> str:
        """The task's name."""
        return self.manifest.task.name

    @property
    def unit(self) -> Unit:
        """How its score is printed."""
        return self.summary.unit


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """A run that was read: its manifest, scores, and a hash over its files."""

    slug: str
    path: str
    manifest: Manifest
    scores: RunScores
    digest: str
    measured: dict[str, Measured]
    complete: bool
    joined: RunContamination | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the leaderboard: a model, measured here or published elsewhere.

    measured: by task, of the run that counts. published: by task. source: of the published numbers.
    """

    slug: str
    name: str
    spec: ModelSpec | None
    weights: str | None = None
    backend: str | None = None
    measured: dict[str, Measured] = {}
    published: dict[str, PublishedScore] = {}
    runs: tuple[str, ...] = ()

    @property
    def ours(self) -> bool:
        """Measured here."""
        return not self.published


class ItemPage(msgspec.Struct, frozen=True, kw_only=True):
    """One question. leak: what a scan says of it, None where it was not looked for; scan: which."""

    slug: str
    key: str
    item: Item
    leak: ItemOverlap | None = None
    scan: ScanFacts | None = None


class TaskBoard(msgspec.Struct, frozen=True, kw_only=True):
    """One task: its definition (None where only published scores are known), its items, and who stands where.

    measured: best first, one a model. every: all runs. ranks: by run, of those that share enough
    items, on the items that all of them scored; common: how many these are. differences: settings that
    differ from those of the first. against: our scores against published ones.
    """

    slug: str
    name: str
    title: str
    task: Task | None
    unit: Unit
    items: tuple[ItemPage, ...] = ()
    measured: tuple[Measured, ...] = ()
    every: tuple[Measured, ...] = ()
    ranks: dict[str, Rank] = {}
    common: int = 0
    differences: tuple[SettingDifference, ...] = ()
    against: tuple[PublishedComparison, ...] = ()

    @property
    def hidden(self) -> bool:
        """Its items must not be shown: the authors ask for it."""
        return self.task is not None and self.task.publish == "scores-only"


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two models on their common tasks: what differs beside the scores, then the scores."""

    slug: str
    baseline: Entry
    candidate: Entry
    differences: tuple[SettingDifference, ...]
    tasks: tuple[TaskComparison, ...]
    skipped: dict[str, str] = {}


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the pages are made of."""

    title: str
    entries: tuple[Entry, ...]
    tasks: tuple[TaskBoard, ...]
    runs: tuple[RunPage, ...]
    pairs: tuple[Pair, ...] = ()
    pairs_left_out: int = 0
    baselines: tuple[str, ...]
    scans: tuple[ScanFacts, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
