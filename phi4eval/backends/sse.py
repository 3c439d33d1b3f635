"""How does an answer come together that a server sends token by token (server-sent events)?"""

from __future__ import annotations

from typing import Any

import msgspec

from phi4eval.backends.wire import (
    BROKEN,
    Answer,
    MalformedError,
    Usage,
    error_message,
    made_answer,
    read_logprobs,
    read_usage,
    shares,
)

LARGEST_EVENT = 2**20


class _Delta(msgspec.Struct, frozen=True, kw_only=True):
    content: str | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None


class _Choice(msgspec.Struct, frozen=True, kw_only=True):
    """delta: of a chat completion; text: of a plain one."""

    delta: _Delta | None = None
    text: str | None = None
    index: int = 0
    finish_reason: str | None = None
    logprobs: Any = None


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None


_DECODER = msgspec.json.Decoder(_Event)


class _Growing:
    """One answer while it comes."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.refusal: list[str] = []
        self.logprobs: list[float] | None = None
        self.reason: str | None = None

    def take(self, choice: _Choice) -> None:
        delta = choice.delta
        if choice.text:
            self.text.append(choice.text)
        if delta is not None:
            thinking = delta.reasoning_content or delta.reasoning
            for part, known in (
                (delta.content, self.text),
                (thinking, self.reasoning),
                (delta.refusal, self.refusal),
            ):
                if part and isinstance(part, str):
                    known.append(part)
        found = read_logprobs(choice.logprobs)
        if found is not None:
            self.logprobs = [*(self.logprobs or ()), *found]
        self.reason = choice.finish_reason or self.reason


class EventReader:
    """Bytes in, however they are cut; answers out at the end."""

    def __init__(self) -> None:
        self._rest = b""
        self._growing: dict[int, _Growing] = {}
        self._usage: Any = None
        self._done = False

    def feed(self, data: bytes) -> None:
        """Take what came; MalformedError for what is no stream of completions."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LARGEST_EVENT:
            raise MalformedError(f"an event of the stream is larger than {LARGEST_EVENT} bytes")
        for line in lines:
            self._line(line.rstrip(b"\r"))

    def _line(self, line: bytes) -> None:
        if not line.startswith(b"data:"):
            return  # comments (keep-alive), event names, empty lines
        data = line[5:].strip()
        if data == b"[DONE]":
            self._done = True
            return
        try:
            event = _DECODER.decode(data)
        except BROKEN as error:
            raise MalformedError(f"an event of the stream is no completion: {error}") from error
        if event.error:
            raise MalformedError(f"the stream carries an error: {error_message(data)}")
        if event.usage is not None:
            self._usage = event.usage
        for choice in event.choices or ():
            self._growing.setdefault(choice.index, _Growing()).take(choice)

    def answers(self, max_tokens: int, count: int = 1) -> list[Answer]:
        """The answers; MalformedError where the stream broke off before their end."""
        if self._rest:
            self._line(self._rest)
        growing = [self._growing[index] for index in sorted(self._growing)]
        if not growing:
            raise MalformedError("the stream has no choices")
        if len(growing) > count:
            raise MalformedError(f"the stream has {len(growing)} choices where {count} were asked for")
        if not self._done and any(each.reason is None for each in growing):
            raise MalformedError("the stream broke off before the end of the answer")
        usages = shares(read_usage(self._usage), len(growing))
        return [_answer(each, usage, max_tokens) for each, usage in zip(growing, usages, strict=True)]


def _answer(growing: _Growing, usage: Usage, max_tokens: int) -> Answer:
    return made_answer(
        text="".join(growing.text),
        reasoning="".join(growing.reasoning) or None,
        refusal="".join(growing.refusal),
        reason=growing.reason,
        usage=usage,
        logprobs=None if growing.logprobs is None else tuple(growing.logprobs),
        max_tokens=max_tokens,
    )
