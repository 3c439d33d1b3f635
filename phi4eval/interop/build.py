"""How does another tool's evaluation become a run of ours, with our grade beside the tool's own?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from phi4eval.engine import regrade
from phi4eval.errors import DataError, UsageError, did_you_mean
from phi4eval.graders import find_grader
from phi4eval.interop.records import ForeignRun, ForeignSample, ForeignTask
from phi4eval.seeds import content_hash
from phi4eval.store import Run, RunWriter, SampleKey, directory_for, run_id
from phi4eval.types import (
    Completion,
    DatasetInfo,
    Draw,
    Fingerprint,
    GraderSpec,
    Item,
    Key,
    Manifest,
    ModelSpec,
    Prompt,
    SourceSpec,
    StoredPrompt,
    Summary,
    Task,
    TaskManifest,
)

RECORDED = GraderSpec(name="recorded")
_LETTER = re.compile(r"\(?[A-J]\)?")
_NAME = re.compile(r"[^a-z0-9_]+")


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """A run made from another tool's files. path: its directory."""

    path: str
    tool: str
    summary: Summary


def write_run(
    foreign: ForeignRun, results: str | Path, *, graders: Mapping[str, str] | None = None
) -> Imported:
    """Store a foreign run and grade it; the same files again give the same directory and add nothing.

    graders: task -> name of the grader of ours that judges its answers. Where none is named, answers to
    questions with options are judged as choices, other texts as mathematics, and answers that are no text
    (ranked options, programs without their tests) keep the tool's own verdict. Raises UsageError for a task
    or grader that does not exist, and DataError for two answers with one address. Nothing is written then.
    """
    named = _checked(graders or {}, foreign)
    made = [_prepare(task, named.get(task.name), foreign) for task in foreign.tasks]
    manifest = _manifest(foreign, [manifest for manifest, _, _ in made])
    prompts = [prompt for _, stored, _ in made for prompt in stored]
    path = directory_for(results, manifest.model.name, manifest.run_id)
    with RunWriter(path, manifest, prompts) as writer:
        writer.note_command(f"# imported from {foreign.tool} {foreign.tool_version}")
        there = writer.run.completion_index()
        for _, _, completions in made:
            for completion in completions:
                if SampleKey(completion.task, completion.item, completion.sample) not in there:
                    writer.add_completion(completion)
    summary, _ = regrade(str(path))
    return Imported(path=str(path), tool=foreign.tool, summary=summary)


def _checked(graders: Mapping[str, str], foreign: ForeignRun) -> Mapping[str, str]:
    names = [task.name for task in foreign.tasks]
    for task, grader in graders.items():
        if task not in names:
            raise UsageError(f'no task "{task}" to import', did_you_mean(task, names, ", ".join(names)))
        find_grader(grader)
    return graders


def _prepare(
    task: ForeignTask, grader: str | None, foreign: ForeignRun
) -> tuple[TaskManifest, list[StoredPrompt], list[Completion]]:
    name = _NAME.sub("_", task.name.lower()).strip("_") or "task"
    spec = _grader_spec(task, grader)
    recorded = bool(task.samples) and all(
        sample.recorded is not None for sample in task.samples if sample.error is None
    )
    own = Task(
        name=name,
        version=task.version,
        title=task.name,
        description=f"imported from {foreign.tool} {foreign.tool_version}",
        sources=(SourceSpec(kind="hub", path=task.dataset, revision=task.revision),),
        template="",
        target="",
        sampling=task.sampling,
        grader=spec,
        protocol_grader=RECORDED if recorded and spec != RECORDED else None,
        protocol=foreign.tool,
        notes=task.notes,
        tags=("imported",),
    )
    pairs = list(_stored(name, task))
    prompts = [prompt for prompt, _ in pairs]
    items = list(dict.fromkeys((prompt.item.id, prompt.item.hash) for prompt in prompts))
    per_item = Counter(prompt.item.id for prompt in prompts)
    manifest = TaskManifest(
        task=own,
        task_hash=content_hash(own),
        dataset=DatasetInfo(
            source=task.dataset,
            revision=task.revision,
            fingerprint=content_hash([hash_ for _, hash_ in items]),
            rows=len(items) or task.items,
        ),
        items=len(items) or task.items,
        samples=len(prompts),
        item_set=content_hash([hash_ for _, hash_ in items]),
        prompt_hash=content_hash([[stored.prompt.hash, stored.prompt.draws] for stored in prompts]),
        sampling=task.sampling,
        repeats=max(per_item.values(), default=task.repeats),
        reported=task.reported,
    )
    return manifest, prompts, [completion for _, completion in pairs]


