"""Does an answer state the gold fact? Correct, incorrect or not attempted, without a judge.

SimpleQA is graded by a model in the published protocol (graders/fact_judge.py has its prompt). This is the
stand-in: the gold's words must stand in the answer together, and an answer that says it does not know is
`no_answer`. It cannot tell a paraphrase from an error, so every grade carries `judge_stand_in`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from phi4eval.graders.empty import is_refusal
from phi4eval.graders.extract import Candidate
from phi4eval.graders.unstated import whole_text
from phi4eval.graders.verdicts import grades_of
from phi4eval.graders.wording import bare_text
from phi4eval.types import Grade, Key

VERSION = "2"
STAND_IN = "judge_stand_in"
CHARACTERS = 20_000
"""The gold is looked for in the first of them: a short fact has no such answer."""

_grade = grades_of(f"short_fact@{VERSION}")

_UNKNOWN = re.compile(
    r"\b(?:i (?:do not|don['’]t|don t) (?:know|have)|i(?:['’]m| am) not (?:sure|aware|certain)|unknown to me"
    r"|no (?:reliable |specific )?information|cannot (?:answer|verify|confirm)"
    r"|can['’]t (?:verify|confirm|say)"
    r"|need more context|not enough information)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")


def grade(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    """Judge a short factual answer. No options."""
    return msgspec.structs.replace(_judge(text, key), flags=(STAND_IN,))


def _judge(text: str, key: Key) -> Grade:
    gold = _words(key.gold)
    if not gold:
        return _grade("ungradable", "gold", "the gold has no words")
    if found := _stated(text, gold):
        return _grade("correct", "contains", f'the answer has "{key.gold[:80]}"', found)
    if is_refusal(text) or _UNKNOWN.search(text[:1000]):
        return _grade("no_answer", "not_attempted", "the answer says that it does not know")
    found = whole_text(text) or Candidate(text=text[:200], span=(0, min(200, len(text))), rule="whole_text")
    return _grade("incorrect", "contains", f'"{key.gold[:80]}" does not stand in the answer', found)


def _words(text: str) -> list[str]:
    return _WORD.findall(bare_text(text).casefold())


def _stated(text: str, gold: list[str]) -> Candidate | None:
    """Where the gold's words stand side by side in the text."""
    words = list(_WORD.finditer(text[:CHARACTERS]))
    plain = [word[0].casefold() for word in words]
    for start in range(len(plain) - len(gold) + 1):
        if plain[start : start + len(gold)] == gold:
            span = (words[start].start(), words[start + len(gold) - 1].end())
            return Candidate(text=text[span[0] : span[1]], span=span, rule="contains")
    return None
