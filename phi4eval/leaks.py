"""Which items of a run does a contamination scan say stand in a training corpus?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import msgspec

from phi4eval.contamination.items import question_digests, scan_item
from phi4eval.contamination.records import Finding, ItemRow
from phi4eval.contamination.report import ScanSummary
from phi4eval.errors import NothingMatchedError, StoreError, UsageError
from phi4eval.lines import read_lines
from phi4eval.store import JOINED, Run, load_json
from phi4eval.types import (
    CLEAN,
    LEAKS,
    Item,
    ItemOverlap,
    Overlap,
    RunContamination,
    ScanFacts,
)

SHOWN_FILES = 20
_OF_A_SCAN = "give the --out folder of phi4eval contamination scan"


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """A finished scan, read back: what it looked at, and its verdict on each item by the item's name."""

    facts: ScanFacts
    rows: dict[str, ItemRow]


def read_scan(folder: str | Path) -> Scan:
    """Read a scan's folder. UsageError where it is none, StoreError where it is damaged."""
    folder = Path(folder)
    items, summary = folder / "items.jsonl", folder / "summary.json"
    if not (items.is_file() and summary.is_file()):
        raise UsageError(f"{folder} holds no finished contamination scan", _OF_A_SCAN)
    made = load_json(summary, ScanSummary)
    rows = {row.item_id: row for row in _decoded(items, ItemRow)}
    return Scan(
        facts=ScanFacts(
            digest=sha256(items.read_bytes() + summary.read_bytes()).hexdigest()[:16],
            index=made.index,
            tokens=made.tokens,
            rule="align" if "align" in made.rules else made.rules[0],
            rules=made.rules,
            corpora=tuple(file.file for file in made.files[:SHOWN_FILES]),
            files=len(made.files),
            documents=made.documents,
            text_bytes=made.text_bytes,
            bytes_read=sum(file.size for file in made.files if file.complete),
            bytes_total=sum(file.size for file in made.files),
        ),
        rows=rows,
    )


def _decoded(path: Path, kind: type[ItemRow]) -> Iterator[ItemRow]:
    decoder = msgspec.json.Decoder(kind)
    for number, (_, line) in enumerate(read_lines(path), start=1):
        try:
            yield decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StoreError(
                f"{path}:{number}: {error}", "run the scan again: it goes on where it stopped"
            ) from error


def join_scan(run: Run, scan: Scan) -> RunContamination:
    """A scan's verdicts on the items of a run. Nothing is written.

    A scan knows an item as `task/id`, or by its bare id where the run has that id in one task only. An item
    whose question has other words than the one that was looked for is not judged. NothingMatchedError where
    the scan knows none of the items.
    """
    items = list({(item.task, item.id): item for item in (p.item for p in run.prompts())}.values())
    bare = Counter(item.id for item in items)
    questions = question_digests([scan_item(item).question for item in items])
    private = {made.task.name for made in run.manifest.tasks if made.task.publish != "full"}
    joined: list[ItemOverlap] = []
    altered: list[str] = []
    for item, question in zip(items, questions, strict=True):
        row = scan.rows.get(f"{item.task}/{item.id}")
        if row is None and bare[item.id] == 1:
            row = scan.rows.get(item.id)
        if row is None:
            continue
        if row.question != question:
            altered.append(f"{item.task}/{item.id}")
        else:
            joined.append(_item_overlap(item, row, with_text=item.task not in private))
    if not joined:
        raise _nothing_joined(run, scan, items, altered)
    return RunContamination(scan=scan.facts, items=tuple(joined), altered=tuple(altered))


def _item_overlap(item: Item, row: ItemRow, *, with_text: bool) -> ItemOverlap:
    return ItemOverlap(
        task=item.task,
        item=item.id,
        verdict=row.verdict,
        side=row.side,
        score=row.score,
        documents=row.documents,
        rules=row.rules,
        evidence=tuple(_overlap(finding, with_text=with_text) for finding in row.evidence),
    )


