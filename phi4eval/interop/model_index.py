"""A run's scores as the model-index of a Hugging Face model card."""

from __future__ import annotations

from pathlib import Path

from phi4eval.errors import IncompleteError
from phi4eval.interop.options import ExportOptions
from phi4eval.lines import write_atomically
from phi4eval.store import Run
from phi4eval.types import Summary, TaskManifest, TaskSummary


def write_model_index(run: Run, out: Path, options: ExportOptions) -> list[Path]:
    """model-index.yaml: the front matter's block, one result a task that has a score.

    Shares are in percent, AMC points in points of 150. metric.args holds the interval, n and repeats.
    options: not used, the file holds no texts. Raises IncompleteError for a run without a result.
    """
    from huggingface_hub import EvalResult, ModelCardData

    summary = require_summary(run)
    made = {task.task.name: task for task in run.manifest.tasks}
    results = []
    for task in summary.tasks:
        if task.score is None:
            continue
        scale = 100.0 if task.unit == "share" else 1.0
        results.append(
            EvalResult(
                task_type="text-generation",
                task_name="Text Generation",
                dataset_type=_dataset(made[task.task]),
                dataset_name=task.title,
                dataset_config=_config(made[task.task]),
                dataset_split=made[task.task].task.sources[0].split,
                dataset_revision=made[task.task].dataset.revision,
                metric_type=_metric(task),
                metric_name=f"{task.task} ({task.grader or 'phi4eval'})",
                metric_value=round(scale * task.score.mean, 4),
                metric_args={
                    "unit": "percent" if task.unit == "share" else "points of 150",
                    "low": round(scale * task.score.low, 4),
                    "high": round(scale * task.score.high, 4),
                    "level": 0.95,
                    "n": task.score.n,
                    "repeats": task.repeats,
                    "complete": task.complete,
                },
            )
        )
    card = ModelCardData(model_name=run.manifest.model.name, eval_results=results)
    path = out / "model-index.yaml"
    write_atomically(path, card.to_yaml(line_break="\n").encode() + b"\n")
    return [path]


def require_summary(run: Run) -> Summary:
    """The run's result, or IncompleteError."""
    summary = run.summary
    if summary is None or not any(task.score for task in summary.tasks):
        raise IncompleteError(
            f"{run.path} has no result to export",
            "the run command continues it; phi4eval grade RUN sums up what is there",
        )
    return summary


def _dataset(made: TaskManifest) -> str:
    source = made.task.sources[0]
    return source.path if source.kind == "hub" else made.task.name


def _config(made: TaskManifest) -> str | None:
    return made.task.sources[0].config


def _metric(task: TaskSummary) -> str:
    if task.unit == "points":
        return "points"
    return "pass@1" if "pass@1" in task.extra else "accuracy"
