"""How do two runs compare on one task? The items that both scored, paired by what they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from statistics import NormalDist
from typing import Literal

import msgspec

from phi4eval.comparison.scores import ItemScore, TaskScores
from phi4eval.leaks import ScanVerdicts, not_clean
from phi4eval.stats.difference import Difference
from phi4eval.stats.intervals import share
from phi4eval.stats.paired import paired_difference
from phi4eval.stats.power import mcnemar_power, paired_detectable
from phi4eval.types import Interval

POWER_AT = 0.05
"""The difference (share of 1) whose chance of being found is told beside every comparison."""


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """An item on which two runs disagree; scores in 0..1."""

    item: str
    baseline: float
    candidate: float


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Items by right or wrong in both runs; only where each item has one answer that is right or wrong."""

    both: int
    lost: int
    gained: int
    neither: int


class CleanComparison(msgspec.Struct, frozen=True, kw_only=True):
    """The same two runs on the common items of which no contamination scan found a leak.

    left_out: common items that a scan found, or that no scan looked for: these are not known to be clean.
    scans: where the verdicts were read from. delta's p-value is of this comparison alone, not adjusted.
    """

    items: int
    left_out: int
    baseline: Interval
    candidate: Interval
    delta: Difference
    scans: tuple[str, ...]


class TaskComparison(msgspec.Struct, frozen=True, kw_only=True):
    """candidate - baseline on the items that both runs scored. All scores are shares of 1.

    unit: how to print them (AMC points are shares of 150). p_holm: adjusted over all tasks and pairs of the
    comparison. detectable: smallest true difference that such a comparison finds 80 times of 100, with the
    disagreement seen; power_at_5: its chance to find a true difference of 5 points of 100. lost, gained:
    items that got worse and better, the largest moves first. clean: the same on the items that a
    contamination scan found nothing for; None without a scan of the task, or where none is left.
    problems: why a side's score does not stand yet.
    """

    task: str
    title: str
    unit: Literal["share", "points"]
    items: int
    only_baseline: int
    only_candidate: int
    repeats: tuple[int, int]
    baseline: Interval
    candidate: Interval
    delta: Difference
    p_holm: float
    detectable: float | None
    power_at_5: float
    table: Table | None
    lost: tuple[Flip, ...]
    gained: tuple[Flip, ...]
    clean: CleanComparison | None = None
    problems: tuple[str, ...] = ()
    sample: bool = False

    @property
    def told_apart(self) -> bool:
        """Whether the difference counts after all tests of the comparison."""
        return self.p_holm <= self.delta.alpha


class Aligned(msgspec.Struct, frozen=True, kw_only=True):
    """The items that both runs scored, in the baseline's order."""

    before: tuple[ItemScore, ...]
    after: tuple[ItemScore, ...]
    only_before: int
    only_after: int

    @property
    def differences(self) -> list[float]:
        """candidate - baseline, one an item."""
        return [_score(b) - _score(a) for a, b in zip(self.before, self.after, strict=True)]

    @property
    def clusters(self) -> list[str] | None:
        """The declared cluster of each item (its id where it has none); None where no item has one."""
        if all(item.cluster is None for item in self.before):
            return None
        return [item.cluster or item.id for item in self.before]


def align(before: TaskScores, after: TaskScores, *, without: Collection[str] = ()) -> Aligned:
    """Match the items of two runs by their content; item ids in `without` are left out."""
    ours = {key: item for key, item in before.items.items() if item.score is not None}
    theirs = {key: item for key, item in after.items.items() if item.score is not None}
    dropped = set(without)
    common = [key for key in ours if key in theirs and not {ours[key].id, theirs[key].id} & dropped]
    return Aligned(
        before=tuple(ours[key] for key in common),
        after=tuple(theirs[key] for key in common),
        only_before=sum(key not in theirs for key in ours),
        only_after=sum(key not in ours for key in theirs),
    )


