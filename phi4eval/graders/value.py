"""Are two formulas equal, by their values? Exact where they are rational, to 50 digits where they are not.

Two formulas without letters are equal if their values are. Two with letters are compared at points that
nobody can choose beforehand (they come from a hash of both texts): different values at one point of their
common domain show that they differ, equal values at all points that they are the same function, up to a
chance of less than one in a million millions. None means that this way does not decide, and then the algebra
system does. Everything is bounded by LIMITS, so it may run in the caller's process.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from phi4eval.graders.formula import Node, read_formula, symbols_of

LIMITS = {"bits": 40_000, "factorial": 3_000, "exponent": 20_000, "argument": 10_000.0}
"""How large exact numbers, factorials, exponents, and arguments of functions may be, by name."""
DIGITS = 80
"""Decimal digits that inexact values are computed with."""
_SAME = 10**-50
"""Inexact values are equal if they differ by less than this part of their size."""
_NOTHING = 10**-40
"""Where both values are smaller than this, digits may have cancelled: undecided."""

_SIZES = (1, 4, 20, 100, 100, 1000, -1, -4)
"""Of real points: positive ones decide, negative ones may only object."""

Point = Mapping[str, Fraction]


class _Inexact(Exception):
    """Not a rational number, or over a limit."""


class _Outside(Exception):
    """The point is outside of the formula's domain, or the value over a limit."""


@lru_cache(maxsize=20_000)
def same_value(*, gold: str, prediction: str) -> bool | None:
    """Equal, different, or None where this does not decide. Both texts are normalised."""
    left, right = read_formula(gold), read_formula(prediction)
    if left is None or right is None:
        return None
    names = sorted(symbols_of(left) | symbols_of(right))
    if not names:
        return _same_constants(left, right)
    plain = _is_rational(left) and _is_rational(right)
    exact = _same_rational(left, right, _points(names, gold, prediction, "large" if plain else "small"))
    if exact is False or (exact and (plain or _is_discrete(left) or _is_discrete(right))):
        return exact
    return _same_function(left, right, _points(names, gold, prediction, "real"))


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
            [_exact(tree, point) for tree in trees]
            for point in _points(sorted(names), gold, prediction, "large")
        ]
    except (_Inexact, ZeroDivisionError):
        return None
    (a, b), (c, d) = values
    return None if not all((a, b, c, d)) else a * d == b * c


def _points(names: list[str], gold: str, prediction: str, kind: str) -> list[dict[str, Fraction]]:
    """Points from a hash of both texts: large integers, small ones of all parities, or real numbers."""
    seed = hashlib.blake2b(f"{gold}\x00{prediction}".encode("utf-8", "replace"), digest_size=32).digest()
    points = []
    for trial in range(2 if kind == "large" else 8):
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
            values = _exact(left, point), _exact(right, point)
        except _Inexact:
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
        return _exact(left, {}) == _exact(right, {})
    except _Inexact:
        pass
    try:
        return _close(_numeric(left, {}), _numeric(right, {}))
    except _Outside:
        return None


def _has_value(node: Node) -> bool:
    """No division by zero in the exact part: `6/0` is no number, whatever it is compared with."""
    try:
        _exact(node, {})
    except ZeroDivisionError:
        return False
    except _Inexact:
        return all(_has_value(part) for part in node[1:] if isinstance(part, tuple))
    return True


def _same_function(left: Node, right: Node, points: list[dict[str, Fraction]]) -> bool | None:
    """Compared at points where both are real; they must agree at negative ones too, where they are real."""
    found: list[bool] = []
    objections = 0
    imaginary = ("const", "i") in _constants(left) | _constants(right)
    for size, point in zip(_SIZES, points, strict=True):
        try:
            values = _numeric(left, point), _numeric(right, point)
        except _Outside:
            continue
        same = _close(*values)
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


# ---------------------------------------------------------------- exact values


def _exact(node: Node, point: Point) -> Fraction:
    """The rational value at a point. _Inexact: it is none, or over a limit; ZeroDivisionError: a pole."""
    kind = node[0]
    if kind == "num":
        return node[1]  # type: ignore[return-value]
    if kind == "sym":
        return point[str(node[1])]
    if kind in ("const", "fn", "log", "conj"):
        raise _Inexact
    operands = [_exact(part, point) for part in node[1:] if isinstance(part, tuple)]
    return _checked(_EXACT[str(kind)](*operands))


def _checked(value: Fraction) -> Fraction:
    if value.numerator.bit_length() + value.denominator.bit_length() > LIMITS["bits"]:
        raise _Inexact
    return value


def _whole(value: Fraction, largest: int) -> int:
    if value.denominator != 1 or abs(value.numerator) > largest:
        raise _Inexact
    return value.numerator


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    power = _whole(exponent, LIMITS["exponent"])  # type: ignore[arg-type]
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if size > 1 and size * abs(power) > LIMITS["bits"]:
        raise _Inexact
    if base == 0 and power <= 0:
        raise ZeroDivisionError
    return base**power


