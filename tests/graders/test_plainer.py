"""Plainer forms: what each rule turns a text into, and the texts next to it that stay as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.graders.normal import normalised
from phi4eval.graders.plainer import plainer, unqualified


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("the point (1, 2)", "(1, 2)"),
        ("the line y = 2x", "y = 2x"),
        ("the pointless (1, 2)", "the pointless (1, 2)"),
        ("set of all primes", "set of all primes"),
        ("7 dollars and 50 cents", r"\frac{15}{2} dollars"),
        ("1 hour, 30 minutes and 36 seconds", r"\frac{151}{100} hour"),
        ("50 cents and 7 dollars", "50 cents and 7 dollars"),
        ("7 dollars and 50 minutes", "7 dollars and 50 minutes"),
        ("3 apples and 2 pears", "3 apples and 2 pears"),
        ("2/3 of the cake", "2/3"),
        ("2 of the 3 cakes", "2 of the 3 cakes"),
        ("sum of the roots", "sum of the roots"),
        ("12:30:00", "12:30"),
        ("12:30:01", "12:30:01"),
        ("1,250 people", "1250 people"),
        ("1,25 people", "1,25 people"),
        ("a > b > c", "c < b < a"),
        (r"a \ge b > c", r"c < b \le a"),
        ("a > b", "a > b"),
        ("a > b < c", "a > b < c"),
        ("p=5,q=2;p=7,q=2", "(5 , 2) , (7 , 2)"),
        ("q=2,p=5;p=7,q=3", "(5 , 2) , (7 , 3)"),
        ("p=5,q=2;p=7,r=2", "p=5,q=2;p=7,r=2"),
        ("p=5;q=2;r=7;s=2", "p=5;q=2;r=7;s=2"),
        ("x = 3 또는 x = 2", "x = 3 or x = 2"),
        ("x=2 或 x=3", "x=2 or x=3"),
        ("8입니다", "8"),
        ("1又1/2", "1 1/2"),
        ("12元", "12 yuan"),
        ("25平方厘米", "25 cm^2"),
    ],
)
def test_a_rule_says_the_same_plainer_or_leaves_the_text(text: str, plain: str) -> None:
    assert plainer(text) == plain


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        (r"2k\pi, k \in \mathbb{Z}", r"2k\pi"),
        ("2^n for all n", "2^n"),
        ("ax + b where a, b are constants", "ax + b"),
        (r"(1,k) \forall k \in \mathbb{Z}^+", "(1,k)"),
        ("4 for n = 2", "4 for n = 2"),
        (r"4 for all n \ge 2", r"4 for all n \ge 2"),
        ("4, k", "4, k"),
        ("a b", "a b"),
    ],
)
def test_a_qualifier_without_numbers_is_set_aside_if_only_one_side_has_it(text: str, bare: str) -> None:
    assert unqualified("17", text) == ("17", bare)
    assert unqualified(text, "17") == (bare, "17")


def test_two_qualifiers_are_compared_like_anything_else() -> None:
    both = (r"k, k \in \mathbb{Z}", r"k, k \in \mathbb{N}")
    assert unqualified(*both) == both


@given(st.text(alphabet="0123456789abxyk+-*/^_{}()[]\\ ,;=<>.:或元andorfthe", max_size=40))
def test_no_text_raises_and_a_plain_form_stays(text: str) -> None:
    once = plainer(normalised(text)) if normalised(text) else ""
    assert isinstance(once, str)
    unqualified(normalised(text), "1")
