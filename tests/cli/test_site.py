"""`phi4eval site` as typed: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phi4eval.cli.main import main
from tests.site.made import two_runs


def test_build_then_check_ends_well_and_says_where_to_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two_runs(tmp_path / "runs", items=3)
    out = str(tmp_path / "out")
    assert main(["site", "build", "--results", str(tmp_path / "runs"), "--out", out]) == 0
    assert f"{out}/index.html" in capsys.readouterr().out.replace("\n", "").replace(" ", "")
    assert main(["site", "check", out]) == 0
    assert "none" in capsys.readouterr().out


def test_a_changed_page_ends_the_check_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two_runs(tmp_path / "runs", items=3)
    out = tmp_path / "out"
    main(["site", "build", "--results", str(tmp_path / "runs"), "--out", str(out), "--baselines", "none"])
    (out / "method.html").write_text("x", encoding="utf-8")
    capsys.readouterr()
    assert main(["site", "check", str(out), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "site-check"
    assert "method.html" in {problem["path"] for problem in found["problems"]}


def test_a_broken_run_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two_runs(tmp_path / "runs", items=3)
    (tmp_path / "runs" / "torn").mkdir()
    (tmp_path / "runs" / "torn" / "manifest.json").write_text("{", encoding="utf-8")
    out = str(tmp_path / "out")
    assert main(["site", "build", "--results", str(tmp_path / "runs"), "--out", out, "--json"]) == 0
    said = capsys.readouterr()
    assert "torn is left out" in said.err
    assert json.loads(said.out)["runs"] == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--baselines", "reprot"], 2),
        (["--since", "nothing"], 2),
        (["--contamination", "nothing"], 2),
        (["no-such-run"], 5),
    ],
    ids=lambda value: str(value),
)
def test_what_cannot_be_done_is_said_in_two_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int
) -> None:
    two_runs(tmp_path / "runs", items=3)
    out = tmp_path / "out"
    assert main(["site", "build", "--results", str(tmp_path / "runs"), "--out", str(out), *words]) == code
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["error", "hint"]
    assert not out.exists()
