"""From made-up runs with chosen scores to verdicts, words and files."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from phi4eval.claims import make_ledger
from phi4eval.claims.markdown import ledger_markdown
from phi4eval.cli.main import main
from phi4eval.comparison.scores import read_scores
from phi4eval.store import Run
from phi4eval.types import ClaimRow, Fingerprint, Ledger, ModelSpec, Sampling
from tests.gate.made import Spec, line, stored

PHI_4 = ModelSpec(name="phi-4", weights="microsoft/phi-4", parameters="14B")


def ledger_of(*runs: str | Path, stand_in: str | None = None, **more: object) -> Ledger:
    return make_ledger([read_scores(Run(Path(run))) for run in runs], stand_in=stand_in, **more)  # type: ignore[arg-type]


def row(ledger: Ledger, name: str) -> ClaimRow:
    return next(row for row in ledger.rows if row.id == name)


def run_of(tmp_path: Path, *specs: Spec, model: str = "phi-4", **fingerprint: object) -> Path:
    """A stored run whose manifest says which weights answered."""
    path = Path(stored(tmp_path, *specs, model=model))
    manifest = json.loads((path / "manifest.json").read_text())
    spec = PHI_4 if model == "phi-4" else ModelSpec(name=model, weights=f"org/{model}")
    manifest["model"] = msgspec.to_builtins(spec)
    made = Fingerprint(
        backend="hf", model=model, weights="w", identity={"dtype": "bfloat16", "chat_template": "abc"},
        **fingerprint,  # type: ignore[arg-type]
    )  # fmt: skip
    manifest["fingerprint"] = msgspec.to_builtins(made)
    (path / "manifest.json").write_text(json.dumps(manifest))
    return path


AS_PUBLISHED = Sampling(temperature=0.5, max_tokens=2048)


def test_without_a_run_nothing_is_measured_and_every_claim_says_so() -> None:
    ledger = ledger_of(missing={"gpqa": "gated"})
    assert ledger.counts == {
        "supported": 0, "contradicted": 0, "undecided": 0, "not measured": len(ledger.rows),
    }  # fmt: skip
    assert row(ledger, "gpqa").reason == "gated"
    assert row(ledger, "math").reason == "no run of phi-4 on math"
    assert "never published" in row(ledger, "phibench").reason


def test_a_run_of_another_model_says_nothing_of_phi_4(tmp_path: Path) -> None:
    run = run_of(tmp_path, Spec(name="mmlu", lines=(line(848, 152),)), model="phi-tiny")
    assert row(ledger_of(run), "mmlu").verdict == "not measured"
    taken = ledger_of(run, stand_in="phi-tiny")
    assert row(taken, "mmlu").measured is not None
    assert taken.stands_for_it == "phi-tiny"


@pytest.mark.parametrize(
    ("right", "wrong", "verdict", "outside"),
    [
        (4240, 760, "supported", False),  # 84.8 % of 5,000 is what was published
        (4000, 1000, "contradicted", True),
        (85, 15, "undecided", False),  # 85 %, of 100 items: nothing closer than 7 points can be told
    ],
)
def test_a_published_number_is_reproduced_within_the_labs_noise(
    tmp_path: Path, right: int, wrong: int, verdict: str, outside: bool
) -> None:
    spec = Spec(name="mmlu", lines=(line(right, wrong),), sampling=AS_PUBLISHED)
    mmlu = row(ledger_of(run_of(tmp_path, spec)), "mmlu")
    assert (mmlu.verdict, mmlu.outside) == (verdict, outside)
    assert mmlu.expected is not None
    assert mmlu.measured is not None
    assert outside != (mmlu.expected[0] <= mmlu.measured.mean <= mmlu.expected[1])
    assert bool(mmlu.causes) == outside


def test_no_verdict_is_tighter_than_two_labs_are_apart(tmp_path: Path) -> None:
    """77.0 % of 5,000: above GPT-4o's published 74.6 with p < 0.01, and within 2.8 points of it."""
    spec = Spec(name="math", lines=(line(3850, 1150),), sampling=AS_PUBLISHED)
    above = row(ledger_of(run_of(tmp_path, spec)), "math-above-gpt-4o")
    (finding,) = above.findings
    assert finding.p < 0.01
    assert above.verdict == "undecided"
    assert finding.margin == pytest.approx(0.028)


