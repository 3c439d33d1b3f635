"""Engines for the tests of the vllm backend; `make test-vllm` runs them, elsewhere they are skipped."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from phi4eval.backends import BackendOptions, open_backend
from phi4eval.models import find_model

# an engine that is compiled first starts half a minute later
EAGER = {"dtype": "float32", "enforce_eager": "on", "max_num_seqs": "32"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    from importlib.util import find_spec

    if find_spec("vllm") is None:
        for item in items:
            if "tests/vllm/" in item.path.as_posix():
                item.add_marker(pytest.mark.skip(reason="vllm is not installed here: make test-vllm"))


def started(**args: str) -> Any:
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    return open_backend("vllm", find_model("phi-tiny"), BackendOptions(args={**EAGER, **args}))


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    backend = started()
    yield backend
    backend.close()


def write_adapter(directory: Path, *, scale: float) -> Path:
    """A LoRA adapter of rank 4 for every attention output of phi-tiny, in peft's layout."""
    import torch
    from safetensors.torch import save_file

    weights = Path(find_model("phi-tiny").weights or "").name.removeprefix("package:")
    config = json.loads((Path(__file__).parents[2] / "phi4eval/models" / weights / "config.json").read_text())
    size = config["hidden_size"]
    made = torch.Generator().manual_seed(0)
    tensors = {}
    for layer in range(config["num_hidden_layers"]):
        name = f"base_model.model.model.layers.{layer}.self_attn.o_proj.lora"
        tensors[f"{name}_A.weight"] = scale * torch.randn(4, size, generator=made)
        tensors[f"{name}_B.weight"] = scale * torch.randn(size, 4, generator=made)
    directory.mkdir()
    save_file(tensors, directory / "adapter_model.safetensors")
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": 4,
        "lora_alpha": 4,
        "target_modules": ["o_proj"],
        "base_model_name_or_path": "phi-tiny",
        "bias": "none",
    }
    (directory / "adapter_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return directory


@pytest.fixture(scope="session")
def adapted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An engine with an adapter and a thinking budget."""
    adapter = write_adapter(tmp_path_factory.mktemp("adapters") / "loud", scale=0.3)
    backend = started(lora=str(adapter), thinking_budget="6")
    yield backend
    backend.close()
