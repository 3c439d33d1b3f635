"""How is a corpus written again without its leaks? A copy, and a ledger of everything that was cut."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from phi4eval.contamination.corpus import (
    DAMAGE,
    LONGEST_LINE,
    find_files,
    kind_of_file,
    open_file,
    read_lines,
    read_up_to,
)
from phi4eval.contamination.records import Finding
from phi4eval.errors import DataError, UsageError
from phi4eval.types import LEAKS

Drop = Literal["doc", "span"]


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """One line of cuts.jsonl: what was taken out of which record, because of which items."""

    file: str
    record: int
    doc_id: str
    drop: Drop
    items: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    text: tuple[str, ...]


class CleanSummary(msgspec.Struct, frozen=True, kw_only=True):
    """How much was copied and cut. damaged: files that could not be read to their end, and why."""

    files: int
    records: int
    cut_records: int
    cut_characters: int
    damaged: tuple[str, ...] = ()


def read_findings(folder: Path) -> list[Finding]:
    """The findings of a scan. Raises DataError where the folder holds none."""
    path = folder / "findings.jsonl"
    try:
        return [msgspec.json.decode(line, type=Finding) for line in path.read_bytes().splitlines()]
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(
            f"cannot read {path}: {error}", "give the --out folder of `contamination scan`"
        ) from error


def read_scanned(folder: Path) -> list[str]:
    """The files that a scan read. Raises DataError where its summary is not there."""
    path = folder / "summary.json"
    try:
        summary = msgspec.json.decode(path.read_bytes(), type=_Scanned)
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(
            f"cannot read {path}: {error}", "give the --out folder of `contamination scan`"
        ) from error
    return [file.file for file in summary.files]


class _File(msgspec.Struct, frozen=True):
    file: str


class _Scanned(msgspec.Struct, frozen=True):
    files: tuple[_File, ...]


def clean_corpus(
    corpora: Sequence[str],
    findings: Sequence[Finding],
    out: Path,
    *,
    drop: Drop = "doc",
    text_field: str = "text",
    verdicts: Sequence[str] = LEAKS,
    scanned: Sequence[str] | None = None,
) -> CleanSummary:
    """Write every file of the corpora to `out` without the found documents or spans, and `out/cuts.jsonl`.

    JSON lines, text and Parquet, compressed as they came; records that are not cut are copied byte for byte
    (JSON lines). Of a damaged file the copy holds what could be read. Raises UsageError where a copy would
    overwrite its original, DataError where a found record is not there (any more).
    """
    files = find_files(corpora)
    names = _names(files)
    known = {Path(name).resolve() for name in scanned} if scanned is not None else set()
    unknown = [file for file in files if scanned is not None and file.resolve() not in known]
    if unknown:
        raise DataError(f"{unknown[0]} was not scanned, so nothing says that it is clean", "scan it first")
    by_file: dict[str, dict[int, list[Finding]]] = {}
    for finding in findings:
        if finding.verdict in verdicts:
            by_file.setdefault(str(Path(finding.file).resolve()), {}).setdefault(finding.record, []).append(
                finding
            )
    out.mkdir(parents=True, exist_ok=True)
    records = cut = characters = 0
    damaged: list[str] = []
    with (out / "cuts.jsonl").open("wb") as ledger:
        for file in files:
            target = out / names[file]
            if target.resolve() == file.resolve():
                raise UsageError(f"the clean copy would overwrite {file}", "give --out another folder")
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = _Copy(by_file.get(str(file.resolve()), {}), drop, text_field)
            copy.write(file, target)
            for made in copy.cuts:
                ledger.write(msgspec.json.encode(made, order="sorted") + b"\n")
                characters += sum(end - start for start, end in made.spans)
            records, cut = records + copy.records, cut + len(copy.cuts)
            damaged += [f"{file}: {error or type(error).__name__}" for error in copy.failures[:1]]
            if copy.left:
                raise DataError(
                    f"{file} has no record {min(copy.left) + 1} with the text that was found in it",
                    "the corpus has changed since it was scanned: scan it again",
                )
    return CleanSummary(
        files=len(files),
        records=records,
        cut_records=cut,
        cut_characters=characters,
        damaged=tuple(damaged),
    )


def _names(files: Sequence[Path]) -> dict[Path, Path]:
    """Where each file's copy goes: its path below the folder that all files share."""
    import os

    shared = Path(os.path.commonpath([str(file.resolve().parent) for file in files]))
    return {file: file.resolve().relative_to(shared) for file in files}


