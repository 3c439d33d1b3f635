"""How likely does a served model find a text, by an endpoint that echoes it with its log-probabilities?

The completions call of vLLM, llama.cpp and others does (echo and logprobs together); chat calls and the
large providers do not. The server tokenizes: its tokens' texts tell a continuation from its context.
"""

from __future__ import annotations

from typing import Any

import msgspec

from phi4eval.backends.request_form import RequestForm
from phi4eval.backends.wire import BROKEN, Answer, MalformedError, read_usage
from phi4eval.errors import UsageError
from phi4eval.seeds import content_hash
from phi4eval.types import Completion, ContinuationScore, Draw, Message, Prompt, Sampling, TokenScores

NEAR = 1e-6
"""Two log-probabilities closer than this are those of one token."""


class Echo(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of a text as the server cut it, their log-probabilities (None for the first), and the best."""

    tokens: tuple[str, ...]
    token_logprobs: tuple[float | None, ...]
    prompt_tokens: int | None = None
    top_logprobs: tuple[dict[str, float] | None, ...] | None = None


class _Choice(msgspec.Struct, frozen=True, kw_only=True):
    logprobs: Echo | None = None


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    choices: tuple[_Choice, ...] = ()
    usage: Any = None


_DECODER = msgspec.json.Decoder(_Body)


def scoring_form(form: RequestForm) -> RequestForm:
    """The form that asks for a text's own log-probabilities. One token is generated: few take 0."""
    fields = {**form.fields, "echo": True, "logprobs": 1}
    return msgspec.structs.replace(
        form, call="completions", stream=False, choices=1, logprobs=False, fields=fields, scores=True
    )


def scoring_prompt(number: int, text: str) -> Prompt:
    """A text as a prompt that the machinery of completions can ask."""
    sampling = Sampling(temperature=0.0, max_tokens=1)
    turn = Message(role="user", content=text)
    return Prompt(
        task="score",
        item=str(number),
        messages=(turn,),
        sampling=sampling,
        draws=(Draw(sample=0, seed=0),),
        hash=content_hash([turn, sampling]),
    )


def decode_echo(body: bytes) -> Answer:
    """The log-probabilities in a body of status 200, as JSON text of an answer; else MalformedError."""
    try:
        decoded = _DECODER.decode(body)
    except BROKEN as error:
        raise MalformedError(f"answer has no readable log-probabilities: {error}") from error
    choices = decoded.choices
    if not choices or choices[0].logprobs is None:
        raise MalformedError("answer has no log-probabilities of the text")
    echo = choices[0].logprobs
    if len(echo.tokens) != len(echo.token_logprobs) or not echo.tokens:
        raise MalformedError("answer has another number of tokens than of log-probabilities")
    counted = msgspec.structs.replace(echo, prompt_tokens=read_usage(decoded.usage).prompt)
    return Answer(text=msgspec.json.encode(counted).decode(), finish="stop")


def own_tokens(text: str, echo: Any) -> tuple[Echo, int | None]:
    """The text's tokens, without what was generated after it; and how many special ones stand first.

    Tokens that are parts of a character do not spell the text: then the server's count of the prompt's tokens
    says where it ends, and None stands for what cannot be told. MalformedError where there is no count.
    """
    found = msgspec.json.decode(echo, type=Echo)
    spelled = "".join(found.tokens)
    at = spelled.find(text)
    starts, place = [], 0
    for token in found.tokens:
        starts.append(place)
        place += len(token)
    starts.append(place)
    if at < 0 or at not in starts or at + len(text) not in starts:
        if found.prompt_tokens is None or not 0 < found.prompt_tokens <= len(found.tokens):
            raise MalformedError("the server's tokens do not spell the text")
        return _first(found, found.prompt_tokens), None
    special = starts.index(at)
    end = len(starts) - 1 - starts[::-1].index(at + len(text))
    # tokens without text of their own after the last one are the generated end
    while end > special + 1 and not found.tokens[end - 1]:
        end -= 1
    return _first(found, end), special


def _first(echo: Echo, count: int) -> Echo:
    top = echo.top_logprobs
    return Echo(
        tokens=echo.tokens[:count],
        token_logprobs=echo.token_logprobs[:count],
        top_logprobs=None if top is None else top[:count],
    )


def read_echo(text: str, completion: Completion) -> tuple[Echo, int | None]:
    """The tokens of a scored text, and how many special ones stand first; UsageError where there are none."""
    hint = "the endpoint must take echo with logprobs in its completions call, as vllm serve does"
    if completion.finish == "error":
        raise UsageError(f"the endpoint gives no log-probabilities of texts: {completion.error}", hint)
    try:
        return own_tokens(text, completion.text)
    except MalformedError as error:
        raise UsageError(f"the endpoint's log-probabilities cannot be read: {error}", hint) from error


def token_scores(echo: Echo) -> TokenScores:
    """The public record of one text; its ids are known to the server alone."""
    return TokenScores(token_ids=(), tokens=echo.tokens, logprobs=(None, *echo.token_logprobs[1:]))


def split_pair(before: str, text: str) -> tuple[str, str]:
    """Context and continuation with white space between them moved to the continuation, as for hf."""
    kept = before.rstrip()
    return (kept, before[len(kept) :] + text) if kept else (before, text)


def continuation_score(
    echo: Echo, special: int | None, before: str, text: str, written: str
) -> ContinuationScore:
    """The public record of a continuation. written: the continuation as it was given."""
    if special is None:
        raise UsageError(
            f"the endpoint's tokens do not spell {before[-20:] + text!r}: its continuation cannot be found",
            "score such texts with hf or vllm, which tokenize here",
        )
    place, at = 0, special
    while place < len(before):
        place += len(echo.tokens[at])
        at += 1
    logprobs = echo.token_logprobs[at:]
    if place > len(before):
        raise UsageError(
            f"a token of the endpoint reaches from the context into the continuation {text!r}",
            "begin the continuation where a word begins",
        )
    numbers = tuple(each for each in logprobs if each is not None)
    if not numbers or len(numbers) < len(logprobs):
        raise UsageError(
            f"the continuation {text!r} has a token that nothing precedes", "give it a context of its own"
        )
    top = echo.top_logprobs
    greedy = top is not None and all(
        best is not None and number >= max(best.values(), default=0.0) - NEAR
        for number, best in zip(numbers, top[at:], strict=True)
    )
    return ContinuationScore(
        logprob=sum(numbers), logprobs=numbers, greedy=greedy, bytes=len(written.encode())
    )
