"""On the same prompts and greedy decoding, do hf and vLLM give the same answers and grades?

    VLLM_CPU_KVCACHE_SPACE=1 .venv-vllm/bin/python benchmarks/vllm_agreement.py [--model phi-tiny]

Prints a line a task, then every item whose text or verdict differs, with the first character at which the
texts part.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from phi4eval import load_run, run
from phi4eval.types import Record


def records(
    model: str, tasks: str, limit: int | None, backend: str, dtype: str, results: Path
) -> list[Record]:
    run(
        model=model,
        tasks=tasks,
        limit=limit,
        temperature=0,
        backend=backend,
        backend_args={"dtype": dtype},
        results=results,
    )
    (made,) = results.rglob("manifest.json")
    return list(load_run(made.parent).records())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="phi-tiny")
    parser.add_argument("--tasks", default="phi_tiny_math,phi_tiny_choice,phi_tiny_code")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--dtype", default="float32")
    options = parser.parse_args()
    told: dict[str, dict[tuple[str, str, int], Record]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for backend in ("hf", "vllm"):
            found = records(
                options.model, options.tasks, options.limit, backend, options.dtype, Path(folder) / backend
            )
            told[backend] = {(r.prompt.task, r.item.id, r.completion.sample): r for r in found}
    tasks = sorted({key[0] for key in told["hf"]})
    for task in tasks:
        keys = [key for key in told["hf"] if key[0] == task]
        texts = sum(told["hf"][key].completion.text == told["vllm"][key].completion.text for key in keys)
        verdicts = sum(_verdict(told["hf"][key]) == _verdict(told["vllm"][key]) for key in keys)
        print(f"{task}: {texts} of {len(keys)} texts and {verdicts} of {len(keys)} verdicts the same")
    for key, ours in told["hf"].items():
        other = told["vllm"][key]
        if ours.completion.text != other.completion.text or _verdict(ours) != _verdict(other):
            at = _parting(ours.completion.text, other.completion.text)
            print(
                f"{key[0]} {key[1]} #{key[2]}: {_verdict(ours)} | {_verdict(other)}, texts part at {at}:"
                f" {ours.completion.text[at : at + 30]!r} | {other.completion.text[at : at + 30]!r}"
            )


def _parting(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _verdict(record: Record) -> str:
    return record.grade.verdict if record.grade is not None else "ungraded"


if __name__ == "__main__":
    main()
