"""An append-only file of JSON lines that survives kill -9, a full disk and a torn last line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from phi4eval.errors import StoreError

_CHUNK = 1 << 16


class LineWriter:
    """Appends whole lines to a file; what append() returned from is in the kernel's hands.

    A write goes straight to the file descriptor, so killing the process loses nothing that was appended;
    close() and sync() also flush to the device. If the disk fills up in the middle of a line, the part
    written is cut off again and StoreError is raised: the file always ends at the end of a line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            repair_tail(path)
            self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _cannot("open", path, error) from error
        self._size = os.fstat(self._fd).st_size

    def append(self, line: bytes) -> int:
        """Write one line (without its newline); returns the byte offset at which it begins."""
        start = self._size
        data = memoryview(line + b"\n")
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError as error:
            os.ftruncate(self._fd, start)
            raise _cannot("write to", self._path, error) from error
        self._size = start + len(line) + 1
        return start

    def sync(self) -> None:
        """Flush to the device."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise _cannot("flush", self._path, error) from error

    def close(self) -> None:
        """Flush and close; safe to call twice."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            try:
                os.fsync(fd)
            finally:
                os.close(fd)


def repair_tail(path: Path) -> int:
    """Cut a torn last line (one without its newline) off a file; returns the bytes cut, 0 if sound."""
    if not path.exists():
        return 0
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        end = size
        while end > 0:
            start = max(0, end - _CHUNK)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end < size:
            file.truncate(end)
        return size - end


def read_lines(path: Path, *, end: int | None = None) -> Iterator[tuple[int, bytes]]:
    """(byte offset, line without newline) of every whole line; a torn last line is left out."""
    if not path.exists():
        return
    offset = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n") or (end is not None and offset >= end):
                return
            yield offset, line[:-1]
            offset += len(line)


def write_atomically(path: Path, *data: bytes | memoryview) -> None:
    """Replace a file by new content, piece after piece: a reader sees the old or the new, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.writelines(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _cannot("write", path, error) from error


def _cannot(what: str, path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"cannot {what} {path}: {error.strerror or error}",
        "all lines before this one are kept; free space or fix permissions, then run the same command again",
    )
