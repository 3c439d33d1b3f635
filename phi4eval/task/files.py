"""How are rows read from a file on disk?

.jsonl, .json, .csv, .tsv and .parquet, each also as .gz, and a zip that holds one of them, encrypted or
not. Everything is read in memory under a size cap; nothing is unpacked to disk and no code is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from phi4eval.errors import DataError

MAX_BYTES = 1 << 30
"""Cap on a file and on what it unpacks to: a thousand times the largest benchmark file known here."""

PASSWORD_VARIABLE = "PHI4EVAL_ZIP_PASSWORD"

Row: TypeAlias = Mapping[str, Any]


def read_rows(path: Path, *, password: str | None = None, prefer: tuple[str, ...] = ()) -> list[Row]:
    """All rows of a file in order.

    password: of an encrypted zip; the variable PHI4EVAL_ZIP_PASSWORD goes before it. prefer: names (without
    suffix) of the member to take from a zip with several. Raises DataError naming file and place.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        hint = "check the path: --data TASK=FILE"
        raise DataError(f'the data file "{path}" does not exist', hint) from error
    except OSError as error:
        raise DataError(f'the data file "{path}" cannot be read: {error.strerror or error}') from error
    return decode_rows(raw, str(path), password=password, prefer=prefer)


def read_text_files(path: Path, ending: str) -> list[tuple[str, str]]:
    """Name and text of every file with that ending in a folder or a zip, by name; or of the one file.

    Raises DataError. The size cap holds for all of them together.
    """
    if path.is_dir():
        found = [(file.name, _read(file)) for file in sorted(path.glob(f"*{ending}"))]
    elif path.name.lower().endswith(".zip"):
        found = _unzip_all(_read(path), path.name, ending)
    else:
        found = [(path.name, _read(path))]
    _check_size(sum(len(raw) for _, raw in found), str(path))
    return [(name, _text(raw, name)) for name, raw in found]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        hint = "check the path: --data TASK=FILE"
        raise DataError(f'the data file "{path}" cannot be read: {error.strerror or error}', hint) from error


def decode_rows(raw: bytes, name: str, *, password: str | None, prefer: tuple[str, ...]) -> list[Row]:
    """Rows of a file's bytes; the format is told by the ending of its name."""
    _check_size(len(raw), name)
    lower = name.lower()
    if lower.endswith(".gz"):
        return decode_rows(_gunzip(raw, name), name[:-3], password=password, prefer=prefer)
    if lower.endswith(".zip"):
        member, content = _unzip(raw, name, password, prefer)
        return decode_rows(content, f"{name}:{member}", password=None, prefer=())
    for ending, decode in _DECODERS.items():
        if lower.endswith(ending):
            return _checked_rows(decode(raw, name), name)
    known = f"known: {', '.join(_DECODERS)}, each also as .gz or in a .zip"
    raise DataError(f'"{name}" has no known format', known)


def _check_size(size: int, name: str) -> None:
    if size > MAX_BYTES:
        raise DataError(f'"{name}" holds more than {MAX_BYTES >> 20:,} MiB', "this is no benchmark file")


def _checked_rows(rows: list[Any], name: str) -> list[Row]:
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            kind = type(row).__name__
            raise DataError(f'"{name}" row {number}: an object with columns was expected, not {kind}')
    return rows


# ---------------------------------------------------------------- formats


