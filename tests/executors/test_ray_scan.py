"""The same corpus through Ray Data, on a real local cluster, gives the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from phi4eval.contamination import ScanRequest, run_scan
from phi4eval.errors import MissingError
from tests.contamination.samples import FERRY, ITEMS, PROSE

OUTPUTS = ("findings.jsonl", "items.jsonl", "summary.json")


def corpus(folder: Path) -> Path:
    """Three files, one of them with a leak and broken lines."""
    folder.mkdir()
    for number in range(3):
        rows = [PROSE[number], FERRY.question if number == 1 else PROSE[0], PROSE[2]]
        lines = [json.dumps({"id": f"{number}-{k}", "text": text}) for k, text in enumerate(rows)]
        lines += ["{not json"] if number == 1 else []
        (folder / f"{number}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def test_without_ray_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    request = ScanRequest(corpora=(str(corpus(tmp_path / "c")),), out=str(tmp_path / "o"), executor="ray")
    with pytest.raises(MissingError) as caught:
        run_scan(ITEMS, request)
    assert "phi4eval[ray]" in (caught.value.hint or "")


@pytest.mark.slow
@pytest.mark.filterwarnings(
    # ray's own: what it closes with the interpreter, and settings that it sets itself
    "ignore::ResourceWarning",
    "ignore::FutureWarning",
    "ignore::DeprecationWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
def test_ray_and_one_process_write_the_same_bytes_and_ray_resumes(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra `ray` is not installed: make test-ray installs it")
    folder = corpus(tmp_path / "c")
    local = ScanRequest(corpora=(str(folder),), out=str(tmp_path / "local"))
    run_scan(ITEMS, local)
    spread = msgspec.structs.replace(local, out=str(tmp_path / "ray"), executor="ray", workers=2)
    run_scan(ITEMS, spread)
    for name in OUTPUTS:
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
    done: list[int] = []
    # all parts are in the ledger: nothing is left for a cluster to do, and none is started
    run_scan(ITEMS, spread, on_progress=lambda state: done.append(state.done))
    assert done == []
