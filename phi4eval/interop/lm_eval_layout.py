"""A run as lm-eval lays it out: MODEL/results_DATE.json and MODEL/samples_TASK_DATE.jsonl."""

from __future__ import annotations

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import msgspec

from phi4eval import seeds
from phi4eval.interop.lm_eval_results import OURS
from phi4eval.interop.options import ExportOptions, model_id
from phi4eval.lines import write_atomically
from phi4eval.store import Run
from phi4eval.types import Record, TaskManifest

METRIC, PROTOCOL_METRIC = "score", "protocol_score"
_SAFE = re.compile(r"[^A-Za-z0-9._-]+")


def write_lm_eval(run: Run, out: Path, options: ExportOptions) -> list[Path]:
    """The files of every task of a run whose samples are graded; returns their paths.

    score: mean over the question's samples of the main grader's score, protocol_score of the published
    protocol's own grader. Samples of tasks whose items are not for publication are left out.
    """
    manifest = run.manifest
    folder = out / (_SAFE.sub("_", manifest.model.name).strip("._") or "model")
    date = _SAFE.sub("-", manifest.created)
    folder.mkdir(parents=True, exist_ok=True)
    hidden = options.withheld(run)
    grouped: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in run.records():
        if record.grade is not None and record.completion.finish != "error":
            grouped[record.item.task][record.item.id].append(record)
    paths = [folder / f"results_{date}.json"]
    results = _results(run, options, {name: list(items.values()) for name, items in grouped.items()})
    encoded = msgspec.json.format(seeds.canonical_json(results), indent=2)
    for made in manifest.tasks:
        name = made.task.name
        if name in hidden or name not in grouped:
            continue
        items = sorted(grouped[name].values(), key=lambda records: records[0].item.index)
        lines = [_line(made, one, number) for number, one in enumerate(_by_key(items))]
        path = folder / f"samples_{name}_{date}.jsonl"
        write_atomically(path, b"".join(seeds.canonical_json(line) + b"\n" for line in lines))
        paths.append(path)
    write_atomically(paths[0], encoded + b"\n")
    return paths


def _results(run: Run, options: ExportOptions, grouped: dict[str, list[list[Record]]]) -> dict[str, Any]:
    manifest = run.manifest
    developer, model = model_id(run, options.developer)
    name = model if developer == "unknown" else f"{developer}/{model}"
    made = {task.task.name: task for task in manifest.tasks if task.task.name in grouped}
    return {
        "results": {task: _scores(task, grouped[task]) for task in made},
        "group_subtasks": {task: [] for task in made},
        "configs": {task: _config(each) for task, each in made.items()},
        "versions": {task: each.task.version for task, each in made.items()},
        "n-shot": dict.fromkeys(made, 0),
        "higher_is_better": {task: {METRIC: True} for task in made},
        "n-samples": {
            task: {"original": each.dataset.rows, "effective": each.items} for task, each in made.items()
        },
        "config": {
            "model": manifest.fingerprint.backend,
            "model_args": {"pretrained": name},
            "model_sha": manifest.fingerprint.weights or "",
            "random_seed": manifest.seed,
            "exported_by": f"phi4eval {manifest.versions.get('phi4eval', '')}".strip(),
            "phi4eval_run": manifest.run_id,
        },
        "date": _epoch(manifest.created),
        "model_name": name,
        "model_source": manifest.fingerprint.backend,
    }


def _epoch(created: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(created).timestamp()


def _scores(name: str, items: Sequence[Sequence[Record]]) -> dict[str, Any]:
    values = [value for records in items if (value := _mean(records, "grade")) is not None]
    theirs = [value for records in items if (value := _mean(records, "protocol_grade")) is not None]
    scores: dict[str, Any] = {"name": name, "alias": name, "sample_len": len(items)}
    for metric, found in ((METRIC, values), (PROTOCOL_METRIC, theirs)):
        if found:
            scores[f"{metric},none"] = fmean(found)
            scores[f"{metric}_stderr,none"] = (
                stdev(found) / math.sqrt(len(found)) if len(found) > 1 else "N/A"
            )
    return scores


def _mean(records: Sequence[Record], grade: str) -> float | None:
    """Mean over an item's samples; None where no sample has such a grade."""
    found = [getattr(record, grade) for record in records]
    scores = [one.score for one in found if one is not None and one.verdict != "error"]
    return fmean(scores) if scores else None


def _config(made: TaskManifest) -> dict[str, Any]:
    source = made.task.sources[0] if made.task.sources else None
    return {
        "task": made.task.name,
        "dataset_path": made.dataset.source if source is None else source.path,
        **({"dataset_name": source.config} if source is not None and source.config else {}),
        "test_split": "test" if source is None else source.split,
        "output_type": "generate_until",
        "repeats": made.repeats,
        "num_fewshot": 0,
        "generation_kwargs": _generation(made),
        "metric_list": [{"metric": METRIC, "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": made.task.version, "graders": [made.task.grader.name]},
    }


def _generation(made: TaskManifest) -> dict[str, Any]:
    sampling = made.sampling
    return {
        "until": list(sampling.stop),
        "do_sample": sampling.temperature > 0,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_gen_toks": sampling.max_tokens,
    }


def _by_key(items: Sequence[Sequence[Record]]) -> list[list[Record]]:
    """The samples of each question, parted where their options were shuffled: a line has one target."""
    parted: list[list[Record]] = []
    for records in items:
        lines: dict[tuple[str, tuple[str, ...]], list[Record]] = defaultdict(list)
        for record in sorted(records, key=lambda record: record.completion.sample):
            lines[record.key.gold, record.key.choices].append(record)
        parted += lines.values()
    return parted


def _line(made: TaskManifest, ordered: Sequence[Record], number: int) -> dict[str, Any]:
    first = ordered[0]
    ours = {
        "item": first.item.id,
        "samples": [record.completion.sample for record in ordered],
        "choices": list(first.key.choices),
    }
    contexts = [_context(record) for record in ordered]
    line: dict[str, Any] = {
        "doc_id": number,
        "doc": {**first.item.row, OURS: ours},
        "target": first.key.gold,
        "arguments": {
            f"gen_args_{number}": {"arg_0": context, "arg_1": _generation(made)}
            for number, context in enumerate(contexts)
        },
        "resps": [[record.completion.text for record in ordered]],
        "filtered_resps": [record.grade.extracted or "" if record.grade else "" for record in ordered],
        "filter": "none",
        "metrics": [METRIC],
        "doc_hash": _sha(seeds.canonical_json(first.item.row)),
        "prompt_hash": _sha(contexts[0].encode("utf-8", "backslashreplace")),
        "target_hash": _sha(first.key.gold.encode("utf-8", "backslashreplace")),
        METRIC: _mean(ordered, "grade"),
    }
    theirs = _mean(ordered, "protocol_grade")
    return line if theirs is None else {**line, PROTOCOL_METRIC: theirs, "metrics": [METRIC, PROTOCOL_METRIC]}


def _context(record: Record) -> str:
    """One user turn as its text, a longer chat as the JSON that lm-eval's chat models take."""
    messages = record.prompt.messages
    if len(messages) == 1 and messages[0].role == "user":
        return messages[0].content
    return msgspec.json.encode(messages).decode()


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
