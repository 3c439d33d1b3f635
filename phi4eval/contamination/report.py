"""What does a scan say in the end? Findings and counts of all parts become verdicts, files and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from phi4eval.contamination import judge, published
from phi4eval.contamination.columns import number_column, text_column
from phi4eval.contamination.frequency import COMMON_DOCUMENTS, COMMON_SHARE, common_seeds, without_common
from phi4eval.contamination.index import SEED, UNIT_LIMIT, Index
from phi4eval.contamination.items import question_digests
from phi4eval.contamination.ledger import Entry, add_counts
from phi4eval.contamination.records import SCHEMA, VERDICTS, Finding, ItemRow, Measures
from phi4eval.contamination.scan import Counts, empty_scan, sorted_findings
from phi4eval.contamination.tokens import TOKENS_VERSION
from phi4eval.lines import write_atomically
from phi4eval.types import LEAKS, ItemVerdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LISTED = 1000
_SHORT_ITEM = 13
_SHORT_NATS = 30.0


class CorpusFile(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of one file. broken: records without a text; repaired: invalid UTF-8 replaced;
    complete: to its end.
    """

    file: str
    size: int
    lines: int
    documents: int
    text_bytes: int
    broken: int
    repaired: int
    empty: int
    complete: bool


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A broken or repaired record (line from 1), or a file that could not be read to its end (line 0)."""

    file: str
    line: int
    what: str


class ScanSummary(msgspec.Struct, frozen=True, kw_only=True):
    """summary.json: what was looked for, in what, by which rules, and how much was found."""

    schema: int = SCHEMA
    index: str
    tokens: str
    items: int
    cut_items: tuple[str, ...]
    rules: tuple[str, ...]
    parameters: dict[str, dict[str, float]]
    verdicts: dict[str, int]
    findings: dict[str, dict[str, int]]
    dirty_documents: int
    documents: int
    text_bytes: int
    empty_documents: int
    crowded: int
    files: tuple[CorpusFile, ...]
    share_read: float
    problems: tuple[Problem, ...]
    problem_count: int
    common_seeds: int
    common_examples: tuple[str, ...]


def write_report(
    out: Path, index: Index, entries: Sequence[Entry], rules: Sequence[str], *, evidence: int
) -> ScanSummary:
    """Write findings.jsonl, findings.parquet, items.jsonl and summary.json, each whole or not at all.

    The entries are put together in the corpus's order, so the files are the same bytes for every split and
    number of workers.
    """
    counts = empty_scan(index).counts
    for part in entries:
        add_counts(part, counts)
    common = common_seeds(index, counts.seeds, counts.documents)
    findings = sorted_findings(list(settled(_placed(entries), index, common, counts.documents)))
    rows = item_rows(findings, index, counts, rules, evidence)
    summary = _summary(index, entries, rules, findings, rows, counts, common)
    write_atomically(out / "findings.jsonl", _lines(findings))
    _write_parquet(out / "findings.parquet", findings)
    write_atomically(out / "items.jsonl", _lines(rows))
    text = msgspec.json.format(msgspec.json.encode(summary, order="sorted"), indent=2)
    write_atomically(out / "summary.json", text + b"\n")
    return summary


def _lines(rows: Iterable[msgspec.Struct]) -> bytes:
    return b"".join(msgspec.json.encode(row, order="sorted") + b"\n" for row in rows)


def _placed(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Findings with the record's place in its whole file, and a name for every document."""
    before: Counter[str] = Counter()
    for part in entries:
        file = part.part.file
        for finding in part.findings:
            record = before[file] + finding.record
            name = finding.doc_id or f"{file}:{record + 1}"
            yield msgspec.structs.replace(finding, record=record, doc_id=name)
        before[file] += part.lines


def settled(
    findings: Iterable[Finding], index: Index, common: NDArray[Any], documents: int
) -> Iterator[Finding]:
    """Findings once the whole corpus is known: what only common words bring is `common-only`.

    An item of a few words that stands by itself in many documents is a common phrase, not a leak.
    """
    all_findings = list(findings)
    least = max(COMMON_DOCUMENTS, COMMON_SHARE * documents)
    whole = Counter(f.item_id for f in all_findings if f.rule == "align" and f.verdict == "exact")
    for finding in all_findings:
        how, often = finding.measures, whole[finding.item_id]
        if how is None or finding.verdict not in ("exact", "near", "partial", "weak"):
            yield finding
        elif finding.verdict != "exact":
            yield _weighed(finding, how, index, common, documents)
        elif how.length < _SHORT_ITEM and how.nats < _SHORT_NATS and often >= least:
            note = f"a short text that {often:,} documents hold"
            yield msgspec.structs.replace(finding, verdict="common-only", note=note)
        else:
            yield finding


