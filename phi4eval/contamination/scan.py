"""Which items stand in a batch of documents? scan(batch, index) -> findings and counts: no I/O, no order,
no state.

For Spark, Ray or a job array of your own: build the index once, scan any split of the corpus anywhere, add
the counts, put the findings together. Every split gives the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from phi4eval.contamination.index import Index
from phi4eval.contamination.pairs import Document, align_findings, with_text
from phi4eval.contamination.published import published_finding, rule_findings
from phi4eval.contamination.records import Finding, RuleName
from phi4eval.errors import DataError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


@dataclass(kw_only=True)
class Counts:
    """What is counted over documents; merged by adding.

    documents, bytes: of text, as read. empty: documents without text (missing column, null or ""). seeds:
    per seed the documents that hold it outside of anything found. grams: per gram of the published rules
    the documents that hold it. crowded: places left out because a document repeats one item's words without
    end.
    """

    documents: int = 0
    bytes: int = 0
    empty: int = 0
    crowded: int = 0
    seeds: NDArray[Any]
    grams: NDArray[Any]

    def add(self, other: Counts) -> None:
        """Add another part of the corpus to this one."""
        self.documents += other.documents
        self.bytes += other.bytes
        self.empty += other.empty
        self.crowded += other.crowded
        self.seeds += other.seeds
        self.grams += other.grams


@dataclass(kw_only=True)
class Scanned:
    """Findings and counts of a part of a corpus."""

    findings: list[Finding] = field(default_factory=list)
    counts: Counts

    def add(self, other: Scanned) -> None:
        """Put another part of the corpus to this one."""
        self.findings += other.findings
        self.counts.add(other.counts)


def empty_scan(index: Index) -> Scanned:
    """The scan of no document."""
    import numpy as np

    seeds = np.zeros(len(index.arrays["seed_common"]), np.int64)
    return Scanned(counts=Counts(seeds=seeds, grams=np.zeros(len(index.arrays["gram_size"]), np.int64)))


def scan(
    batch: pa.RecordBatch,
    index: Index,
    *,
    text_field: str = "text",
    id_field: str | None = None,
    rules: Sequence[RuleName] = ("align",),
) -> Scanned:
    """Scan an Arrow record batch.

    text_field: its string column; id_field: a column that names documents (else, and for nulls, the row's
    number in the batch, as text). Finding.record is the row. Raises DataError where the text column is
    missing or not text, UsageError where the index was not built for a rule.
    """
    result = empty_scan(index)
    scan_into(result, batch, index, text_field=text_field, id_field=id_field, rules=rules)
    return result


def scan_into(
    result: Scanned,
    batch: pa.RecordBatch,
    index: Index,
    *,
    text_field: str,
    id_field: str | None,
    rules: Sequence[RuleName],
) -> None:
    """Scan another batch of the same part: the counts of one batch alone are as long as the index."""
    if set(rules) - {"align"} and not len(index.arrays["gram_counts"]):
        raise UsageError(
            "the index has no n-grams for the published rules", "build it with build_index(items, rules)"
        )
    column, ids = text_column(batch, text_field), _id_column(batch, id_field)
    data, offsets = buffers(column)
    result.counts.documents += len(column)
    result.counts.bytes += int(offsets[-1] - offsets[0]) if len(column) else 0
    result.counts.empty += int((offsets[1:] == offsets[:-1]).sum())

    def document(row: int) -> Document:
        name = ids[row].as_py() if ids is not None else None
        return Document(
            doc_id=str(row) if name is None else str(name), record=row, data=data, begin=int(offsets[row]),
            end=int(offsets[row + 1]),
        )  # fmt: skip

    if "align" in rules:
        _align(data, offsets, index, result, document)
    if set(rules) - {"align"}:
        _published(data, offsets, index, rules, result, document)


def text_column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A batch's text column as a string array with 64-bit offsets; nulls are empty texts."""
    import pyarrow as pa

    if name not in batch.schema.names:
        have = ", ".join(batch.schema.names)
        raise DataError(
            f'the corpus has no column "{name}"', f"its columns are {have}; choose one with --text-field"
        )
    column = batch.column(batch.schema.get_field_index(name))
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise DataError(
            f'the column "{name}" holds {column.type}, not text', "choose a text column with --text-field"
        )
    return _without_nulls(column) if column.null_count else column


def _without_nulls(column: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.fill_null(column, "")


def _id_column(batch: pa.RecordBatch, name: str | None) -> Any:
    if name is None or name not in batch.schema.names:
        return None
    return batch.column(batch.schema.get_field_index(name))


def buffers(column: pa.Array) -> tuple[NDArray[Any], NDArray[Any]]:
    """The UTF-8 bytes of a string array and where each text begins (int64), without a copy of the bytes."""
    import numpy as np
    import pyarrow as pa

    width = np.int64 if pa.types.is_large_string(column.type) else np.int32
    _, offsets, data = column.buffers()
    if offsets is None or len(column) == 0:
        return np.zeros(1, np.uint8), np.zeros(1, np.int64)
    at = np.frombuffer(offsets, width, count=len(column) + 1, offset=column.offset * np.dtype(width).itemsize)
    texts = np.frombuffer(data, np.uint8) if data is not None else np.zeros(1, np.uint8)
    texts.flags.writeable = False  # or there would be two kernels, for Arrow's memory and for that of others
    return texts, at.astype(np.int64)


@lru_cache(maxsize=2)
def _engine(digest: str, index: _Held) -> Any:
    from phi4eval.contamination.matcher import Matcher

    return Matcher(index.index)


class _Held:
    """An index as a cache key: one per content hash."""

    def __init__(self, index: Index) -> None:
        self.index = index

    def __hash__(self) -> int:
        return hash(self.index.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.index.digest == self.index.digest


def _align(data: NDArray[Any], offsets: NDArray[Any], index: Index, result: Scanned, document: Any) -> None:
    matcher = _engine(index.digest, _Held(index))
    for number, rows, blocks in matcher.rows(data, offsets, result.counts):
        result.findings += align_findings(document(number), rows, blocks, index)


def _published(
    data: NDArray[Any],
    offsets: NDArray[Any],
    index: Index,
    rules: Sequence[RuleName],
    result: Scanned,
    document: Any,
) -> None:
    import numpy as np

    hits = _engine(index.digest, _Held(index)).grams(data, offsets)
    seen = np.unique(np.stack([hits.documents, hits.grams], axis=1), axis=0)[:, 1]
    result.counts.grams += np.bincount(seen, minlength=len(result.counts.grams))
    for number, pair, rule, score, word in rule_findings(hits, index.arrays, rules):
        here = document(number)
        item_id = index.items[pair.item].item_id
        finding = published_finding(pair, rule, score, word, item_id, here.doc_id)
        result.findings.append(with_text(finding, here))


def sorted_findings(findings: Sequence[Finding]) -> list[Finding]:
    """Findings in the one order in which they are written."""
    return sorted(findings, key=lambda f: (f.file, f.record, f.item_id, f.rule, f.start, f.doc_id))
