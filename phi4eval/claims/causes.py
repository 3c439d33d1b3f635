"""What differs between a run and the published set-up, and by how much can each of it move the score?

Read from the run's records only. An effect is an upper bound, in points of the task's scale: a share of
samples that something happened to cannot move the score by more than that share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from phi4eval.claims.data import Setup
from phi4eval.comparison.scores import RunScores, TaskScores
from phi4eval.comparison.words import number
from phi4eval.store import Run
from phi4eval.summary import Outcome, outcomes_of
from phi4eval.types import Cause, Interval

STAND_IN = "judge_stand_in"
_ORDER = ("model", "template", "prompt", "sampling", "judge", "repeats", "precision")
"""Of what the records cannot bound, the likelier first."""


def causes(
    run: RunScores, scores: TaskScores, *, subject: str, setup: Setup, framework: str, measured: Interval
) -> tuple[Cause, ...]:
    """All that differs: another model first, then by the largest possible effect, then the unbounded."""
    points = 150.0 if scores.summary.unit == "points" else 100.0
    rows = outcomes_of(Run(Path(run.path)))[scores.name]
    found = [
        *_of_samples(rows, points),
        *_of_score(scores, measured, points),
        *_of_setup(run, scores, setup, framework),
        *_of_judge(rows),
    ]
    found.sort(key=_place)
    return (*_of_model(run, subject, setup), *found)


def _place(cause: Cause) -> tuple[bool, float, int]:
    if cause.effect is not None:
        return False, -cause.effect, 0
    return True, 0.0, _ORDER.index(cause.what) if cause.what in _ORDER else len(_ORDER)


def _of_model(run: RunScores, subject: str, setup: Setup) -> Iterator[Cause]:
    model = run.manifest.model
    if model.weights == setup.weights and run.manifest.fingerprint.backend != "api":
        return
    if model.name != subject or (model.weights or "") != setup.weights:
        what = f"{model.name} ({model.weights or 'weights unknown'})"
        yield Cause(
            what="model", effect=None, text=f"the run is of {what}, the claim is about {setup.weights}"
        )
    else:
        text = f"an endpoint answered as {model.name}; nothing proves which weights it serves"
        yield Cause(what="model", effect=None, text=text)


def _of_samples(rows: list[Outcome], points: float) -> Iterator[Cause]:
    def share(happened: Callable[[Outcome], bool]) -> tuple[int, float]:
        count = sum(map(happened, rows))
        return count, points * count / max(1, len(rows))

    count, effect = share(lambda row: row.truncated)
    if count:
        text = f"{count:,} of {len(rows):,} answers were cut off at the token limit"
        yield Cause(what="truncation", effect=effect, text=text)
    count, effect = share(lambda row: not row.truncated and _unread(row))
    if count:
        text = f"from {count:,} of {len(rows):,} whole answers the protocol's extraction took nothing"
        yield Cause(what="extraction", effect=effect, text=text)
    count, effect = share(lambda row: not row.scored)
    if count:
        yield Cause(what="errors", effect=effect, text=f"{count:,} of {len(rows):,} samples have no score")


def _unread(row: Outcome) -> bool:
    grade = row.protocol_grade or row.grade
    return grade is not None and grade.extracted is None and grade.verdict == "no_answer"


def _of_score(scores: TaskScores, measured: Interval, points: float) -> Iterator[Cause]:
    made, summary = scores.manifest, scores.summary
    if summary.score is not None and summary.protocol_score is not None:
        scale = 1.0 if summary.unit == "points" else 100.0
        gap = scale * (summary.protocol_score.mean - summary.score.mean)
        if summary.differ:
            less = number(-gap, 1, sign="+")
            text = f"our own grader makes it {less} points; answers read otherwise: {summary.differ:,}"
            yield Cause(what="protocol", effect=abs(gap), text=text)
    if made.items < made.dataset.rows:
        half = points * (measured.high - measured.low) / 2
        text = f"{made.items:,} of {made.dataset.rows:,} items were asked"
        yield Cause(what="items", effect=half, text=text)
    if made.repeats != made.task.repeats:
        text = f"{made.repeats} samples an item, the task file says {made.task.repeats}"
        yield Cause(what="repeats", effect=None, text=text)


def _of_setup(run: RunScores, scores: TaskScores, setup: Setup, framework: str) -> Iterator[Cause]:
    made, identity = scores.manifest, run.manifest.fingerprint.identity
    template = identity.get("chat_template")
    if template in ("none", "off"):
        text = f"no chat template was used ({template}); the published runs had {setup.template}"
        yield Cause(what="template", effect=None, text=text)
    elif template is None:
        text = "the record does not say which chat template was used"
        yield Cause(what="template", effect=None, text=text)
    if framework not in ("simple-evals", "own prompt, extraction by a judge model"):
        text = f"the published prompt and extraction are not public (framework: {framework})"
        yield Cause(what="prompt", effect=None, text=text)
    elif not made.task.protocol.startswith(("simple-evals", "phi-4-report")):
        text = f"the task's prompt is {made.task.protocol}, the published one {framework}"
        yield Cause(what="prompt", effect=None, text=text)
    sampling = made.sampling
    differing = [
        f"{name} {ours:g} instead of {theirs:g}"
        for name, ours, theirs in (
            ("temperature", sampling.temperature, setup.temperature),
            ("max_tokens", sampling.max_tokens, setup.max_tokens),
            ("top_p", sampling.top_p, 1.0),
        )
        if ours != theirs
    ]
    if differing:
        yield Cause(what="sampling", effect=None, text=", ".join(differing))
    dtype = identity.get("dtype")
    if dtype not in (None, "bfloat16"):
        text = f"weights in {dtype}, published as bfloat16"
        yield Cause(what="precision", effect=None, text=text)


def _of_judge(rows: list[Outcome]) -> Iterator[Cause]:
    stood_in = sum(STAND_IN in row.protocol_grade.flags for row in rows if row.protocol_grade)
    if stood_in:
        text = (
            f"{stood_in:,} answers were graded without the judge model that the protocol asks"
            " (phi4eval grade RUN --judge MODEL)"
        )
        yield Cause(what="judge", effect=None, text=text)
