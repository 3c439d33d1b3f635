"""Formulas are read in one way only, and compared by values that nobody could have aimed at."""

from __future__ import annotations

import threading
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.graders.formula import LIMITS, read_formula, symbols_of
from phi4eval.graders.normal import normalised
from phi4eval.graders.units import conflict, conversion, split_unit, unit_of
from phi4eval.graders.value import same_equation, same_value


def same(gold: str, prediction: str) -> bool | None:
    return same_value(gold=normalised(gold), prediction=normalised(prediction))


@pytest.mark.parametrize(
    ("gold", "prediction", "expected"),
    [
        ("3^{2024}", "9^{1012}", True),
        ("3^{2024}", "9^{1012}+1", False),
        ("2^{n+1}", r"2\cdot 2^n", True),
        ("2^{n+1}", "2^n+2", False),
        ("n!", r"n(n-1)!", True),
        (r"\binom{n}{2}", r"\frac{n(n-1)}{2}", True),
        (r"\sqrt{x^2}", "x", None),  # not at negative x: for the algebra system to say
        (r"|x|", "x", None),
        (r"\lfloor x \rfloor", "x", False),
        (r"\lfloor x \rfloor", r"\lceil x \rceil", False),
        (r"\sqrt[3]{-8}", "-2", True),
        (r"\sqrt{-4}", "2i", True),
        ("i^2", "-1", True),
        (r"\sin^2 x + \cos^2 x", "1", True),
        (r"\sin^{-1}(\frac{1}{2})", r"\frac{\pi}{6}", True),
        (r"\ln(x-5)+\ln(x-7)", r"\ln((x-5)(x-7))", True),
        (r"e^{i\pi}", "-1", True),
        ("3x", "x+x+x", True),
        ("(x+1)^{20}", "(1+x)^{20}", True),
        (r"\frac{x^2-1}{x-1}", "x+1", True),
        (r"2\frac{x}{3}", r"\frac{2x}{3}", True),
        (r"\log_2 8", "3", True),
        ("1/0", "1/0", None),
    ],
)
def test_formulas_are_equal_where_their_values_are(gold: str, prediction: str, expected: bool | None) -> None:
    assert same(gold, prediction) is expected


