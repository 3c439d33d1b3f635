"""Numbers have the digits that their intervals support, and no more."""

from __future__ import annotations

import pytest

from phi4eval.cli.views.numbers import (
    Unit,
    decimals_for,
    duration,
    extra_text,
    gap_text,
    percent,
    score_text,
    short_score,
)
from tests.cli.made import interval

SCORES = [
    (0.5612, 0.5203, 0.6017, "share", "56.1 % [52.0, 60.2]"),
    (0.5, 0.2, 0.8, "share", "50 % [20, 80]"),
    (0.98123, 0.9795, 0.9830, "share", "98.12 % [97.95, 98.30]"),
    (1.0, 1.0, 1.0, "share", "100.0 % [100.0, 100.0]"),
    (0.0, 0.0, 0.04, "share", "0.0 % [0.0, 4.0]"),
    (91.83, 87.6, 96.0, "points", "91.8 ± 4.2 of 150"),
    (91.83, 61.2, 122.4, "points", "92 ± 31 of 150"),
    (0.0, 0.0, 19.99, "points", "0 of 150 [0, 20]"),
    (3.0, 0.0, 8.5, "points", "3.0 of 150 [0.0, 8.5]"),
    (91.83, 91.6, 92.1, "points", "91.83 ± 0.25 of 150"),
    (0.25, float("-inf"), float("inf"), "share", "25.0 % (one unit: no interval)"),
    (60.0, float("-inf"), float("inf"), "points", "60.0 of 150 (one unit: no interval)"),
]


@pytest.mark.parametrize(("mean", "low", "high", "unit", "text"), SCORES)
def test_a_score_reads_as_its_interval_allows(
    mean: float, low: float, high: float, unit: Unit, text: str
) -> None:
    assert score_text(interval(mean, low, high), unit) == text


@pytest.mark.parametrize(
    ("half", "decimals"),
    [(31.0, 0), (10.0, 0), (9.97, 0), (9.9, 1), (4.2, 1), (0.3, 2), (0.001, 2), (0.0, 1), (float("inf"), 1)],
)
def test_two_digits_of_uncertainty_are_shown(half: float, decimals: int) -> None:
    assert decimals_for(half) == decimals


@pytest.mark.parametrize(
    ("other", "text"), [(0.5590, "−0.2"), (0.5712, "+1.0"), (0.5613, "0.0"), (0.5612, "0.0")]
)
def test_a_gap_has_the_digits_of_the_score_and_no_signed_zero(other: float, text: str) -> None:
    assert gap_text(interval(0.5612, 0.52, 0.60), interval(other, 0.5, 0.6), "share") == text


def test_a_second_score_is_shown_with_the_digits_of_the_first() -> None:
    wide = interval(0.5, 0.2, 0.8)
    assert short_score(interval(0.5612, 0.56, 0.57), "share", like=wide) == "56 %"
    assert short_score(interval(91.83, 87.6, 96.0), "points") == "91.8"


@pytest.mark.parametrize(
    ("name", "value", "unit", "text"),
    [
        ("pass@5", 0.911, "share", "91.1 %"),
        ("maj@4", 1.0, "share", "100.0 %"),
        ("share_correct", 0.612, "points", "61.2 %"),
        ("truncated_rate", 0.0, "share", "0.0 %"),
        ("sd_over_repeats", 0.0123, "share", "1.2"),
        ("sd_over_repeats", 2.41, "points", "2.4"),
        ("deliberate_blanks", 3.0, "points", "3"),
        ("points_if_none_is_blank", 90.0, "points", "90.0"),
    ],
)
def test_a_further_figure_is_on_the_scale_of_its_name(name: str, value: float, unit: Unit, text: str) -> None:
    assert extra_text(name, value, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (45.4, "45 s"), (100, "2 min"), (3600, "60 min"), (11_100, "3 h 05 min")],
)
def test_times_left_are_rough(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_percent_rounds_once() -> None:
    assert percent(0.12345) == "12.3 %"
    assert percent(0.12345, 0) == "12 %"
