"""What did a run score on each item? One value an item, in 0..1, keyed so that runs can be aligned."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import msgspec

from phi4eval.errors import StoreError
from phi4eval.leaks import ScanVerdicts, run_verdicts
from phi4eval.seeds import content_hash
from phi4eval.store import Run
from phi4eval.summary import AMC_RIGHT, Outcome, amc_points, main_grade, outcomes_of, summarise_task
from phi4eval.types import Grade, Item, Manifest, TaskManifest, TaskSummary


class ItemScore(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a run. score, protocol: mean over its scored samples, AMC points as shares of 6.

    score None: no sample was scored (missing or failed). samples: scored samples.
    """

    id: str
    index: int
    cluster: str | None
    score: float | None
    protocol: float | None
    samples: int


class TaskScores(msgspec.Struct, frozen=True, kw_only=True):
    """One task of a run. items: by alignment key, the item's hash, numbered where a data set repeats a row.

    prompts: hash of what was asked (without sampling) by item key and sample. tokens: mean completion tokens
    of the samples that have them, (prompt, completion); None where none has.
    """

    manifest: TaskManifest
    summary: TaskSummary
    items: dict[str, ItemScore]
    prompts: dict[tuple[str, int], str]
    tokens: tuple[float, float] | None

    @property
    def name(self) -> str:
        """The task's name."""
        return self.manifest.task.name


class RunScores(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run, reduced to what a comparison needs. scan: of the scan joined into it, None without one."""

    path: str
    manifest: Manifest
    tasks: dict[str, TaskScores]
    scan: ScanVerdicts | None = None

    @property
    def label(self) -> str:
        """Model and run id: two runs of one model must not read alike."""
        return f"{self.manifest.model.name} ({self.manifest.run_id})"


def read_scores(run: Run | str | Path, *, max_error_rate: float = 0.0) -> RunScores:
    """Read a run's scores. Raises StoreError for a damaged run and for scores outside 0..1."""
    run = run if isinstance(run, Run) else Run(Path(run))
    outcomes, joined = outcomes_of(run), run.contamination
    keys, prompts = _asked(run)
    return RunScores(
        path=str(run.path),
        manifest=run.manifest,
        tasks={
            made.task.name: _task_scores(
                made,
                outcomes[made.task.name],
                keys.get(made.task.name, {}),
                prompts.get(made.task.name, {}),
                summarise_task(
                    made,
                    outcomes[made.task.name],
                    max_error_rate=max_error_rate,
                    model=run.manifest.model,
                    joined=joined,
                ),
            )
            for made in run.manifest.tasks
        },
        scan=run_verdicts(run),
    )


def _asked(run: Run) -> tuple[dict[str, dict[str, tuple[str, Item]]], dict[str, dict[tuple[str, int], str]]]:
    """By task: item id -> (alignment key, item), and (key, sample) -> hash of the messages."""
    items: dict[str, dict[str, Item]] = defaultdict(dict)
    stored = list(run.prompts())
    for row in stored:
        items[row.prompt.task].setdefault(row.item.id, row.item)
    keys = {task: _keys(list(found.values())) for task, found in items.items()}
    prompts: dict[str, dict[tuple[str, int], str]] = defaultdict(dict)
    for row in stored:
        key = keys[row.prompt.task][row.item.id][0]
        asked = content_hash(row.prompt.messages)
        for draw in row.prompt.draws:
            prompts[row.prompt.task][key, draw.sample] = asked
    return keys, prompts


def _keys(items: Sequence[Item]) -> dict[str, tuple[str, Item]]:
    seen = Counter[str]()
    keys: dict[str, tuple[str, Item]] = {}
    for item in sorted(items, key=lambda item: (item.index, item.id)):
        seen[item.hash] += 1
        again = f"#{seen[item.hash]}" if seen[item.hash] > 1 else ""
        keys[item.id] = (item.hash + again, item)
    return keys


def _task_scores(
    made: TaskManifest,
    outcomes: Sequence[Outcome],
    keys: dict[str, tuple[str, Item]],
    prompts: dict[tuple[str, int], str],
    summary: TaskSummary,
) -> TaskScores:
    rows: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.scored:
            rows[outcome.item.id].append(outcome)
    points = made.task.scoring == "amc"
    return TaskScores(
        manifest=made,
        summary=summary,
        items={key: _item_score(item, rows[id_], points=points) for id_, (key, item) in keys.items()},
        prompts=prompts,
        tokens=_tokens(outcomes),
    )


def _item_score(item: Item, rows: Sequence[Outcome], *, points: bool) -> ItemScore:
    ours = [_value(item, main_grade(row), points=points) for row in rows]
    theirs = [_value(item, row.protocol_grade, points=points) for row in rows if row.protocol_grade]
    return ItemScore(
        id=item.id,
        index=item.index,
        cluster=item.cluster,
        score=sum(sorted(ours)) / len(ours) if ours else None,
        protocol=sum(sorted(theirs)) / len(theirs) if theirs and len(theirs) == len(ours) else None,
        samples=len(ours),
    )


def _value(item: Item, grade: Grade, *, points: bool) -> float:
    value = amc_points(grade) / AMC_RIGHT if points else grade.score
    if not isfinite(value) or not 0 <= value <= 1:
        raise StoreError(
            f"{item.task} item {item.id}: the stored score {value} does not lie in 0..1",
            "phi4eval grade RUN grades the stored completions again",
        )
    return value


def _tokens(outcomes: Sequence[Outcome]) -> tuple[float, float] | None:
    known = [row for row in outcomes if not row.failed and row.completion_tokens]
    if not known:
        return None
    return (
        sum(row.prompt_tokens for row in known) / len(known),
        sum(row.completion_tokens for row in known) / len(known),
    )
