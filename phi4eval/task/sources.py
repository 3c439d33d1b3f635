"""Where do a task's raw rows come from: a file of the user's, a package, or the hub?

A source that does not have the data is not the end: the next one is tried, and the last error is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from phi4eval.errors import DataError
from phi4eval.task.files import decode_rows, read_rows
from phi4eval.task.folders import has_layout, read_laid_out, with_examples
from phi4eval.types import SourceSpec, Task

Row: TypeAlias = Mapping[str, Any]


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Raw rows in their published order, what they are called, and the commit they have."""

    rows: Sequence[Row]
    info_source: str
    revision: str | None = None


def load_rows(task: Task, data: str | None, *, columns: Sequence[str]) -> Loaded:
    """The rows of the file `data`, else of the first source that has them.

    columns: the canonical columns, named in the hint. Raises DataError with the way to get the data.
    """
    prefer = (*(source.config for source in task.sources if source.config), task.name)
    if data is not None:
        password = next((source.password for source in task.sources if source.password), None)
        path = Path(data).expanduser()
        if task.layout is not None and has_layout(path):
            rows = read_laid_out(path, task.layout)
        else:
            rows = read_rows(path, password=password, prefer=prefer)
        if task.examples is not None:
            rows = with_examples(task, rows, path)
        return Loaded(rows=rows, info_source=f"file {path.name}")
    formats = ".jsonl, .csv, .parquet or .zip"
    by_file = f"pass your copy: --data {task.name}=FILE ({formats}) with {', '.join(columns)}"
    if not task.sources:
        raise DataError(f"the data of {task.name} is not published for download", by_file)
    failures: list[DataError] = []
    for source in task.sources:
        try:
            return _LOADERS[source.kind](task, source)
        except DataError as error:
            failures.append(error)
    last = failures[-1]
    raise DataError(last.message, last.hint or by_file) from last


# ---------------------------------------------------------------- files and packages


def _from_file(task: Task, source: SourceSpec) -> Loaded:
    path = _find_file(task, source.path)
    rows = read_rows(path, password=source.password, prefer=(source.config or task.name,))
    return Loaded(rows=rows, info_source=f"file {path.name}")


def _find_file(task: Task, name: str) -> Path:
    """Beside the task file, else from the folder above it.

    The second is where lm-eval finds `tasks/samples/x.jsonl` when it is started in a checkout.
    """
    path = Path(name).expanduser()
    home = Path(task.path).resolve().parent
    for candidate in (home / path, home.parent / path):
        if candidate.is_file():
            return candidate
    raise DataError(f'the data file "{name}" of the task {task.name} does not exist beside {task.path}')


def _from_package(task: Task, source: SourceSpec) -> Loaded:
    """Rows of a file inside an installed package: path = the package, config = the file in it."""
    from importlib.util import find_spec

    # Found, not imported: only the data is wanted. A dotted name would import its parent.
    spec = find_spec(source.path) if source.path.isidentifier() else None
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders or not source.config:
        raise DataError(
            f'the package "{source.path}" with the data of {task.name} is not installed',
            f"pip install {source.path.replace('_', '-')}, or pass a file: --data {task.name}=FILE",
        )
    path = (Path(folders[0]) / source.config).resolve()
    if not path.is_relative_to(Path(folders[0]).resolve()):
        raise DataError(f'{task.name}: "{source.config}" lies outside of the package {source.path}')
    version = _version(source.path)
    rows = decode_rows(_read(path), path.name, password=source.password, prefer=(task.name,))
    return Loaded(rows=rows, info_source=f"package {source.path}", revision=version)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f'the data file "{path}" cannot be read: {error.strerror or error}') from error


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _from_hub(task: Task, source: SourceSpec) -> Loaded:
    from phi4eval.task.hub import load_hub

    rows, commit = load_hub(task, source)
    return Loaded(rows=rows, info_source=f"hub {source.path}", revision=commit)


_LOADERS: dict[str, Callable[[Task, SourceSpec], Loaded]] = {
    "file": _from_file,
    "package": _from_package,
    "hub": _from_hub,
}
