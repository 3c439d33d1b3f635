"""What would OpenAI's simple-evals have scored? The published report's own extraction rules, exactly.

Source: openai/simple-evals at a8e85cc (2024-11-20), the last state before the report (arXiv 2412.08905), and
the report's appendix C for AMC. First match instead of last, case-sensitive letters and the signature
stripping are theirs and are kept: the gap to the robust grader is what a reader wants to see. Where the
protocol asks a judge model, the symbolic comparison, the gold's words or the boxed letter stand in and the
grade carries `judge_stand_in`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from phi4eval.errors import UsageError, did_you_mean
from phi4eval.graders import choice, code, drop, math, short_fact
from phi4eval.graders.code import RunCode, Source
from phi4eval.graders.extract import Candidate, find_boxes
from phi4eval.graders.languages import ANSWER_WORDS, find_mgsm_number, find_mmlu_letter
from phi4eval.types import Grade, Key, Verdict

VERSION = "7"
EXECUTES = True
GRADES_TRUNCATED = True

MATH = re.compile(r"(?i)Answer\s*:\s*([^\n]+)")
MCQ = re.compile(r"(?i)Answer\s*:\s*([A-D])")
MCQ_2025 = re.compile(r"(?i)Answer[ \t]*:[ \t]*\$?([A-D])\$?")
FENCE = re.compile(r"```python\n(.*?)```", re.DOTALL)
RULES = ("amc", "drop", "humaneval", "math", "mcq", "mcq_2025", "mgsm", "mmlu", "simpleqa")

_STAND_IN = ("judge_stand_in",)


def grade(text: str, key: Key, options: Mapping[str, str], *, run_code: RunCode | None = None) -> Grade:
    """Judge by the protocol. Options: rule (one of RULES); for humaneval timeout, seconds (default 3.0)."""
    rule = options.get("rule", "")
    if rule == "math":
        return _math(text, key)
    if rule in ("mcq", "mcq_2025"):
        return _letter(find_letter(text, MCQ if rule == "mcq" else MCQ_2025), key)
    if rule == "mmlu":
        return _letter(find_mmlu_letter(text), key)
    if rule == "mgsm":
        return _mgsm(text, key)
    if rule == "drop":
        whole = Candidate(text=text, span=(0, len(text)), rule="whole_text")
        return drop.grade_found(find_answer(text) or whole, key)
    if rule == "simpleqa":
        return short_fact.grade(text, key, options)
    if rule == "humaneval":
        found = find_code(text)
        return code.run(key.extra.get("prompt", "") + found.text, found, key, options, run_code)
    if rule == "amc":
        return _amc(text, key, options)
    raise UsageError(
        f'simple_evals has no rule "{rule}"', did_you_mean(rule, RULES, f"known rules: {', '.join(RULES)}")
    )


def find_answer(text: str) -> Candidate | None:
    """MATH: the rest of the line after the first `Answer:`."""
    match = MATH.search(text)
    return Candidate(text=match[1], span=match.span(1), rule="first_answer") if match else None


def find_letter(text: str, pattern: re.Pattern[str] = MCQ) -> Candidate | None:
    """Multiple choice: the letter as written after the first `Answer:` that a letter A to D follows."""
    match = pattern.search(text)
    return Candidate(text=match[1], span=match.span(1), rule="first_letter") if match else None


def find_code(text: str) -> Source:
    """HumanEval: the first ```python block or everything, from two characters after the first `:\\n    `.

    Without that sequence find() is -1 and the first character is lost, as in the protocol.
    """
    match = FENCE.search(text)
    start, end = match.span(1) if match else (0, len(text))
    start = min(start + text[start:end].find(":\n    ") + 2, end)
    return Source(text=text[start:end], span=(start, end), rule="fence" if match else "whole_text")


def _math(text: str, key: Key) -> Grade:
    found = find_answer(text)
    if found is None:
        return _grade("no_answer", "none", 'no "Answer:" in the text', flags=_STAND_IN)
    judged = math.judge(found, math.bare_gold(key.gold))
    return _grade(judged.verdict, judged.rule, judged.explanation, found, _STAND_IN)


def _letter(found: Candidate | None, key: Key) -> Grade:
    if found is None:
        return _grade("no_answer", "none", 'no "Answer:" with a letter A to D in the text')
    same = found.text == key.gold
    return _grade(
        "correct" if same else "incorrect", found.rule, f'"{found.text}" against the key "{key.gold}"', found
    )


def _mgsm(text: str, key: Key) -> Grade:
    language = key.extra.get("language", "en")
    if language not in ANSWER_WORDS:
        return _grade("ungradable", "language", f'the protocol has no answer word for "{language[:20]}"')
    found = find_mgsm_number(text, language)
    if found is None:
        return _grade("no_answer", "none", f'no number behind a "{ANSWER_WORDS[language]}"')
    same = found.text == key.gold.replace(",", "")
    explanation = f'"{found.text[:80]}" against the key "{key.gold[:80]}", as text'
    return _grade("correct" if same else "incorrect", found.rule, explanation, found)


def _amc(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    boxes, _ = find_boxes(text)
    if not boxes:
        return _grade("no_answer", "none", "nothing is boxed", flags=_STAND_IN)
    start, end, inner, close = boxes[-1]
    found = Candidate(text=text[inner:close].strip(), span=(start, end), rule="box")
    judged = choice.judge(found, key, options)
    return _grade(
        judged.verdict, judged.rule, judged.explanation, found, (*judged.flags, *_STAND_IN), judged.extracted
    )


def _grade(
    verdict: Verdict,
    rule: str,
    explanation: str,
    found: Candidate | None = None,
    flags: tuple[str, ...] = (),
    extracted: str | None = None,
) -> Grade:
    return Grade(
        verdict=verdict,
        score=1.0 if verdict == "correct" else 0.0,
        extracted=extracted or (found.text if found else None),
        span=found.span if found else None,
        rule=rule,
        explanation=explanation,
        grader=f"simple_evals@{VERSION}",
        flags=flags,
    )
