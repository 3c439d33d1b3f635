"""How does a corpus on disk become batches of documents? Readers that count what is broken and go on."""

from __future__ import annotations

import glob
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from phi4eval.contamination.columns import counting_column, text_column
from phi4eval.errors import DataError, MissingError

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet", ".txt", ".txt.gz", ".txt.zst")
"""Files that are read. A .txt file is one document; `.json.gz`, `.gz` and `.zst` alone count as JSON
lines.
"""

BLOCK = 1 << 20
"""Bytes of JSON lines that are parsed and scanned at once: as much as stays in a core's own cache."""

PART = 64 << 20
"""Bytes of an uncompressed JSON lines file that are one unit of work at most ..."""

LEAST_PART = 8 << 20
"""... and at least. The last ones of a file are smaller than the first, so that all workers end together."""

LONGEST_LINE = 256 << 20
"""A longer line is counted as broken; it is never held in memory."""

DAMAGE = (OSError, EOFError, ValueError, zlib.error)
"""What reading a damaged or vanished file raises."""

LISTED = 100
"""Broken records of a part that are listed by place; all are counted."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of work: a file, bytes [start, end) of a JSON lines file, or one row group of a Parquet file."""

    file: str
    kind: str
    size: int
    stamp: str
    start: int = 0
    end: int = -1
    group: int = -1


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A record, or the rest of a file, that could not be read as it should. line: from 0 in its part, -1:
    no line.
    """

    line: int
    what: str


@dataclass
class Reading:
    """What one part held beside its documents."""

    lines: int = 0
    bytes: int = 0
    broken: int = 0
    repaired: int = 0
    failed: bool = False
    listed: list[Broken] = field(default_factory=list)

    def note(self, line: int, what: str) -> None:
        """List a broken or repaired record, up to LISTED of them."""
        if len(self.listed) < LISTED:
            self.listed.append(Broken(line=line, what=what))


@dataclass(frozen=True)
class Batch:
    """Documents in the columns `text`, `id` (null: none) and `line` (from 0 in the part)."""

    records: pa.RecordBatch


def find_files(corpora: Sequence[str]) -> list[Path]:
    """The files of corpora given as files, folders or globs, by name. Raises DataError where one matches
    nothing.
    """
    found: dict[Path, None] = {}
    for corpus in corpora:
        path = Path(corpus)
        if path.is_dir():
            matches = sorted(p for p in path.rglob("*") if p.is_file() and kind_of_file(p))
        elif path.is_file():
            matches = [path]
        else:
            matches = sorted(Path(m) for m in glob.glob(corpus, recursive=True) if Path(m).is_file())
        if not matches:
            raise DataError(
                f'the corpus "{corpus}" has no file to read',
                f"give a file, folder or glob of {', '.join(ENDINGS)}, or hf:NAME[:CONFIG][:SPLIT]",
            )
        found.update(dict.fromkeys(matches))
    return list(found)


def kind_of_file(path: Path) -> str:
    """jsonl, parquet or txt; "" for a file that is not read."""
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    if name.endswith(".parquet"):
        return "parquet"
    if name.endswith(".txt"):
        return "txt"
    packed = name != path.name.lower()
    return "jsonl" if name.endswith((".jsonl", ".json", ".ndjson")) or packed else ""


def parts_of(path: Path) -> list[Part]:
    """A file as units of work; a file that cannot even be opened is one part, which will say so."""
    stat = path.stat()
    kind = kind_of_file(path) or "jsonl"
    base = Part(file=str(path), kind=kind, size=stat.st_size, stamp=str(stat.st_mtime_ns))
    if kind == "parquet":
        groups = _row_groups(path)
        return (
            [msgspec.structs.replace(base, group=group) for group in range(groups)] if groups > 1 else [base]
        )
    if kind == "jsonl" and not path.name.lower().endswith((".gz", ".zst")) and stat.st_size > LEAST_PART:
        cuts = [*_cuts(stat.st_size), stat.st_size]
        return [msgspec.structs.replace(base, start=at, end=end) for at, end in pairwise(cuts)]
    return [base]


def _cuts(size: int) -> Iterator[int]:
    """Where the parts of a file begin: an eighth of what is left is a part."""
    at = 0
    while at < size:
        yield at
        at += min(PART, max(LEAST_PART, (size - at) // 8))


def weight_of(part: Part) -> int:
    """Bytes that a part is read from; of a row group those of its whole file."""
    return part.end - part.start if part.end >= 0 else part.size


def _row_groups(path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.ParquetFile(path).num_row_groups)
    except (pa.ArrowException, OSError):
        return 0


def read_part(part: Part, text_field: str, id_field: str | None, reading: Reading) -> Iterator[Batch]:
    """The batches of a part; what is broken goes into `reading` and is never raised."""
    if part.kind == "parquet":
        from phi4eval.contamination.parquet import read_parquet

        yield from read_parquet(part, text_field, id_field, reading)
    elif part.kind == "txt":
        yield from _read_text(part, reading)
    else:
        from phi4eval.contamination.json_lines import parse_block

        for block in _blocks(part, reading):
            reading.bytes += len(block)
            first = reading.lines
            records = parse_block(block, text_field, id_field, first, reading)
            if records is not None:
                yield Batch(records)


def open_file(path: str) -> IO[bytes]:
    """A file as bytes, decompressed by its name's ending."""
    if path.lower().endswith(".gz"):
        import gzip

        return gzip.open(path, "rb")  # type: ignore[return-value]
    if path.lower().endswith(".zst"):
        return _open_zstd(path)
    return open(path, "rb")


