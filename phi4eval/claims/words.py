"""A ledger's rows in words: what the terminal, the Markdown file and the page all say."""

from __future__ import annotations

from collections.abc import Iterator

from phi4eval.comparison import words
from phi4eval.types import Cause, ClaimRow, Finding, Ledger

ITEMS = 10
"""Item ids shown where two graders differ; the record names more."""


def about(ledger: Ledger) -> list[str]:
    """Whose claims these are, whose runs speak, and what no verdict is tighter than."""
    points, why = ledger.noise
    lines = [f"Source: {ledger.source}. The claims are about {ledger.subject}."]
    if ledger.stands_for_it != ledger.subject:
        lines.append(
            f"Runs of {ledger.stands_for_it} were taken as {ledger.subject}'s: what they say holds for"
            f" {ledger.subject} only as far as the two are the same model."
        )
    lines.append(f"No verdict against a published number is tighter than {points:.1f} points of 100: {why}.")
    counts = [f"{count} {verdict}" for verdict, count in ledger.counts.items()]
    lines.append(f"{len(ledger.rows)} claims: {', '.join(counts)}.")
    return lines


def measured(row: ClaimRow) -> str:
    """The measured value with its interval, or a dash."""
    if row.measured is None:
        return "-"
    low, high = row.measured.low, row.measured.high
    digits, scale = max(1, words.digits(low, high, row.unit)), words.scale(row.unit)
    shown = [words.number(scale * value, digits) for value in (row.measured.mean, low, high)]
    return f"{shown[0]} [{shown[1]}, {shown[2]}]"


def contents(row: ClaimRow) -> Iterator[tuple[str, str]]:
    """(name, text) of everything that stands behind a verdict, in reading order."""
    scale = words.scale(row.unit)
    yield "published", f"{row.published} ({row.source}, {row.mark})"
    if row.noise:
        yield "published noise", row.noise
    for text in row.contradictions:
        yield "but", text
    if row.measured is not None:
        grader = {"protocol": "the protocol's grader", "main": "our grader"}[row.grading or "main"]
        yield "measured", f"{measured(row)} on {row.items:,} items by {grader} ({row.measured.method})"
    if row.expected is not None:
        low, high = (f"{scale * value:.1f}" for value in row.expected)
        yield "expected", f"{low} to {high}: {'outside' if row.outside else 'inside'}"
    yield "verdict", f"{row.verdict}: {row.reason}"
    for finding in row.findings:
        yield "test", _finding(finding)
    if row.gap is not None:
        items = f" (items {words.listed(list(row.gap_items), ITEMS)})" if row.gap_items else ""
        yield "protocol gap", f"{words.number(scale * row.gap, 1, sign='+')} points{items}"
    if row.contamination:
        yield "contamination", row.contamination
    for cause in row.causes:
        yield "differs", cause_words(cause)
    for run in row.runs:
        yield "run", run


def cause_words(cause: Cause) -> str:
    """What differs, and the most it can do."""
    if cause.effect is None:
        return f"{cause.what}: {cause.text}"
    return f"{cause.what}, up to {cause.effect:.1f} points: {cause.text}"


def _finding(finding: Finding) -> str:
    scale = 150 if finding.task == "amc" else 100
    low, high = (words.number(scale * value, 1, sign="+") for value in (finding.low, finding.high))
    delta = words.number(scale * finding.delta, 1, sign="+")
    theirs = "" if finding.published is None else f" {scale * finding.published:.1f}"
    return (
        f"{finding.task} against {finding.against}{theirs}: {delta} [{low}, {high}], {words.p_is(finding.p)},"
        f" n = {finding.n:,}, {finding.method}; {finding.verdict}"
    )
