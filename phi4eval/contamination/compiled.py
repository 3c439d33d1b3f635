"""Is there a compiler? Functions written for numba, which run as plain Python where it is not installed."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import io
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar, cast
from zipfile import BadZipFile

from phi4eval.contamination import machine_code
from phi4eval.errors import StoreError
from phi4eval.lines import write_atomically

_SOURCES = (
    "align", "bulk", "compiled", "driver", "gram_kernel", "index", "index_kernel", "kernel", "machine_code",
    "tokens",
)  # fmt: skip

Function = TypeVar("Function", bound=Callable[..., Any])


@cache
def has_compiler() -> bool:
    """Whether numba is installed (the extra `contamination`)."""
    return importlib.util.find_spec("numba") is not None


def compiled(function: Function) -> Function:
    """Compile a function at its first call, without the GIL, and keep the machine code on disk.

    No fast-math and no threads inside: the same input gives the same output on every machine.
    """
    return cast(Function, Kernel(function)) if has_compiler() else function


class Kernel:
    """A function of arrays and whole numbers, which numba compiles when it is not on disk yet."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._loaded: dict[str, Callable[[list[int]], Any] | None] = {}
        self.__doc__ = function.__doc__

    @cached_property
    def dispatcher(self) -> Any:
        """The function as numba has it."""
        numba = importlib.import_module("numba")
        if machine_code.is_supported():
            return numba.njit(nogil=True)(self._function)
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = cache_folder()
        try:
            return numba.njit(nogil=True, cache=True)(self._function)
        except RuntimeError:  # no folder in which the machine code could be kept
            return numba.njit(nogil=True)(self._function)
        finally:
            numba.config.CACHE_DIR = before

    @property
    def _numba_type_(self) -> Any:
        """By which numba knows it where another compiled function calls it."""
        return self.dispatcher._numba_type_

    def __call__(self, *arguments: Any) -> Any:
        if not machine_code.is_supported() or os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
            return self.dispatcher(*arguments)
        try:
            numbers, kinds = machine_code.flatten(arguments)
        except machine_code.Unsuitable:
            return self.dispatcher(*arguments)
        if kinds not in self._loaded:
            self._loaded[kinds] = self._load(arguments, kinds, len(numbers))
        call = self._loaded[kinds]
        return self.dispatcher(*arguments) if call is None else call(numbers)

    def _load(self, arguments: tuple[Any, ...], kinds: str, count: int) -> Callable[[list[int]], Any] | None:
        """The code for such arguments, from disk or compiled now; None where only numba can call it."""
        name = f"{self._function.__module__.rpartition('.')[2]}.{self._function.__name__}"
        path = Path(cache_folder()) / machine_code.file_name(name, kinds)
        call = machine_code.load(path, count)
        if call is not None:
            return call
        try:
            return machine_code.link(machine_code.build(self.dispatcher, arguments, path), count)
        except machine_code.Unsuitable:
            return None


@cache
def cache_folder() -> str:
    """Where machine code is kept: a folder of its own for every state of the sources that are compiled.

    numba looks at the file of a function for changes, but not at those of the functions that it calls.
    """
    state = hashlib.sha256()
    for name in _SOURCES:
        state.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    user = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    base = os.environ.get("NUMBA_CACHE_DIR") or str(Path(user) / "phi4eval")
    return str(Path(base) / f"kernels-{state.hexdigest()[:16]}")


def kept_arrays(name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Arrays that are the same for every process of this version: read from the folder of the machine code,
    made and kept there where they are not to be had. A file that is cut off or changed is made again.
    """
    import numpy as np

    path = Path(cache_folder()) / f"{name}.npz"
    with suppress(OSError, ValueError, KeyError, EOFError, BadZipFile):
        return dict(np.load(io.BytesIO(path.read_bytes())))
    arrays = make()
    with suppress(OSError, StoreError):
        path.parent.mkdir(parents=True, exist_ok=True)
        data = io.BytesIO()
        np.savez(data, **arrays)
        write_atomically(path, data.getbuffer())
    return arrays
