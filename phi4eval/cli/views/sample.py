"""One sample walked from the prompt to its grades, with the extracted span marked."""

from __future__ import annotations

from phi4eval.cli.console import fields, printable, quoted
from phi4eval.types import Completion, Grade, Record

OPEN, CLOSE = "⟦", "⟧"
"""Marks around the span that was extracted; visible without colour, and rare in model output."""


def sample_lines(record: Record, *, width: int) -> list[str]:
    """Prompt, completion and grades of one sample."""
    done = record.completion
    lines = [f"{printable(record.item.task)} · item {printable(record.item.id)} · sample {done.sample}", ""]
    for message in record.prompt.messages:
        lines += [f"{message.role}:", *quoted(message.content), ""]
    if done.reasoning:
        lines += ["reasoning (sent apart):", *quoted(done.reasoning), ""]
    lines += ["completion:", *quoted(marked(done.text, record.grade)), ""]
    overlap = ("contamination", record.contamination)
    lines += fields([*_facts(done), ("right", record.key.gold), overlap], width=width)
    for role, grade in (("grade", record.grade), ("protocol", record.protocol_grade)):
        if grade is not None:
            lines += ["", f"{role}:", *_indent(grade_lines(grade, width=width - 2))]
    return lines if record.grade is not None else [*lines, "", "grade: not graded yet"]


def marked(text: str, grade: Grade | None) -> str:
    """The text with marks around the span; unchanged where there is none or it does not fit the text."""
    if grade is None or grade.span is None:
        return text
    start, end = grade.span
    if not 0 <= start <= end <= len(text):
        return text
    return f"{text[:start]}{OPEN}{text[start:end]}{CLOSE}{text[end:]}"


def grade_lines(grade: Grade, *, width: int) -> list[str]:
    """A verdict with its evidence."""
    return fields(
        [
            ("verdict", f"{grade.verdict.replace('_', ' ')}, score {grade.score:g}"),
            ("extracted", "nothing" if grade.extracted is None else grade.extracted),
            ("rule", grade.rule),
            ("because", grade.explanation),
            ("flags", ", ".join(grade.flags)),
            ("grader", grade.grader),
        ],
        width=width,
    )


def _facts(done: Completion) -> list[tuple[str, object]]:
    tokens = [
        f"{n} {what}"
        for n, what in (
            (done.prompt_tokens, "prompt"),
            (done.completion_tokens, "completion"),
            (done.reasoning_tokens, "of them thinking"),
        )
        if n is not None
    ]
    return [
        ("finish", done.finish),
        ("error", done.error),
        ("tokens", ", ".join(tokens)),
        ("paid for", "by another run or sample" if done.from_cache else None),
        ("seconds", None if done.seconds is None else f"{done.seconds:.1f}"),
        ("attempts", done.attempts if done.attempts > 1 else None),
        ("seed", done.seed),
    ]


def _indent(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
