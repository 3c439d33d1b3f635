"""Where do a model's weights lie, and what exactly are they?

A checkpoint is a directory: one of the user's, one installed with phi4eval, or a snapshot of a hub repository
at a pinned commit. Only safetensors are read; pickles and a repository's own code never are.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from phi4eval.errors import MissingError, UsageError
from phi4eval.types import ModelSpec

PACKAGED = "package:"
"""Prefix of weights installed with phi4eval: `package:phi-tiny` is phi4eval/models/phi-tiny. Model specs, and
so records, keep this form, which reads the same on every machine."""

FULL_HASH_BELOW = 10**9
"""Bytes up to which a checkpoint is hashed in full (seconds); larger ones by their ends and sizes."""

_ENDS = 2**20
_HEAD = 2**26
_COMMIT = re.compile(r"[0-9a-f]{40}")
_INDEX = "model.safetensors.index.json"
_WEIGHTS = "*.safetensors"
# all that a model and its tokenizer are read from, beside the weights; nothing that carries code
_DESCRIPTION = (
    "config.json",
    "generation_config.json",
    "tokenizer*.json",
    "tokenizer.model*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "*.tiktoken",
    "spiece.model",
    "chat_template.jinja",
    "chat_template.json",
    _INDEX,
)
_TOKENIZERS = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
    "tokenizer_config.json",
)


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint's directory. repository, commit: where it was fetched from, None for a plain directory."""

    directory: Path
    repository: str | None = None
    commit: str | None = None


def locate(model: ModelSpec, *, endpoint: str | None = None) -> Checkpoint:
    """The checkpoint of a model with its config and tokenizer in place; weights may still be missing.

    endpoint: of the hub, None for the library's own. Raises UsageError for what is no checkpoint,
    MissingError for one that is gated, unreachable or not installed.
    """
    if model.weights is None:
        raise UsageError(
            f'model "{model.name}" has no weights to load', "it is served by an endpoint: use --backend api"
        )
    if model.weights.startswith(PACKAGED):
        return _packaged(model.weights.removeprefix(PACKAGED))
    directory = Path(model.weights).expanduser()
    if directory.is_dir():
        _check(directory, model.weights, weights=True)
        return Checkpoint(directory=directory)
    if model.weights.count("/") != 1 or model.weights.startswith((".", "/", "~")):
        raise UsageError(
            f'model directory "{model.weights}" not found', "give a directory that holds config.json"
        )
    directory = _download(model.weights, model.revision, _DESCRIPTION, endpoint)
    _check(directory, model.weights, weights=False)
    # the library names a snapshot's directory after the commit
    commit = directory.name if _COMMIT.fullmatch(directory.name) else model.revision
    return Checkpoint(directory=directory, repository=model.weights, commit=commit)


def fetch(checkpoint: Checkpoint, *, endpoint: str | None = None) -> None:
    """Get the weights of a checkpoint from the hub where they are not here yet."""
    if checkpoint.repository is not None:
        _download(checkpoint.repository, checkpoint.commit, (*_DESCRIPTION, _WEIGHTS), endpoint)
        _check(checkpoint.directory, checkpoint.repository, weights=True)


def fingerprint(checkpoint: Checkpoint) -> str:
    """`commit:...` of a hub snapshot; else `sha256:...` over config, tokenizer and weights.

    From FULL_HASH_BELOW on, `sha256-ends:...`: every file's name and size, but of a weight file only its
    first and last MiB.
    """
    if checkpoint.commit is not None:
        return f"commit:{checkpoint.commit}"
    files = _files(checkpoint.directory, (*_DESCRIPTION, _WEIGHTS))
    full = sum(file.stat().st_size for file in files) < FULL_HASH_BELOW
    digest = hashlib.sha256()
    for file in files:
        size = file.stat().st_size
        digest.update(f"{file.relative_to(checkpoint.directory).as_posix()}\0{size}\0".encode())
        for block in _blocks(file, size, ends_only=not full and file.suffix == ".safetensors"):
            digest.update(block)
    return f"{'sha256' if full else 'sha256-ends'}:{digest.hexdigest()}"


def parameters(checkpoint: Checkpoint) -> int | None:
    """How many numbers the weights have, by the heads of the safetensors files; None where none lie here."""
    total = 0
    for file in _files(checkpoint.directory, (_WEIGHTS,)):
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            try:
                head = json.loads(stream.read(min(length, _HEAD)))
                total += sum(
                    math.prod(part["shape"]) for name, part in head.items() if name != "__metadata__"
                )
            except (ValueError, KeyError, TypeError):
                return None  # loading them says what is wrong
    return total or None


