"""Are two formulas equal, by their values? Exact where they are rational, to 50 digits where they are not.

Two formulas without letters are equal if their values are. Two with letters are compared at points that
nobody can choose beforehand (they come from a hash of both texts): different values at one point of their
common domain show that they differ, equal values at all points that they are the same function, up to a
chance of less than one in a million millions. None means that this way does not decide, and then the algebra
system does. Everything is bounded by arithmetic.LIMITS, so it may run in the caller's process.
"""

from __future__ import annotations

import hashlib
import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

from phi4eval.graders.arithmetic import DIGITS, Inexact, Outside, exact_value, numeric_value, own_digits
from phi4eval.graders.formula import SOME_BASE, Node, read_formula, symbols_of

_SAME = 10**-50
"""Inexact values are equal if they differ by less than this part of their size."""
_AGAIN = 400
"""Digits with which two constants that are equal by that are computed once more: `2^{2^{-1000}}` is not 1."""
_NOTHING = 10**-40
"""Where both values are smaller than this, digits may have cancelled: undecided."""

_SIZES = (1, 4, 20, 100, 100, 1000, -1, -4, -20, -1000, -(10**6))
"""Of real points: positive ones decide, negative ones may only object."""

_INTEGERS = frozenset("knm")
"""Letters that are taken for integers in the exponent of a negative number."""
_SIGN = re.compile(r"(<|>|\\le(?![a-zA-Z])|\\ge(?![a-zA-Z]))")


@lru_cache(maxsize=20_000)
def same_value(*, gold: str, prediction: str) -> bool | None:
    """Equal, different, or None where this does not decide. Both texts are normalised."""
    left, right = read_formula(gold), read_formula(prediction)
    if left is None or right is None:
        return None
    if SOME_BASE in symbols_of(right) and _has_natural_logarithm(left):
        right = _with_base_e(right)
    names = sorted(symbols_of(left) | symbols_of(right))
    if SOME_BASE in names:
        # equal with any base is equal; whether they are with the one that was meant is not for this to say
        return _same_function(left, right, _points(names, gold, prediction, "real")) or None
    if not names:
        return _same_constants(left, right)
    plain = _is_rational(left) and _is_rational(right)
    exact = _same_rational(left, right, _points(names, gold, prediction, "large" if plain else "small"))
    if exact is False or (exact and (plain or _is_discrete(left) or _is_discrete(right))):
        return exact
    same = _same_function(left, right, _points(names, gold, prediction, "real"))
    if same is None and _alternates(left) | _alternates(right):
        return _same_function(left, right, _points(names, gold, prediction, "small")) or None
    return same


@lru_cache(maxsize=20_000)
def same_inequality(*, gold: str, prediction: str) -> bool:
    """Inequalities of which one is a positive multiple of the other, whichever way they are turned."""
    said = [_one_sided(text) for text in (gold, prediction)]
    if not all(said) or len({strict for strict, _ in filter(None, said)}) != 1:
        return False
    trees = [tree for _, tree in filter(None, said)]
    names = symbols_of(trees[0])
    if not names or names != symbols_of(trees[1]) or not all(map(_is_rational, trees)):
        return False
    try:
        values = [
            [exact_value(tree, point) for tree in trees]
            for point in _points(sorted(names), gold, prediction, "large")
        ]
    except (Inexact, ZeroDivisionError):
        return False
    (a, b), (c, d) = values
    return a * b > 0 and a * d == b * c


def _one_sided(text: str) -> tuple[bool, Node] | None:
    """`a > b` as what is below 0 and whether it may be 0: b - a, strictly."""
    if len(sides := _SIGN.split(text)) != 3:
        return None
    first, sign, second = sides[0], sides[1], sides[2]
    low, high = (first, second) if sign in ("<", "\\le") else (second, first)
    left, right = read_formula(low.strip()), read_formula(high.strip())
    return None if left is None or right is None else (sign in "<>", ("add", left, ("neg", right)))


def rising(low: str, high: str) -> bool | None:
    """Is the first of two numbers less than the second? None where one of them is no real number."""
    left, right = read_formula(low), read_formula(high)
    if left is None or right is None or symbols_of(left) or symbols_of(right):
        return None
    try:
        values = numeric_value(left, {}), numeric_value(right, {})
    except Outside:
        return None
    return None if any(value.imag for value in values) else bool(values[0] < values[1])


def _has_natural_logarithm(node: Node) -> bool:
    return node[:2] == ("fn", "ln") or any(
        _has_natural_logarithm(part) for part in node[1:] if isinstance(part, tuple)
    )


def _with_base_e(node: Node) -> Node:
    """A gold answer in natural logarithms says which ones the prediction's `\\log` are."""
    if node == ("sym", SOME_BASE):
        return ("const", "e")
    return tuple(_with_base_e(part) if isinstance(part, tuple) else part for part in node)


def _alternates(node: Node) -> bool:
    """Powers of something negative, `(-1)^n`, and their letters are those of integers."""
    inner = [part for part in node[1:] if isinstance(part, tuple)]
    if node[0] == "pow" and inner[0][0] == "neg" and symbols_of(inner[1]):
        return symbols_of(inner[1]) <= _INTEGERS
    return any(map(_alternates, inner))