def _open_zstd(path: str) -> IO[bytes]:
    import pyarrow as pa

    try:
        return io.BufferedReader(pa.CompressedInputStream(pa.OSFile(path), "zstd"), BLOCK)
    except (pa.ArrowException, NotImplementedError) as error:
        raise MissingError(
            f"cannot read {path}: this pyarrow has no zstd", "install pyarrow from its wheel"
        ) from error


def _blocks(part: Part, reading: Reading) -> Iterator[bytes]:
    """Whole lines of a part in blocks of about BLOCK bytes, longer where a line is; never longer than
    LONGEST_LINE.

    A part of a file holds the lines that begin in it.
    """
    rest = b""
    failures: list[Exception] = []
    try:
        with open_file(part.file) as file:
            left = _skip_to_line(file, part)
            while left != 0:
                data = read_up_to(file, BLOCK if left < 0 else min(BLOCK, left), failures)
                if not data:
                    break
                left -= len(data) if left > 0 else 0
                cut = data.rfind(b"\n") + 1
                if cut:
                    yield rest + data[:cut]
                    rest = data[cut:]
                else:
                    rest += data
                if len(rest) > LONGEST_LINE:
                    rest = _skip_line(file, rest, reading)
            if left == 0 and rest:
                rest = _finish_line(file, rest, reading)
    except DAMAGE as error:
        failures.append(error)
    if failures:
        _fail(reading, part, failures[0])
    if rest:
        yield rest + b"\n"


def read_up_to(file: IO[bytes], size: int, failures: list[Exception]) -> bytes:
    """The next `size` bytes, fewer at the end or before damage, which goes into `failures`; b"" after
    that.
    """
    parts: list[bytes] = []
    while size > 0 and not failures:
        try:
            data = file.read1(size)  # type: ignore[attr-defined]
        except DAMAGE as error:
            failures.append(error)
            break
        if not data:
            break
        parts.append(data)
        size -= len(data)
    return b"".join(parts)


def read_lines(file: IO[bytes], failures: list[Exception]) -> Iterator[bytes]:
    """The lines of a file with their ends, as far as it can be read; damage goes into `failures`."""
    rest: list[bytes] = []
    while data := read_up_to(file, BLOCK, failures):
        *whole, last = data.split(b"\n")
        for line in whole:
            yield b"".join((*rest, line, b"\n"))
            rest = []
        rest.append(last)
    if line := b"".join(rest):
        yield line


def _skip_to_line(file: IO[bytes], part: Part) -> int:
    """Go to the first line that begins in the part; returns the bytes of it that are left, -1 for all."""
    if part.end < 0:
        return -1
    if part.start == 0:
        return part.end
    file.seek(part.start - 1)
    while (line := file.readline(BLOCK)) and not line.endswith(b"\n"):
        continue
    return max(0, part.end - file.tell())


def _finish_line(file: IO[bytes], rest: bytes, reading: Reading) -> bytes:
    while not rest.endswith(b"\n") and (more := file.readline(BLOCK)):
        rest += more
        if len(rest) > LONGEST_LINE:
            return _skip_line(file, rest, reading)
    return rest.removesuffix(b"\n")


def _skip_line(file: IO[bytes], rest: bytes, reading: Reading) -> bytes:
    """Read on to the end of a line that is too long, and count it; returns what follows of the last read
    (nothing).
    """
    while (more := file.readline(BLOCK)) and not more.endswith(b"\n"):
        continue
    reading.note(reading.lines, f"line longer than {LONGEST_LINE >> 20} MiB")
    reading.broken += 1
    reading.lines += 1
    return b""


def _fail(reading: Reading, part: Part, error: Exception) -> None:
    reading.failed = True
    reading.note(-1, f"{part.file}: {error or type(error).__name__}; what came before it was scanned")


def _read_text(part: Part, reading: Reading) -> Iterator[Batch]:
    import pyarrow as pa

    data = b""
    failures: list[Exception] = []
    try:
        with open_file(part.file) as file:
            data = read_up_to(file, LONGEST_LINE, failures)
            if len(data) == LONGEST_LINE:
                raise ValueError(f"longer than {LONGEST_LINE >> 20} MiB; its rest was left out")
    except DAMAGE as error:
        failures.append(error)
    if failures:
        _fail(reading, part, failures[0])
    reading.bytes, reading.lines = len(data), 1
    text = data.decode("utf-8", "replace")
    if "\ufffd" in text and b"\xef\xbf\xbd" not in data:
        reading.repaired += 1
        reading.note(0, "invalid UTF-8, replaced")
    columns = {"text": text_column([text]), "id": text_column([part.file]), "line": counting_column(0, 1)}
    yield Batch(pa.record_batch(columns))
