"""From what the user asked to a plan: tasks, rows, prompts and model of a run, checked before any cost."""

from __future__ import annotations

import os
import platform
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import msgspec

import phi4eval.task as task_lib
from phi4eval.backends import open_executed, resolve_backend
from phi4eval.backends.options import BackendOptions, ignored
from phi4eval.completion_cache import CompletionCache, cache_path
from phi4eval.costs import costs_ahead, known_price
from phi4eval.errors import IncompleteError, NothingMatchedError, UsageError, did_you_mean
from phi4eval.models import api_model, find_model, parse_model
from phi4eval.prompts import render_prompts
from phi4eval.protocols import Backend
from phi4eval.reuse import Reuse
from phi4eval.seeds import content_hash
from phi4eval.stats.power import detectable_difference
from phi4eval.store import Run, SampleKey, directory_for, run_id
from phi4eval.types import (
    Dataset,
    Item,
    Manifest,
    ModelSpec,
    Plan,
    PlannedTask,
    Price,
    Prompt,
    PromptTokens,
    RunRequest,
    Sampling,
    StoredPrompt,
    Task,
    TaskManifest,
)

MEASURED = 32
"""Prompts of a task that are tokenized for the plan: the longest by characters."""

_PACKAGES = (
    "phi4eval",
    "torch",
    "transformers",
    "vllm",
    "datasets",
    "math-verify",
    "sympy",
    "lm-eval",
    "aiohttp",
)


class Work(NamedTuple):
    """A plan with what it takes to carry it out."""

    plan: Plan
    manifest: Manifest
    prompts: tuple[StoredPrompt, ...]
    backend: Backend
    reuse: Reuse


def make_work(request: RunRequest, *, now: datetime | None = None) -> Work:
    """Resolve, load, render and check everything a run needs; nothing is generated and nothing written.

    Raises UsageError for unknown names, DataError for data sets, MissingError for what a backend lacks, and
    IncompleteError where a prompt and its answer do not fit the model's context.
    """
    _check_numbers(request)
    tasks = task_lib.expand(request.tasks)
    data = _data_files(request.data, tasks)
    model, backend_name = _resolve_model(request)
    datasets = [task_lib.load_dataset(task, data.get(task.name)) for task in tasks]
    rendered = [_render(task, dataset, request, model) for task, dataset in zip(tasks, datasets, strict=True)]
    backend = open_executed(
        backend_name, model, _options(request), executor=request.executor, replicas=request.replicas
    )
    try:
        model = msgspec.structs.replace(model, price=getattr(backend, "price", model.price))
        price = known_price(model, backend.fingerprint.backend)
        _check_limits(request, model, price)
        manifest = _manifest(request, model, backend, [made for made, _ in rendered], now)
        directory = directory_for(request.results, model.name, manifest.run_id)
        stored = _stored(directory)
        reuse = _reuse(request, backend)
        planned = [_plan_task(made, ps, backend, stored, reuse, price) for made, ps in rendered]
        if reuse.warnings:
            planned[0] = msgspec.structs.replace(planned[0], warnings=(*planned[0].warnings, *reuse.warnings))
    except BaseException:
        backend.close()
        raise
    plan = Plan(
        request=request,
        model=model,
        fingerprint=backend.fingerprint,
        run_id=manifest.run_id,
        directory=str(directory),
        tasks=tuple(planned),
    )
    prompts = tuple(prompt for _, made in rendered for prompt in made)
    return Work(plan, manifest, prompts, backend, reuse)


def _check_numbers(request: RunRequest) -> None:
    positive = {
        "--limit": request.limit,
        "--repeats": request.repeats,
        "--max-tokens": request.max_tokens,
        "--concurrency": request.concurrency,
        "--max-tokens-total": request.max_tokens_total,
    }
    for flag, value in positive.items():
        if value is not None and value < 1:
            raise UsageError(f"{flag} is {value}", "it must be at least 1")
    if request.temperature is not None and not 0 <= request.temperature <= 10:
        raise UsageError(f"--temperature is {request.temperature}", "it must lie between 0 and 10")
    if request.top_p is not None and not 0 < request.top_p <= 1:
        raise UsageError(f"--top-p is {request.top_p}", "it must lie above 0 and at most at 1")


def _check_limits(request: RunRequest, model: ModelSpec, price: Price | None) -> None:
    if request.max_cost is None:
        return
    if not request.max_cost > 0:
        raise UsageError(f"--max-cost is {request.max_cost}", "it must be above 0, in US dollars")
    if price is None:
        raise UsageError(
            f'the price of model "{model.name}" is not known, so that --max-cost cannot hold',
            "give it: --backend-arg price=PROMPT,ANSWER ($ a million tokens, api), or use --max-tokens-total",
        )


