"""List models, or show what a name, path or id means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from phi4eval.cli.console import fields, show, show_json, table, terminal_width
from phi4eval.cli.shared.completion import complete_models
from phi4eval.cli.shared.options import Session, SubVerbs, common, pass_session

if TYPE_CHECKING:
    from phi4eval.types import ModelSpec

UNPUBLISHED = "not published"


@click.group(cls=SubVerbs, invoke_without_command=True)
@common
@click.pass_context
def command(ctx: click.Context) -> None:
    """List the models known by name, or show one."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_all)


@command.command("list")
@common
@pass_session
def list_all(session: Session) -> None:
    """List all models known by name."""
    from phi4eval.models import list_models

    found = list_models()
    if session.json:
        show_json("models", {"models": found})
        return
    header = ("model", "size", "context", "release", "cutoff", "weights or endpoint")
    show(table(header, (_row(model) for model in found), width=terminal_width(), wrap=5, right=(1, 2)))


def _row(model: ModelSpec) -> tuple[str, ...]:
    return (
        model.name,
        model.parameters or "unknown",
        f"{model.context:,}" if model.context else "unknown",
        model.release or "unknown",
        model.cutoff or "unknown",
        model.weights or f"api {model.api_model or model.name}",
    )


@command.command("show")
@click.argument("name", shell_complete=complete_models)
@common
@pass_session
def show_one(session: Session, *, name: str) -> None:
    """Show what NAME (a name, a path, or backend:id) is resolved to."""
    from phi4eval.models import find_model

    model = find_model(name)
    if session.json:
        show_json("model", {"model": model})
        return
    show(fields(_facts(model), width=terminal_width()))


def _sends(model: ModelSpec) -> str:
    names = [f"{field} as {name}" if name else f"no {field}" for field, name in model.request_names.items()]
    return ", ".join([*names, *(f"{name} {value}" for name, value in model.request_fields.items())])


def _price(model: ModelSpec) -> str | None:
    if model.price is None:
        return None if model.weights else "not known"
    price = model.price
    repeated = "" if price.cached_input is None else f" (repeated ${price.cached_input:g})"
    return f"${price.input:g}{repeated} a million prompt tokens, ${price.output:g} a million answered"


def _facts(model: ModelSpec) -> list[tuple[str, object]]:
    return [
        ("model", model.name),
        ("weights", model.weights or "not public: an endpoint serves it"),
        ("revision", model.revision or ("newest" if model.weights else None)),
        ("parameters", model.parameters or UNPUBLISHED),
        ("context", f"{model.context:,} tokens" if model.context else UNPUBLISHED),
        ("release", model.release or UNPUBLISHED),
        ("cutoff", model.cutoff or UNPUBLISHED),
        ("licence", model.licence or UNPUBLISHED),
        ("thinking", "yes: writes its reasoning before its answer" if model.thinking else "no"),
        ("price", _price(model)),
        ("sampling", ", ".join(f"{name} {value}" for name, value in model.sampling.items())),
        ("system prompt", model.system),
        ("endpoint", model.base_url),
        ("its name there", model.api_model),
        ("key from", model.key_env),
        ("sends", _sends(model)),
        ("notes", model.notes),
    ]
