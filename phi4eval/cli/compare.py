"""Compare runs item by item, and with published scores."""

from __future__ import annotations

import click
import msgspec

from phi4eval.cli.console import show, show_json, terminal_width
from phi4eval.cli.shared.options import Session, common, pass_session, results_option


@click.command()
@click.argument("runs", nargs=-1, required=True)
@click.option("--baseline", metavar="NAME", help="Published scores: report, or report:MODEL.")
@click.option(
    "--alpha",
    metavar="X",
    type=click.FloatRange(min=0, max=0.5, min_open=True),
    default=0.05,
    show_default=True,
    help="Error allowed over all tests.",
)
@click.option("--scan", metavar="PATH", help="A contamination scan, or a run with one joined.")
@results_option
@common
@pass_session
def command(
    session: Session,
    *,
    runs: tuple[str, ...],
    baseline: str | None,
    alpha: float,
    scan: str | None,
    results: str,
) -> None:
    """Compare RUNS (paths, ids or parts of them) with the first one.

    Differences of configuration come before any number. Scores are paired item by item; published ones have
    no items, and are compared unpaired.
    """
    from phi4eval.comparison.build import compare

    made = compare(*runs, baseline=baseline, alpha=alpha, scan=scan, results=results)
    if session.json:
        show_json("comparison", msgspec.structs.asdict(made))
        return
    from phi4eval.cli.views.compare import comparison_lines

    show(comparison_lines(made, width=terminal_width()))