def _reuse(request: RunRequest, backend: Backend) -> Reuse:
    warnings: list[str] = []
    wanted = request.cache and getattr(backend, "cached", False)
    cache = CompletionCache(cache_path(), warnings.append) if wanted else None
    return Reuse(cache, backend.fingerprint, request.seed, warnings)


def _data_files(data: Mapping[str, str], tasks: Sequence[Task]) -> Mapping[str, str]:
    names = [task.name for task in tasks]
    for name in data:
        if name not in names:
            raise UsageError(
                f'--data names the task "{name}", which is not run',
                did_you_mean(name, names, f"this command runs {', '.join(names)}"),
            )
    return data


def _options(request: RunRequest) -> BackendOptions:
    return BackendOptions(
        base_url=request.base_url, concurrency=request.concurrency, args=dict(request.backend_args)
    )


def _resolve_model(request: RunRequest) -> tuple[ModelSpec, str]:
    prefix, _ = parse_model(request.model)
    wanted = prefix or request.backend
    if prefix and request.backend not in ("auto", prefix):
        raise UsageError(
            f'--model asks for backend "{prefix}" and --backend for "{request.backend}"', "name one of them"
        )
    if wanted == "api" or request.base_url:
        model = api_model(request.model, request.base_url)
    else:
        model = find_model(request.model)
    return model, resolve_backend(wanted, model, _options(request))


def _sampling(task: Task, request: RunRequest, model: ModelSpec) -> Sampling:
    """The task's protocol, then what the model's card asks for, then what the user said."""
    if task.output_type == "multiple_choice":
        return Sampling(max_tokens=1)  # nothing is generated, and nothing is drawn
    changes = {name: value for name, value in model.sampling.items() if value is not None}
    for name in ("temperature", "top_p", "max_tokens"):
        if getattr(request, name) is not None:
            changes[name] = getattr(request, name)
    return msgspec.convert({**msgspec.to_builtins(task.sampling), **changes}, Sampling)


def _render(
    task: Task, dataset: Dataset, request: RunRequest, model: ModelSpec
) -> tuple[TaskManifest, list[StoredPrompt]]:
    # where the file lies is this machine's business, and no part of the definition
    task = msgspec.structs.replace(task, path=Path(task.path).name)
    items = select_items(task.name, dataset.items, request.items, request.limit)
    repeats = request.repeats or task.repeats
    sampling = _sampling(task, request, model)
    pairs = render_prompts(
        task,
        items,
        rows=len(dataset.items),
        repeats=repeats,
        sampling=sampling,
        seed=request.seed,
        system=model.system,
    )
    by_id = {item.id: item for item in items}
    prompts = [StoredPrompt(prompt=prompt, key=key, item=by_id[prompt.item]) for prompt, key in pairs]
    manifest = TaskManifest(
        task=task,
        task_hash=content_hash(task),
        dataset=dataset.info,
        items=len(items),
        samples=sum(len(prompt.draws) for prompt, _ in pairs),
        item_set=content_hash([item.hash for item in items]),
        prompt_hash=content_hash([[prompt.hash, prompt.draws] for prompt, _ in pairs]),
        sampling=sampling,
        repeats=repeats,
    )
    return manifest, prompts


def select_items(
    task: str, items: Sequence[Item], wanted: Iterable[str], limit: int | None
) -> tuple[Item, ...]:
    """The items named by id or position, in the data's order; then the first `limit` of them.

    wanted: ids and positions from 0 (`7`, `10-19`), also comma-separated. An id wins over a position.
    """
    ids = {item.id for item in items}
    selectors = [part.strip() for text in wanted for part in text.split(",") if part.strip()]
    keep = set[str]()
    for selector in selectors:
        found = {selector} if selector in ids else _at_positions(selector, items)
        if not found:
            raise NothingMatchedError(
                f'--items: "{selector}" matches none of the {len(items)} items of {task}',
                f'ids look like "{items[0].id}"; positions go from 0 to {len(items) - 1}, as in 0-9',
            )
        keep |= found
    chosen = [item for item in items if not selectors or item.id in keep]
    return tuple(chosen[:limit])


def _at_positions(selector: str, items: Sequence[Item]) -> set[str]:
    first, _, last = selector.partition("-")
    if not (first.isdecimal() and (last.isdecimal() or not last)):
        return set()
    return {item.id for item in items if int(first) <= item.index <= int(last or first)}


