"""Is the answer mathematically the gold? For MATH and other free-form answers.

Finds the final answer (extract), then compares by the ladder in equal. An expression over the limits that
sympy could choke on is `ungradable`, not wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

import msgspec

from phi4eval.graders.asked import NOTHING_ASKED, Asked, as_asked, in_unit, what_is_asked
from phi4eval.graders.chains import CHAINED, concludes
from phi4eval.graders.empty import is_refusal
from phi4eval.graders.equal import Equality, compare
from phi4eval.graders.extract import Candidate, final_statement, find_boxes, moved
from phi4eval.graders.given import told_apart
from phi4eval.graders.normal import unwrapped
from phi4eval.graders.options import LETTERS
from phi4eval.graders.prose import last_word, named_word
from phi4eval.graders.spoken import spoken_letter
from phi4eval.graders.symbolic import TooLarge
from phi4eval.graders.unstated import bare_answer, conclusion, last_value, whole_text
from phi4eval.graders.verdicts import grades_of
from phi4eval.graders.wording import in_digits
from phi4eval.types import Grade, Key, Verdict

VERSION = "9"

_grade = grades_of(f"math@{VERSION}")

STATED = frozenset({"answer_line", "statement", "result"})
"""Rules whose text may be a whole sentence."""
_COUNT = re.compile(r"\b(\d{1,3}|[a-z]{3,9})\s[^\d.\n:]{2,60}(?::|,\snamely)\s{1,2}$")
_LETTER = re.compile(r"\\text\{\(?[A-J]\)?\}")
"""A gold that is an option of a problem with choices."""
_MEMBERS = re.compile(r"[,;]\s?(?:and\s)?(?![^()]{0,60}\))|\sand\s")
_WORDED = re.compile(r"\\(?:text|mbox)\{[a-zA-Z]{3,20}\}|[a-zA-Z]{3,20}")
_CHINESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_WORD = re.compile(r"[A-Za-z'’]{2,}")
_SENTENCE = re.compile(r"[A-Za-z'’]+(?:\s[A-Za-z'’]+)+")


def preload() -> None:
    """Import the algebra system, which takes a second, before a job is on the clock."""
    import math_verify  # noqa: F401


def grade(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    """Judge a text against a gold in LaTeX or plain text.

    Options: form, `answer` where the text is nothing but an answer (default: a whole response).
    """
    gold = bare_gold(key.gold)
    if not gold:
        return _grade("ungradable", "gold", "the gold is empty")
    asked = what_is_asked(key.problem)
    last = partial(last_value, rounded=asked.rounded)
    found = conclusion(text, final_statement(text), last, key.problem)
    if found is None and is_refusal(text):
        return _grade("refused", "refusal", "the model declined to answer")
    if found is None and options.get("form") == "answer":
        found = bare_answer(text)
    if found is None and _WORDED.fullmatch(gold):
        found = last_word(text.rstrip()) or (named_word(text) if whole_text(text) is None else None)
    found = found or whole_text(text) or last(text)
    if found is None:
        return _grade("no_answer", "none", "no final answer, formula or number found")
    if _LETTER.fullmatch(gold) and found.rule not in STATED and (said := spoken_letter(text, LETTERS)):
        found = said
    found = told_apart(as_asked(found, text, asked), text, key.problem)
    judged = judge(found, gold, asked)
    if judged.verdict == "incorrect" and (value := _value_in(found) or _count_of(found, text)) is not None:
        second = judge(value, gold, asked)
        judged = second if second.verdict == "correct" or value.rule != "last_count" else judged
    if judged.verdict == "incorrect" and found.rule == "whole_text" and _SENTENCE.fullmatch(found.text):
        return _grade("no_answer", "none", "a sentence without an answer")
    return judged


def _value_in(found: Candidate) -> Candidate | None:
    """The value of a statement that is a sentence: `Answer: she has 270 marbles now` says 270."""
    if found.rule not in STATED or "\\" in found.text:
        return None
    if len(_WORD.findall(found.text)) < 3 and not _CHINESE.search(found.text):
        return None
    value = last_value(found.text)
    return None if value is None else msgspec.structs.replace(moved(value, found.span[0]), rule=found.rule)


def _count_of(found: Candidate, text: str) -> Candidate | None:
    """Of `it has 3 divisors: 1, 2 and 4` the 3, if so many are listed: the gold says which is asked for."""
    if found.rule not in ("last_number", "last_formula"):
        return None
    said = _COUNT.search(text, max(found.span[0] - 80, 0), found.span[0])
    if said is None or in_digits(said[1]) != str(len(_MEMBERS.split(found.text))):
        return None
    return msgspec.structs.replace(found, text=in_digits(said[1]), span=said.span(1), rule="last_count")


def judge(found: Candidate, gold: str, asked: Asked = NOTHING_ASKED) -> Grade:
    """The grade of one extracted answer against a gold without wrapping, in the unit that is asked for."""
    try:
        # `the answer is 5!` is 5, unless the gold is a factorial itself
        said = f"{found.text}!" if found.exclaimed and "!" in gold else found.text
        if found.rule in CHAINED:
            said = concludes(said, gold, rounded=asked.rounded)
        golden = in_unit(gold, said, asked.unit)
        result = compare(gold=golden, prediction=said)
    except TooLarge as limit:
        return _grade("ungradable", f"{found.rule}/limit", f"not compared: {limit}", found)
    relation = "is" if result.same else "is not"
    why = result.rule if golden == gold else f"{result.rule}; the problem asks for {asked.unit}"
    explanation = f'"{_shown(said)}" {relation} "{_shown(golden)}" ({why})'
    return _grade(_verdict(result), f"{found.rule}/{result.rule}", explanation, found)


def _verdict(result: Equality) -> Verdict:
    return "correct" if result.same else "incorrect"


def bare_gold(text: str) -> str:
    """A gold without its box and its dollar signs."""
    boxes, _ = find_boxes(text)
    if boxes:
        found = final_statement(text)
        joined = found is not None and found.rule == "box_list"
        text = found.text if found and joined else text[boxes[-1][2] : boxes[-1][3]]
    return unwrapped(text).rstrip("\\")


def _shown(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
