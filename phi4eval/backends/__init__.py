"""Which backend answers: by name, or chosen from the model and the options.

A backend is a module of this package, or an entry point of the group `phi4eval.backends`, that has (or is)
`open(model: ModelSpec, options: BackendOptions) -> Backend`. Modules are found by directory listing and
imported only when they are asked for.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from importlib.metadata import entry_points
from importlib.util import find_spec

from phi4eval.backends.options import BackendOptions
from phi4eval.errors import MissingError, UsageError, did_you_mean
from phi4eval.protocols import Backend, Scorer
from phi4eval.types import ModelSpec

__all__ = [
    "BackendOptions",
    "list_backends",
    "open_backend",
    "open_executed",
    "open_scorer",
    "resolve_backend",
]

GROUP = "phi4eval.backends"

Opener = Callable[[ModelSpec, BackendOptions], Backend]


def open_backend(name: str, model: ModelSpec, options: BackendOptions) -> Backend:
    """Open a backend by name (`auto` chooses); close() it when done.

    Raises UsageError for an unknown name or argument, MissingError for a credential, dependency or device
    that is not there.
    """
    return _opener(resolve_backend(name, model, options))(model, options)


def open_executed(
    name: str, model: ModelSpec, options: BackendOptions, *, executor: str, replicas: int | None
) -> Backend:
    """As open_backend, where the executor says: `local` in this process, `ray` in `replicas` Ray actors."""
    from phi4eval.backends.replicas import open_replicas

    if executor == "local":
        if replicas is not None:
            raise UsageError(
                "--replicas is for --executor ray", "add --executor ray, or leave --replicas out"
            )
        return open_backend(name, model, options)
    if executor != "ray":
        raise UsageError(f'executor "{executor}" not found', "there are: local, ray")
    backend = open_backend(name, model, options)
    try:
        return open_replicas(backend, name, model, options, 1 if replicas is None else replicas)
    except BaseException:
        backend.close()
        raise


def open_scorer(name: str, model: ModelSpec, options: BackendOptions) -> Scorer:
    """Open a backend that gives the log-probabilities of texts; as open_backend.

    Raises UsageError for one that answers prompts but cannot score.
    """
    backend = open_backend(name, model, options)
    if not isinstance(backend, Scorer):
        backend.close()
        raise UsageError(
            f'backend "{backend.fingerprint.backend}" gives no log-probabilities of texts',
            "hf does, from the model's weights",
        )
    return backend


def resolve_backend(name: str, model: ModelSpec, options: BackendOptions) -> str:
    """The name of the backend that `name` means for this model: `auto` is `api` or `hf`."""
    if name != "auto":
        return name
    if options.base_url or model.weights is None:
        return "api"
    for module in ("torch", "transformers"):
        if find_spec(module) is None:
            raise MissingError(
                f'model "{model.name}" runs from its weights, which needs {module}',
                "pip install 'phi4eval[hf]', or give --base-url of an endpoint that serves the model",
            )
    return "hf"


def list_backends() -> tuple[str, ...]:
    """Names of all backends, in the package and from entry points. Imports the package's modules."""
    inside = [each.name for each in pkgutil.iter_modules(__path__) if _in_tree(each.name) is not None]
    return tuple(sorted({*inside, *(point.name for point in entry_points(group=GROUP))}))


def _in_tree(name: str) -> Opener | None:
    if not name.isidentifier() or name not in {each.name for each in pkgutil.iter_modules(__path__)}:
        return None
    opener: Opener | None = getattr(importlib.import_module(f"{__name__}.{name}"), "open", None)
    return opener


def _opener(name: str) -> Opener:
    opener = _in_tree(name)
    if opener is not None:
        return opener
    for point in entry_points(group=GROUP, name=name):
        loaded: Opener = point.load()
        return loaded
    known = list_backends()
    raise UsageError(
        f'backend "{name}" not found',
        did_you_mean(name, known, f"there are: auto, {', '.join(known)}"),
    )
