"""What does a prompt look like to a checkpoint, and does it fit? The same for every backend with weights."""

from __future__ import annotations

import hashlib
from typing import Any

from phi4eval.backends import hf_text
from phi4eval.errors import IncompleteError, UsageError
from phi4eval.types import ModelSpec, Prompt

ARGS = {
    "chat_template": "on or off",
    "enable_thinking": "on or off, handed to the chat template",
}


def switch(backend: str, name: str, value: str | None) -> bool | None:
    """An on/off argument; None where it is not given."""
    if value not in (None, "on", "off"):
        raise UsageError(f'backend "{backend}": {name}="{value}" is not known', "give on or off")
    return None if value is None else value == "on"


def choose_codec(
    tokenizer: Any, name: str, *, template: bool | None, thinking: bool | None
) -> tuple[hf_text.Codec, tuple[str, ...]]:
    """How prompts are written for this tokenizer, and what the user should know about it.

    template: None = where the tokenizer has one. thinking: None = as the template decides by itself.
    """
    has_template = bool(tokenizer.chat_template)
    if template and not has_template:
        raise UsageError(f'"{name}" has no chat template', "leave out --backend-arg chat_template=on")
    use = has_template if template is None else template
    if thinking is not None and not (use and "enable_thinking" in str(tokenizer.chat_template)):
        # a switch that nothing reads would be recorded as if it had been obeyed
        raise UsageError(
            f'the chat template of "{name}" has no switch for thinking',
            "leave out --backend-arg enable_thinking",
        )
    arguments = {} if thinking is None else {"enable_thinking": thinking}
    codec = hf_text.codec(tokenizer, name=name, template=use, arguments=arguments)
    if use:
        return codec, ()
    if has_template:
        return codec, (f"{name} runs without its chat template: scores differ from those of the chat model",)
    return codec, (f"{name} has no chat template: prompts are sent as plain text",)


def identity(codec: hf_text.Codec) -> dict[str, str]:
    """What of the prompt's writing decides the result: the template by hash, and its switches."""
    template = codec.tokenizer.chat_template
    if not codec.template:
        return {"chat_template": "off" if template else "none"}
    switches = {name: "on" if value else "off" for name, value in codec.arguments.items()}
    return {"chat_template": hashlib.sha256(str(template).encode()).hexdigest()[:16], **switches}


def context_of(model: ModelSpec, config: Any) -> int | None:
    """The smaller of what models.yaml and the checkpoint's config say, in tokens."""
    known = (model.context, getattr(config.get_text_config(decoder=True), "max_position_embeddings", None))
    return min((each for each in known if each), default=None)


def prompt_ids(codec: hf_text.Codec, prompt: Prompt, *, context: int | None) -> list[int]:
    """Token ids of a prompt that leaves room for its answer; IncompleteError for one that does not."""
    ids = hf_text.encode(codec, hf_text.render(codec, prompt))
    wanted = prompt.sampling.max_tokens
    if context is not None and len(ids) + wanted > context:
        raise IncompleteError(
            f'item "{prompt.item}" of {prompt.task} does not fit: {len(ids)} prompt tokens + {wanted} '
            f"answer tokens > {context} tokens of context of {codec.name}",
            f"give --max-tokens {context - len(ids)}"
            if len(ids) < context
            else "leave the item out (--items)",
        )
    return ids
