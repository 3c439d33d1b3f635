"""Do two groups of different items differ by more than a random split of them would?"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma


def permutation_p(
    first: Sequence[float], second: Sequence[float], *, draws: int = 9_999, seed: int = 0
) -> float:
    """Two-sided permutation p-value of a difference between the means of two groups of independent units.

    Fisher 1935; the labels are as likely on any units. For scores of 0 and 1 the exact sum over the
    hypergeometric law of all splits at least as far apart; otherwise drawn with seed, and
    p = (1 + as extreme) / (1 + draws) (Phipson and Smyth 2010, SAGMB 9:39). ValueError for an empty group.
    """
    if not first or not second:
        raise ValueError("a permutation test needs at least one unit in each group")
    if set(first) | set(second) <= {0.0, 1.0}:
        return _exact(int(sum(first)), len(first), int(sum(second)), len(second))
    import numpy as np

    values, counts = np.unique(np.array([*first, *second], dtype=np.float64), return_counts=True)
    m, n = len(first), len(second)
    centre = m * float(values @ counts) / (m + n)
    seen = abs(sum(first) - centre)
    # a split draws so many of each value: the same law as shuffling, in one draw a value
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(counts, m, size=draws, method="marginals")
    slack = 1e-9 * max(1.0, abs(centre))
    extreme = int((np.abs(drawn @ values - centre) >= seen - slack).sum())
    return (1 + extreme) / (1 + draws)


def _exact(right: int, m: int, other: int, n: int) -> float:
    total = right + other
    centre = m * total / (m + n)
    seen = abs(right - centre)

    def chance(k: int) -> float:
        return exp(_choose(total, k) + _choose(m + n - total, m - k) - _choose(m + n, m))

    possible = range(max(0, total - n), min(m, total) + 1)
    return min(1.0, sum(chance(k) for k in possible if abs(k - centre) >= seen - 1e-9))


def _choose(n: int, k: int) -> float:
    """Logarithm of n over k."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