class _Copy:
    """One file on its way: what is to be cut from it, and what was."""

    def __init__(self, found: dict[int, list[Finding]], drop: Drop, text_field: str) -> None:
        self._found, self._drop, self._field = found, drop, text_field
        self.left = set(found)
        self.cuts: list[Cut] = []
        self.failures: list[Exception] = []
        self.records = 0

    def write(self, file: Path, target: Path) -> None:
        """Copy a file."""
        if kind_of_file(file) == "parquet":
            self._write_parquet(file, target)
            return
        with ExitStack() as opened:
            try:
                source = opened.enter_context(open_file(str(file)))
            except DAMAGE as error:
                self.failures.append(error)
                return
            copy = opened.enter_context(_create(target))
            if kind_of_file(file) == "txt":
                data = read_up_to(source, LONGEST_LINE, self.failures)
                copy.write((self._kept(0, data.decode("utf-8", "replace")) or "").encode())
                self.records += 1
                return
            for line in self._lines(source):
                copy.write(line)

    def _lines(self, source: IO[bytes]) -> Iterator[bytes]:
        for record, line in enumerate(read_lines(source, self.failures)):
            if record not in self._found:
                if self.failures and not line.endswith(b"\n"):
                    return  # half a record, which was not scanned
                self.records += 1
                yield line
                continue
            self.records += 1
            row = json.loads(line.decode("utf-8", "replace").removeprefix("\ufeff"), strict=False)
            text = self._kept(record, row[self._field])
            if text is not None:
                row[self._field] = text
                ending = b"\n" if line.endswith(b"\n") else b""
                yield json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + ending

    def _kept(self, record: int, text: str) -> str | None:
        """What is left of a record's text; None where all of it goes."""
        found = self._found.get(record)
        if not found:
            return text
        spans = _merged([(finding.start, finding.end) for finding in found])
        if spans[-1][1] > len(text):
            return text
        self.left.discard(record)
        if self._drop == "doc":
            spans = [(0, len(text))]
        self.cuts.append(
            Cut(
                file=found[0].file,
                record=record,
                doc_id=found[0].doc_id,
                drop=self._drop,
                items=tuple(sorted({finding.item_id for finding in found})),
                spans=tuple(spans),
                text=tuple(text[start:end] for start, end in spans),
            )
        )
        if self._drop == "doc":
            return None
        edges = [0, *(edge for span in spans for edge in span), len(text)]
        return "".join(text[low:high] for low, high in zip(edges[::2], edges[1::2], strict=True))

    def _write_parquet(self, file: Path, target: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            source = pq.ParquetFile(file)
        except (pa.ArrowException, OSError) as error:
            self.failures.append(error)
            return
        with source, pq.ParquetWriter(target, source.schema_arrow) as copy:
            for group in range(source.num_row_groups):
                end = self.records + source.metadata.row_group(group).num_rows
                batches = source.iter_batches(row_groups=[group])
                while (batch := self._next(batches)) is not None:
                    rows = self._rows(batch.to_pylist())
                    copy.write_table(pa.Table.from_pylist(rows, schema=source.schema_arrow))
                self.records = end

    def _next(self, batches: Iterator[Any]) -> Any:
        """The next rows of a row group; None at its end and at damage, which later groups may not have."""
        import pyarrow as pa

        try:
            return next(batches, None)
        except (pa.ArrowException, OSError) as error:
            self.failures.append(error)
            return None

    def _rows(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What is left of the next rows."""
        left = []
        for row in rows:
            text = row[self._field]
            kept = self._kept(self.records, text) if isinstance(text, str) else text
            if kept is not None or text is None:
                left.append({**row, self._field: kept})
            self.records += 1
        return left


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that touch put together."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _create(target: Path) -> IO[bytes]:
    """A new file, compressed by its name's ending."""
    if target.name.lower().endswith(".gz"):
        import gzip

        return gzip.open(target, "wb")  # type: ignore[return-value]
    if target.name.lower().endswith(".zst"):
        import pyarrow as pa

        return pa.CompressedOutputStream(str(target), "zstd")  # type: ignore[no-any-return]
    return target.open("wb")
