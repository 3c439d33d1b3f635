"""Small files as lm-eval and Inspect lay them out, made by hand for the cases that real files rarely show."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

DATE = "2026-01-02T03-04-05.678901"
SECRET = "sk-very-secret"


def lm_eval_line(number: int = 0, answer: str = "4", **changes: Any) -> dict[str, Any]:
    """One line of a samples file: 2 + 2, answered."""
    line: dict[str, Any] = {
        "doc_id": number,
        "doc": {"question": "2 + 2?", "answer": "4"},
        "target": "4",
        "arguments": {"gen_args_0": {"arg_0": f"{number}: 2 + 2?", "arg_1": {"until": ["\n"]}}},
        "resps": [[answer]],
        "filtered_resps": [answer],
        "filter": "none",
        "metrics": ["exact_match"],
        "exact_match": float(answer == "4"),
    }
    return {**line, **changes}


def lm_eval_files(
    folder: Path,
    lines: Sequence[Mapping[str, Any]] | None = None,
    *,
    task: str = "sums",
    config: Mapping[str, Any] | None = None,
    results: Mapping[str, Any] | None = None,
    size: int | None = None,
    **changes: Any,
) -> Path:
    """results_DATE.json and its samples file, or with a size the former alone; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    top: dict[str, Any] = {
        "results": {task: dict(results or {"alias": task, "exact_match,none": 0.5})},
        "configs": {
            task: {
                "task": task,
                "dataset_path": "made/up",
                "output_type": "generate_until",
                "generation_kwargs": {"until": ["\n"], "do_sample": False, "max_gen_toks": 99},
                **(config or {}),
            }
        },
        "versions": {task: 3.0},
        "config": {"model": "hf", "model_args": {"pretrained": "org/m", "token": SECRET}, "random_seed": 7},
        "date": 1767323045.0,
        "lm_eval_version": "0.4.13",
    }
    path = folder / f"results_{DATE}.json"
    path.write_text(json.dumps({**top, **changes}), encoding="utf-8")
    if size is not None:
        sized = {**top, "n-samples": {task: {"original": size, "effective": size}}, **changes}
        path.write_text(json.dumps(sized), encoding="utf-8")
        return path
    rows = [lm_eval_line(0), lm_eval_line(1, "5")] if lines is None else lines
    samples = folder / f"samples_{task}_{DATE}.jsonl"
    samples.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def inspect_sample(id_: int | str = 1, epoch: int = 1, answer: str = "4", **changes: Any) -> dict[str, Any]:
    """One sample of a log: 2 + 2, answered."""
    sample: dict[str, Any] = {
        "id": id_,
        "epoch": epoch,
        "input": "2 + 2?",
        "target": "4",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "2 + 2?"},
            {"role": "assistant", "content": answer},
        ],
        "output": {
            "choices": [{"message": {"role": "assistant", "content": answer}, "stop_reason": "stop"}],
            "usage": {"input_tokens": 9, "output_tokens": 3},
            "time": 0.5,
        },
        "scores": {"match": {"value": "C" if answer == "4" else "I", "answer": answer}},
        "metadata": {"level": 1},
        "events": [{"anything": True}],
    }
    return {**sample, **changes}


def inspect_log(samples: Sequence[Mapping[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """A whole log."""
    log: dict[str, Any] = {
        "version": 2,
        "status": "success",
        "eval": {
            "task": "suite/sums",
            "model": "openai/m",
            "model_args": {"api_key": SECRET},
            "created": "2026-01-02T03:04:05+00:00",
            "task_version": 2,
            "dataset": {"name": "sums"},
            "model_generate_config": {"temperature": 0.5, "max_tokens": 77, "seed": 11},
            "packages": {"inspect_ai": "0.3.285"},
        },
        "results": {"scores": [{"name": "match", "metrics": {"accuracy": {"value": 0.5}}}]},
        "samples": [inspect_sample(1), inspect_sample(2, answer="5")] if samples is None else list(samples),
    }
    return {**log, **changes}


def inspect_json(path: Path, samples: Sequence[Mapping[str, Any]] | None = None, **changes: Any) -> Path:
    """A log as one JSON file."""
    path.write_text(json.dumps(inspect_log(samples, **changes)), encoding="utf-8")
    return path


def inspect_archive(
    path: Path, samples: Sequence[Mapping[str, Any]] | None = None, *, packed: str = "zstd", **changes: Any
) -> Path:
    """A log as a .eval archive, stored, deflated or packed with zstd as Inspect does."""
    log = inspect_log(samples, **changes)
    entries = {
        f"samples/{sample['id']}_epoch_{sample['epoch']}.json": sample for sample in log.pop("samples")
    }
    method = zipfile.ZIP_DEFLATED if packed == "deflate" else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, value in {**entries, "header.json": log}.items():
            data = json.dumps(value).encode()
            archive.writestr(
                name, pa.compress(data, codec="zstd", asbytes=True) if packed == "zstd" else data
            )
    if packed == "zstd":
        _call_it_zstd(path)
    return path


def _call_it_zstd(path: Path) -> None:
    """Python before 3.14 cannot write the method's number, so it is set in every header afterwards."""
    data = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        found = data.find(signature)
        while found >= 0:
            struct.pack_into("<H", data, found + at, 93)
            found = data.find(signature, found + 4)
    path.write_bytes(data)
