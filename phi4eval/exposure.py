"""What is a task's score without the items that stand in a training corpus, and what do the dates say?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import hypot
from typing import Any, Protocol, TypeVar

from phi4eval.stats.groups import permutation_p
from phi4eval.types import (
    CLEAN,
    LEAKS,
    OVERLAPS,
    DateEvidence,
    Exposure,
    Interval,
    Item,
    ItemOverlap,
    ModelSpec,
    RunContamination,
    ScanFacts,
    SweepPoint,
    Task,
)

LEAST = 30
"""Independent units a side below which no difference of scores is given."""

THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Scores (shares of an item's information that a document holds) at which a sweep splits the items."""

SCORED = (*LEAKS, "weak")
"""Verdicts whose score says how much of the item is there."""


class Scored(Protocol):
    """A scored sample of an item."""

    @property
    def item(self) -> Item: ...


Row = TypeVar("Row", bound=Scored)


def exposure(
    joined: RunContamination,
    task: str,
    items: Iterable[str],
    rows: Sequence[Row],
    *,
    score: Callable[[Sequence[Row]], Interval | None],
    value: Callable[[Row], float],
) -> Exposure:
    """A task's scores by a joined scan. items: ids of all its items; rows: its scored samples.

    score: the task's score of some samples; value: what one sample counts in the same unit.
    """
    known = joined.of(task)
    verdicts = Counter(known[item].verdict if item in known else "unknown" for item in dict.fromkeys(items))
    leaked, clean = (_rows_of(rows, known, kinds) for kinds in (LEAKS, CLEAN))
    high, low = score(leaked), score(clean)
    difference, p, refused = _difference(leaked, clean, high, low, value)
    return Exposure(
        scan=joined.scan,
        verdicts={verdict: verdicts[verdict] for verdict in OVERLAPS},
        clean=low,
        leaked=high,
        clean_items=len({row.item.id for row in clean}),
        leaked_items=len({row.item.id for row in leaked}),
        difference=difference,
        p=p,
        refused=refused,
        meaning=meaning(joined.scan, verdicts),
    )


def sweep(
    joined: RunContamination,
    task: str,
    rows: Sequence[Row],
    *,
    score: Callable[[Sequence[Row]], Interval | None],
    value: Callable[[Row], float],
) -> tuple[SweepPoint, ...]:
    """The split at every threshold of THRESHOLDS; the arguments are those of `exposure`."""
    known = {
        item: row.score if row.verdict in SCORED else 0.0
        for item, row in joined.of(task).items()
        if row.verdict in (*LEAKS, *CLEAN)
    }
    points = []
    for threshold in THRESHOLDS:
        leaked = [row for row in rows if known.get(row.item.id, -1.0) >= threshold]
        clean = [row for row in rows if 0.0 <= known.get(row.item.id, -1.0) < threshold]
        high, low = score(leaked), score(clean)
        points.append(
            SweepPoint(
                threshold=threshold,
                clean=low,
                leaked=high,
                clean_items=len({row.item.id for row in clean}),
                leaked_items=len({row.item.id for row in leaked}),
                p=_difference(leaked, clean, high, low, value)[1],
            )
        )
    return tuple(points)


def meaning(scan: ScanFacts, verdicts: Mapping[str, int]) -> str:
    """What a scan found of a task, in words that claim no more than was read."""
    found = sum(verdicts.get(verdict, 0) for verdict in LEAKS)
    looked = found + sum(verdicts.get(verdict, 0) for verdict in CLEAN)
    share = f"{scan.bytes_read:,} of {scan.bytes_total:,} bytes of files"
    where = f"{scan.text_bytes:,} bytes of text ({share}) under rule {scan.rule}"
    if not looked:
        return f"no item could be looked for in {where}"
    if not found:
        return f"no overlap found for {looked:,} {'item' if looked == 1 else 'items'} in {where}"
    return f"overlap found for {found:,} of {looked:,} items in {where}"


def _rows_of(rows: Sequence[Row], known: Mapping[str, ItemOverlap], kinds: Sequence[str]) -> list[Row]:
    return [row for row in rows if row.item.id in known and known[row.item.id].verdict in kinds]


def _difference(
    leaked: Sequence[Row],
    clean: Sequence[Row],
    high: Interval | None,
    low: Interval | None,
    value: Callable[[Row], float],
) -> tuple[Interval | None, float | None, str | None]:
    first, second = _unit_means(leaked, value), _unit_means(clean, value)
    if high is None or low is None or min(len(first), len(second)) < LEAST:
        sides = f"{len(first):,} leaked and {len(second):,} clean"
        return None, None, f"no difference is given below {LEAST} independent items a side ({sides})"
    gap = high.mean - low.mean
    # the two sides share no item, so their intervals add up as squares (Newcombe 1998, Zou and Donner 2008)
    difference = Interval(
        mean=gap,
        low=gap - hypot(high.mean - high.low, low.high - low.mean),
        high=gap + hypot(high.high - high.mean, low.mean - low.low),
        n=len(first) + len(second),
        method=f"leaked minus clean, {high.method} and {low.method} combined; permutation p",
    )
    return difference, permutation_p(first, second), None


def _unit_means(rows: Sequence[Row], value: Callable[[Row], float]) -> list[float]:
    """The mean of each independent unit: an item, or a declared cluster of items."""
    units: dict[str, list[float]] = {}
    for row in rows:
        units.setdefault(row.item.cluster or row.item.id, []).append(value(row))
    return [sum(values) / len(values) for values in units.values()]


def date_counts(task: Task, items: Iterable[Item], model: ModelSpec) -> dict[str, int]:
    """Items by what their dates say; an item's own column `published` goes before the task's date."""
    found = Counter(
        date_evidence(_published(item.row) or task.published, model)
        for item in {item.id: item for item in items}.values()
    )
    return dict(sorted(found.items()))


def date_evidence(published: str | None, model: ModelSpec) -> DateEvidence:
    """Could a model's training data hold what was published then?

    published: ISO date, or its beginning (`2024`, `2024-11`), which then stands for its first day, so that
    "after" is said only where it is sure. An unknown cutoff leaves the release as the only bound.
    """
    if published is None:
        return "unknown"
    first_day = (published + "-01-01"[len(published) - 4 :]) if len(published) in (4, 7) else published
    if model.cutoff is not None:
        return "published after cutoff" if first_day > model.cutoff else "possible by date"
    if model.release is not None:
        return "published after release" if first_day > model.release else "possible by date"
    return "unknown"


def _published(row: Mapping[str, Any]) -> str | None:
    value = row.get("published")
    return str(value) if value and _is_date(str(value)) else None


def _is_date(text: str) -> bool:
    parts = text.split("-")
    shape = [4, 2, 2][: len(parts)]
    return len(parts) <= 3 and [len(part) for part in parts] == shape and all(map(str.isdigit, parts))
