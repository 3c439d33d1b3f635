"""Which value does one sentence conclude with?

What it sets in bold; else the result of its last arithmetic; else the last formula, equation, list or number
of its main clause, without asides, reasons and comparisons (`12, which is less than 20`).
"""

from __future__ import annotations

import re

import msgspec

from phi4eval.graders.clauses import main_clause
from phi4eval.graders.extract import Candidate, candidate, is_list
from phi4eval.graders.prose import expressions, in_bold, in_words
from phi4eval.graders.units import COUNTED, unit_of
from phi4eval.graders.wording import word_number

_INNER = r"\((?:[^()\n]|\([^()\n]{0,40}\)){0,60}\)"
_ASIDE = re.compile(rf"\((?=[^()\n]{{0,120}}[a-zA-Z]{{2}})(?:[^()\n]|{_INNER}){{1,160}}\)")
_INEQUALITY = re.compile(
    r"(?:[-−]?\d[\d.,/]{0,20}\s?[<≤]=?\s?)?(?<![\w\\])[a-zA-Z]\s?[<>≤≥]=?\s?[-−]?\d[\d./√]{0,20}(?!\w)"
)
_OR = re.compile(r",?\s(?:or|and)\s")
_TOTAL = re.compile(r"[^\d\n]{0,30}\b(?:in total|in all|altogether)\b", re.IGNORECASE)
_TOTAL_OF = re.compile(r"\btotal of\s$", re.IGNORECASE)
_ASSIGNED = re.compile(r"(?:\$|\\\(|\\\[)*\s*(?:\|[a-z]\||\\?[a-zA-Z]{1,8})(?:_\{?\w\}?|\([a-z]\))?\s?=")
VARIABLE = re.compile(
    r"(?:\$|\\\()\s?(?!\\(?:pi|infty|emptyset)|[ei][,.]?\s?[\\$])(?:[A-Z]{2,4}|\\?[a-zA-Z]{1,8}(?:\^\{?-?\w\}?)?"
    r"(?:\([a-z](?:,\s?[a-z]){0,3}\))?|\([a-z](?:,\s?[a-z]){1,3}\))[,.;]?\s?(?:\$|\\\))"
)
"""A formula that is only a name: `$k$`, `$f(x)$`, `$ABC$`."""
SUBORDINATE = re.compile(
    r"(?:since|because|as|if|when|given that|at(?!\s(?:least|most))|for)\b", re.IGNORECASE
)
_PREPOSED = re.compile(r"\b(?:since|because|as|if|when|given that|for|at)\b[^,$\d]{0,80}$", re.IGNORECASE)
_NONE = re.compile(r"\bno (?:real )?(?:solutions?|roots)\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.}\])^{\\])(?:\d{1,2}:\d{2}(?:\s?[aApP]\.?[mM]\b\.?)?(?!\d)"
    r"|[-−]?\\?[$€£]?(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)"
    r"|\d{1,6}\s\d{1,3}/\d{1,4}(?!\d)|\d(?:[\d,]*\d)?(?:\.\d+)?|\.\d+)(?!-[a-z])"
    r"(?:\s?/\s?\d+(?!\d))?(?:\s?(?:\\?%|°))?)"
)
_WORKED_OUT = re.compile(
    r"(?:[²³⁴-⁹⁰]|[\d)%a-zA-Z]\s?[-−–+*/x×÷·]\s?\(?[$€£]?\.?\d(?:(?!,\s[a-zA-Z])[^=\n;]){0,60})\s?=\s?(?=[-−]?\\?[$€£]?\.?\d)",
    re.IGNORECASE,
)
"""Arithmetic in prose, up to its result: `3 * 12 =`."""
_IN_FORMULA = re.compile(r"\s?[*^(√π·×+]|[a-zA-Z²³⁴-⁹]|\s(?:sqrt|pi|ln|log|sin|cos|tan)\b")
"""Behind a number that is only the begin of a formula."""
_GOES_ON = re.compile(
    r"[^\d\n]{0,200}(?:\b(?:so|therefore|thus|hence|means|gives?|leaves|leaving|(?<!to )makes?|making|equals?"
    r"|is|are|was|were|has|have|had|get|gets|got|costs?|takes?|took|needs?|total of|produces?|yields|will be"
    r"|comes to|then)\b|[=,:])[^\d\n]{0,80}\d"
    r"|[^\n]{0,120},\s(?:so|therefore|thus|hence)\b[^\n]{0,200}\d"
)
_TUPLE = re.compile(r"(?<![\w)}\]])[(\[][-−\d][^()\[\]\n]{0,60},[^()\[\]\n]{0,60}[\d}][)\]]")
_BOUND = r"-?(?:∞|inf(?:inity)?|oo|\d[\d./]{0,12})"
_ONE = rf"[\[(]\s?{_BOUND}\s?,\s?{_BOUND}\s?[\])]"
_INTERVAL = re.compile(rf"(?<![\w)}}\]]){_ONE}(?:\s?[∪U]\s?{_ONE}){{0,4}}")
_ROWS = re.compile(r"\[\[[^\[\]\n]{1,60}\](?:,\s?\[[^\[\]\n]{1,60}\]){1,8}\]")
_RATIO = re.compile(r"(?<![\d:])\d{1,4}\s?:\s?\d{1,4}(?:\s?:\s?\d{1,4}){0,3}(?![\d:])")
_IS = (
    r"\s(?:is|are|equals|est|es|ist|beträgt|vale|è|é)\s(?:[a-z]{2,12},?\s){0,2}[*_]{0,2}[-−]?[$€£]?\d[\d.,]*"
    r"(?!\d|\s(?:\w+\s)?(?:times|more|less|fewer|larger|smaller|greater|of|than|or|and)\b)"
)
_SAID_OF = re.compile(_IS)
"""Behind a formula, what it is: `the minimum of $x^2$ is therefore 4`."""
_RELATED = re.compile(r"[=<>≤≥]|\\(?:le|ge|leq|geq|ne|in)(?![a-zA-Z])")
_SAID_THEN = re.compile(r",?(?:\sand|\sso)?\s(?:this|it|that|the(?:\s\w{3,12}){1,4})" + _IS)
"""Behind an assumption, what follows: `with $k = 4$ this is 9`."""
_DECIMAL_COMMA = re.compile(r"\d{1,9},\d\d\s?[$€£](?!\d)")
"""`6,00 $`, as it is written in many languages."""
_OF = re.compile(r"\bof\s$")
_FROM_TO = re.compile(r"\bfrom\s\(-?\d[^()\n]{0,30}\)\sto\s\(-?\d[^()\n]{0,30}\)")
"""`from (3, 7) to (11, 1)` says where something lies."""
_EQUATION = re.compile(
    r"(?<![\w\\$])[a-zA-Z](?:\([a-z]\))?\s?=\s?(?:(?<![a-zA-Z])[a-zA-Z](?![a-zA-Z])|[-+*/^().\d\s√π²³])+"
)
_BETWEEN = re.compile(r"\s?(?:,|,? and|,? or|,? y|,? et|,? und|,? e)\s(?:[a-zA-Z]\s?=\s?)?")
_RANGE = re.compile(r"(?:\bbetween|[<>≤≥]|[\d)²³][a-zA-Z]?\s?=)\s?$", re.IGNORECASE)
_UNIT_BEHIND = re.compile(r"\s?([a-zA-Zμ°][a-zA-Zμ²³^\d/.]{0,20}(?:\s(?:per\s)?[a-zA-Z²³]{1,12}){0,2})")
_NOT_THIS = re.compile(
    r"(?:(?:\bnot|n['’]t|\bnever|\bsteps?|\bcase|\boption)(?: be)?"
    r"|\bno need to(?: \w{1,9}){1,4})[\s$*]{1,3}$",
    re.IGNORECASE,
)


