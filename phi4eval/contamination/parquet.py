"""What does a Parquet file hold, a damaged one included?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from phi4eval.contamination.columns import counting_column, text_column

if TYPE_CHECKING:
    from phi4eval.contamination.corpus import Batch, Part, Reading

_ROWS = 2000


def read_parquet(part: Part, text_field: str, id_field: str | None, reading: Reading) -> Iterator[Batch]:
    """The batches of a file or of one of its row groups; a missing column or a damaged page ends it, and is
    listed. The rows of a damaged row group are counted, so that the later ones keep their numbers.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    try:
        with pq.ParquetFile(part.file) as file:
            names = file.schema_arrow.names
            if text_field not in names:
                raise ValueError(f'no column "{text_field}"; its columns are {", ".join(names)}')
            columns = [text_field, *([id_field] if id_field in names and id_field != text_field else [])]
            groups = [part.group] if part.group >= 0 else list(range(file.num_row_groups))
            rows = sum(file.metadata.row_group(group).num_rows for group in groups)
            for batch in file.iter_batches(_ROWS, row_groups=groups, columns=columns):
                yield _batch(batch, text_field, id_field, reading)
    except (pa.ArrowException, OSError, ValueError) as error:
        reading.failed = True
        reading.lines = max(reading.lines, rows)
        reading.note(-1, f"{part.file}: {error}; what came before it was scanned")


def _batch(records: Any, text_field: str, id_field: str | None, reading: Reading) -> Batch:
    import pyarrow as pa
    import pyarrow.compute as pc

    from phi4eval.contamination.corpus import Batch

    texts = records.column(text_field)
    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        raise ValueError(f'the column "{text_field}" holds {texts.type}, not text')
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        texts = _repaired(texts, reading)
    missing = texts.null_count
    if missing:
        reading.broken += missing
        rows = pc.indices_nonzero(pc.is_null(texts)).to_pylist()
        for row in rows[:100]:
            reading.note(reading.lines + row, f'no text in "{text_field}"')
    has_ids = id_field is not None and id_field in records.schema.names
    ids = records.column(id_field).cast(pa.string()) if has_ids else pa.nulls(len(records), pa.string())
    lines = counting_column(reading.lines, len(records))
    reading.lines += len(records)
    reading.bytes += texts.nbytes
    return Batch(pa.record_batch({"text": texts, "id": ids, "line": lines}))


def _repaired(texts: Any, reading: Reading) -> Any:
    """A string column with what is no UTF-8 replaced, each such record listed."""
    import pyarrow as pa

    values: list[str | None] = []
    for row, value in enumerate(texts.cast(pa.large_binary()).to_pylist()):
        text = None if value is None else value.decode("utf-8", "replace")
        if text is not None and text.encode() != value:
            reading.repaired += 1
            reading.note(reading.lines + row, "invalid UTF-8, replaced")
        values.append(text)
    return text_column(values)
