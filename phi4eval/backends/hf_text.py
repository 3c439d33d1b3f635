"""How do messages become token ids, and token ids text?

The chat template is applied once, to text, and the text is tokenized as it stands. Applying it and letting
the tokenizer add its own special tokens gives two BOS tokens, which costs points and shows nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from phi4eval.errors import UsageError
from phi4eval.types import Prompt, PromptTokens

HEAD = 8
"""First tokens shown of a prompt, so that a doubled BOS is seen."""

_THINKING = ("<think>", "</think>")


class Codec(msgspec.Struct, frozen=True, kw_only=True):
    """A tokenizer with what decides how it is used.

    template: whether prompts go through the chat template. arguments: what the template is told beside the
    messages. hidden: ids left out of an answer's text.
    may_end: what `stopped` has learned: whether a token (id) can end a stop string.
    """

    tokenizer: Any
    name: str
    template: bool
    hidden: frozenset[int]
    arguments: dict[str, bool] = {}
    may_end: dict[tuple[int, str], bool] = {}


def codec(tokenizer: Any, *, name: str, template: bool, arguments: Mapping[str, bool] | None = None) -> Codec:
    """A codec that shows thinking tags even where the tokenizer counts them as special: they are graded."""
    hidden = {id_ for id_, token in tokenizer.added_tokens_decoder.items() if token.special}
    hidden |= set(tokenizer.all_special_ids)
    added = tokenizer.get_added_vocab()
    hidden -= {added[tag] for tag in _THINKING if tag in added}
    return Codec(
        tokenizer=tokenizer,
        name=name,
        template=template,
        hidden=frozenset(hidden),
        arguments=dict(arguments or {}),
    )


def plain(codec: Codec) -> Codec:
    """The same tokenizer for texts that are no prompts: they get its own special tokens, and no template."""
    return msgspec.structs.replace(codec, template=False)


def render(codec: Codec, prompt: Prompt) -> str:
    """The prompt as one text, up to where the answer begins."""
    if not codec.template:
        return "\n\n".join(message.content for message in prompt.messages)
    messages = [{"role": message.role, "content": message.content} for message in prompt.messages]
    answer_begun = messages[-1]["role"] == "assistant"
    try:
        text: str = codec.tokenizer.apply_chat_template(
            messages,
            tokenize=False,
            add_generation_prompt=not answer_begun,
            continue_final_message=answer_begun,
            **codec.arguments,
        )
    except Exception as error:  # a template is the checkpoint's own program and raises what it likes
        raise UsageError(
            f'the chat template of "{codec.name}" refused a prompt of task "{prompt.task}": {error}',
            "some templates take no system message; --backend-arg chat_template=off sends plain text",
        ) from error
    return text


def encode(codec: Codec, text: str) -> list[int]:
    """Token ids of a rendered prompt, with at most one BOS."""
    tokenizer = codec.tokenizer
    bos = tokenizer.bos_token
    # plain text gets the special tokens of the tokenizer's training; a template has written its own
    special = not codec.template and not (bos and text.startswith(bos))
    ids: list[int] = tokenizer(text, add_special_tokens=special, verbose=False)["input_ids"]
    if special and ids and ids[-1] == tokenizer.eos_token_id and not text.endswith(tokenizer.eos_token):
        ids = ids[:-1]  # an end token belongs after the answer
    if bos and ids[:2] == [tokenizer.bos_token_id] * 2:
        raise UsageError(
            f'prompts of "{codec.name}" begin with two {bos} tokens',
            "its chat template or the task writes one too many",
        )
    if not ids:
        raise UsageError(f'a prompt of "{codec.name}" is empty', "the model needs at least one token")
    return ids


def prompt_tokens(codec: Codec, prompt: Prompt) -> PromptTokens:
    """A prompt as the model will see it."""
    text = render(codec, prompt)
    ids = encode(codec, text)
    head = tuple(codec.tokenizer.decode([each], clean_up_tokenization_spaces=False) for each in ids[:HEAD])
    return PromptTokens(count=len(ids), head=head, text=text)


def decode(codec: Codec, ids: Sequence[int]) -> str:
    """An answer's text, without special tokens and with its white space as it was generated."""
    shown = [each for each in ids if each not in codec.hidden]
    text: str = codec.tokenizer.decode(shown, clean_up_tokenization_spaces=False)
    return text


def cut(text: str, stops: Sequence[str]) -> str:
    """The text before the first stop string."""
    found = [at for stop in stops if (at := text.find(stop)) >= 0]
    return text[: min(found)] if found else text


def stopped(codec: Codec, ids: Sequence[int], stops: tuple[str, ...]) -> bool:
    """Whether a stop string has appeared with the newest token.

    Only the tail is decoded, and only if the newest token can end a stop string.
    """
    if ids[-1] in codec.hidden:  # such as the stop "<|im_end|>": a token of its own, and in no text
        return codec.tokenizer.convert_ids_to_tokens(ids[-1]) in stops
    if not any(_may_end(codec, ids[-1], stop) for stop in stops):
        return False
    longest = max(map(len, stops))
    tail = decode(codec, ids[-(longest + HEAD) :])
    return any(stop in tail for stop in stops)


def _may_end(codec: Codec, token: int, stop: str) -> bool:
    known = codec.may_end.get((token, stop))
    if known is None:
        text = decode(codec, [token])
        # an incomplete character, and the spaces that decoding strips, may be the end of anything
        known = stop[-1] in text or stop[-1].isspace() or "\ufffd" in text
        codec.may_end[token, stop] = known
    return known
