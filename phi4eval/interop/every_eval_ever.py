"""A run as Every Eval Ever records: one aggregate file and one file of samples a task (schema 0.3.0)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from phi4eval import seeds
from phi4eval.interop.model_index import require_summary
from phi4eval.interop.options import ExportOptions, model_id
from phi4eval.lines import write_atomically
from phi4eval.store import Run
from phi4eval.types import Grade, Interval, Record, TaskManifest, TaskSummary

SCHEMA_VERSION = "0.3.0"
_SAFE = re.compile(r"[^A-Za-z0-9._-]+")
_SERVED = frozenset({"api"})


def write_every_eval_ever(run: Run, out: Path, options: ExportOptions) -> list[Path]:
    """data/TASK/DEVELOPER/MODEL/UUID.json and UUID_samples.jsonl for each task that has a score.

    The UUID follows from run and task, so that the same run gives the same files. Samples of tasks whose
    items are not for publication are left out. Raises IncompleteError for a run without a result.
    """
    summary = require_summary(run)
    hidden = options.withheld(run)
    made = {task.task.name: task for task in run.manifest.tasks}
    paths = []
    for task in summary.tasks:
        if task.score is None:
            continue
        developer, model = _model_path(run, options)
        name = str(_uuid(run.manifest.run_id, task.task))
        folder = out / "data" / _SAFE.sub("-", task.task) / developer / model
        folder.mkdir(parents=True, exist_ok=True)
        detail: dict[str, Any] | None = None
        if task.task not in hidden:
            detail, path = _write_samples(run, task, folder / f"{name}_samples.jsonl", out, options)
            paths.append(path)
        aggregate = _aggregate(run, made[task.task], task, detail, options)
        path = folder / f"{name}.json"
        write_atomically(path, msgspec.json.format(seeds.canonical_json(aggregate), indent=2) + b"\n")
        paths.append(path)
    return paths


def _model_path(run: Run, options: ExportOptions) -> tuple[str, str]:
    """(developer, model) with nothing in them that a path cannot have."""
    developer, model = model_id(run, options.developer)
    return _SAFE.sub("-", developer).strip(".") or "unknown", _SAFE.sub("-", model).strip(".") or "model"


def _uuid(run_id: str, task: str) -> UUID:
    digest = hashlib.sha256(f"{run_id}/{task}".encode()).digest()
    return UUID(bytes=digest[:16], version=4)


def _seconds(created: str) -> str:
    return str(int(datetime.fromisoformat(created).timestamp()))


def _ids(run: Run, options: ExportOptions, task: str) -> tuple[str, str, str]:
    """(evaluation id, model id, result id) of a task."""
    model = "/".join(_model_path(run, options))
    evaluation = f"{task}/{model}/{_seconds(run.manifest.created)}"
    return evaluation, model, f"{evaluation}/score"


def _aggregate(
    run: Run, made: TaskManifest, task: TaskSummary, detail: dict[str, Any] | None, options: ExportOptions
) -> dict[str, Any]:
    manifest = run.manifest
    evaluation, model, result = _ids(run, options, task.task)
    served = manifest.fingerprint.backend in _SERVED
    aggregate = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": evaluation,
        "evaluation_timestamp": _seconds(manifest.created),
        "retrieved_timestamp": _seconds(manifest.created),
        "source_metadata": {
            "source_name": "phi4eval",
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "third_party",
        },
        "eval_library": {
            "name": "phi4eval",
            "version": manifest.versions.get("phi4eval", "unknown"),
            "additional_details": {
                "run_id": manifest.run_id,
                "task_version": made.task.version,
                "grader": task.grader,
            },
        },
        "model_info": {
            "name": manifest.model.name,
            "id": model,
            "developer": model.partition("/")[0],
            "additional_details": {
                "deployment_type": "externally_managed" if served else "self_deployed",
                "model_availability": "open_weights" if manifest.fingerprint.weights else "unknown",
            },
            **(
                {}
                if served
                else {
                    "inference_engine": {
                        "name": manifest.fingerprint.backend,
                        "version": manifest.fingerprint.details.get(manifest.fingerprint.backend)
                        or manifest.versions.get("transformers", "unknown"),
                    }
                }
            ),
        },
        "evaluation_results": [_result(made, task, result)],
    }
    return aggregate if detail is None else {**aggregate, "detailed_evaluation_results": detail}


def _result(made: TaskManifest, task: TaskSummary, result: str) -> dict[str, Any]:
    assert task.score is not None
    top = 1.0 if task.unit == "share" else 150.0
    sampling = made.sampling
    return {
        "evaluation_result_id": result,
        "evaluation_name": task.task,
        "source_data": _source(made, task),
        "metric_config": {
            "evaluation_description": task.title,
            "metric_id": "accuracy" if task.unit == "share" else "amc_points",
            "metric_name": "Accuracy" if task.unit == "share" else "AMC points",
            "metric_kind": "accuracy" if task.unit == "share" else "points",
            "metric_unit": "proportion" if task.unit == "share" else "points",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": top,
        },
        "score_details": {
            "score": task.score.mean,
            "details": _details(task),
            "uncertainty": _uncertainty(task.score),
        },
        "generation_config": {
            "generation_args": {
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "max_tokens": sampling.max_tokens,
            },
            "additional_details": {"repeats": str(made.repeats), "prompt_hash": made.prompt_hash},
        },
    }


def _details(task: TaskSummary) -> dict[str, str]:
    details = {f"verdict_{name}": str(count) for name, count in task.counts.items()}
    details["complete"] = str(task.complete).lower()
    if task.protocol_score is not None:
        details["protocol_score"] = repr(task.protocol_score.mean)
        details["protocol_grader"] = str(task.protocol_grader)
    return details


def _uncertainty(score: Interval) -> dict[str, Any]:
    return {
        "confidence_interval": {
            "lower": score.low,
            "upper": score.high,
            "confidence_level": 0.95,
            "method": score.method,
        },
        "num_samples": score.n,
    }


def _source(made: TaskManifest, task: TaskSummary) -> dict[str, Any]:
    source = made.task.sources[0]
    details = {"fingerprint": made.dataset.fingerprint, "revision": str(made.dataset.revision)}
    if source.kind != "hub" or made.dataset.source != source.path:
        return {"dataset_name": task.title, "source_type": "other", "additional_details": details}
    return {
        "dataset_name": task.title,
        "source_type": "hf_dataset",
        "hf_repo": source.path,
        "hf_split": source.split,
        "samples_number": made.items,
        "additional_details": details,
    }


def _write_samples(
    run: Run, task: TaskSummary, path: Path, out: Path, options: ExportOptions
) -> tuple[dict[str, Any], Path]:
    records = sorted(
        (record for record in run.records() if record.item.task == task.task and record.grade is not None),
        key=lambda record: (record.item.index, record.completion.sample),
    )
    data = b"".join(seeds.canonical_json(row) + b"\n" for row in _rows(run, task, records, options))
    write_atomically(path, data)
    return {
        "format": "jsonl",
        "file_path": path.relative_to(out).as_posix(),
        "hash_algorithm": "sha256",
        "checksum": hashlib.sha256(data).hexdigest(),
        "total_rows": len(records),
    }, path


def _rows(
    run: Run, task: TaskSummary, records: Sequence[Record], options: ExportOptions
) -> list[dict[str, Any]]:
    evaluation, model, result = _ids(run, options, task.task)
    return [_row(record, evaluation, model, result, task.task) for record in records]


def _row(record: Record, evaluation: str, model: str, result: str, task: str) -> dict[str, Any]:
    grade, done = record.grade, record.completion
    assert grade is not None
    raw = "\n\n".join(message.content for message in record.prompt.messages)
    row: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": evaluation,
        "model_id": model,
        "evaluation_name": task,
        "evaluation_result_id": result,
        "sample_id": f"{record.item.id}#{done.sample}",
        "sample_hash": hashlib.sha256((raw + record.key.gold).encode("utf-8", "replace")).hexdigest(),
        "interaction_type": "single_turn",
        "input": {
            "raw": raw,
            "reference": [record.key.gold],
            "choices": list(record.key.choices) or None,
        },
        "output": {"raw": [done.text], "reasoning_trace": [done.reasoning] if done.reasoning else None},
        "messages": None,
        "answer_attribution": [_attribution(grade)],
        "evaluation": {"score": grade.score, "is_correct": grade.verdict == "correct"},
        "error": done.error,
        "metadata": {"verdict": grade.verdict, "rule": grade.rule, "grader": grade.grader},
    }
    if done.prompt_tokens is not None and done.completion_tokens is not None:
        row["token_usage"] = {
            "input_tokens": done.prompt_tokens,
            "output_tokens": done.completion_tokens,
            "total_tokens": done.prompt_tokens + done.completion_tokens,
        }
    if done.seconds is not None:
        row["performance"] = {"latency_ms": 1000 * done.seconds}
    return row


def _attribution(grade: Grade) -> dict[str, Any]:
    return {
        "turn_idx": 0,
        "source": "output.raw",
        "extracted_value": grade.extracted or "",
        "extraction_method": grade.rule,
        "is_terminal": True,
    }
