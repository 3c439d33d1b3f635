"""Made-up runs with chosen scores, for the tests of comparisons and gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from phi4eval.seeds import content_hash
from phi4eval.store import Run, RunWriter, run_id
from phi4eval.summary import summarise
from phi4eval.types import (
    Completion,
    DatasetInfo,
    Draw,
    Fingerprint,
    Grade,
    Item,
    ItemOverlap,
    Key,
    Manifest,
    Message,
    ModelSpec,
    Price,
    Prompt,
    RunContamination,
    Sampling,
    ScanFacts,
    StoredGrade,
    StoredPrompt,
    Task,
    TaskManifest,
    Verdict,
)
from phi4eval.types.contamination import ItemVerdict
from tests.runs import made_task

MARKS: dict[str, Verdict] = {
    "1": "correct",
    "0": "incorrect",
    "n": "no_answer",
    "t": "truncated",
    "r": "refused",
    "b": "no_answer",
    "u": "ungradable",
}
"""Letters of a score line: right, wrong, no answer, truncated, refused, blank on purpose, ungradable.

`e` is a failed request, `.` a sample that is not there yet, `g` one that is not graded.
"""


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """A task of a made-up run. lines: one text of MARKS a repeat, a letter an item."""

    lines: tuple[str, ...]
    name: str = "sums"
    version: str = "1"
    prompt: str = "{i} + {i} = ?"
    first: int = 0
    order: tuple[int, ...] = ()
    clusters: int = 0
    ids: tuple[str, ...] = ()
    scoring: str = "accuracy"
    sampling: Sampling = Sampling()
    grader: str = "integer@1"
    protocol: str | None = None
    rows: int | None = None
    tokens: int | None = 5
    title: str = "Sums"


def task_of(spec: Spec) -> Task:
    choices = ("a", "b", "c", "d", "e") if spec.scoring == "amc" else None
    return made_task(
        spec.name,
        version=spec.version,
        title=spec.title,
        scoring=spec.scoring,
        choices=choices,
        sampling=spec.sampling,
    )


def prompts_of(spec: Spec) -> tuple[StoredPrompt, ...]:
    made = []
    for position in range(len(spec.lines[0])):
        i = spec.order[position] if spec.order else spec.first + position
        item = Item(
            task=spec.name,
            id=spec.ids[position] if spec.ids else f"q{i}",
            index=position if spec.order else i,
            hash=content_hash([spec.name, i]),
            row={},
            gold=str(2 * i),
            cluster=f"c{i % spec.clusters}" if spec.clusters else None,
        )
        messages = (Message(role="user", content=spec.prompt.format(i=i)),)
        prompt = Prompt(
            task=spec.name,
            item=item.id,
            messages=messages,
            sampling=spec.sampling,
            draws=tuple(Draw(sample=k, seed=k) for k in range(len(spec.lines))),
            hash=content_hash([messages, spec.sampling]),
        )
        made.append(StoredPrompt(prompt=prompt, key=Key(gold=item.gold), item=item))
    return tuple(made)


def manifest_of(
    specs: Sequence[tuple[Spec, tuple[StoredPrompt, ...]]],
    *,
    model: str,
    seed: int,
    created: str,
    price: Price | None = None,
    backend: str = "test",
) -> Manifest:
    tasks = tuple(
        TaskManifest(
            task=task_of(spec),
            task_hash=content_hash(task_of(spec)),
            dataset=DatasetInfo(
                source="test", revision=None, fingerprint="f", rows=spec.rows or len(prompts)
            ),
            items=len(prompts),
            samples=len(prompts) * len(spec.lines),
            item_set=content_hash([row.item.hash for row in prompts]),
            prompt_hash=content_hash([[row.prompt.hash, row.prompt.draws] for row in prompts]),
            sampling=spec.sampling,
            repeats=len(spec.lines),
        )
        for spec, prompts in specs
    )
    scores = content_hash([spec.lines for spec, _ in specs])
    fingerprint = Fingerprint(backend=backend, model=model, weights=None, identity={"scores": scores})
    return Manifest(
        run_id=run_id(fingerprint, seed, tasks),
        created=created,
        model=ModelSpec(name=model, price=price),
        fingerprint=fingerprint,
        seed=seed,
        tasks=tasks,
    )


def stored(
    results: Path,
    *specs: Spec | str,
    model: str = "made-up",
    seed: int = 0,
    created: str = "2026-01-01T00:00:00+00:00",
    price: Price | None = None,
    backend: str = "test",
) -> Path:
    """Write a run; a bare text stands for one task `sums` with one sample an item."""
    tasks = [Spec(lines=(spec,)) if isinstance(spec, str) else spec for spec in specs]
    rows = [(spec, prompts_of(spec)) for spec in tasks]
    manifest = manifest_of(rows, model=model, seed=seed, created=created, price=price, backend=backend)
    path = results / f"{content_hash([model, created, tasks])[:6]}-{manifest.run_id}"
    prompts = tuple(prompt for _, made in rows for prompt in made)
    with RunWriter(path, manifest, prompts) as writer:
        for spec, made in rows:
            for repeat, line in enumerate(spec.lines):
                for prompt, mark in zip(made, line, strict=True):
                    _write(writer, spec, prompt, repeat, mark)
        writer.write_summary(summarise(writer.run))
    return path


def _write(writer: RunWriter, spec: Spec, prompt: StoredPrompt, sample: int, mark: str) -> None:
    if mark == ".":
        return
    completion = Completion(
        task=spec.name,
        item=prompt.prompt.item,
        sample=sample,
        text="Answer: 0",
        finish="error" if mark == "e" else "length" if mark == "t" else "stop",
        error="HTTP 503" if mark == "e" else None,
        prompt_hash=prompt.prompt.hash,
        prompt_tokens=None if spec.tokens is None else 10,
        completion_tokens=spec.tokens,
    )
    offset = writer.add_completion(completion)
    if mark in "eg":
        return
    for role, grader in (("main", spec.grader), ("protocol", spec.protocol)):
        if grader is not None:
            grade = Grade(
                verdict=MARKS[mark],
                score=float(mark == "1"),
                rule="deliberate_blank" if mark == "b" else "answer_line",
                explanation="made up",
                grader=grader,
            )
            writer.add_grade(
                StoredGrade(
                    task=spec.name,
                    item=prompt.prompt.item,
                    sample=sample,
                    role=role,  # type: ignore[arg-type]
                    grade=grade,
                    offset=offset,
                )
            )


def join_scan(path: Path, verdicts: Mapping[str, ItemVerdict], task: str = "sums") -> None:
    """Put a contamination scan's verdicts into a run, as `phi4eval contamination join` does."""
    facts = ScanFacts(
        digest="d",
        index="i",
        tokens="t",
        rule="align",
        rules=("align",),
        corpora=("c.jsonl",),
        files=1,
        documents=1,
        text_bytes=1,
        bytes_read=1,
        bytes_total=1,
    )
    rows = tuple(ItemOverlap(task=task, item=item, verdict=verdict) for item, verdict in verdicts.items())
    run = Run(path)
    with RunWriter(path, run.manifest, run.prompts()) as writer:
        writer.write_contamination(RunContamination(scan=facts, items=rows))


def line(right: int, wrong: int) -> str:
    """A score line with so many right, then so many wrong."""
    return "1" * right + "0" * wrong
