"""Is a run directory sound: does every line belong, and does the summary follow from the lines?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from phi4eval.errors import StoreError
from phi4eval.lines import read_lines
from phi4eval.seeds import content_hash
from phi4eval.store import Run, SampleKey, run_id
from phi4eval.summary import summarise_again
from phi4eval.types import Completion, StoredGrade, StoredPrompt

SHOWN = 20
"""Problems listed before the rest is only counted."""


def verify_run(path: str | Path) -> tuple[str, ...]:
    """What is wrong with a run, one line each; empty if it is sound. Unfinished is not unsound.

    Raises StoreError where there is no readable manifest to compare with.
    """
    run = Run(Path(path))
    found = list(_problems(run))
    if len(found) > SHOWN:
        found[SHOWN:] = [f"... and {len(found) - SHOWN} more problems"]
    return tuple(found)


def _problems(run: Run) -> Iterator[str]:
    damaged = [problem for name, kind in _FILES.items() for problem in _damaged(run.path / name, kind)]
    yield from damaged
    if damaged:
        return
    manifest = run.manifest
    if manifest.run_id != run_id(manifest.fingerprint, manifest.seed, manifest.tasks):
        yield "manifest.json: run_id is not the hash of what the manifest says"
    yield from _wrong_prompts(run)
    yield from _wrong_completions(run)
    yield from _wrong_summary(run)


_FILES: dict[str, type[msgspec.Struct]] = {
    "prompts.jsonl": StoredPrompt,
    "completions.jsonl": Completion,
    "grades.jsonl": StoredGrade,
}


def _damaged(path: Path, kind: type[msgspec.Struct]) -> Iterator[str]:
    whole = 0
    for number, (offset, line) in enumerate(read_lines(path), start=1):
        whole = offset + len(line) + 1
        try:
            msgspec.json.decode(line, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            yield f"{path.name}:{number}: damaged line: {error}"
    if path.exists() and path.stat().st_size > whole:
        yield f"{path.name}: torn last line ({path.stat().st_size - whole} bytes); the next run cuts it off"


def _wrong_prompts(run: Run) -> Iterator[str]:
    prompts = [stored.prompt for stored in run.prompts()]
    for made in run.manifest.tasks:
        mine = [prompt for prompt in prompts if prompt.task == made.task.name]
        if content_hash([[prompt.hash, prompt.draws] for prompt in mine]) != made.prompt_hash:
            yield f"prompts.jsonl: the prompts of {made.task.name} are not those the manifest names"
        for prompt in mine:
            if prompt.hash != content_hash([prompt.messages, prompt.sampling]):
                yield f"prompts.jsonl: the prompt of {prompt.task} {prompt.item} does not fit its hash"


def _wrong_completions(run: Run) -> Iterator[str]:
    hashes = {
        SampleKey(stored.prompt.task, stored.prompt.item, draw.sample): stored.prompt.hash
        for stored in run.prompts()
        for draw in stored.prompt.draws
    }
    for _, completion in run.completions():
        key = SampleKey(completion.task, completion.item, completion.sample)
        if key not in hashes:
            yield f"completions.jsonl: {'/'.join(map(str, key))} was never asked"
        elif hashes[key] != completion.prompt_hash:
            yield f"completions.jsonl: {'/'.join(map(str, key))} answers another prompt"


def _wrong_summary(run: Run) -> Iterator[str]:
    try:
        stored = run.summary
    except StoreError as error:
        yield error.message
        return
    if stored is not None and stored != summarise_again(run, stored):
        yield "summary.json does not follow from the grades; phi4eval grade writes it anew"