def test_two_runs_of_ours_are_paired_and_need_no_labs_noise(tmp_path: Path) -> None:
    ours = run_of(tmp_path / "a", Spec(name="math", lines=(line(240, 60),)))
    theirs = run_of(tmp_path / "b", Spec(name="math", lines=(line(225, 75),)), model="gpt-4o")
    above = row(ledger_of(ours, theirs), "math-above-gpt-4o")
    (finding,) = above.findings
    assert (above.verdict, finding.margin, finding.published) == ("supported", 0.0, None)
    assert finding.against == "gpt-4o, measured"


def test_above_all_needs_every_model(tmp_path: Path) -> None:
    spec = Spec(name="amc", lines=(line(56, 44),), scoring="amc", sampling=AS_PUBLISHED)
    best = row(ledger_of(run_of(tmp_path, spec)), "amc-above-all")
    assert (len(best.findings), best.verdict) == (8, "undecided")
    assert "gemini-1.5-pro" in " ".join(finding.against for finding in best.findings)


def test_the_protocols_own_score_is_held_against_the_published_one(tmp_path: Path) -> None:
    spec = Spec(name="gpqa", lines=(line(111, 87),), protocol="simple_evals@3", sampling=AS_PUBLISHED)
    assert row(ledger_of(run_of(tmp_path, spec)), "gpqa").grading == "protocol"
    plain = Spec(name="gpqa", lines=(line(111, 87),), sampling=AS_PUBLISHED)
    assert row(ledger_of(run_of(tmp_path / "x", plain)), "gpqa").grading == "main"


def test_causes_are_listed_by_the_most_that_they_can_do(tmp_path: Path) -> None:
    marks = "1" * 20 + "0" * 30 + "t" * 30 + "n" * 20
    spec = Spec(name="mmlu", lines=(marks,), sampling=Sampling(temperature=0.0, max_tokens=64), rows=14042)
    mmlu = row(ledger_of(run_of(tmp_path, spec, model="phi-tiny"), stand_in="phi-tiny"), "mmlu")
    assert (mmlu.verdict, mmlu.outside) == ("undecided", True)  # a hundred of 14,042 decide nothing
    assert [cause.what for cause in mmlu.causes][:3] == ["model", "truncation", "extraction"]
    effects = [cause.effect for cause in mmlu.causes if cause.effect is not None]
    assert effects == sorted(effects, reverse=True)
    told = {cause.what: cause.text for cause in mmlu.causes}
    assert told["sampling"] == "temperature 0 instead of 0.5, max_tokens 64 instead of 2048"
    assert told["truncation"] == "30 of 100 answers were cut off at the token limit"
    assert told["items"] == "100 of 14,042 items were asked"


def test_the_size_is_counted_in_the_weights(tmp_path: Path) -> None:
    spec = Spec(name="mmlu", lines=("10",))
    small = run_of(tmp_path, spec, details={"parameters": "2066112"})
    assert row(ledger_of(small), "size").verdict == "contradicted"
    full = run_of(tmp_path / "b", spec, details={"parameters": "14659507200"})
    assert row(ledger_of(full), "size").verdict == "supported"
    unknown = run_of(tmp_path / "c", spec)
    assert row(ledger_of(unknown), "size").verdict == "not measured"


def test_our_own_small_experiment_needs_both_models(tmp_path: Path) -> None:
    steps = run_of(tmp_path, Spec(name="phi_tiny_math", lines=(line(80, 20),)), model="phi-tiny")
    assert row(ledger_of(steps), "synthetic-small").reason == "no run of phi-tiny-plain on phi_tiny_math"
    plain = run_of(tmp_path / "p", Spec(name="phi_tiny_math", lines=(line(5, 95),)), model="phi-tiny-plain")
    small = row(ledger_of(steps, plain), "synthetic-small")
    assert (small.verdict, small.origin) == ("supported", "project")
    assert row(ledger_of(steps, plain), "synthetic").verdict == "not measured"


def test_an_unfinished_run_decides_nothing(tmp_path: Path) -> None:
    spec = Spec(name="mmlu", lines=(line(1000, 0) + "." * 10,), sampling=AS_PUBLISHED)
    mmlu = row(ledger_of(run_of(tmp_path, spec)), "mmlu")
    assert mmlu.verdict == "undecided"
    assert "incomplete" in mmlu.reason


def test_the_first_items_of_a_data_set_decide_nothing(tmp_path: Path) -> None:
    part = Spec(name="mmlu", lines=(line(0, 500),), sampling=AS_PUBLISHED, rows=14042)
    ledger = ledger_of(run_of(tmp_path, part))
    assert {row(ledger, name).verdict for name in ("mmlu", "mmlu-below-gpt-4o", "nine-of-twelve")} == {
        "undecided"
    }
    assert row(ledger, "mmlu").reason.startswith("500 of 14,042 items were asked, which are no sample of all")
    whole = Spec(name="mmlu", lines=(line(0, 500),), sampling=AS_PUBLISHED)
    assert row(ledger_of(run_of(tmp_path / "b", whole)), "mmlu").verdict == "contradicted"


