"""What is a checkpoint gated against, and what does the history keep of it?"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec

from phi4eval.gate.decide import gate_runs
from phi4eval.gate.policy import Policy
from phi4eval.gate.rules import needs_baseline
from phi4eval.gate.verdict import GateVerdict
from phi4eval.history import History, Judged, Point, order
from phi4eval.types import Summary
from phi4eval.watching.checkpoints import Checkpoint

LAST_GOOD = "last-good"


class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint's result, where its run lies, and the fingerprint of its weights."""

    summary: Summary
    run: str
    weights: str | None


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How checkpoints are gated. baseline: `last-good`, or a run or published table for all of them."""

    policy: Policy
    baseline: str
    scan: str | None
    accept: tuple[str, ...]
    strict: bool
    results: str

    def judge(
        self, checkpoint: Checkpoint, evaluated: Evaluated, history: History, today: date
    ) -> tuple[GateVerdict | None, str | None]:
        """The verdict and what it was gated against; (None, None) for a first one that no rule is about."""
        if self.baseline != LAST_GOOD:
            return self._gate(self.baseline, evaluated, self.policy, today), self.baseline
        good = last_good(checkpoint, history)
        if good is not None and good.run is not None:
            return self._gate(good.run, evaluated, self.policy, today), good.checkpoint
        alone = [
            (rule, place)
            for rule, place in zip(self.policy.rules, self.policy.places, strict=True)
            if not needs_baseline(rule)
        ]
        if not alone:
            return None, None
        rules, places = zip(*alone, strict=True)
        policy = msgspec.structs.replace(self.policy, rules=rules, places=places)
        # rules that look at the candidate alone ask nothing of a baseline, so it may stand for itself
        return self._gate(evaluated.run, evaluated, policy, today), None

    def _gate(self, baseline: str, evaluated: Evaluated, policy: Policy, today: date) -> GateVerdict:
        return gate_runs(
            baseline=baseline,
            candidate=evaluated.run,
            policy=policy,
            accept=self.accept,
            scan=self.scan,
            strict=self.strict,
            results=self.results,
            today=today,
        )


def last_good(checkpoint: Checkpoint, history: History) -> Judged | None:
    """The nearest good checkpoint before this step, else the one judged last; of those whose run is there."""
    good = [
        line
        for line in history.current()
        if line.good and line.checkpoint != checkpoint.name and _is_run(line.run)
    ]
    before = [line for line in good if order(line.step) < order(checkpoint.step)]
    if before:
        return before[-1]
    return max(good, key=history.judged.index, default=None)


def _is_run(path: str | None) -> bool:
    return path is not None and (Path(path) / "manifest.json").is_file()


def judged_entry(
    checkpoint: Checkpoint, evaluated: Evaluated, verdict: GateVerdict | None, baseline: str | None, at: str
) -> Judged:
    """The entry of a checkpoint that was evaluated."""
    compared = verdict.comparisons if verdict is not None and baseline is not None else ()
    deltas = {made.task: made.delta for made in compared}
    made = Judged(
        checkpoint=checkpoint.name,
        step=checkpoint.step,
        state=checkpoint.state,
        at=at,
        standing="first",
        exit_code=0,
        headline="first: no good checkpoint before it to be gated against",
        run_id=evaluated.summary.run_id,
        run=evaluated.run,
        weights=evaluated.weights,
        points=tuple(
            Point(task=task.task, unit=task.unit, score=task.score, delta=deltas.get(task.task))
            for task in evaluated.summary.tasks
            if task.score is not None and task.complete
        ),
    )
    if baseline is None and evaluated.summary.complete and (verdict is None or verdict.outcome == "pass"):
        return made
    if verdict is None:
        headline = "incomplete: it has no valid score to begin with"
        return msgspec.structs.replace(made, standing="incomplete", exit_code=3, headline=headline)
    return msgspec.structs.replace(
        made,
        standing=verdict.outcome,
        exit_code=verdict.exit_code,
        headline=verdict.headline,
        baseline=baseline,
        baseline_run=None if baseline is None else verdict.baseline.path,
    )


def failed_entry(checkpoint: Checkpoint, why: str, at: str) -> Judged:
    """The entry of a checkpoint that could not be evaluated."""
    return Judged(
        checkpoint=checkpoint.name,
        step=checkpoint.step,
        state=checkpoint.state,
        at=at,
        standing="error",
        exit_code=3,
        headline=f"error: it could not be evaluated: {why}",
    )