def compare_task(
    before: TaskScores,
    after: TaskScores,
    *,
    alpha: float = 0.05,
    without: Collection[str] = (),
    scans: Sequence[ScanVerdicts] = (),
) -> TaskComparison | None:
    """The comparison of one task, p_holm still unadjusted; None where no item is common.

    without: ids of items in quarantine. scans: what is known of the items' contamination.
    """
    pairs = align(before, after, without=without)
    if not pairs.before:
        return None
    delta = paired_difference(pairs.differences, pairs.clusters, alpha=alpha)
    flips = [
        Flip(item=a.id, baseline=_score(a), candidate=_score(b))
        for a, b in zip(pairs.before, pairs.after, strict=True)
        if _score(a) != _score(b)
    ]
    # the largest moves first; the data's order among equals
    lost = sorted((flip for flip in flips if flip.candidate < flip.baseline), key=_move)
    gained = sorted((flip for flip in flips if flip.candidate > flip.baseline), key=_move, reverse=True)
    table = _table(pairs)
    detectable, power = reach(delta, table)
    return TaskComparison(
        task=before.name,
        title=before.manifest.task.title,
        unit=before.summary.unit,
        items=len(pairs.before),
        only_baseline=pairs.only_before,
        only_candidate=pairs.only_after,
        repeats=(before.manifest.repeats, after.manifest.repeats),
        baseline=_interval(pairs.before, pairs.clusters, alpha=alpha),
        candidate=_interval(pairs.after, pairs.clusters, alpha=alpha),
        delta=delta,
        p_holm=delta.p_value,
        detectable=detectable,
        power_at_5=power,
        table=table,
        lost=tuple(lost),
        gained=tuple(gained),
        clean=_clean(before, after, without, scans, alpha),
        problems=tuple(
            f"{side}: {scores.summary.problem}"
            for side, scores in (("baseline", before), ("candidate", after))
            if scores.summary.problem
        ),
        sample=before.manifest.task.sample,
    )


def _clean(
    before: TaskScores,
    after: TaskScores,
    without: Collection[str],
    scans: Sequence[ScanVerdicts],
    alpha: float,
) -> CleanComparison | None:
    ids = [item.id for item in before.items.values()]
    looked = [(scan, found) for scan in scans if (found := not_clean(scan, before.name, ids)) is not None]
    common = len(align(before, after, without=without).before)
    # clean is what every scan calls clean: the two models may have been trained on two corpora
    pairs = align(before, after, without={*without, *(id_ for _, found in looked for id_ in found)})
    if not looked or not pairs.before:
        return None
    return CleanComparison(
        items=len(pairs.before),
        left_out=common - len(pairs.before),
        baseline=_interval(pairs.before, pairs.clusters, alpha=alpha),
        candidate=_interval(pairs.after, pairs.clusters, alpha=alpha),
        delta=paired_difference(pairs.differences, pairs.clusters, alpha=alpha),
        scans=tuple(scan.path for scan, _ in looked),
    )


def _move(flip: Flip) -> float:
    return flip.candidate - flip.baseline


def _score(item: ItemScore) -> float:
    assert item.score is not None  # aligned items are scored in both runs
    return item.score


def _interval(items: Sequence[ItemScore], clusters: list[str] | None, *, alpha: float) -> Interval:
    names: Sequence[str | int] = range(len(items)) if clusters is None else clusters
    mean, low, high, units, method = share([_score(item) for item in items], names, level=1 - alpha)
    return Interval(mean=mean, low=low, high=high, n=units, method=method)


def _table(pairs: Aligned) -> Table | None:
    rows = [(_score(a), _score(b)) for a, b in zip(pairs.before, pairs.after, strict=True)]
    one_answer = all(item.samples == 1 for item in (*pairs.before, *pairs.after))
    if not one_answer or any(value not in (0.0, 1.0) for row in rows for value in row):
        return None
    count: Callable[[tuple[float, float]], int] = rows.count
    return Table(
        both=count((1.0, 1.0)), lost=count((1.0, 0.0)), gained=count((0.0, 1.0)), neither=count((0.0, 0.0))
    )


def standard_error(delta: Difference) -> float:
    """The standard error that the width of a difference's interval stands for."""
    z = NormalDist().inv_cdf(1 - delta.alpha / 2)
    return (delta.interval[1] - delta.interval[0]) / (2 * z)


def reach(delta: Difference, table: Table | None) -> tuple[float | None, float]:
    """(smallest difference found 80 times of 100 or None, chance to find 5 points) of such a comparison.

    With one right-or-wrong answer an item, from the share of items on which the runs disagree (Connor 1987;
    exact McNemar power); otherwise from the standard error of the difference. Not the power to find the
    difference that was seen, which would say no more than its p-value.
    """
    normal = NormalDist()
    error, z = standard_error(delta), normal.inv_cdf(1 - delta.alpha / 2)
    needed = (z + normal.inv_cdf(0.8)) * error
    detectable = needed if needed < 1 else None
    if table is None or delta.units != delta.n or table.lost + table.gained == 0:
        return detectable, normal.cdf(POWER_AT / error - z) if error else 1.0
    discordance = (table.lost + table.gained) / delta.n
    churn = max(discordance, POWER_AT)
    power = mcnemar_power(delta.n, (churn + POWER_AT) / 2, (churn - POWER_AT) / 2, alpha=delta.alpha)
    # None: not even if all disagreement were one way; a larger drop would bring disagreement of its own
    return paired_detectable(delta.n, discordance, alpha=delta.alpha) or detectable, power