def _manifest(
    request: RunRequest,
    model: ModelSpec,
    backend: Backend,
    tasks: Sequence[TaskManifest],
    now: datetime | None,
) -> Manifest:
    fingerprint = backend.fingerprint
    return Manifest(
        run_id=run_id(fingerprint, request.seed, tasks),
        created=(now or datetime.now(UTC)).isoformat(timespec="seconds"),
        model=model,
        fingerprint=fingerprint,
        seed=request.seed,
        tasks=tuple(tasks),
        versions=installed_versions(),
        hardware={
            "platform": platform.platform(),
            "machine": platform.machine(),
            "cores": str(os.cpu_count() or 0),
            **{name: value for name, value in fingerprint.details.items() if name == "device"},
        },
    )


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the packages that can move a score, where installed."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


class _Stored(NamedTuple):
    """What earlier sessions left: samples that need not be asked, and the mean tokens of answers by task."""

    samples: frozenset[SampleKey]
    tokens: Mapping[str, float]


def _stored(directory: Path) -> _Stored:
    if not (directory / "manifest.json").exists():
        return _Stored(frozenset(), {})
    done = [each for _, each in Run(directory).completions() if each.finish != "error"]
    lengths: dict[str, list[int]] = defaultdict(list)
    for each in done:
        if each.completion_tokens is not None:
            lengths[each.task].append(each.completion_tokens)
    return _Stored(
        frozenset(SampleKey(each.task, each.item, each.sample) for each in done),
        {task: mean(counts) for task, counts in lengths.items()},
    )


def _plan_task(
    made: TaskManifest,
    prompts: Sequence[StoredPrompt],
    backend: Backend,
    stored: _Stored,
    reuse: Reuse,
    price: Price | None,
) -> PlannedTask:
    name = made.task.name
    if made.task.output_type == "multiple_choice" and not getattr(backend, "chooses", False):
        raise UsageError(
            f"{name} asks how likely each choice is, and backend {backend.fingerprint.backend} cannot tell",
            "hf and vllm can",
        )
    longest = _longest(prompts, backend)
    if longest is not None and backend.context is not None:
        _check_fit(name, longest, made.sampling.max_tokens, backend.context)
    missing = _missing(prompts, stored.samples)
    draws = sum(len(prompt.draws) for prompt in missing)
    cached = reuse.count(missing)
    cost, expected = costs_ahead(missing, price, stored.tokens.get(name), share=1 - cached / max(draws, 1))
    return PlannedTask(
        manifest=made,
        stored=made.samples - draws,
        longest_prompt=longest[1].count if longest else None,
        max_tokens_total=(draws - cached) * made.sampling.max_tokens,
        cached=cached,
        cost=cost,
        expected_cost=expected,
        detectable=detectable_difference(made.items),
        example=prompts[0].prompt,
        example_tokens=backend.tokens(prompts[0].prompt),
        warnings=_warnings(made, backend),
    )


def _missing(prompts: Sequence[StoredPrompt], stored: frozenset[SampleKey]) -> list[Prompt]:
    left = []
    for prompt in (each.prompt for each in prompts):
        draws = tuple(d for d in prompt.draws if SampleKey(prompt.task, prompt.item, d.sample) not in stored)
        if draws:
            left.append(msgspec.structs.replace(prompt, draws=draws))
    return left


def _longest(prompts: Sequence[StoredPrompt], backend: Backend) -> tuple[str, PromptTokens] | None:
    def characters(stored: StoredPrompt) -> int:
        return sum(len(message.content) for message in stored.prompt.messages)

    measured = [
        (stored.prompt.item, tokens)
        for stored in sorted(prompts, key=characters, reverse=True)[:MEASURED]
        if (tokens := backend.tokens(stored.prompt)) is not None
    ]
    return max(measured, key=lambda pair: pair[1].count, default=None)


def _check_fit(task: str, longest: tuple[str, PromptTokens], max_tokens: int, context: int) -> None:
    item, tokens = longest
    if tokens.count + max_tokens <= context:
        return
    room = context - tokens.count
    raise IncompleteError(
        f"{task}: item {item} has {tokens.count} prompt tokens; with {max_tokens} for the answer that is"
        f" more than the model's context of {context}",
        f"--max-tokens {room} fits; prompts are never cut"
        if room > 0
        else "leave the item out with --items, or use a model with a longer context; prompts are never cut",
    )


def _warnings(made: TaskManifest, backend: Backend) -> tuple[str, ...]:
    unused = ignored(backend.fingerprint.backend, made.sampling)
    notes = [*getattr(backend, "warnings", ()), *([unused] if unused else [])]
    if made.task.sample:
        notes.append(f"{made.task.name} is a sample set: its score is no benchmark result")
    if made.repeats > 1 and made.sampling.temperature == 0:
        notes.append(f"{made.task.name}: greedy decoding makes the {made.repeats} repeats of an item alike")
    return tuple(notes)