def _blocks(file: Path, size: int, *, ends_only: bool) -> Iterator[bytes]:
    with file.open("rb") as stream:
        if ends_only and size > 2 * _ENDS:
            yield stream.read(_ENDS)
            stream.seek(-_ENDS, 2)
        while block := stream.read(_ENDS):
            yield block


def _files(directory: Path, patterns: Sequence[str]) -> list[Path]:
    return sorted({file for pattern in patterns for file in directory.glob(pattern) if file.is_file()})


def _packaged(name: str) -> Checkpoint:
    directory = Path(__file__).resolve().parent.parent / "models" / name
    if not directory.is_dir():
        raise MissingError(
            f'the checkpoint "{name}" is not part of this installation', "install phi4eval from its wheel"
        )
    _check(directory, name, weights=True)
    return Checkpoint(directory=directory)


def _check(directory: Path, name: str, *, weights: bool) -> None:
    """Raise UsageError that names the first file a checkpoint lacks."""
    shards = _shards(directory)
    wanted = ["config.json"]
    if not any((directory / file).is_file() for file in _TOKENIZERS):
        wanted.append("tokenizer.json")
    if weights:
        wanted += shards or ([] if _files(directory, (_WEIGHTS,)) else ["model.safetensors"])
    for file in wanted:
        if not (directory / file).is_file():
            hint = "a checkpoint has config.json, a tokenizer and *.safetensors (save_pretrained writes them)"
            if file.endswith(".safetensors") and _files(directory, ("*.bin", "*.pt", "*.pth")):
                hint = "pickled weights can run code and are not read; convert them to safetensors"
            raise UsageError(f'"{name}" is not a complete checkpoint: {file} is missing', hint)


def _shards(directory: Path) -> list[str]:
    index = directory / _INDEX
    if not index.is_file():
        return []
    try:
        return sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise UsageError(
            f"{index}: not a list of weight files: {error}", "fetch the checkpoint again"
        ) from error


def _download(repository: str, revision: str | None, patterns: Sequence[str], endpoint: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        # the token comes from the library's own environment handling (HF_TOKEN)
        directory = snapshot_download(
            repository,
            revision=revision,
            allow_patterns=list(patterns),
            endpoint=endpoint,
            tqdm_class=_silent(),
        )
    except HFValidationError as error:
        raise UsageError(
            f'"{repository}" is no hub id: {error}', "write org/name or org/name@revision"
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError) as error:
        raise _unreachable(repository, revision, error) from error
    except OSError as error:
        raise MissingError(
            f'"{repository}" could not be fetched: {error}', "check the network, or give a directory"
        ) from error
    return Path(directory)


def _unreachable(repository: str, revision: str | None, error: Exception) -> MissingError:
    """What to tell, from the most special of the hub's errors to the most general."""
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    page = f"https://huggingface.co/{repository}"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, GatedRepoError):
            return MissingError(
                f'"{repository}" is gated',
                f"accept its terms at {page} and set HF_TOKEN to a token of that account",
            )
        if isinstance(cause, RevisionNotFoundError):
            return MissingError(f'"{repository}" has no revision "{revision}"', f"see {page}/commits/main")
        if isinstance(cause, RepositoryNotFoundError):
            return MissingError(
                f'"{repository}" not found on the hub', "check the name; if it is private, set HF_TOKEN"
            )
        status = getattr(getattr(cause, "response", None), "status_code", None)
        if status is not None:
            return MissingError(
                f'"{repository}" could not be fetched: the hub answered HTTP {status}',
                "try again later, or give a directory",
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, LocalEntryNotFoundError):
        return MissingError(
            f'"{repository}" is not in the local cache and the hub cannot be reached',
            "fetch it once while online (and unset HF_HUB_OFFLINE), or give a directory",
        )
    return MissingError(
        f'"{repository}" could not be fetched: {error}', "check the network, or give a directory"
    )


def _silent() -> type[Any]:
    from tqdm import tqdm  # type: ignore[import-untyped,unused-ignore]

    class Silent(tqdm):  # type: ignore[misc,type-arg,unused-ignore]
        """A progress bar that draws nothing: only the console module draws."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)  # huggingface_hub's own addition
            super().__init__(*args, **{**kwargs, "disable": True})

    return Silent
