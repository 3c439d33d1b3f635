"""Whatever goes wrong, two lines say what and what to do, and the exit code says which kind."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import phi4eval
from phi4eval.cli import main as main_module
from phi4eval.cli.main import cli, headline, main, verb_files
from phi4eval.cli.shared.options import common
from phi4eval.errors import (
    DataError,
    IncompleteError,
    InvalidComparisonError,
    NothingMatchedError,
    Phi4evalError,
)
from tests.cli import golden
from tests.cli.made import EVIL

ROOT = Path(__file__).parents[2]
VERBS = (
    "cache",
    "compare",
    "contamination",
    "demo",
    "doctor",
    "export",
    "gate",
    "grade",
    "import",
    "models",
    "report",
    "run",
    "runs",
    "site",
    "tasks",
    "watch",
)
SUBVERBS = (
    "contamination scan",
    "contamination show",
    "contamination clean",
    "contamination join",
    "contamination report",
    "contamination probe",
    "gate init",
    "site build",
    "site check",
    "tasks list",
    "tasks show",
    "tasks fetch",
    "tasks export",
    "models list",
    "models show",
    "runs list",
    "runs show",
    "runs verify",
)

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")


def python(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The program as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "phi4eval", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **more},
    )


# ---------------------------------------------------------------- help


@pytest.mark.parametrize("words", ["", *VERBS, *SUBVERBS])
def test_help_reads_as_in_the_golden_file(words: str, capsys: Captured) -> None:
    assert main([*words.split(), "--help"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    golden.check(f"help-{words.replace(' ', '-') or 'phi4eval'}.txt", shown.out)
    assert max(map(len, shown.out.splitlines())) <= 80


def test_without_a_verb_the_help_is_shown(capsys: Captured) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("Usage: phi4eval [OPTIONS] VERB")


def commands() -> list[tuple[str, click.Command]]:
    ctx = click.Context(cli)
    found = []
    for name in cli.list_commands(ctx):
        command = cli.get_command(ctx, name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {inner}", sub) for inner, sub in command.commands.items()]
    return found


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_verb_has_json_and_verbose_and_few_options(name: str, command: click.Command) -> None:
    flags = {flag for param in command.params for flag in param.opts}
    assert {"--json", "--verbose", "-v"} <= flags, name
    assert len(flags - {"--json", "--verbose", "-v"}) <= 25


def test_the_stable_names_of_run_are_there() -> None:
    run = dict(commands())["run"]
    stable = (
        "--model --tasks --backend --base-url --concurrency --data --limit --items --repeats --temperature "
        "--top-p --max-tokens --seed --results --max-error-rate --backend-arg --dry-run --json"
    )
    assert set(stable.split()) <= {flag for param in run.params for flag in param.opts}


def test_verbs_are_the_files_of_the_directory() -> None:
    assert tuple(verb_files()) == VERBS
    assert all(headline(file) and len(headline(file)) < 100 for file in verb_files().values())


def test_the_version_is_printed(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"phi4eval {phi4eval.__version__}\n"


# ---------------------------------------------------------------- usage errors

USAGE = [
    ("rnu", 'error: "rnu" is no verb of phi4eval', 'did you mean "run"?'),
    ("tasks shwo", 'error: "shwo" is no verb of phi4eval tasks', 'did you mean "show"?'),
    ("run --modle x", "error: phi4eval run has no option --modle", 'did you mean "--model"?'),
    ("run --zzz x", "error: phi4eval run has no option --zzz", "phi4eval run --help lists all"),
    ("--verison", "error: phi4eval has no option --verison", 'did you mean "--version"?'),
    ("run --tasks amc", "error: missing option '--model'", "phi4eval run --help"),
    ("run --model", "error: option '--model' requires an argument", "--help"),
    ("run --model x --tasks y --limit 0", "error: invalid value for '--limit'", "phi4eval run --help"),
    ("run --model x --tasks y --top-p 1.5", "error: invalid value for '--top-p'", "phi4eval run --help"),
    ("run --model x --tasks y --data amc", '"amc" does not have the form TASK=FILE', "phi4eval run --help"),
    ("run --model x --tasks y --backend-arg =v", "does not have the form NAME=VALUE", "phi4eval run --help"),
    ("tasks export amc --out x", "error: missing option '--format'. Choose from: lm-eval", "--help"),
    ("tasks show gqpa", 'error: task "gqpa" not found', 'did you mean "gpqa"?'),
    ("models show ph-4", 'error: model "ph-4" not found', 'did you mean "phi-4"?'),
    ("run --model ph-4 --tasks gpqa_sample", 'error: model "ph-4" not found', 'did you mean "phi-4"?'),
    ("run --model phi-tiny --tasks amc_sampel", 'error: task "amc_sampel" not found', "amc_sample"),
    ("grade", "error: missing argument 'RUN'", "phi4eval grade --help"),
]


@pytest.mark.parametrize(("words", "error", "hint"), USAGE, ids=[row[0] for row in USAGE])
def test_a_mistake_is_answered_in_two_lines(words: str, error: str, hint: str, capsys: Captured) -> None:
    assert main(words.split()) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    first, second = shown.err.splitlines()
    assert error in first
    assert first.startswith("error: ")
    assert second.startswith("hint: ")
    assert hint in second


def test_a_hostile_argument_cannot_act_on_the_terminal(capsys: Captured) -> None:
    assert main(["tasks", "show", EVIL]) == 2
    shown = capsys.readouterr().err
    assert not set(shown) & set("\x1b\x00\r\x07\u202e")
    assert len(shown.splitlines()) == 2


# ---------------------------------------------------------------- other errors


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make `phi4eval models` raise."""

    @click.command()
    @common
    def command() -> None:
        raise error

    def get_command(*_: object) -> click.Command:
        return command

    monkeypatch.setattr(main_module.Verbs, "get_command", get_command)


