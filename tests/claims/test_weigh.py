"""When does an interval support or contradict a claim?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.claims.data import read_claims
from phi4eval.claims.weigh import Relation, decide, published_noise, together
from phi4eval.types import ClaimVerdict

# relation, low and high of ours minus theirs, the labs' noise, verdict
CASES: list[tuple[Relation, float, float, float, ClaimVerdict]] = [
    ("above", 0.03, 0.09, 0.028, "supported"),
    ("above", 0.02, 0.09, 0.028, "undecided"),  # above zero, and within what two labs differ by
    ("above", -0.09, -0.03, 0.028, "contradicted"),
    ("above", -0.09, 0.01, 0.028, "undecided"),
    ("above", 0.001, 0.01, 0.0, "supported"),  # two runs of ours: no labs' noise
    ("below", -0.09, -0.03, 0.028, "supported"),
    ("below", 0.03, 0.09, 0.028, "contradicted"),
    ("below", -0.03, 0.03, 0.028, "undecided"),
    ("on_par", -0.01, 0.05, 0.028, "supported"),
    ("on_par", 0.10, 0.20, 0.028, "supported"),  # better is on a par, too
    ("on_par", -0.20, -0.10, 0.028, "contradicted"),
    ("on_par", -0.05, 0.05, 0.028, "undecided"),
    ("reproduced", -0.01, 0.01, 0.028, "supported"),
    ("reproduced", -0.10, 0.10, 0.028, "undecided"),  # too few items to say that it is the same
    ("reproduced", 0.03, 0.10, 0.028, "contradicted"),
    ("reproduced", -0.10, -0.03, 0.028, "contradicted"),
]


@pytest.mark.parametrize(("relation", "low", "high", "margin", "verdict"), CASES)
def test_a_verdict_needs_the_whole_interval(
    relation: Relation, low: float, high: float, margin: float, verdict: ClaimVerdict
) -> None:
    assert decide(relation, low, high, margin) == verdict


edges = st.floats(-1, 1)


@given(edges, edges, st.floats(0, 0.1), st.sampled_from(["above", "below", "on_par", "reproduced"]))
def test_a_wider_interval_never_turns_open_into_a_verdict(
    a: float, b: float, margin: float, relation: Relation
) -> None:
    low, high = sorted((a, b))
    if decide(relation, low, high, margin) == "undecided":
        assert decide(relation, low - 0.1, high + 0.1, margin) == "undecided"


@given(edges, edges, st.floats(0, 0.1))
def test_more_noise_never_makes_a_difference_clearer(a: float, b: float, margin: float) -> None:
    low, high = sorted((a, b))
    if decide("above", low, high, margin) == "undecided":
        assert decide("above", low, high, margin + 0.05) == "undecided"


@pytest.mark.parametrize(
    ("won", "lost", "undecided", "missing", "verdict"),
    [
        (9, 3, 0, 0, "supported"),
        (9, 0, 0, 3, "supported"),
        (8, 3, 1, 0, "undecided"),
        (0, 4, 0, 8, "contradicted"),
        (0, 3, 0, 9, "undecided"),
        (0, 0, 0, 12, "not measured"),
    ],
)
def test_nine_of_twelve_counts_what_is_open(
    won: int, lost: int, undecided: int, missing: int, verdict: str
) -> None:
    names: tuple[ClaimVerdict, ...] = ("supported", "contradicted", "undecided", "not measured")
    counts = (won, lost, undecided, missing)
    verdicts = [name for name, count in zip(names, counts, strict=True) for _ in range(count)]
    assert together(verdicts, wanted=9) == verdict


def test_the_published_gaps_noise_is_that_of_the_evidence() -> None:
    file = read_claims()
    table = file.scores()
    gpqa = published_noise(table["gpqa"]["phi-4"], table["gpqa"]["gpt-4o"], file.items["gpqa"])
    assert "+5.5 points [−4.3, +15.1] on 198 items, p = 0.27, which is not told apart from none" in gpqa
    math = published_noise(table["math"]["phi-4"], table["math"]["gpt-4o"], file.items["math"])
    assert "+5.8 points" in math
    assert "not told apart" not in math
