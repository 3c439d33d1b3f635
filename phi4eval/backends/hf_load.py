"""How does a checkpoint become a tokenizer, a config and a model in memory?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from phi4eval.backends import weights
from phi4eval.errors import MissingError, UsageError

CPU_BATCH_TOKENS = 2**16
CUDA_MEMORY_SHARE = 0.6
"""Of the free memory after loading: the rest is for activations."""

CPU_MEMORY_SHARE = 0.3
"""Of the memory available: other programs live here too."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' bars and log lines off the terminal for a while, and put its settings back."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def describe(checkpoint: weights.Checkpoint, name: str) -> tuple[Any, Any]:
    """Tokenizer and config of a checkpoint."""
    from transformers import AutoConfig, AutoTokenizer

    try:
        config = AutoConfig.from_pretrained(
            checkpoint.directory, trust_remote_code=False, local_files_only=True
        )
        tokenizer = AutoTokenizer.from_pretrained(
            checkpoint.directory, config=config, trust_remote_code=False, local_files_only=True
        )
    except Exception as error:  # broken files make the library raise anything
        raise _unreadable(name, error) from error
    return tokenizer, config


def load_model(
    checkpoint: weights.Checkpoint, name: str, *, device: str, dtype: str, bits: int | None = None
) -> Any:
    """The model with its weights, on its device, ready for inference.

    device: `all` lays the layers out over all GPUs by their free memory (accelerate). bits: 4 or 8 packs the
    weights of linear layers on loading (bitsandbytes), None leaves them.
    """
    import torch
    from transformers import AutoModelForCausalLM

    packed = {} if bits is None else {"quantization_config": _packing(bits, getattr(torch, dtype))}
    try:
        model, found = AutoModelForCausalLM.from_pretrained(
            checkpoint.directory,
            dtype=getattr(torch, dtype),
            device_map="auto" if device == "all" else {"": device},
            **packed,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except (torch.OutOfMemoryError, MemoryError) as error:
        hint = "use a larger device, a smaller dtype, or an endpoint (--backend api)"
        raise MissingError(f'"{name}" does not fit on {device}', hint) from error
    except Exception as error:
        raise _unreadable(name, error) from error
    if found["missing_keys"]:
        # the library fills such weights with random numbers and goes on
        missing = sorted(found["missing_keys"])
        raise UsageError(
            f'checkpoint "{name}" lacks {len(missing)} weights, such as {missing[0]}',
            "fetch or save it again",
        )
    return model  # from_pretrained leaves it in evaluation mode


def _packing(bits: int, dtype: Any) -> Any:
    from transformers import BitsAndBytesConfig

    if bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True)
    # NF4 with its constants packed too: what QLoRA (arXiv:2305.14314) found to lose least
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def _unreadable(name: str, error: Exception) -> UsageError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    hint = "fetch it again, or check that this version of transformers knows its architecture"
    if "trust_remote_code" in str(error):
        hint = "it needs its repository's own code, which is never run; serve it and use --backend api"
    return UsageError(f'checkpoint "{name}" could not be read: {reason}', hint)


def end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Ids that end an answer: the generation config's, which for chat models name the end of a turn, and the
    tokenizer's."""
    ends: set[int] = set()
    for wanted in (model.generation_config.eos_token_id, tokenizer.eos_token_id):
        ends.update([wanted] if isinstance(wanted, int) else wanted or [])
    return frozenset(ends)


def rope_limit(config: Any) -> int | None:
    """The length at which rotary factors change with the longest row of a batch, None for most models.

    Such rows are decoded alone, or a draw would depend on its neighbours.
    """
    text = config.get_text_config(decoder=True)
    rope = getattr(text, "rope_parameters", None) or getattr(text, "rope_scaling", None) or {}
    if rope.get("rope_type", rope.get("type")) not in ("longrope", "dynamic"):
        return None
    limit = rope.get("original_max_position_embeddings") or getattr(
        text, "original_max_position_embeddings", None
    )
    return int(limit or text.max_position_embeddings)


def token_budget(model: Any) -> int:
    """Tokens whose keys and values fit into memory together."""
    import torch

    config = model.config.get_text_config(decoder=True)
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    per_token: int = 2 * config.num_hidden_layers * heads * size * model.dtype.itemsize
    if model.device.type != "cuda":
        import psutil

        return max(
            1, min(CPU_BATCH_TOKENS, int(psutil.virtual_memory().available * CPU_MEMORY_SHARE) // per_token)
        )
    devices = {each.device for each in model.parameters() if each.device.type == "cuda"}
    # layers are spread evenly enough: the fullest device decides for all
    free = min(torch.cuda.mem_get_info(each)[0] for each in devices) * len(devices)
    return max(1, int(free * CUDA_MEMORY_SHARE) // per_token)


def free_memory() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def is_out_of_memory(error: Exception) -> bool:
    import torch

    # PyTorch's CPU allocator raises a plain RuntimeError
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)
