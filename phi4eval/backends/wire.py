"""What does a body say that an OpenAI-compatible endpoint answered with?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from phi4eval.types import Finish

# What servers write where OpenAI writes "stop", "length" and "content_filter".
_FINISH: dict[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "filter",
    "safety": "filter",
}


class MalformedError(Exception):
    """A body that came with status 200 and yet is no answer; the text says why."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens that a server counted for one request; None where it does not say."""

    prompt: int | None = None
    completion: int | None = None
    reasoning: int | None = None
    cached: int | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a server answered to one draw. note: what it said beside, where a filter kept the answer back."""

    text: str
    finish: Finish
    reasoning: str | None = None
    usage: Usage = Usage()
    logprobs: tuple[float, ...] | None = None
    note: str | None = None


class _Part(msgspec.Struct, frozen=True):
    """A piece of a message that comes in pieces (Mistral's thinking models send such)."""

    type: str
    text: str = ""
    thinking: Any = None


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    content: str | list[_Part] | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None


class _Choice(msgspec.Struct, frozen=True, kw_only=True):
    """message: of a chat completion; text: of a plain one."""

    message: _Message | None = None
    text: str | None = None
    index: int | None = None
    finish_reason: str | None = None
    logprobs: Any = None


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None


# What decoding hostile bytes may raise; the last one for a body nested ten thousand deep.
BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_DECODER = msgspec.json.Decoder(_Body)


def decode_answers(content_type: str, body: bytes, max_tokens: int, count: int = 1) -> list[Answer]:
    """The answers in a body of status 200, one to `count` of them; MalformedError for anything else.

    An empty text is an answer: a model that spends its budget on thinking returns one, and asking again
    would only spend it again. A server may answer fewer draws than it was asked for.
    """
    if "json" not in content_type.lower():
        raise MalformedError(f"answer of type {content_type or 'unknown'}, not JSON")
    try:
        decoded = _DECODER.decode(body)
    except BROKEN as error:
        raise MalformedError(f"answer is no completion: {error}") from error
    if decoded.error and not decoded.choices:
        raise MalformedError(f"answer carries an error: {error_message(body)}")
    if not decoded.choices:
        raise MalformedError("answer has no choices")
    choices = in_order(decoded.choices, count)
    usages = shares(read_usage(decoded.usage), len(choices))
    return [_answer(choice, usage, max_tokens) for choice, usage in zip(choices, usages, strict=True)]


def in_order(choices: list[_Choice], count: int) -> list[_Choice]:
    """Choices by their index; MalformedError where two claim the same one, or there are too many."""
    if len(choices) == 1:
        return choices
    if len(choices) > count:
        raise MalformedError(f"answer has {len(choices)} choices where {count} were asked for")
    if len({choice.index for choice in choices}) < len(choices):
        raise MalformedError("two choices of the answer have the same index")
    return sorted(choices, key=lambda choice: choice.index or 0)


def _answer(choice: _Choice, usage: Usage, max_tokens: int) -> Answer:
    message = choice.message
    if message is None:
        if choice.text is None:
            raise MalformedError("answer has neither message nor text")
        message = _Message(content=choice.text)
    parts = message.content
    text, thought = (parts or "", "") if not isinstance(parts, list) else _joined(parts)
    thinking = thought or message.reasoning_content or message.reasoning
    return made_answer(
        text=text,
        reasoning=thinking if isinstance(thinking, str) and thinking else None,
        refusal=message.refusal if isinstance(message.refusal, str) else "",
        reason=choice.finish_reason,
        usage=usage,
        logprobs=read_logprobs(choice.logprobs),
        max_tokens=max_tokens,
    )


def made_answer(
    *,
    text: str,
    reasoning: str | None,
    refusal: str,
    reason: str | None,
    usage: Usage,
    logprobs: tuple[float, ...] | None,
    max_tokens: int,
) -> Answer:
    """An answer from its parts, however they came; MalformedError for a finish reason that means none."""
    finish = _finish(reason, usage.completion, max_tokens)
    if not text and refusal:
        text, finish = refusal, "filter"
    return Answer(text=text, finish=finish, reasoning=reasoning, usage=usage, logprobs=logprobs)


def _joined(parts: Iterable[_Part]) -> tuple[str, str]:
    """(text, thinking) of a message in pieces."""
    text, thinking = [], []
    for part in parts:
        if part.type == "text":
            text.append(part.text)
        elif part.type == "thinking":
            inner = part.thinking if isinstance(part.thinking, list) else [{"text": part.thinking}]
            thinking += [each.get("text") for each in inner if isinstance(each, dict)]
    return "".join(text), "".join(each for each in thinking if isinstance(each, str))


def read_usage(usage: Any) -> Usage:
    """Counts in the shapes that servers write them in."""
    if not isinstance(usage, dict):
        return Usage()
    prompt, answer = (usage.get(f"{side}_tokens_details") for side in ("prompt", "completion"))
    cached = prompt.get("cached_tokens") if isinstance(prompt, dict) else None
    reasoning = answer.get("reasoning_tokens") if isinstance(answer, dict) else None
    return Usage(
        prompt=_count(usage.get("prompt_tokens")),
        completion=_count(usage.get("completion_tokens")),
        reasoning=_count(usage.get("reasoning_tokens") if reasoning is None else reasoning),
        cached=_count(usage.get("prompt_cache_hit_tokens") if cached is None else cached),
    )


def shares(usage: Usage, count: int) -> list[Usage]:
    """A request's usage over its answers: the whole prompt was paid once, the rest is split evenly."""
    if count == 1:
        return [usage]
    return [
        Usage(**{name: _share(getattr(usage, name), at, count) for name in Usage.__struct_fields__})
        for at in range(count)
    ]


def _share(total: int | None, at: int, count: int) -> int | None:
    return None if total is None else total // count + (at < total % count)


def read_logprobs(value: Any) -> tuple[float, ...] | None:
    """Log-probabilities of the answer's tokens, in the chat or the plain shape; None for anything else."""
    if not isinstance(value, dict):
        return None
    rows = value.get("content")
    found = [row.get("logprob") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None
    if found is None:
        found = value.get("token_logprobs")
    if not isinstance(found, list):
        return None
    numbers = [each for each in found if isinstance(each, int | float) and not isinstance(each, bool)]
    return tuple(map(float, numbers)) if len(numbers) == len(found) else None


def error_message(body: bytes) -> str:
    """What a server says in an error body, in whichever of the usual shapes; its start if in none."""
    try:
        value = msgspec.json.decode(body)
    except BROKEN:
        return re.sub(r"<[^>]*>", " ", body[:4000].decode("utf-8", "replace")).strip()
    for key in ("error", "message", "detail", "msg"):
        while isinstance(value, dict) and value.get(key):
            value = value[key]
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def error_code(body: bytes) -> str:
    """The machine-readable code of an error body ("content_filter", "insufficient_quota"), "" if none."""
    try:
        value = msgspec.json.decode(body)
    except BROKEN:
        return ""
    error = value.get("error", value) if isinstance(value, dict) else None
    code = (error.get("code") or error.get("type")) if isinstance(error, dict) else None
    return code if isinstance(code, str) else ""


def decode_models(body: bytes) -> tuple[str, ...]:
    """The model names in an answer of GET /models, () if it is none."""
    try:
        value = msgspec.json.decode(body)
    except BROKEN:
        return ()
    rows = value.get("data") if isinstance(value, dict) else None
    names = [row.get("id") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return tuple(name for name in names if isinstance(name, str))


def _finish(reason: str | None, spent: int | None, max_tokens: int) -> Finish:
    if reason is None:
        # Some servers leave it out; the budget then tells whether the answer was cut.
        return "length" if spent is not None and spent >= max_tokens else "stop"
    try:
        return _FINISH[reason]
    except KeyError:
        raise MalformedError(f'answer ended for the unknown reason "{reason}"') from None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