def concluded_value(
    text: str, start: int, end: int, formulas: list[re.Match[str]], *, integers: bool
) -> Candidate | None:
    """The value of one sentence: what it sets in bold, in its main clause, else anywhere in it."""
    if (bold := in_bold(text, start, end)) and bold != (start, end):
        if word_number(text[slice(*bold)]) is not None:
            return candidate(text, *bold, "last_words")
        inside = [m for m in formulas if bold[0] <= m.start() < bold[1]]
        if found := concluded_value(text, *bold, inside, integers=integers):
            return found
    if not integers and (said := in_words(text, start, end)):
        return said
    asides = [aside.span() for aside in _ASIDE.finditer(text, start, end)]
    if worked_out := _worked_out(text, start, end, formulas, asides, integers=integers):
        return worked_out
    inside = [m for m in formulas if start <= m.start() < end]
    for limit in (main_clause(text, start, end, inside), end):
        shown = [m for m in inside if m.start() < limit and not _within(m.start(), asides)]
        if not integers and limit < end and not shown and (said := in_words(text, start, limit)):
            return said
        if shown and all(VARIABLE.fullmatch(m[0]) for m in shown):  # 5 values of $k$
            if found := _plain_value(text, start, limit, asides, integers=integers):
                return found
        elif len(shown) > 1:
            shown = [m for m in shown if not VARIABLE.fullmatch(m[0])]
        if not shown and limit == end and not (inside and _outside(text, start, end, asides)):
            shown = inside
        if shown:
            behind = _SAID_THEN if _RELATED.search(shown[-1][0]) else _SAID_OF
            said_of = behind.match(text, shown[-1].end(), limit)
            rest = (text, shown[-1].end(), limit, asides)
            said = _plain_value(*rest, integers=integers) if said_of else None
            return said or _last_formulas(text, start, shown)
        if found := _plain_value(text, start, limit, asides, integers=integers):
            return found
    if not integers and (none := _NONE.search(text, start, end)):
        return candidate(text, *none.span(), "last_formula")
    return None


