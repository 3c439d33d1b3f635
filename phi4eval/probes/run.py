"""Which probes of which task are run on a model, and what do they say together?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from phi4eval.probes import familiarity as measure
from phi4eval.probes.records import Familiarity, ProbeName, ProbeRequest, ProbeResult
from phi4eval.probes.statistics import mean_logprob, min_k, min_k_plus
from phi4eval.probes.twins import renumbered
from phi4eval.probes.verdict import adjusted, probe_result
from phi4eval.prompts import render_prompts
from phi4eval.protocols import Backend, Scorer
from phi4eval.types import Dataset, Item, Sampling, Task

_QUESTIONS = ("problem", "question", "prompt")
_STATISTICS: dict[ProbeName, measure.Statistic] = {
    "twin": mean_logprob,
    "min-k": min_k,
    "min-k++": min_k_plus,
}
_WORDS: dict[ProbeName, tuple[str, str]] = {
    "twin": ("log-probability of the question, against renumbered twins", "nats a token"),
    "min-k": ("Min-20% of the question, against renumbered twins", "nats a token"),
    "min-k++": ("Min-20%++ of the question, against renumbered twins", "standard deviations"),
    "completion": ("log-probability of the second half after the first, against twins'", "nats a token"),
    "order": ("log-probability of items in the file's order, against random orders", "nats a shard"),
    "cdd": ("agreement of sampled answers with the greedy one, against twins'", "share of samples"),
}


class Probed(NamedTuple):
    """One task with its items, in the file's order, and twins that the user brought (item id -> texts)."""

    task: Task
    dataset: Dataset
    items: Sequence[Item]
    twins: Mapping[str, Sequence[str]] = {}


class Model(NamedTuple):
    """What is probed: the same model as a scorer and, for CDD, as a backend."""

    scorer: Scorer | None
    backend: Backend | None


def probe_tasks(
    model: Model,
    tasks: Sequence[Probed],
    request: ProbeRequest,
    *,
    reference: Model | None = None,
    on_progress: Callable[[str], None] = lambda text: None,
) -> list[ProbeResult]:
    """Every probe of every task, adjusted over all of them.

    reference: a model that surely did not see the items, whose preferences are taken off; see verdict.
    """
    results: list[ProbeResult] = []
    for probed in tasks:
        on_progress(f"{probed.task.name}: {len(probed.items):,} items")
        ours, notes = _measure(model, probed, request)
        theirs = {} if reference is None else _measure(reference, probed, request)[0]
        for probe in request.probes:
            statistic, unit = _WORDS[probe]
            results.append(
                probe_result(
                    probe,
                    probed.task.name,
                    ours.get(probe, ()),
                    statistic=statistic,
                    unit=unit,
                    alpha=request.alpha,
                    reference=theirs.get(probe, ()),
                    note=notes.get(probe),
                )
            )
    return adjusted(results)


def question_of(item: Item) -> str:
    """The text of an item that a model may have seen."""
    return next((str(item.row[name]) for name in _QUESTIONS if name in item.row), "")


def _measure(
    model: Model, probed: Probed, request: ProbeRequest
) -> tuple[dict[ProbeName, list[Familiarity]], dict[ProbeName, str]]:
    texts = {item.id: question_of(item) for item in probed.items if question_of(item).strip()}
    twins: dict[str, Sequence[str]] = dict(renumbered(texts, count=request.twins, seed=request.seed))
    twins |= {name: brought for name, brought in probed.twins.items() if name in texts and len(brought) > 1}
    found: dict[ProbeName, list[Familiarity]] = {}
    notes: dict[ProbeName, str] = {}
    if model.scorer is not None:
        _measure_texts(model.scorer, texts, twins, probed, request, found, notes)
    if "cdd" in request.probes and model.backend is not None:
        found["cdd"] = measure.by_answers(
            model.backend,
            _twin_prompts(probed, texts, twins),
            samples=request.samples,
            max_tokens=request.max_tokens,
            seed=request.seed,
            task=probed.task.name,
        )
    return found, notes


def _measure_texts(
    scorer: Scorer,
    texts: Mapping[str, str],
    twins: Mapping[str, Sequence[str]],
    probed: Probed,
    request: ProbeRequest,
    found: dict[ProbeName, list[Familiarity]],
    notes: dict[ProbeName, str],
) -> None:
    wanted = {name: how for name, how in _STATISTICS.items() if name in request.probes}
    if wanted:
        scored = measure.by_text(scorer, texts, twins, wanted)
        found.update({name: scored[name] for name in wanted})
        if "min-k++" in wanted and not scored["min-k++"] and any(twins.values()):
            notes["min-k++"] = "the backend does not see the whole vocabulary"
    if "completion" in request.probes:
        found["completion"], written = measure.by_completion(scorer, texts, twins)
        notes["completion"] = f"{written} second halves written to the last token"
    if "order" in request.probes:
        ordered = sorted(probed.items, key=lambda item: item.index)
        if [item.index for item in ordered] != list(range(len(ordered))):
            notes["order"] = "only the first items of a file have its order"
        else:
            found["order"] = measure.by_order(
                scorer,
                [texts[item.id] for item in ordered if item.id in texts],
                shard=request.shard,
                orders=request.twins,
                seed=request.seed,
                context=scorer.context,
            )


def _twin_prompts(
    probed: Probed, texts: Mapping[str, str], twins: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """By item, the task's own prompt of the question and of two of its twins."""
    prompts: dict[str, list[str]] = {}
    for item in probed.items:
        column = next((name for name in _QUESTIONS if name in item.row), None)
        if column is None or not twins.get(item.id):
            continue
        variants = (texts[item.id], *twins[item.id][:2])
        items = [msgspec.structs.replace(item, row={**item.row, column: text}) for text in variants]
        made = [
            render_prompts(
                probed.task, [each], rows=probed.dataset.info.rows, repeats=1, sampling=Sampling(), seed=0,
                system=None,
            )[0][0]
            for each in items
        ]  # fmt: skip
        prompts[item.id] = [prompt.messages[-1].content for prompt in made]
    return prompts
