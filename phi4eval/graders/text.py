"""Is the answer the gold text? For golds in words: names, categories, yes or no, times of day.

Case, surrounding punctuation, a leading article and repeated spaces do not matter; `9:00 a.m.` is `9 AM`, and
`twelve` is `12`. Anything else has to be the same: `not Monday` is not `Monday`.
"""

from __future__ import annotations

from collections.abc import Mapping

from phi4eval.graders.empty import is_refusal
from phi4eval.graders.extract import final_statement
from phi4eval.graders.normal import plain_value
from phi4eval.graders.numbers import parse_number
from phi4eval.graders.unstated import bare_answer, last_line, whole_text
from phi4eval.graders.verdicts import grades_of
from phi4eval.graders.wording import bare_text, in_digits, same_time
from phi4eval.types import Grade, Key

VERSION = "5"

_grade = grades_of(f"text@{VERSION}")


def grade(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    """Judge a text against a gold in words. Options: form (see math); alternatives, others parted by `|`."""
    golds = [gold for gold in (key.gold, *options.get("alternatives", "").split("|")) if gold.strip()]
    if not golds:
        return _grade("ungradable", "gold", "the gold is empty")
    found = final_statement(text)
    if found is None and is_refusal(text):
        return _grade("refused", "refusal", "the model declined to answer")
    if found is None and options.get("form") == "answer":
        found = bare_answer(text)
    found = found or whole_text(text) or last_line(text)
    if found is None:
        return _grade("no_answer", "none", "no final answer found")
    said = found.line if found.rule in ("statement", "answer_line", "result") and found.line else found.text
    for gold in golds:
        for value in (found.text, said):
            if rule := same_answer(gold=gold, prediction=value):
                return _grade("correct", f"{found.rule}/{rule}", f'"{value[:80]}" is "{gold[:80]}"', found)
    return _grade("incorrect", f"{found.rule}/text", f'"{found.text[:80]}" is not "{golds[0][:80]}"', found)


def same_answer(*, gold: str, prediction: str) -> str | None:
    """The rule by which two text answers are the same, None where they are not."""
    left, right = plain_value(gold), plain_value(prediction)
    if (same := same_time(left, right)) is not None:
        return "time" if same else None
    if bare_text(left) == bare_text(right):
        return "text"
    a, b = parse_number(in_digits(left)), parse_number(in_digits(right))
    return "number" if a is not None and a == b else None
