"""Are two expressions equal as mathematics? math-verify, behind a guard.

The guard refuses what a computer algebra system could choke on before it is parsed; what still takes too
long is killed from outside, by the pool. math-verify's own timeout is never used: it needs SIGALRM and the
main thread, and turns a timeout into "different". Decimals are rewritten as exact fractions first, so that
nothing is equal by rounding, and two constants are compared to 50 digits relative to their size.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from phi4eval.graders.evaluate import evaluated, one_index, same_up_to_names

LIMITS = {
    "characters": 1_000,
    "nesting": 25,
    "digits": 60,
    "exponent": 1_000,
    "nested powers": 2,
    "factorial": 170,
    "factorial among integers": 3_000,
    "power of a sum": 30,
    "terms": 200,
    "operators": 60,
}
"""What an expression may have, by name. A larger one is never handed to sympy."""

_POWER = re.compile(r"\^\s*(?:\{\s*[-+]?\s*([\d.]+)\s*\}|([\d.]+))")
_TOWER = re.compile(r"\^(?=\s{0,4}(?:\{[\s{(]{0,4}[^{}]{0,40}\^|\w\s{0,4}\^))")
_NUMERIC_TOWER = re.compile(
    r"[\d)}]\s{0,4}\^[\s({]{0,8}\d{1,60}[\s)}]{0,8}\^|\^\s{0,4}[{(][^}]{0,40}\d[\s)}]{0,4}\^\s{0,4}[{(\s]{0,4}\d"
)
_FACTORIAL = re.compile(r"(\d+|[a-zA-Z)}\]])\s*!")
_SUM_POWER = re.compile(r"[)}\]]\s*\^\s*\{?\s*(\d+)")
_BIG = re.compile(r"\\(?:binom|Gamma|zeta|tbinom|dbinom)(?![a-zA-Z])")
_LETTER_FACTORIAL = re.compile(r"(?:\b[a-z]|\(\s?[a-z]\s?[-+]\s?(?:[a-z]|\d{1,2})\s?\))\s?!")
_NUMERIC_GROUP = re.compile(r"\((?:[\d\s+\-./{}]|\\frac){1,60}\)(?=\s?\^)")
_FACTORIAL_POWER = re.compile(r"!\s?\^|\^\s?\{[^{}]{0,60}(?:!|\\binom|\\Gamma|\\prod)|\^\s?\d{1,9}\s?!")
_OPERATOR = re.compile(r"\\(?:i{0,2}int|oint|sum|prod|lim)(?![a-zA-Z])")
_INTEGERS = re.compile(r"(?:[\d\s!{}()+\-]|\\frac|\\cdot|\\times){1,200}")
"""Sums and products of integers and fractions: exact and quick, where a root of a large factorial is not."""
_WORKED_OUT = 240
_PROSE = re.compile(r"(?<![\\a-zA-Z])[a-zA-Z]{3,}\s+[a-zA-Z]{2,}(?![a-zA-Z])")
_DEGREES = re.compile(r"(\\(?:sin|cos|tan|cot|sec|csc)\s?)\(?\{?\s?(\d{1,6})\s?\^\s?\\circ\s?\}?\)?")
_DECIMAL = re.compile(r"(?<![\w.])(\d*)\.(\d+)(?![\w.])")
_FORBIDDEN = re.compile(
    r"__|\\(?:input|def|write|catcode|usepackage|include|newcommand)(?![a-zA-Z])|[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


class TooLarge(Exception):
    """An expression is over a named limit."""


class Undecided(Exception):
    """Only the algebra system could decide, and the caller asked not to start it here."""


_ALGEBRA: ContextVar[bool] = ContextVar("algebra", default=True)


@contextmanager
def without_algebra() -> Iterator[None]:
    """Inside, what is not decided by the cheap rungs of the ladder raises Undecided (this thread only)."""
    token = _ALGEBRA.set(False)
    try:
        yield
    finally:
        _ALGEBRA.reset(token)


def check_size(text: str) -> None:
    """Raise TooLarge naming the limit that an expression breaks."""
    if len(text) > LIMITS["characters"]:
        raise TooLarge(f"more than {LIMITS['characters']} characters")
    if _FORBIDDEN.search(text):
        raise TooLarge("characters or commands that are not mathematics")
    if _depth(text) > LIMITS["nesting"]:
        raise TooLarge(f"brackets nested deeper than {LIMITS['nesting']}")
    if re.search(rf"\d{{{LIMITS['digits'] + 1}}}", text):
        raise TooLarge(f"a number of more than {LIMITS['digits']} digits")
    if any(
        float((m[1] or m[2]).strip(".") or 0) > LIMITS["exponent"]
        for m in _POWER.finditer(text)
        if (m[1] or m[2]).count(".") < 2
    ):
        raise TooLarge(f"an exponent above {LIMITS['exponent']}")
    if len(_TOWER.findall(text)) >= LIMITS["nested powers"] or _NUMERIC_TOWER.search(text):
        raise TooLarge("a tower of powers")
    largest = LIMITS["factorial among integers" if _INTEGERS.fullmatch(text) else "factorial"]
    if any(
        not m[1].isdigit() or len(m[1]) > 9 or int(m[1]) > largest
        for m in _FACTORIAL.finditer(_LETTER_FACTORIAL.sub("n", text))
    ) or "!!" in text.replace(" ", ""):
        raise TooLarge(f"a factorial above {largest}")
    if _FACTORIAL_POWER.search(text):
        raise TooLarge("a factorial in a power")
    if any(
        int(m[1][:9]) > LIMITS["power of a sum"] for m in _SUM_POWER.finditer(_NUMERIC_GROUP.sub("2", text))
    ):
        raise TooLarge(f"a sum to a power above {LIMITS['power of a sum']}")
    if len(_OPERATOR.findall(text)) > 2 or (_OPERATOR.search(text) and len(text) > _WORKED_OUT):
        raise TooLarge("integrals, sums, products or limits of this size are not worked out")
    if _BIG.search(text) and re.search(r"\d{4}", text):
        raise TooLarge("a binomial of large numbers")
    if len(re.findall(r"[+\-=<>]", text)) > LIMITS["terms"] or text.count("\\") > LIMITS["operators"] * 2:
        raise TooLarge(f"more than {LIMITS['terms']} terms")


def _depth(text: str) -> int:
    depth = deepest = 0
    for char in text:
        if char in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in ")]}":
            depth -= 1
    return deepest


def same_expression(*, gold: str, prediction: str) -> bool | None:
    """Equal, different, or None where one of the two is no expression. Raises TooLarge."""
    check_size(gold)
    check_size(prediction)
    if _PROSE.search(gold) or _PROSE.search(prediction):
        return None  # sympy would take a sentence for a product of its letters
    if not _ALGEBRA.get():
        raise Undecided
    if _OPERATOR.search(gold) or _OPERATOR.search(prediction):
        return _same_worked_out(gold, prediction)
    parsed_gold, parsed = parse(gold), parse(prediction)
    if parsed_gold is None or parsed is None:
        return None
    return _same(gold=parsed_gold, prediction=parsed)


def _same_worked_out(gold: str, prediction: str) -> bool | None:
    """Equality where one side has an integral, a sum, a product or a limit; TooLarge where that is open."""
    left, right = parse(one_index(gold)), parse(one_index(prediction))
    if left is None or right is None:
        return None
    if same_up_to_names(left, right):
        return True
    values = [evaluated(side) for side in (left, right)]
    if values[0] is None or values[1] is None:
        raise TooLarge("an integral, sum, product or limit that is not worked out")
    return _same(gold=values[0], prediction=values[1])


@lru_cache(maxsize=2048)
def parse(latex: str) -> Any:
    """A sympy object for one expression in LaTeX, or None. The text must have passed check_size."""
    from math_verify import LatexExtractionConfig
    from math_verify import parse as parse_math

    logging.getLogger("math_verify").setLevel(logging.ERROR)
    exact = _DEGREES.sub(r"\1 (\\frac{\2 \\pi}{180})", _DECIMAL.sub(_as_fraction, latex))
    found = parse_math(
        f"${exact}$",
        extraction_config=[LatexExtractionConfig()],
        fallback_mode="no_fallback",
        extraction_mode="first_match",
        parsing_timeout=None,
    )
    return _with_i(found[0]) if len(found) == 1 else None


def _with_i(expression: Any) -> Any:
    """math-verify leaves the imaginary unit a symbol, so that i^2 is not -1."""
    import sympy

    units = [symbol for symbol in getattr(expression, "free_symbols", ()) if symbol.name == "i"]
    return expression.subs(dict.fromkeys(units, sympy.I)) if units else expression


def _as_fraction(match: re.Match[str]) -> str:
    whole, part = match[1] or "0", match[2]
    return f"\\frac{{{int(whole + part)}}}{{{10 ** len(part)}}}"


def _same(*, gold: Any, prediction: Any) -> bool:
    from math_verify import verify

    constant = _constants_equal(gold, prediction)
    if constant is not None:
        return constant
    if _differ_at_a_point(gold, prediction):
        return False
    if _with_factorials(gold, prediction):
        return True
    return bool(verify(gold, prediction, timeout_seconds=None, allow_set_relation_comp=True))


def _differ_at_a_point(left: Any, right: Any) -> bool:
    """Plainly different at some positive numbers, which spares simplifying a difference that is not 0."""
    import sympy

    if not all(isinstance(side, sympy.Expr) for side in (left, right)):
        return False
    symbols = sorted(left.free_symbols, key=str)
    if not symbols or left.free_symbols != right.free_symbols:
        return False
    point = {symbol: sympy.Rational(37 + 11 * place, 29) for place, symbol in enumerate(symbols)}
    values = [side.subs(point).evalf(20) for side in (left, right)]
    if not all(value.is_Float or value.is_Integer or value.is_Rational for value in values):
        return False
    scale = max(abs(value) for value in values)
    return bool(scale > 0 and abs(values[0] - values[1]) > scale * sympy.Float("1e-9"))


def _with_factorials(left: Any, right: Any) -> bool:
    """Equal once factorials and binomials of letters are cancelled."""
    import sympy

    if not all(isinstance(side, sympy.Expr) for side in (left, right)):
        return False
    if not (left.has(sympy.factorial, sympy.binomial) or right.has(sympy.factorial, sympy.binomial)):
        return False
    return bool(sympy.combsimp((left - right).rewrite(sympy.factorial)) == 0)


def _constants_equal(left: Any, right: Any) -> bool | None:
    """Equality of two numbers without symbols to 50 relative digits; None if they are not that."""
    import sympy

    if not (isinstance(left, sympy.Expr) and isinstance(right, sympy.Expr)):
        return None
    if left.free_symbols or right.free_symbols or left.has(sympy.oo, sympy.zoo, sympy.nan):
        return None
    exact = [side.doit() for side in (left, right)]
    if all(side.is_Rational for side in exact):
        return bool(exact[0] == exact[1])
    a, b = (_value(side, sympy) for side in exact)
    if a is None or b is None:
        return None
    scale = max(abs(a), abs(b))
    return bool(scale == 0 or abs(a - b) <= scale * sympy.Float("1e-50", 70))


def _value(expression: Any, sympy: Any) -> Any:
    value = sympy.sympify(expression).evalf(70)
    return value if value.is_number and value.is_finite and not value.atoms(sympy.Function) else None