@lru_cache(maxsize=20_000)
def same_equation(*, gold: str, prediction: str) -> bool | None:
    """Equations of two and more letters with the same solutions, as far as one is a multiple of the other."""
    sides = [text.split("=") for text in (gold, prediction)]
    if any(len(parts) != 2 for parts in sides):
        return None
    read = [[read_formula(part.strip()) for part in parts] for parts in sides]
    trees: list[Node] = []
    for first, second in read:
        if first is None or second is None:
            return None
        trees.append(("add", first, ("neg", second)))
    names = symbols_of(trees[0])
    if len(names) < 2 or names != symbols_of(trees[1]) or not all(map(_is_rational, trees)):
        return None
    try:
        values = [
            [exact_value(tree, point) for tree in trees]
            for point in _points(sorted(names), gold, prediction, "large")
        ]
    except (Inexact, ZeroDivisionError):
        return None
    (a, b), (c, d) = values
    return None if not all((a, b, c, d)) else a * d == b * c


def _points(names: list[str], gold: str, prediction: str, kind: str) -> list[dict[str, Fraction]]:
    """Points from a hash of both texts: large integers, small ones of all parities, or real numbers."""
    seed = hashlib.blake2b(f"{gold}\x00{prediction}".encode("utf-8", "replace"), digest_size=32).digest()
    points = []
    for trial in range(2 if kind == "large" else len(_SIZES)):
        point = {}
        for place, name in enumerate(names):
            noise = int.from_bytes(hashlib.blake2b(seed + bytes((trial, place)), digest_size=12).digest())
            if kind == "large":
                point[name] = Fraction(noise % 10**15 + 10**6)
            elif kind == "small":
                point[name] = Fraction(noise % 20 * 2 + 2 + (trial >> place & 1))
            else:
                point[name] = Fraction(noise % 10**24 + 10**22, 10**24) * _SIZES[trial]
        points.append(point)
    return points


def _is_rational(node: Node) -> bool:
    """A quotient of polynomials: equal at points that nobody could choose means equal everywhere."""
    inner = [part for part in node[1:] if isinstance(part, tuple)]
    if node[0] == "pow" and symbols_of(inner[1]):
        return False
    if symbols_of(node) and node[0] not in ("sym", "add", "mul", "div", "neg", "pow"):
        return False
    return all(map(_is_rational, inner))


def _is_discrete(node: Node) -> bool:
    """Factorials and binomials of letters: defined at integers only."""
    inner = [part for part in node[1:] if isinstance(part, tuple)]
    return (node[0] in ("fact", "binom") and bool(symbols_of(node))) or any(map(_is_discrete, inner))


def _same_rational(left: Node, right: Node, points: list[dict[str, Fraction]]) -> bool | None:
    compared = False
    for point in points:
        try:
            values = exact_value(left, point), exact_value(right, point)
        except Inexact:
            return None
        except ZeroDivisionError:
            continue
        if values[0] != values[1]:
            return False
        compared = True
    return compared or None


def _same_constants(left: Node, right: Node) -> bool | None:
    defined = [_has_value(side) for side in (left, right)]
    if False in defined:
        return False if True in defined else None
    try:
        return exact_value(left, {}) == exact_value(right, {})
    except Inexact:
        pass
    try:
        same = _close(numeric_value(left, {}), numeric_value(right, {}))
        return _equal_to_more_digits(left, right) if same else same
    except Outside:
        return None


def _equal_to_more_digits(left: Node, right: Node) -> bool:
    context = own_digits()
    context.dps = _AGAIN
    try:
        first, second = numeric_value(left, {}), numeric_value(right, {})
        return bool(abs(first - second) <= max(abs(first), abs(second)) * context.mpf(10) ** (20 - _AGAIN))
    finally:
        context.dps = DIGITS


def _has_value(node: Node) -> bool:
    """No division by zero in the exact part: `6/0` is no number, whatever it is compared with."""
    try:
        exact_value(node, {})
    except ZeroDivisionError:
        return False
    except Inexact:
        return all(_has_value(part) for part in node[1:] if isinstance(part, tuple))
    return True


def _same_function(left: Node, right: Node, points: list[dict[str, Fraction]]) -> bool | None:
    """Compared at points where both are real; they must agree at negative ones too, where they are real."""
    found: list[bool] = []
    objections = 0
    imaginary = ("const", "i") in _constants(left) | _constants(right)
    for size, point in zip(_SIZES, points, strict=True):
        try:
            values = numeric_value(left, point), numeric_value(right, point)
        except Outside:
            continue
        if size < 0 and not imaginary and all(v.imag for v in values):
            continue  # `1/\\sqrt{x}` and `\\sqrt{1/x}`: neither is a real number there
        same = _close(*values)
        if same is None and size < 0:
            continue
        if same is None or (not same and (size < 0 or imaginary or any(abs(v.imag) > 0 for v in values))):
            objections += 1
        else:
            found.append(same)
    if False in found:
        return False
    return True if len(found) >= 2 and not objections else None


def _close(left: Any, right: Any) -> bool | None:
    scale = max(abs(left), abs(right))
    if scale == 0:
        return True
    if scale < _NOTHING:
        return None
    return bool(abs(left - right) <= scale * _SAME)


def _constants(node: Node) -> set[Node]:
    inner = [part for part in node[1:] if isinstance(part, tuple)]
    return {node} if node[0] == "const" else set().union(*map(_constants, inner)) if inner else set()
