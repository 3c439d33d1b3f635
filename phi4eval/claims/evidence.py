"""Which run speaks for which model on which task?"""

from __future__ import annotations

from collections.abc import Iterable

from phi4eval.comparison.published import Grading
from phi4eval.comparison.scores import RunScores, TaskScores


class Evidence:
    """The runs of a ledger, looked up by model and task.

    subject: the model the claims are about; stand_in: the model whose runs are taken as its own. Where
    several runs have a task, a complete one goes before an incomplete one, then the one with more items, then
    the newer one.
    """

    def __init__(self, runs: Iterable[RunScores], *, subject: str, stand_in: str) -> None:
        self._subject = subject
        self._stand_in = stand_in
        self._best: dict[tuple[str, str], tuple[RunScores, TaskScores]] = {}
        for run in sorted(runs, key=lambda run: (run.manifest.created, run.manifest.run_id)):
            for name, scores in run.tasks.items():
                key = (run.manifest.model.name, name)
                if scored(scores) and (key not in self._best or _rank(scores) >= _rank(self._best[key][1])):
                    self._best[key] = run, scores

    def find(self, model: str, task: str) -> tuple[RunScores, TaskScores] | None:
        """The run of a model that speaks for a task; None where there is none."""
        return self._best.get((self._stand_in if model == self._subject else model, task))

    def runs_of(self, model: str) -> list[RunScores]:
        """Every run that speaks for a model on some task, each once."""
        name = self._stand_in if model == self._subject else model
        found = {run.path: run for (whose, _), (run, _) in self._best.items() if whose == name}
        return list(found.values())

    @property
    def used(self) -> dict[str, str]:
        """Label and path of every run that speaks for something."""
        return {run.label: run.path for run, _ in self._best.values()}


def scored(scores: TaskScores) -> int:
    """Items with a score."""
    return sum(item.score is not None for item in scores.items.values())


def grading_of(scores: TaskScores) -> Grading:
    """The grader that is held against published numbers: the protocol's own where it graded all items."""
    rows = [item for item in scores.items.values() if item.score is not None]
    return "protocol" if rows and all(item.protocol is not None for item in rows) else "main"


def _rank(scores: TaskScores) -> tuple[bool, int]:
    return scores.summary.complete, scored(scores)
