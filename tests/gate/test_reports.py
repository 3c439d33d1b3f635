"""Do all reports of a verdict say the same, stay within their limits, and hold hostile strings harmless?"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.cli.main import main
from phi4eval.cli.views.gate import verdict_lines
from phi4eval.comparison.build import RunName
from phi4eval.gate.annotations import MOST, annotation_lines
from phi4eval.gate.badge import badge
from phi4eval.gate.decide import gate_runs
from phi4eval.gate.junit import junit
from phi4eval.gate.markdown import COMMENT_BYTES, MARKER, SUMMARY_BYTES, comment, inert, step_summary
from phi4eval.gate.verdict import EXIT_CODES, GateVerdict, RuleResult
from tests.cli import golden
from tests.gate.made import Spec, line, stored

Captured = pytest.CaptureFixture[str]
EVIL = (
    "x]]></failure><script>alert(1)</script>\x1b[2J\u202e|`**@octocat #1 https://evil.example ![a](b)\r\n\x00"
)

PAIRS: dict[str, tuple[Spec | str, Spec | str]] = {
    "pass": (line(150, 50), line(150, 50)),
    "fail": (line(150, 50), line(100, 100)),
    "inconclusive": (line(10, 10), line(9, 11)),
    "invalid": (line(10, 10), Spec(lines=(line(10, 10),), grader="integer@2")),
    "incomplete": (line(10, 10), line(10, 9) + "."),
}


def judged(folder: Path, outcome: str, *, strict: bool = False) -> GateVerdict:
    before, after = PAIRS[outcome]
    return gate_runs(
        baseline=stored(folder / "a", before, model="old"),
        candidate=stored(folder / "b", after, model="new"),
        strict=strict,
    )


def hostile(text: str) -> GateVerdict:
    """A verdict in which every foreign string is this one."""
    name = RunName(model=text, run_id=text, path=text)
    rule = RuleResult(
        rule=text,
        task=text,
        level="error",
        status="fail",
        message=text,
        remedy=text,
        items=(text,),
        place=text,
    )
    return GateVerdict(
        outcome="fail",
        headline=f"fail: {text}",
        strict=False,
        policy=text,
        baseline=name,
        candidate=name,
        rules=(rule,),
        warnings=(text,),
    )


# ---------------------------------------------------------------- agreement


@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
@pytest.mark.parametrize("outcome", list(PAIRS))
def test_every_report_and_the_exit_code_say_the_same(
    outcome: str, strict: bool, tmp_path: Path, capsys: Captured
) -> None:
    verdict = judged(tmp_path, outcome, strict=strict)
    assert verdict.outcome == outcome
    expected = EXIT_CODES[verdict.outcome] if outcome != "inconclusive" or strict else 0
    files = {name: str(tmp_path / name) for name in ("junit", "summary", "comment", "badge")}
    words = ["gate", "--baseline", verdict.baseline.path, "--candidate", verdict.candidate.path, "--json"]
    words += ["--annotate", *(["--strict"] if strict else [])]
    assert main([*words, *(part for name, path in files.items() for part in (f"--{name}", path))]) == expected
    shown = capsys.readouterr()
    made = json.loads(shown.out)
    assert (made["outcome"], made["exit_code"], made["kind"]) == (outcome, expected, "gate")
    suite = ET.parse(files["junit"]).getroot()
    broken = int(suite.get("failures", "")) + int(suite.get("errors", ""))
    assert (broken > 0) == (expected != 0)
    assert suite.find(".//property[@name='verdict']").get("value") == outcome  # type: ignore[union-attr]
    for name in ("summary", "comment"):
        assert f"phi4eval gate: {outcome}" in Path(files[name]).read_text(encoding="utf-8")
    assert f">{outcome}</text>" in Path(files["badge"]).read_text()
    assert ("::error" in shown.err) == (expected != 0)
    assert ("::" in shown.err) == (outcome != "pass")
    assert verdict_lines(verdict, width=80)[0].startswith(outcome)


def test_a_summary_is_appended_and_the_other_files_are_replaced(tmp_path: Path) -> None:
    verdict = judged(tmp_path, "pass")
    words = ["gate", "--baseline", verdict.baseline.path, "--candidate", verdict.candidate.path]
    for _ in range(2):
        main([*words, "--summary", str(tmp_path / "s"), "--comment", str(tmp_path / "c")])
    assert (tmp_path / "s").read_text().count("## ") == 2
    assert (tmp_path / "c").read_text().count("## ") == 1
    assert (tmp_path / "c").read_text().startswith(MARKER)


def test_a_report_that_cannot_be_written_is_a_usage_error(tmp_path: Path, capsys: Captured) -> None:
    verdict = judged(tmp_path, "pass")
    words = ["gate", "--baseline", verdict.baseline.path, "--candidate", verdict.candidate.path]
    assert main([*words, "--junit", str(tmp_path / "no" / "x.xml")]) == 2
    assert capsys.readouterr().err.count("\n") == 2


@pytest.mark.parametrize("outcome", list(PAIRS))
def test_the_text_reads_as_in_the_golden_file(
    outcome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    verdict = judged(Path("runs"), outcome)
    main(["gate", "--baseline", verdict.baseline.path, "--candidate", verdict.candidate.path])
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    golden.check(f"../gate/{outcome}.txt", shown)
    golden.check(f"../gate/{outcome}.xml", junit(verdict))
    golden.check(f"../gate/{outcome}.md", comment(verdict))
    golden.check(f"../gate/{outcome}.svg", badge(verdict))


def test_the_same_verdict_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (judged(tmp_path, "fail") for _ in range(2))
    for report in (junit, comment, step_summary, badge):
        assert report(first) == report(second)


# ---------------------------------------------------------------- limits


def test_reports_stay_below_the_limits_of_github(tmp_path: Path) -> None:
    verdict = judged(tmp_path, "fail")
    rules = tuple(
        msgspec.structs.replace(verdict.rules[0], task=f"t{i}", message="ä" * 5_000) for i in range(3_000)
    )
    huge = msgspec.structs.replace(verdict, rules=rules, warnings=("w" * 9_000,) * 500)
    assert len(comment(huge).encode()) <= COMMENT_BYTES < 64_000
    assert len(step_summary(huge).encode()) <= SUMMARY_BYTES < 2**20
    assert "Cut here" in comment(huge)
    lines = annotation_lines(huge)
    assert len(lines) == MOST == 8
    assert lines[-1].endswith("more; the summary of this step has all")
    assert ET.fromstring(junit(huge)).get("failures") == "3000"


# ---------------------------------------------------------------- hostile strings


def test_no_hostile_string_acts_in_any_report() -> None:
    verdict = hostile(EVIL)
    root = ET.fromstring(junit(verdict))
    assert len(list(root.iter("failure"))) == 1
    assert not list(root.iter("script"))
    svg = badge(verdict)
    assert len(ET.fromstring(svg).findall("{http://www.w3.org/2000/svg}text")) == 0
    for text in (comment(verdict), step_summary(verdict)):
        assert "<script" not in text
        assert "@octocat" not in text
        assert not re.search(r"https?://|!\[|`", text.replace(MARKER, ""))
        assert not set(text) & set("\x1b\x00\r\u202e")
    rows = [row for row in comment(verdict).splitlines() if row.startswith("| ❌")]
    assert [row.count("|") for row in rows] == [6]
    for row in annotation_lines(verdict):
        assert "\n" not in row
        assert row.count("::") == 2 + row.partition("::")[2].partition("::")[2].count("::")
        assert not set(row) & set("\x1b\x00\r\u202e")
    for row in verdict_lines(verdict, width=80):
        assert not set(row) & set("\x1b\x00\r\n\u202e")


@given(st.text(max_size=60))
def test_any_name_gives_well_formed_reports(text: str) -> None:
    verdict = hostile(text)
    ET.fromstring(junit(verdict).encode("utf-8", "backslashreplace"))
    ET.fromstring(badge(verdict))
    rows = [row for row in comment(verdict).split("\n") if row.startswith("| ❌")]
    assert [row.count("|") for row in rows] == [6]
    assert all(len(row.splitlines()) == 1 for row in annotation_lines(verdict))


@given(st.text(max_size=60))
def test_inert_text_has_no_markup_left(text: str) -> None:
    shown = re.sub(r"&(#\d+|lt|gt|amp|quot|#x27);", "", inert(text))
    shown = re.sub(r"U\+[0-9A-F]+", "", shown)
    assert not set(shown) & set("<>\"'`*_[]|~^$@#\\!:/\n\r\t\x00\x1b")


# ---------------------------------------------------------------- the verb


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--candidate", "x"], 2, "missing option '--baseline'"),
        (["--baseline", "x"], 2, "missing option '--candidate'"),
        (["--baseline", "x", "--candidate", "y"], 5, 'no run "y"'),
        (["--baseline", "x", "--candidate", "y", "--accept", "all"], 2, "--accept"),
        (["--baseline", "x", "--candidate", "y", "--policy", "no.yaml"], 2, "no.yaml cannot be read"),
    ],
)
def test_a_mistake_is_answered_in_two_lines(
    words: list[str], code: int, says: str, tmp_path: Path, capsys: Captured
) -> None:
    assert main(["gate", "--results", str(tmp_path), *words]) == code
    shown = capsys.readouterr()
    assert says in shown.err
    assert shown.err.count("\n") == 2
    assert shown.out == ""


def test_runs_of_two_grader_versions_are_graded_again_where_asked(tmp_path: Path, capsys: Captured) -> None:
    before = stored(tmp_path, Spec(lines=("10" * 30,), grader="integer@0"))
    after = stored(tmp_path, Spec(lines=("01" * 30,), grader="integer@99"), model="new")
    words = ["gate", "--baseline", str(before), "--candidate", str(after), "--json"]
    assert main(words) == 7
    capsys.readouterr()
    assert main([*words, "--regrade"]) == 0
    shown = capsys.readouterr()
    made = json.loads(shown.out)
    # the stored answers are all "Answer: 0": right for the first item only, in both runs
    assert made["comparisons"][0]["table"] == {"both": 1, "lost": 0, "gained": 0, "neither": 59}
    assert shown.err.count("graded again") == 2


def test_regrading_does_not_hide_another_difference(tmp_path: Path) -> None:
    before = stored(tmp_path, Spec(lines=("10",), grader="integer@0"))
    after = stored(tmp_path, Spec(lines=("10",), prompt="{i} plus {i}?"), model="new")
    assert main(["gate", "--baseline", str(before), "--candidate", str(after), "--regrade"]) == 7


@pytest.mark.parametrize(("text", "near"), [("lst", "last"), ("reprt", "report")])
def test_a_mistyped_baseline_is_answered_with_the_nearest_word(
    text: str, near: str, tmp_path: Path, capsys: Captured
) -> None:
    after = stored(tmp_path, "10")
    assert main(["gate", "--baseline", text, "--candidate", str(after), "--results", str(tmp_path)]) == 5
    assert f'did you mean "{near}"?' in capsys.readouterr().err


def test_init_writes_both_files_once(tmp_path: Path, capsys: Captured) -> None:
    assert main(["gate", "init", "--dir", str(tmp_path), "--json"]) == 0
    made: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert all(Path(file).is_file() for file in made["files"])
    assert main(["gate", "init", "--dir", str(tmp_path)]) == 2
    assert main(["gate", "init", "--dir", str(tmp_path), "--force"]) == 0


def test_power_says_what_would_be_caught(tmp_path: Path, capsys: Captured) -> None:
    before = stored(tmp_path, "1" * 60 + "0" * 40)
    after = stored(tmp_path, "1" * 55 + "0" * 35 + "1" * 5 + "0" * 5, model="b")
    words = ["gate", "--baseline", str(before), "--candidate", str(after), "--power"]
    assert main([*words, "--json"]) == 0
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    rates = {row["drop"]: row["fails"] for row in task["rows"]}
    assert task["churn"] == pytest.approx(0.1)
    assert rates[0.0] <= 0.06
    assert rates[0.2] > 0.9 > rates[0.05]
    assert all(row["fails"] + row["passes"] + row["undecided"] == pytest.approx(1) for row in task["rows"])
    assert main(words) == 0
    assert "true drop" in capsys.readouterr().out


def test_power_takes_the_last_run_and_no_published_table(tmp_path: Path, capsys: Captured) -> None:
    stored(tmp_path, line(30, 30), created="2026-01-01T00:00:00+00:00")
    after = stored(tmp_path, line(28, 32), model="gpt-4o", created="2026-01-02T00:00:00+00:00")
    words = ["gate", "--candidate", str(after), "--results", str(tmp_path), "--power"]
    assert main([*words, "--baseline", "last", "--json"]) == 0
    capsys.readouterr()
    gpqa = stored(tmp_path, Spec(name="gpqa", lines=("1010",)), model="phi-4")
    assert main(["gate", "--candidate", str(gpqa), "--baseline", "report", "--power"]) == 2
    assert "published scores have no items" in capsys.readouterr().err


def test_power_of_nothing_is_not_comparable(tmp_path: Path) -> None:
    before, after = stored(tmp_path, "11"), stored(tmp_path, Spec(lines=("11",), first=10))
    assert main(["gate", "--baseline", str(before), "--candidate", str(after), "--power"]) == 7
