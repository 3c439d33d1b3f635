"""Do our statistics agree with statsmodels', where both have the same method?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.contingency_tables import mcnemar as sm_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportions_ztest,
)
from statsmodels.stats.weightstats import ttost_paired

from phi4eval.stats.clusters import cluster_t
from phi4eval.stats.intervals import clustered, wilson
from phi4eval.stats.mcnemar import mcnemar, mid_p
from phi4eval.stats.multiple import holm
from phi4eval.stats.unpaired import two_proportions

counts = st.integers(0, 60)


@given(counts, counts)
def test_wilson(successes: int, failures: int) -> None:
    n = max(1, successes + failures)
    expected = proportion_confint(successes, n, alpha=0.05, method="wilson")
    assert wilson(successes, n) == pytest.approx(expected, abs=1e-9)


@given(counts, counts)
def test_exact_mcnemar(losses: int, gains: int) -> None:
    table = [[5, losses], [gains, 7]]
    expected = sm_mcnemar(table, exact=True).pvalue if losses + gains else 1.0
    assert mcnemar(losses, gains, losses + gains + 12).p_value == pytest.approx(min(1.0, expected), abs=1e-9)
    assert mid_p(losses, gains) <= mcnemar(losses, gains, losses + gains + 12).p_value + 1e-12


@settings(max_examples=10)  # multipletests takes a tenth of a second
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm(raw: list[float]) -> None:
    assert holm(raw) == pytest.approx(multipletests(raw, method="holm")[1].tolist(), abs=1e-12)


@given(counts, st.integers(1, 60), counts, st.integers(1, 60))
def test_two_proportions(a: int, more_a: int, b: int, more_b: int) -> None:
    n, m = a + more_a, b + more_b
    made = two_proportions(a / n, n, b / m, m)
    expected = confint_proportions_2indep(a, n, b, m, method="newcomb", compare="diff")
    assert made.interval == pytest.approx(expected, abs=1e-9)
    if 0 < a + b < n + m:
        assert made.p_value == pytest.approx(proportions_ztest([a, b], [n, m])[1], abs=1e-9)


def test_the_cluster_robust_standard_error() -> None:
    rng = np.random.default_rng(0)
    names = np.repeat(np.arange(9), 7)
    values = rng.integers(0, 2, names.size).astype(float)
    fitted = OLS(values, np.ones(names.size)).fit(
        cov_type="cluster",
        cov_kwds={"groups": names, "use_correction": True, "df_correction": True},
        use_t=True,
    )
    # statsmodels multiplies by (n - 1) / (n - k) too, which is 1 for a mean
    low, high = fitted.conf_int(0.05)[0]
    assert clustered(values.tolist(), names.tolist())[1:3] == pytest.approx((low, high))
    # with clusters of one size CR2 is CR1 and Bell-McCaffrey's degrees of freedom are G - 1
    made = cluster_t(values - 0.5, names.tolist())
    assert made.interval == pytest.approx((low - 0.5, high - 0.5))


def test_non_inferiority_is_one_of_the_two_one_sided_t_tests() -> None:
    rng = np.random.default_rng(1)
    before, after = rng.random(80), rng.random(80)
    _, lower, upper = ttost_paired(after, before, -0.1, 0.1)
    harmless = cluster_t(after - before, null=-0.1, alternative="greater")
    no_gain = cluster_t(after - before, null=0.1, alternative="less")
    assert harmless.p_value == pytest.approx(lower[1])
    assert no_gain.p_value == pytest.approx(upper[1])
