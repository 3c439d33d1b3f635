"""Does a sequential gate stop early, keep what it asked, and say what the whole run would have said?"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest

from phi4eval.api import run
from phi4eval.cli.main import main
from phi4eval.errors import UsageError
from phi4eval.gate.verdict import GateVerdict
from phi4eval.sequential_gate import gate_sequentially
from phi4eval.store import find_run, load_run
from phi4eval.types import RunRequest
from phi4eval.verify import verify_run

ITEMS = 400

TASK = """\
task: sums
doc_to_text: "What is {{a}} + {{a}}? End with Answer: and the number."
doc_to_target: "{{answer}}"
metadata:
  version: "1.0"
  phi4eval:
    grader: integer
    fields: {a: [a], answer: [answer], id: [id]}
    sources:
      - {kind: file, path: sums.jsonl}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task of 400 items and a complete baseline that has 300 of them right."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "sums.yaml").write_text(TASK)
    rows = [{"id": f"s{i}", "a": i, "answer": 2 * i} for i in range(ITEMS)]
    (folder / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recording(folder / "old.jsonl", set(range(300)))
    summary = run(
        model=f"replay:{folder / 'old.jsonl'}", tasks=str(folder / "sums.yaml"), results=folder / "runs"
    )
    (folder / "baseline").write_text(str(find_run(summary.run_id, folder / "runs")))
    return folder


def recording(path: Path, right: set[int], *, without: frozenset[int] = frozenset()) -> Path:
    rows = [
        {"id": f"s{i}", "text": f"Answer: {2 * i if i in right else 1}"}
        for i in range(ITEMS)
        if i not in without
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def request(world: Path, file: Path) -> RunRequest:
    return RunRequest(model=f"replay:{file}", tasks=(str(world / "sums.yaml"),), results=str(world / "runs"))


def judged(
    world: Path, file: Path, text: str = "{rule: no-regression, detect: 0.1}", **more: object
) -> GateVerdict:
    policy = file.with_suffix(".yaml")
    policy.write_text(f"rules:\n- {text}\n")
    return gate_sequentially(
        request(world, file),
        baseline=(world / "baseline").read_text(),
        policy=policy,
        **more,  # type: ignore[arg-type]
    )


def asked(verdict: GateVerdict) -> int:
    return len(load_run(verdict.candidate.path).completion_index())


@pytest.mark.slow
def test_a_large_drop_is_caught_with_a_fraction_of_the_items(world: Path, tmp_path: Path) -> None:
    verdict = judged(world, recording(tmp_path / "bad.jsonl", set(range(150))))
    assert (verdict.outcome, verdict.exit_code) == ("fail", 1)
    assert asked(verdict) < ITEMS / 2
    assert "unfinished on purpose" in verdict.warnings[-1]
    assert not [p for p in verify_run(verdict.candidate.path) if "summary" not in p]


@pytest.mark.slow
def test_an_unchanged_model_passes_before_all_items_are_asked(world: Path, tmp_path: Path) -> None:
    verdict = judged(world, recording(tmp_path / "same.jsonl", {*range(295), *range(300, 305)}))
    assert verdict.outcome == "pass"
    assert asked(verdict) < ITEMS


@pytest.mark.slow
def test_the_run_can_be_completed_and_the_gate_asked_again_costs_nothing(world: Path, tmp_path: Path) -> None:
    file = recording(tmp_path / "again.jsonl", set(range(140)))
    first = judged(world, file)
    before = asked(first)
    assert judged(world, file) == first
    assert asked(first) == before
    summary = run(model=f"replay:{file}", tasks=str(world / "sums.yaml"), results=world / "runs")
    assert summary.complete
    assert summary.run_id == first.candidate.run_id
    assert verify_run(first.candidate.path) == ()


@pytest.mark.slow
def test_the_order_is_drawn_by_the_seed(world: Path, tmp_path: Path) -> None:
    items = []
    for seed in (1, 2):
        file = recording(tmp_path / f"{seed}.jsonl", set(range(100 + seed)))
        verdict = judged(world, file, seed=seed, batch=8)
        items.append({key.item for key in load_run(verdict.candidate.path).completion_index()})
    assert items[0] != items[1]
    assert items[0] != {f"s{i}" for i in range(len(items[0]))}


@pytest.mark.slow
def test_an_item_without_an_answer_is_incomplete(world: Path, tmp_path: Path) -> None:
    file = recording(tmp_path / "holes.jsonl", set(range(300)), without=frozenset(range(0, 400, 2)))
    verdict = judged(world, file)
    assert (verdict.outcome, verdict.exit_code, verdict.rules) == ("incomplete", 3, ())


@pytest.mark.slow
def test_a_gate_that_is_stopped_is_incomplete(world: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    verdict = judged(world, recording(tmp_path / "stopped.jsonl", set(range(299))), stop=stop)
    assert verdict.outcome == "incomplete"


@pytest.mark.slow
def test_another_prompt_is_invalid_before_anything_is_asked(world: Path, tmp_path: Path) -> None:
    file = recording(tmp_path / "other.jsonl", set(range(298)))
    task = tmp_path / "sums.yaml"
    task.write_text(TASK.replace("What is", "Compute").replace("sums.jsonl", str(world / "sums.jsonl")))
    verdict = gate_sequentially(
        RunRequest(model=f"replay:{file}", tasks=(str(task),), results=str(world / "runs")),
        baseline=(world / "baseline").read_text(),
    )
    assert verdict.outcome == "invalid"
    assert asked(verdict) == 0


def test_other_rules_need_the_whole_run(world: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"y\.yaml:2: .*no-regression rules only"):
        judged(world, recording(tmp_path / "y.jsonl", set()), "{rule: tokens, at_most: 5}")


@pytest.mark.slow
def test_the_verb_runs_the_candidate(world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = recording(tmp_path / "verb.jsonl", set(range(120)))
    words = [
        "gate",
        "--sequential",
        "--baseline",
        (world / "baseline").read_text(),
        "--model",
        f"replay:{file}",
    ]
    assert main([*words, "--results", str(world / "runs")]) == 2
    assert "--tasks FILE.yaml" in capsys.readouterr().err
    words += ["--tasks", str(world / "sums.yaml"), "--results", str(world / "runs"), "--json"]
    assert main(words) == 1
    shown = capsys.readouterr()
    assert json.loads(shown.out)["outcome"] == "fail"
    assert re.match(r"sums: \d+ of 400 items seen", shown.err)
    assert main(["gate", "--sequential", "--baseline", "x"]) == 2
    assert "missing option '--model'" in capsys.readouterr().err
