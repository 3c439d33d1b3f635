"""What is the answer of a text that never says "the answer is"?

A short text may be nothing but its answer, and a first sentence may be explained by the rest. Otherwise the
last sentence that gives a value is taken as the conclusion. All of these are weak: a grade by them says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from phi4eval.graders.anchors import LABEL
from phi4eval.graders.clauses import without_figures
from phi4eval.graders.empty import is_echo
from phi4eval.graders.extract import BOX, MATH, VALUE, Candidate, candidate, is_list, moved
from phi4eval.graders.prose import in_bold, is_hedged
from phi4eval.graders.remarks import is_remark, is_rounded, without_aside, without_notes
from phi4eval.graders.sentence import SUBORDINATE, VARIABLE, concluded_value
from phi4eval.graders.upfront import first_sentence

SENTENCES = 4
"""Only this many last sentences are looked at."""
TAIL = 4_000
"""Only this many last characters are looked at."""
_UNFINISHED = re.compile(r"[\w)}\]]\s?[=+×·÷/]\s*\Z")
"""A calculation that was cut off says nothing, its left side least of all."""
_TAKES_UP = re.compile(
    r"[\s*_]{0,4}(?:so|thus|hence|therefore|then|finally|overall|in total|altogether|wait|no"
    r"|actually|but|however|the (?:answer|total|result|final))\b",
    re.IGNORECASE,
)
_FOREIGN_LETTERS = re.compile(
    r"[\u0400-\u052f\u0590-\u07bf\u0900-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2}"
)
_END_OF_SENTENCE = re.compile(
    r"(?<!\b[A-Za-z])(?<!\bSt)(?<!\bM[rs])(?<!\bMrs)(?<!\bDr)(?<!\bvs)[.!?](?=[\s*_]|$)[*_]{0,3}\s*|[。！？।]\s*|\n"
    r"|;\s(?=(?:since|as|because)\s[^,;\n]{1,60},\s(?:so\s|then\s|we\s\w{1,10}\s)?\$?[a-zA-Z]\s?=)"
)
_REVISION = re.compile(
    r"\b(?:wait|actually|scratch that|correction|on second thoughts?|oops|my mistake|hold on|no,"
    r"|however, (?:the|we)|but (?:the )?(?:question|problem) asks)\b",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(
    r"^(?:therefore|thus|hence|so|here|then|finally|overall)\b|^[A-Z][a-z]{2,14},\s{1,3}(?:\$|\\[(\[])"
    r"|[,.]\s(?:so|thus|hence|therefore)\s|\b[a-z]{3,20}:\s",
    re.IGNORECASE,
)
_DISPLAYED = re.compile(r"\s{0,4}(?:\\\[|\$\$|\\begin\{)")
_ENDED = re.compile(r"[.!?:\n][\s$*]*$")
_BEGINS = re.compile(
    r"\s{0,4}(?:Since|So|Thus|Hence|Therefore|Then|Now|Because|As|We|This|The|Note|For)[,\s]"
)
_OPEN_ROW, _LOWER = re.compile(r",\s{0,2}(?:\\\]|\$\$)\s{0,2}\Z"), re.compile(r"\s{0,4}[a-z]{1,15}\s")
"""A displayed formula that ends with a comma, and the sentence going on behind it."""
_GOES_ON_LOWER = re.compile(r"\s{0,3}[a-z]")
_CLOSED_SENTENCE = re.compile(r"[.!?]\s?(?:\$\$?|\\\]|\\\)|\\end\{\w{1,10}\*?\})$")
_AMOUNT = re.compile(r"\.?\d")
_PROSE = re.compile(r"\$[.,;:]?\s[^$]{0,200}?[a-zA-Z]{2}[^$\\]{0,200}\s\$")
_WORDS = re.compile(r"(?<![\\a-zA-Z])[a-zA-Z]{2,}(?:[,.]?\s+[a-zA-Z]{2,}){2}")
_TEXT = re.compile(r"\\(?:text|mbox|textbf|mathrm)\s?\{[^{}]*\}")


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
    if value.count("=") > 2 and re.search(r",\s(?:and|so|then)\s", value):
        return None
    formulas = list(MATH.finditer(value))
    if len(formulas) > 1 and not is_list(value, formulas):
        return None
    words = re.findall(r"(?<![\\a-zA-Z{\d])[a-zA-Z]{2,}", re.sub(r"\\[a-zA-Z]+(?:\s?\{[^{}]*\})?", "", value))
    if _CONCLUDES.search(value) or SUBORDINATE.match(value) or "which" in words:
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
    problem: str = "",
) -> Candidate | None:
    """What is stated, or the value (by `last`) that a later sentence concludes with.

    Where nothing is called the answer, the value of a first sentence that the rest only explains.

    Behind a `result` (`the sum is 9`) any later conclusion counts, behind `the answer is 7` one that takes it
    back (`Wait, that is y. So x = 49.`).
    """
    if stated is None and not BOX.search(text) and (first := first_sentence(text, problem)):
        return last(text[: first[1]])
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


def last_value(text: str, *, integers: bool = False, rounded: bool = False) -> Candidate | None:
    """The value that the last sentence with one concludes with (rules `last_formula`, `last_number`).

    integers: only single numbers, no `(1, 2)` and no list. rounded: a rounded value is asked for. None
    where the text has a box, as its model did commit to something that was no answer, or is cut off.
    """
    if BOX.search(text) or _UNFINISHED.search(text, max(len(text) - 40, 0)):
        return None
    text = without_figures(text)
    offset = max(len(text) - TAIL, 0)
    tail = without_aside(without_notes(text[offset:].rstrip()))
    shown = [m for m in MATH.finditer(tail) if _is_formula(tail, m)]
    formulas = [] if integers else shown
    sentences = _sentences(tail, [m.span() for m in shown])
    later: Candidate | None = None
    for start, end in reversed(_up_to_bold(tail, sentences[-SENTENCES:])):
        found = concluded_value(tail, start, end, formulas, integers=integers)
        if found is None:
            continue
        if is_hedged(tail, start, end):
            return None
        if VARIABLE.fullmatch(tail, *found.span) or _only_a_reason(tail, start, end, found):
            later = later or found  # a name gives no value, and a reason by itself concludes nothing
            continue
        remark = is_remark(tail, start, end) and not in_bold(tail, start, end)
        if not remark and (rounded or not is_rounded(tail, start, found.span[0])):
            return moved(found, offset)
        later = later or found
    return moved(later, offset) if later else None


def _only_a_reason(text: str, start: int, end: int, found: Candidate) -> bool:
    """`Since 137 is prime, the fraction is in lowest terms.`: the main clause has no value."""
    comma = text.find(", ", start, end)
    reason = SUBORDINATE.match(text[start:end].lstrip()) is not None
    return reason and comma > found.span[0] and re.search(r"[\d$\\]", text[comma:end]) is None


def _up_to_bold(text: str, sentences: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The sentences without those behind the only one that sets a value in bold, unless they conclude."""
    bold = [place for place, span in enumerate(sentences) if in_bold(text, *span)]
    if len(bold) != 1 or any(_TAKES_UP.match(text, start) for start, _ in sentences[bold[0] + 1 :]):
        return sentences
    return sentences[: bold[0] + 1]


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
            and (
                (_DISPLAYED.match(text, stop.end()) and not _ENDED.search(text[: stop.start()][-3:]))
                or (
                    _OPEN_ROW.search(text, max(stop.start() - 12, 0), stop.start())
                    and _LOWER.match(text, stop.end())
                )
            )
        ):
            cuts.append(stop.end())
    cuts += [
        end
        for start, end in formulas
        if (_CLOSED_SENTENCE.search(text, max(start, end - 20), end) and not _GOES_ON_LOWER.match(text, end))
        or (_DISPLAYED.match(text, start) and _BEGINS.match(text, end))
    ]
    cuts = sorted({*cuts, len(text)})
    return [(start, end) for start, end in pairwise(cuts) if text[start:end].strip()]
