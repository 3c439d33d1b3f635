"""List, show or export tasks, or fetch their data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from phi4eval.cli.console import fields, printable, quoted, show, show_json, table, terminal_width
from phi4eval.cli.shared.completion import complete_tasks
from phi4eval.cli.shared.options import Session, SubVerbs, common, pass_session

if TYPE_CHECKING:
    from phi4eval.types import SourceSpec, Task


@click.group(cls=SubVerbs, invoke_without_command=True)
@common
@click.pass_context
def command(ctx: click.Context) -> None:
    """List tasks, show one, fetch its data, or export it."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_all)


@command.command("list")
@common
@pass_session
def list_all(session: Session) -> None:
    """List all tasks and suites."""
    from phi4eval.task import list_suites, list_tasks

    found, suites = list_tasks(), list_suites()
    if session.json:
        show_json("tasks", {"tasks": found, "suites": suites})
        return
    width = terminal_width()
    header = ("task", "v", "grader", "scoring", "protocol", "source")
    show(table(header, (_row(task) for task in found), width=width, wrap=5))
    if suites:
        show(
            [
                "",
                "suites",
                *fields(((f"  {printable(n)}", ", ".join(s)) for n, s in suites.items()), width=width),
            ]
        )


def _row(task: Task) -> tuple[str, ...]:
    repeats = f" x {task.repeats}" if task.repeats > 1 else ""
    protocol = task.protocol.partition("@")[0]
    return task.name, task.version, task.grader.name, f"{task.scoring}{repeats}", protocol, _sources(task)


def _sources(task: Task) -> str:
    if task.sample:
        return "(sample) shipped"
    if not task.sources:
        # some tests have no data that may be handed out: the user's own file is their only source
        return f"--data {task.name}=FILE"
    return _source(task.sources[0]) + (f" (+{len(task.sources) - 1})" if len(task.sources) > 1 else "")


def _source(source: SourceSpec) -> str:
    # a file's directory says nothing to a reader of the list, and is another on every machine
    path = Path(source.path).name if source.kind == "file" else source.path
    return f"{source.kind} {path}{' (gated)' if source.gated else ''}"


@command.command("show")
@click.argument("name", shell_complete=complete_tasks)
@common
@pass_session
def show_one(session: Session, *, name: str) -> None:
    """Show a task: how it asks, grades and scores, and where its data comes from."""
    from phi4eval.task import find_task

    task = find_task(name)
    if session.json:
        show_json("task", {"task": task})
        return
    show(_definition(task, terminal_width()))


def _definition(task: Task, width: int) -> list[str]:
    sampling = task.sampling
    sources = [(f"source {number}", _source_in_full(source)) for number, source in enumerate(task.sources, 1)]
    if not sources:
        sources = [("source", f"none that may be handed out; give --data {task.name}=FILE")]
    protocol = task.protocol_grader.name if task.protocol_grader else "none"
    lines = fields(
        [
            ("task", f"{task.name}{' (sample)' if task.sample else ''}, version {task.version}"),
            ("title", task.title),
            ("about", " ".join(task.description.split())),
            ("protocol", task.protocol),
            *((f"note {number}", note) for number, note in enumerate(task.notes, 1)),
            ("grader", f"{task.grader.name} {_options(task.grader.options)}".strip()),
            ("protocol grader", protocol),
            ("scoring", f"{task.scoring}{''.join(f', pass@{k}' for k in task.pass_at)}"),
            ("repeats", task.repeats),
            (
                "sampling",
                f"temperature {sampling.temperature:g}, top_p {sampling.top_p:g},"
                f" at most {sampling.max_tokens} tokens",
            ),
            ("effort", sampling.reasoning_effort or None),
            ("thinking", f"at most {sampling.thinking_tokens} tokens" if sampling.thinking_tokens else None),
            ("stop", " ".join(repr(text) for text in sampling.stop)),
            ("choice order", task.choice_order),
            *sources,
            ("licence", task.licence or "not stated"),
            ("publish", task.publish),
            ("published", task.published),
            ("paper", task.paper),
            ("file", task.path),
        ],
        width=width,
    )
    return [
        *lines,
        "",
        "prompt template, verbatim:",
        *quoted(task.template),
    ]


def _options(options: dict[str, str]) -> str:
    return f"({', '.join(f'{name}={value}' for name, value in options.items())})" if options else ""


def _source_in_full(source: SourceSpec) -> str:
    parts = [f"{source.kind} {source.path}", source.config, f"split {source.split}"]
    parts += [f"revision {source.revision}" if source.revision else None, "gated" if source.gated else None]
    parts += [f"terms at {source.terms_url}" if source.terms_url else None]
    return ", ".join(part for part in parts if part)


@command.command()
@click.argument("name", shell_complete=complete_tasks)
@click.option("--data", metavar="FILE", help="Read this file in place of the task's own source.")
@common
@pass_session
def fetch(session: Session, *, name: str, data: str | None) -> None:
    """Load a task's data set into the cache, so that it can be used offline."""
    from phi4eval.task import find_task, load_dataset

    task = find_task(name)
    info = load_dataset(task, data).info
    if session.json:
        show_json("dataset", {"task": task.name, **msgspec.structs.asdict(info)})
        return
    show(
        fields(
            [
                ("task", task.name),
                ("rows", f"{info.rows:,}"),
                ("fingerprint", info.fingerprint),
                ("revision", info.revision or "none (not from a repository)"),
                ("source", info.source),
            ],
            width=terminal_width(),
        )
    )


@command.command()
@click.argument("name", shell_complete=complete_tasks)
@click.option("--format", "form", type=click.Choice(["lm-eval"]), required=True, help="For which program.")
@click.option("--out", metavar="DIR", required=True, help="Directory to write to; made if missing.")
@click.option("--data", metavar="FILE", help="Read this file in place of the task's own source.")
@click.option("--repeats", metavar="N", type=click.IntRange(min=1), help="Samples per item.")
@click.option(
    "--seed", metavar="N", type=click.IntRange(min=0), default=0, show_default=True, help="Of a run."
)
@common
@pass_session
def export(
    session: Session, *, name: str, form: str, out: str, data: str | None, repeats: int | None, seed: int
) -> None:
    """Write a task with its prompts exactly as phi4eval sends them, for another program to run."""
    from phi4eval.prompts import render_prompts
    from phi4eval.task import find_task, load_dataset
    from phi4eval.task.export import export_lm_eval

    task = find_task(name)
    items = load_dataset(task, data).items
    pairs = render_prompts(
        task,
        items,
        rows=len(items),
        repeats=repeats or task.repeats,
        sampling=task.sampling,
        seed=seed,
        system=None,
    )
    made = export_lm_eval(task, pairs, Path(out))
    facts = {
        "task": task.name,
        "format": form,
        "task_file": str(made.task_file),
        "data_file": str(made.data_file),
        "rows": made.rows,
        "samples": made.samples,
    }
    if session.json:
        show_json("task-export", facts)
        return
    show(fields(((key.replace("_", " "), value) for key, value in facts.items()), width=terminal_width()))
