"""Real checkpoints in order: better ones pass, a damaged one fails, and a watch that is killed goes on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from phi4eval.api import run
from phi4eval.cli.main import main
from phi4eval.comparison.build import compare
from phi4eval.history import History, Judged
from phi4eval.verify import verify_run
from tests.watching.made import FILES, TINY

pytestmark = pytest.mark.slow
ITEMS = "48"
POLICY = "rules:\n- {rule: no-regression, margin: 0.02, detect: 0.15}\n"
# noise on the weights, in standard deviations of each matrix: less and less of it, as a training would
TRAINED = {"step-1": 0.5, "step-2": 0.4, "step-3": 0.3, "step-4": 0.0}


def noisy(folder: Path, deviations: float) -> Path:
    """phi-tiny with noise added to every matrix of its weights."""
    import torch
    from safetensors.torch import load_file, save_file

    folder.mkdir(parents=True)
    for file in FILES:
        shutil.copy(TINY / file, folder)
    generator = torch.Generator().manual_seed(0)
    weights = load_file(TINY / "model.safetensors")
    for name, values in weights.items():
        if values.ndim == 2:
            exact = values.float()
            noise = torch.randn(values.shape, generator=generator)
            weights[name] = (exact + deviations * exact.std() * noise).to(values.dtype)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def words(folder: Path, *more: str) -> list[str]:
    (folder / "gate.yaml").write_text(POLICY)
    return [
        *("watch", str(folder / "checkpoints"), "--suite", "phi_tiny_math", "--limit", ITEMS, "--once"),
        *("--max-tokens", "96", "--settle", "0", "--policy", str(folder / "gate.yaml")),
        *("--out", str(folder / "out"), "--results", str(folder / "runs"), *more),
    ]


def test_better_checkpoints_pass_in_order_and_a_damaged_one_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, deviations in TRAINED.items():
        noisy(tmp_path / "checkpoints" / name, deviations)
    assert main([*words(tmp_path), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["kind"], made["schema"]) == ("watch", 1)
    assert [(e["checkpoint"], e["standing"]) for e in made["entries"]] == [
        ("step-1", "first"),
        ("step-2", "pass"),
        ("step-3", "pass"),
        ("step-4", "pass"),
    ]
    scores = [entry["points"][0]["score"]["mean"] for entry in made["entries"]]
    assert scores == sorted(scores)
    assert scores[-1] - scores[0] > 0.5

    noisy(tmp_path / "checkpoints" / "step-5", 0.45)
    said = tmp_path / "said"
    assert main([*words(tmp_path), "--on-fail", f"sh -c 'echo $PHI4EVAL_CHECKPOINT >> {said}'"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("step-5: fail against step-4\n")
    assert max(map(len, shown.splitlines())) <= 80
    assert said.read_text() == "step-5\n"
    assert main(words(tmp_path)) == 0, "everything is judged already"
    assert capsys.readouterr().out == ""
    for entry in History(tmp_path / "out").current():
        assert verify_run(Path(str(entry.run))) == ()


def test_the_gain_of_synthetic_steps_has_its_interval(tmp_path: Path) -> None:
    """The report's with-and-without experiment at the smallest scale; the interval excludes 50 points."""
    runs = [
        run(model=model, tasks="phi_tiny_math", limit=int(ITEMS), max_tokens=96, results=tmp_path)
        for model in ("phi-tiny-plain", "phi-tiny")
    ]
    ((task,),) = (pair.tasks for pair in compare(*(made.run_id for made in runs), results=tmp_path).pairs)
    assert task.told_apart
    assert task.items == int(ITEMS)
    assert task.delta.interval[0] > 0.5
    assert task.table is not None
    assert task.table.gained > 25 > task.table.lost


def test_a_watch_that_is_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    for name in ("step-1", "step-2"):
        noisy(tmp_path / "checkpoints" / name, 0.0)
    few = [sys.executable, "-m", "phi4eval", *words(tmp_path, "--limit", "4")]
    killed = subprocess.run(
        [*few, "--on-verdict", "sh -c 'kill -9 $PPID'"], capture_output=True, timeout=120, check=False
    )
    assert killed.returncode == -9
    assert [entry.checkpoint for entry in History(tmp_path / "out").judged] == ["step-1"]
    told = tmp_path / "told"
    done = subprocess.run(
        [*few, "--on-verdict", f"sh -c 'echo $PHI4EVAL_CHECKPOINT >> {told}'"],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    history = History(tmp_path / "out")
    assert told.read_text().split() == ["step-1", "step-2"], "the first command was not seen to end"
    assert [entry.checkpoint for entry in history.judged] == ["step-1", "step-2"]
    assert all(isinstance(entry, Judged) and entry.run for entry in history.judged)
