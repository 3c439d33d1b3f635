"""What is the value of a formula at a point? Exact where it is rational, to 80 digits where it is not.

A value that is over a limit, or that two conventions disagree about, is none. All is bounded by LIMITS, so
it may run in the caller's process.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from phi4eval.graders.formula import Node

LIMITS = {"bits": 40_000, "factorial": 3_000, "exponent": 20_000, "argument": 10_000.0}
"""How large exact numbers, factorials, exponents, and arguments of functions may be, by name."""
DIGITS = 80
"""Decimal digits that inexact values are computed with."""

Point = Mapping[str, Fraction]


class Inexact(Exception):
    """Not a rational number, or over a limit."""


class Outside(Exception):
    """The point is outside of the formula's domain, or the value over a limit."""


# ---------------------------------------------------------------- exact values


def exact_value(node: Node, point: Point) -> Fraction:
    """The rational value at a point. Inexact: it is none, or over a limit; ZeroDivisionError: a pole."""
    kind = node[0]
    if kind == "num":
        return node[1]  # type: ignore[return-value]
    if kind == "sym":
        return point[str(node[1])]
    if kind in ("const", "fn", "log", "conj"):
        raise Inexact
    operands = [exact_value(part, point) for part in node[1:] if isinstance(part, tuple)]
    return _checked(_EXACT[str(kind)](*operands))


def _checked(value: Fraction) -> Fraction:
    if value.numerator.bit_length() + value.denominator.bit_length() > LIMITS["bits"]:
        raise Inexact
    return value


def _whole(value: Fraction, largest: int) -> int:
    if value.denominator != 1 or abs(value.numerator) > largest:
        raise Inexact
    return value.numerator


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    power = _whole(exponent, LIMITS["exponent"])  # type: ignore[arg-type]
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if size > 1 and size * abs(power) > LIMITS["bits"]:
        raise Inexact
    if base == 0 and power <= 0:
        raise ZeroDivisionError
    return base**power


def _factorial(value: Fraction) -> Fraction:
    count = _whole(value, LIMITS["factorial"])  # type: ignore[arg-type]
    if count < 0:
        raise Inexact
    return Fraction(math.factorial(count))


def _binomial(above: Fraction, below: Fraction) -> Fraction:
    top, bottom = (_whole(value, 4 * LIMITS["factorial"]) for value in (above, below))  # type: ignore[arg-type]
    if top < 0 or bottom < 0:
        raise Inexact
    return Fraction(math.comb(top, bottom))


def _root(radicand: Fraction, index: Fraction) -> Fraction:
    if index != 2 or radicand < 0:
        raise Inexact
    root = Fraction(math.isqrt(radicand.numerator), math.isqrt(radicand.denominator))
    if root * root != radicand:
        raise Inexact
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


def own_digits() -> Any:
    """This thread's arithmetic: mpmath's contexts change their precision while they work."""
    context = getattr(_OWN, "context", None)
    if context is None:
        from mpmath.ctx_mp import MPContext  # type: ignore[import-untyped]

        context = _OWN.context = MPContext()
        context.dps = DIGITS
    return context


def numeric_value(node: Node, point: Point) -> Any:
    """The value at a point as mpf or mpc; Outside where it has none that is safe to compare."""
    mp = own_digits()
    kind = str(node[0])
    if kind in ("num", "sym"):
        value = node[1] if kind == "num" else point[str(node[1])]
        return mp.mpf(value.numerator) / value.denominator  # type: ignore[attr-defined]
    if kind == "const":
        return {"pi": mp.pi, "e": mp.e, "i": mp.mpc(0, 1)}[str(node[1])] * 1
    operands = [numeric_value(part, point) for part in node[1:] if isinstance(part, tuple)]
    try:
        value = _function(mp, str(node[1]), *operands) if kind == "fn" else _NUMERIC[kind](mp, *operands)
    except (ZeroDivisionError, ValueError, OverflowError):
        raise Outside from None
    if not mp.isfinite(value):
        raise Outside
    return value


def _function(mp: Any, name: str, x: Any) -> Any:
    if abs(x) > LIMITS["argument"]:
        raise Outside
    if name == "ln":
        return _logarithm(mp, mp.e * 1, x)
    if name == "cis":
        return mp.expj(x)
    if name in ("arcsin", "arccos") and (x.imag or abs(x) > 1):
        raise Outside
    return getattr(mp, name.replace("arc", "a"))(x)


def _logarithm(mp: Any, base: Any, x: Any) -> Any:
    if base.imag or x.imag or base <= 0 or x <= 0 or base == 1:
        raise Outside
    return mp.ln(x) / mp.ln(base)


def _real_power(mp: Any, base: Any, exponent: Any) -> Any:
    if abs(exponent) > LIMITS["argument"] or abs(mp.mag(base)) > 10**6:
        raise Outside
    whole = not exponent.imag and exponent == int(exponent.real)
    if whole:
        return base ** int(exponent.real)
    if not base.imag and base < 0:
        raise Outside  # two conventions
    return mp.power(base, exponent)


def _real_root(mp: Any, radicand: Any, index: Any) -> Any:
    if index.imag or index != int(index) or not 2 <= index <= 1000:
        raise Outside
    count = int(index)
    if radicand.imag:
        return mp.power(radicand, mp.mpf(1) / count)
    if radicand < 0 and count % 2:
        return -mp.root(-radicand, count)
    if radicand < 0 and count > 2:
        raise Outside
    return mp.sqrt(radicand) if count == 2 else mp.root(radicand, count)


def _integer(mp: Any, x: Any) -> int:
    if x.imag or x != int(x) or not 0 <= x <= LIMITS["factorial"]:
        raise Outside
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