def _outside(text: str, start: int, end: int, asides: list[tuple[int, int]]) -> bool:
    """Is there a number outside all asides?"""
    return any(not _within(number.start(), asides) for number in _NUMBER.finditer(text, start, end))


def _last_formulas(text: str, start: int, shown: list[re.Match[str]]) -> Candidate:
    """The last formula, with those in front of it that make one list with it."""
    first = len(shown) - 1
    while first > 0 and _is_listed(text, start, shown[first - 1], shown[first]):
        first -= 1
    return candidate(text, shown[first].start(), shown[-1].end(), "last_formula")


def _worked_out(
    text: str,
    start: int,
    end: int,
    formulas: list[re.Match[str]],
    asides: list[tuple[int, int]],
    *,
    integers: bool,
) -> Candidate | None:
    """The result of a sentence's last arithmetic, if no statement follows it: `3 * 4 = 12 eggs in 2 days`."""
    found = next(reversed(list(_WORKED_OUT.finditer(text, start, end))), None)
    if found is None or _within(found.end(), asides) or _within(found.end(), [m.span() for m in formulas]):
        return None
    value = _NUMBER.match(text, found.end(), end)
    if value is None or _IN_FORMULA.match(text, value.end()) or _GOES_ON.match(text, value.end(), end):
        return None
    if SUBORDINATE.match(text[start:end].lstrip()) and _NUMBER.search(text, value.end(), end):
        return None
    last = value.end() if integers else _with_unit(text, value.end(), end)
    return candidate(text, value.start(), last, "last_number")


def _is_listed(text: str, start: int, left: re.Match[str], right: re.Match[str]) -> bool:
    """Whether two formulas are members of one list: both equations, or both not; `$x = 2$ and $-3$` are too.

    `Since $x = 3$, $y = 5$` is no list.
    """
    if not is_list(text, [left, right]):
        return False
    if text[left.end() : right.start()].strip() in ("", ",") and _PREPOSED.search(text, start, left.start()):
        return False
    if right[0].count("=") > 1 or ("\\in" in right[0] and "\\in" not in left[0]):
        return False
    gap = text[left.end() : right.start()]
    if "or" in gap and (left[0].count("=") > 1 or ("," in gap and _OF.search(text, start, left.start()))):
        return False  # `a third of $360$, or $120$` says the same twice
    if "=" in right[0] and "=" in left[0]:
        return _ASSIGNED.match(left[0]) is not None and _ASSIGNED.match(right[0]) is not None
    return "=" not in right[0]


def _within(position: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= position < end for start, end in spans)


