"""The directories in which programs may write where there are no namespaces: made and removed by this side.

Removal follows no link, needs no recursion and forgives no permission bits: a program may have left a chain
of a hundred thousand directories, or directories that cannot be listed. Every process that could change them
meanwhile has ended by then.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


SPACE = 64 << 20
"""Bytes that a program's files may take up together."""
FILES = 8192
"""Files and directories that a program may have: each one takes time to remove."""
_MEMORY = "/dev/shm"


def make_place() -> str:
    """A new directory for a sandbox's scratch directories; in memory where that can be had.

    There making and removing a directory costs microseconds, so that no program can leave hours of removal.
    """
    in_memory = os.path.isdir(_MEMORY) and os.access(_MEMORY, os.W_OK)
    return tempfile.mkdtemp(prefix="phi4eval-", dir=_MEMORY if in_memory else None)


def make_scratch(place: str) -> str:
    """A new empty directory in `place`."""
    return tempfile.mkdtemp(dir=place)


def free_space(place: str) -> tuple[int, int]:
    """Bytes and files free where `place` lies; a file system without a number of files says 0."""
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize, found.f_ffree


def is_overfull(places: Iterable[str], free_before: tuple[int, int]) -> bool:
    """Whether a program's files there are too many or too large.

    Looks closer only if that much is gone since free_before. A file that has no name any more is not seen
    then: so if eight times as much is gone, it is the program's, whoever else writes there.
    """
    for place in places:
        size, count = (b - now for b, now in zip(free_before, free_space(place), strict=True))
        if size > 8 * SPACE or ((size > SPACE or count > FILES) and _holds_too_much(place)):
            return True
    return False


def _holds_too_much(top: str) -> bool:
    """Counts no further than it has to, however deep, while the program goes on."""
    size = count = 0
    left = [top]
    while left:
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    count += 1
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if size > SPACE or count > FILES:
                        return True
        except FileNotFoundError:
            continue
        except OSError:
            return True  # locked, or too deep to be looked at
    return False


def remove_scratch(path: str) -> None:
    """Remove a directory and all in it; OSError if something stays."""
    os.chmod(path, 0o700)
    here = os.open(path, _DIRECTORY)
    way: list[str] = []  # names from the top to here
    left = [_empty_of_files(here)]  # directories still to be removed, at each level of the way
    try:
        while left:
            if left[-1]:
                way.append(left[-1].pop())
                here = _step(here, way[-1])
                left.append(_empty_of_files(here))
                continue
            left.pop()
            if way:
                here = _step(here, "..")
                os.rmdir(way.pop(), dir_fd=here)
    finally:
        os.close(here)
    os.rmdir(path)


def _step(here: int, name: str) -> int:
    """The directory `name` seen from here, in place of here."""
    try:
        return os.open(name, _DIRECTORY, dir_fd=here)
    finally:
        os.close(here)


def _empty_of_files(here: int) -> list[str]:
    """Remove all but directories; those are made accessible and returned."""
    directories = []
    for name in os.listdir(here):
        if stat.S_ISDIR(os.lstat(name, dir_fd=here).st_mode):
            os.chmod(name, 0o700, dir_fd=here)
            directories.append(name)
        else:
            os.unlink(name, dir_fd=here)
    return directories
