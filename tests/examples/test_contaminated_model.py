"""A checkpoint trained on a task's items is caught; the clean one and one trained on twins are not."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from examples.contaminated_model.finetune import finetune, page_of
from phi4eval.backends import BackendOptions, open_scorer, weights
from phi4eval.models import find_model
from phi4eval.probes.records import ProbeRequest
from phi4eval.probes.run import Model, Probed, probe_tasks
from phi4eval.task import find_task, load_dataset

TASK = find_task("math_sample")
DATASET = load_dataset(TASK)
ITEMS = DATASET.items[:32]
CLEAN = Path(weights.locate(find_model("phi-tiny")).directory)


def found(directory: Path) -> str:
    scorer = open_scorer("hf", find_model(str(directory)), BackendOptions())
    try:
        request = ProbeRequest(probes=("twin",))
        return probe_tasks(Model(scorer, None), [Probed(TASK, DATASET, ITEMS)], request)[0].found
    finally:
        scorer.close()


@pytest.mark.slow
@pytest.mark.parametrize(("control", "expected"), [(False, "caught"), (True, "no sign")])
def test_what_was_trained_on_is_caught_and_its_style_is_not(
    tmp_path: Path, control: bool, expected: str
) -> None:
    finetune(CLEAN, page_of(ITEMS, control=control), tmp_path / "tuned", passes=14)
    assert found(tmp_path / "tuned") == expected


@pytest.mark.slow
def test_the_clean_checkpoint_is_not_caught() -> None:
    assert found(CLEAN) == "no sign"
