"""A log of Inspect is read whole or refused with the file and the field at fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from phi4eval.errors import DataError
from phi4eval.interop import reading
from phi4eval.interop.inspect_log import read_log
from tests.interop.made import SECRET, inspect_archive, inspect_json, inspect_log, inspect_sample


def test_a_log_has_its_model_sampling_and_answers(tmp_path: Path) -> None:
    run = read_log(inspect_json(tmp_path / "log.json"))
    (task,) = run.tasks
    assert (run.tool, run.tool_version, run.model, run.seed) == ("inspect", "0.3.285", "openai/m", 11)
    assert (task.name, task.version, task.dataset, task.metric) == ("sums", "2", "sums", "match")
    assert (task.sampling.temperature, task.sampling.max_tokens) == (0.5, 77)
    first, second = task.samples
    assert [m.role for m in first.messages] == ["system", "user"]
    assert (first.item, first.sample, first.text, first.gold) == ("1", 0, "4", "4")
    assert (first.prompt_tokens, first.completion_tokens, first.seconds) == (9, 3, 0.5)
    assert first.recorded is not None
    assert second.recorded is not None
    assert (first.recorded.verdict, second.recorded.verdict) == ("correct", "incorrect")
    assert SECRET not in repr(run)


@pytest.mark.parametrize("packed", ["store", "deflate", "zstd"])
def test_an_archive_says_the_same_as_the_json(tmp_path: Path, packed: str) -> None:
    plain = read_log(inspect_json(tmp_path / "log.json"))
    archive = read_log(inspect_archive(tmp_path / "log.eval", packed=packed))
    assert archive.tasks == plain.tasks


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("C", ("correct", 1.0)),
        ("I", ("incorrect", 0.0)),
        ("P", ("incorrect", 0.5)),
        ("N", ("no_answer", 0.0)),
        (1, ("correct", 1.0)),
        (True, ("correct", 1.0)),
        (0.25, ("incorrect", 0.25)),
        (["C"], None),
        ({"a": 1}, None),
        ("free text", None),
        (None, None),
    ],
    ids=str,
)
def test_scores_become_verdicts(tmp_path: Path, value: object, expected: object) -> None:
    sample = inspect_sample(scores={"match": {"value": value}})
    (read,) = read_log(inspect_json(tmp_path / "log.json", [sample])).tasks[0].samples
    assert (read.recorded and (read.recorded.verdict, read.recorded.score)) == expected


def test_reasoning_is_kept_apart_from_the_answer(tmp_path: Path) -> None:
    parts = [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "4"}, {"type": "image"}]
    output = {"choices": [{"message": {"role": "assistant", "content": parts}, "stop_reason": "max_tokens"}]}
    (read,) = read_log(inspect_json(tmp_path / "l.json", [inspect_sample(output=output)])).tasks[0].samples
    assert (read.text, read.reasoning, read.finish) == ("4", "hm", "length")


def test_a_failed_sample_is_an_error_and_no_wrong_answer(tmp_path: Path) -> None:
    failed = inspect_sample(output={"choices": []}, error={"message": "HTTP 500"}, scores={})
    (read,) = read_log(inspect_json(tmp_path / "log.json", [failed])).tasks[0].samples
    assert (read.finish, read.error, read.recorded) == ("error", "HTTP 500", None)


def test_a_log_that_did_not_end_well_says_so(tmp_path: Path) -> None:
    run = read_log(inspect_json(tmp_path / "log.json", status="cancelled"))
    assert "the log's status is cancelled" in run.tasks[0].notes


def test_the_scorer_can_be_chosen_and_a_typo_gets_the_nearest(tmp_path: Path) -> None:
    both = {"match": {"value": "I"}, "model_graded": {"value": "C"}}
    path = inspect_json(tmp_path / "log.json", [inspect_sample(scores=both)])
    (read,) = read_log(path, metric="model_graded").tasks[0].samples
    assert read.recorded is not None
    assert read.recorded.verdict == "correct"
    with pytest.raises(DataError) as caught:
        read_log(path, metric="model_grade")
    assert "model_graded" in str(caught.value.hint)


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "id is a list": ({"id": []}, "id"),
    "epoch is zero": ({"epoch": 0}, "epoch"),
    "target is a number": ({"target": 3}, "target"),
    "a score above 1": ({"scores": {"match": {"value": 7}}}, "match is 7"),
    "output is a list": ({"output": []}, "output"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_sample_is_named_by_file_and_field(tmp_path: Path, name: str) -> None:
    changes, field = BROKEN[name]
    path = inspect_json(tmp_path / "log.json", [inspect_sample(**changes)])
    with pytest.raises(DataError) as caught:
        read_log(path)
    assert field in caught.value.message
    assert "log.json" in caught.value.message


@pytest.mark.parametrize("name", ["log.json", "log.eval"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_log_that_is_cut_off_is_refused(tmp_path: Path, name: str, share: float) -> None:
    path = tmp_path / name
    (inspect_archive if name.endswith(".eval") else inspect_json)(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(DataError, match="log"):
        read_log(path)


def test_a_damaged_entry_is_named(tmp_path: Path) -> None:
    path = inspect_archive(tmp_path / "log.eval")
    data = bytearray(path.read_bytes())
    at = data.find(b"\x28\xb5\x2f\xfd")  # the first entry's zstd frame
    data[at + 8 : at + 40] = bytes(32)
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"samples/1_epoch_1\.json"):
        read_log(path)


@pytest.mark.parametrize("packed", ["deflate", "zstd"])
def test_an_entry_that_unpacks_to_far_too_much_is_refused(
    tmp_path: Path, packed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_ENTRY", 2_000)
    bomb = inspect_sample(answer="0" * 100_000)
    with pytest.raises(DataError, match="larger than"):
        read_log(inspect_archive(tmp_path / "log.eval", [bomb], packed=packed))


def without_samples(folder: Path, **changes: Any) -> Path:
    log = inspect_log(**changes)
    log["samples"] = None
    log["eval"]["dataset"]["samples"] = 40
    path = folder / "log.json"
    path.write_text(json.dumps(log))
    return path


def test_a_log_without_samples_has_the_reported_score_alone(tmp_path: Path) -> None:
    metrics = {"accuracy": {"value": 0.5}, "stderr": {"value": 0.1}}
    path = without_samples(tmp_path, results={"scores": [{"name": "match", "metrics": metrics}]})
    (task,) = read_log(path).tasks
    assert (task.samples, task.items) == ((), 40)
    assert task.reported is not None
    assert (task.reported.mean, task.reported.n) == (0.5, 40)
    assert task.reported.low == pytest.approx(0.304)
    assert task.reported.high == pytest.approx(0.696)


@pytest.mark.parametrize(
    "results",
    [None, {"scores": [{"name": "match", "metrics": {"f1": {"value": 0.5}}}]}],
    ids=["no results", "no accuracy"],
)
def test_a_log_with_neither_samples_nor_a_score_is_refused(tmp_path: Path, results: object) -> None:
    with pytest.raises(DataError, match="neither samples nor a score"):
        read_log(without_samples(tmp_path, results=results))
