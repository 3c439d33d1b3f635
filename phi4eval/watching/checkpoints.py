"""Which checkpoints lie in a directory, and is each one written to its end?"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from phi4eval.backends.weights import locate
from phi4eval.errors import MissingError, UsageError
from phi4eval.history import order
from phi4eval.seeds import content_hash
from phi4eval.types import ModelSpec

STEP = re.compile(r"(?:^|(?:checkpoint|ckpt|step|iter|iteration|epoch|batch)[-_.]?)(\d+)$", re.IGNORECASE)
"""How names say a training step: `checkpoint-500`, `phi-step-00500`, `500`; and never the 4 of `phi-4`."""

UNFINISHED = (".new", ".old", ".tmp", ".part", ".partial", ".incomplete")
"""Endings under which writers stage a directory before they rename it; so is a name that begins with tmp."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A directory that may be a checkpoint.

    state: hash of its files' names, sizes and times; another state is other content. problem: what is missing
    or half-written, None where it is whole.
    """

    name: str
    path: Path
    step: int | None
    state: str
    problem: str | None


def find_checkpoints(
    directory: Path, *, marker: str | None = None, known: Collection[tuple[str, str]] = ()
) -> tuple[Checkpoint, ...]:
    """Every checkpoint under a directory in training order, the half-written ones with what they lack.

    marker: a file that the training writes last; a directory without it is not finished. known: (name, state)
    of those to leave out: their weights are not opened again. Raises UsageError
    where the directory does not exist, MissingError where safetensors is not installed.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory} is no directory", "give the directory that holds the checkpoints")
    looked = (_look(folder, marker, known) for folder in _folders(directory))
    found = [made for made in looked if made is not None]
    return tuple(sorted(found, key=lambda made: (*order(made.step), made.name)))


def _folders(directory: Path) -> Iterator[Path]:
    for folder in directory.iterdir():
        staged = folder.name.startswith((".", "tmp")) or folder.name.endswith(UNFINISHED)
        # a link (`latest`) names a checkpoint that is there under its own name
        again = folder.is_symlink() and folder.resolve().parent == directory.resolve()
        if not staged and not again and folder.is_dir() and _has_model_files(folder):
            yield folder


def _has_model_files(folder: Path) -> bool:
    """Whether this is a checkpoint at all: logs and data lie beside them too."""
    return (folder / "config.json").exists() or any(folder.glob("*.safetensors*"))


def _look(folder: Path, marker: str | None, known: Collection[tuple[str, str]]) -> Checkpoint | None:
    # names that are no UTF-8 cannot be stored as they are
    name, state = folder.name.encode("utf-8", "backslashreplace").decode(), ""
    try:
        state = _state(folder)
        if (name, state) in known:
            return None
        problem = _problem(folder, marker)
    except FileNotFoundError:  # a training that keeps only its last checkpoints deletes them at any time
        problem = "it is being deleted"
    except OSError as error:
        problem = f"{Path(str(error.filename or folder)).name}: {error.strerror}"
    return Checkpoint(name=name, path=folder, step=_step(folder), state=state, problem=problem)


def _state(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    stats = [(str(path.relative_to(folder)), path.stat()) for path in files]
    return content_hash([[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats], length=16)


def _problem(folder: Path, marker: str | None) -> str | None:
    """What keeps a directory from being a whole checkpoint."""
    if marker is not None and not (folder / marker).exists():
        return f"{marker} is missing"
    try:
        locate(ModelSpec(name=folder.name, weights=str(folder)))
        json.loads((folder / "config.json").read_bytes())
    except UsageError as error:
        return error.message
    except ValueError as error:
        return f"config.json: {error}"
    return next(
        (text for file in sorted(folder.glob("*.safetensors")) if (text := broken_weights(file))), None
    )


def broken_weights(file: Path) -> str | None:
    """Why a safetensors file is not whole; None where it is. Reads its header and its size only.

    The header says how long the file must be, so that a file still being written is never taken for one
    that is done.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise MissingError("watching checkpoints needs safetensors", "pip install 'phi4eval[hf]'") from error
    try:
        with safe_open(str(file), framework="numpy"):
            return None
    except (SafetensorError, OSError, ValueError) as error:
        return f"{file.name} is not written to its end: {error}"


def _step(folder: Path) -> int | None:
    """The training step that the name says, else the one in the trainer's state."""
    named = STEP.search(folder.name)
    if named is not None:
        return int(named[1])
    try:
        step = json.loads((folder / "trainer_state.json").read_bytes())["global_step"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return step if isinstance(step, int) else None
