"""What do JSON lines hold, broken ones included? A fast path for whole blocks, a patient one for the rest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from phi4eval.contamination.columns import counting_column, number_column, text_column

if TYPE_CHECKING:
    import pyarrow as pa

    from phi4eval.contamination.corpus import Reading


def parse_block(
    block: bytes, text_field: str, id_field: str | None, first: int, reading: Reading
) -> pa.RecordBatch | None:
    """A block of whole lines as columns text, id and line; None where it holds no record.

    first: number of the block's first line in its part. Counts the block's lines, and what is broken, in
    `reading`.
    """
    records = _parse_fast(block, text_field, id_field, first)
    if records is not None:
        reading.lines += records.num_rows
        missing = records.column(0).null_count
        if missing:
            reading.broken += missing
            _list_missing(records, text_field, reading)
        return records
    return _parse_patiently(block, text_field, id_field, reading)


def _parse_fast(block: bytes, text_field: str, id_field: str | None, first: int) -> pa.RecordBatch | None:
    """All lines at once; None unless every line is one sound record with valid UTF-8 and the expected
    types.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.json as pj

    id_type = _id_type(block, id_field)
    if id_type is None:
        return None
    fields = {text_field: pa.string()}
    if id_field and id_field != text_field:
        fields[id_field] = id_type
    try:
        table = pj.read_json(
            pa.BufferReader(block),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(block) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=pa.schema(list(fields.items())), unexpected_field_behavior="ignore"
            ),
        )
        texts = table.column(text_field).combine_chunks()
        texts.validate(full=True)
        ids = table.column(id_field).combine_chunks() if id_field else None
        if id_type != pa.string() and ids is not None:
            ids = ids.cast(pa.string())
        if ids is not None:
            ids.validate(full=True)
    except (pa.ArrowException, ValueError):
        return None
    # by numpy, which is five times as fast as bytes.count where lines are long
    if table.num_rows == 0 or table.num_rows != np.count_nonzero(np.frombuffer(block, np.uint8) == 10):
        return None
    lines = counting_column(first, table.num_rows)
    return pa.record_batch({"text": texts, "id": ids or pa.nulls(table.num_rows, pa.string()), "line": lines})


def _id_type(block: bytes, id_field: str | None) -> Any:
    """The Arrow type to read ids with, seen in the first line; None where that line is broken."""
    import pyarrow as pa

    if id_field is None:
        return pa.string()
    try:
        value = json.loads(block[: block.find(b"\n")]).get(id_field)
    except (ValueError, AttributeError, RecursionError):
        return None
    return pa.int64() if isinstance(value, int) and not isinstance(value, bool) else pa.string()


def _list_missing(records: pa.RecordBatch, text_field: str, reading: Reading) -> None:
    import pyarrow.compute as pc

    for line in records.column(2).filter(pc.is_null(records.column(0))).to_pylist()[:100]:
        reading.note(line, f'no text in "{text_field}"')


def _parse_patiently(
    block: bytes, text_field: str, id_field: str | None, reading: Reading
) -> pa.RecordBatch | None:
    """Line by line: what can be read is, what cannot is counted and listed."""
    import numpy as np
    import pyarrow as pa

    texts: list[str] = []
    ids: list[str | None] = []
    lines: list[int] = []
    for line in block.removesuffix(b"\n").split(b"\n"):
        number = reading.lines
        reading.lines += 1
        if not line.strip():
            continue
        row = _row(line, number, reading)
        text = row.get(text_field) if row is not None else None
        if row is not None and not isinstance(text, str):
            reading.broken += 1
            reading.note(number, f'no text in "{text_field}"')
        if not isinstance(text, str) or row is None:
            continue
        name = row.get(id_field) if id_field else None
        texts.append(_encodable(text))
        ids.append(None if name is None else _encodable(str(name)))
        lines.append(number)
    if not texts:
        return None
    return pa.record_batch(
        {
            "text": text_column(texts),
            "id": text_column(ids),
            "line": number_column(np.array(lines, np.int64)),
        }
    )


def _row(line: bytes, number: int, reading: Reading) -> dict[str, Any] | None:
    """One line as an object; None (counted, listed) where it is none."""
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = line.decode("utf-8", "replace")
        reading.repaired += 1
        reading.note(number, "invalid UTF-8, replaced")
    try:
        row = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        reading.broken += 1
        reading.note(number, f"not JSON: {str(error)[:120]}")
        return None
    if not isinstance(row, dict):
        reading.broken += 1
        reading.note(number, "not a JSON object")
        return None
    return row


def _encodable(text: str) -> str:
    """A text without lone surrogates: each becomes U+FFFD, so that offsets stay as they are."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
