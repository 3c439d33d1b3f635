"""The wheel carries all it needs: installed into a clean environment, it runs phi-tiny on a sample task."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(words, check=True, capture_output=True, text=True)
    (path,) = out.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_carries_tasks_samples_baselines_models_and_types(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "phi4eval/py.typed",
        "phi4eval/_data/tasks/gpqa.yaml",
        "phi4eval/_data/tasks/suites/report.yaml",
        "phi4eval/_data/tasks/samples/amc_sample.jsonl",
        "phi4eval/_data/baselines/phi4_report.yaml",
        "phi4eval/_data/baselines/claims.yaml",
        "phi4eval/models/models.yaml",
        "phi4eval/models/phi-tiny/model.safetensors",
        "phi4eval/models/phi-tiny/tokenizer.json",
        "phi4eval/models/phi-tiny-plain/model.safetensors",
    ):
        assert wanted in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any("tests/" in name or "__pycache__" in name for name in names)


@pytest.mark.slow
def test_a_clean_environment_runs_the_wheel(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True
    )
    # the dependencies are those of this environment; paths added so bring no editable installs along
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    words = [tmp_path / "venv" / "bin" / "phi4eval", "run", "--model", "phi-tiny", "--tasks", "amc_sample"]
    done = subprocess.run(
        [*map(str, words), "--limit", "2", "--repeats", "1", "--max-tokens", "64", "--json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert str(tmp_path) in str((tmp_path / "results" / "runs").resolve())
    assert '"amc_sample"' in json.dumps(result)
    where = "import phi4eval; print(phi4eval.__file__)"
    shown = subprocess.run([python, "-c", where], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert shown.stdout.startswith(str(tmp_path)), "the test must not see the checkout"
