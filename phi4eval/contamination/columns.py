"""How do texts and numbers become Arrow columns? From buffers: pyarrow's own way there imports pandas first.

`pa.array` asks of whatever it is given whether it is a pandas object, which costs every process a fifth of
a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


def text_column(texts: Sequence[str | None]) -> pa.Array:
    """A string column; None is null. Raises UnicodeEncodeError for lone surrogates."""
    import numpy as np
    import pyarrow as pa

    data = [b"" if text is None else text.encode() for text in texts]
    offsets = np.zeros(len(data) + 1, np.int64)
    np.cumsum([len(each) for each in data], out=offsets[1:])
    there = np.array([text is not None for text in texts], bool)
    valid = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    short = int(offsets[-1]) < 1 << 31
    buffers = [
        valid,
        pa.py_buffer(offsets.astype(np.int32) if short else offsets),
        pa.py_buffer(b"".join(data)),
    ]
    return pa.Array.from_buffers(pa.string() if short else pa.large_string(), len(data), buffers)


def number_column(values: NDArray[Any]) -> pa.Array:
    """A column of int64 or float64, without a copy."""
    import numpy as np
    import pyarrow as pa

    kinds: dict[Any, pa.DataType] = {np.dtype(np.int64): pa.int64(), np.dtype(np.float64): pa.float64()}
    array = np.ascontiguousarray(values)
    return pa.Array.from_buffers(kinds[array.dtype], len(array), [None, pa.py_buffer(array)])


def counting_column(first: int, count: int) -> pa.Array:
    """The whole numbers from `first` on."""
    import numpy as np

    return number_column(np.arange(first, first + count, dtype=np.int64))
