r"""Which plainer form says the same as an answer?

`the point (1, 2)` is (1, 2), `7 dollars and 50 cents` is 7.5 dollars, `\{x \mid x > 2\}` is x > 2.
Works on the canonical spelling of `normal.normalised`; a text that no rule knows stays as it is.
Nothing is evaluated.
"""

from __future__ import annotations

import re
from fractions import Fraction

from phi4eval.graders.numbers import parse_number
from phi4eval.graders.structure import split_top
from phi4eval.graders.units import unit_of
from phi4eval.graders.value import rising
from phi4eval.graders.wording import in_digits, word_number

_BUILDER = re.compile(r"\\\{\s?([a-zA-Z])\s?(?:\\in\s\\mathbb\s?\{R\}\s?)?[|:]\s?(.*[<>=\\].*)\\\}")
_REALS = r"(?:[a-z]\s?\\in\s+)?(?:\\mathbb\s?\{?\s?R\s?\}?|\\R|(?:all |any )?reals?(?: numbers?)?(?: [a-z])?)"
_ALL_REALS = re.compile(_REALS)
_ALL_BUT = re.compile(
    _REALS
    + r"\s?(?:\\setminus\s?|\\backslash\s?|except(?: for)? |but )(?:[a-z]\s?=\s?)?(?:\\\{)?([^{},]+)(?:\\\})?"
)
_PIERCED = re.compile(
    r"([^<>=,]{1,40})<\s?([a-z])\s?<([^<>=,]{1,40}?)\s?(?:,|and|with)\s?\2\s?\\ne\s([^<>=,]{1,40})"
)
"""`2 < x < 4, x \\ne 3`: an open interval without one of its points."""
_BEHIND = re.compile(r"([^=<>,]*\d[^=<>,]*)=\s?([a-zA-Z])")
_OUTWARD = re.compile(r"([\])\[(])\s?([^\[\]()]{1,80},[^\[\]()]{1,80})([\])\[(])")
_TIMES = re.compile(r"(?<=\d)\stimes\s(?=\d)")
_OFTEN = re.compile(r"(?<=\d)\stimes$")
"""`9 times` counts."""
_NAMED = re.compile(
    r"(?:the |an? )?(?:ordered (?:pair|triple)|point|vertex|cent(?:er|re)|midpoint|focus"
    r"|pair|triple|tuple|vector|interval|matrix|set|line|plane"
    r"|parabola|circle|equation|function|polynomial|expression|fraction|ratio|number|value|solutions?"
    r"|solution set|roots?)(?: (?:is|are))?:?\s(?=[(\[{<\\\d-]|[a-zA-Z](?:\s?\([a-z]\))?\s?[=^+*/-])",
    re.IGNORECASE,
)
"""What a formula is called, in front of it."""
_EQUALS = re.compile(r"\s(?:equals|is equal to)\s")
_OVER = re.compile(r"([a-z-]{3,20}|-?\d{1,9}) (?:over|in|out of) ([a-z-]{3,20}|\d[\d,]{0,20})")
_SHARE = re.compile(
    r"(.{0,60}[\d}%])\s(?:out )?of (?:the|all|an?|his|her|its|their|this|that|each|every)"
    r"(?:\s[a-z]{2,15}){1,4}",
    re.IGNORECASE,
)
_AMOUNT = r"(\d[\d./,]{0,20})\s?([a-zA-Z]{1,14}\.?)"
_AMOUNTS = re.compile(rf"{_AMOUNT}(?:,? and |, | ){_AMOUNT}(?:(?:,? and |, | ){_AMOUNT})?")
_SECONDS = re.compile(r"(\d{1,2}:[0-5]\d):00")
_ASSIGNED = re.compile(r"\s?([a-zA-Z])\s?=\s?([^=<>]{1,60})")
_OR = re.compile(r"\s?;\s?|,?\sor\s")
_FOREIGN_AND = re.compile(
    r"\s?(?P<both>그리고|并且|且|以及|及|および)\s?|\s?(?:또는|혹은|或者|或|和|または|と)\s?|\s(?:или|и|або)\s"
)
_FOREIGN_IS = re.compile(r"\s?(?:입니다|이다|です|である|。)$")


