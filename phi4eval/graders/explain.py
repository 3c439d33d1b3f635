"""Why did an answer get its grade? Every candidate, the one chosen, both normal forms, the deciding rung."""

from __future__ import annotations

import msgspec

from phi4eval.graders import grade_completion
from phi4eval.graders.chains import CHAINED, concludes
from phi4eval.graders.extract import Candidate, statements
from phi4eval.graders.math import bare_gold
from phi4eval.graders.normal import normalised, plain_value
from phi4eval.graders.thinking import split_thinking
from phi4eval.graders.unstated import last_value, whole_text
from phi4eval.types import Completion, Grade, GraderSpec, Key

SHOWN = 20
"""Most candidates listed: the last ones."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A grade with what led to it.

    candidates: places where an answer may stand, in the order of the text, spans in the completion's text.
    gold_form, answer_form: the spellings that were compared (LaTeX for mathematics, plain text for choices).
    """

    grade: Grade
    candidates: tuple[Candidate, ...]
    gold: str
    gold_form: str
    answer_form: str | None


def explain(completion: Completion, key: Key, spec: GraderSpec) -> Explanation:
    """Grade a completion and keep the evidence. Code graders have no candidates."""
    answer = split_thinking(completion.text)
    found = [
        msgspec.structs.replace(each, span=answer.original(each.span) or each.span)
        for each in _candidates(answer.text)
    ]
    grade = grade_completion(completion, key, spec)
    form = plain_value if spec.name in ("choice", "text") else normalised
    return Explanation(
        grade=grade,
        candidates=tuple(found[-SHOWN:]),
        gold=key.gold,
        gold_form=form(bare_gold(key.gold)[:1000]),
        answer_form=None if grade.extracted is None else form(_compared(grade, key)[:1000]),
    )


def _compared(grade: Grade, key: Key) -> str:
    """What was compared of the text that was taken: of a chain of equalities its last member."""
    text = grade.extracted or ""
    chained = grade.grader.startswith("math@") and grade.rule.partition("/")[0] in CHAINED
    return concludes(text, bare_gold(key.gold)) if chained else text


def _candidates(text: str) -> list[Candidate]:
    found = list(statements(text))
    if not found:
        guesses = (whole_text(text), last_value(text))
        found = [guess for guess in guesses if guess is not None]
    return sorted(found, key=lambda each: each.span)
