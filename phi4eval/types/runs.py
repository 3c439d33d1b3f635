"""A whole run: what was requested, planned, done and found."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from phi4eval.types.answers import Prompt, PromptTokens
from phi4eval.types.contamination import Exposure
from phi4eval.types.figures import SCHEMA, Interval
from phi4eval.types.tasks import DatasetInfo, Sampling, Task


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars per million tokens. cached_input: of prompt tokens the provider had seen before."""

    input: float
    output: float
    cached_input: float | None = None


class ModelSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A model as models.yaml names it, or as a path or id was resolved.

    weights: hub id or directory, None for API-only models. revision: pinned commit, None = newest.
    context: tokens. release, cutoff: ISO dates, None where not published. api_model: the name an endpoint
    knows it by; key_env: the environment variable that holds its key (the name, never the key).
    thinking: it writes its reasoning before its answer. price: None = not known, and never guessed.
    request_names: field of the sampling -> name under which its endpoint takes it (dots for nested ones),
    None where it takes no such field. request_fields: further fields of every request.
    """

    name: str
    weights: str | None = None
    revision: str | None = None
    parameters: str | None = None
    context: int | None = None
    release: str | None = None
    cutoff: str | None = None
    licence: str | None = None
    system: str | None = None
    sampling: dict[str, Any] = {}
    api_model: str | None = None
    base_url: str | None = None
    key_env: str | None = None
    thinking: bool = False
    price: Price | None = None
    request_names: dict[str, str | None] = {}
    request_fields: dict[str, Any] = {}
    notes: str | None = None


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """What answered: everything about a backend that can move a result.

    weights: content hash or hub commit of the weights, None where an endpoint does not tell.
    identity: the part that decides whether two runs are the same run; details: versions, device, dtype,
    recorded but not part of the run's name.
    """

    backend: str
    model: str
    weights: str | None
    identity: dict[str, str] = {}
    details: dict[str, str] = {}


class TaskManifest(msgspec.Struct, frozen=True, kw_only=True):
    """One task of a run: the definition used, the rows used, and the prompts asked.

    reported: the score that another tool gave for a task whose samples it did not keep; None for all others.
    """

    task: Task
    task_hash: str
    dataset: DatasetInfo
    items: int
    samples: int
    item_set: str
    prompt_hash: str
    sampling: Sampling
    repeats: int
    reported: Interval | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is. run_id is a hash over what decides the result, and names the directory."""

    schema: int = SCHEMA
    run_id: str
    created: str
    model: ModelSpec
    fingerprint: Fingerprint
    seed: int
    tasks: tuple[TaskManifest, ...]
    versions: dict[str, str] = {}
    hardware: dict[str, str] = {}


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked `run` for; None means "as the task or the model says".

    data: task name -> file that replaces the data set. items: item ids or `first-last` positions (from 0).
    max_error_rate: share of samples that may end as errors before the run counts as incomplete. max_cost: US
    dollars, max_tokens_total: tokens of prompts and answers, after which the run asks nothing more. cache:
    completions that another run paid for are taken over, and this run's are kept for others.
    contamination: folder of a contamination scan whose verdicts are joined into the run. executor: where the
    backend works, `local` in this process or `ray` in `replicas` actors of a cluster.
    """

    model: str
    tasks: tuple[str, ...]
    backend: str = "auto"
    base_url: str | None = None
    concurrency: int | None = None
    data: dict[str, str] = {}
    limit: int | None = None
    items: tuple[str, ...] = ()
    repeats: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int = 0
    results: str = "results/runs"
    max_error_rate: float = 0.0
    max_cost: float | None = None
    max_tokens_total: int | None = None
    cache: bool = True
    backend_args: dict[str, str] = {}
    contamination: str | None = None
    executor: Literal["local", "ray"] = "local"
    replicas: int | None = None


class PlannedTask(msgspec.Struct, frozen=True, kw_only=True):
    """One task of a plan, before anything is spent.

    stored: samples already on disk. longest_prompt: tokens, None where only the server knows.
    max_tokens_total: upper bound of the tokens still to be generated. cached: missing samples that the cache
    holds. cost: US dollars that the rest will cost at most; None where the price is not known. expected_cost:
    about as much, with answers as long as those stored so far; None while there are none. detectable: the
    smallest difference of two such runs, as a share of 1, that 5 % significance finds with 80 % power
    (unpaired, at 50 %).
    """

    manifest: TaskManifest
    stored: int
    longest_prompt: int | None
    max_tokens_total: int
    cached: int = 0
    cost: float | None = None
    expected_cost: float | None = None
    detectable: float
    example: Prompt
    example_tokens: PromptTokens | None
    warnings: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run will do and where its results will lie."""

    request: RunRequest
    model: ModelSpec
    fingerprint: Fingerprint
    run_id: str
    directory: str
    tasks: tuple[PlannedTask, ...]


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of one task while it runs. done: completions on disk; graded: of these, graded."""

    task: str
    done: int
    total: int
    graded: int
    counts: dict[str, int]
    score: Interval | None
    completion_tokens: int
    retries: int
    notice: str | None = None


class TaskSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A task's result. score and protocol_score are shares of 1, or AMC points of 150 (unit says which).

    samples: completions there should be; done: stored and graded ones. counts: samples by verdict.
    differ: samples on which the two graders disagree, differ_items the first of their item ids.
    extra: further figures by name (pass@5, points with "none" as blank, spread over repeats).
    complete: every sample is there and errors are within the policy. problem: why not, in words.
    exposure: the score with and without items that a joined contamination scan found; None without a scan.
    dates: items by what their publication says against the model's cutoff and release (DateEvidence).
    reasoning_tokens: the part of completion_tokens that was thinking, as far as it was counted. from_cache:
    samples that another run had paid for. cost: US dollars paid for the others; None where the price or a
    count of tokens is not known.
    """

    task: str
    title: str
    unit: Literal["share", "points"]
    score: Interval | None
    protocol_score: Interval | None
    items: int
    repeats: int
    samples: int
    done: int
    counts: dict[str, int]
    differ: int = 0
    differ_items: tuple[str, ...] = ()
    extra: dict[str, float] = {}
    subsets: dict[str, Interval] = {}
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    from_cache: int = 0
    cost: float | None = None
    grader: str = ""
    protocol_grader: str | None = None
    sample: bool = False
    complete: bool = True
    problem: str | None = None
    exposure: Exposure | None = None
    dates: dict[str, int] = {}


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A run's result: all of its tasks. max_error_rate: the policy under which `complete` was decided.

    stopped: the limit on cost or tokens that ended it before its end, in words; None if none did.
    """

    schema: int = SCHEMA
    run_id: str
    model: str
    tasks: tuple[TaskSummary, ...]
    complete: bool
    max_error_rate: float = 0.0
    stopped: str | None = None
