"""How a verb ends that has a summary: the block or the JSON, and an error where the result does not stand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from phi4eval.cli.console import show, show_json, terminal_width
from phi4eval.cli.shared.options import Session
from phi4eval.errors import IncompleteError
from phi4eval.types import Summary

if TYPE_CHECKING:
    from phi4eval.store import Run


def show_result(summary: Summary, run: Run, session: Session, **more: Any) -> None:
    """Print a run's result on stdout. more: further fields of the JSON object."""
    if session.json:
        show_json("run-summary", {**msgspec.structs.asdict(summary), "path": str(run.path), **more})
        return
    from phi4eval.cli.views.block import block_lines

    tasks = {made.task.name: made.task for made in run.manifest.tasks}
    show(block_lines(summary, run.records(), tasks, run.path, width=terminal_width()))


def require_complete(summary: Summary, path: Path) -> None:
    """Raise IncompleteError where a task's result does not stand; exit code 3 is the scripts' way to know."""
    if summary.complete:
        return
    if summary.stopped:
        done, total = (sum(getattr(task, what) for task in summary.tasks) for what in ("done", "samples"))
        raise IncompleteError(
            f"{summary.stopped}: {done:,} of {total:,} samples are there",
            "a higher limit continues the run, which needs room for one more answer of full length",
        )
    failed = [task for task in summary.tasks if not task.complete]
    reasons = "; ".join(f"{task.task}: {task.problem or 'no result'}" for task in failed)
    raise IncompleteError(
        f"the result is incomplete: {reasons}",
        f"the run command again asks for what is missing; what is done is kept in {path}",
    )
