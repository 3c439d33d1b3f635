"""How do numbers and statements read on a page? Words made from the statistics, no more than they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from phi4eval.comparison import words
from phi4eval.comparison.paired import TaskComparison
from phi4eval.comparison.words import Unit
from phi4eval.site.records import Entry, Measured, Pair, TaskBoard
from phi4eval.stats.rank import Rank
from phi4eval.types import CLEAN, LEAKS, Exposure, Interval, ScanFacts

SAFE_TIER = 2
"""Below this sandbox tier what a program does is not fully contained."""

VERDICT_WORDS = {
    "correct": "right",
    "incorrect": "wrong",
    "no_answer": "no answer",
    "blank": "left blank",
    "truncated": "cut off",
    "refused": "refused",
    "ungradable": "ungradable",
    "error": "failed",
    "ungraded": "not graded",
}


def score(interval: Interval, unit: Unit) -> str:
    """`56.1`, `91.8`: the mean with the digits that its interval supports, without a unit."""
    decimals = max(1, words.digits(interval.low, interval.high, unit))
    return words.number(words.scale(unit) * interval.mean, decimals)


def span(interval: Interval, unit: Unit) -> str:
    """`52.0 to 60.2`: the interval."""
    decimals = max(1, words.digits(interval.low, interval.high, unit))
    low, high = (words.number(words.scale(unit) * x, decimals) for x in (interval.low, interval.high))
    return f"{low} to {high}"


def full(interval: Interval, unit: Unit) -> str:
    """`56.1 % [52.0, 60.2]`, `91.8 of 150 [87.6, 96.0]`."""
    return f"{words.score(interval, unit)} [{span(interval, unit).replace(' to ', ', ')}]"


def gap(ours: Interval, protocol: Interval, unit: Unit) -> str:
    """The protocol's score minus ours, in points."""
    decimals = max(1, words.digits(ours.low, ours.high, unit))
    return words.number(words.scale(unit) * (protocol.mean - ours.mean), decimals, sign="+")


def unit_name(unit: Unit) -> str:
    """What a score is counted in."""
    return "%" if unit == "share" else "points of 150"


def rank(found: Rank | None) -> str:
    """`1`, `2–4`, or nothing where a model is not ranked."""
    if found is None:
        return ""
    return str(found.best) if found.best == found.worst else f"{found.best}–{found.worst}"


def tier(extra: Mapping[str, float]) -> str:
    """How strong the box was that a run's programs ran in; nothing for tasks that run none."""
    low = extra.get("sandbox_tier")
    if low is None:
        return ""
    high = extra.get("highest_sandbox_tier", low)
    weak = ", a weak box" if low < SAFE_TIER else ""
    tiers = f"tier {low:g}" if high == low else f"tiers {low:g} to {high:g}"
    return f"sandbox {tiers} of 4{weak}"


def percent(share: float, decimals: int = 1) -> str:
    """A share of 1 as percent."""
    return f"{100 * share:.{decimals}f} %"


def size(number: int) -> str:
    """`1,234 bytes`, `5.2 MB`."""
    for name, unit in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if number >= unit:
            return f"{number / unit:.1f} {name}"
    return f"{number:,} bytes"


def tokens(number: float | None) -> str:
    """A median of tokens."""
    return "unknown" if number is None else f"{number:,.0f}"


def cost(number: float | None) -> str:
    """Money for 1,000 items."""
    return "unknown" if number is None else f"${number:,.2f}"


def names(labels: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"


def standing(board: TaskBoard) -> str:
    """What the ranks say of a task, in a sentence; "" where there is nothing to compare."""
    ranked = [m for m in board.measured if m.run in board.ranks]
    if len(ranked) < 2:
        return ""
    found, items = board.ranks, f" on {board.common:,} common items"
    leaders = [m for m in ranked if found[m.run].best == 1]
    if len(leaders) == len(ranked):
        if len(ranked) == 2:
            return f"{names([m.model for m in ranked])} cannot be told apart{items}."
        return f"None of the {len(ranked)} models leads for sure{items}."
    if len(leaders) == 1:
        text = f"{leaders[0].model} leads{items}"
        second = [m for m in ranked if found[m.run].best == 2]
        if len(second) > 1:
            return f"{text}; {names([m.model for m in second])} cannot be told apart from the second place."
        return f"{text}."
    return f"{names([m.model for m in leaders])} cannot be told apart from the first place{items}."


def scanned(exposure: Exposure | None) -> bool:
    """Whether a scan looked, or tried to look, for any item of a task."""
    return exposure is not None and any(n for kind, n in exposure.verdicts.items() if kind != "unknown")


def overlap_badge(exposure: Exposure | None) -> str:
    """What a scan says of a task's items, in a few words."""
    if exposure is None or not scanned(exposure):
        return "not scanned"
    found = sum(exposure.verdicts.get(kind, 0) for kind in LEAKS)
    looked = found + sum(exposure.verdicts.get(kind, 0) for kind in CLEAN)
    return f"{found:,} of {looked:,} found" if looked else "none could be looked for"


_FOUND = {
    "exact": "The whole text stands in",
    "near": "The text, slightly changed, stands in",
    "partial": "A good part of the text stands in",
    "template": "The same words with other numbers stand in",
    "weak": "A weak overlap was found in",
    "common-only": "Only words that many documents share were found in",
    "clean": "No overlap found in",
    "unscannable": "The text is too short to be looked for in",
}


def overlap(verdict: str, scan: ScanFacts) -> str:
    """`No overlap found in X of Y bytes under rule R`."""
    return f"{_FOUND.get(verdict, verdict)} {corpus(scan)}"


def corpus(scan: ScanFacts) -> str:
    """`X of Y bytes of files, N documents, under rule R`."""
    read = f"{scan.bytes_read:,} of {scan.bytes_total:,} bytes of files"
    return f"{read} ({scan.documents:,} documents), under rule {scan.rule}"


def provenance(entry: Entry) -> str:
    """Where a row's numbers come from."""
    if entry.ours:
        return "measured here"
    marks = {score.mark for score in entry.published.values()}
    return "published" if marks == {"checked"} else "published, partly unverified"


def samples(measured: Measured) -> str:
    """`198 × 10`: items and samples of each."""
    return f"{measured.manifest.items:,} × {measured.manifest.repeats}"


def told(task: TaskComparison, pair: Pair) -> str:
    """What the test says of a pair on a task, in words."""
    if not task.told_apart:
        return "cannot be told apart"
    better = pair.candidate if task.delta.difference > 0 else pair.baseline
    return f"{better.name} is better"


def exposed(difference: Interval, unit: Unit) -> str:
    """`+4.8 [1.0, 8.6]`: leaked minus clean, in points; AMC's are points already."""
    factor = 100.0 if unit == "share" else 1.0
    parts = [
        words.number(factor * x, 1, sign="+") for x in (difference.mean, difference.low, difference.high)
    ]
    return f"{parts[0]} [{parts[1]}, {parts[2]}]"
