"""A summary as the result block: scores, verdicts, further figures, and what to be wary of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from phi4eval.cli.console import cells, printable, table, wrapped
from phi4eval.cli.views.exposure import exposure_texts
from phi4eval.cli.views.numbers import count, dollars, extra_text, gap_text, percent, score_text, short_score
from phi4eval.types import VERDICTS, Summary, TaskSummary

NO_ANSWER_LIMIT = 0.05
"""Above this share of no_answer the extraction, or the prompt, is suspect before the model is."""

SAFE_TIER = 2
"""Below this sandbox tier what a program does is not fully contained."""

_EXTRA_WORDS = {
    "sd_over_repeats": "sd over repeats",
    "points_if_none_is_blank": "points if no answer counts as blank",
    "deliberate_blanks": "deliberate blanks",
    "share_correct": "share correct",
}


def result_lines(summary: Summary, *, width: int) -> list[str]:
    """The block that stands for a run: every task with its score, or with the reason why it has none."""
    state = "complete" if summary.complete else "INCOMPLETE"
    return [
        f"{printable(summary.model)} · run {printable(summary.run_id)} · {state}",
        "",
        *score_table(summary.tasks, width=width),
        "",
        *verdict_table(summary.tasks, width=width),
        *_block(_further(summary.tasks), width=width),
        *_block(_spent(summary.tasks), width=width),
        *_block(exposure_texts(summary.tasks), width=width),
        *_block((f"warning: {text}" for text in warnings(summary)), width=width),
    ]


def score_table(tasks: Iterable[TaskSummary], *, width: int) -> list[str]:
    """A row a task: score, size, truncation, and the published protocol's own score."""
    header = ("task", "score, 95 % interval", "n x k", "cut off", "protocol (gap)")
    rows = [
        (
            _name(task),
            score_cell(task),
            f"{count(task.items)} x {task.repeats}",
            _truncated(task),
            _protocol(task),
        )
        for task in tasks
    ]
    return table(header, rows, width=width, wrap=1, right=(2, 3))


def score_cell(task: TaskSummary) -> str:
    """The score, the reason why there is none, or both where the score does not stand yet."""
    if task.complete and task.score:
        return score_text(task.score, task.unit)
    reason = task.problem or "no sample could be scored"
    if task.score is None:
        return f"no score: {reason}"
    if not task.samples:
        return f"{score_text(task.score, task.unit)}: {reason}"
    return f"INCOMPLETE, {score_text(task.score, task.unit)} so far: {reason}"


def _name(task: TaskSummary) -> str:
    return f"{task.task} (sample)" if task.sample else task.task


def _truncated(task: TaskSummary) -> str:
    if not task.done:
        return "none yet" if task.samples else "unknown"
    # an answer that was found before the limit is not a truncated verdict, but it was cut off all the same
    rate = task.extra.get("truncated_rate", task.counts.get("truncated", 0) / task.done)
    return percent(rate)


def _protocol(task: TaskSummary) -> str:
    if task.protocol_score is None or task.score is None:
        return "none" if task.protocol_grader is None else "no score"
    mean = short_score(task.protocol_score, task.unit, like=task.score)
    return f"{mean} ({gap_text(task.score, task.protocol_score, task.unit)})"


def verdict_table(tasks: Iterable[TaskSummary], *, width: int) -> list[str]:
    """Samples by verdict; a verdict that no task has gets no column, correct and incorrect always do.

    A line a task in place of the table where that would be wider than `width`.
    """
    tasks = list(tasks)
    named = [v for v in VERDICTS if v in ("correct", "incorrect") or any(t.counts.get(v) for t in tasks)]
    header = ("verdicts", *(v.replace("_", " ") for v in named), "samples")
    rows = [(t.task, *(count(t.counts.get(v, 0)) for v in named), _samples(t)) for t in tasks]
    lines = table(header, rows, width=width, wrap=0, right=range(1, len(header)))
    if max(map(cells, lines)) <= width:
        return lines
    return [
        line
        for name, *numbers in rows
        for line in wrapped(
            printable(
                f"{name}: {', '.join(' '.join(pair) for pair in zip(numbers, header[1:], strict=True))}"
            ),
            width,
        )
    ]


def _samples(task: TaskSummary) -> str:
    return count(task.done) if task.done == task.samples else f"{count(task.done)} of {count(task.samples)}"


def _further(tasks: Iterable[TaskSummary]) -> Iterator[str]:
    """Figures that only some tasks have, a line each task."""
    for task in tasks:
        parts = [
            f"{_EXTRA_WORDS.get(name, name.replace('_', ' '))} {extra_text(name, value, task.unit)}"
            for name, value in task.extra.items()
            if name != "truncated_rate"
        ]
        if task.differ:
            items = ", ".join(task.differ_items[:3]) + (", ..." if len(task.differ_items) > 3 else "")
            samples = "1 sample" if task.differ == 1 else f"{count(task.differ)} samples"
            parts.append(f"graders differ on {samples} (items {items})")
        if parts:
            yield f"{task.task}: {'; '.join(parts)}"


def _spent(tasks: Iterable[TaskSummary]) -> Iterator[str]:
    """What the answers cost, in money where that is known and in thinking, a line each task."""
    for task in tasks:
        parts = []
        if task.cost is not None:
            parts.append(f"cost {dollars(task.cost)}")
        if task.reasoning_tokens:
            of = f"{count(task.reasoning_tokens)} of {count(task.completion_tokens)}"
            parts.append(f"{of} tokens were thinking")
        if task.from_cache:
            parts.append(f"{count(task.from_cache)} of {count(task.samples)} samples came from the cache")
        if parts:
            yield f"{task.task}: {'; '.join(parts)}"


def warnings(summary: Summary) -> Iterator[str]:
    """What may make a score say less than it seems to."""
    for task in summary.tasks:
        missed = task.counts.get("no_answer", 0)
        if task.done and missed > NO_ANSWER_LIMIT * task.done:
            yield (
                f"{task.task}: no answer could be extracted from {percent(missed / task.done)} of the"
                " samples; look at some before you trust the score"
            )
        yield from _sandbox_warnings(task)


def _sandbox_warnings(task: TaskSummary) -> Iterator[str]:
    tier = task.extra.get("sandbox_tier", SAFE_TIER)
    if tier < SAFE_TIER:
        yield f"{task.task}: programs ran in a weak box (sandbox tier {tier:g} of 4)"
    if "highest_sandbox_tier" in task.extra:
        yield f"{task.task}: programs ran in boxes of different strength; grade again to have one tier"


def _block(texts: Iterable[str], *, width: int) -> list[str]:
    """Wrapped texts below an empty line; nothing at all for no texts."""
    lines: list[str] = []
    for text in texts:
        first, *more = wrapped(printable(text), width - 2)
        lines += [first, *(f"  {part}" for part in more)]
    return ["", *lines] if lines else []


def subset_lines(tasks: Iterable[TaskSummary], *, width: int) -> list[str]:
    """The score of every subset (subject, paper) of every task that has some."""
    rows = [
        (task.task, name, score_text(interval, task.unit), interval.n)
        for task in tasks
        for name, interval in task.subsets.items()
    ]
    return (
        table(("task", "subset", "score, 95 % interval", "units"), rows, width=width, wrap=1, right=(3,))
        if rows
        else []
    )
