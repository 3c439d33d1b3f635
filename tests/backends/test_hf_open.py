"""Does opening a checkpoint refuse what it must, cheaply, and say exactly what runs?"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from phi4eval.backends import hf, hf_args, hf_load, open_backend, weights
from phi4eval.backends.options import BackendOptions
from phi4eval.errors import MissingError, UsageError
from phi4eval.models import find_model
from phi4eval.types import ModelSpec
from tests.backends.tiny_phi import answer, ask, save_tiny_phi, start


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_phi(tmp_path_factory.mktemp("checkpoints") / "tiny")


def broken(tiny: Path, tmp_path: Path, change: Callable[[Path], Any]) -> Path:
    directory = shutil.copytree(tiny, tmp_path / "broken")
    change(directory)
    return directory


def remove(*names: str) -> Callable[[Path], None]:
    def change(directory: Path) -> None:
        for name in names:
            (directory / name).unlink()

    return change


def pickled(directory: Path) -> None:
    (directory / "model.safetensors").rename(directory / "pytorch_model.bin")


def sharded(directory: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (directory / "model.safetensors").rename(directory / "model-00001-of-00002.safetensors")
    (directory / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def write(name: str, text: str) -> Callable[[Path], Any]:
    return lambda directory: (directory / name).write_text(text, encoding="utf-8")


def edit_config(**changes: Any) -> Callable[[Path], None]:
    def change(directory: Path) -> None:
        file = directory / "config.json"
        config = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps({**config, **changes}), encoding="utf-8")

    return change


# ---------------------------------------------------------------- checkpoints


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        (remove("config.json"), "config.json is missing", "save_pretrained"),
        (remove("model.safetensors"), "model.safetensors is missing", "save_pretrained"),
        (remove("tokenizer.json", "tokenizer_config.json"), "tokenizer.json is missing", "save_pretrained"),
        (pickled, "model.safetensors is missing", "pickled weights can run code"),
        (sharded, "model-00002-of-00002.safetensors is missing", "save_pretrained"),
        (write("model.safetensors.index.json", "[]"), "not a list of weight files", "again"),
        (write("config.json", "{"), 'checkpoint "broken" could not be read', "fetch it again"),
        (edit_config(model_type="no-such-model"), 'checkpoint "broken" could not be read', "transformers"),
        (
            edit_config(model_type="own-code", auto_map={"AutoConfig": "own.Config"}),
            'checkpoint "broken" could not be read',
            "never run",
        ),
    ],
)
def test_a_directory_that_is_no_checkpoint_is_refused_at_once(
    tiny: Path, tmp_path: Path, change: Callable[[Path], Any], message: str, hint: str
) -> None:
    directory = broken(tiny, tmp_path, change)
    with pytest.raises(UsageError) as caught:
        start(directory)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert len(caught.value.message.splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (write("model.safetensors", "no weights"), "could not be read"),
        (edit_config(num_hidden_layers=3), "lacks 6 weights, such as model.layers.2."),
        (edit_config(hidden_size=64), "could not be read"),
    ],
    ids=["garbage", "missing-layer", "other-shape"],
)
def test_weights_that_do_not_fit_the_config_are_refused_and_never_filled_with_noise(
    tiny: Path, tmp_path: Path, change: Callable[[Path], Any], message: str
) -> None:
    backend = start(broken(tiny, tmp_path, change))
    with pytest.raises(UsageError, match=message):
        answer(backend, ask("hello"))


def test_code_that_lies_beside_the_weights_is_not_run(tiny: Path, tmp_path: Path) -> None:
    marker = tmp_path / "was-run"
    directory = broken(tiny, tmp_path, edit_config(auto_map={"AutoModelForCausalLM": "own.Model"}))
    (directory / "own.py").write_text(f"open({str(marker)!r}, 'w')\nclass Model: pass\n", encoding="utf-8")
    completions = answer(start(directory), ask("hello"))
    assert completions["hello", 0].finish == "length"
    assert not marker.exists()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (ModelSpec(name="gpt", api_model="gpt"), 'model "gpt" has no weights to load'),
        (ModelSpec(name="m", weights="./nowhere"), 'model directory "./nowhere" not found'),
        (ModelSpec(name="m", weights="/no/where/here"), 'model directory "/no/where/here" not found'),
    ],
)
def test_a_model_without_weights_here_is_a_usage_error(spec: ModelSpec, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        hf.open(spec, BackendOptions())


def test_a_packaged_checkpoint_that_was_not_installed_is_missing() -> None:
    with pytest.raises(MissingError, match='"none" is not part of this installation') as caught:
        hf.open(ModelSpec(name="none", weights="package:none"), BackendOptions())
    assert caught.value.exit_code == 4


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"batchsize": "3"}, 'has no argument "batchsize"'),
        ({"batch_size": "0"}, "batch_size='0' is not a whole number"),
        ({"batch_size": "many"}, "batch_size='many' is not a whole number"),
        ({"max_batch_tokens": "-1"}, "max_batch_tokens='-1'"),
        ({"threads": "1.5"}, "threads='1.5'"),
        ({"device": "tpu"}, 'device="tpu" is not known'),
        ({"device": "cuda:x"}, 'device="cuda:x" is not known'),
        ({"dtype": "int8"}, 'dtype="int8" is not known'),
        ({"chat_template": "maybe"}, 'chat_template="maybe" is not known'),
    ],
)
def test_an_unknown_argument_is_refused(tiny: Path, args: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        start(tiny, **args)


def test_a_device_that_is_not_there_is_missing(tiny: Path) -> None:
    with pytest.raises(MissingError, match="cuda:99 is not there") as caught:
        start(tiny, device="cuda:99")
    assert caught.value.hint == "give device=cpu"


def test_a_template_that_is_asked_for_must_exist(tmp_path: Path) -> None:
    directory = save_tiny_phi(tmp_path / "plain", template=None)
    with pytest.raises(UsageError, match="has no chat template"):
        start(directory, chat_template="on")


@pytest.mark.parametrize("module", ["torch", "transformers"])
def test_a_missing_library_names_the_extra_to_install(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingError, match=module) as caught:
        start(tiny)
    assert caught.value.hint == "pip install 'phi4eval[hf]'"


def test_concurrency_is_the_batch_size_where_none_is_given(tiny: Path) -> None:
    spec = ModelSpec(name="tiny", weights=str(tiny))
    assert hf.open(spec, BackendOptions(concurrency=7)).fingerprint.details["batch_size"] == "7"
    both = BackendOptions(concurrency=7, args={"batch_size": "3"})
    assert hf.open(spec, both).fingerprint.details["batch_size"] == "3"


def test_threads_are_set_when_the_weights_are_loaded(tiny: Path) -> None:
    before = torch.get_num_threads()
    try:
        backend = start(tiny, threads="1")
        assert backend.fingerprint.details["threads"] == "1"
        answer(backend, ask("hello"))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


# ---------------------------------------------------------------- what runs


def test_opening_and_counting_tokens_load_no_weights(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hf_load, "load_model", None)
    backend = start(tiny)
    assert backend.fingerprint.weights is not None
    assert backend.tokens(ask("hello")).count > 0


def test_the_fingerprint_says_what_can_move_a_result(tiny: Path) -> None:
    fingerprint = start(tiny, device="cpu").fingerprint
    assert (fingerprint.backend, fingerprint.model) == ("hf", "tiny")
    assert fingerprint.identity["dtype"] == "float32"
    assert len(fingerprint.identity["chat_template"]) == 16
    assert fingerprint.details["device"] == "cpu"
    assert fingerprint.details["torch"] == torch.__version__.partition("+")[0] or torch.__version__
    assert set(fingerprint.details) == {
        "torch",
        "transformers",
        "device",
        "threads",
        "batch_size",
        "parameters",
    }


def test_a_dtype_is_part_of_the_identity_and_used(tiny: Path) -> None:
    backend = start(tiny, dtype="bfloat16")
    assert backend.fingerprint.identity["dtype"] == "bfloat16"
    assert answer(backend, ask("hello"))["hello", 0].finish == "length"


def test_a_model_without_end_token_is_warned_about(tmp_path: Path) -> None:
    directory = save_tiny_phi(tmp_path / "endless", eos_token_id=None)
    config = json.loads((directory / "tokenizer_config.json").read_text(encoding="utf-8"))
    del config["eos_token"]
    (directory / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    backend = start(directory)
    answer(backend, ask("hello"))
    assert backend.warnings == ("endless names no end token: every answer runs to its token limit",)


def test_nothing_is_drawn_on_the_terminal_and_the_librarys_settings_come_back(
    tiny: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers.utils import logging

    before = (logging.get_verbosity(), logging.is_progress_bar_enabled())
    answer(start(tiny), ask("hello"))
    assert capfd.readouterr() == ("", "")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def test_the_module_is_imported_without_torch() -> None:
    code = "import sys, phi4eval.backends.hf; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code]) == 0


# ---------------------------------------------------------------- packed weights, and how much fits


@pytest.mark.parametrize("bits", ["4bit", "8bit"])
def test_packed_weights_answer_and_name_the_run(bits: str) -> None:
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed: pip install bitsandbytes")
    backend = open_backend("hf", find_model("phi-tiny"), BackendOptions(args={"quantization": bits}))
    assert backend.fingerprint.identity["quantization"] == bits
    completion = answer(backend, ask("What is 23 + 45?"))["What is 23 + 45?", 0]  # type: ignore[arg-type]
    assert completion.finish == "stop"
    assert "68" in completion.text


def test_packed_weights_without_their_library_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hf_args, "find_spec", lambda name: None)
    with pytest.raises(MissingError, match="bitsandbytes, which is not installed") as caught:
        open_backend("hf", find_model("phi-tiny"), BackendOptions(args={"quantization": "4bit"}))
    assert caught.value.hint == "pip install bitsandbytes"
    with pytest.raises(UsageError, match='quantization="2bit"'):
        open_backend("hf", find_model("phi-tiny"), BackendOptions(args={"quantization": "2bit"}))


def test_all_devices_of_a_machine_without_gpus_are_its_cpu() -> None:
    backend = open_backend("hf", find_model("phi-tiny"), BackendOptions(args={"device": "all"}))
    assert backend.fingerprint.details["device"] == "cpu"


def test_a_batch_takes_no_more_than_a_share_of_the_memory_that_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psutil

    checkpoint = weights.locate(find_model(str(save_tiny_phi(tmp_path / "tiny"))))
    model = hf_load.load_model(checkpoint, "tiny", device="cpu", dtype="float32")
    per_token = 2 * 2 * 2 * 8 * 4  # keys and values, layers, heads, size, bytes
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1_000_000))
    assert hf_load.token_budget(model) == 300_000 // per_token
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10**15))
    assert hf_load.token_budget(model) == hf_load.CPU_BATCH_TOKENS
