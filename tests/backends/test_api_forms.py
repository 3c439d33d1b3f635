"""Streams, several answers a request, plain completions, thinking, prices, and a server overrun."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from phi4eval.backends import BackendOptions, open_backend
from phi4eval.errors import IncompleteError
from phi4eval.types import Completion, Price

from .endpoint_tests import (
    GO,
    MODEL,
    Pauses,
    always,
    backend_of,
    complete,
    environment,
    only,
    pauses,
    prompts_of,
    server,
)
from .fault_server import HALF, FaultServer, Reply, answer, answers, failure, streamed

__all__ = ["environment", "pauses", "server"]


def texts(completions: Sequence[Completion]) -> list[str]:
    return sorted(each.text for each in completions)


# ---------------------------------------------------------------- streaming


def test_a_streamed_answer_counts_as_one_that_came_whole(server: FaultServer, pauses: Pauses) -> None:
    got = only(complete(server, pauses, prompts_of(1), always(streamed("4", "2")), args={"stream": "yes"}))
    assert (got.text, got.finish, got.prompt_tokens, got.completion_tokens) == ("42", "stop", 7, 2)
    assert server.bodies[0]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    "broken",
    [
        streamed("4", fault="half"),
        Reply(body=b'data: {"choices": [{"delta": {"content": "4"}}]}\n\n', content_type="text/event-stream"),
        streamed("4", finish_reason="tool_calls"),
        HALF,
    ],
    ids=["reset", "ended early", "odd reason", "half a body"],
)
def test_a_stream_that_breaks_off_is_asked_again_and_never_half_an_answer(
    server: FaultServer, pauses: Pauses, broken: Reply
) -> None:
    behave = lambda body, attempt: broken if attempt == 1 else streamed("4", "2")  # noqa: E731
    completions = complete(server, pauses, prompts_of(3), behave, args={"stream": "yes"})
    assert [(each.text, each.attempts) for each in completions] == [("42", 2)] * 3


def test_a_server_that_cannot_stream_or_count_is_taken_as_it_is(server: FaultServer, pauses: Pauses) -> None:
    def behave(body: dict[str, Any], attempt: int) -> Reply:
        if "stream_options" in body:
            return failure(400, "unknown field stream_options")
        return answer()

    completions = complete(server, pauses, prompts_of(20), behave, args={"stream": "yes"}, concurrency=1)
    assert texts(completions) == ["42"] * 20
    assert sum("stream_options" in body for body in server.bodies) == 1


# ---------------------------------------------------------------- several answers a request


def test_draws_of_one_prompt_are_asked_for_together_and_share_its_usage(
    server: FaultServer, pauses: Pauses
) -> None:
    def behave(body: dict[str, Any], attempt: int) -> Reply:
        return answers(*(f"{body['seed']}/{n}" for n in range(body.get("n", 1))))

    completions = complete(server, pauses, prompts_of(2, samples=5), behave, args={"choices": "4"})
    assert sorted(body.get("n", 1) for body in server.bodies) == [1, 1, 4, 4]
    assert len(set(texts(completions))) == 10
    by_item = [each for each in completions if each.item == "item-0"]
    assert sum(each.completion_tokens or 0 for each in by_item) == 50
    assert sum(each.prompt_tokens or 0 for each in by_item) == 16  # two requests


@pytest.mark.parametrize("refusal", [failure(400, "n must be 1"), failure(422, "extra inputs: n")])
def test_a_server_that_refuses_several_is_asked_one_by_one(
    server: FaultServer, pauses: Pauses, refusal: Reply
) -> None:
    def behave(body: dict[str, Any], attempt: int) -> Reply:
        return refusal if "n" in body else answer(f"seed {body['seed']}")

    completions = complete(
        server, pauses, prompts_of(6, samples=3), behave, args={"choices": "3"}, concurrency=1
    )
    assert texts(completions) == sorted(f"seed {1000 * i + s}" for i in range(6) for s in range(3))
    assert sum("n" in body for body in server.bodies) == 1  # it is tried once, not with every prompt


def test_a_server_that_gives_fewer_than_asked_is_asked_for_the_rest(
    server: FaultServer, pauses: Pauses
) -> None:
    completions = complete(
        server, pauses, prompts_of(2, samples=3), always(answer()), args={"choices": "3"}, concurrency=1
    )
    assert len(completions) == 6
    assert len(server.bodies) == 6


def test_choices_in_another_order_keep_their_index(server: FaultServer, pauses: Pauses) -> None:
    reply = answers("third", "first", "second", indexes=(2, 0, 1))
    completions = complete(server, pauses, prompts_of(1, samples=3), always(reply), args={"choices": "3"})
    assert [each.text for each in completions] == ["first", "second", "third"]


@pytest.mark.parametrize(
    "reply", [answers("a", "b", indexes=(0, 0)), answers("a", "b", "c")], ids=["twice the same", "too many"]
)
def test_doubled_answers_are_a_fault_and_no_answers(
    server: FaultServer, pauses: Pauses, reply: Reply
) -> None:
    def behave(body: dict[str, Any], attempt: int) -> Reply:
        return reply if attempt == 1 else answers("x", "y")

    completions = complete(server, pauses, prompts_of(1, samples=2), behave, args={"choices": "2"})
    assert texts(completions) == ["x", "y"]


# ---------------------------------------------------------------- other shapes


def test_plain_completions_are_read(server: FaultServer, pauses: Pauses) -> None:
    reply = Reply(
        body={
            "choices": [
                {"text": " 42", "finish_reason": "stop", "logprobs": {"token_logprobs": [-0.1, -0.2]}}
            ],
            "usage": {"prompt_tokens": 4, "completion_tokens": 2},
        }
    )
    args = {"call": "completions", "logprobs": "yes"}
    got = only(complete(server, pauses, prompts_of(1), always(reply), args=args))
    assert (got.text, got.logprobs, got.completion_tokens) == (" 42", (-0.1, -0.2), 2)
    assert server.bodies[0]["prompt"] == "Be brief.\n\nWhat is 0 + 1?"


def test_a_message_in_pieces_keeps_thinking_and_text_apart(server: FaultServer, pauses: Pauses) -> None:
    pieces = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "It is 42."},
    ]
    got = only(complete(server, pauses, prompts_of(1), always(answer(pieces))))
    assert (got.text, got.reasoning) == ("It is 42.", "hm")


def test_tokens_of_thinking_and_of_repeated_prompts_are_counted(server: FaultServer, pauses: Pauses) -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 64},
        "completion_tokens_details": {"reasoning_tokens": 40},
    }
    choice = {"finish_reason": "stop", "message": {"content": "42"}}
    got = only(
        complete(server, pauses, prompts_of(1), always(Reply(body={"choices": [choice], "usage": usage})))
    )
    assert (got.completion_tokens, got.reasoning_tokens, got.cached_prompt_tokens) == (50, 40, 64)


@pytest.mark.parametrize(
    ("text", "finish", "kept", "reasoning"),
    [
        ("so 5? no, 6 and", "length", "", "so 5? no, 6 and"),
        ("so 5?</think>6", "length", "so 5?</think>6", None),
        ("<think>so", "length", "<think>so", None),
        ("<|channel|>analysis<|message|>so", "length", "<|channel|>analysis<|message|>so", None),
        ("It is 6.", "stop", "It is 6.", None),
    ],
)
def test_a_thinking_model_cut_off_before_its_thinking_closed_has_no_answer(
    server: FaultServer, pauses: Pauses, text: str, finish: str, kept: str, reasoning: str | None
) -> None:
    got = only(
        complete(server, pauses, prompts_of(1), always(answer(text, finish)), args={"thinking": "yes"})
    )
    assert (got.text, got.reasoning, got.finish) == (kept, reasoning, finish)
    plain = only(complete(server, pauses, prompts_of(1), always(answer(text, finish))))
    assert (plain.text, plain.reasoning) == (text, None)


def test_what_a_model_does_not_take_is_said(server: FaultServer, pauses: Pauses) -> None:
    backend = backend_of(server, pauses, args={"names": '{"temperature": null}'})
    assert backend.warnings == ("tested-model takes no temperature: the provider's own values apply",)
    assert backend_of(server, pauses).warnings == ()


def test_a_price_comes_from_the_user_before_the_table() -> None:
    model = msgspec.structs.replace(MODEL, price=Price(input=1.0, output=2.0))
    options = BackendOptions(base_url="http://127.0.0.1:1/v1")
    assert open_backend("api", model, options).price == model.price  # type: ignore[attr-defined]
    given = msgspec.structs.replace(options, args={"price": "3,4"})
    assert open_backend("api", model, given).price == Price(input=3.0, output=4.0)  # type: ignore[attr-defined]


def test_what_tells_two_runs_apart_is_in_the_identity(server: FaultServer, pauses: Pauses) -> None:
    variants: list[dict[str, str]] = [
        {},
        {"weights": "a1"},
        {"weights": "b2"},
        {"call": "completions"},
        {"choices": "2"},
        {"body": '{"top_k": 1}'},
        {"names": '{"seed": null}'},
        {"logprobs": "yes"},
    ]
    seen = [tuple(backend_of(server, pauses, args=args).fingerprint.identity.items()) for args in variants]
    assert len(set(seen)) == len(variants)
    same = backend_of(server, pauses, args={"stream": "yes", "attempts": "2", "price": "1,2"})
    assert same.fingerprint.identity == backend_of(server, pauses).fingerprint.identity


# ---------------------------------------------------------------- the endpoint as a whole


def test_without_a_number_the_requests_in_flight_grow_as_the_server_bears_them(
    server: FaultServer, pauses: Pauses
) -> None:
    backend = backend_of(server, pauses, concurrency=None)
    assert (backend.settings.start, backend.settings.most) == (16, 256)
    completions = complete(server, pauses, prompts_of(200), always(answer()), concurrency=None)
    assert len(completions) == 200
    assert server.most_in_flight <= 256


def test_a_storm_of_rate_limits_makes_room_and_loses_nothing(server: FaultServer, pauses: Pauses) -> None:
    def storm(body: dict[str, Any], attempt: int) -> Reply:
        return failure(429, "slow down", Retry_After="1") if server.in_flight > 4 else answer()

    completions = complete(server, pauses, prompts_of(150), storm, concurrency=64)
    assert {each.finish for each in completions} == {"stop"}
    refused = len(server.bodies) - 150
    assert refused < 600


def test_an_announced_limit_is_waited_for_by_all(server: FaultServer, pauses: Pauses) -> None:
    empty = answer()
    empty.headers |= {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "30s"}
    complete(server, pauses, prompts_of(3), always(empty), concurrency=1)
    assert len(pauses.seconds) == 2
    assert all(29 < seconds <= 30 for seconds in pauses.seconds)


def test_a_quota_of_tomorrow_ends_every_draw_with_its_reason_and_without_a_wait(
    server: FaultServer, pauses: Pauses
) -> None:
    spent = failure(429, "daily quota", Retry_After="86400")
    completions = complete(server, pauses, prompts_of(50), always(spent), concurrency=8)
    assert {each.finish for each in completions} == {"error"}
    assert all("the server asks to wait 86400 s" in (each.error or "") for each in completions)
    assert pauses.seconds == []


def test_an_endpoint_that_dies_ends_the_run_with_what_it_has(server: FaultServer, pauses: Pauses) -> None:
    def dying(body: dict[str, Any], attempt: int) -> Reply:
        return answer() if len(server.bodies) <= 10 else failure(502, "bad gateway")

    server.behave = dying
    backend = backend_of(server, pauses, concurrency=4)
    with pytest.raises(IncompleteError, match=r"has stopped working.*HTTP 502: bad gateway"):
        list(backend.generate(prompts_of(5000), GO))
    assert len(server.bodies) < 100


def test_an_endpoint_that_comes_back_is_asked_one_at_a_time_until_then(
    server: FaultServer, pauses: Pauses
) -> None:
    def out_for_a_while(body: dict[str, Any], attempt: int) -> Reply:
        return failure(503, "restarting") if 20 < len(server.bodies) <= 56 else answer()

    completions = complete(server, pauses, prompts_of(100), out_for_a_while, concurrency=16)
    assert {each.finish for each in completions} == {"stop"}
