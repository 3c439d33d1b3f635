"""The entry point: which verb a command line means, and which words and exit code an error becomes."""

from __future__ import annotations

import errno
import os
import re
import shlex
import shutil
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click
from click.exceptions import Exit

import phi4eval
from phi4eval.cli.console import OutputClosed, output_is_open, printable, show, styled, tell
from phi4eval.cli.shared.options import Session, check_verb
from phi4eval.errors import IncompleteError, Phi4evalError, UsageError, did_you_mean

NOT_VERBS = {"__init__", "main", "console"}
COMPLETE_VARIABLE = "_PHI4EVAL_COMPLETE"
INTERRUPTED = 130
OUTPUT_CLOSED = 128 + signal.SIGPIPE

_EPILOG = (
    "Exit codes: 0 done, 1 the answer is no, 2 usage, 3 incomplete or refused, 4 something is missing, "
    "5 nothing matched, 6 inconclusive, 7 not comparable, 70 internal, 130 interrupted. "
    'Completion: eval "$(_PHI4EVAL_COMPLETE=bash_source phi4eval)" (or zsh_source, fish_source).'
)


def verb_files() -> dict[str, Path]:
    """Every verb with its module's file: the directory listing is the only list there is."""
    # a verb that is a word of Python's own has an underscore after its module's name: import_.py
    files = sorted(Path(__file__).parent.glob("*.py"))
    return {f.stem.rstrip("_"): f for f in files if f.stem not in NOT_VERBS}


def headline(file: Path) -> str:
    """A verb's line in --help: the first docstring line of its module, read without importing it."""
    with file.open(encoding="utf-8") as lines:
        return re.sub(r'^"""|"""$', "", lines.readline().strip()).rstrip(".")


class Verbs(click.Group):
    """Finds a verb's module by name and imports it only when the verb is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, by name."""
        return list(verb_files())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, None where there is no such verb."""
        file = verb_files().get(cmd_name)
        if file is None:
            return None
        command: click.Command = import_module(f"phi4eval.cli.{file.stem}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb and its arguments; UsageError names the nearest verb where there is none."""
        check_verb(self, ctx, args)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs in --help."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, headline(file)) for name, file in verb_files().items()])


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if not value:
        return
    show(f"phi4eval {phi4eval.__version__}")
    ctx.exit()


@click.group(
    cls=Verbs,
    invoke_without_command=True,
    epilog=_EPILOG,
    subcommand_metavar="VERB ...",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Say, with evidence, whether a language model's STEM scores are real.

    Start with: phi4eval run --model phi-tiny --tasks samples
    """
    if ctx.invoked_subcommand is None:
        show(ctx.get_help())


def main(args: Sequence[str] | None = None) -> int:
    """Run one command line (sys.argv's by default); returns the exit code and raises nothing."""
    arguments = list(sys.argv[1:] if args is None else args)
    session = Session(command=f"{_program()} {shlex.join(arguments)}")
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # a terminal that cannot show a character gets its escape, not a UnicodeEncodeError
            reconfigure(errors="backslashreplace")
    try:
        return _dispatch(arguments, session)
    except OutputClosed:
        # the interpreter flushes stdout again when it exits, and must not find the closed pipe there
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OUTPUT_CLOSED
    except (KeyboardInterrupt, click.Abort):
        tell("\ninterrupted")
        if session.resumable:
            tell(f"what is finished is stored; continue with: {printable(session.command)}")
        return INTERRUPTED
    except Exception as error:
        return _report(error, session)


def _dispatch(arguments: list[str], session: Session) -> int:
    instruction = os.environ.get(COMPLETE_VARIABLE)
    if instruction:
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, "phi4eval", COMPLETE_VARIABLE, instruction)
    try:
        with cli.make_context("phi4eval", arguments, obj=session) as ctx:
            cli.invoke(ctx)
    except Exit as done:
        return done.exit_code
    except BrokenPipeError as error:
        # click's own writes (--help); any other broken pipe is an error like the rest
        if not output_is_open():
            raise OutputClosed from error
        raise
    return 0


def _program() -> str:
    """The words that start this program again."""
    name = Path(sys.argv[0])
    if name.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m phi4eval"
    return "phi4eval" if shutil.which("phi4eval") or name.name != "phi4eval" else shlex.quote(str(name))


# ---------------------------------------------------------------- errors


def _report(error: Exception, session: Session) -> int:
    """Print `error:` and `hint:` lines on stderr, after the traceback with -v; returns the exit code."""
    known = _known_error(error)
    if session.verbose and not isinstance(error, click.ClickException):
        import traceback

        tell([printable(line) for line in "".join(traceback.format_exception(error)).rstrip().split("\n")])
    message = known.message if known else f"{type(error).__name__}: {error}"
    hint = known.hint if known else "this is a bug in phi4eval; run again with -v to see where"
    tell(f"{styled('error:', 'red', sys.stderr)} {printable(message)}")
    # only our own excerpts get lines of their own: a line break in a foreign message could forge a hint
    if known and known.excerpt:
        tell([printable(line) for line in known.excerpt])
    if hint:
        tell(f"{styled('hint:', 'bold', sys.stderr)} {printable(hint)}")
    return known.exit_code if known else Phi4evalError.exit_code


def _known_error(error: Exception) -> Phi4evalError | None:
    """The error as one of ours; None for what nobody foresaw."""
    if isinstance(error, Phi4evalError):
        return error
    if isinstance(error, click.ClickException):
        return _usage_error(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return IncompleteError(
            f"the disk is full{_at(error)}",
            "every finished sample is kept; free space and run the same command again",
        )
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return IncompleteError(
            f"{(error.strerror or 'not permitted').lower()}{_at(error)}",
            "fix its permissions, or choose another place (--results DIR)",
        )
    return None


def _at(error: OSError) -> str:
    return f": {error.filename}" if error.filename else ""


def _usage_error(error: click.ClickException) -> UsageError:
    """Click's complaint in our two lines, with the nearest flag or verb where one was mistyped."""
    ctx = getattr(error, "ctx", None)
    where = ctx.command_path if ctx else "phi4eval"
    listing = f"{where} --help lists all"
    if isinstance(error, click.NoSuchOption):
        known = [name for p in ctx.command.get_params(ctx) for name in p.opts] if ctx else []
        return UsageError(
            f"{where} has no option {error.option_name}", did_you_mean(error.option_name, known, listing)
        )
    message = " ".join(error.format_message().split()).rstrip(".")
    return UsageError(message[:1].lower() + message[1:], f"{where} --help shows how it is used")