def _factorial(value: Fraction) -> Fraction:
    count = _whole(value, LIMITS["factorial"])  # type: ignore[arg-type]
    if count < 0:
        raise _Inexact
    return Fraction(math.factorial(count))


def _binomial(above: Fraction, below: Fraction) -> Fraction:
    top, bottom = (_whole(value, 4 * LIMITS["factorial"]) for value in (above, below))  # type: ignore[arg-type]
    if top < 0 or bottom < 0:
        raise _Inexact
    return Fraction(math.comb(top, bottom))


def _root(radicand: Fraction, index: Fraction) -> Fraction:
    if index != 2 or radicand < 0:
        raise _Inexact
    root = Fraction(math.isqrt(radicand.numerator), math.isqrt(radicand.denominator))
    if root * root != radicand:
        raise _Inexact
    return root


_EXACT: dict[str, Callable[..., Fraction]] = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pow": _power,
    "abs": abs,
    "floor": lambda a: Fraction(math.floor(a)),
    "ceil": lambda a: Fraction(math.ceil(a)),
    "fact": _factorial,
    "binom": _binomial,
    "root": _root,
}

# ---------------------------------------------------------------- inexact values

_OWN = threading.local()


def _digits() -> Any:
    """This thread's arithmetic: mpmath's contexts change their precision while they work."""
    context = getattr(_OWN, "context", None)
    if context is None:
        from mpmath.ctx_mp import MPContext  # type: ignore[import-untyped]

        context = _OWN.context = MPContext()
        context.dps = DIGITS
    return context


def _numeric(node: Node, point: Point) -> Any:
    """The value at a point as mpf or mpc; _Outside where it has none that is safe to compare."""
    mp = _digits()
    kind = str(node[0])
    if kind in ("num", "sym"):
        value = node[1] if kind == "num" else point[str(node[1])]
        return mp.mpf(value.numerator) / value.denominator  # type: ignore[attr-defined]
    if kind == "const":
        return {"pi": mp.pi, "e": mp.e, "i": mp.mpc(0, 1)}[str(node[1])] * 1
    operands = [_numeric(part, point) for part in node[1:] if isinstance(part, tuple)]
    try:
        value = _function(mp, str(node[1]), *operands) if kind == "fn" else _NUMERIC[kind](mp, *operands)
    except (ZeroDivisionError, ValueError, OverflowError):
        raise _Outside from None
    if not mp.isfinite(value):
        raise _Outside
    return value


def _function(mp: Any, name: str, x: Any) -> Any:
    if abs(x) > LIMITS["argument"]:
        raise _Outside
    if name == "ln":
        return _logarithm(mp, mp.e * 1, x)
    if name == "cis":
        return mp.expj(x)
    if name in ("arcsin", "arccos") and (x.imag or abs(x) > 1):
        raise _Outside
    return getattr(mp, {"arcsin": "asin", "arccos": "acos", "arctan": "atan"}.get(name, name))(x)


def _logarithm(mp: Any, base: Any, x: Any) -> Any:
    if base.imag or x.imag or base <= 0 or x <= 0 or base == 1:
        raise _Outside
    return mp.ln(x) / mp.ln(base)


def _real_power(mp: Any, base: Any, exponent: Any) -> Any:
    if abs(exponent) > LIMITS["argument"] or abs(mp.mag(base)) > 10**6:
        raise _Outside
    whole = not exponent.imag and exponent == int(exponent.real)
    if whole:
        return base ** int(exponent.real)
    if not base.imag and base < 0:
        raise _Outside  # two conventions
    return mp.power(base, exponent)


def _real_root(mp: Any, radicand: Any, index: Any) -> Any:
    if index.imag or index != int(index) or not 2 <= index <= 1000:
        raise _Outside
    count = int(index)
    if radicand.imag:
        return mp.power(radicand, mp.mpf(1) / count)
    if radicand < 0 and count % 2:
        return -mp.root(-radicand, count)
    if radicand < 0 and count > 2:
        raise _Outside
    return mp.sqrt(radicand) if count == 2 else mp.root(radicand, count)


def _integer(mp: Any, x: Any) -> int:
    if x.imag or x != int(x) or not 0 <= x <= LIMITS["factorial"]:
        raise _Outside
    return int(x)


_NUMERIC: dict[str, Callable[..., Any]] = {
    "add": lambda mp, a, b: a + b,
    "mul": lambda mp, a, b: a * b,
    "div": lambda mp, a, b: a / b,
    "neg": lambda mp, a: -a,
    "pow": _real_power,
    "root": _real_root,
    "abs": lambda mp, a: abs(a),
    "conj": lambda mp, a: mp.conj(a),
    "floor": lambda mp, a: mp.floor(a),
    "ceil": lambda mp, a: mp.ceil(a),
    "log": _logarithm,
    "fact": lambda mp, a: mp.mpf(math.factorial(_integer(mp, a))),
    "binom": lambda mp, a, b: mp.mpf(math.comb(_integer(mp, a), _integer(mp, b))),
}
