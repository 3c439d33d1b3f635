"""What the user may set on a backend, and the check that refuses settings it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from phi4eval.errors import UsageError, did_you_mean
from phi4eval.types import Sampling

T = TypeVar("T", bound=str)


class BackendOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of any backend; None means the backend's own default.

    base_url: of an OpenAI-compatible endpoint. concurrency: requests in flight (api), 1 or more. timeout:
    seconds one request may take. args: `--backend-arg NAME=VALUE` pairs, whose names each backend defines.
    """

    base_url: str | None = None
    concurrency: int | None = None
    timeout: float | None = None
    args: dict[str, str] = {}


def ignored(backend: str, sampling: Sampling) -> str | None:
    """What of a sampling a backend here does not apply, as a warning; None if it applies all."""
    fields = [
        field
        for field in ("reasoning_effort", "thinking_tokens")
        if getattr(sampling, field) is not msgspec.UNSET
    ]
    if not fields or backend not in ("hf", "vllm"):
        return None
    other = "--backend-arg thinking_budget=N" if backend == "vllm" else "--backend-arg enable_thinking"
    return f"{backend} does not apply {' and '.join(fields)}; it has {other}"


def check_args(backend: str, args: Mapping[str, str], known: Mapping[str, str]) -> None:
    """Refuse the first argument that is not among `known` (name -> what it sets)."""
    for name in args:
        if name not in known:
            listing = "; ".join(f"{each}: {what}" for each, what in sorted(known.items())) or "none"
            raise UsageError(
                f'backend "{backend}" has no argument "{name}"',
                did_you_mean(name, known, f"it knows: {listing}"),
            )


def one_of(backend: str, name: str, value: str, known: tuple[T, ...]) -> T:
    """An argument's value, which must be one of these words."""
    for each in known:
        if value == each:
            return each
    raise UsageError(f'backend "{backend}": {name}={value!r} is not known', f"give {', '.join(known)}")


def whole_number(backend: str, name: str, value: str, *, least: int) -> int:
    """An argument's value as an integer of at least `least`."""
    if not value.isdecimal() or int(value) < least:
        raise UsageError(
            f'backend "{backend}": {name}={value!r} is not a whole number', f"give {least} or more"
        )
    return int(value)