def _weighed(finding: Finding, how: Measures, index: Index, common: NDArray[Any], documents: int) -> Finding:
    """A part of an item without what the corpus has often, against the size of the corpus.

    Unrelated texts hold words of so many nats in a share exp(-nats), and each word right after the one
    before more seldom by a nat at least. Where this makes a document of this corpus, chance explains it.
    """
    rest = how
    if finding.verdict != "near":
        rest = without_common(how, finding.unit, finding.blocks, index, common)
    if rest is not how:
        verdict = judge.judge(rest) if rest.matched else None
        if not (finding.verdict == "partial" and verdict == "near"):
            finding = msgspec.structs.replace(finding, verdict=verdict or "common-only")
    if finding.verdict in ("near", "partial") and rest.distinct + rest.run - 1 < log(documents):
        note = f"too few words to tell from chance in {documents:,} documents"
        return msgspec.structs.replace(finding, verdict="weak", note=note)
    return finding


def item_rows(
    findings: Sequence[Finding], index: Index, counts: Counts, rules: Sequence[str], evidence: int
) -> list[ItemRow]:
    """One row an item, in the items' order: its verdict under the first rule asked for, with its best
    evidence.
    """
    main = "align" if "align" in rules else rules[0]
    by_item: dict[str, list[Finding]] = {}
    for finding in findings:
        by_item.setdefault(finding.item_id, []).append(finding)
    scannable = {index.items[unit.item].item_id for unit in index.units}
    palm = (
        {index.items[i].item_id for i in published.palm_items(counts.grams, index.arrays)}
        if "palm" in rules
        else set()
    )
    digests = question_digests([item.question for item in index.items])
    return [
        _item_row(
            item.item_id,
            digest,
            by_item.get(item.item_id, []),
            item.item_id in scannable,
            main,
            rules,
            palm,
            counts,
            evidence,
        )
        for item, digest in zip(index.items, digests, strict=True)
    ]


def _item_row(
    item_id: str,
    question: str,
    found: list[Finding],
    scannable: bool,
    main: str,
    rules: Sequence[str],
    palm: set[str],
    counts: Counts,
    evidence: int,
) -> ItemRow:
    mine = sorted((f for f in found if f.rule == main), key=_importance)
    verdict: ItemVerdict = (
        mine[0].verdict if mine else "clean" if scannable or main != "align" else "unscannable"
    )
    said = {
        rule: next(iter(sorted(f.note for f in found if f.rule == rule)), "clean")
        for rule in rules
        if rule not in ("align", "palm")
    }
    if "palm" in rules:
        said["palm"] = "70 % of 8-grams" if item_id in palm else "clean"
    return ItemRow(
        item_id=item_id,
        question=question,
        verdict=verdict,
        side=mine[0].side if mine else None,
        score=mine[0].score if mine else 0.0,
        documents=len({(f.file, f.record) for f in mine if f.verdict in LEAKS}),
        rules=said,
        evidence=tuple(mine[:evidence]),
        wording=_wording(verdict, main, counts),
    )


def _importance(finding: Finding) -> tuple[int, float, str, int]:
    return VERDICTS.index(finding.verdict), -finding.score, finding.file, finding.record


def _wording(verdict: ItemVerdict, rule: str, counts: Counts) -> str:
    where = f"{counts.bytes:,} bytes of text in {counts.documents:,} documents under rule {rule}"
    words = {
        "exact": "the whole text stands in",
        "near": "the text, slightly changed, stands in",
        "partial": "a good part of the text stands in",
        "template": "the same words with other numbers stand in",
        "weak": "a weak overlap was found in",
        "common-only": "only words that many documents share were found in",
        "clean": "no overlap found in",
        "unscannable": f"fewer than {SEED} words: could not be looked for in",
    }
    return f"{words[verdict]} {where}"