def _overlap(finding: Finding, *, with_text: bool) -> Overlap:
    how = finding.measures
    return Overlap(
        doc_id=finding.doc_id,
        file=finding.file,
        record=finding.record,
        start=finding.start,
        end=finding.end,
        byte_start=finding.byte_start,
        byte_end=finding.byte_end,
        item_start=finding.item_start,
        item_end=finding.item_end,
        rule=finding.rule,
        verdict=finding.verdict,
        side=finding.side,
        score=finding.score,
        run=how.run if how else None,
        coverage=how.coverage if how else None,
        lcs=how.lcs if how else None,
        numbers=how.numbers if how else None,
        excerpt=finding.excerpt if with_text else None,
        diff=finding.diff if with_text else None,
    )


def _nothing_joined(run: Run, scan: Scan, items: list[Item], altered: list[str]) -> NothingMatchedError:
    if altered:
        return NothingMatchedError(
            f"the scan has items of these names but with other words ({altered[0]} and"
            f" {len(altered) - 1:,} more)",
            "scan for the same data that the run used: --data TASK=FILE, the same revision",
        )
    first = f"{items[0].task}/{items[0].id}" if items else "none"
    theirs = next(iter(scan.rows), "none")
    return NothingMatchedError(
        f"the scan knows no item of run {run.manifest.run_id}: its items are like {theirs},"
        f" the run's like {first}",
        f"scan with --tasks {','.join(made.task.name for made in run.manifest.tasks)}",
    )


class ScanVerdicts(msgspec.Struct, frozen=True, kw_only=True):
    """A scan's verdict of each item by `task/item` or bare item id, and where they were read from.

    facts: what the scan read; None for an items file without its summary.
    """

    path: str
    verdicts: dict[str, str]
    facts: ScanFacts | None = None

    def of(self, task: str, item: str) -> str | None:
        """The verdict of an item, which a scan may know as `item` or as `task/item`; None if unknown."""
        return self.verdicts.get(f"{task}/{item}") or self.verdicts.get(item)


class _Line(msgspec.Struct, frozen=True):
    """The part of a scan's line that is needed."""

    item_id: str
    verdict: str


def read_verdicts(path: str | Path) -> ScanVerdicts:
    """The verdicts of a scan's folder, of its items.jsonl, or of a run that a scan was joined into.

    UsageError where the path is none of these, StoreError names a broken line.
    """
    path = Path(path)
    if path.is_file() and path.name != JOINED:
        return ScanVerdicts(path=str(path), verdicts=_line_verdicts(path))
    joined = run_verdicts(Run(path)) if (path / "manifest.json").is_file() else None
    if joined is not None:
        return joined
    if (path / "items.jsonl").is_file():
        scan = read_scan(path)
        verdicts: dict[str, str] = {name: row.verdict for name, row in scan.rows.items()}
        return ScanVerdicts(path=str(path), verdicts=verdicts, facts=scan.facts)
    if (path / "manifest.json").is_file():
        raise UsageError(
            f"no contamination scan was joined into {path}", "phi4eval contamination join RUN --scan DIR"
        )
    raise UsageError(f"{path} does not exist" if not path.exists() else f"{path} is no scan", _OF_A_SCAN)


def run_verdicts(run: Run) -> ScanVerdicts | None:
    """The verdicts that were joined into a run; None where no scan was."""
    joined = run.contamination
    if joined is None:
        return None
    return ScanVerdicts(
        path=str(run.path / JOINED),
        verdicts={f"{row.task}/{row.item}": row.verdict for row in joined.items},
        facts=joined.scan,
    )


def _line_verdicts(path: Path) -> dict[str, str]:
    verdicts: dict[str, str] = {}
    for number, (_, line) in enumerate(read_lines(path), start=1):
        try:
            row = msgspec.json.decode(line, type=_Line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StoreError(f"{path}:{number}: {error}", "is this the items.jsonl of a scan?") from error
        verdicts[row.item_id] = row.verdict
    return verdicts


def not_clean(scan: ScanVerdicts, task: str, items: Iterable[str]) -> frozenset[str] | None:
    """Ids of a task's items that are not known to be clean; None where the scan knows none of them.

    An item that the scan did not look for, or could not, is not known to be clean.
    """
    verdicts = {item: scan.of(task, item) for item in items}
    if not any(verdicts.values()):
        return None
    return frozenset(item for item, verdict in verdicts.items() if verdict not in CLEAN)


def leaked(scan: ScanVerdicts, task: str, items: Iterable[str]) -> frozenset[str]:
    """Ids of a task's items that the scan says stand in the corpus, whole or to a good part."""
    return frozenset(item for item in items if scan.of(task, item) in LEAKS)
