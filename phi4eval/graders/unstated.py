"""What is the answer of a text that never says "the answer is"?

A short text may be nothing but its answer. Otherwise the last sentence that gives a value is taken as the
conclusion: its asides, reasons and comparisons are set aside (`12, which is less than 20`), and the last
formula, equation, list or number of what is left is the answer. All of these are weak: a grade by them says
so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from phi4eval.graders.anchors import LABEL
from phi4eval.graders.clauses import main_clause, without_figures
from phi4eval.graders.empty import is_echo
from phi4eval.graders.extract import BOX, MATH, VALUE, Candidate, candidate, is_list, moved
from phi4eval.graders.prose import expressions, in_words, is_hedged
from phi4eval.graders.remarks import is_remark, is_rounded
from phi4eval.graders.units import COUNTED, unit_of

SENTENCES = 4
"""Only this many last sentences are looked at."""
TAIL = 4_000
"""Only this many last characters are looked at."""

_FOREIGN_LETTERS = re.compile(
    r"[\u0400-\u052f\u0590-\u07bf\u0900-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2}"
)
_END_OF_SENTENCE = re.compile(
    r"(?<!\b[A-Za-z])[.!?](?=[\s*_]|$)\s*|[。！？।]\s*|\n"
    r"|;\s(?=(?:since|as|because)\s[^,;\n]{1,60},\s(?:so\s|then\s|we\s\w{1,10}\s)?\$?[a-zA-Z]\s?=)"
)
_ASIDE = re.compile(r"\((?=[^()\n]{0,120}[a-zA-Z]{2})[^()\n]{1,160}\)")
_REVISION = re.compile(
    r"\b(?:wait|actually|scratch that|correction|on second thoughts?|oops|my mistake|hold on|no,"
    r"|however, (?:the|we)|but (?:the )?(?:question|problem) asks)\b",
    re.IGNORECASE,
)
_INEQUALITY = re.compile(
    r"(?:[-−]?\d[\d.,/]{0,20}\s?[<≤]=?\s?)?(?<![\w\\])[a-zA-Z]\s?[<>≤≥]=?\s?[-−]?\d[\d./√]{0,20}(?!\w)"
)
_OR = re.compile(r",?\s(?:or|and)\s")
_CONCLUDES = re.compile(
    r"^(?:therefore|thus|hence|so|here|then|finally|overall)\b|^[A-Z][a-z]{2,14},\s{1,3}(?:\$|\\[(\[])"
    r"|[,.]\s(?:so|thus|hence|therefore)\s|\b[a-z]{3,20}:\s",
    re.IGNORECASE,
)
_TOTAL = re.compile(r"[^\d\n]{0,30}\b(?:in total|in all|altogether)\b", re.IGNORECASE)
_TOTAL_OF = re.compile(r"\btotal of\s$", re.IGNORECASE)
_ASSIGNED = re.compile(r"(?:\$|\\\(|\\\[)*\s*\\?[a-zA-Z]{1,8}(?:_\{?\w\}?|\([a-z]\))?\s?=")
_VARIABLE = re.compile(
    r"(?:\$|\\\()\s?(?!\\(?:pi|infty|emptyset)|[ei][,.]?\s?[\\$])(?:[A-Z]{2,4}|\\?[a-zA-Z]{1,8}(?:\^\{?-?\w\}?)?"
    r"(?:\([a-z](?:,\s?[a-z]){0,3}\))?)[,.;]?\s?(?:\$|\\\))"
)
"""A formula that is only a name: `$k$`, `$f(x)$`, `$ABC$`."""
_DISPLAYED = re.compile(r"\s{0,4}(?:\\\[|\$\$|\\begin\{)")
_ENDED = re.compile(r"[.!?:\n][\s$*]*$")
_GOES_ON_LOWER = re.compile(r"\s{0,3}[a-z]")
_SUBORDINATE = re.compile(r"(?:since|because|as|if|when|given that)\b", re.IGNORECASE)
_PREPOSED = re.compile(r"\b(?:since|because|as|if|when|given that|for)\b[^,$\d]{0,80}$", re.IGNORECASE)
_CLOSED_SENTENCE = re.compile(r"[.!?]\s?(?:\$\$?|\\\]|\\\)|\\end\{\w{1,10}\*?\})$")
_NONE = re.compile(r"\bno (?:real )?(?:solutions?|roots)\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.}\])^{\\])(?:\d{1,2}:\d{2}(?:\s?[aApP]\.?[mM]\b\.?)?(?!\d)"
    r"|[-−]?\\?[$€£]?\d(?:[\d,]*\d)?(?:\.\d+)?(?:\s?/\s?\d+(?!\d))?(?:\s?(?:\\?%|°))?)"
)
_AMOUNT = re.compile(r"\.?\d")
_PROSE = re.compile(r"\$[.,;:]?\s[^$]{0,200}?[a-zA-Z]{2}[^$\\]{0,200}\s\$")
_WORDS = re.compile(r"(?<![\\a-zA-Z])[a-zA-Z]{2,}(?:[,.]?\s+[a-zA-Z]{2,}){2}")
_TEXT = re.compile(r"\\(?:text|mbox|textbf|mathrm)\s?\{[^{}]*\}")
_WORKED_OUT = re.compile(
    r"(?:[²³⁴-⁹⁰]|[\d)%a-zA-Z]\s?[-−–+*/x×÷·]\s?\(?[$€£]?\.?\d[^=\n;]{0,60})\s?=\s?(?=[-−]?\\?[$€£]?\.?\d)",
    re.IGNORECASE,
)
"""Arithmetic in prose, up to its result: `3 * 12 =`."""
_IN_FORMULA = re.compile(r"\s?[*^(√π·×+]|[a-zA-Z²³⁴-⁹]")
"""Behind a number that is only the begin of a formula."""
_GOES_ON = re.compile(
    r"[^\d\n]{0,200}(?:\b(?:so|therefore|thus|hence|means|gives?|leaves|leaving|(?<!to )makes?|making|equals?"
    r"|is|are|was|were|has|have|had|get|gets|got|costs?|takes?|took|needs?|total of|produces?|yields|will be"
    r"|comes to|then)\b|[=,:])[^\d\n]{0,80}\d"
)
_TUPLE = re.compile(r"(?<![\w)}\]])[(\[][-−\d][^()\[\]\n]{0,60},[^()\[\]\n]{0,60}[\d}][)\]]")
_EQUATION = re.compile(
    r"(?<![\w\\$])[a-zA-Z](?:\([a-z]\))?\s?=\s?(?:(?<![a-zA-Z])[a-zA-Z](?![a-zA-Z])|[-+*/^().\d\s√π²³])+"
)
_BETWEEN = re.compile(r"\s?(?:,|,? and|,? or|,? y|,? et|,? und|,? e)\s(?:[a-zA-Z]\s?=\s?)?")
_RANGE = re.compile(r"(?:\bbetween|[<>≤≥]|[\d)²³][a-zA-Z]?\s?=)\s?$", re.IGNORECASE)
_UNIT_BEHIND = re.compile(r"\s?([a-zA-Zμ°][a-zA-Zμ²³^\d/.]{0,20}(?:\s(?:per\s)?[a-zA-Z²³]{1,12}){0,2})")
_NOT_THIS = re.compile(
    r"(?:\bnot|n['’]t|\bnever|\bstep|\bsteps|\bcase|\boption)(?: be)?[\s$*]{1,3}$", re.IGNORECASE
)


def whole_text(text: str) -> Candidate | None:
    """The text itself where it is nothing but an answer: one short line or formula without a sentence."""
    value = text.strip()
    if (
        not value
        or len(value) > 200
        or "\n\n" in value
        or re.search(r"(?<!\\)[.!?]\s+\S", value)
        or is_echo(value)
        or BOX.search(value)
        or LABEL.search(value)
    ):
        return None
    if not value.isascii() and _FOREIGN_LETTERS.search(value) and re.search(r"\d", value):
        return None
    if any(len(line.split()) > 3 for line in value.split("\n")[1:]) and not MATH.fullmatch(value):
        return None
    formulas = list(MATH.finditer(value))
    if len(formulas) > 1 and not is_list(value, formulas):
        return None
    words = re.findall(r"(?<![\\a-zA-Z{\d])[a-zA-Z]{2,}", re.sub(r"\\[a-zA-Z]+(?:\s?\{[^{}]*\})?", "", value))
    if _CONCLUDES.search(value) or _SUBORDINATE.match(value) or "which" in words:
        return None
    if len(words) > 5 or (len(words) > 1 and value[0].isupper() and re.search(r"[\d$]", value)):
        return None
    return candidate(text, 0, len(text), "whole_text")


def bare_answer(text: str) -> Candidate | None:
    """The text itself, known to be nothing but an answer; None where it is a placeholder or nothing."""
    found = candidate(text, 0, len(text), "bare_answer")
    if len(text) > VALUE:  # a prefix of it would not be the answer
        found = Candidate(text=text.strip()[: VALUE + 1], span=found.span, rule=found.rule)
    return None if is_echo(found.text) else found


def last_line(text: str) -> Candidate | None:
    """The last line, if it is short: where an answer in words stands by itself."""
    stripped = text.rstrip()
    start = stripped.rfind("\n") + 1
    found = candidate(text, start, len(stripped), "last_line")
    return found if 0 < len(found.text) <= 80 and not is_echo(found.text) else None


def conclusion(
    text: str,
    stated: Candidate | None,
    last: Callable[[str], Candidate | None],
) -> Candidate | None:
    """What is stated, or the value (by `last`) that a later sentence concludes with.

    Behind a `result` (`the sum is 9`) any later conclusion counts, behind `the answer is 7` one that takes it
    back (`Wait, that is y. So x = 49.`).
    """
    if stated is None or stated.rule not in ("result", "statement", "answer_line"):
        return stated
    begin = stated.span[1]
    if stated.rule != "result":
        revision = _REVISION.search(text, begin)
        if revision is None:
            return stated
        begin = revision.start()
    later = last(text)
    return later if later is not None and later.span[0] >= begin else stated


def last_value(text: str, *, integers: bool = False) -> Candidate | None:
    """The value that the last sentence with one concludes with (rules `last_formula`, `last_number`).

    integers: only single numbers, no `(1, 2)` and no list. None where the text has a box: its model did
    commit, to something that was no answer.
    """
    if BOX.search(text):
        return None
    text = without_figures(text)
    offset = max(len(text) - TAIL, 0)
    tail = text[offset:].rstrip()
    shown = [m for m in MATH.finditer(tail) if _is_formula(tail, m)]
    formulas = [] if integers else shown
    sentences = _sentences(tail, [m.span() for m in shown])
    later: Candidate | None = None
    for start, end in reversed(sentences[-SENTENCES:]):
        found = _concluded(tail, start, end, formulas, integers=integers)
        if found is None:
            continue
        if is_hedged(tail, start, end):
            return None
        if not is_remark(tail, start, end) and not is_rounded(tail, start, found.span[0]):
            return moved(found, offset)
        later = later or found
    return moved(later, offset) if later else None


def _is_formula(text: str, found: re.Match[str]) -> bool:
    """Not a closing mark, not `$50 - $` of `$50 - $19`, and not the prose between two formulas."""
    if found[0][0] == "$" and found[0][1] != "$":
        before_number = _AMOUNT.match(text, found.end()) is not None
        if before_number and (found[0][-2:-1].isspace() or found[0][-2:-1] in "+-*/=("):
            return False
        if _PROSE.match(found[0]) or _WORDS.search(_TEXT.sub("", found[0])):
            return False
    return re.search(r"[\da-zA-Z]", _bare(found[0])) is not None


def _bare(formula: str) -> str:
    return re.sub(r"\\(?:blacksquare|square|Box|qed|checkmark)", "", formula)


def _sentences(text: str, formulas: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """[start, end) of the sentences and lines; a full stop or a line break in a formula ends nothing."""
    cuts = [0]
    for stop in _END_OF_SENTENCE.finditer(text):
        if not any(start < stop.start() < end for start, end in formulas) and not (
            stop[0] == "\n"
            and _DISPLAYED.match(text, stop.end())
            and not _ENDED.search(text[: stop.start()][-3:])
        ):
            cuts.append(stop.end())
    cuts += [
        end
        for start, end in formulas
        if _CLOSED_SENTENCE.search(text, max(start, end - 20), end) and not _GOES_ON_LOWER.match(text, end)
    ]
    cuts = sorted({*cuts, len(text)})
    return [(start, end) for start, end in pairwise(cuts) if text[start:end].strip()]


def _concluded(
    text: str, start: int, end: int, formulas: list[re.Match[str]], *, integers: bool
) -> Candidate | None:
    """The value of one sentence: in its main clause, else anywhere in it."""
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
        if shown and all(_VARIABLE.fullmatch(m[0]) for m in shown):  # 5 values of $k$
            if found := _plain_value(text, start, limit, asides, integers=integers):
                return found
        elif len(shown) > 1:
            shown = [m for m in shown if not _VARIABLE.fullmatch(m[0])]
        if not shown and limit == end:
            shown = inside
        if shown:
            first = last = shown[-1]
            while len(shown) > 1 and _is_listed(text, start, *shown[-2:]):
                first = shown[-2]
                shown.pop()
            return candidate(text, first.start(), last.end(), "last_formula")
        if found := _plain_value(text, start, limit, asides, integers=integers):
            return found
    if not integers and (none := _NONE.search(text, start, end)):
        return candidate(text, *none.span(), "last_formula")
    return None


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
    if _SUBORDINATE.match(text[start:end].lstrip()) and _NUMBER.search(text, value.end(), end):
        return None
    last = value.end() if integers else _with_unit(text, value.end(), end)
    return candidate(text, value.start(), last, "last_number")


def _is_listed(text: str, start: int, left: re.Match[str], right: re.Match[str]) -> bool:
    """Whether two formulas are members of one list: both equations, or both not; `$x = 2$ and $-3$` are too.

    `Since $x = 3$, $y = 5$` is no list.
    """
    if not is_list(text, [left, right]):
        return False
    if text[left.end() : right.start()].strip() == "," and _PREPOSED.search(text, start, left.start()):
        return False
    if right[0].count("=") > 1:
        return False
    if "=" in right[0] and "=" in left[0]:
        return _ASSIGNED.match(left[0]) is not None and _ASSIGNED.match(right[0]) is not None
    return "=" not in right[0]


def _within(position: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= position < end for start, end in spans)


def _plain_value(
    text: str, start: int, end: int, asides: list[tuple[int, int]], *, integers: bool
) -> Candidate | None:
    patterns = (_NUMBER,) if integers else (_NUMBER, _TUPLE)
    wider = expressions(text, start, end)
    found = [m.span() for pattern in patterns for m in pattern.finditer(text, start, end)]
    found = wider + [span for span in found if not any(a <= span[0] and span[1] <= b for a, b in wider)]
    found = [span for span in found if not _NOT_THIS.search(text, max(span[0] - 20, 0), span[0])]
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
        phrase = " ".join(words[:count]).translate({0xB2: "^2", 0xB3: "^3", 0xB0: "\\circ "})
        unit = unit_of(phrase.strip())
        if unit is not None and unit != COUNTED and not (phrase == "in" and len(words) > 1):
            return behind.start(1) + len(" ".join(words[:count]))
    return last
