"""Does the answer state the gold number? For AIME, AMC and GSM8K style golds.

Exact: `27.0` is 27, `\\boxed{016}` is 16, `$1,234.00` is 1234; 26.999 is not 27. A unit word may follow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial

from phi4eval.graders.asked import as_asked, in_unit, what_is_asked
from phi4eval.graders.chains import CHAINED, concludes
from phi4eval.graders.empty import is_refusal
from phi4eval.graders.equal import compare
from phi4eval.graders.extract import Candidate, final_statement
from phi4eval.graders.given import told_apart
from phi4eval.graders.normal import plain_value
from phi4eval.graders.numbers import parse_number
from phi4eval.graders.unstated import bare_answer, conclusion, last_value, whole_text
from phi4eval.graders.verdicts import grades_of
from phi4eval.types import Grade, Key

VERSION = "9"

_grade = grades_of(f"integer@{VERSION}")

_GOLD = re.compile(r".*####\s*", re.DOTALL)
_UNITS = re.compile(r"([-+]?[\d.,/]*\d)\s*(?:[a-zA-Z°²³%]+\.?(?:\s+[a-zA-Z²³]+){0,3}|\([a-zA-Z ]+\))")
_HEDGE = re.compile(r"\$?-?\d[\d.,]*\$?(?:,?\sor\s\$?-?\d[\d.,]*\$?){1,8}")
_LEAD = re.compile(r"(?:[a-zA-Z]+ ){1,6}(?=[-+]?\d)")


def grade(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    """Judge a text against a numeric gold. Options: form (see math). An unreadable gold is `ungradable`."""
    gold = number_of(_GOLD.sub("", key.gold))
    if gold is None:
        return _grade("ungradable", "gold", f'the gold "{key.gold[:80]}" is not a number')
    asked = what_is_asked(key.problem)
    last = partial(_last_number, rounded=asked.rounded)
    found = conclusion(text, final_statement(text), last, key.problem)
    if found is None and options.get("form") == "answer":
        found = bare_answer(text)
    if found is None and is_refusal(text):
        return _grade("refused", "refusal", "the model declined to answer")
    found = found or _concluded(text, last)
    if found is None:
        return _grade("no_answer", "none", "no final answer and no number found")
    found = told_apart(as_asked(found, text, asked), text, key.problem)
    value = number_of(_said(found, rounded=asked.rounded))
    if value is None:
        return _grade("incorrect", f"{found.rule}/not_a_number", "the stated answer is not one number", found)
    said = _said(found, rounded=asked.rounded)
    golden = in_unit(str(gold), said, asked.unit)
    same = value == gold if golden == str(gold) else compare(gold=golden, prediction=said).same
    explanation = f"{_shown(value)} {'equals' if same else 'is not'} {_shown(gold)}"
    if golden != str(gold):
        explanation = (
            f'"{said[:80]}" {"is" if same else "is not"} "{golden}"; the problem asks for {asked.unit}'
        )
    return _grade("correct" if same else "incorrect", f"{found.rule}/number", explanation, found)


def _concluded(text: str, last: Callable[[str], Candidate | None]) -> Candidate | None:
    whole = whole_text(text)
    return whole if whole is not None and number_of(_said(whole)) is not None else last(text)


def _last_number(text: str, *, rounded: bool) -> Candidate | None:
    """The last value where that is one number or a hedge; else the last number of its sentence."""
    found = last_value(text, rounded=rounded)
    if found is not None and (
        number_of(_said(found, rounded=rounded)) is not None or _HEDGE.fullmatch(found.text)
    ):
        return found
    return last_value(text, integers=True, rounded=rounded)


def _said(found: Candidate, *, rounded: bool = False) -> str:
    """What a candidate says: the last member of a chain, unless the chain is an answer in a box."""
    return concludes(found.text, "0", rounded=rounded) if found.rule in CHAINED else found.text


def number_of(text: str) -> Fraction | None:
    """The one number a stated answer gives, behind `x =` and before a unit; None for none or several."""
    value = plain_value(text)
    for part in (value, value.rpartition("=")[2].strip()):
        if (number := parse_number(part)) is not None:
            return number
        bare = _LEAD.sub("", part, count=1)
        if match := _UNITS.fullmatch(bare):
            return parse_number(match[1])
        if bare != part and (number := parse_number(bare)) is not None:
            return number
    return None


def _shown(value: Fraction) -> str:
    shown = str(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
