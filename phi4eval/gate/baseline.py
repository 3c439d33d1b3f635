"""What is a candidate judged against? A run, the last ones, or a published table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from phi4eval.comparison.build import RunName, run_name
from phi4eval.comparison.pool import pooled
from phi4eval.comparison.published import PublishedScore, is_published, published_for
from phi4eval.comparison.scores import RunScores, read_scores
from phi4eval.comparison.settings import setting_differences
from phi4eval.errors import NothingMatchedError, UsageError, did_you_mean
from phi4eval.gate.policy import Policy
from phi4eval.store import Run, find_run, list_runs

LAST = re.compile(r"last(?::(.*))?")


class Baseline(NamedTuple):
    """scores None: published ones, by task, take the place of a run. notes: what a reader should know."""

    scores: RunScores | None
    published: dict[str, PublishedScore]
    name: RunName
    notes: tuple[str, ...] = ()


def find_baseline(text: str, after: RunScores, policy: Policy, results: str | Path) -> Baseline:
    """The baseline that a text means for a candidate: `last`, `last:N`, `report[:MODEL]`, or a run."""
    if is_published(text):
        published = published_for(text, after)
        model = next(iter(published.values())).model
        return Baseline(None, published, RunName(model=model, run_id="published", path=text))
    last = LAST.fullmatch(text)
    if last is None:
        before = read_scores(_run(text, results), max_error_rate=policy.max_error_rate)
        return Baseline(before, {}, run_name(before))
    return _last(_count(last[1]), after, policy, results)


def _run(text: str, results: str | Path) -> Path:
    try:
        return find_run(text, results)
    except NothingMatchedError as error:
        near = did_you_mean(text, ("last", "report"), "")
        if not near:
            raise
        raise NothingMatchedError(error.message, f"{near}or a run: {error.hint}") from error


def _count(text: str | None) -> int:
    if text is None:
        return 1
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise UsageError(f'--baseline last:{text}: "{text}" is no number of runs', "last:3, for example")
    return int(text)


def _last(count: int, after: RunScores, policy: Policy, results: str | Path) -> Baseline:
    """The newest complete runs before the candidate that measure the same as the newest of them."""
    found: list[RunScores] = []
    notes: list[str] = []
    for run in _older(after, results):
        scores = read_scores(run, max_error_rate=policy.max_error_rate)
        unlike = [d for d in setting_differences(scores, found[0]) if d.invalidates] if found else []
        accepted = all(d.setting in policy.accept or d.task not in (None, *after.tasks) for d in unlike)
        if not accepted:
            notes.append(f"{scores.label} is left out of the baseline: {unlike[0].sentence()}")
            continue
        found.append(scores)
        if len(found) == count:
            break
    if not found:
        raise NothingMatchedError(
            f"{results} has no complete run of {', '.join(after.tasks)} older than the candidate",
            "name a baseline by its path, or gate the first run against published scores (report)",
        )
    if len(found) < count:
        notes.append(f"the baseline is the mean of {len(found)} runs: there are no {count} that fit")
    if len(found) == 1:
        return Baseline(found[0], {}, run_name(found[0]), tuple(notes))
    ids = ", ".join(run.manifest.run_id for run in found)
    models = ", ".join(dict.fromkeys(run.manifest.model.name for run in found))
    name = RunName(model=models, run_id=f"mean of {len(found)} runs: {ids}", path=found[0].path)
    return Baseline(pooled(found[::-1]), {}, name, tuple(notes))


def _older(after: RunScores, results: str | Path) -> Iterator[Run]:
    """Other complete runs, no newer than the candidate, that have all of its tasks; the newest first."""
    mine = after.manifest
    for run in reversed(list_runs(results)):
        summary = run.summary
        # created is in whole seconds, so that a run of the same second may have been before
        older = run.manifest.created <= mine.created and run.manifest.run_id != mine.run_id
        has_all = {made.task.name for made in run.manifest.tasks} >= set(after.tasks)
        if older and has_all and summary is not None and summary.complete:
            yield run
