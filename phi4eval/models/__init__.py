"""Which model does a text on the command line mean?

A name of models.yaml, a directory, a hub id, a recorded file, or any of these behind a backend's name:
`phi-4`, `./checkpoints/step-900`, `microsoft/phi-4@<commit>`, `replay:answers.jsonl`, `hf:phi-tiny`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from phi4eval.errors import UsageError, did_you_mean
from phi4eval.types import ModelSpec, Sampling

BACKENDS = ("api", "hf", "replay", "vllm")
"""Backend names that may stand before a model; a caller that knows more passes its own list."""

LISTING = "phi4eval models lists all"

_FILE = Path(__file__).with_name("models.yaml")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse_model(text: str, *, backends: Iterable[str] = BACKENDS) -> tuple[str | None, str]:
    """Split `backend:id` into (backend, id); (None, text) where no known backend stands before the colon."""
    prefix, colon, rest = text.partition(":")
    if colon and rest and prefix.lower() in backends:
        return prefix.lower(), rest
    return None, text


def find_model(text: str, *, backends: Iterable[str] = BACKENDS) -> ModelSpec:
    """The model a user means.

    Raises UsageError for an unknown name, a missing directory, or a text that is none of the forms above.
    """
    backend, rest = parse_model(text.strip(), backends=backends)
    if not rest:
        raise UsageError("the model's name is empty", LISTING)
    if backend == "replay":
        return ModelSpec(name=Path(rest).name, weights=rest)
    if backend == "api":
        return api_model(rest, None)
    name, _, revision = rest.partition("@")
    known = _known().get(name.lower())
    if known is not None:
        return msgspec.structs.replace(known, revision=revision) if revision else known
    directory = Path(rest).expanduser()
    if directory.is_dir():
        return ModelSpec(name=directory.resolve().name, weights=str(directory))
    if _HUB_ID.fullmatch(name) and not name.startswith("."):
        return ModelSpec(name=name, weights=name, revision=revision or None, api_model=name)
    raise _unknown(rest)


def api_model(text: str, base_url: str | None) -> ModelSpec:
    """The model that an endpoint serves as `text`; a known name keeps its facts, any other passes through.

    text: with or without `api:` in front. base_url: of the endpoint, None for the entry's own (OpenAI's where
    there is no entry).
    """
    backend, rest = parse_model(text.strip())
    text = rest if backend == "api" else text.strip()
    known = _known().get(text.lower())
    spec = known or ModelSpec(name=text, key_env=None if base_url else "OPENAI_API_KEY")
    return msgspec.structs.replace(
        spec,
        api_model=spec.api_model or spec.weights or text,
        base_url=base_url or spec.base_url,
    )


def list_models() -> tuple[ModelSpec, ...]:
    """Every entry of models.yaml, in the file's order."""
    return tuple(_known().values())


def load_models(path: Path) -> dict[str, ModelSpec]:
    """Read a models file: lower-case name -> ModelSpec. Raises UsageError that names file and entry."""
    import yaml

    try:
        raw = yaml.load(
            path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )
    except yaml.YAMLError as error:
        raise UsageError(f"{path.name}: {error}", "each entry is `name:` with indented facts") from error
    if not isinstance(raw, dict):
        raise UsageError(f"{path.name}: expected entries by name, got {type(raw).__name__}")
    models: dict[str, ModelSpec] = {}
    for name, entry in raw.items():
        where = f'{path.name}: entry "{name}"'
        if str(name).lower() in models:
            raise UsageError(f"{where} stands there twice (names do not differ by case)")
        models[str(name).lower()] = _entry(str(name), entry, where)
    return models


def _entry(name: str, entry: Any, where: str) -> ModelSpec:
    if not isinstance(entry, Mapping):
        raise UsageError(f"{where}: expected facts, got {type(entry).__name__}")
    fields = set(ModelSpec.__struct_fields__) - {"name"}
    for key in entry:
        if key not in fields:
            known = "known: " + ", ".join(sorted(fields))
            raise UsageError(f'{where}: unknown field "{key}"', did_you_mean(str(key), fields, known))
    try:
        spec = msgspec.convert({**entry, "name": name}, ModelSpec)
        msgspec.convert(spec.sampling, Sampling)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {error}", "dates and revisions are quoted text") from error
    for key in (*spec.sampling, *spec.request_names):
        if key not in Sampling.__struct_fields__:
            raise UsageError(f'{where}: unknown sampling field "{key}"')
    if spec.price is not None and min(spec.price.input, spec.price.output, spec.price.cached_input or 0) < 0:
        raise UsageError(
            f"{where}: a price is below 0", "US dollars per million tokens; leave it out if unknown"
        )
    for key, date in (("release", spec.release), ("cutoff", spec.cutoff)):
        if date is not None and not _DATE.fullmatch(date):
            raise UsageError(
                f'{where}: {key} "{date}" is no date', "write YYYY-MM-DD, or null if unpublished"
            )
    return spec


@lru_cache(maxsize=1)
def _known() -> dict[str, ModelSpec]:
    return load_models(_FILE)


def _unknown(text: str) -> UsageError:
    if text.startswith((".", "/", "~")) or text.count("/") > 1:
        return UsageError(f'model directory "{text}" not found', "give a directory that holds config.json")
    return UsageError(f'model "{text}" not found', did_you_mean(text, _known(), LISTING))
