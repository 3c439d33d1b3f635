"""`phi4eval import` and `phi4eval export`: files on stdout, notes on stderr, errors in two lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phi4eval.cli.export import FORMATS
from phi4eval.cli.main import main
from phi4eval.interop import exchange
from tests.cli.made import stored_run
from tests.interop.made import lm_eval_files


def test_an_import_shows_the_result_and_where_it_lies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lm_eval_files(tmp_path / "theirs")
    assert main(["import", str(path), "--results", str(tmp_path / "runs")]) == 0
    out, err = capsys.readouterr()
    assert "sums" in out
    assert "protocol (gap)" in out
    assert "1 run imported" in err


def test_an_import_as_json_is_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = lm_eval_files(tmp_path / "theirs")
    assert main(["import", str(path), "--results", str(tmp_path / "runs"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["kind"] == "import"
    assert [run["tool"] for run in printed["runs"]] == ["lm-eval"]


def test_an_import_of_nothing_is_an_error_of_two_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", str(tmp_path), "--results", str(tmp_path / "runs")]) == 5
    err = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in err] == ["error", "hint"]


def test_an_export_prints_the_files_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = stored_run(tmp_path / "runs", "correct", "incorrect")
    assert main(["export", str(run), "--format", "csv", "--out", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [str(tmp_path / "out" / "samples.csv")]
    assert err == ""


def test_the_verbs_formats_are_those_that_there_are() -> None:
    assert tuple(exchange.FORMATS) == FORMATS