_SET = r"\\(?:mathbb\s?\{?\s?[NZQRC]\s?\}?|[NZQRC](?![a-zA-Z]))(?:\s?[\^_]\s?\{?\s?[+*0>]\s?\}?)*"
_KINDS = r"(?: real| integer| natural| positive)?(?: integers?| numbers?| constants?)?"
_QUALIFIER = re.compile(
    r"(?P<value>.+?)(?:\s?[,;]\s?|\s)\(?"
    rf"(?P<head>\\forall|(?:for|where|with)(?: all| any| every| each| some)?{_KINDS})?"
    r"\s?(?P<name>[a-zA-Z])(?:\s?,\s?(?!(?P=name))[a-zA-Z]){0,3}"
    rf"(?P<tail>\s?\\in\s?{_SET}|\s(?:is|are)(?: an?| any)?(?: arbitrary)?{_KINDS})?\)?",
    re.DOTALL,
)
"""What is said of a formula's variables behind it, without a number: `k \\in \\mathbb{Z}`, `for all n`."""
_GENERAL = re.compile(
    r"(?P<value>.+?)\s?[,;]?\s(?P<head>for (?:all|any|every|each)"
    r"(?: real| positive| natural| non-?negative)?(?: integers?| numbers?| constants?| values?))(?P<tail>)",
    re.DOTALL,
)
_MORE_THAN = re.compile(r"(?:>|\\ge(?![a-zA-Z]))")
_LESS_THAN = re.compile(r"(?:<|\\le(?![a-zA-Z]))")
_UPWARD = {">": "<", r"\ge": r"\le"}
_BOUNDS = re.compile(
    r"(?P<name>[a-zA-Z])\s?(?P<sign><|>|\\[lg]e(?![a-zA-Z]))(?P<bound>[^<>,=]{1,40}?)"
    r"(?:\s?,\s?|\s(?P<joined>and)\s)"
    r"(?P<other>[a-zA-Z])\s?(?P<again><|>|\\[lg]e(?![a-zA-Z]))(?P<end>[^<>,=]{1,40})"
)
_GROUPED = re.compile(r"([-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?)(\s[a-zA-Z^\\%].*)")
_MEASURES = {
    "元": "yuan", "毫米": "mm", "厘米": "cm", "米": "m", "千米": "km", "公里": "km",
    "平方厘米": "cm^2", "平方米": "m^2", "立方米": "m^3", "克": "g", "千克": "kg", "公斤": "kg",
    "秒": "seconds", "分钟": "minutes", "小时": "hours", "天": "days", "度": "degrees",
    "个": "items", "人": "people", "本": "books", "只": "items", "种": "kinds",
}  # fmt: skip
_MEASURED = re.compile(rf"(?<=\d)\s?({'|'.join(sorted(_MEASURES, key=len, reverse=True))})$")
_MIXED = re.compile(r"(?<=\d)又(?=\d)")


def unqualified(gold: str, prediction: str) -> tuple[str, str]:
    """Both without what only one of them says of its variables: `2k\\pi, k \\in \\mathbb{Z}` as `2k\\pi`."""
    found = [_QUALIFIER.fullmatch(text) or _GENERAL.fullmatch(text) for text in (gold, prediction)]
    said = [match if match and (match["head"] or match["tail"]) else None for match in found]
    if all(said) or not any(said):
        return gold, prediction
    bare = [match["value"] if match else text for match, text in zip(said, (gold, prediction), strict=True)]
    return bare[0].strip(" ,;"), bare[1].strip(" ,;")


def plainer(text: str) -> str:
    """Number words in digits, a set of all x as its condition, the reals as an interval, and so on."""
    text = _without_words(text if text.isascii() else _in_english(text))
    if match := _BUILDER.fullmatch(text):
        text = match[2].strip()
    if text[:1] == "]" or text[-1:] == "[":  # an open end as in ISO 80000-2: ]1, 3[
        text = _OUTWARD.sub(_parenthesised, text)
    if _ALL_REALS.fullmatch(text):
        return "(-\\infty , \\infty )"
    if match := _PIERCED.fullmatch(text):
        low, _, high, hole = match.groups()
        return f"({low} , {hole} ) \\cup ({hole} , {high} )"
    if match := _ALL_BUT.fullmatch(text):
        return f"x \\ne {match[1].strip()}"
    if match := _BEHIND.fullmatch(text):
        text = f"{match[2]} = {match[1].strip()}"
    if match := _SECONDS.fullmatch(text):
        return match[1]
    if match := _GROUPED.fullmatch(text):
        text = match[1].replace(",", "") + match[2]
    text = _between(_rising(text))
    text = _as_tuples(_TIMES.sub(r" \\times ", _OFTEN.sub("", text)))
    return in_digits(text) if text[-1:].isalpha() or text[:1].isalpha() or text[-1:] == ")" else text


