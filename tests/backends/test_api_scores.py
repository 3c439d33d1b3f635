"""Are log-probabilities of texts read from an echo as they are, and refused where an endpoint has none?"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.backends import BackendOptions, open_scorer
from phi4eval.backends.api_scores import Echo, own_tokens
from phi4eval.backends.wire import MalformedError
from phi4eval.errors import IncompleteError, UsageError
from phi4eval.protocols import Scorer

from .endpoint_tests import MODEL, Pauses, backend_of, environment, pauses, server
from .fault_server import HALF, FaultServer, Reply, answer, failure

__all__ = ["environment", "pauses", "server"]


def pieces(text: str) -> list[str]:
    """Words with the space before them, as most tokenizers cut."""
    found: list[str] = []
    for char in text:
        if char == " " or not found:
            found.append(char)
        else:
            found[-1] += char
    return found


def echo(body: dict[str, Any], attempt: int = 1, bos: bool = True) -> Reply:
    """A server that finds a token of n characters likely with e^-n, and " five" to be the best everywhere."""
    tokens = [*(["<s>"] if bos else []), *pieces(body["prompt"]), " next"]
    logprobs = [None, *(-float(len(token)) for token in tokens[1:])]
    top = [None, *({" five": -5.0, token: -float(len(token))} for token in tokens[1:])]
    row = {"tokens": tokens, "token_logprobs": logprobs, "top_logprobs": top}
    return Reply(body={"choices": [{"text": "", "finish_reason": "length", "logprobs": row}]})


def test_every_token_of_every_text_is_scored_in_order(server: FaultServer, pauses: Pauses) -> None:
    server.behave = echo
    texts = [f"What is {number} + 1?" for number in range(30)]
    rows = list(backend_of(server, pauses).score(texts))
    assert ["".join(row.tokens) for row in rows] == [f"<s>{text}" for text in texts]
    assert rows[0].logprobs == (None, -4.0, -3.0, -2.0, -2.0, -3.0)
    body = server.bodies[0]
    assert (body["echo"], body["logprobs"], body["max_tokens"]) == (True, 1, 1)
    assert isinstance(backend_of(server, pauses), Scorer)


def test_a_continuation_has_the_tokens_after_its_context(server: FaultServer, pauses: Pauses) -> None:
    server.behave = echo
    one, two = backend_of(server, pauses).score_continuations(
        [("2 + 3 =", " five"), ("2 + 3 = ", "nine now")]
    )
    assert (one.logprobs, one.logprob, one.greedy, one.bytes) == ((-5.0,), -5.0, True, 5)
    assert (two.logprobs, two.logprob, two.bytes) == ((-5.0, -4.0), -9.0, 8)
    assert math.isclose(two.logprob, sum(two.logprobs))


def test_without_a_bos_the_first_token_is_preceded_by_nothing(server: FaultServer, pauses: Pauses) -> None:
    server.behave = lambda body, attempt: echo(body, bos=False)
    (row,) = backend_of(server, pauses).score(["one two"])
    assert row.logprobs == (None, -4.0)
    with pytest.raises(UsageError, match="nothing precedes"):
        list(backend_of(server, pauses).score_continuations([("", "one")]))


def test_a_token_across_the_boundary_is_said_and_not_guessed(server: FaultServer, pauses: Pauses) -> None:
    server.behave = echo
    with pytest.raises(UsageError, match="reaches from the context into the continuation 've'"):
        list(backend_of(server, pauses).score_continuations([("It is fi", "ve")]))


@pytest.mark.parametrize(
    "reply", [failure(400, "echo is not supported"), failure(422, "extra field echo"), answer("no echo")]
)
def test_an_endpoint_without_them_says_so(server: FaultServer, pauses: Pauses, reply: Reply) -> None:
    server.behave = lambda body, attempt: reply
    with pytest.raises((UsageError, IncompleteError), match=r"log-probabilities|rejects every request"):
        list(backend_of(server, pauses).score(["a", "b", "c", "d"]))


def test_a_fault_that_passes_costs_only_a_retry(server: FaultServer, pauses: Pauses) -> None:
    server.behave = lambda body, attempt: HALF if attempt == 1 else echo(body)
    assert len(list(backend_of(server, pauses).score(["one two", "three"]))) == 2


def test_nothing_to_score_asks_nothing(server: FaultServer, pauses: Pauses) -> None:
    assert list(backend_of(server, pauses).score([])) == []
    assert server.bodies == []


def test_a_scorer_is_opened_by_name(server: FaultServer) -> None:
    server.behave = echo
    scorer = open_scorer("api", MODEL, BackendOptions(base_url=server.base_url))
    assert len(list(scorer.score(["one two three"]))) == 1
    scorer.close()


def test_pieces_of_characters_are_counted_and_no_continuation_is_guessed(
    server: FaultServer, pauses: Pauses
) -> None:
    def bytes_of(body: dict[str, Any], attempt: int) -> Reply:
        row = {"tokens": ["<s>", "\ufffd", "\ufffd", "!", " next"], "token_logprobs": [None, -1, -2, -3, -4]}
        choice = {"text": "", "finish_reason": "length", "logprobs": row}
        return Reply(body={"choices": [choice], "usage": {"prompt_tokens": 4, "completion_tokens": 1}})

    server.behave = bytes_of
    (row,) = backend_of(server, pauses).score(["é!"])
    assert row.logprobs == (None, -1, -2, -3)
    with pytest.raises(UsageError, match="do not spell"):
        list(backend_of(server, pauses).score_continuations([("é", "!")]))


@given(st.text(min_size=1), st.lists(st.integers(1, 4)), st.booleans(), st.text(max_size=3))
def test_own_tokens_spell_the_text_or_are_refused(text: str, cuts: list[int], bos: bool, after: str) -> None:
    tokens, rest = [], text
    for size in cuts:
        if rest:
            tokens.append(rest[:size])
            rest = rest[size:]
    tokens = [*(["<s>"] if bos else []), *tokens, *([rest] if rest else []), *([after] if after else [])]
    raw = msgspec.json.encode(Echo(tokens=tuple(tokens), token_logprobs=(None,) * len(tokens)))
    try:
        found, special = own_tokens(text, raw)
    except MalformedError:
        return
    assert special is not None  # no count was given
    assert "".join(found.tokens[special:]) == text
