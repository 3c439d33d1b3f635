"""Run the embedded phi-tiny on the sample tasks and HumanEval, and build its pages."""

from __future__ import annotations

from pathlib import Path

import click

from phi4eval.cli.console import printable, tell
from phi4eval.cli.shared.options import Session, common, pass_session, results_option
from phi4eval.types import RunRequest

MODEL = "phi-tiny"
TASKS = ("samples", "humaneval")
REPEATS = 1
"""The tasks' own repeats would make it a quarter of an hour on two cores; a demonstration takes minutes."""
SANDBOX = "best"
"""A demonstration should run where the kernel offers less, too; the result says which tier it was."""


@click.command()
@results_option
@common
@pass_session
def command(session: Session, *, results: str) -> None:
    """Run the embedded phi-tiny on the sample tasks and HumanEval, and build its pages.

    The same as: phi4eval run --model phi-tiny --tasks samples,humaneval --repeats 1 --sandbox best, and
    then phi4eval site build --out results/site
    """
    from phi4eval.cli.run import evaluate
    from phi4eval.site.build import build_site

    evaluate(RunRequest(model=MODEL, tasks=TASKS, repeats=REPEATS, results=results), session, sandbox=SANDBOX)
    built = build_site(results=results, out=Path(results).parent / "site")
    tell(["", f"pages: {printable(built.out)}/index.html"])
