"""Runs on disk for the tests of the pages: two models on one task, more if asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from phi4eval.store import Run, RunWriter, run_id
from phi4eval.summary import summarise
from phi4eval.types import (
    Fingerprint,
    Grade,
    Key,
    Message,
    ModelSpec,
    StoredPrompt,
    Task,
    Verdict,
)
from tests.runs import made_completion, made_grade, made_manifest, made_prompts, made_stored_grade, made_task

Answers = Callable[[int, int], tuple[str, Verdict]]
"""(item's position, sample) -> text and verdict."""


def right_every(number: int) -> Answers:
    """Right on every item whose position is a multiple of number."""
    return lambda index, _: (
        (f"Answer: {2 * index}", "correct") if index % number == 0 else ("Answer: 1", "incorrect")
    )


def prompts_of(
    task: Task, rows: Sequence[dict[str, str]], *, choices: Sequence[str] = ()
) -> tuple[StoredPrompt, ...]:
    """One prompt a row, asking row["problem"], gold row["answer"]."""
    made = made_prompts(task, items=len(rows), repeats=1)
    built = []
    for stored, row in zip(made, rows, strict=True):
        item = msgspec.structs.replace(
            stored.item,
            id=row.get("id", stored.item.id),
            row=dict(row),
            gold=row["answer"],
            choices=tuple(choices),
        )
        prompt = msgspec.structs.replace(
            stored.prompt, item=item.id, messages=(Message(role="user", content=row["problem"]),)
        )
        built.append(
            StoredPrompt(prompt=prompt, key=Key(gold=row["answer"], choices=tuple(choices)), item=item)
        )
    return tuple(built)


def write_run(
    root: Path,
    *,
    model: str,
    tasks: Sequence[tuple[Task, tuple[StoredPrompt, ...]]],
    answers: Answers,
    grade: Callable[[Grade], Grade] = lambda grade: grade,
    spec: ModelSpec | None = None,
    created: str = "2026-01-01T00:00:00+00:00",
    summarised: bool = True,
) -> Run:
    """A run directory under root with all completions and grades."""
    manifest = made_manifest(*tasks)
    fingerprint = Fingerprint(backend="test", model=model, weights=f"w-{model}")
    manifest = msgspec.structs.replace(
        manifest,
        run_id=run_id(fingerprint, 0, manifest.tasks),
        model=spec or ModelSpec(name=model),
        fingerprint=fingerprint,
        created=created,
    )
    prompts = [stored for _, asked in tasks for stored in asked]
    path = root / manifest.run_id
    with RunWriter(path, manifest, prompts) as writer:
        for stored in prompts:
            for draw in stored.prompt.draws:
                text, verdict = answers(stored.item.index, draw.sample)
                completion = made_completion(stored, draw.sample, text)
                offset = writer.add_completion(completion)
                made = msgspec.structs.replace(
                    made_grade(verdict), extracted=text[-1:], span=(len(text) - 1, len(text))
                )
                writer.add_grade(made_stored_grade(completion, grade(made), offset))
        if summarised:
            writer.write_summary(summarise(writer.run))
    return Run(path)


def two_runs(root: Path, *, items: int = 12) -> list[Run]:
    """Models `able` and `poor` on `sums`."""
    task = made_task()
    asked = made_prompts(task, items=items, repeats=1)
    return [
        write_run(root, model="able", tasks=[(task, asked)], answers=right_every(1)),
        write_run(root, model="poor", tasks=[(task, asked)], answers=right_every(4)),
    ]


def files_of(root: Path) -> dict[str, bytes]:
    """Every file of a folder by its path."""
    return {
        str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()
    }