def _text(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(f'"{name}" line {line}: not UTF-8 text', "save the file as UTF-8") from error


def _jsonl(raw: bytes, name: str) -> list[Any]:
    import msgspec

    decode = msgspec.json.Decoder().decode
    rows: list[Any] = []
    # split on LF only: JSON text may hold other line separators as characters
    for number, line in enumerate(_text(raw, name).split("\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(decode(line))
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
            hint = "each line must be one JSON object; a JSON list belongs into a .json file"
            raise DataError(f'"{name}" line {number}: unreadable: {error}', hint) from error
    return rows


def _json(raw: bytes, name: str) -> list[Any]:
    import msgspec

    try:
        value = msgspec.json.decode(_text(raw, name))
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise DataError(f'"{name}": unreadable: {error}') from error
    if isinstance(value, dict):  # {"data": [...]} and the like
        lists = [item for item in value.values() if isinstance(item, list)]
        value = lists[0] if len(lists) == 1 else value
    if not isinstance(value, list):
        hint = "one JSON object per line belongs into a .jsonl"
        raise DataError(f'"{name}": a list of rows was expected', hint)
    return value


def _separated(raw: bytes, name: str, delimiter: str) -> list[Any]:
    import csv
    import io

    text = _text(raw, name)
    before = csv.field_size_limit(MAX_BYTES)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise DataError(f'"{name}" line {reader.line_num}: unreadable: {error}') from error
    finally:
        csv.field_size_limit(before)
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            columns = len(reader.fieldnames or ())
            raise DataError(f'"{name}" row {number}: not the {columns} cells of the header line')
    return rows


def _parquet(raw: bytes, name: str) -> list[Any]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(pyarrow.BufferReader(raw))
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f'"{name}": unreadable Parquet: {error}') from error
    _check_size(table.nbytes, name)
    rows: list[Any] = table.to_pylist()
    return rows


_DECODERS: dict[str, Callable[[bytes, str], list[Any]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": lambda raw, name: _separated(raw, name, ","),
    ".tsv": lambda raw, name: _separated(raw, name, "\t"),
    ".parquet": _parquet,
}


# ---------------------------------------------------------------- packed files


def _gunzip(raw: bytes, name: str) -> bytes:
    import gzip
    import io
    import zlib

    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f'"{name}": broken gzip: {error}', "fetch the file again") from error
    _check_size(len(content), name)
    return content


def _unzip(raw: bytes, name: str, password: str | None, prefer: tuple[str, ...]) -> tuple[str, bytes]:
    """The one data file of a zip: its name and content."""
    import io
    import zlib

    import pyzipper

    secret = os.environ.get(PASSWORD_VARIABLE) or password
    try:
        with pyzipper.AESZipFile(io.BytesIO(raw)) as archive:
            member = _member([entry for entry in archive.infolist() if not entry.is_dir()], name, prefer)
            _check_size(member.file_size, name)
            if member.flag_bits & 1 and not secret:
                raise DataError(
                    f'"{name}" is encrypted', f"set {PASSWORD_VARIABLE} to the password its authors publish"
                )
            with archive.open(member, pwd=secret.encode() if secret else None) as file:
                content: bytes = file.read(MAX_BYTES + 1)  # the size a zip declares may be a lie
    except RuntimeError as error:  # zipfile's way to say "bad password"
        hint = f"set {PASSWORD_VARIABLE} to the password its authors publish"
        raise DataError(f'"{name}" cannot be opened: {error}', hint) from error
    except (pyzipper.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
        raise DataError(f'"{name}": broken zip: {error}', "fetch the file again") from error
    _check_size(len(content), name)
    return member.filename, content


def _unzip_all(raw: bytes, name: str, ending: str) -> list[tuple[str, bytes]]:
    import io
    import zlib

    import pyzipper

    try:
        with pyzipper.AESZipFile(io.BytesIO(raw)) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.lower().endswith(ending)]
            _check_size(sum(entry.file_size for entry in entries), name)
            found = []
            for entry in sorted(entries, key=lambda entry: str(entry.filename)):
                with archive.open(entry) as file:  # the size a zip declares may be a lie
                    found.append((str(entry.filename), file.read(MAX_BYTES + 1)))
    except (pyzipper.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f'"{name}": broken zip: {error}', "fetch the file again") from error
    return found


def _member(entries: list[Any], name: str, prefer: tuple[str, ...]) -> Any:
    data = [entry for entry in entries if entry.filename.lower().endswith(tuple(_DECODERS))]
    named = [entry for entry in data if Path(entry.filename).stem in prefer]
    for found in (data, named):
        if len(found) == 1:
            return found[0]
    listing = ", ".join(entry.filename for entry in entries[:8]) or "nothing"
    wanted = f" one of them named {' or '.join(prefer)}" if prefer and data else " one data file"
    hint = "unpack it and pass the file you mean"
    raise DataError(f'"{name}" does not hold{wanted}; it holds {listing}', hint)
