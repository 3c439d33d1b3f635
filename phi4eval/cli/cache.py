"""Show or clear the completions that this machine has paid for."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from phi4eval.cli.console import fields, quoted, show, show_json, table, tell, terminal_width
from phi4eval.cli.shared.options import Session, SubVerbs, common, pass_session
from phi4eval.errors import NothingMatchedError


@click.group(cls=SubVerbs, invoke_without_command=True)
@common
@click.pass_context
def command(ctx: click.Context) -> None:
    """List what the completion cache holds, show some of it, or clear it.

    Runs share it: a prompt that one of them has paid for is not asked again (run --no-cache asks all the
    same). It lies in $PHI4EVAL_CACHE, or in the user's cache directory.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_all)


@command.command("list")
@common
@pass_session
def list_all(session: Session) -> None:
    """List the models whose completions are kept."""
    from phi4eval.completion_cache import cache_groups, cache_path

    path = cache_path()
    groups = cache_groups(path)
    if session.json:
        show_json("cache", {"path": str(path), "groups": groups})
        return
    if not groups:
        tell(f"nothing is kept in {path}")
        return
    header = ("model", "backend", "place", "completions", "tokens in, out", "last")
    rows = [
        (
            group.model,
            group.backend,
            group.place,
            f"{group.completions:,}",
            f"{group.prompt_tokens:,}, {group.completion_tokens:,}",
            datetime.fromtimestamp(group.last, UTC).date().isoformat(),
        )
        for group in groups
    ]
    show(table(header, rows, width=terminal_width(), wrap=2, right=(3, 4)))
    show(
        [
            "",
            *fields(
                [("cache", path), ("size", f"{sum(g.bytes for g in groups):,} bytes")], width=terminal_width()
            ),
        ]
    )


@command.command("show")
@click.argument("model")
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=1), default=5, show_default=True, help="How many."
)
@common
@pass_session
def show_some(session: Session, *, model: str, limit: int) -> None:
    """Show the newest completions of MODEL."""
    from phi4eval.completion_cache import cache_path, cached_completions

    path = cache_path()
    found = cached_completions(path, model, limit)
    if not found:
        raise NothingMatchedError(
            f'no completion of "{model}" in {path}', "phi4eval cache list shows the models"
        )
    if session.json:
        show_json("cache-completions", {"path": str(path), "completions": found})
        return
    for number, completion in enumerate(found):
        facts = [
            ("asked for", f"{completion.task}, item {completion.item}, sample {completion.sample}"),
            ("finish", completion.finish),
            ("tokens", completion.completion_tokens),
        ]
        show([*([""] if number else []), *fields(facts, width=terminal_width()), *quoted(completion.text)])


@command.command()
@click.option("--model", metavar="NAME", help="Only the completions of this model.")
@common
@pass_session
def clear(session: Session, *, model: str | None) -> None:
    """Forget what is kept; runs keep their own completions."""
    from phi4eval.completion_cache import cache_path, clear_cache

    path = cache_path()
    count = clear_cache(path, model)
    if session.json:
        show_json("cache-cleared", {"path": str(path), "completions": count})
    elif count < 0:
        show(f"removed {path}, which was damaged")
    else:
        show(f"forgot {count:,} completions in {path}")