def _summary(
    index: Index,
    entries: Sequence[Entry],
    rules: Sequence[str],
    findings: Sequence[Finding],
    rows: Sequence[ItemRow],
    counts: Counts,
    common: NDArray[Any],
) -> ScanSummary:
    files = _files(entries)
    by_rule: dict[str, Counter[str]] = {rule: Counter() for rule in rules}
    for finding in findings:
        by_rule[finding.rule][finding.verdict] += 1
    problems = list(_problems(entries))
    size = sum(file.size for file in files)
    verdicts = Counter(row.verdict for row in rows)
    grown = (common > 0) & (index.arrays["seed_common"] == 0)
    return ScanSummary(
        index=index.digest,
        tokens=TOKENS_VERSION,
        items=len(index.items),
        cut_items=tuple(sorted({index.items[unit.item].item_id for unit in index.units if unit.cut})),
        rules=tuple(rules),
        parameters={
            "align": {**msgspec.structs.asdict(judge.DEFAULTS), "seed": SEED, "unit_limit": UNIT_LIMIT},
            "common": {"documents": COMMON_DOCUMENTS, "share": COMMON_SHARE},
            "published": msgspec.structs.asdict(published.DEFAULTS),
        },
        verdicts={verdict: verdicts[verdict] for verdict in VERDICTS},
        findings={rule: dict(sorted(found.items())) for rule, found in by_rule.items()},
        dirty_documents=len({(f.file, f.record) for f in findings if f.verdict in LEAKS}),
        documents=counts.documents,
        text_bytes=counts.bytes,
        empty_documents=counts.empty,
        crowded=counts.crowded,
        files=tuple(files),
        share_read=round(sum(file.size for file in files if file.complete) / size, 6) if size else 1.0,
        problems=tuple(problems[:_LISTED]),
        problem_count=sum(f.broken + f.repaired + (not f.complete) for f in files),
        common_seeds=int(grown.sum()),
        common_examples=tuple(_seed_texts(index, grown, counts.seeds, 20)),
    )


def _files(entries: Sequence[Entry]) -> list[CorpusFile]:
    by_file: dict[str, list[Entry]] = {}
    for part in entries:
        by_file.setdefault(part.part.file, []).append(part)
    return [
        CorpusFile(
            file=file,
            size=parts[0].part.size,
            lines=sum(part.lines for part in parts),
            documents=sum(part.documents for part in parts),
            text_bytes=sum(part.text_bytes for part in parts),
            broken=sum(part.broken for part in parts),
            repaired=sum(part.repaired for part in parts),
            empty=sum(part.empty for part in parts),
            complete=not any(part.failed for part in parts),
        )
        for file, parts in by_file.items()
    ]


def _problems(entries: Sequence[Entry]) -> Iterator[Problem]:
    before: Counter[str] = Counter()
    for part in entries:
        file = part.part.file
        for broken in part.listed:
            line = before[file] + broken.line + 1 if broken.line >= 0 else 0
            yield Problem(file=file, line=line, what=broken.what)
        before[file] += part.lines


def _seed_texts(index: Index, wanted: NDArray[Any], seen: NDArray[Any], count: int) -> Iterator[str]:
    """The most frequent of the seeds, as text."""
    import numpy as np

    chosen = sorted(np.flatnonzero(wanted).tolist(), key=lambda seed: (-int(seen[seed]), seed))[:count]
    seeds, at = index.arrays["token_seeds"], index.arrays["unit_at"]
    for seed in chosen:
        token = int(np.flatnonzero(seeds == seed)[0])
        unit = int(np.searchsorted(at, token, side="right")) - 1
        start, end = index.arrays["token_start"][token], index.arrays["token_end"][token + SEED - 1]
        yield index.units[unit].text[int(start) : int(end)]


def _write_parquet(path: Path, findings: Sequence[Finding]) -> None:
    """The findings as columns; nested parts as JSON texts, for tools that know no nesting."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = ("doc_id", "item_id", "verdict", "rule", "file", "side", "excerpt", "note")
    numbers = ("start", "end", "record", "byte_start", "byte_end", "item_start", "item_end")
    columns = {name: text_column([getattr(finding, name) for finding in findings]) for name in texts}
    for name in numbers:
        columns[name] = number_column(np.array([getattr(finding, name) for finding in findings], np.int64))
    columns["score"] = number_column(np.array([finding.score for finding in findings], np.float64))
    for name in ("measures", "blocks", "diff"):
        packed = [msgspec.json.encode(getattr(finding, name), order="sorted") for finding in findings]
        columns[name] = text_column([each.decode() for each in packed])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    write_atomically(path, sink.getvalue().to_pybytes())
