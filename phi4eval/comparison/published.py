"""How does a run compare with a score that was published without its items?"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from phi4eval.comparison.scores import RunScores, TaskScores
from phi4eval.data_files import baselines_root
from phi4eval.errors import UsageError, did_you_mean
from phi4eval.stats.difference import Difference
from phi4eval.stats.unpaired import against_published
from phi4eval.summary import AMC_QUESTIONS, AMC_RIGHT
from phi4eval.types import Interval
from phi4eval.yaml_positions import KeyPath, convert, read_yaml

Grading = Literal["main", "protocol"]
SHORT_NAMES = {"report": "phi4_report"}
"""What people type for a file under results/baselines."""


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    task: str
    framework: str
    mark: str
    scores: list[float]


class _Points(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    task: str
    unit: Literal["points"]
    source: str
    mark: str
    scores: dict[str, float]
    notes: list[str] = []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    title: str
    source: str
    models: list[str]
    rows: list[_Row]
    amc: _Points | None = None
    notes: list[str] = []


class PublishedScore(msgspec.Struct, frozen=True, kw_only=True):
    """One number of a published table. score: share of 1. mark: "checked" or "unverified"."""

    task: str
    model: str
    score: float
    source: str
    framework: str
    mark: str


class PublishedComparison(msgspec.Struct, frozen=True, kw_only=True):
    """A run against a published number: unpaired, since the published side has no items.

    grading: by which of the task's graders our side is scored; "protocol" is the published one's own.
    assumed_items: size of the published evaluation, taken to be the whole data set. note: what else differs.
    """

    task: str
    unit: Literal["share", "points"]
    run: str
    grading: Grading
    published: PublishedScore
    assumed_items: int
    ours: Interval
    delta: Difference
    p_holm: float
    note: str | None = None


def read_published(name: str) -> dict[str, dict[str, PublishedScore]]:
    """Published scores by task and model. Raises UsageError for a name that is not packaged."""
    files = _tables()
    stem = SHORT_NAMES.get(name, name)
    if stem not in files:
        known = ", ".join(sorted({*files, *SHORT_NAMES}))
        raise UsageError(
            f'no published scores "{name}"', did_you_mean(name, [*files, *SHORT_NAMES], f"there are {known}")
        )
    return _read(files[stem])


def _tables() -> dict[str, Path]:
    """Every packaged table; a file called claims or ...-claims beside them holds no scores."""
    return {file.stem: file for file in baselines_root().glob("*.yaml") if not file.stem.endswith("claims")}


def _read(path: Path) -> dict[str, dict[str, PublishedScore]]:
    def known(at: KeyPath) -> set[str]:
        kinds: dict[str, type[msgspec.Struct]] = {"rows": _Row, "amc": _Points}
        return set((kinds[str(at[0])] if at else _File).__struct_fields__)

    file = convert(read_yaml(path), _File, known=known)
    table: dict[str, dict[str, PublishedScore]] = {}
    for row in file.rows:
        table[row.task] = {
            model: PublishedScore(
                task=row.task,
                model=model,
                score=percent / 100,
                source=file.source,
                framework=row.framework,
                mark=row.mark,
            )
            for model, percent in zip(file.models, row.scores, strict=True)
        }
    if file.amc is not None:
        table[file.amc.task] = {
            model: PublishedScore(
                task=file.amc.task,
                model=model,
                score=points / (AMC_QUESTIONS * AMC_RIGHT),
                source=f"{file.source}; {file.amc.source}",
                framework="own prompt, extraction by a judge model",
                mark=file.amc.mark,
            )
            for model, points in file.amc.scores.items()
        }
    return table


def split_name(text: str) -> tuple[str, str | None]:
    """`report:gpt-4o` as name and model; the model is None where the run's own is meant."""
    name, _, model = text.partition(":")
    return name, model or None


def is_published(text: str) -> bool:
    """Whether a baseline's text names packaged published scores rather than a run."""
    name, _ = split_name(text)
    return name in SHORT_NAMES or name in _tables()


def published_for(text: str, run: RunScores) -> dict[str, PublishedScore]:
    """The published scores that belong to a run's tasks, by task.

    text: `report` for the model of the run's own name, `report:MODEL` for another. Raises UsageError for
    an unknown name or model, or where no task of the run was published.
    """
    name, wanted = split_name(text)
    table = read_published(name)
    models = sorted({model for scores in table.values() for model in scores})
    model = wanted or run.manifest.model.name
    if model not in models:
        raise UsageError(
            f'"{name}" has no scores of "{model}"',
            did_you_mean(model, models, f"name one: {name}:{models[-1]}; there are {', '.join(models)}"),
        )
    found = {task: table[task][model] for task in run.tasks if model in table.get(task, {})}
    if not found:
        raise UsageError(
            f'"{name}" has no score of {model} on {", ".join(run.tasks)}',
            f"it has {', '.join(sorted(task for task, scores in table.items() if model in scores))}",
        )
    return found


def compare_published(
    run: RunScores, published: dict[str, PublishedScore], *, alpha: float = 0.05
) -> list[PublishedComparison]:
    """Each published task by our grader, and by the published protocol's own where the task has it."""
    return [
        made
        for task, score in published.items()
        for grading in ("main", "protocol")
        if (made := _compare(run, run.tasks[task], score, grading, alpha)) is not None
    ]


def unpaired(
    scores: TaskScores,
    published: float,
    grading: Grading,
    *,
    alpha: float,
    without: frozenset[str] = frozenset(),
) -> tuple[Difference, int] | None:
    """Our items against a published share, and the size assumed for it; None where no item is scored."""
    rows = [
        (item.score if grading == "main" else item.protocol, item.cluster or item.id)
        for item in scores.items.values()
        if item.id not in without
    ]
    values = [(value, cluster) for value, cluster in rows if value is not None]
    if not values:
        return None
    assumed = max(1, scores.manifest.dataset.rows)
    delta = against_published(
        [value for value, _ in values], published, assumed, clusters=[name for _, name in values], alpha=alpha
    )
    return delta, assumed


def _compare(
    run: RunScores, scores: TaskScores, published: PublishedScore, grading: Grading, alpha: float
) -> PublishedComparison | None:
    made = unpaired(scores, published.score, grading, alpha=alpha)
    if made is None:
        return None
    delta, assumed = made
    ours = scores.summary.score if grading == "main" else scores.summary.protocol_score
    assert ours is not None  # there are scored items
    scale = AMC_QUESTIONS * AMC_RIGHT if scores.summary.unit == "points" else 1.0
    notes = []
    if len(scores.items) < scores.manifest.dataset.rows:
        notes.append(f"our run has {len(scores.items)} of {scores.manifest.dataset.rows} items")
    if scores.summary.problem:
        notes.append(scores.summary.problem)
    return PublishedComparison(
        task=scores.name,
        unit=scores.summary.unit,
        run=run.label,
        grading=grading,
        published=published,
        assumed_items=assumed,
        ours=msgspec.structs.replace(
            ours, mean=ours.mean / scale, low=ours.low / scale, high=ours.high / scale
        ),
        delta=delta,
        p_holm=delta.p_value,
        note="; ".join(notes) or None,
    )
