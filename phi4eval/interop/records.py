"""What an evaluation of another tool is, before it becomes a run: samples, tasks, the model that answered."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from phi4eval.errors import DataError
from phi4eval.stats.intervals import wilson
from phi4eval.types import Finish, Interval, Message, Sampling, Verdict


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What the other tool said of one answer. score: share of 1; answer: what it extracted."""

    verdict: Verdict
    score: float
    answer: str | None = None
    explanation: str | None = None


class ForeignSample(msgspec.Struct, frozen=True, kw_only=True):
    """One answer with what it answers.

    item: the other tool's id of the question; sample: number of the repeat, from 0. gold: the expected
    answer, "" where the tool did not keep it. row: further columns of the question, for people.
    error: why there is no answer. gradable: False where the text is no answer that a grader could read, as
    the option that log-likelihoods ranked first.
    """

    item: str
    sample: int
    messages: tuple[Message, ...]
    gold: str
    text: str
    choices: tuple[str, ...] = ()
    finish: Finish = "stop"
    error: str | None = None
    reasoning: str | None = None
    recorded: Recorded | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float | None = None
    subset: str | None = None
    row: dict[str, Any] = {}
    gradable: bool = True


class ForeignTask(msgspec.Struct, frozen=True, kw_only=True):
    """One task of another tool's run. metric: the one whose per-sample values are `recorded`.

    reported: the tool's own score of that metric, for a task without samples; items, repeats: its size.
    """

    name: str
    version: str
    samples: tuple[ForeignSample, ...]
    sampling: Sampling
    dataset: str
    revision: str | None = None
    metric: str | None = None
    reported: Interval | None = None
    items: int = 0
    repeats: int = 1
    notes: tuple[str, ...] = ()


class ForeignRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of another tool. tool, tool_version: `lm-eval`, `0.4.13`; digest: of the files read."""

    tool: str
    tool_version: str
    model: str
    created: str
    digest: str
    seed: int
    tasks: tuple[ForeignTask, ...]
    weights: str | None = None
    versions: dict[str, str] = {}


def reported_score(value: object, error: object, n: int, *, where: str) -> Interval:
    """A tool's own score and standard error as an interval; Wilson on n where it gave no error.

    DataError for what is no share of 1.
    """
    if not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= 1 or n < 1:
        raise DataError(
            f"{where} is {value!r} on {n} items, which is no share of 1",
            "name another metric of the same file with --metric, or log the samples",
        )
    if isinstance(error, int | float) and math.isfinite(error) and error >= 0:
        half = 1.96 * error
        low, high, method = max(0.0, value - half), min(1.0, value + half), "mean and 1.96 reported errors"
    else:
        (low, high), method = wilson(value * n, n), "Wilson, as if one answer an item"
    return Interval(mean=float(value), low=low, high=high, n=n, method=method)


def recorded_score(value: float, *, where: str, answer: str | None, explanation: str | None) -> Recorded:
    """A numeric score as a verdict: 1 is correct, less is not. DataError for what is no share of 1."""
    if not math.isfinite(value) or not 0 <= value <= 1:
        raise DataError(
            f"{where} is {value}, which is no share of 1",
            "name another metric of the same file with --metric",
        )
    verdict: Verdict = "correct" if value == 1 else "incorrect"
    return Recorded(verdict=verdict, score=float(value), answer=answer, explanation=explanation)
