"""Make runs of results that lm-eval or Inspect wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from phi4eval.cli.console import show, show_json, tell
from phi4eval.cli.shared.options import Session, common, pass_session, results_option, split_pairs

if TYPE_CHECKING:
    from phi4eval.interop.build import Imported


@click.command()
@click.argument("path")
@click.option("--metric", metavar="NAME", help="Metric or scorer kept as the tool's own verdict; the first.")
@click.option(
    "--grader",
    callback=split_pairs,
    metavar="TASK=NAME",
    multiple=True,
    help="Which grader of ours judges a task's answers.",
)
@results_option
@common
@pass_session
def command(session: Session, *, path: str, metric: str | None, grader: dict[str, str], results: str) -> None:
    """Make runs of PATH: what lm-eval (with --log_samples) or Inspect wrote, a file or a directory.

    Every answer is graded by our graders, and the tool's own verdict stands beside ours as the protocol's.
    The same files again give the same runs.
    """
    from phi4eval.interop.exchange import import_runs

    imported = import_runs(path, results=results, metric=metric, graders=grader)
    if session.json:
        show_json("import", {"runs": imported})
        return
    for number, one in enumerate(imported):
        show([""] if number else [])
        _show(one, session)
    tell(f"{len(imported)} {'runs' if len(imported) > 1 else 'run'} imported into {results}")


def _show(one: Imported, session: Session) -> None:
    from phi4eval.cli.shared.results import show_result
    from phi4eval.store import load_run

    show_result(one.summary, load_run(one.path), session)
