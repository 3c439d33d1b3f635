"""How do two models compare? Every pair of measured models on the tasks that both ran, item by item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import msgspec

from phi4eval.comparison.build import joined_scans
from phi4eval.comparison.paired import TaskComparison, compare_task
from phi4eval.comparison.settings import SettingDifference, setting_differences
from phi4eval.site.records import Entry, Pair, RunPage
from phi4eval.stats.multiple import holm

MOST = 300
"""Pairs that get a page; of more, those whose scores lie nearest."""
ALPHA = 0.05


def make_pairs(entries: Sequence[Entry], pages: Sequence[RunPage]) -> tuple[tuple[Pair, ...], int]:
    """All pairs with a scored item in common, by name, and how many were left out."""
    by_slug = {page.slug: page for page in pages}
    candidates = [
        (a, b)
        for a, b in combinations((entry for entry in entries if entry.ours), 2)
        if a.measured.keys() & b.measured.keys()
    ]
    chosen = sorted(candidates, key=_gap)[:MOST]
    made = (_pair(a, b, by_slug) for a, b in sorted(chosen, key=lambda pair: (pair[0].name, pair[1].name)))
    return tuple(pair for pair in made if pair is not None), len(candidates) - len(chosen)


def _gap(pair: tuple[Entry, Entry]) -> float:
    """The largest difference of two models on a common task."""
    a, b = pair
    return max(
        abs(x.mean - y.mean)
        for task in a.measured.keys() & b.measured.keys()
        if (x := a.measured[task].score) is not None and (y := b.measured[task].score) is not None
    )


def _pair(a: Entry, b: Entry, pages: dict[str, RunPage]) -> Pair | None:
    compared: list[TaskComparison] = []
    skipped: dict[str, str] = {}
    for task in a.measured:
        if task not in b.measured:
            continue
        before, after = a.measured[task], b.measured[task]
        scans = joined_scans(None, pages[before.run].scores, pages[after.run].scores)
        found = compare_task(before.scores, after.scores, alpha=ALPHA, scans=scans)
        if found is None:
            skipped[task] = "no item that both scored"
        else:
            compared.append(found)
    if not compared:
        return None
    adjusted = holm([task.delta.p_value for task in compared])
    return Pair(
        slug=f"{a.slug}--{b.slug}",
        baseline=a,
        candidate=b,
        differences=tuple(_differences(a, b, [task.task for task in compared], pages)),
        tasks=tuple(
            msgspec.structs.replace(task, p_holm=p) for task, p in zip(compared, adjusted, strict=True)
        ),
        skipped=skipped,
    )


def _differences(
    a: Entry, b: Entry, tasks: Sequence[str], pages: dict[str, RunPage]
) -> Iterator[SettingDifference]:
    """Of the runs that the pair's scores come from; which tasks a run has besides does not matter here."""
    seen: set[str] = set()
    for task in tasks:
        before, after = pages[a.measured[task].run].scores, pages[b.measured[task].run].scores
        for found in setting_differences(before, after):
            if found.setting == "tasks" or found.task not in (None, task) or found.sentence() in seen:
                continue
            seen.add(found.sentence())
            yield found
