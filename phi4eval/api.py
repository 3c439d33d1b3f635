"""The harness as a function call: what `phi4eval run` does, for people who work in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from phi4eval.engine import prepare
from phi4eval.progress import OnProgress
from phi4eval.protocols import StopSignal
from phi4eval.types import RunRequest, Summary


def run(
    *,
    model: str,
    tasks: str | Sequence[str],
    backend: str = "auto",
    base_url: str | None = None,
    concurrency: int | None = None,
    data: Mapping[str, str | Path] | None = None,
    limit: int | None = None,
    items: Sequence[str] = (),
    repeats: int | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    max_tokens: int | None = None,
    seed: int = 0,
    results: str | Path = "results/runs",
    max_error_rate: float = 0.0,
    max_cost: float | None = None,
    max_tokens_total: int | None = None,
    cache: bool = True,
    backend_args: Mapping[str, str] | None = None,
    executor: Literal["local", "ray"] = "local",
    replicas: int | None = None,
    sandbox: str | None = None,
    stop: StopSignal | None = None,
    on_progress: OnProgress | None = None,
) -> Summary:
    """Evaluate a model on tasks; the same call again continues, or returns at once if nothing is missing.

    model: a name of models.yaml, a checkpoint directory, `backend:id[@revision]`, or, with base_url, the name
    an endpoint knows. tasks: names, suites, task files or `lm_eval:NAME`, comma-separated or as a sequence.
    sandbox: how strong a box code tasks need. The rest as in RunRequest; load_run reads the run back.
    Raises subclasses of Phi4evalError, each with a hint: UsageError for unknown names, MissingError and
    DataError for what is not there, IncompleteError where prompts do not fit, StoreError for the directory.
    """
    request = RunRequest(
        model=model,
        tasks=(tasks,) if isinstance(tasks, str) else tuple(tasks),
        backend=backend,
        base_url=base_url,
        concurrency=concurrency,
        data={name: str(path) for name, path in (data or {}).items()},
        limit=limit,
        items=tuple(items),
        repeats=repeats,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        seed=seed,
        results=str(results),
        max_error_rate=max_error_rate,
        max_cost=max_cost,
        max_tokens_total=max_tokens_total,
        cache=cache,
        backend_args=dict(backend_args or {}),
        executor=executor,
        replicas=replicas,
    )
    with prepare(request) as prepared:
        return prepared.execute(stop=stop, on_progress=on_progress, sandbox=sandbox)
