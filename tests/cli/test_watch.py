"""Does `phi4eval watch` answer mistakes in two lines and say what it waits for?"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from phi4eval.cli.main import main
from phi4eval.cli.views.watch import entry_lines
from phi4eval.cli.watch import _exit_code
from phi4eval.history import Judged, Point
from phi4eval.types import Interval
from tests.watching.made import checkpoint

Captured = pytest.CaptureFixture[str]


def entry(**changes: object) -> Judged:
    fields: dict[str, object] = {
        "checkpoint": "step-1",
        "step": 1,
        "state": "s",
        "at": "2026-01-01T00:00:00+00:00",
        "standing": "pass",
        "exit_code": 0,
        "headline": "pass: 1 rule check kept",
    }
    return Judged(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "missing argument 'CHECKPOINT_DIR'"),
        (["none", "--tasks", "samples"], 2, "none is no directory"),
        (["."], 2, "missing option '--tasks'"),
        ([".", "--tasks", "samplse"], 2, 'task "samplse" not found'),
        ([".", "--tasks", "samples", "--policy", "no.yaml"], 2, "no.yaml cannot be read"),
        ([".", "--tasks", "samples", "--on-fail", "no-such-thing"], 2, 'no program "no-such-thing"'),
        ([".", "--tasks", "samples", "--on-fial", "true"], 2, "has no option --on-fial"),
    ],
)
def test_a_mistake_is_answered_in_two_lines(
    words: list[str], code: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["watch", *words, "--once"]) == code
    shown = capsys.readouterr()
    assert says in shown.err
    assert "hint: " in shown.err
    assert shown.out == ""


def test_nothing_new_is_said_and_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    checkpoint(tmp_path / "c", "step-1", files=["config.json"])
    assert main(["watch", "c", "--suite", "samples", "--once"]) == 0
    shown = capsys.readouterr()
    assert "step-1 is not finished: " in shown.err
    assert "tokenizer.json is missing" in shown.err
    assert "no new finished checkpoint" in shown.err
    assert (tmp_path / "results" / "watch" / "c" / "history.jsonl").is_file()
    assert shown.out == ""


def test_an_interrupt_ends_it_and_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    words = [sys.executable, "-m", "phi4eval", "watch", "c", "--suite", "samples", "--every", "600"]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as watch:
        assert watch.stderr is not None
        assert watch.stderr.readline().startswith("watching c; ")
        watch.send_signal(signal.SIGINT)
        said = watch.communicate(timeout=60)[1]
    assert watch.returncode == 130
    assert "continue with:" in said
    assert "watch c --suite samples" in said


@pytest.mark.parametrize(
    ("codes", "worst"), [([], 0), ([0, 0], 0), ([0, 6], 6), ([6, 3], 3), ([3, 7, 0], 7), ([3, 1, 7], 1)]
)
def test_the_exit_code_is_the_worst_verdicts(codes: list[int], worst: int) -> None:
    assert _exit_code([entry(exit_code=code) for code in codes]) == worst


def test_a_hostile_name_does_nothing_to_the_terminal() -> None:
    point = Point(
        task="a\x1b[2J", unit="share", score=Interval(mean=0.5, low=0.4, high=0.6, n=9, method="Wilson")
    )
    lines = entry_lines(
        entry(checkpoint="\x1b]0;x\x07step", headline="fail: a\nb\u202e", points=(point,)), width=80
    )
    assert lines == ["step: pass", "  a\\nb\\u202e", "  a: 50 % [40, 60], n 9"]
