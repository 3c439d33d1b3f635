"""`phi4eval grade --task --samples`: a sample file of the human-eval project in, verdicts and pass@k out."""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import msgspec

from phi4eval.cli.console import printable, show, show_json, tell, warn
from phi4eval.errors import DataError, IncompleteError, NothingMatchedError, UsageError, did_you_mean

if TYPE_CHECKING:
    from phi4eval.cli.shared.options import Session
    from phi4eval.code_grading import CodeGrade, CodeSample

PASS_AT = (1, 10, 100)
TIMEOUT = 3.0
"""Seconds for a program, as the human-eval project has it."""
SAFE_TIER = 2


def grade_sample_file(
    session: Session,
    *,
    task: str,
    samples: str,
    data: str | None = None,
    timeout: float | None = None,
    workers: int | None = None,
    sandbox: str | None = None,
) -> None:
    """Grade every line of a sample file, write FILE_results.jsonl beside it, and print pass@k.

    samples: JSONL with task_id and completion, any number a task. UsageError names a line that is not so.
    """
    from phi4eval.code_grading import grade_samples
    from phi4eval.sandbox import choose_tier, cores
    from phi4eval.task import find_task

    found = find_task(task)
    mode = sandbox or found.grader.options.get("sandbox", "require")
    problems = load_problems(task, data)
    rows = read_samples(Path(samples), problems)
    tier = choose_tier(mode)
    if tier < SAFE_TIER:
        warn(f"programs run in a weak box (sandbox tier {tier} of 4)")
    count = workers or min(cores(), 8)
    tell(f"{len(rows):,} samples of {task}, {count} workers, sandbox tier {tier} of 4")
    grades = list(grade_samples(problems, rows, timeout=timeout or TIMEOUT, workers=count, tier=tier))
    path = results_path(Path(samples))
    write_results(path, rows, grades)
    _report(session, task, path, problems, rows, grades)
    failed = [grade for grade in grades if grade.verdict == "sandbox-error"]
    if failed:
        raise IncompleteError(
            f"the sandbox failed on {len(failed)} of {len(grades)} samples; the first: {failed[0].detail}",
            "phi4eval doctor shows what is missing; these samples have no verdict of the program's",
        )


def load_problems(task: str, data: str | None) -> dict[str, dict[str, str]]:
    """A code task's problems by id. UsageError for a task that runs no code."""
    from phi4eval.task import find_task, load_dataset

    dataset = load_dataset(find_task(task), data)
    problems = {}
    for item in dataset.items:
        texts = {name: item.row.get(name) for name in ("prompt", "test", "entry_point")}
        if not all(isinstance(text, str) for text in texts.values()):
            raise UsageError(f'task "{task}" runs no code', "--samples is for tasks like humaneval")
        problems[item.id] = {name: str(text) for name, text in texts.items()}
    return problems


def read_samples(path: Path, problems: Mapping[str, Any]) -> list[CodeSample]:
    """The file's lines; every task_id must be one of the problems'."""

    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}", "--samples takes a JSONL file") from error
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = _sample(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(
                f"{path}:{number}: {error}", 'a line is {"task_id": "HumanEval/0", "completion": "..."}'
            ) from error
        if row.task_id not in problems:
            hint = did_you_mean(row.task_id, problems, "the ids are those of the task's data")
            raise UsageError(f'{path}:{number}: no problem "{row.task_id}"', hint)
        rows.append(row)
    if not rows:
        raise NothingMatchedError(f"{path} has no samples")
    return rows


def _sample(line: bytes) -> CodeSample:
    """One line; half of a surrogate pair, which models do write and JSON can carry, is read as U+FFFD."""
    from phi4eval.code_grading import CodeSample

    try:
        return msgspec.json.decode(line, type=CodeSample)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        if b"\\u" not in line:
            raise
        text = json.dumps(json.loads(line), ensure_ascii=False)
        return msgspec.json.decode(re.sub("[\ud800-\udfff]", "\ufffd", text), type=CodeSample)


def results_path(samples: Path) -> Path:
    """FILE_results.jsonl for FILE.jsonl."""
    return samples.with_name(f"{samples.name.removesuffix('.jsonl')}_results.jsonl")


def write_results(path: Path, rows: Sequence[CodeSample], grades: Sequence[CodeGrade]) -> None:
    """A line a sample, in the order of the file: the sample, and what came of it."""
    encoder = msgspec.json.Encoder(order="sorted")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            for row, grade in zip(rows, grades, strict=True):
                fields = {**msgspec.structs.asdict(row), **msgspec.structs.asdict(grade)}
                file.write(encoder.encode({**fields, "seconds": round(grade.seconds, 4)}) + b"\n")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise IncompleteError(
            f"cannot write {path}: {error.strerror}", "free space or choose another place"
        ) from error


def pass_at(rows: Sequence[CodeSample], passed: Sequence[bool]) -> dict[str, float]:
    """pass@k over the problems that have samples, for each k that all of them have samples for."""
    from phi4eval.stats.passk import pass_at_k

    by_task: dict[str, list[bool]] = defaultdict(list)
    for row, right in zip(rows, passed, strict=True):
        by_task[row.task_id].append(right)
    fewest = min(map(len, by_task.values()))
    return {
        f"pass@{k}": mean(pass_at_k(len(runs), sum(runs), k) for runs in by_task.values())
        for k in PASS_AT
        if k <= fewest
    }


def _report(
    session: Session,
    task: str,
    path: Path,
    problems: Mapping[str, Any],
    rows: Sequence[CodeSample],
    grades: Sequence[CodeGrade],
) -> None:
    scores = pass_at(rows, [grade.passed for grade in grades])
    as_is = pass_at(rows, [grade.passed and grade.rule == "as_is" for grade in grades])
    assembled = sum(grade.rule not in ("as_is", "none") for grade in grades)
    attempted = len({row.task_id for row in rows})
    verdicts = dict(sorted(Counter(grade.verdict for grade in grades).items()))
    if session.json:
        show_json(
            "sample-grades",
            {
                "task": task, "results": str(path), "samples": len(rows), "problems": len(problems),
                "attempted": attempted, "tier": grades[0].tier, "verdicts": verdicts, **scores,
                "extracted": assembled, "as_is": as_is,
            },
        )  # fmt: skip
        return
    show([f"{name:<9} {100 * value:.1f} %" for name, value in scores.items()])
    show(f"verdicts  {', '.join(f'{count:,} {name}' for name, count in verdicts.items())}")
    show(f"sandbox   tier {grades[0].tier} of 4")
    show(f"results   {printable(path)}")
    if attempted < len(problems):
        warn(f"{len(problems) - attempted} of {len(problems)} problems have no sample and are left out")
    if assembled:
        warn(
            f"{assembled:,} completions do not continue their prompt and went through the extractor;"
            f" joined as they are, pass@1 would be {100 * as_is['pass@1']:.1f} %"
        )
