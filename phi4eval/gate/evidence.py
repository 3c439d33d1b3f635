"""Is a drop shown, or excluded? Is a score reached? The rules that are tests, with their p-values."""

from __future__ import annotations

from collections.abc import Callable

from phi4eval.comparison import words
from phi4eval.comparison.paired import align, standard_error
from phi4eval.comparison.published import unpaired
from phi4eval.comparison.scores import ItemScore, TaskScores
from phi4eval.errors import UsageError
from phi4eval.gate.check import Check, Sides
from phi4eval.gate.policy import AtLeast, NoRegression
from phi4eval.stats.difference import Difference
from phi4eval.stats.intervals import share
from phi4eval.stats.paired import paired_difference
from phi4eval.stats.power import items_to_resolve


def paired_evidence(
    differences: list[float], clusters: list[str] | None, rule: NoRegression
) -> tuple[float, float]:
    """(p-value of "no drop beyond the margin", p-value of "a drop of `excluded` or more")."""
    drop = paired_difference(differences, clusters, null=-rule.margin, alternative="less")
    harmless = paired_difference(differences, clusters, null=-rule.excluded, alternative="greater")
    return drop.p_value, harmless.p_value


def no_regression(rule: NoRegression, task: str, sides: Sides, alpha: float) -> Check:
    scores = sides.candidate.tasks[task]
    unit, without = scores.summary.unit, sides.without.get(task, frozenset())
    items: tuple[str, ...] = ()
    if sides.baseline is not None:
        pairs = align(sides.baseline.tasks[task], scores, without=without)
        against, for_it = paired_evidence(pairs.differences, pairs.clusters, rule)
        delta = paired_difference(pairs.differences, pairs.clusters, alpha=2 * alpha)
        moves = sorted(zip(pairs.differences, pairs.before, strict=True), key=lambda row: row[0])
        items = tuple(item.id for move, item in moves if move < 0)
        more = scores.manifest.dataset.rows - len(pairs.before) - len(without)
    else:
        delta, against, for_it = _published_evidence(rule, sides, task, alpha)
        more = scores.manifest.dataset.rows - delta.n
    margin = f" beyond {words.points(rule.margin, unit)}" if rule.margin else ""
    message = (
        f"{words.delta(delta, unit)} points on {delta.n} items; evidence of a drop{margin}:"
        f" {words.p_is(against)}; evidence against a drop of {words.points(rule.excluded, unit)}:"
        f" {words.p_is(for_it)} ({delta.method})"
    )
    return Check(
        rule="no-regression",
        task=task,
        level=rule.level,
        message=message,
        against=against,
        for_it=for_it,
        alpha=alpha,
        remedy=_remedy(delta, (-rule.margin, -rule.excluded), alpha, more),
        items=items,
    )


def _published_evidence(
    rule: NoRegression, sides: Sides, task: str, alpha: float
) -> tuple[Difference, float, float]:
    """The same against a published number; its null is moved by moving the number."""
    scores, without = sides.candidate.tasks[task], sides.without.get(task, frozenset())
    number = sides.published[task].score

    def against(published: float) -> Difference:
        made = unpaired(scores, min(1.0, max(0.0, published)), "main", alpha=2 * alpha, without=without)
        assert made is not None  # the gate has checked that there are scored items
        return made[0]

    drop, harmless = against(number - rule.margin), against(number - rule.excluded)
    half = [d.p_value / 2 for d in (drop, harmless)]
    return (
        against(number),
        half[0] if drop.difference < 0 else 1 - half[0],
        half[1] if harmless.difference > 0 else 1 - half[1],
    )


def _remedy(delta: Difference, nulls: tuple[float, float], alpha: float, more: int) -> str:
    """About how many more items would decide, supposing that the difference seen is the true one."""
    needed = [
        items_to_resolve(delta.difference, standard_error(delta), delta.n, null=null, alpha=2 * alpha)
        for null, side in zip(nulls, (-1, 1), strict=True)
        if (delta.difference - null) * side > 0
    ]
    known = [count for count in needed if count is not None]
    if not known:
        return (
            "the difference seen lies on the border: no number of items resolves it; widen margin or detect"
        )
    count, left = max(1, min(known)), max(0, more)
    needed_text = f"about {count:,} more {'items' if count > 1 else 'item'} would resolve it"
    if left >= count:
        return f"{needed_text}; the data set has {left:,} more"
    times = count / delta.n + 1
    return (
        f"{needed_text}, and the data set has {left:,} more: run both with about {times:.1f} times the"
        " samples (--repeats), or widen margin or detect"
    )


def at_least(rule: AtLeast, scores: TaskScores, without: frozenset[str], alpha: float) -> Check:
    unit = scores.summary.unit
    if (rule.points is not None) != (unit == "points"):
        asked = "points" if rule.points is not None else "score"
        raise UsageError(
            f'at-least: {scores.name} is measured in {unit}, the policy says "{asked}"',
            "points: 90 for AMC's points of 150, score: 0.8 for everything else",
        )
    wanted = rule.score if rule.score is not None else (rule.points or 0.0) / 150
    rows = [item for item in scores.items.values() if item.score is not None and item.id not in without]
    against, for_it = _bound_p(rows, wanted)
    mean, low, high, units, method = _share(rows, 2 * alpha)
    factor, name = words.scale(unit), "%" if unit == "share" else "of 150"
    message = (
        f"{factor * mean:.1f} {name} [{factor * low:.1f}, {factor * high:.1f}] on {units} units ({method});"
        f" at least {factor * wanted:.1f} {name} is wanted of the lower end"
    )
    return Check(
        rule="at-least",
        task=scores.name,
        level=rule.level,
        message=message,
        against=against,
        for_it=for_it,
        alpha=alpha,
        remedy="more items or samples narrow the interval; the score seen lies too near to the bar",
    )


def _share(rows: list[ItemScore], alpha: float) -> tuple[float, float, float, int, str]:
    return share(
        [item.score or 0.0 for item in rows], [item.cluster or item.id for item in rows], level=1 - alpha
    )


def _bound_p(rows: list[ItemScore], wanted: float) -> tuple[float, float]:
    """One-sided p-values of "at least wanted" and of "less than wanted", by inverting the interval."""

    # an end on the bar itself counts as reached: a run that is all right has an upper end of 1
    return (
        _smallest(lambda alpha: _share(rows, 2 * alpha)[2] < wanted),
        _smallest(lambda alpha: _share(rows, 2 * alpha)[1] >= wanted),
    )


def _smallest(holds: Callable[[float], bool]) -> float:
    """The smallest alpha in (0, 0.5) at which a statement about an interval holds, 1 where none does."""
    low, high = 1e-9, 0.4999
    if not holds(high):
        return 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