@pytest.mark.parametrize(
    "text",
    [
        "1/2x", r"2\frac13 x", "f(x)", r"\log", "2 3", "even", "a^b^c", r"45^\circ", "x=1", "1,2", "x <",
        "(x", r"\frac{1}{", "x_", "12_3", r"\int_0^1", r"\pm 2", "(" * 40 + "x" + ")" * 40, "x" * 700,
        "9" * 1300, "+".join(["x"] * 320), "", r"\sqrt[2", "|x", "^2", r"\overline{AB}",
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_or_is_no_formula_is_not_read(text: str) -> None:
    assert read_formula(text) is None


@pytest.mark.parametrize(
    "text",
    [r"10^{10^{10}}", "9^{9^{9}}", "3000!!", "(2^{30000})!", r"\binom{100000}{50000}", r"\exp(10^{9})",
     r"\sin(10^{300})", "2^{99999999}", r"(\sqrt2)^{10^9}", "((((1+x)^{300})^{300})^{300})^{300}"],
)  # fmt: skip
def test_values_over_a_limit_are_left_undecided(text: str) -> None:
    assert same_value(gold="5", prediction=text) in (None, False)
    assert same_value(gold=text, prediction=text + "+1") in (None, False)


def test_the_limits_are_held_at_their_edge() -> None:
    assert read_formula("x" + "+x" * ((LIMITS["characters"] - 1) // 2)) is None  # nodes
    assert read_formula("1" * (LIMITS["digits"] // 3)) == ("num", Fraction("1" * (LIMITS["digits"] // 3)))


coefficients = st.lists(st.integers(-9, 9), min_size=1, max_size=5)


def polynomial(numbers: list[int]) -> str:
    return " + ".join(f"({number}) x^{{{power}}}" for power, number in enumerate(numbers))


@given(coefficients, coefficients)
def test_polynomials_are_equal_exactly_if_their_coefficients_are(left: list[int], right: list[int]) -> None:
    def trimmed(numbers: list[int]) -> list[int]:
        while numbers and not numbers[-1]:
            numbers = numbers[:-1]
        return numbers

    expected = trimmed(left) == trimmed(right)
    said = same(polynomial(left), polynomial(right))
    assert said is expected


@given(coefficients, coefficients)
def test_a_product_is_its_expansion(left: list[int], right: list[int]) -> None:
    product = [0] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            product[i + j] += a * b
    factored = f"({polynomial(left)})({polynomial(right)})"
    assert same(factored, polynomial(product)) is True
    product[0] += 1
    assert same(factored, polynomial(product)) is False


@given(st.text(alphabet=r"0123456789xyzie+-*/^_(){}[]|!.\ ", max_size=60))
def test_any_text_is_read_or_not_and_never_raises(text: str) -> None:
    tree = read_formula(text)
    if tree is not None:
        symbols_of(tree)
        assert same_value(gold=text, prediction=text) in (True, None)


def test_threads_do_not_share_an_arithmetic() -> None:
    said: list[bool | None] = []

    def judge(number: int) -> None:
        said.append(same(rf"\sqrt{{{number}}}\sin {number}", rf"\sin({number})\sqrt{{{number}}}"))

    threads = [threading.Thread(target=judge, args=(number,)) for number in range(2, 34)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == [True] * 32


@pytest.mark.parametrize(
    ("left", "right", "ratio"),
    [
        ("m", "cm", Fraction(1, 100)),
        ("hours", "min", Fraction(1, 60)),
        ("dollars", "cents", Fraction(1, 100)),
        ("m s^{-2}", "m/s^2", 1),
        ("m/s^2", "m per second squared", 1),
        ("km/h", "kilometers per hour", 1),
        ("J", "N m", 1),
        ("W", "J/s", 1),
        ("square feet", "ft^2", 1),
        ("cubic inches", "in^3", 1),
        ("kWh", "MJ", Fraction(10, 36)),
        ("L", "cm^3", Fraction(1, 1000)),
        ("units^2", "square units", 1),
    ],
)  # fmt: skip
def test_a_unit_is_so_many_of_another(left: str, right: str, ratio: Fraction | int) -> None:
    units = unit_of(left), unit_of(right)
    assert None not in units
    assert not conflict(*units)
    assert conversion(*units) == ratio


@pytest.mark.parametrize(
    ("left", "right"),
    [("cm", "cm^2"), ("m/s", "m/s^2"), ("N", "J"), ("dollars", "euros"), ("degrees", "radians"), ("kg", "lb"),
     ("celsius", "fahrenheit"), ("units^2", "units^3"), ("years", "days")],
)  # fmt: skip
def test_units_of_different_kinds_are_in_conflict(left: str, right: str) -> None:
    assert conflict(unit_of(left), unit_of(right))


@pytest.mark.parametrize("text", ["5m", "2n", "x", "12", "3 and 4", "2 sin", "5 thousand"])
def test_letters_of_a_product_are_no_unit(text: str) -> None:
    assert split_unit(text) == (text, None)


@pytest.mark.parametrize(
    ("gold", "prediction", "expected"),
    [
        ("2x+3y=6", "4x+6y=12", True),
        ("2x+3y=6", r"y=2-\frac{2}{3}x", True),
        ("2x+3y=6", "3x+2y=6", False),
        ("x^2+y^2=25", "25-x^2-y^2=0", True),
        ("x=2", "2x=4", None),  # one letter: its solutions are numbers
        (r"\sqrt{x}+y=1", r"y=1-\sqrt{x}", None),
        ("x+y=1=z", "x+y=1", None),
    ],
)
def test_an_equation_is_its_multiples(gold: str, prediction: str, expected: bool | None) -> None:
    assert same_equation(gold=normalised(gold), prediction=normalised(prediction)) is expected


@pytest.mark.parametrize(("gold", "prediction"), [("5", r"\frac{5}{0}"), (r"\frac{1}{0}", "1")])
def test_what_has_no_value_is_not_what_has_one(gold: str, prediction: str) -> None:
    assert same(gold, prediction) is False