def _plain_value(
    text: str, start: int, end: int, asides: list[tuple[int, int]], *, integers: bool
) -> Candidate | None:
    patterns = (_NUMBER,) if integers else (_NUMBER, _TUPLE, _INTERVAL, _RATIO, _ROWS)
    wider = expressions(text, start, end)
    found = [m.span() for pattern in patterns for m in pattern.finditer(text, start, end)]
    found = wider + [span for span in found if not any(a <= span[0] and span[1] <= b for a, b in wider)]
    found = [span for span in found if not _NOT_THIS.search(text, max(span[0] - 50, 0), span[0])]
    ends = [m.span() for m in _FROM_TO.finditer(text, start, end)]
    found = [span for span in found if not _within(span[0], ends)]
    found = [span for span in found if not _within(span[0], asides)] or found
    if not found:
        return None
    found.sort(key=lambda span: (span[1], -span[0]))
    total = [
        span
        for span in found
        if _TOTAL.match(text, span[1], end) or _TOTAL_OF.search(text, max(span[0] - 12, start), span[0])
    ]
    if total:
        return candidate(text, *total[0], "last_number")
    first, last = found[-1]
    if integers:
        return candidate(text, first, last, "last_number")
    if (bounded := _inequalities(text, start, end, last)) is not None:
        return candidate(text, *bounded, "last_number")
    equations = [_without_open(m) for m in _EQUATION.finditer(text, start, end) if m.end() >= last]
    if equations and not (equations[-1][0] > first):
        first, last = equations[-1]
        return candidate(text, *_joined(text, start, first, last, found), "last_number")
    first, last = _joined(text, start, first, last, found)
    if _DECIMAL_COMMA.match(text, first):
        found_there = candidate(text, first, last, "last_number")
        return msgspec.structs.replace(found_there, text=found_there.text.replace(",", "."))
    return candidate(text, first, _with_unit(text, last, end), "last_number")


def _inequalities(text: str, start: int, end: int, last: int) -> tuple[int, int] | None:
    """The span of plain inequalities that end with a sentence's last number: `x ≤ -5 or x ≥ 5`."""
    found = [m.span() for m in _INEQUALITY.finditer(text, start, end)]
    if not found or found[-1][1] < last:
        return None
    first = found[-1][0]
    for before in reversed(found[:-1]):
        if not _OR.fullmatch(text, before[1], first):
            break
        first = before[0]
    return first, found[-1][1]


def _without_open(equation: re.Match[str]) -> tuple[int, int]:
    """The span of an equation, up to a parenthesis that opens in it and does not close: `x = 7 (x`."""
    if equation[0].count("(") <= equation[0].count(")"):
        return equation.span()
    return equation.start(), equation.start() + equation[0].rindex("(")


def _joined(text: str, start: int, first: int, last: int, found: list[tuple[int, int]]) -> tuple[int, int]:
    """A value with those in front of it that make one list with it: `2 and -3`, `x = 3 or x = 4`."""
    for before in reversed(found):
        if before[1] > first:
            continue
        led = text[max(before[0] - 12, start) : before[0]]
        if not _BETWEEN.fullmatch(text, before[1], first) or _RANGE.search(led):
            break
        first = before[0]
        if name := re.search(r"(?<![\w\\])[a-zA-Z]\s?=\s?$", text[start:first]):
            first = start + name.start()
    return first, last


def _with_unit(text: str, last: int, end: int) -> int:
    """The end of a number with the known unit behind it."""
    behind = _UNIT_BEHIND.match(text, last, end)
    if behind is None:
        return last
    words = behind[1].rstrip(".").split(" ")
    for count in range(len(words), 0, -1):
        if count > 1 and words[count - 1] == "in" and words[0] not in ("sq", "cu", "square", "cubic"):
            continue  # `37 cents in total`
        phrase = " ".join(words[:count]).translate({0xB2: "^2", 0xB3: "^3", 0xB0: "\\circ "})
        unit = unit_of(phrase.strip())
        if unit is not None and unit != COUNTED and not (phrase == "in" and len(words) > 1):
            return behind.start(1) + len(" ".join(words[:count]))
    return last
