"""Evaluate a model on tasks, or continue where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from phi4eval.cli.console import show, show_json, tell, terminal_width, warn
from phi4eval.cli.shared.completion import complete_models, complete_tasks
from phi4eval.cli.shared.options import (
    Session,
    common,
    pass_session,
    results_option,
    sandbox_option,
    split_pairs,
)
from phi4eval.types import Plan, RunRequest, Summary

if TYPE_CHECKING:
    from phi4eval.engine import PreparedRun
    from phi4eval.store import Run

INTERRUPTED = 130


@click.command()
@click.option(
    "--model",
    metavar="NAME",
    required=True,
    shell_complete=complete_models,
    help="Name (phi4eval models), path, or backend:id[@revision].",
)
@click.option(
    "--tasks",
    metavar="NAMES",
    required=True,
    multiple=True,
    shell_complete=complete_tasks,
    help="Tasks and suites, comma-separated; lm_eval:NAME; or a .yaml file.",
)
@click.option(
    "--backend", metavar="NAME", default="auto", show_default=True, help="auto, hf, vllm, api or replay."
)
@click.option("--base-url", metavar="URL", help="Endpoint of an OpenAI-compatible server.")
@click.option(
    "--concurrency", metavar="N", type=click.IntRange(min=1), help="Requests in flight at most (api)."
)
@click.option(
    "--data",
    callback=split_pairs,
    metavar="TASK=FILE",
    multiple=True,
    help="Take a task's rows from a file.",
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="Only the first N items of each task.")
@click.option("--items", metavar="IDS", multiple=True, help="Only these items: ids or positions, as 0-9,17.")
@click.option("--repeats", metavar="N", type=click.IntRange(min=1), help="Samples per item.")
@click.option("--temperature", metavar="X", type=click.FloatRange(min=0), help="0 is greedy.")
@click.option(
    "--top-p", metavar="X", type=click.FloatRange(min=0, max=1, min_open=True), help="Nucleus sampling."
)
@click.option("--max-tokens", metavar="N", type=click.IntRange(min=1), help="Tokens of one answer at most.")
@click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of every draw.",
)
@results_option
@click.option(
    "--max-error-rate",
    metavar="X",
    type=click.FloatRange(min=0, max=1),
    default=0.0,
    show_default=True,
    help="Share of samples that may fail before the run counts as incomplete.",
)
@click.option("--max-cost", metavar="USD", type=float, help="Ask nothing that may cost more in all.")
@click.option(
    "--max-tokens-total",
    metavar="N",
    type=click.IntRange(min=1),
    help="Ask nothing that may take more tokens, of prompts and answers, in all.",
)
@click.option(
    "--no-cache",
    "cache",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Ask again what another run has paid for.",
)
@click.option(
    "--backend-arg",
    callback=split_pairs,
    metavar="NAME=VALUE",
    multiple=True,
    help="A setting of the backend.",
)
@click.option(
    "--contamination", metavar="DIR", help="Join the verdicts of a contamination scan into the result."
)
@click.option(
    "--executor",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where the backend works: in this process, or in actors of a Ray cluster.",
)
@click.option("--replicas", metavar="N", type=click.IntRange(min=1), help="Ray actors.")
@sandbox_option
@click.option("--dry-run", is_flag=True, help="Show the plan and each task's first prompt, and stop there.")
@common
@pass_session
def command(session: Session, /, *, dry_run: bool, sandbox: str | None, **options: Any) -> None:
    """Evaluate a model on tasks.

    Options left out are as the task and the model define them. Results lie in a directory that is named by
    what decides them: the same command continues an interrupted run, and shows a finished one again.
    """
    request = make_request(**options)
    if dry_run:
        show_plan(request, session)
    else:
        evaluate(request, session, sandbox=sandbox)


def make_request(
    *,
    tasks: tuple[str, ...],
    items: tuple[str, ...],
    backend_arg: dict[str, str],
    **same: Any,
) -> RunRequest:
    """The request that the options stand for; `same` are options whose names and values are the request's."""
    return RunRequest(
        tasks=tasks,
        items=tuple(part.strip() for text in items for part in text.split(",") if part.strip()),
        backend_args=backend_arg,
        **same,
    )


def show_plan(request: RunRequest, session: Session) -> None:
    """Print the plan; it is what a dry run is asked for, so it goes to stdout."""
    from phi4eval.cli.views.plan import plan_lines, prompt_lines
    from phi4eval.engine import prepare

    with prepare(request) as prepared:
        plan = prepared.plan
    if session.json:
        show_json("run-plan", msgspec.structs.asdict(plan))
        return
    width = terminal_width()
    show(plan_lines(plan, width=width))
    for task in plan.tasks:
        show(["", *prompt_lines(task, width=width)])
    _warn(plan)


def _warn(plan: Plan) -> None:
    for text in dict.fromkeys(text for task in plan.tasks for text in task.warnings):
        warn(text)


def evaluate(request: RunRequest, session: Session, *, sandbox: str | None = None) -> None:
    """Carry a request out: plan and progress on stderr, the result on stdout, or why it does not stand."""
    from phi4eval.cli.shared.results import require_complete, show_result
    from phi4eval.engine import prepare

    with prepare(request) as prepared:
        summary, run = carry_out(prepared, session, sandbox, then=show_result)
    require_complete(summary, run.path)


def carry_out(
    prepared: PreparedRun,
    session: Session,
    sandbox: str | None,
    *,
    then: Callable[[Summary, Run, Session], None] | None = None,
) -> tuple[Summary, Run]:
    """Do a prepared run with plan and progress on stderr; `then` shows its result.

    Ends the command with exit code 130 where the user stopped it before its end.
    """
    from phi4eval.cli.shared.interrupt import Interrupt
    from phi4eval.cli.views.plan import plan_lines
    from phi4eval.cli.views.progress import open_progress
    from phi4eval.store import load_run

    plan = prepared.plan
    tell(plan_lines(plan, width=terminal_width()))
    _warn(plan)
    session.resumable = True
    # a finished run has no progress to show, only its result
    open_tasks = {
        t.manifest.task.name: t.manifest.samples for t in plan.tasks if t.stored < t.manifest.samples
    }
    with Interrupt() as stop, open_progress(open_tasks) as on_progress:
        summary = prepared.execute(
            stop=stop,
            on_progress=on_progress if open_tasks else None,
            command=session.command,
            sandbox=sandbox,
        )
    tell("")
    run = load_run(plan.directory)
    if then is not None:
        then(summary, run, session)
    if stop.is_set() and not summary.complete:
        _interrupted(summary, run.path, session)
    return summary, run


def _interrupted(summary: Summary, path: Path, session: Session) -> None:
    done, total = (sum(getattr(task, what) for task in summary.tasks) for what in ("done", "samples"))
    tell(
        [
            f"interrupted: {done:,} of {total:,} samples are stored in {path}",
            "continue with:",
            f"  {session.command}",
        ]
    )
    raise click.exceptions.Exit(INTERRUPTED)
