"""How is a kernel called without its compiler? Its machine code on disk, loaded by LLVM alone.

Importing numba and loading what it keeps takes a third of a second in every process, LLVM's part of it a
tenth of that. So what numba compiled is written down as object code, which is loaded and called by address.
Kernels take arrays, whole numbers and tuples of them, allocate nothing and refer to nothing outside.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import importlib.util
import os
import platform
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, cast

from phi4eval.errors import Phi4evalError, StoreError
from phi4eval.lines import write_atomically

_ENTRY = "phi4eval_kernel"
_KNOWN = frozenset({"memcpy", "memmove", "memset"})

# Arrays of ours are never numba's own, so counting who holds them would only cost time.
_NO_COUNTING = """
define void @NRT_incref(ptr %a) alwaysinline { ret void }
define void @NRT_decref(ptr %a) alwaysinline { ret void }
"""


class Unsuitable(Exception):
    """A kernel, or an argument of it, that only numba can call."""


def is_supported() -> bool:
    """Whether this is a machine on which it has been tried; elsewhere numba loads its own files."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def flatten(arguments: tuple[Any, ...]) -> tuple[list[int], str]:
    """Arguments as numba hands them on, numbers and addresses, and what kinds of arguments they are.

    An array is (owner, parent, items, bytes of an item, address, shape, strides). Raises Unsuitable.
    """
    import numpy as np

    numbers: list[int] = []
    kinds: list[str] = []
    for each in arguments:
        if isinstance(each, np.ndarray):
            if not each.flags.c_contiguous or not each.flags.aligned:
                raise Unsuitable("an array with gaps")
            address = each.__array_interface__["data"][0]
            numbers += (0, 0, each.size, each.itemsize, address, *each.shape, *each.strides)
            kinds.append(f"{each.dtype.str}{each.ndim}{'w' if each.flags.writeable else 'r'}")
        elif isinstance(each, tuple):
            inner, kind = flatten(each)
            numbers += inner
            kinds.append(f"({kind})")
        elif isinstance(each, (int, np.int64)) and not isinstance(each, bool):
            numbers.append(int(each))
            kinds.append("i")
        elif isinstance(each, np.uint64):
            numbers.append(int(each))
            kinds.append("u")
        else:
            raise Unsuitable(f"a {type(each).__name__}")
    return numbers, ",".join(kinds)


def file_name(name: str, kinds: str) -> str:
    """The file of a kernel for these kinds of arguments, on this processor, by these compilers."""
    told = [name, kinds, importlib.import_module("llvmlite").__version__, _numba_version(), *_processor()]
    return f"{name}-{hashlib.sha256(repr(told).encode()).hexdigest()[:16]}.o"


@cache
def _numba_version() -> str:
    """From its file: numba itself is not imported here, and what reads a package's metadata imports much."""
    spec = importlib.util.find_spec("numba")
    file = Path(spec.origin).with_name("_version.py") if spec and spec.origin else Path()
    if file.is_file():
        return file.read_text()
    from importlib.metadata import version

    return version("numba")


@cache
def _processor() -> tuple[str, str]:
    llvm = importlib.import_module("llvmlite.binding")
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def _target() -> Any:
    """A target of its own for every use: an engine ends the one that it was given."""
    llvm = importlib.import_module("llvmlite.binding")
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name, features = _processor()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=name, features=features, opt=3, reloc="static", codemodel="jitdefault", jit=True
    )


def load(path: Path, count: int) -> Callable[[list[int]], Any] | None:
    """A kernel of `count` numbers from its file; None where there is none, not a whole one, or one that
    belongs to somebody else: a cache folder may be shared, and this is code.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_uid not in (0, os.geteuid()):
                return None
            data = file.read()
    except OSError:
        return None
    digest, made = data[:32], data[32:]
    return link(made, count) if len(made) > 1 and hashlib.sha256(made).digest() == digest else None


def link(made: bytes, count: int) -> Callable[[list[int]], Any]:
    """A kernel of `count` numbers from what `build` gives."""
    llvm = importlib.import_module("llvmlite.binding")
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(made[1:]))
    engine.finalize_object()
    return _caller(engine, engine.get_function_address(_ENTRY), count, made[0])


def _caller(engine: Any, address: int, count: int, results: int) -> Callable[[list[int]], Any]:
    """Call as numba's functions are called: room for the results, for an error, and all the numbers.

    ctypes lets other threads run meanwhile.
    """
    kind = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * count)
    function = kind(address)
    room = ctypes.c_int64 * max(1, results)

    def call(numbers: list[int]) -> Any:
        assert engine is not None  # it owns the code
        found, error = room(), ctypes.c_void_p()
        status = function(ctypes.addressof(found), ctypes.addressof(error), *numbers)
        if status != 0:
            raise Phi4evalError(f"a compiled kernel ended with status {status}", "please report this")
        return tuple(found) if results > 1 else found[0] if results else None

    return call


def build(dispatcher: Any, arguments: tuple[Any, ...], path: Path) -> bytes:
    """Compile a function for arguments like these and keep its object code, which a byte leads that says how
    many numbers it gives back. Raises Unsuitable.
    """
    numba = importlib.import_module("numba")
    llvm = importlib.import_module("llvmlite.binding")
    signature = tuple(numba.typeof(_plain(each)) for each in arguments)
    dispatcher.compile(signature)
    results = _results(dispatcher.overloads[signature].signature.return_type)
    text = dispatcher.inspect_llvm(signature)
    # the first function of the module is the kernel; what follows are wrappers for Python and what it calls
    entry = re.search(r'^define [^@]*@"?([^"(]+)"?\(', text, re.MULTILINE)
    if entry is None:
        raise Unsuitable("no function in the compiler's output")
    module = llvm.parse_assembly(text)
    module.link_in(llvm.parse_assembly(_NO_COUNTING))
    for function in module.functions:
        if not function.is_declaration and function.name != entry[1]:
            function.linkage = "internal"
    module.get_function(entry[1]).name = _ENTRY
    target = _target()
    _optimise(module, target)
    outside = {f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")}
    if outside - _KNOWN:
        raise Unsuitable(f"calls of {', '.join(sorted(outside))}")
    made = bytes([results]) + cast(bytes, target.emit_object(module))
    with suppress(OSError, StoreError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, hashlib.sha256(made).digest(), made)
    return made


def _plain(argument: Any) -> Any:
    """An argument for typeof: numba has another type for numpy's own whole numbers than for Python's."""
    import numpy as np

    return int(argument) if isinstance(argument, np.int64) else argument


def _results(kind: Any) -> int:
    """How many whole numbers a function gives back. Raises Unsuitable for anything else."""
    types = importlib.import_module("numba").types
    parts = list(kind) if isinstance(kind, types.BaseTuple) else [] if kind == types.none else [kind]
    if not all(part == types.int64 for part in parts):
        raise Unsuitable(f"results {kind}")
    return len(parts)


def _optimise(module: Any, target: Any) -> None:
    llvm = importlib.import_module("llvmlite.binding")
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = True
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(module, builder)
