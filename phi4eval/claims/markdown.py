"""How does a ledger read as Markdown? One table of verdicts, then what each of them rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from phi4eval.claims.words import about, contents, measured
from phi4eval.types import ClaimRow, Ledger

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>|#!])")


def ledger_markdown(ledger: Ledger) -> str:
    """The whole ledger; foreign text (model names, ids, reasons) cannot become markup."""
    return "\n".join(_lines(ledger)).rstrip() + "\n"


def _lines(ledger: Ledger) -> Iterator[str]:
    yield f"# {_plain(ledger.title)}"
    yield ""
    for line in about(ledger):
        yield _plain(line)
        yield ""
    yield "| claim | published | measured | verdict | contamination | protocol gap |"
    yield "|---|---|---|---|---|---|"
    for row in ledger.rows:
        gap = "" if row.gap is None else f"{(150 if row.unit == 'points' else 100) * row.gap:+.1f}"
        cells = (row.text, row.published, measured(row), row.verdict, row.contamination or "", gap)
        yield f"| {' | '.join(map(_plain, cells))} |"
    for row in ledger.rows:
        yield from _section(row)
    if ledger.missing:
        yield ""
        yield "## Tasks that could not be run"
        yield ""
        for task, reason in ledger.missing.items():
            yield f"- {_plain(task)}: {_plain(reason)}"
    if ledger.runs:
        yield ""
        yield "## Runs"
        yield ""
        for label, path in ledger.runs.items():
            yield f"- {_plain(label)}: {_plain(path)}"


def _section(row: ClaimRow) -> Iterator[str]:
    yield ""
    yield f"## {_plain(row.text)}: {row.verdict}"
    yield ""
    for name, text in contents(row):
        yield f"- {name}: {_plain(text)}"


def _plain(text: str) -> str:
    """On one line, with every character that Markdown or HTML acts on escaped."""
    return _ACTIVE.sub(r"\\\1", " ".join(text.split()))