def test_the_run_with_more_items_speaks(tmp_path: Path) -> None:
    few = run_of(tmp_path / "few", Spec(name="mmlu", lines=("1111",)))
    many = run_of(tmp_path / "many", Spec(name="mmlu", lines=(line(40, 60),)))
    assert row(ledger_of(few, many), "mmlu").items == row(ledger_of(many, few), "mmlu").items == 100


def test_hostile_text_stays_text_in_the_markdown(tmp_path: Path) -> None:
    name = "x|<script>alert(1)</script>\n# head `code` [a](javascript:b)"
    run = run_of(tmp_path, Spec(name="mmlu", lines=(line(10, 90),)), model=name)
    text = ledger_markdown(ledger_of(run, stand_in=name))
    assert "<script>" not in text
    assert "\n# head" not in text
    assert "[a](javascript" not in text
    assert all(line_.count(" | ") == 5 for line_ in text.splitlines() if line_.startswith("| "))


# ---------------------------------------------------------------- the verb


def test_the_verb_writes_both_files_and_prints_at_80_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = Spec(name="mmlu", lines=(line(10, 90),), sampling=AS_PUBLISHED)
    run = run_of(tmp_path, spec, model="phi-tiny")
    out = tmp_path / "out"
    assert main(["report", str(run), "--stand-in", "phi-tiny", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "MMLU: contradicted" in shown
    written = msgspec.json.decode((out / "ledger.json").read_bytes(), type=Ledger)
    assert written.counts["contradicted"] >= 1
    assert (out / "ledger.md").read_text().startswith("# Claims of the Phi-4 Technical Report\n")


def test_json_is_one_object_with_every_claim(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["report", "--json", "--results", str(tmp_path / "none"), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["kind"], len(made["rows"])) == ("ledger", sum(made["counts"].values()))


def test_the_verb_says_why_nothing_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(tmp_path, Spec(name="mmlu", lines=("10",)), model="phi-tiny")
    assert main(["report", str(run), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().err
    assert "no run of phi-4: the runs are of phi-tiny" in told
    assert "--stand-in phi-tiny" in told


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nosuchrun"], 5, 'no run "nosuchrun"'),
        (["--model", "phi-tiny", "--tasks", "gqpa"], 2, 'task "gqpa" not found'),
        (["--model", "phi-tiny", "--data", "math=nofile.jsonl"], 4, "does not exist"),
        (["--limit", "0"], 2, "limit"),
    ],
)
def test_wrong_words_are_two_lines_and_a_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, message: str
) -> None:
    folders = ["--results", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]
    assert main(["report", *words, *folders]) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_broken_run_among_all_is_left_out_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_of(tmp_path / "runs", Spec(name="mmlu", lines=(line(10, 90),)))
    (tmp_path / "runs" / "torn").mkdir()
    (tmp_path / "runs" / "torn" / "manifest.json").write_text("{")
    words = ["report", "--results", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert "torn is left out" in shown.err
    assert "MMLU: contradicted" in shown.out
    assert main([*words, "torn"]) == 3  # asked for by name, it is an error


def test_a_file_in_place_of_the_folder_is_said_before_anything_is_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("mine")
    words = ["report", "--model", "phi-tiny", "--results", str(tmp_path / "runs")]
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    assert "is no folder" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.slow
def test_phi_tiny_runs_what_has_data_and_is_contradicted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    rows = [{"problem": f"What is {n} + {n}?", "answer": str(2 * n)} for n in range(12)]
    data = tmp_path / "math.jsonl"
    data.write_text("".join(json.dumps(each) + "\n" for each in rows))
    words = ["--tasks", "math,mgsm", "--data", f"math={data}", "--limit", "6", "--stand-in", "phi-tiny"]
    folders = ["--results", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]
    assert main(["report", "--model", "phi-tiny", *words, *folders, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    found = {each["id"]: each for each in made["rows"]}
    assert found["size"]["verdict"] == "contradicted"
    assert found["math"]["measured"] is not None
    assert found["math"]["causes"] == [] or found["math"]["causes"][0]["what"] == "model"
    assert found["mgsm"]["verdict"] == "not measured"
    assert "--data mgsm=FILE" in found["mgsm"]["reason"]
