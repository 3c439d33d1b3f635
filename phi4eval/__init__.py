"""Says, with evidence, whether a language model's STEM scores are real.

    import phi4eval

    summary = phi4eval.run(model="phi-tiny", tasks="amc_sample")
    for record in phi4eval.load_run("results/runs/...").records():
        ...

The names below are the public API; they are loaded when first used, so that importing phi4eval is cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phi4eval.api import run
    from phi4eval.code_grading import CodeGrade, grade_code
    from phi4eval.comparison.build import compare
    from phi4eval.engine import prepare, regrade
    from phi4eval.errors import Phi4evalError
    from phi4eval.gate.decide import gate_runs
    from phi4eval.graders import find_grader, grade_completion, list_graders
    from phi4eval.grading import grade
    from phi4eval.models import find_model, list_models
    from phi4eval.site.build import build_site
    from phi4eval.store import find_run, list_runs, load_run
    from phi4eval.task import find_task, list_tasks, load_dataset
    from phi4eval.types import (
        Completion,
        Grade,
        GraderSpec,
        Interval,
        Item,
        Key,
        Prompt,
        Record,
        RunRequest,
        Summary,
        Task,
    )
    from phi4eval.verify import verify_run

__version__ = "0.1.0"

_HOMES = {
    "run": "api",
    "CodeGrade": "code_grading",
    "grade_code": "code_grading",
    "compare": "comparison.build",
    "gate_runs": "gate.decide",
    "prepare": "engine",
    "regrade": "engine",
    "Phi4evalError": "errors",
    "find_grader": "graders",
    "grade_completion": "graders",
    "list_graders": "graders",
    "grade": "grading",
    "find_model": "models",
    "list_models": "models",
    "build_site": "site.build",
    "find_run": "store",
    "list_runs": "store",
    "load_run": "store",
    "find_task": "task",
    "list_tasks": "task",
    "load_dataset": "task",
    "Completion": "types",
    "Grade": "types",
    "GraderSpec": "types",
    "Interval": "types",
    "Item": "types",
    "Key": "types",
    "Prompt": "types",
    "Record": "types",
    "RunRequest": "types",
    "Summary": "types",
    "Task": "types",
    "verify_run": "verify",
}

__all__ = [
    "CodeGrade",
    "Completion",
    "Grade",
    "GraderSpec",
    "Interval",
    "Item",
    "Key",
    "Phi4evalError",
    "Prompt",
    "Record",
    "RunRequest",
    "Summary",
    "Task",
    "build_site",
    "compare",
    "find_grader",
    "find_model",
    "find_run",
    "find_task",
    "gate_runs",
    "grade",
    "grade_code",
    "grade_completion",
    "list_graders",
    "list_models",
    "list_runs",
    "list_tasks",
    "load_dataset",
    "load_run",
    "prepare",
    "regrade",
    "run",
    "verify_run",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(f"phi4eval.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'phi4eval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
