"""Which device, precision and batches do the user's `--backend-arg` settings ask of hf?"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import msgspec

from phi4eval.backends import prompt_ids
from phi4eval.backends.options import BackendOptions, check_args, whole_number
from phi4eval.errors import MissingError, UsageError

ARGS = {
    "device": "auto, cpu, cuda, cuda:N, or all: the layers over all GPUs",
    "quantization": "4bit or 8bit: weights packed on loading, with bitsandbytes",
    "dtype": "auto, float32, bfloat16 or float16",
    "batch_size": "most prompts decoded together",
    "max_batch_tokens": "most tokens, prompts and answers, decoded together",
    "threads": "CPU threads of PyTorch",
    **prompt_ids.ARGS,
}

NARROW = 512
"""Hidden size up to which one CPU thread is the default."""

BATCH_SIZE = {"cpu": 32, "cuda": 256}
_DTYPES = ("float32", "bfloat16", "float16")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The backend's arguments, checked. batch_tokens: None = by memory."""

    device: str
    dtype: str
    batch_size: int
    batch_tokens: int | None
    bits: int | None
    template: bool | None
    thinking: bool | None
    threads: int | None


def settle(options: BackendOptions) -> Settings:
    args = options.args
    check_args("hf", args, ARGS)
    try:
        import torch
        import transformers  # noqa: F401
    except ImportError as error:
        raise MissingError(
            f"the hf backend needs {error.name or 'torch'}, which is not installed",
            "pip install 'phi4eval[hf]'",
        ) from error
    device = _device(torch, args.get("device", "auto"))
    dtype = args.get("dtype", "auto")
    if dtype == "auto":
        dtype = "float32" if device == "cpu" else "bfloat16"
    if dtype not in _DTYPES:
        raise UsageError(f'backend "hf": dtype="{dtype}" is not known', f"give auto, {', '.join(_DTYPES)}")
    if (packing := args.get("quantization")) not in (None, "4bit", "8bit"):
        raise UsageError(f'backend "hf": quantization="{packing}" is not known', "give 4bit or 8bit")
    if packing is not None and find_spec("bitsandbytes") is None:
        raise MissingError(
            f"{packing} weights need bitsandbytes, which is not installed", "pip install bitsandbytes"
        )
    bits = None if packing is None else int(packing[0])
    numbers = {
        name: whole_number("hf", name, args[name], least=1)
        for name in ("batch_size", "max_batch_tokens", "threads")
        if name in args
    }
    default = BATCH_SIZE["cpu" if device == "cpu" else "cuda"]
    return Settings(
        device=device,
        dtype=dtype,
        batch_size=numbers.get("batch_size") or options.concurrency or default,
        batch_tokens=numbers.get("max_batch_tokens"),
        bits=bits,
        template=prompt_ids.switch("hf", "chat_template", args.get("chat_template")),
        thinking=prompt_ids.switch("hf", "enable_thinking", args.get("enable_thinking")),
        threads=numbers.get("threads"),
    )


def _device(torch: Any, wanted: str) -> str:
    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == "auto":
        return "cuda:0" if cuda else "cpu"
    if wanted == "all":
        return "all" if cuda > 1 else _device(torch, "auto")
    kind, _, number = wanted.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdecimal()):
        raise UsageError(
            f'backend "hf": device="{wanted}" is not known', "give auto, all, cpu, cuda or cuda:N"
        )
    if kind == "cpu":
        return "cpu"
    if int(number or 0) >= cuda:
        raise MissingError(
            f"device {wanted} is not there: PyTorch sees {cuda} CUDA devices", "give device=cpu"
        )
    return f"cuda:{number or 0}"


def is_narrow(config: Any) -> bool:
    """A model whose matrices are so small that a second thread costs more than it brings.

    Measured with phi-tiny (width 192) on 2 shared cores: 9 s with one thread, 15 to 18 s with two.
    """
    return int(getattr(config.get_text_config(decoder=True), "hidden_size", NARROW + 1)) <= NARROW


def thread_count(settings: Settings) -> int:
    import torch

    return settings.threads or torch.get_num_threads()