def _grader_spec(task: ForeignTask, named: str | None) -> GraderSpec:
    if named is not None:
        return GraderSpec(name=named)
    if not task.samples or not all(sample.gradable for sample in task.samples):
        return RECORDED
    if all(sample.choices for sample in task.samples):
        return GraderSpec(name="choice")
    if all(_LETTER.fullmatch(sample.gold.strip()) for sample in task.samples):
        return GraderSpec(name="choice", options={"letters": "ABCDEFGHIJ"})
    return GraderSpec(name="math")


def _stored(name: str, task: ForeignTask) -> Iterator[tuple[StoredPrompt, Completion]]:
    """One prompt an answer: each has the other tool's verdict of it in its key."""
    seen: set[tuple[str, int]] = set()
    index: dict[str, int] = {}
    # of a question whose options were shuffled the first order names the item: it is one question
    hashes: dict[str, str] = {}
    for sample in sorted(task.samples, key=lambda each: _order(each, index)):
        if (sample.item, sample.sample) in seen:
            raise DataError(
                f"task {task.name}: item {sample.item} has two answers number {sample.sample + 1}",
                "is the file two runs in one?",
            )
        seen.add((sample.item, sample.sample))
        gold = sample.gold.strip()
        if _LETTER.fullmatch(gold):
            gold = gold.strip("()")
        item = Item(
            task=name,
            id=sample.item,
            index=index[sample.item],
            hash=hashes.setdefault(sample.item, content_hash([sample.messages, sample.gold, sample.choices])),
            row=sample.row,
            gold=gold,
            choices=sample.choices,
            subset=sample.subset,
        )
        prompt = Prompt(
            task=name,
            item=sample.item,
            messages=sample.messages,
            sampling=task.sampling,
            draws=(Draw(sample=sample.sample, seed=0),),
            hash=content_hash([sample.messages, task.sampling]),
        )
        key = Key(
            gold=gold,
            choices=sample.choices,
            order=tuple(range(len(sample.choices))),
            problem=sample.messages[-1].content if sample.messages else "",
            extra=_extra(sample),
        )
        yield StoredPrompt(prompt=prompt, key=key, item=item), _completion(sample, prompt)


def _order(sample: ForeignSample, index: dict[str, int]) -> tuple[int, int]:
    return index.setdefault(sample.item, len(index)), sample.sample


def _extra(sample: ForeignSample) -> dict[str, str]:
    said = sample.recorded
    if said is None:
        return {}
    extra = {"recorded_verdict": said.verdict, "recorded_score": repr(said.score)}
    if said.answer is not None:
        extra["recorded_answer"] = said.answer
    if said.explanation is not None:
        extra["recorded_explanation"] = said.explanation
    return extra


def _completion(sample: ForeignSample, prompt: Prompt) -> Completion:
    return Completion(
        task=prompt.task,
        item=prompt.item,
        sample=sample.sample,
        text=sample.text,
        finish=sample.finish,
        prompt_hash=prompt.hash,
        reasoning=sample.reasoning,
        error=sample.error,
        prompt_tokens=sample.prompt_tokens,
        completion_tokens=sample.completion_tokens,
        seconds=sample.seconds,
    )


def _manifest(foreign: ForeignRun, tasks: list[TaskManifest]) -> Manifest:
    fingerprint = Fingerprint(
        backend=foreign.tool,
        model=foreign.model,
        weights=foreign.weights,
        identity={"imported": foreign.digest},
        details={"tool": f"{foreign.tool} {foreign.tool_version}"},
    )
    return Manifest(
        run_id=run_id(fingerprint, foreign.seed, tasks),
        created=foreign.created,
        model=ModelSpec(name=foreign.model),
        fingerprint=fingerprint,
        seed=foreign.seed,
        tasks=tuple(tasks),
        versions=dict(foreign.versions),
    )


def is_imported(run: Run) -> bool:
    """Whether a run was made from another tool's files."""
    return "imported" in run.manifest.fingerprint.identity
