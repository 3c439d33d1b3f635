"""What did a contamination scan say of an item? The files that `contamination scan` wrote, read for pages."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from phi4eval.contamination.records import ItemRow
from phi4eval.contamination.report import ScanSummary
from phi4eval.errors import StoreError, UsageError
from phi4eval.lines import read_lines
from phi4eval.site.records import ScanFacts
from phi4eval.store import load_json


def read_scan(folder: str | Path) -> ScanFacts:
    """Read a scan's folder. Raises UsageError where it is none, StoreError where a file is broken."""
    root = Path(folder)
    if not (root / "items.jsonl").is_file() or not (root / "summary.json").is_file():
        raise UsageError(
            f"{root} holds no scan: items.jsonl and summary.json are not there",
            "give the --out folder of phi4eval contamination scan",
        )
    summary = load_json(root / "summary.json", ScanSummary)
    rows: dict[str, ItemRow] = {}
    digest = hashlib.sha256((root / "summary.json").read_bytes())
    for number, (_, line) in enumerate(read_lines(root / "items.jsonl"), start=1):
        digest.update(line)
        try:
            row = msgspec.json.decode(line, type=ItemRow)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StoreError(
                f"{root / 'items.jsonl'}:{number}: {error}", "run the scan again; it goes on where it stopped"
            ) from error
        rows[row.item_id] = row
    return ScanFacts(
        path=root.name,
        rules=summary.rules,
        documents=summary.documents,
        text_bytes=summary.text_bytes,
        size=sum(file.size for file in summary.files),
        share_read=summary.share_read,
        problems=summary.problem_count,
        rows=rows,
        digest=digest.hexdigest(),
    )


def row_of(scan: ScanFacts, task: str, item: str) -> ItemRow | None:
    """A scan's row of an item, which it may know as `item` or as `task/item`; None if it does not know it."""
    return scan.rows.get(f"{task}/{item}") or scan.rows.get(item)
