"""Where another gate errs, ours is held to its level: early looks, and rows in another order.

Few clusters are in tests/stats/test_clusters.py, other prompts and settings in test_never_pass.py.
"""

from __future__ import annotations

from math import log, sqrt
from pathlib import Path

import numpy as np
import pytest

from phi4eval.gate.decide import gate_runs
from phi4eval.stats.mcnemar import mcnemar
from phi4eval.stats.sequential import Wager
from tests.gate.made import Spec, stored

GATES, ALPHA = 2_000, 0.025
SLACK = 3 * sqrt(ALPHA * (1 - ALPHA) / GATES)


@pytest.mark.slow
def test_looking_every_20_items_breaks_a_fixed_test_and_not_the_sequential_one() -> None:
    rng = np.random.default_rng(0)
    u = rng.random((GATES, 500))
    moves = np.where(u < 0.1, -1.0, np.where(u < 0.2, 1.0, 0.0))
    looks = np.arange(19, 500, 20)
    lost, gained = (np.cumsum(moves == sign, axis=1)[:, looks] for sign in (-1.0, 1.0))
    kinds, where = np.unique(np.stack([lost.ravel(), gained.ravel()]), axis=1, return_inverse=True)
    small = np.array([mcnemar(int(b), int(c), 500, alternative="less").p_value <= ALPHA for b, c in kinds.T])
    fixed = small[where.ravel()].reshape(lost.shape)
    assert fixed[:, -1].mean() <= ALPHA + SLACK, "one look at the end keeps the level"
    assert fixed.any(axis=1).mean() > 2 * ALPHA, "looks on the way do not"
    wager = Wager(0.0, items=None, shape=(GATES,))
    for column in moves.T:
        wager.update(-column)
    assert (wager.log_peak >= log(1 / ALPHA)).mean() <= ALPHA + SLACK


def test_the_same_answers_in_another_order_of_rows_are_the_same_answers(tmp_path: Path) -> None:
    """Paired by row number, these two runs would disagree on 100 of 200 rows."""
    right = "10" * 100
    before = stored(tmp_path, Spec(lines=(right,)))
    turned = stored(tmp_path, Spec(lines=(right[::-1],), order=tuple(reversed(range(200)))), model="new")
    (made,) = gate_runs(baseline=before, candidate=turned).comparisons
    assert made.table is not None
    assert (made.table.lost, made.table.gained) == (0, 0)
