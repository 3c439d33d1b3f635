"""A comparison as text: what differs in the settings first, then the scores, flips, ranks, published ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from phi4eval.cli.console import printable, table, wrapped
from phi4eval.comparison import words
from phi4eval.comparison.build import Comparison, PairComparison, TaskRanks
from phi4eval.comparison.paired import TaskComparison
from phi4eval.comparison.published import PublishedComparison
from phi4eval.comparison.settings import SettingDifference

FLIPS = 5
"""Item ids shown each way; --json has all."""


def comparison_lines(comparison: Comparison, *, width: int) -> list[str]:
    """The whole comparison, a block a pair of runs."""
    lines: list[str] = []
    for pair in comparison.pairs:
        lines += [*([""] if lines else []), *_pair(pair, width=width)]
    if comparison.ranks:
        lines += ["", *_ranks(comparison, width=width)]
    if comparison.published:
        lines += [*([""] if lines else []), *_published(comparison.published, width=width)]
    return lines


def difference_lines(
    differences: Iterable[SettingDifference], *, width: int, remedies: bool = True
) -> list[str]:
    """A line each, those that spoil a comparison first and marked with !, with their remedies if asked."""
    ordered = sorted(differences, key=lambda d: not d.invalidates)
    lines: list[str] = []
    for difference in ordered:
        lines += _bullet("!" if difference.invalidates else "-", difference.sentence(), width)
        if difference.remedy and remedies:
            lines += _bullet(" ", f"hint: {difference.remedy}", width)
    return lines


def _bullet(mark: str, text: str, width: int) -> list[str]:
    first, *more = wrapped(printable(text), max(20, width - 4))
    return [f"  {mark} {first}", *(f"    {part}" for part in more)]


def _pair(pair: PairComparison, *, width: int) -> Iterator[str]:
    yield printable(f"baseline   {pair.baseline.label}")
    yield printable(f"candidate  {pair.candidate.label}")
    yield ""
    if pair.differences:
        yield "settings that differ (! makes the deltas not the model's alone):"
        yield from difference_lines(pair.differences, width=width)
    else:
        yield "settings: no difference"
    for name, reason in pair.skipped.items():
        yield from _bullet("!", f"{name}: not compared: {reason}", width)
    yield ""
    yield "deltas in points, paired item by item:"
    yield from table(
        ("task", "delta, interval", "baseline", "candidate", "n", "p (Holm)", "detects"),
        [_row(task) for task in pair.tasks],
        width=width,
        wrap=0,
        right=(2, 3, 4, 5, 6),
    )
    yield from _clean(pair.tasks, width=width)
    for task in pair.tasks:
        yield ""
        yield printable(f"{task.task}: {verdict_words(task)}")
        for text in _details(task):
            yield from _bullet("-", text, width)


def _row(task: TaskComparison) -> tuple[str, ...]:
    detects = "" if task.detectable is None else words.number(words.scale(task.unit) * task.detectable, 1)
    return (
        f"{task.task} (sample)" if task.sample else task.task,
        words.delta(task.delta, task.unit),
        words.score(task.baseline, task.unit),
        words.score(task.candidate, task.unit),
        str(task.items),
        words.p_value(task.p_holm),
        detects or "unknown",
    )


def _clean(tasks: Sequence[TaskComparison], *, width: int) -> Iterator[str]:
    """The same columns on clean items, where a scan looked for the items of a task."""
    found = [(task, task.clean) for task in tasks if task.clean is not None]
    if not found:
        return
    rows = [
        (
            task.task,
            words.delta(clean.delta, task.unit),
            words.score(clean.baseline, task.unit),
            words.score(clean.candidate, task.unit),
            str(clean.items),
            words.p_value(clean.delta.p_value),
            str(clean.left_out),
        )
        for task, clean in found
    ]
    yield ""
    yield "clean items only, without what a contamination scan found or did not look for:"
    yield from table(
        ("task", "delta, interval", "baseline", "candidate", "n", "p", "left out"),
        rows,
        width=width,
        wrap=0,
        right=(2, 3, 4, 5, 6),
    )
    for scan in dict.fromkeys(scan for _, clean in found for scan in clean.scans):
        yield from _bullet("-", f"scan: {scan}", width)


def verdict_words(task: TaskComparison) -> str:
    """What the test says, in words."""
    if not task.told_apart:
        return "cannot be told apart"
    return "the candidate is better" if task.delta.difference > 0 else "the candidate is worse"


def _details(task: TaskComparison) -> Iterator[str]:
    yield f"{words.p_is(task.delta.p_value)}, {task.delta.method}"
    yield f"a true difference of 5 points of 100 would be found {100 * task.power_at_5:.0f} times of 100"
    if task.table is not None:
        t = task.table
        yield f"right in both {t.both}, lost {t.lost}, gained {t.gained}, wrong in both {t.neither}"
    for name, flips in (("lost", task.lost), ("gained", task.gained)):
        if flips:
            yield f"{name} ({len(flips)}): {words.listed([flip.item for flip in flips], FLIPS)}"
    if task.only_baseline or task.only_candidate:
        where = f"{task.only_baseline} only in the baseline, {task.only_candidate} only in the candidate"
        yield f"items not compared: {where}"
    for problem in task.problems:
        yield f"INCOMPLETE, {problem}"


def _ranks(comparison: Comparison, *, width: int) -> Iterator[str]:
    yield "ranks that hold together on the items that all runs scored:"
    rows = [row for ranks in comparison.ranks for row in _rank_rows(comparison, ranks)]
    yield from table(
        ("task", "run", "rank", "P(rank 1)", "score", "n"), rows, width=width, wrap=1, right=(2, 3, 4, 5)
    )


def _rank_rows(comparison: Comparison, ranks: TaskRanks) -> Iterator[tuple[str, ...]]:
    for run, rank in zip(comparison.runs, ranks.ranks, strict=True):
        span = str(rank.best) if rank.best == rank.worst else f"{rank.best} to {rank.worst}"
        yield (
            ranks.task,
            run.label,
            span,
            f"{100 * rank.p_first:.0f} %",
            words.mean(rank.score, rank.interval, ranks.unit),
            str(rank.n),
        )


def _published(published: Iterable[PublishedComparison], *, width: int) -> Iterator[str]:
    rows, notes = [], []
    for made in published:
        scale = words.scale(made.unit)
        rows.append(
            (
                made.task,
                words.delta(made.delta, made.unit),
                f"{made.published.model}, {made.published.mark}",
                words.number(scale * made.published.score, 1),
                words.score(made.ours, made.unit),
                str(made.delta.n),
                made.grading,
                words.p_value(made.p_holm),
            )
        )
        text = (
            f"{made.task}: published on {made.published.framework}, taken to have {made.assumed_items} items"
        )
        notes.append(f"{text}; {made.note}" if made.note else text)
    yield "against published scores, in points: unpaired, since they come without items"
    yield from table(
        ("task", "delta, interval", "published", "score", "ours", "n", "grader", "p (Holm)"),
        rows,
        width=width,
        wrap=2,
        right=(3, 4, 5, 7),
    )
    for note in dict.fromkeys(notes):
        yield from _bullet("-", note, width)