ERRORS: list[tuple[BaseException, int, str]] = [
    (IncompleteError("half done", "again"), 3, "error: half done\nhint: again\n"),
    (DataError("gone"), 4, "error: gone\n"),
    (NothingMatchedError("none", "h"), 5, "error: none\nhint: h\n"),
    (InvalidComparisonError("apples", "h"), 7, "error: apples\nhint: h\n"),
    (Phi4evalError("ours", "h"), 70, "error: ours\nhint: h\n"),
    (
        OSError(errno.ENOSPC, "No space left on device", "/data/x"),
        3,
        "error: the disk is full: /data/x\n"
        "hint: every finished sample is kept; free space and run the same command again\n",
    ),
    (
        PermissionError(errno.EACCES, "Permission denied", "/data"),
        3,
        "error: permission denied: /data\n"
        "hint: fix its permissions, or choose another place (--results DIR)\n",
    ),
    (
        ValueError("odd\nthing"),
        70,
        "error: ValueError: odd\\nthing\nhint: this is a bug in phi4eval; run again with -v to see where\n",
    ),
    (KeyboardInterrupt(), 130, "\ninterrupted\n"),
]


@pytest.mark.parametrize(("error", "code", "text"), ERRORS, ids=[repr(row[0])[:30] for row in ERRORS])
def test_an_error_has_its_exit_code_and_no_traceback(
    error: BaseException, code: int, text: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    failing(monkeypatch, error)
    assert main(["models"]) == code
    assert capsys.readouterr().err == text


@pytest.mark.parametrize("error", [ValueError("odd"), DataError("gone", "h")])
def test_verbose_shows_the_traceback_and_the_two_lines(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    failing(monkeypatch, error)
    assert main(["models", "-v"]) in (4, 70)
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert shown.splitlines()[-2].startswith("error: ")


def test_a_hostile_exception_is_shown_harmless(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    failing(monkeypatch, ValueError(EVIL))
    main(["models", "-v"])
    assert not set(capsys.readouterr().err) & set("\x1b\x00\r\x07\u202e")


# ---------------------------------------------------------------- as a process


@pytest.mark.parametrize("words", ["--help", "tasks", "models", "tasks show gpqa", "run --help"])
def test_light_verbs_load_no_heavy_library(words: str) -> None:
    script = (
        "import sys\nfrom phi4eval.cli.main import main\n"
        f"code = main({words.split()!r})\n"
        "heavy = {'torch', 'transformers', 'sympy', 'rich', 'aiohttp', 'datasets', 'numpy', 'lm_eval'}\n"
        "sys.exit(f'{code} {heavy & set(sys.modules)}' if code or heavy & set(sys.modules) else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.stderr == ""


def test_a_process_ends_with_the_code_and_keeps_stdout_for_the_result() -> None:
    done = python("run", "--model", "phi-4", "--taks", "amc")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"error: .*--taks\nhint: did you mean \"--tasks\"\? .*\n", done.stderr)


def test_a_reader_that_goes_away_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "phi4eval", "tasks"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=ROOT,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("words", ["--help", "run --help", "--version"])
def test_a_reader_that_goes_away_is_no_error_for_help_either(words: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "phi4eval", *words.split()],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=ROOT,
    )
    os.close(writer)
    assert done.stderr == ""


def test_a_terminal_without_unicode_gets_escapes() -> None:
    done = python("tasks", "show", "gpqa_sample", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("phi4eval ru", "run"),
        ("phi4eval run --model phi-ti", "phi-tiny"),
        ("phi4eval run --tasks amc_s", "amc_sample"),
        ("phi4eval run --tasks gpqa,amc_s", "gpqa,amc_sample"),
        ("phi4eval tasks show humane", "humaneval"),
    ],
)
def test_the_shell_completes(typed: str, offered: str) -> None:
    words = typed.split()
    done = python(_PHI4EVAL_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=str(len(words) - 1))
    assert f"plain,{offered}" in done.stdout.splitlines()


def test_run_as_a_module_the_same_words_work() -> None:
    assert python("--version").stdout == f"phi4eval {phi4eval.__version__}\n"


def test_a_broken_task_file_is_shown_with_its_line_and_a_caret(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("task: mine\ndataset_pth: json\n")
    assert main(["run", "--model", "phi-tiny", "--tasks", str(path)]) == 2
    error, line, caret, hint = capsys.readouterr().err.splitlines()
    assert error == f'error: {path}:2:1: unknown key "dataset_pth"'
    assert (line, caret) == ("  2 | dataset_pth: json", "      ^")
    assert hint.startswith('hint: did you mean "dataset_path"?')
