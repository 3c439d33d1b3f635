"""Are two answers the same? A ladder from cheap to dear, and the policy of what counts as the same.

string -> number -> unit -> structure (part by part) -> words -> sympy. The first that can decide decides.
Policy: an unordered comma list is a set and needs all members; parentheses are ordered; a missing unit is
accepted and a conflicting one is wrong; a rounded decimal is not an exact value; `x = 5` answers `5`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from itertools import repeat

import msgspec

from phi4eval.graders.normal import normalised, without_spaces
from phi4eval.graders.numbers import parse_number
from phi4eval.graders.plainer import plainer, unqualified
from phi4eval.graders.structure import Structure, split_top, take_apart
from phi4eval.graders.symbolic import same_expression
from phi4eval.graders.units import DEGREE, PERCENT, RADIAN, Unit, conflict, conversion, split_unit
from phi4eval.graders.value import same_equation, same_inequality, same_value
from phi4eval.graders.wording import bare_text, in_digits, same_time

DEPTH = 4
"""Lists of lists are compared this deep."""
REPEATS = 6
"""In a list of up to so many members, members that are equal in different forms count once."""


class Equality(msgspec.Struct, frozen=True, kw_only=True):
    """Whether two answers are the same, and the rung of the ladder that decided."""

    same: bool
    rule: str


_NAME = (
    r"(?:\\?[a-zA-Z]{1,6}|(?:m\s?)?\\(?:angle|overline|widehat|triangle)\s?\{?\s?[A-Z]{1,4}\s?\}?|\|\s?[A-Z]{2}\s?\|"
    r"|\\frac \{[A-Z]{2}\}\{[A-Z]{2}\}|\\(?:sin|cos|tan)\s\\?[a-zA-Z]{1,5}|(?:the )?answer)"
)
_LABEL = re.compile(
    rf"(?:{_NAME}\s?'{{0,3}}(?:_\s?(?:\w|\{{[^{{}}]{{1,12}}\}}))?(?:\s?\^\s?\{{\s?-1\s?\}})?(?:\s?\([^()=<>]{{1,12}}\))?"
    r"|\(\s?[a-zA-Z](?:\s?,\s?[a-zA-Z]){1,4}\s?\)|(?:[\d\s.+*/-]|\\(?:frac|cdot|times)|[{}]){1,30}(?==))"
    r"\s?(?:=|\\in(?![a-zA-Z])|\\approx(?![a-zA-Z]))\s?(?P<value>[^=<>]+)",
    re.DOTALL,
)
_FREE = re.compile(r"(?<![\\a-zA-Z])[a-zA-Z]")
_PRIME = re.compile(r"'(?!\d)")
_OF_X = re.compile(r"[a-zA-Z]\(x\)=")
_MEMBERSHIP = re.compile(r"[a-zA-Z]\s?\\in\s+(.+)", re.DOTALL)
_BASED = re.compile(r"\(?([0-9A-Fa-f]+)\)?\s?(?:_\s?\{?\s?\(?|\(?(?:in )?base )(\d{1,2}|[a-z]{3,8})\)?\s?\}?")
_WORDS = re.compile(r"[^\W\d_]{2,}(?:[\s'’-][^\W\d_]+)*")
_INEQUALITY = re.compile(r"[<>]|\\(?:le|ge)(?![a-zA-Z])")
_RATIO = re.compile(r"[^:,=<>]{1,40}(?::[^:,=<>]{1,40}){1,5}")
_SEVERAL = re.compile(r"[;]|\\\{|\\pm|\b(?:and|or)\b")
_TRIG = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![a-zA-Z])")
_CIRCLE = re.compile(r"\s?\^\s?\\circ(?![a-zA-Z])")
_NAMED_POINT = re.compile(r"[A-Z]\s?\([^()]{1,200},")
"""`D(1, 2)`, the point (1, 2)."""
_INFINITE = re.compile(r"\s?[-+]?\s?\\infty\s?")
_CLOCK = re.compile(r"\d{1,2}\s?:\s?[0-5]\d(?:\s?[a-zA-Z. ]{1,12})?")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_PLUS = re.compile(r"(^|[(\[,{])\s?\+\s?")
_PLUS_MINUS = re.compile(r"\\pm(?![a-zA-Z])")
_FORMULA = re.compile(r"[\d\\^_+*/<>]")
_LETTER = re.compile(r"(?<![a-zA-Z])[a-zA-Z](?![a-zA-Z])")
_INDEXED = re.compile(r"[a-z]_?\d{1,2}")
_SHORT_UNIT = re.compile(r"\s[a-zA-Z]$")
_MATHEMATICAL = re.compile(r"[\d\\^_=+*/<>(){}\[\]|]")


@lru_cache(maxsize=20_000)
def compare(*, gold: str, prediction: str) -> Equality:
    """Judge a prediction against the gold. May raise symbolic.TooLarge."""
    if gold == prediction and gold:
        return Equality(same=True, rule="string")
    if (decided := _numbers(gold, prediction)) is not None:
        return decided
    return _compare(normalised(gold), normalised(prediction), 0)


def _compare(gold: str, prediction: str, depth: int) -> Equality:
    if not gold or not prediction:
        return Equality(same=False, rule="empty")
    if without_spaces(gold) == without_spaces(prediction):
        return Equality(same=True, rule="string")
    whole = gold, prediction = unqualified(gold, prediction)
    gold, prediction = (_PLUS.sub(r"\1", text) for text in _unlabelled(plainer(gold), plainer(prediction)))
    if without_spaces(gold) == without_spaces(prediction):
        return Equality(same=True, rule="string")
    if ("," in gold) != ("," in prediction):  # `1,234` is a number, unless the other side is a list
        gold, prediction = (
            text.replace(",", "") if _GROUPED.fullmatch(text) and not _SEVERAL.search(other) else text
            for text, other in ((gold, prediction), (prediction, gold))
        )
    if (same := same_time(gold, prediction)) is not None:
        return Equality(same=same, rule="time")
    if (decided := _ratios(gold, prediction, depth)) is not None:
        return decided
    if (decided := _numbers(gold, prediction) or _bases(gold, prediction)) is not None:
        return decided
    if (decided := _units(gold, prediction, depth)) is not None:
        return decided
    if (decided := _structures(gold, prediction, depth)) is not None:
        return decided
    if (decided := _words(gold, prediction)) is not None:
        return decided
    return _symbolic(gold, prediction, whole)


def _unlabelled(gold: str, prediction: str) -> tuple[str, str]:
    """Both without a label such as `x =`, unless both carry different ones."""
    if gold.startswith("(") and _NAMED_POINT.match(prediction):
        prediction = prediction[1:].lstrip()
    labelled = [_LABEL.fullmatch(text) for text in (gold, prediction)]
    heads = [
        without_spaces(text[: match.start("value")]).lower() if match else ""
        for text, match in zip((gold, prediction), labelled, strict=True)
    ]
    if all(heads) and heads[0] != heads[1] and not _same_function(*heads):
        return gold, prediction
    bare = [
        match["value"].strip() if match and _names_its_value(match) else text
        for text, match in zip((gold, prediction), labelled, strict=True)
    ]
    return bare[0], bare[1]


def _names_its_value(label: re.Match[str]) -> bool:
    """`2 + 3 = 5` says 5, but `7 = 11a + c` is an equation."""
    return not label[0][0].isdigit() or _FREE.search(label["value"]) is None


def _same_function(first: str, second: str) -> bool:
    """`y =` and `f(x) =` introduce the same function."""
    return "y=" in (first, second) and any(_OF_X.fullmatch(head) for head in (first, second))


def _ratios(gold: str, prediction: str, depth: int) -> Equality | None:
    """`3:4` is 6:8, 3/4 and `3 to 4`. A clock time is no ratio: `3:30` is not 1:10."""
    if "\\frac" in gold and _RATIO.fullmatch(prediction) and not _CLOCK.fullmatch(prediction):
        parts = split_top(prediction, ":")
        return _compare(gold, f"\\frac{{{parts[0]}}}{{{parts[1]}}}", depth) if len(parts) == 2 else None
    if ":" not in gold or not _RATIO.fullmatch(gold):
        return None
    said = re.sub(r"\s(?:to|is to)\s", ":", prediction)
    parts, others = [split_top(text, ":") for text in (gold, said)]
    if len(parts) == 2 and len(others) == 1 and not _CLOCK.fullmatch(gold):
        return _compare(f"\\frac{{{parts[0]}}}{{{parts[1]}}}", said, depth)
    if len(parts) != len(others) or _CLOCK.fullmatch(gold) or not all((*parts, *others)):
        return Equality(same=False, rule="time" if _CLOCK.fullmatch(gold) else "ratio")
    crossed = [
        (f"({first}) ({other})", f"({part}) ({others[0]})")
        for first, part, other in zip(repeat(parts[0]), parts[1:], others[1:], strict=False)
    ]
    return Equality(same=all(_compare(*pair, depth).same for pair in crossed), rule="ratio")


def _numbers(gold: str, prediction: str) -> Equality | None:
    left, right = parse_number(gold), parse_number(prediction)
    if left is not None and right is not None:
        return Equality(same=left == right, rule="number")
    endless = [_INFINITE.fullmatch(text) is not None for text in (gold, prediction)]
    if endless != [False, False] and all(
        e or n is not None for e, n in zip(endless, (left, right), strict=True)
    ):
        signs = {text.lstrip().startswith("-") for text in (gold, prediction)}
        return Equality(same=all(endless) and len(signs) == 1, rule="number")
    return None


def _units(gold: str, prediction: str, depth: int) -> Equality | None:
    (value, unit), (other, said) = split_unit(gold), split_unit(prediction)
    if unit is None and said is None:
        return None
    if DEGREE in (unit, said) and unit != said and (turned := _in_radians(value, unit, other, said)):
        return _compare(*turned, depth)
    if conflict(unit, said):
        return Equality(same=False, rule="unit_conflict")
    if (value, other) == (gold, prediction):
        return None
    inner = _compare(value, _scaled(other, conversion(unit, said)), depth)
    if not inner.same and _SHORT_UNIT.search(gold if unit else prediction):
        return None  # `2 n` may be a product
    if inner.same or PERCENT not in (unit, said) or unit == said:
        return inner
    percent, share = (value, other)[:: 1 if unit == PERCENT else -1]
    return Equality(same=_compare(f"\\frac{{{percent}}}{{100}}", share, depth).same, rule="percent")


def _scaled(value: str, factor: Fraction) -> str:
    """A value in another unit, as LaTeX."""
    if factor == 1:
        return value
    number = parse_number(value)
    if number is not None:
        return f"\\frac{{{(number * factor).numerator}}}{{{(number * factor).denominator}}}"
    return f"\\frac{{{factor.numerator}}}{{{factor.denominator}}} ({value})"


def _in_radians(value: str, unit: Unit | None, other: str, said: Unit | None) -> tuple[str, str] | None:
    """Both sides in radians, where one is in degrees and the other a multiple of pi."""
    bare, degrees = (other, value) if unit == DEGREE else (value, other)
    if "\\pi" not in bare or {unit, said} - {DEGREE, RADIAN, None}:
        return None
    turned = f"\\frac{{\\pi}}{{180}} ({degrees})"
    return (turned, bare) if unit == DEGREE else (bare, turned)


def _bases(gold: str, prediction: str) -> Equality | None:
    """Numerals with a base subscript: same digits, and the same base if both name it."""
    left, right = _based(gold), _based(prediction)
    if left is None and right is None:
        return None
    digits = [
        match[1].upper() if match else without_spaces(text).upper()
        for text, match in ((gold, left), (prediction, right))
    ]
    bases = {in_digits(match[2]) for match in (left, right) if match}
    return Equality(same=digits[0] == digits[1] and len(bases) == 1, rule="base")


def _based(text: str) -> re.Match[str] | None:
    """A numeral with its base, if its digits are digits of that base: `a_1` is a variable."""
    match = _BASED.fullmatch(text)
    base = in_digits(match[2]) if match else ""
    if match is None or not base.isdigit():
        return None
    return match if all(int(digit, 16) < int(base) for digit in match[1]) else None


def _structures(gold: str, prediction: str, depth: int) -> Equality | None:
    left, right = take_apart(_both_signs(gold)), take_apart(_both_signs(prediction))
    left, right = _fitted(left, right), _fitted(right, left)
    if (left.kind, right.kind) == ("value", "value") or depth >= DEPTH:
        return None
    kinds = {left.kind, right.kind}
    if (named := _assignments(left)) and (said := _assignments(right)) and named.keys() == said.keys():
        same = all(_compare(named[name], said[name], depth + 1).same for name in named)
        return Equality(same=same, rule="assignments")
    if kinds <= {"list", "set", "value"}:
        return _unordered(_members(left), _members(right), depth, "set")
    if left.kind != right.kind:
        return None if "value" in kinds else Equality(same=False, rule="structure")
    if left.kind == "union":
        return _unordered(list(left.parts), list(right.parts), depth, "union")
    if left.edges != right.edges or len(left.parts) != len(right.parts):
        return Equality(same=False, rule="structure")
    pairs = zip(left.parts, right.parts, strict=True)
    return Equality(same=all(_compare(a, b, depth + 1).same for a, b in pairs), rule=left.kind)


def _fitted(structure: Structure, other: Structure) -> Structure:
    """A structure in the form that the other side has, where the two forms say the same.

    A matrix of one row or column as a tuple, `x=2, y=3` as a tuple, inequalities joined by "or" as a union.
    """
    flat = structure.kind == "matrix" and "1" in structure.edges.split("x")
    if flat and other.kind == "bracket" and other.edges in ("()", "[]"):
        return msgspec.structs.replace(structure, kind="bracket", edges=other.edges)
    if structure.kind != "list":
        return structure
    if other.kind == "union" and all(map(_names_a_range, structure.parts)):
        return msgspec.structs.replace(structure, kind="union")
    if other.kind == "bracket" and other.edges in ("()", "[]"):
        named = _assignments(structure)
        if named and all(len(name) == 1 for name in named):
            parts = tuple(named[name] for name in sorted(named))
            return Structure(kind="bracket", parts=parts, edges=other.edges)
    return structure


def _names_a_range(part: str) -> bool:
    """An inequality, or an interval that can be no point: `(-\\infty, 2)`, `[1, 2)`."""
    interval = part[:1] + part[-1:] in ("[)", "(]", "[]", "()") and part.count(",") == 1
    return bool(_INEQUALITY.search(part)) or (interval and ("\\infty" in part or part[0] + part[-1] != "()"))


def _assignments(structure: Structure) -> dict[str, str]:
    """`x = 1, y = 2` as a dictionary; empty where a name is missing or comes twice."""
    if structure.kind != "list":
        return {}
    halves = [part.partition("=") for part in structure.parts]
    named = {without_spaces(name): value.strip() for name, sign, value in halves if sign}
    plain = all(re.fullmatch(r"\\?[a-zA-Z]{1,8}(?:_\w)?", name) for name in named)
    return named if len(named) == len(halves) and plain else {}


def _both_signs(text: str) -> str:
    """`1 \\pm 2` as the list of its two values."""
    if len(_PLUS_MINUS.findall(text)) != 1 or text.startswith(("\\{", "{")):
        return text
    return f"{_PLUS_MINUS.sub('+', text)} , {_PLUS_MINUS.sub('-', text)}"


def _members(structure: Structure) -> list[str]:
    members: list[str] = []
    for part in structure.parts:
        match = _LABEL.fullmatch(part)
        value = match["value"].strip() if match and structure.kind != "value" else part
        expanded = take_apart(_both_signs(value))
        members.extend(expanded.parts if expanded.kind == "list" else [value])
    if len(members) == 1 and (inner := take_apart(members[0])).kind == "set" and structure.kind == "list":
        return list(inner.parts)
    return members


def _unordered(gold: list[str], prediction: list[str], depth: int, rule: str) -> Equality:
    """Every member of one side has its own partner on the other."""
    gold, prediction = _distinct(gold), _distinct(prediction)
    if len(gold) < len(prediction) <= REPEATS:
        prediction = _different(prediction, depth)
    if len(gold) != len(prediction):
        return Equality(same=False, rule=rule)
    left = list(prediction)
    for wanted in gold:
        partner = next((member for member in left if _compare(wanted, member, depth + 1).same), None)
        if partner is None:
            return Equality(same=False, rule=rule)
        left.remove(partner)
    return Equality(same=True, rule=rule)


def _distinct(members: list[str]) -> list[str]:
    return list({without_spaces(member): member for member in members}.values())


def _different(members: list[str], depth: int) -> list[str]:
    """The members without those that say the same in another form: `x+11, 11+x` is one answer."""
    kept: list[str] = []
    for member in members:
        if not any(_compare(known, member, depth + 1).same for known in kept):
            kept.append(member)
    return kept


def _words(gold: str, prediction: str) -> Equality | None:
    """Text answers: case, surrounding punctuation and a leading article do not matter."""
    left, right = bare_text(gold), bare_text(prediction)
    if (left == right and not _other_variables(gold, prediction)) or (
        _INDEXED.fullmatch(left) and left.replace("_", "") == right.replace("_", "")
    ):
        return Equality(same=True, rule="text")
    if _WORDS.fullmatch(left) or (_WORDS.fullmatch(right) and not _MATHEMATICAL.search(gold)):
        return Equality(same=False, rule="text")
    if len(left) == len(right) == 1 and left.isalpha() and right.isalpha():
        return Equality(same=False, rule="text")
    return None


def _other_variables(gold: str, prediction: str) -> bool:
    """In a formula, `r` and `R` are two variables."""
    if gold == prediction or not _FORMULA.search(gold):
        return False
    return _LETTER.findall(gold.strip()) != _LETTER.findall(prediction.strip())


def _symbolic(gold: str, prediction: str, whole: tuple[str, str]) -> Equality:
    if "=" in prediction and gold != whole[0]:
        gold, prediction = whole  # an equation is not its right side: `f(f(x)) = x` is not `f(x) = x`
    bare = gold, prediction
    if bool(_PRIME.search(gold)) != bool(_PRIME.search(prediction)):
        return Equality(same=False, rule="unparsed")  # a derivative, or minutes of arc
    if ("\\circ" in gold) != ("\\circ" in prediction) and all(map(_TRIG.search, bare)):
        bare = _CIRCLE.sub("", gold), _CIRCLE.sub("", prediction)  # a missing unit is accepted
    if (valued := same_value(gold=gold, prediction=prediction)) is not None:
        return Equality(same=valued or same_value(gold=bare[0], prediction=bare[1]) is True, rule="value")
    gold, prediction = bare
    if (equations := same_equation(gold=whole[0], prediction=whole[1])) is not None:
        return Equality(same=equations, rule="equation")
    if same_inequality(gold=gold, prediction=prediction):
        return Equality(same=True, rule="inequality")
    same = same_expression(gold=gold, prediction=prediction)
    if not same and all(text.count("=") == 1 for text in whole) and whole != (gold, prediction):
        same = same_expression(gold=whole[0], prediction=whole[1]) or same  # `y = 3x` as `3x - y = 0`
    if same is None:
        return Equality(same=False, rule="unparsed")
    if not same and prediction.count("=") and not whole[0].count("="):
        return _compare(gold, prediction.rpartition("=")[2].strip(), DEPTH)
    return Equality(same=same, rule="symbolic")
