"""Hold each claim of the Phi-4 report against runs, and write the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from phi4eval.cli.console import show, show_json, tell, terminal_width, warn
from phi4eval.cli.shared.completion import complete_models
from phi4eval.cli.shared.options import (
    Session,
    common,
    pass_session,
    results_option,
    sandbox_option,
    split_pairs,
)
from phi4eval.errors import UsageError
from phi4eval.types import Ledger, RunRequest

if TYPE_CHECKING:
    from phi4eval.comparison.scores import RunScores

SUITE = "report"


@click.command()
@click.argument("runs", nargs=-1)
@click.option(
    "--model", metavar="NAME", shell_complete=complete_models, help="First run this model on the tasks."
)
@click.option(
    "--stand-in", metavar="MODEL", help="Take this model's runs as phi-4's own, such as a copy's of it."
)
@click.option(
    "--tasks", metavar="NAMES", multiple=True, help="With --model: tasks and suites.  [default: report]"
)
@click.option(
    "--data",
    callback=split_pairs,
    metavar="TASK=FILE",
    multiple=True,
    help="With --model: take a task's rows from a file.",
)
@click.option("--backend", metavar="NAME", default="auto", show_default=True, help="With --model.")
@click.option("--base-url", metavar="URL", help="With --model: an OpenAI-compatible server.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="With --model: first N items a task.")
@click.option("--repeats", metavar="N", type=click.IntRange(min=1), help="With --model: samples an item.")
@results_option
@click.option(
    "--out",
    metavar="DIR",
    default="results/report",
    show_default=True,
    help="Folder for ledger.json and ledger.md.",
)
@sandbox_option
@common
@pass_session
def command(
    session: Session,
    /,
    *,
    runs: tuple[str, ...],
    model: str | None,
    stand_in: str | None,
    tasks: tuple[str, ...],
    data: dict[str, str],
    out: str,
    results: str,
    sandbox: str | None,
    **settings: Any,
) -> None:
    """Hold each claim of the Phi-4 report against RUNS (paths, ids or parts of them; all if none is named).

    Every claim gets a verdict: supported, contradicted, undecided or not measured, with the numbers behind
    it. Only runs of phi-4 speak for phi-4, unless --stand-in names another model. With --model the tasks
    whose data is there are run first.
    """
    from phi4eval.claims import make_ledger
    from phi4eval.claims.markdown import ledger_markdown
    from phi4eval.lines import write_atomically
    from phi4eval.store import dump_json

    folder = Path(out)
    if folder.exists() and not folder.is_dir():  # said before a model is run for hours
        raise UsageError(f"{out} is no folder", "give the folder for ledger.json and ledger.md with --out")
    missing: dict[str, str] = {}
    if model is not None:
        request = RunRequest(model=model, tasks=tasks or (SUITE,), data=data, results=results, **settings)
        ran, missing = _run(request, session, sandbox)
        runs = (*runs, *ran)
    read = _read(runs, results)
    ledger = make_ledger(read, stand_in=stand_in, missing=missing)
    _say_who_speaks(ledger, read)
    folder.mkdir(parents=True, exist_ok=True)
    dump_json(folder / "ledger.json", ledger)
    write_atomically(folder / "ledger.md", ledger_markdown(ledger).encode())
    if session.json:
        show_json("ledger", {**msgspec.structs.asdict(ledger), "path": str(folder)})
        return
    from phi4eval.cli.views.claims import ledger_lines

    show(ledger_lines(ledger, width=terminal_width()))
    tell(f"\nwritten: {folder}/ledger.json and {folder}/ledger.md")


def _read(runs: tuple[str, ...], results: str) -> list[RunScores]:
    """The named runs; all that can be read if none is named, with a warning for each that cannot."""
    from phi4eval.comparison.scores import read_scores
    from phi4eval.errors import StoreError
    from phi4eval.store import find_run

    if runs:
        named = {find_run(run, results).resolve(): find_run(run, results) for run in runs}
        return [read_scores(path) for path in named.values()]
    read = []
    for manifest in sorted(Path(results).glob("*/manifest.json")):
        try:
            read.append(read_scores(manifest.parent))
        except StoreError as error:
            warn(f"{manifest.parent} is left out: {error.message}")
    return read


def _say_who_speaks(ledger: Ledger, read: list[RunScores]) -> None:
    """A newcomer's runs are of another model: say why the ledger is empty and what fills it."""
    models = sorted({run.manifest.model.name for run in read})
    if ledger.stands_for_it not in models:
        have = f"the runs are of {', '.join(models)}" if models else "there are no runs"
        warn(f"no run of {ledger.stands_for_it}: {have}, so its claims are not measured")
        if models and ledger.stands_for_it == ledger.subject:
            tell(f"hint: --stand-in {models[0]} takes the runs of {models[0]} as {ledger.subject}'s")


def _run(
    request: RunRequest, session: Session, sandbox: str | None
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Run the tasks whose data is there: the run's directory, and why the other tasks were not run."""
    from phi4eval.cli.run import carry_out
    from phi4eval.engine import prepare
    from phi4eval.errors import DataError
    from phi4eval.task import expand, load_dataset

    there: list[str] = []
    missing: dict[str, str] = {}
    for task in expand(request.tasks):
        try:
            load_dataset(task, request.data.get(task.name))
        except DataError as error:
            if task.name in request.data:
                raise
            missing[task.name] = f"{error.message} ({error.hint})" if error.hint else error.message
        else:
            there.append(task.name)
    if not there:
        return (), missing
    with prepare(msgspec.structs.replace(request, tasks=tuple(there))) as prepared:
        summary, run = carry_out(prepared, session, sandbox)
    if not summary.complete:
        warn("the run is incomplete, and so is the ledger: the same command again continues it")
    return (str(run.path),), missing
