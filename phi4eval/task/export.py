"""How does another program run exactly our prompts? They are written out, one row each.

lm-eval cannot draw a choice order per repeat. The export holds each prompt as text with its own gold letter,
one row per repeat where repeats read differently, and a task file that sends the text as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from phi4eval.errors import StoreError, UsageError
from phi4eval.seeds import canonical_json
from phi4eval.types import Key, Prompt, Task


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What was written. rows: prompts in the data file; samples: answers lm-eval will ask for in total."""

    task_file: Path
    data_file: Path
    rows: int
    samples: int


def export_lm_eval(task: Task, pairs: Sequence[tuple[Prompt, Key]], out_dir: Path) -> Exported:
    """Write `<task>_prompts.yaml` and `.jsonl` for lm-eval into out_dir.

    pairs: what render_prompts gave, without a system message (lm-eval takes that as its own option).
    Raises UsageError for prompts that are not one user message, StoreError if writing fails.
    """
    if not pairs:
        raise UsageError(f"task {task.name}: there is nothing to export")
    if task.output_type == "multiple_choice" and task.choice_order == "fixed":
        raise UsageError(
            f"task {task.name} scores its choices by likelihood",
            "lm-eval runs its file as it is: --include_path",
        )
    counts = {len(prompt.draws) for prompt, _ in pairs}
    repeats = counts.pop() if len(counts) == 1 else 1
    rows = [_row(prompt, key, part) for prompt, key in pairs for part in range(0, len(prompt.draws), repeats)]
    name = f"{task.name.replace(':', '_')}_prompts"
    data_file, task_file = out_dir / f"{name}.jsonl", out_dir / f"{name}.yaml"
    content = _task_file(task, pairs[0], name, data_file.resolve(), repeats)
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        data_file.write_bytes(b"".join(canonical_json(row) + b"\n" for row in rows))
        task_file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise StoreError(f'"{out_dir}" cannot be written: {error.strerror or error}') from error
    return Exported(task_file=task_file, data_file=data_file, rows=len(rows), samples=len(rows) * repeats)


def _row(prompt: Prompt, key: Key, part: int) -> dict[str, Any]:
    if [message.role for message in prompt.messages] != ["user"]:
        hint = "give it to lm-eval itself"
        raise UsageError(f"task {prompt.task}: a system message cannot be exported", hint)
    return {
        "id": f"{prompt.item}#{prompt.draws[part].sample}",
        "item": prompt.item,
        "sample": prompt.draws[part].sample,
        "prompt": prompt.messages[0].content,
        "answer": key.gold,
        "choices": list(key.choices),
        "order": list(key.order),
    }


def _task_file(task: Task, first: tuple[Prompt, Key], name: str, data_file: Path, repeats: int) -> str:
    import yaml

    prompt, key = first
    sampling = prompt.sampling
    content: dict[str, Any] = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(data_file)}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}",
        "doc_to_target": "{{answer}}",
        "generation_kwargs": {
            "do_sample": sampling.temperature > 0,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_gen_toks": sampling.max_tokens,
            "until": list(sampling.stop),
        },
        "repeats": repeats,
        "num_fewshot": 0,
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": task.version, "exported_from": task.name, "protocol": task.protocol},
    }
    if key.choices:
        content["filter_list"] = [{"name": "letter", "filter": [_letter_filter(prompt, key), _FIRST]}]
    head = f"# Written by phi4eval from its task {task.name}: every prompt as phi4eval sends it.\n"
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


_FIRST = {"function": "take_first"}


def _letter_filter(prompt: Prompt, key: Key) -> dict[str, str]:
    """What the prompt asks for: a boxed letter, or `Answer: LETTER`."""
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[len(key.choices) - 1]
    boxed = r"\\boxed\{([A-" + last + r"]|blank)\}"
    answer = r"(?i)Answer\s*:\s*([A-" + last + "])"
    pattern = boxed if r"\boxed{A}" in prompt.messages[0].content else answer
    return {"function": "regex", "regex_pattern": pattern}
