"""Which drop would this gate catch? Simulated with the gate's own tests on the items of two real runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from phi4eval.comparison.build import RESULTS
from phi4eval.comparison.paired import Aligned, align
from phi4eval.comparison.scores import read_scores
from phi4eval.errors import InvalidComparisonError, UsageError
from phi4eval.gate.baseline import find_baseline
from phi4eval.gate.policy import DEFAULT, NoRegression, Policy, read_policy, tasks_of
from phi4eval.stats.difference import Alternative
from phi4eval.stats.intervals import wilson
from phi4eval.stats.paired import paired_difference
from phi4eval.stats.resampling import sign_flip
from phi4eval.store import find_run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DROPS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)


class PowerRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate does to a true drop: shares of the simulations, with the Wilson interval of `fails`."""

    drop: float
    fails: float
    fails_interval: tuple[float, float]
    passes: float
    undecided: float


class TaskPower(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one rule on one task. churn: share of items on which the two runs disagree."""

    task: str
    items: int
    churn: float
    margin: float
    excluded: float
    alpha: float
    rows: tuple[PowerRow, ...]
    method: str


def gate_power(
    *,
    baseline: str | Path,
    candidate: str | Path,
    policy: str | Path | Policy | None = None,
    results: str | Path = RESULTS,
    simulations: int = 200,
    seed: int = 0,
) -> tuple[TaskPower, ...]:
    """Every no-regression rule of the policy on every task that both runs have.

    The disagreement of the two runs stands for the luck of a run: which of the two an item's scores came
    from is drawn anew, cluster by cluster, and a drop is laid over it by letting right items become wrong.
    Each test has the share of alpha that Holm leaves it in the worst case.
    Raises InvalidComparisonError where there is nothing to simulate.
    """
    rules = policy if isinstance(policy, Policy) else DEFAULT if policy is None else read_policy(policy)
    after = read_scores(find_run(str(candidate), results))
    before = find_baseline(str(baseline), after, rules, results).scores
    if before is None:
        raise UsageError(
            f"power cannot be simulated against {baseline}: published scores have no items",
            "give two runs, best two of one model with two seeds",
        )
    tasks = [task for task in before.tasks if task in after.tasks]
    chosen = [
        (rule, task)
        for rule in rules.rules
        if isinstance(rule, NoRegression)
        for task in tasks_of(rule, tasks)
        if task in tasks
    ]
    made = [
        _simulate(task, pairs, rule, (rule.alpha or rules.alpha) / len(chosen), simulations, seed)
        for rule, task in chosen
        if (pairs := align(before.tasks[task], after.tasks[task])).before
    ]
    if not made:
        raise InvalidComparisonError(
            "there is nothing to simulate: no no-regression rule has items that both runs scored",
            "power needs two runs of the same tasks; two runs of one model with two seeds are best",
        )
    return tuple(made)


def _simulate(
    task: str, pairs: Aligned, rule: NoRegression, alpha: float, simulations: int, seed: int
) -> TaskPower:
    import numpy as np

    differences = np.array(pairs.differences)
    scores = np.array([item.score for item in pairs.before], dtype=np.float64)
    names = pairs.clusters or [str(position) for position in range(differences.size)]
    groups = np.unique(names, return_inverse=True)[1]
    clusters = pairs.clusters
    rng = np.random.default_rng(seed)
    rows = []
    for drop in DROPS:
        if drop > scores.mean():
            break
        counts = {"fail": 0, "pass": 0, "undecided": 0}
        for _ in range(simulations):
            values = _draw(rng, differences, scores, groups, drop)
            counts[_decision(values, clusters, rule, alpha)] += 1
        rows.append(
            PowerRow(
                drop=drop,
                fails=counts["fail"] / simulations,
                fails_interval=wilson(counts["fail"], simulations),
                passes=counts["pass"] / simulations,
                undecided=counts["undecided"] / simulations,
            )
        )
    return TaskPower(
        task=task,
        items=differences.size,
        churn=float((differences != 0).mean()),
        margin=rule.margin,
        excluded=rule.excluded,
        alpha=alpha,
        rows=tuple(rows),
        method=f"{simulations} simulated gates a drop, seed {seed}",
    )


def _draw(
    rng: np.random.Generator, seen: Floats, scores: Floats, groups: NDArray[np.intp], drop: float
) -> Floats:
    """Differences of a run that has lost `drop`: who is who drawn anew, then right items become wrong."""
    import numpy as np

    swapped = rng.random(int(groups.max()) + 1)[groups] < 0.5
    before = np.where(swapped, scores + seen, scores)
    after = np.where(swapped, scores, scores + seen)
    share = min(1.0, drop / max(1e-12, float(after.mean())))
    after = np.where(rng.random(after.size) < share, 0.0, after)
    return np.asarray(after - before)


def _decision(values: Floats, clusters: Sequence[str] | None, rule: NoRegression, alpha: float) -> str:
    if _p(values, clusters, null=-rule.margin, alternative="less") <= alpha:
        return "fail"
    harmless = _p(values, clusters, null=-rule.excluded, alternative="greater") <= alpha
    return "pass" if harmless else "undecided"


def _p(values: Floats, clusters: Sequence[str] | None, *, null: float, alternative: Alternative) -> float:
    """The p-value of the gate's own test; of permutations, ten times fewer are drawn than for a verdict."""
    import numpy as np

    if clusters is None and not np.isin(values, (-1.0, 0.0, 1.0)).all():
        return sign_flip(values, null=null, alternative=alternative, draws=999).p_value
    return paired_difference(values, clusters, null=null, alternative=alternative).p_value
