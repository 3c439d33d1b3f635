"""How is a foreign file read: as a type, with the file and the field named where it does not fit?"""

from __future__ import annotations

import hashlib
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from phi4eval.errors import DataError

T = TypeVar("T")

MAX_FILE = 4 << 30
"""Bytes of one JSON file, unpacked, at most."""
MAX_ENTRY = 256 << 20
"""Bytes of one entry of an archive, unpacked, at most."""
ZSTD = 93
"""The zip compression method that Python before 3.14 does not know."""
_LOCAL_HEADER = struct.Struct("<4s5HI2I2H")


def decode(data: bytes, kind: type[T], where: str) -> T:
    """JSON as a type. DataError names the place and the field that does not fit."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            f"{where}: {error}", "the file is cut off, of another version, or not what its name says"
        ) from error


def read_bytes(path: Path) -> bytes:
    """A whole file, or a DataError that names it."""
    try:
        if path.stat().st_size > MAX_FILE:
            raise DataError(f"{path} is larger than {MAX_FILE >> 30} GiB", "import it in parts")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def digest_of(paths: list[Path]) -> str:
    """A hash over the contents of files, in this order."""
    sha = hashlib.sha256()
    for path in paths:
        sha.update(hashlib.sha256(read_bytes(path)).digest())
    return sha.hexdigest()[:16]


def json_lines(path: Path, kind: type[T]) -> Iterator[tuple[int, T]]:
    """(line number from 1, row) of every line that is not blank."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, decode(line, kind, f"{path}:{number}")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


class Archive:
    """A zip file of JSON entries, stored, deflated or packed with zstd; entries are never written to disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file: IO[bytes] = path.open("rb")
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
        try:
            self._zip = zipfile.ZipFile(self._file)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            self._file.close()
            raise DataError(f"{path} cannot be read: {error}", "is the file whole?") from error

    def names(self) -> list[str]:
        """Names of all entries, in the archive's order."""
        return self._zip.namelist()

    def read(self, name: str) -> bytes:
        """One entry, unpacked. DataError where it is broken or larger than MAX_ENTRY."""
        where = f"{self.path}: {name}"
        try:
            info = self._zip.getinfo(name)
            if info.file_size > MAX_ENTRY:
                raise DataError(f"{where} is larger than {MAX_ENTRY >> 20} MiB unpacked")
            if info.compress_type != ZSTD:
                with self._zip.open(info) as entry:
                    return _capped(entry, where)
            return self._zstd(info, where)
        except DataError:
            raise
        except KeyError as error:
            raise DataError(f"{self.path} has no {name}", "is it a log of Inspect?") from error
        except Exception as error:  # zipfile, zlib and Arrow each have errors of their own for broken data
            raise DataError(f"{where} cannot be unpacked: {error}", "is the file whole?") from error

    def _zstd(self, info: zipfile.ZipInfo, where: str) -> bytes:
        import pyarrow as pa

        self._file.seek(info.header_offset)
        head = _LOCAL_HEADER.unpack(self._file.read(_LOCAL_HEADER.size))
        self._file.seek(head[-2] + head[-1], 1)
        packed = self._file.read(info.compress_size)
        with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
            return _capped(stream, where)

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()


def _capped(stream: Any, where: str) -> bytes:
    data: bytes = stream.read(MAX_ENTRY + 1)
    if len(data) > MAX_ENTRY:
        raise DataError(f"{where} is larger than {MAX_ENTRY >> 20} MiB unpacked")
    return data
