"""Evaluate and gate each new checkpoint of a training run."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from phi4eval.cli.console import plain, printable, show, show_json, tell, terminal_width, warn
from phi4eval.cli.gate import SETTINGS
from phi4eval.cli.shared.completion import complete_tasks
from phi4eval.cli.shared.options import (
    Session,
    common,
    pass_session,
    results_option,
    sandbox_option,
    split_pairs,
)
from phi4eval.types import RunRequest

if TYPE_CHECKING:
    from phi4eval.history import Judged, Ran
    from phi4eval.progress import OnProgress
    from phi4eval.types import Plan
    from phi4eval.watching.checkpoints import Checkpoint
    from phi4eval.watching.loop import Reports, WatchRequest

INTERRUPTED = 130
OCCASIONS = ("pass", "fail", "verdict")


@click.command()
@click.argument("directory", metavar="CHECKPOINT_DIR")
@click.option(
    "--tasks",
    "--suite",
    "tasks",
    metavar="NAMES",
    required=True,
    multiple=True,
    shell_complete=complete_tasks,
    help="Tasks and suites, comma-separated.",
)
@click.option("--policy", metavar="FILE", help="gate.yaml; without one: no regression on any task.")
@click.option(
    "--baseline",
    metavar="RUN",
    default="last-good",
    show_default=True,
    help="Or a run or report[:MODEL] for all.",
)
@click.option("--on-pass", metavar="CMD", help="Run this where a checkpoint is good.")
@click.option("--on-fail", metavar="CMD", help="Run this where CI would stop.")
@click.option("--on-verdict", metavar="CMD", help="Run this on every verdict.")
@click.option("--once", is_flag=True, help="Judge what is there and end.")
@click.option(
    "--every",
    metavar="S",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    help="Seconds between looks.",
)
@click.option(
    "--settle",
    metavar="S",
    type=click.FloatRange(min=0),
    default=5.0,
    show_default=True,
    help="Seconds without change after which a checkpoint is finished.",
)
@click.option("--marker", metavar="NAME", help="A file that the training writes last, instead of --settle.")
@click.option("--out", metavar="DIR", help="History and verdicts; by default results/watch/NAME.")
@click.option(
    "--accept", type=click.Choice(SETTINGS), multiple=True, help="A difference of settings that is meant."
)
@click.option("--scan", metavar="FILE", help="items.jsonl of a contamination scan.")
@click.option("--strict", is_flag=True, help="An inconclusive verdict is a failure.")
@click.option("--backend", metavar="NAME", default="auto", show_default=True, help="As for run.")
@click.option("--backend-arg", callback=split_pairs, metavar="NAME=VALUE", multiple=True, help="As for run.")
@click.option("--data", callback=split_pairs, metavar="TASK=FILE", multiple=True, help="As for run.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="As for run.")
@click.option("--repeats", metavar="N", type=click.IntRange(min=1), help="As for run.")
@click.option("--max-tokens", metavar="N", type=click.IntRange(min=1), help="As for run.")
@sandbox_option
@results_option
@common
@pass_session
def command(
    session: Session,
    /,
    *,
    directory: str,
    tasks: tuple[str, ...],
    results: str,
    out: str | None,
    backend_arg: dict[str, str],
    **asked: Any,
) -> None:
    """Evaluate, gate and remember each new checkpoint in CHECKPOINT_DIR.

    A checkpoint is a directory with config.json, a tokenizer and whole safetensors files. The same command
    again goes on where it stopped. Exit code with --once: the worst of the new verdicts, as for gate.
    """
    run = RunRequest(
        model="",
        tasks=tasks,
        results=results,
        backend_args=backend_arg,
        **{name: asked.pop(name) for name in ("backend", "data", "limit", "repeats", "max_tokens")},
    )
    commands = {occasion: asked.pop(f"on_{occasion}") for occasion in OCCASIONS}
    _watch(_request(directory, run, out, commands, **asked), session)


def _request(
    directory: str, run: RunRequest, out: str | None, commands: dict[str, str | None], **same: Any
) -> WatchRequest:
    from phi4eval.watching.commands import parse_command
    from phi4eval.watching.loop import WatchRequest

    words = {
        occasion: parse_command(text, f"--on-{occasion}")
        for occasion, text in commands.items()
        if text is not None
    }
    name = Path(directory).absolute().name or "root"
    return WatchRequest(
        directory=directory,
        run=run,
        out=out or str(Path("results", "watch", name)),
        commands=words,  # type: ignore[arg-type]
        **same,
    )


def _watch(request: WatchRequest, session: Session) -> None:
    from phi4eval.cli.shared.interrupt import Interrupt
    from phi4eval.cli.views.watch import entry_lines
    from phi4eval.watching.loop import watch_checkpoints

    session.resumable = True
    tell(f"watching {printable(request.directory)}; history in {printable(request.out)}")
    made: list[Judged] = []
    with Interrupt() as stop, ExitStack() as live:
        for entry in watch_checkpoints(request, stop=stop, reports=_reports(request, live)):
            live.close()
            made.append(entry)
            if session.json and not request.once:
                show(msgspec.json.encode({"kind": "watch", **plain(entry)}, order="sorted").decode())
            elif not session.json:
                show(entry_lines(entry, width=terminal_width()))
    if session.json and request.once:
        show_json("watch", {"entries": made, "history": request.out})
    if stop.is_set():
        tell(["continue with:", f"  {printable(session.command)}"])
        raise click.exceptions.Exit(INTERRUPTED)
    if not made:
        tell("no new finished checkpoint")
    raise click.exceptions.Exit(_exit_code(made))


def _exit_code(made: list[Judged]) -> int:
    """The worst of several verdicts: a fail first, then what has no verdict, then what is not decided."""
    codes = {entry.exit_code for entry in made}
    return next((code for code in (1, 7, 3, 6) if code in codes), 0)


def _reports(request: WatchRequest, live: ExitStack) -> Reports:
    """What is said on stderr. live: holds the progress of the checkpoint that is being evaluated."""
    from phi4eval.cli.views.progress import open_progress
    from phi4eval.watching.loop import Reports

    def planned(checkpoint: Checkpoint, plan: Plan) -> OnProgress | None:
        totals = {
            t.manifest.task.name: t.manifest.samples for t in plan.tasks if t.stored < t.manifest.samples
        }
        what = ", ".join(f"{name}: {samples:,} samples" for name, samples in totals.items())
        tell(f"{printable(checkpoint.name)}: {printable(what) or 'evaluated already'}")
        return live.enter_context(open_progress(totals)) if totals else None

    def waiting(checkpoint: Checkpoint) -> None:
        tell(f"{printable(checkpoint.name)} is not finished: {printable(checkpoint.problem)}")

    def ran(line: Ran) -> None:
        live.close()
        words = " ".join(request.commands[line.on])  # type: ignore[index]
        if line.problem is not None:
            warn(f"--on-{line.on} {words}: {line.problem}")
        elif line.code:
            warn(f"--on-{line.on} {words}: it ended with exit code {line.code}")

    return Reports(waiting=waiting, planned=planned, ran=ran)
