"""Are vllm's settings checked before any engine is there, and which of them name a run? Needs no vllm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phi4eval.backends import BackendOptions, open_backend, vllm_args
from phi4eval.errors import MissingError, UsageError
from phi4eval.models import find_model


def settle(**args: str) -> vllm_args.Settings:
    return vllm_args.settle(BackendOptions(args=args))


def adapter(directory: Path, rank: object = 16) -> Path:
    directory.mkdir()
    (directory / "adapter_config.json").write_text(json.dumps({"r": rank}), encoding="utf-8")
    (directory / "adapter_model.safetensors").write_bytes(b"weights")
    return directory


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("tensor_parallel_size", "0", "not a whole number"),
        ("max_model_len", "long", "not a whole number"),
        ("gpu_memory_utilization", "1.5", "gpu_memory_utilization='1.5'"),
        ("gpu_memory_utilization", "most", "gpu_memory_utilization='most'"),
        ("gpu_memory_utilization", "nan", "gpu_memory_utilization='nan'"),
        ("enforce_eager", "yes", 'enforce_eager="yes"'),
        ("chat_template", "maybe", 'chat_template="maybe"'),
        ("enable_thinking", "1", 'enable_thinking="1"'),
        ("engine_args", "{", "engine_args is not JSON"),
        ("engine_args", "[1]", "not a JSON object"),
        ("engine_args", '{"trust_remote_code": true}', "may not set trust_remote_code"),
        ("engine_args", '{"model": "other"}', "may not set model"),
        ("lora", "/nowhere", "no LoRA adapter"),
        ("thinking_budget", "-1", "not a whole number"),
        ("startup_timeout", "0", "not a whole number"),
        ("tensor_parallel", "2", 'no argument "tensor_parallel"'),
    ],
)
def test_a_bad_setting_is_named(name: str, value: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        settle(**{name: value})


def test_a_typing_error_gets_the_nearest_name() -> None:
    with pytest.raises(UsageError) as caught:
        settle(tensor_paralel_size="2")
    assert 'did you mean "tensor_parallel_size"' in (caught.value.hint or "")


def test_settings_reach_the_engine_under_vllms_own_names() -> None:
    settings = settle(
        tensor_parallel_size="2",
        pipeline_parallel_size="3",
        data_parallel_size="4",
        quantization="fp8",
        gpu_memory_utilization="0.8",
        enforce_eager="off",
        engine_args='{"swap": 1}',
    )
    assert settings.engine == {
        "tensor_parallel_size": 2,
        "pipeline_parallel_size": 3,
        "data_parallel_size": 4,
        "quantization": "fp8",
        "gpu_memory_utilization": 0.8,
        "enforce_eager": False,
        "swap": 1,
    }


def test_concurrency_is_the_number_of_answers_at_the_same_time() -> None:
    assert vllm_args.settle(BackendOptions(concurrency=7)).engine == {"max_num_seqs": 7}


def test_what_moves_an_answer_names_the_run_and_sizes_do_not(tmp_path: Path) -> None:
    assert settle(tensor_parallel_size="2", max_model_len="99", startup_timeout="5").identity == {}
    moved = settle(
        quantization="fp8", thinking_budget="100", guided_regex="a+", engine_args='{"b": 1, "a": 2}'
    )
    assert moved.identity == {
        "quantization": "fp8",
        "thinking_budget": "100",
        "guided_regex": "a+",
        "engine_args": '{"a": 2, "b": 1}',
    }
    lora = settle(lora=str(adapter(tmp_path / "a"))).identity["lora"]
    assert lora == settle(lora=str(adapter(tmp_path / "b"))).identity["lora"]
    assert lora != settle(lora=str(adapter(tmp_path / "c", rank=8))).identity["lora"]


@pytest.mark.parametrize("rank", ["x", None, 0, 1.5])
def test_an_adapter_with_a_broken_rank_is_named(tmp_path: Path, rank: object) -> None:
    with pytest.raises(UsageError):
        settle(lora=str(adapter(tmp_path / "broken", rank)))


def test_a_thinking_budget_counts_between_the_marks_that_graders_know() -> None:
    config = settle(thinking_budget="9").engine["reasoning_config"]
    assert config == {"reasoning_start_str": "<think>", "reasoning_end_str": "</think>"}
    assert "reasoning_config" not in settle(thinking_budget="9", reasoning_parser="deepseek_r1").engine


def test_without_vllm_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_args, "find_spec", lambda name: None)
    with pytest.raises(MissingError, match="needs vllm") as caught:
        open_backend("vllm", find_model("phi-tiny"), BackendOptions())
    assert "phi4eval[vllm]" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("installed", "warned"),
    [("0.33.0", False), ("0.32.1", False), ("0.34.0", True), ("1.0", True), ("0.3", True)],
)
def test_a_version_that_was_not_tried_is_warned_about(
    monkeypatch: pytest.MonkeyPatch, installed: str, warned: bool
) -> None:
    monkeypatch.setattr(vllm_args, "find_spec", lambda name: object())
    monkeypatch.setattr(vllm_args, "version", lambda name: installed)
    found, warnings = vllm_args.require()
    assert found == installed
    assert bool(warnings) == warned
