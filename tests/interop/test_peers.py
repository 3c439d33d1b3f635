"""The real packages on the other side: they write what we import, and read what we export."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from phi4eval.interop.exchange import export_run, import_runs
from phi4eval.store import load_run
from phi4eval.verify import verify_run
from tests.interop.test_export import stored

ROOT = Path(__file__).parents[2]
PEERS = Path(os.environ.get("PHI4EVAL_INTEROP_VENV", ROOT / ".venv-interop"))
needs_peers = pytest.mark.skipif(
    not (PEERS / "bin" / "every_eval_ever").exists(),
    reason="needs inspect-ai and every-eval-ever: make test-interop builds their environment",
)

TASK = """\
task: sums
dataset_path: json
dataset_kwargs: {{data_files: {{test: {rows}}}}}
test_split: test
output_type: generate_until
doc_to_text: "What is {{{{a}}}} + {{{{a}}}}?"
doc_to_target: "{{{{b}}}}"
generation_kwargs: {{until: ["###"], do_sample: false}}
metric_list: [{{metric: exact_match}}]
"""


def run_peer(*words: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_what_lm_eval_writes_is_imported(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"a": n, "b": str(2 * n)}) + "\n" for n in range(4)))
    (tmp_path / "sums.yaml").write_text(TASK.format(rows=rows))
    run_peer(
        Path(sys.executable).with_name("lm_eval"), "run", "--model", "dummy", "--tasks", "sums",
        "--include_path", tmp_path, "--output_path", tmp_path / "out", "--log_samples",
    )  # fmt: skip
    (made,) = import_runs(tmp_path / "out", results=tmp_path / "runs")
    (task,) = made.summary.tasks
    assert (task.task, task.items, task.done, task.complete) == ("sums", 4, 4, True)
    assert task.protocol_score is not None
    assert task.protocol_score.mean == 0.0
    assert verify_run(made.path) == ()
    records = {record.item.id: record for record in load_run(made.path).records()}
    assert records["3"].prompt.messages[0].content == "What is 3 + 3?"
    assert records["3"].key.gold == "6"


@pytest.mark.slow
@needs_peers
def test_what_inspect_writes_is_imported_from_both_of_its_formats(tmp_path: Path) -> None:
    script = Path(__file__).parent / "peers" / "write_inspect_logs.py"
    run_peer(PEERS / "bin" / "python", script, tmp_path / "logs", cwd=tmp_path)
    assert {file.suffix for file in (tmp_path / "logs").iterdir()} == {".json", ".eval"}
    made = import_runs(tmp_path / "logs", results=tmp_path / "runs")
    assert len(made) == 4
    for one in made:
        assert verify_run(one.path) == ()
        (task,) = one.summary.tasks
        assert task.complete
        if task.task == "sums":
            assert (task.items, task.repeats, task.done) == (3, 2, 6)
            # inspect's match compares texts and calls 4.00 wrong where 4 is right
            assert task.differ == 1
        else:
            assert (task.items, task.counts["correct"], task.differ) == (2, 1, 0)


@pytest.mark.slow
@needs_peers
def test_every_eval_evers_own_validator_passes_our_records(tmp_path: Path) -> None:
    path = stored(tmp_path / "runs")
    files = export_run(path, format="every-eval-ever", out=tmp_path / "out", developer="someone")
    names = [file.relative_to(tmp_path / "out") for file in files]
    said = run_peer(PEERS / "bin" / "every_eval_ever", "validate", *names, cwd=tmp_path / "out")
    assert "2 passed, 0 warning-only, 0 failed" in said


@pytest.mark.slow
@needs_peers
def test_every_eval_evers_reader_of_lm_eval_takes_our_layout(tmp_path: Path) -> None:
    export_run(stored(tmp_path / "runs"), format="lm-eval", out=tmp_path / "out", developer="someone")
    (results,) = (tmp_path / "out").rglob("results_*.json")
    run_peer(
        PEERS / "bin" / "every_eval_ever", "convert", "lm_eval",
        "--log_path", results, "--output_dir", tmp_path / "converted", cwd=tmp_path,
    )  # fmt: skip
    (file,) = (tmp_path / "converted").rglob("*.json")
    scores = {
        one["metric_config"].get("metric_name") or one["evaluation_name"]: one["score_details"]["score"]
        for one in json.loads(file.read_text())["evaluation_results"]
    }
    assert pytest.approx(next(iter(scores.values()))) == 2 / 3


def test_lm_evals_own_table_prints_our_layout(tmp_path: Path) -> None:
    from lm_eval.utils import make_table

    export_run(stored(tmp_path / "runs"), format="lm-eval", out=tmp_path / "out")
    (results,) = (tmp_path / "out").rglob("results_*.json")
    assert "|0.6667|" in make_table(json.loads(results.read_text()))
