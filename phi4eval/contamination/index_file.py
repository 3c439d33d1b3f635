"""How does an index lie on disk? One file of arrays that many processes map, and one that says what it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from phi4eval.contamination.index import Index, Unit
from phi4eval.contamination.records import SCHEMA, ScanItem
from phi4eval.errors import StoreError
from phi4eval.lines import write_atomically

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ALIGNED = 64


class _Array(msgspec.Struct, frozen=True, kw_only=True):
    dtype: str
    shape: tuple[int, ...]
    offset: int


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    schema: int
    digest: str
    arrays: dict[str, _Array]
    items: tuple[ScanItem, ...]
    units: tuple[Unit, ...]


def save_index(index: Index, folder: Path) -> None:
    """Write `index.bin` and `index.json`; nothing where the same index lies there already."""
    header = folder / "index.json"
    if header.exists() and _read_header(header).digest == index.digest:
        return
    folder.mkdir(parents=True, exist_ok=True)
    arrays, pieces = _layout(index)
    write_atomically(folder / "index.bin", *pieces)
    head = _Header(schema=SCHEMA, digest=index.digest, arrays=arrays, items=index.items, units=index.units)
    write_atomically(header, msgspec.json.encode(head, order="sorted") + b"\n")


def _layout(index: Index) -> tuple[dict[str, _Array], list[bytes | memoryview]]:
    """Where each array lies in the file, and what is written there, one piece after the other."""
    pieces: list[bytes | memoryview] = []
    arrays, at = {}, 0
    for name, array in sorted(index.arrays.items()):
        padding = bytes(-at % _ALIGNED)
        at += len(padding)
        arrays[name] = _Array(dtype=array.dtype.str, shape=array.shape, offset=at)
        pieces += [padding, array.reshape(-1).view("u1").data]
        at += array.nbytes
    return arrays, pieces


def load_index(folder: Path) -> Index:
    """Map an index written by save_index; its arrays are read-only and shared between processes.

    Raises StoreError where it is missing, newer than this program, or cut off.
    """
    head = _read_header(folder / "index.json")
    arrays = _map(folder, head.arrays)
    return Index(items=head.items, units=head.units, arrays=arrays, digest=head.digest)


def map_index(index: Index, folder: Path) -> Index:
    """An index with the arrays of the file that save_index wrote for it: they take no memory of its own."""
    arrays, _ = _layout(index)
    return Index(items=index.items, units=index.units, arrays=_map(folder, arrays), digest=index.digest)


def _map(folder: Path, layout: dict[str, _Array]) -> dict[str, NDArray[Any]]:
    import numpy as np

    try:
        data = np.memmap(folder / "index.bin", np.uint8, mode="r")
        arrays = {}
        for name, array in layout.items():
            dtype = np.dtype(array.dtype)
            size = int(np.prod(array.shape, dtype=np.int64)) * dtype.itemsize
            arrays[name] = data[array.offset : array.offset + size].view(dtype).reshape(array.shape)
    except (OSError, ValueError) as error:
        raise StoreError(
            f"cannot read the index in {folder}: {error}", "remove that folder and scan again"
        ) from error
    return arrays


def _read_header(path: Path) -> _Header:
    try:
        head = msgspec.json.decode(path.read_bytes(), type=_Header)
    except (OSError, msgspec.MsgspecError) as error:
        raise StoreError(f"cannot read {path}: {error}", "remove that folder and scan again") from error
    if head.schema > SCHEMA:
        raise StoreError(f"{path} was written by a newer phi4eval", "upgrade phi4eval, or scan again")
    return head
