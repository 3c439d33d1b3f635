"""Build static pages from runs, and check a folder of them."""

from __future__ import annotations

import click
import msgspec

from phi4eval.cli.console import fields, printable, show, show_json, tell, terminal_width, warn
from phi4eval.cli.shared.options import Session, SubVerbs, common, pass_session, results_option

SHOWN = 40
"""Problems listed in the terminal."""


@click.group(cls=SubVerbs)
@common
def command() -> None:
    """Build static pages from runs, and check a folder of them."""


@command.command()
@click.argument("runs", nargs=-1)
@results_option
@click.option(
    "--baselines",
    metavar="NAMES",
    default="report",
    show_default=True,
    help="Published tables to stand beside the runs, or none.",
)
@click.option("--contamination", metavar="DIR", help="The --out folder of a contamination scan.")
@click.option("--since", metavar="DIR", help="An earlier build's folder, for the page of changes.")
@click.option("--title", metavar="TEXT", help="Heading of the first page.")
@click.option("--out", metavar="DIR", default="site", show_default=True, help="Folder for the pages.")
@common
@pass_session
def build(
    session: Session,
    *,
    runs: tuple[str, ...],
    results: str,
    baselines: str,
    contamination: str | None,
    since: str | None,
    title: str | None,
    out: str,
) -> None:
    """Write the pages of RUNS (paths, ids or parts of them; all if none is named).

    The same runs give the same bytes, and only pages whose input has changed are made again. Open index.html
    in a browser: the pages need no server, no network and no JavaScript.
    """
    from phi4eval.site.build import TITLE, build_site

    names = [name.strip() for name in baselines.split(",") if name.strip() and name.strip() != "none"]
    built = build_site(
        *runs,
        out=out,
        results=results,
        baselines=names,
        contamination=contamination,
        since=since,
        title=title or TITLE,
        on_page=_progress,
    )
    for name, reason in built.left_out:
        warn(f"{name} is left out: {reason}")
    if session.json:
        show_json("site", msgspec.structs.asdict(built))
        return
    pairs = [
        ("pages", f"{built.pages:,}: {built.rendered:,} written, {built.unchanged:,} unchanged"),
        ("removed", f"{built.removed:,} of an earlier build" if built.removed else ""),
        ("models", f"{built.models:,} on {built.tasks:,} tasks with {built.items:,} items"),
        ("runs", f"{built.runs:,}"),
        ("size", f"{built.size:,} bytes"),
        ("open", f"{built.out}/index.html"),
    ]
    show(fields(pairs, width=terminal_width()))


@command.command()
@click.argument("folder", metavar="DIR", default="site")
@common
@pass_session
def check(session: Session, *, folder: str) -> None:
    """Check the pages in DIR: links, ids, policy, HTML, weights, and that no file was changed or added.

    Ends with 1 where something is wrong.
    """
    from phi4eval.site.check import check_site

    found = check_site(folder)
    if session.json:
        show_json("site-check", msgspec.structs.asdict(found))
    else:
        pairs = [
            ("pages", f"{found.pages:,} of {found.files:,} files, {found.size:,} bytes"),
            ("links", f"{found.links:,}"),
            ("index.html", f"{found.index:,} bytes"),
            ("heaviest", f"{found.heaviest[0]}, {found.heaviest[1]:,} bytes"),
            ("problems", f"{len(found.problems):,}" if found.problems else "none"),
        ]
        show(fields(pairs, width=terminal_width()))
        for problem in found.problems[:SHOWN]:
            place = f"{problem.path}:{problem.line}" if problem.line else problem.path
            show(printable(f"{place}: {problem.what}"))
        if len(found.problems) > SHOWN:
            show(f"and {len(found.problems) - SHOWN:,} more; --json lists all")
    if found.problems:
        raise click.exceptions.Exit(1)


def _progress(done: int, planned: int) -> None:
    if done % 2_000 == 0:
        tell(f"{done:,} of {planned:,} pages")
