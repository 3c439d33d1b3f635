"""How much of the gold does an answer about a passage have? DROP's F1, by lm-eval's scoring code.

`key.gold` holds the accepted answers, parted by `|` as simple-evals' files have them. The score is the F1 of
the best one (0..1); the verdict is `correct` for an exact match only, so a half-right answer is `incorrect`
with its share of the score.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from phi4eval.graders.empty import is_refusal
from phi4eval.graders.extract import Candidate, final_statement
from phi4eval.graders.unstated import last_line, whole_text
from phi4eval.graders.verdicts import grades_of
from phi4eval.types import Grade, Key

VERSION = "2"

_grade = grades_of(f"drop@{VERSION}")


def grade(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    """Judge the final statement of a text, or its last line. No options."""
    found = final_statement(text)
    if found is None and is_refusal(text):
        return _grade("refused", "refusal", "the model declined to answer")
    return grade_found(found or whole_text(text) or last_line(text), key)


def preload() -> None:
    """Load lm-eval's code before the first answer is on the clock."""
    f1_of("", "")


def grade_found(found: Candidate | None, key: Key) -> Grade:
    """The grade of an extracted answer; None is no answer."""
    golds = [gold for gold in key.gold.split("|") if gold.strip()]
    if not golds:
        return _grade("ungradable", "gold", "the gold is empty")
    if found is None:
        return _grade("no_answer", "none", "no final answer found")
    scores = [f1_of(found.text, gold) for gold in golds]
    if any(exact for exact, _ in scores):
        return _grade("correct", f"{found.rule}/exact", f'"{found.text[:80]}" is a gold answer', found)
    f1, best = max((f1, gold) for (_, f1), gold in zip(scores, golds, strict=True))
    explanation = f'"{found.text[:80]}" has F1 {100 * f1:.2f} with "{best[:80]}"'
    return msgspec.structs.replace(_grade("incorrect", f"{found.rule}/f1", explanation, found), score=f1)


def f1_of(prediction: str, gold: str) -> tuple[bool, float]:
    """Exact match, and F1 in 0..1 with four digits: the protocol rounds percent to two."""
    from lm_eval.tasks.drop import utils

    predicted, wanted = utils._answer_to_bags(prediction), utils._answer_to_bags(gold)
    f1 = utils._align_bags(predicted[1], wanted[1])[0]  # one answer, so one bag on each side
    return predicted[0] == wanted[0], round(float(f1), 4)
