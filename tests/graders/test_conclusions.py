"""What a worked solution concludes with: the last member of a chain, in front of reasons and comparisons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.graders.chains import concludes, last_member, last_row
from phi4eval.graders.clauses import main_clause, without_figures
from phi4eval.graders.extract import MATH


@pytest.mark.parametrize(
    ("chain", "gold", "conclusion"),
    [
        ("$2x + 1 = 4 + 1 = 5$", "5", "5"),
        ("$y = 2x$", "y = 2x", "$y = 2x$"),
        ("$x = 2, y = 3$", "3", "$x = 2, y = 3$"),
        ("$x = 2$ or $x = 3$", "3", "$x = 2$ or $x = 3$"),
        ("$8 =$", "8", "$8 =$"),
        ("$12 = x$", "12", "12"),
        (r"$h = \sqrt{3} \approx 1.73$", r"\sqrt{3}", r"\sqrt{3}"),
        (r"$h = \sqrt{3} \approx 1.73$", "1.73", "1.73"),
        (r"$3^8 \equiv 16 \pmod{17}$", "16", "16"),
        (r"$n = 1,\!234 = 2 \cdot 617$", "1234", r"2 \cdot 617"),
        (r"$a \le b = 3$", "3", "3"),
        ("$x >= 3$", "3", "$x >= 3$"),
        (r"12,\!000", "12000", r"12,\!000"),
        ("", "5", ""),
    ],
)
def test_the_last_member_of_a_chain_is_compared_unless_the_gold_is_a_relation(
    chain: str, gold: str, conclusion: str
) -> None:
    assert concludes(chain, gold) == conclusion


@pytest.mark.parametrize(
    ("formula", "row"),
    [
        (r"\begin{align*} 1 + 1 &= 3 - 1 \\ &= 2. \end{align*}", "= 2."),
        (r"\[\begin{aligned} a &= 5 & \text{given} \\ &= 6 & \text{twice} \\ \end{aligned}\]", "= 6"),
        (r"\begin{align*} x &= 1 \\ y &= 2 \end{align*}", "x = 1, y = 2"),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
        ("5", "5"),
    ],
)
def test_of_aligned_rows_the_last_one_counts_and_a_matrix_has_none(formula: str, row: str) -> None:
    assert last_row(formula) == row


@given(st.lists(st.integers(-999, 999), min_size=1, max_size=6))
def test_any_chain_of_numbers_concludes_with_its_last(members: list[int]) -> None:
    assert last_member(" = ".join(map(str, members))) == str(members[-1])


@given(st.text(max_size=200), st.text(max_size=20))
def test_no_text_breaks_the_reading_of_a_chain(text: str, gold: str) -> None:
    assert isinstance(concludes(text, gold), str)


@pytest.mark.parametrize(
    ("sentence", "clause"),
    [
        ("The area is 12, since 3 times 4 is 12.", "The area is 12"),
        ("So since 2x = 8, x = 4.", "So since 2x = 8, x = 4."),
        ("It takes 5 hours, which is 2 more than before.", "It takes 5 hours"),
        ("We get 2x = 8, which gives x = 4.", "We get 2x = 8, which gives x = 4."),
        ("12 of them when n is 3, so 36 in all.", "12 of them when n is 3, so 36 in all."),
        ("He needs 9 eggs to bake 4 cakes.", "He needs 9 eggs"),
        ("Add 4 to get 9.", "Add 4 to get 9."),
        ("The given equation has 2 roots.", "The given equation has 2 roots."),
        ("7 of the 20 pupils", "7"),
        ("Half of the 20 is 10.", "Half of the 20 is 10."),
    ],
)  # fmt: skip
def test_the_main_clause_ends_where_a_reason_or_a_comparison_begins(sentence: str, clause: str) -> None:
    formulas = list(MATH.finditer(sentence))
    assert sentence[: main_clause(sentence, 0, len(sentence), formulas)] == clause


def test_the_source_of_a_drawing_is_blanked_at_the_same_offsets() -> None:
    text = "It is 4.\n[asy]\ndraw((0,0)--(3,5));\n[/asy]\nDone."
    blank = without_figures(text)
    assert len(blank) == len(text)
    assert blank.startswith("It is 4.\n")
    assert "3" not in blank
    assert without_figures("[asy] never closed 5") == "[asy] never closed 5"
