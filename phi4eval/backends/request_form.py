"""How is a prompt written as a request to one endpoint and one model?

The field names are OpenAI's. Where a model or its server wants others, or takes no such field, its entry in
models.yaml (request_names, request_fields) says so: nothing is tried out on the user's bill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from phi4eval.errors import UsageError, did_you_mean
from phi4eval.types import Draw, Prompt, Sampling

Call = Literal["chat", "completions"]

PATHS: Mapping[Call, str] = {"chat": "/chat/completions", "completions": "/completions"}

RESERVED = ("model", "messages", "prompt", "n", "stream", "stream_options", "logprobs", "echo")
"""Request fields that this module itself decides about."""

NAMED = ("temperature", "top_p", "max_tokens", "seed", "stop", "reasoning_effort", "thinking_tokens")
"""Fields that come from the sampling and the draw, and may go by another name."""

UNNAMED = ("thinking_tokens",)
"""Of these, what has no name that servers agree on."""

_ENCODER = msgspec.json.Encoder()


class RequestForm(msgspec.Struct, frozen=True, kw_only=True):
    """How one endpoint is asked for one model.

    model: its name there. names: field -> the name it goes by (dots for nested ones), None for one that is
    not taken. fields: further fields of every request. choices: draws of a prompt asked for at once.
    logprobs: of the answer's tokens are asked for. scores: what is wanted are those of the prompt itself.
    """

    model: str
    call: Call = "chat"
    names: dict[str, str | None] = {}
    fields: dict[str, Any] = {}
    stream: bool = False
    logprobs: bool = False
    choices: int = 1
    scores: bool = False


def encode_request(
    form: RequestForm, prompt: Prompt, draws: Sequence[Draw], *, usage_in_stream: bool = True
) -> bytes:
    """The JSON body that asks for these draws of a prompt; several have the first one's seed."""
    body: dict[str, Any] = {"model": form.model}
    if form.call == "chat":
        body["messages"] = prompt.messages
    else:
        # a base model has no turns: what they would say is one text
        body["prompt"] = "\n\n".join(message.content for message in prompt.messages)
    values = _values(prompt.sampling, draws[0].seed)
    if form.names:
        for field, value in values.items():
            name = form.names.get(field, field)
            if name is not None:
                _put(body, name, value)
    else:
        body.update(values)
    if len(draws) > 1:
        body["n"] = len(draws)
    if form.stream:
        body["stream"] = True
        if usage_in_stream:
            body["stream_options"] = {"include_usage": True}
    if form.logprobs:
        body["logprobs"] = True if form.call == "chat" else 0
    if form.fields:
        body.update(form.fields)
    return _ENCODER.encode(body)


def _values(sampling: Sampling, seed: int) -> dict[str, Any]:
    values: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": seed,
    }
    if sampling.stop:
        values["stop"] = sampling.stop
    if sampling.reasoning_effort is not msgspec.UNSET:
        values["reasoning_effort"] = sampling.reasoning_effort
    if sampling.thinking_tokens is not msgspec.UNSET:
        values["thinking_tokens"] = sampling.thinking_tokens
    return values


def _put(body: dict[str, Any], name: str, value: Any) -> None:
    *outer, last = name.split(".")
    for part in outer:
        body = body.setdefault(part, {})
    body[last] = value


def check_sampling(form: RequestForm, sampling: Sampling) -> None:
    """Raise UsageError where the sampling asks for what has no name at this endpoint.

    Sent under a wrong name it would be ignored, and the run would say that it had been applied.
    """
    for field in UNNAMED:
        if getattr(sampling, field) is not msgspec.UNSET and form.names.get(field) is None:
            raise UsageError(
                f'no name is known under which model "{form.model}" takes {field}',
                f'say which: --backend-arg names=\'{{"{field}": "NAME"}}\' (dots for nested fields)',
            )


def unsent(form: RequestForm) -> tuple[str, ...]:
    """Sampling fields that this model does not take."""
    return tuple(field for field in NAMED if field in form.names and form.names[field] is None)


def check_names(names: Mapping[str, Any]) -> dict[str, str | None]:
    """Names as a user gave them; UsageError for a field that is not renamed, or a name that is none."""
    for field, name in names.items():
        if field not in NAMED:
            raise UsageError(
                f'request names: "{field}" is no field of the sampling',
                did_you_mean(field, NAMED, f"there are {', '.join(NAMED)}"),
            )
        if name is not None and (not isinstance(name, str) or not all(name.split("."))):
            raise UsageError(
                f"request names: {field} has no proper name", 'give text such as "max_new_tokens"'
            )
        if name is not None and name.split(".")[0] in RESERVED:
            raise UsageError(f'request names: {field} may not be sent as "{name}"')
    return dict(names)


def check_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Further request fields as a user gave them; UsageError for one that is decided elsewhere."""
    for name in fields:
        if name in RESERVED or name in NAMED:
            raise UsageError(f'backend argument body may not set "{name}"', "the task's sampling sets it")
    return dict(sorted(fields.items()))
