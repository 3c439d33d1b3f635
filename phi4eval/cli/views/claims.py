"""A ledger as text: a table of verdicts, then what speaks for each that was measured."""

from __future__ import annotations

from collections.abc import Iterator

from phi4eval.claims.words import about, contents, measured
from phi4eval.cli.console import fields, printable, table, wrapped
from phi4eval.types import ClaimRow, Ledger


def ledger_lines(ledger: Ledger, *, width: int) -> list[str]:
    """Everything that a reader at a terminal needs; the files have each row in full."""
    lines = [printable(ledger.title), ""]
    for line in about(ledger):
        lines += wrapped(printable(line), width)
    lines += ["", *_table(ledger, width=width)]
    for row in ledger.rows:
        if row.runs:
            lines += ["", *_row(row, width=width)]
    if ledger.missing:
        lines += ["", "tasks that could not be run:", *fields(ledger.missing.items(), width=width)]
    return lines


def _table(ledger: Ledger, *, width: int) -> list[str]:
    rows = [(row.text, _brief(row.published), measured(row), row.verdict) for row in ledger.rows]
    return table(("claim", "published", "measured", "verdict"), rows, width=width, wrap=0)


def _brief(published: str) -> str:
    """The subject's number beside the other model's, or how many others there are."""
    first, *others = published.split(", ")
    return published if len(others) < 2 else f"{first}, {len(others)} others"


def _row(row: ClaimRow, *, width: int) -> Iterator[str]:
    yield from wrapped(printable(f"{row.text}: {row.verdict}"), width)
    yield from (f"  {line}" for line in fields(contents(row), width=width - 2))
