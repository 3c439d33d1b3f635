"""Is a checkpoint that is still being written ever taken for one that is done?"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.errors import UsageError
from phi4eval.watching import checkpoints
from phi4eval.watching.checkpoints import broken_weights, find_checkpoints
from tests.watching.made import FILES, TINY, checkpoint

WEIGHTS = (TINY / "model.safetensors").read_bytes()


def problem(directory: Path, marker: str | None = None) -> str | None:
    (made,) = find_checkpoints(directory, marker=marker)
    return made.problem


def test_a_whole_checkpoint_has_no_problem(tmp_path: Path) -> None:
    checkpoint(tmp_path, "checkpoint-100")
    (made,) = find_checkpoints(tmp_path)
    assert (made.name, made.step, made.problem) == ("checkpoint-100", 100, None)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_what_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    checkpoint(tmp_path, "step-1", files=[file for file in FILES if file != missing])
    assert f"{missing} is missing" in str(problem(tmp_path))


def test_a_tokenizer_belongs_to_it(tmp_path: Path) -> None:
    checkpoint(tmp_path, "step-1", files=["config.json", "model.safetensors"])
    assert "tokenizer.json is missing" in str(problem(tmp_path))


def test_pickled_weights_are_never_read(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, "step-1", files=["config.json", "tokenizer.json"])
    (folder / "pytorch_model.bin").write_bytes(b"x")
    assert "is missing" in str(problem(tmp_path))


@given(st.integers(0, len(WEIGHTS) - 1))
def test_no_part_of_a_weight_file_is_whole(tmp_path_factory: pytest.TempPathFactory, size: int) -> None:
    file = tmp_path_factory.mktemp("w") / "model.safetensors"
    file.write_bytes(WEIGHTS[:size])
    assert "not written to its end" in str(broken_weights(file))


def test_a_file_that_was_made_longer_first_is_not_whole_either(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"\0" * len(WEIGHTS))  # some writers reserve the space before they fill it
    assert broken_weights(file) is not None
    file.write_bytes(WEIGHTS)
    assert broken_weights(file) is None


def test_every_shard_of_an_index_must_be_there_and_whole(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, "step-1", files=["config.json", "tokenizer.json"])
    shards = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    index = {"weight_map": {"a": shards[0], "b": shards[1]}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / shards[0]).write_bytes(WEIGHTS)
    assert f"{shards[1]} is missing" in str(problem(tmp_path))
    (folder / shards[1]).write_bytes(WEIGHTS[:-1])
    assert shards[1] in str(problem(tmp_path))
    (folder / shards[1]).write_bytes(WEIGHTS)
    assert problem(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", '{"model_type": "phi3"', "not json"])
def test_a_config_that_is_half_there_is_not_finished(tmp_path: Path, text: str) -> None:
    (checkpoint(tmp_path, "step-1") / "config.json").write_text(text)
    assert "config.json" in str(problem(tmp_path))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"weight_map": 3}'])
def test_an_index_that_is_half_there_is_not_finished(tmp_path: Path, text: str) -> None:
    (checkpoint(tmp_path, "step-1") / "model.safetensors.index.json").write_text(text)
    assert problem(tmp_path) is not None


def test_a_marker_says_when_it_is_done(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, "step-1")
    assert problem(tmp_path, marker="done") == "done is missing"
    (folder / "done").touch()
    assert problem(tmp_path, marker="done") is None


@pytest.mark.parametrize("name", [".hidden", "tmp-checkpoint-5", "phi.new", "phi.old", "step-5.tmp"])
def test_a_staged_directory_is_none(tmp_path: Path, name: str) -> None:
    checkpoint(tmp_path, name)
    assert find_checkpoints(tmp_path) == ()


def test_other_things_beside_checkpoints_are_none(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "events").write_text("x")
    (tmp_path / "config.json").write_text("{}")
    assert find_checkpoints(tmp_path) == ()


def test_a_link_to_a_neighbour_is_no_second_checkpoint_and_one_elsewhere_is(tmp_path: Path) -> None:
    checkpoint(tmp_path / "here", "step-1")
    checkpoint(tmp_path / "there", "step-2")
    (tmp_path / "here" / "latest").symlink_to("step-1")
    (tmp_path / "here" / "step-2").symlink_to(tmp_path / "there" / "step-2")
    assert [made.name for made in find_checkpoints(tmp_path / "here")] == ["step-1", "step-2"]


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("checkpoint-500", 500),
        ("phi-step-00500", 500),
        ("global_step12", 12),
        ("ckpt_7", 7),
        ("300", 300),
        ("phi-4", None),
        ("Llama-3.1-8B", None),
        ("final", None),
    ],
)
def test_the_step_is_what_the_name_says(tmp_path: Path, name: str, step: int | None) -> None:
    checkpoint(tmp_path, name, files=["config.json"])
    assert find_checkpoints(tmp_path)[0].step == step


@pytest.mark.parametrize(
    ("text", "step"), [('{"global_step": 90}', 90), ("{", None), ("[]", None), ("{}", None)]
)
def test_else_it_is_what_the_trainer_says(tmp_path: Path, text: str, step: int | None) -> None:
    (checkpoint(tmp_path, "best", files=["config.json"]) / "trainer_state.json").write_text(text)
    assert find_checkpoints(tmp_path)[0].step == step


def test_they_come_in_training_order_and_the_final_one_last(tmp_path: Path) -> None:
    for name in ("final", "step-1000", "step-200", "step-30"):
        checkpoint(tmp_path, name, files=["config.json"])
    assert [made.name for made in find_checkpoints(tmp_path)] == ["step-30", "step-200", "step-1000", "final"]


def test_other_content_is_another_state(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, "step-1")
    (before,) = find_checkpoints(tmp_path)
    assert find_checkpoints(tmp_path) == (before,)
    (folder / "extra.txt").write_text("x")
    assert find_checkpoints(tmp_path)[0].state != before.state
    shutil.rmtree(folder)
    assert find_checkpoints(tmp_path) == ()


def test_what_is_known_is_left_out_without_opening_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint(tmp_path, "step-1")
    (made,) = find_checkpoints(tmp_path)
    monkeypatch.setattr(checkpoints, "broken_weights", None)
    assert find_checkpoints(tmp_path, known={(made.name, made.state)}) == ()


def test_a_file_that_cannot_be_read_is_a_problem_of_its_checkpoint_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("step-1", "step-2"):
        checkpoint(tmp_path, name)
    real = Path.read_bytes

    def refused(self: Path) -> bytes:
        if self.parent.name == "step-1":
            raise PermissionError(13, "Permission denied", str(self))
        return real(self)

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert [made.problem for made in find_checkpoints(tmp_path)] == ["config.json: Permission denied", None]


def test_a_name_that_is_no_utf_8_is_escaped(tmp_path: Path) -> None:
    checkpoint(tmp_path, os.fsdecode(b"step-\xff"))
    (made,) = find_checkpoints(tmp_path)
    assert made.name == "step-\\udcff"
    assert made.problem is None


def test_a_directory_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no directory"):
        find_checkpoints(tmp_path / "none")