def _parenthesised(match: re.Match[str]) -> str:
    left, inside, right = match.groups()
    return f"{'(' if left == ']' else left}{inside}{')' if right == '[' else right}"


def _rising(text: str) -> str:
    """`a > b > c` as `c < b < a`."""
    parts = _MORE_THAN.split(text)
    if len(parts) < 3 or len(parts) > 6 or "," in text or _LESS_THAN.search(text):
        return text
    signs = ["<" if sign == ">" else r"\le" for sign in _MORE_THAN.findall(text)]
    turned = [f"{part.strip()} {sign} " for part, sign in zip(parts[:0:-1], signs[::-1], strict=True)]
    return "".join(turned) + parts[0].strip()


def _between(text: str) -> str:
    """`x > 1, x \\le 5` as `1 < x \\le 5`; `x < 1, x > 5` stays, and joined by `and` is the empty set."""
    if not (match := _BOUNDS.fullmatch(text)) or match["name"] != match["other"]:
        return text
    (sign, bound), (again, end) = (match["sign"], match["bound"]), (match["again"], match["end"])
    if (sign in _UPWARD) == (again in _UPWARD):
        return text
    (low_sign, low), (high_sign, high) = ((sign, bound), (again, end))[:: 1 if sign in _UPWARD else -1]
    inside = rising(low.strip(), high.strip())
    if inside is False and match["joined"] == "and":
        return r"\emptyset"
    if not inside:
        return text
    return f"{low.strip()} {_UPWARD[low_sign]} {match['name']} {high_sign} {high.strip()}"


def _in_english(text: str) -> str:
    text = _MIXED.sub(
        " ", _FOREIGN_AND.sub(lambda m: " and " if m["both"] else " or ", _FOREIGN_IS.sub("", text))
    )
    return _MEASURED.sub(lambda match: f" {_MEASURES[match[1]]}", text)


def _without_words(text: str) -> str:
    """`the point (1, 2)` as (1, 2), `5/7 of the class` as 5/7, `2 hours 30 minutes` as 2.5 hours."""
    if (over := _OVER.fullmatch(text)) and None not in (
        parts := [_in_number(part) for part in over.groups()]
    ):
        return f"\\frac{{{parts[0]}}}{{{parts[1]}}}"
    if not text[:1].isalpha() and not text[-1:].isalpha():
        return text
    text = _EQUALS.sub(" = ", text[named.end() :] if (named := _NAMED.match(text)) else text)
    if share := _SHARE.fullmatch(text):
        return share[1]
    return _summed(amounts) if (amounts := _AMOUNTS.fullmatch(text)) else text


def _in_number(text: str) -> str | None:
    """A whole number in words or digits, as digits."""
    number = parse_number(text) if text[-1:].isdigit() else word_number(text)
    return str(number) if number is not None and number.denominator == 1 else None


def _summed(amounts: re.Match[str]) -> str:
    """`7 dollars and 50 cents` in dollars; amounts that do not measure the same stay as they are."""
    said = [part for part in amounts.groups() if part]
    values, units = [parse_number(part) for part in said[::2]], [unit_of(part) for part in said[1::2]]
    if units[0] is None or any(unit is None or unit.dimension != units[0].dimension for unit in units):
        return amounts[0]
    scales = [unit.scale for unit in units if unit is not None]
    if None in values or scales != sorted(set(scales), reverse=True):
        return amounts[0]
    total = sum(
        ((value or 0) * scale / scales[0] for value, scale in zip(values, scales, strict=True)), Fraction(0)
    )
    return f"\\frac{{{total.numerator}}}{{{total.denominator}}} {said[1]}"


def _as_tuples(text: str) -> str:
    """`p = 5, q = 2; p = 7, q = 2` as (5, 2), (7, 2), in the order of the names."""
    if text.count("=") < 4 or not (";" in text or " or " in text):
        return text
    tuples: list[dict[str, str]] = []
    for group in _OR.split(text):
        halves = [_ASSIGNED.fullmatch(part) for part in split_top(group.strip("() "), ",")]
        named = {half[1]: half[2].strip() for half in halves if half}
        if len(named) != len(halves) or len(named) < 2 or (tuples and named.keys() != tuples[0].keys()):
            return text
        tuples.append(named)
    return " , ".join(f"({' , '.join(named[name] for name in sorted(named))})" for named in tuples)
