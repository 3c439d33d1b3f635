"""Which numbers do the pages give as files? CSV that no spreadsheet runs, and JSON to compare builds by."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from phi4eval.site.names import visible
from phi4eval.site.records import Entry, Measured, Site, TaskBoard
from phi4eval.stats.rank import Rank

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

SCORE_COLUMNS: Mapping[str, str] = {
    "model": "name of the model",
    "provenance": "ours (run and graded here) or published",
    "task": "name of the task",
    "unit": "share (of 1) or points (a share of 150)",
    "score": "mean, 0..1",
    "low": "lower end of the 95 % interval, empty for published scores",
    "high": "upper end",
    "clean_score": "mean on the items that a scan found nothing for, empty where nobody scanned",
    "clean_low": "lower end of its interval",
    "clean_high": "upper end",
    "clean_items": "items in it",
    "protocol_score": "mean by the published protocol's own grader",
    "rank_best": "best rank that the model may have on the common items",
    "rank_worst": "worst rank",
    "p_first": "share of resamples of the items in which it comes first",
    "items": "items of the run",
    "repeats": "samples of each item",
    "cut": "share of samples cut off at the token limit",
    "tokens": "median completion tokens",
    "cost": "money for 1,000 items, empty where unknown",
    "complete": "true where the score stands",
    "run": "id of the run",
    "grader": "name@version of the grader",
    "mark": "checked or unverified, for published scores",
    "source": "of a published score",
}
"""Columns of data/scores.csv and fields of data/scores.json."""

ITEM_COLUMNS: Mapping[str, str] = {
    "run": "id of the run",
    "model": "name of the model",
    "task": "name of the task",
    "item": "id of the item",
    "item_hash": "content hash of the item, by which runs are aligned",
    "score": "mean over the item's samples, 0..1, empty where none is scored",
    "verdicts": "of each sample, separated by blanks",
    "overlap": "what a contamination scan says, empty where it did not look",
}
"""Columns of data/items-TASK.csv. No text of an item or an answer is in it."""


class ScoreRow(msgspec.Struct, frozen=True, kw_only=True):
    """One model on one task, as SCORE_COLUMNS says."""

    model: str
    provenance: Literal["ours", "published"]
    task: str
    unit: str
    score: float
    low: float | None = None
    high: float | None = None
    clean_score: float | None = None
    clean_low: float | None = None
    clean_high: float | None = None
    clean_items: int | None = None
    protocol_score: float | None = None
    rank_best: int | None = None
    rank_worst: int | None = None
    p_first: float | None = None
    items: int | None = None
    repeats: int | None = None
    cut: float | None = None
    tokens: float | None = None
    cost: float | None = None
    complete: bool = True
    run: str | None = None
    grader: str | None = None
    mark: str | None = None
    source: str | None = None


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """data/scores.json: what a later build compares itself with."""

    schema: int = 1
    title: str
    rows: tuple[ScoreRow, ...]


def score_rows(site: Site) -> tuple[ScoreRow, ...]:
    """All scores of the pages, by task and model."""
    boards = {board.name: board for board in site.tasks}
    rows = [
        _ours(entry, m, boards[task].ranks.get(m.run))
        for entry in site.entries
        for task, m in entry.measured.items()
    ]
    rows += [
        ScoreRow(
            model=entry.name,
            provenance="published",
            task=task,
            unit=boards[task].unit,
            score=score.score,
            mark=score.mark,
            source=score.source,
        )
        for entry in site.entries
        for task, score in entry.published.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.task, row.provenance, row.model)))


def _ours(entry: Entry, m: Measured, rank: Rank | None) -> ScoreRow:
    score, clean = m.score, m.clean
    assert score is not None  # an entry's results have scores
    return ScoreRow(
        model=entry.name,
        provenance="ours",
        task=m.task,
        unit=m.unit,
        score=score.mean,
        low=score.low,
        high=score.high,
        clean_score=clean.mean if clean else None,
        clean_low=clean.low if clean else None,
        clean_high=clean.high if clean else None,
        clean_items=m.exposure.clean_items if m.exposure else None,
        protocol_score=m.protocol.mean if m.protocol else None,
        rank_best=rank.best if rank else None,
        rank_worst=rank.worst if rank else None,
        p_first=rank.p_first if rank else None,
        items=m.manifest.items,
        repeats=m.manifest.repeats,
        cut=m.cut,
        tokens=m.tokens,
        cost=m.cost,
        complete=m.summary.complete,
        run=m.run,
        grader=m.summary.grader,
    )


def item_rows(board: TaskBoard) -> list[list[object]]:
    """Every item of every run of a task, without any text."""
    leaks = {page.key: page.leak.verdict if page.leak else "" for page in board.items}
    return [
        [
            m.run,
            m.model,
            m.task,
            id_,
            cell.key,
            cell.score,
            " ".join(cell.verdicts),
            leaks.get(cell.key, ""),
        ]
        for m in board.every
        for id_, cell in m.cells.items()
    ]


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as CSV. Text that a spreadsheet would take for a formula gets an apostrophe in front."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    text = (
        visible(value.encode("utf-8", "backslashreplace").decode()) if isinstance(value, str) else str(value)
    )
    # numbers of ours may begin with a minus; foreign text may not
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def json_bytes(value: object) -> bytes:
    """Key-sorted, indented, newline-terminated JSON; lone surrogates of foreign names are escaped."""
    built = msgspec.to_builtins(value)
    return msgspec.json.format(msgspec.json.encode(_encodable(built), order="sorted"), indent=1) + b"\n"


def _encodable(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(part) for part in value]
    return value
