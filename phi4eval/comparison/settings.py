"""In what do two runs differ beside their scores, and which of it makes a comparison invalid?"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from phi4eval.comparison.scores import RunScores, TaskScores
from phi4eval.types import GraderSpec, Sampling

Setting = Literal[
    "tasks", "task", "items", "prompt", "sampling", "grader", "repeats", "seed", "model", "backend"
]
INVALIDATING: tuple[Setting, ...] = ("tasks", "task", "items", "prompt", "sampling", "grader")
"""Differences under which a delta is not the model's alone. Each can be accepted by its name."""


class SettingDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in which two runs differ. task None: the whole run. remedy: what would make them agree."""

    setting: Setting
    task: str | None
    baseline: str
    candidate: str
    remedy: str | None = None

    @property
    def invalidates(self) -> bool:
        """Whether a verdict on the model needs this difference to be accepted."""
        return self.setting in INVALIDATING

    def sentence(self) -> str:
        """What differs, in one line."""
        where = f"{self.task}: " if self.task else ""
        return f"{where}{self.setting}: {self.baseline} -> {self.candidate}"


def setting_differences(before: RunScores, after: RunScores) -> tuple[SettingDifference, ...]:
    """All differences of two runs: of the run, then task by task in the baseline's order."""
    return (*_of_runs(before, after), *(d for name in before.tasks for d in _of_task(before, after, name)))


def _of_runs(before: RunScores, after: RunScores) -> Iterator[SettingDifference]:
    a, b = before.manifest, after.manifest
    pairs: tuple[tuple[Setting, str, str], ...] = (
        ("model", _model(before), _model(after)),
        ("backend", a.fingerprint.backend, b.fingerprint.backend),
        ("seed", str(a.seed), str(b.seed)),
    )
    for setting, ours, theirs in pairs:
        if ours != theirs:
            yield SettingDifference(setting=setting, task=None, baseline=ours, candidate=theirs)
    missing = [name for name in before.tasks if name not in after.tasks]
    more = [name for name in after.tasks if name not in before.tasks]
    if missing or more:
        yield SettingDifference(
            setting="tasks",
            task=None,
            baseline=f"only here: {', '.join(missing)}" if missing else "none that the other has not",
            candidate=f"only here: {', '.join(more)}" if more else "none that the other has not",
            remedy=f"run the candidate on {','.join(missing)} too" if missing else None,
        )


def _model(run: RunScores) -> str:
    weights = run.manifest.fingerprint.weights
    return f"{run.manifest.model.name}{f' @ {weights[:12]}' if weights else ''}"


def _of_task(before: RunScores, after: RunScores, name: str) -> Iterator[SettingDifference]:
    if name not in after.tasks:
        return
    a, b = before.tasks[name], after.tasks[name]

    def found(setting: Setting, ours: str, theirs: str, remedy: str | None = None) -> SettingDifference:
        return SettingDifference(setting=setting, task=name, baseline=ours, candidate=theirs, remedy=remedy)

    if a.manifest.task.version != b.manifest.task.version:
        yield found("task", f"version {a.manifest.task.version}", f"version {b.manifest.task.version}")
    if a.manifest.task.scoring != b.manifest.task.scoring:
        yield found("task", f"scored as {a.manifest.task.scoring}", f"scored as {b.manifest.task.scoring}")
    if a.items.keys() != b.items.keys():
        yield _items(a, b)
    if changed := changed_prompts(a, b):
        text = f"other words in {len(changed)} of {len(_both(a, b))} common samples, item {changed[0]} first"
        yield found(
            "prompt", "as it was", text, "run both with one version of the task file and the model card"
        )
    if a.manifest.sampling != b.manifest.sampling:
        fields = [
            field
            for field in a.manifest.sampling.__struct_fields__
            if getattr(a.manifest.sampling, field) != getattr(b.manifest.sampling, field)
        ]
        yield found(
            "sampling",
            _sampling_text(a.manifest.sampling, fields),
            _sampling_text(b.manifest.sampling, fields),
        )
    # a side without any grade is unfinished, which is said elsewhere
    if a.summary.grader and b.summary.grader and _grading(a) != _grading(b):
        yield found("grader", _grading(a), _grading(b), _regrade(before, after, a, b))
    if a.manifest.repeats != b.manifest.repeats:
        yield found("repeats", f"{a.manifest.repeats} an item", f"{b.manifest.repeats} an item")


def _sampling_text(sampling: Sampling, fields: Iterable[str]) -> str:
    values = ((field, getattr(sampling, field)) for field in fields)
    return ", ".join(
        f"{field} {'as the model chooses' if value is msgspec.UNSET else value}" for field, value in values
    )


def _items(a: TaskScores, b: TaskScores) -> SettingDifference:
    common = len(a.items.keys() & b.items.keys())
    return SettingDifference(
        setting="items",
        task=a.name,
        baseline=f"{len(a.items)} items, {len(a.items) - common} of them only here",
        candidate=f"{len(b.items)} items, {len(b.items) - common} of them only here",
        remedy="run both on the same data set and with the same --limit and --items",
    )


def _both(a: TaskScores, b: TaskScores) -> list[tuple[str, int]]:
    return [key for key in a.prompts if key in b.prompts]


def changed_prompts(a: TaskScores, b: TaskScores) -> list[str]:
    """Item ids of the common samples that were asked with other messages, in the baseline's order."""
    return [a.items[key[0]].id for key in _both(a, b) if a.prompts[key] != b.prompts[key]]


def _spec(spec: GraderSpec) -> str:
    options = ", ".join(f"{name}={value}" for name, value in sorted(spec.options.items()))
    return f"({options})" if options else ""


def _grading(scores: TaskScores) -> str:
    """Grader with version as the grades say it, and its options as the task says them."""
    return f"{scores.summary.grader}{_spec(scores.manifest.task.grader)}"


def _regrade(before: RunScores, after: RunScores, a: TaskScores, b: TaskScores) -> str:
    """The exact command that makes the graders agree; it asks no model."""
    if a.manifest.task.grader != b.manifest.task.grader:
        return (
            "the task file changed its grader: the baseline's own run command again keeps its completions"
            " and grades them anew"
        )
    commands = [shlex.join(["phi4eval", "grade", run.path]) for run in (before, after)]
    return f"grade the stored completions again, no model is asked: {' && '.join(commands)}"
