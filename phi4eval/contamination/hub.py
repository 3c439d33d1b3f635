"""How does a data set of the hub become batches of documents? Streamed, and never trusted to be whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from phi4eval.contamination.corpus import Batch, Reading
from phi4eval.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_SPLITS = ("train", "test", "validation")


def stream_hub(
    name: str, text_field: str, id_field: str | None, reading: Reading, *, rows: int = 1000
) -> Iterator[Batch]:
    """Documents of `hf:NAME[:CONFIG][:SPLIT]`. Raises DataError where it cannot be opened.

    What goes wrong later ends the stream and marks it as not read to its end: a column that is not there, a
    connection that is lost. Rows whose text is no text are counted as broken.
    """
    stream = _open(name)
    try:
        for columns in stream.iter(batch_size=rows):
            if text_field not in columns:
                have = ", ".join(map(str, columns))
                raise DataError(f'no column "{text_field}"; the columns are {have}')
            yield Batch(_records(columns, text_field, id_field, reading))
    except Exception as error:  # the hub's client raises what it likes
        reading.failed = True
        reading.note(-1, f"{name}: {error or type(error).__name__}; what came before it was scanned")


def _open(name: str) -> Any:
    from datasets import load_dataset

    path, _, rest = name.removeprefix("hf:").partition(":")
    config, _, split = rest.partition(":")
    if config and not split and config in _SPLITS:
        config, split = "", config
    try:
        return load_dataset(path, config or None, split=split or "train", streaming=True)
    except Exception as error:
        raise DataError(
            f"cannot open the corpus {name}: {error}",
            "check its name, configuration and split, and your access",
        ) from error


def _records(
    columns: Mapping[str, list[Any]], text_field: str, id_field: str | None, reading: Reading
) -> pa.RecordBatch:
    import pyarrow as pa

    first = reading.lines
    texts: list[str] = []
    for number, value in enumerate(columns[text_field], start=first):
        if not isinstance(value, str):
            reading.broken += 1
            reading.note(number, f'no text in "{text_field}"')
        texts.append(value.encode("utf-8", "replace").decode() if isinstance(value, str) else "")
    ids = columns.get(id_field, [None] * len(texts)) if id_field else [None] * len(texts)
    reading.lines += len(texts)
    return pa.record_batch(
        {
            "text": pa.array(texts, pa.large_string()),
            "id": pa.array([None if i is None else str(i) for i in ids], pa.string()),
            "line": pa.array(range(first, first + len(texts)), pa.int64()),
        }
    )
