"""Is what goes over the wire what the protocol says, and does no body a server can send break the reader?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.backends.request_form import RequestForm, encode_request
from phi4eval.backends.wire import (
    MalformedError,
    decode_answers,
    decode_models,
    error_code,
    error_message,
)
from phi4eval.types import Draw, Message, Prompt, Sampling

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "finish_reason", "usage", "error", "code", "data", "id"]
            ),
            inner,
            max_size=4,
        )
    ),
)


def read(value: object, max_tokens: int = 10) -> Any:
    (answer,) = decode_answers("application/json; charset=utf-8", json.dumps(value).encode(), max_tokens)
    return answer


def choice(**fields: object) -> dict[str, object]:
    return {"choices": [{"message": {"content": "x"}, "finish_reason": "stop", **fields}]}


@given(st.text(), st.text(), st.integers(0, 2**31 - 1))
def test_a_request_round_trips_any_text(system: str, question: str, seed: int) -> None:
    prompt = Prompt(
        task="t",
        item="i",
        messages=(Message(role="system", content=system), Message(role="user", content=question)),
        sampling=Sampling(stop=(question or "x",)),
        draws=(),
        hash="h",
    )
    form = RequestForm(model="m", fields={"top_k": 5})
    body = encode_request(form, prompt, [Draw(sample=0, seed=seed)])
    value = json.loads(body)
    assert [message["content"] for message in value["messages"]] == [system, question]
    assert (value["seed"], value["top_k"], value["stop"]) == (seed, 5, [question or "x"])


@given(JSON | st.binary())
def test_any_body_is_an_answer_or_malformed(value: object) -> None:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    try:
        text = decode_answers("application/json", body, 10)[0].text
    except MalformedError as error:
        text = str(error)
    assert isinstance(text, str)


@given(JSON | st.binary())
def test_any_error_body_has_a_message_and_a_code(value: object) -> None:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    assert isinstance(error_message(body), str)
    assert isinstance(error_code(body), str)
    assert all(isinstance(name, str) for name in decode_models(body))


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"choices":' * 100_000, b'{"x":' + b"[" * 100_000])
def test_a_body_nested_without_end_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_answers("application/json", body, 10)
    assert error_code(body) == ""
    assert decode_models(body) == ()
    assert isinstance(error_message(body), str)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("end_turn", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("content_filter", "filter"),
    ],
)
def test_finish_reasons_have_four_meanings(reason: str, finish: str) -> None:
    assert read(choice(finish_reason=reason)).finish == finish


@pytest.mark.parametrize("reason", ["tool_calls", "function_call", "error", "abort", "STOP?"])
def test_an_unknown_finish_reason_is_no_answer(reason: str) -> None:
    with pytest.raises(MalformedError, match="unknown reason"):
        read(choice(finish_reason=reason))


@pytest.mark.parametrize(
    "usage",
    [None, "many", [], {"completion_tokens": "3"}, {"completion_tokens": -1}, {"completion_tokens": True}],
)
def test_odd_token_counts_do_not_cost_an_answer(usage: object) -> None:
    answer = read({**choice(), "usage": usage})
    assert (answer.text, answer.usage.completion) == ("x", None)


@pytest.mark.parametrize("thinking", [None, "", [], {"summary": "s"}, 3])
def test_thinking_that_is_no_text_is_left_out(thinking: object) -> None:
    message = {"content": "x", "reasoning_content": thinking}
    assert read(choice(message=message)).reasoning is None


@pytest.mark.parametrize(
    ("value", "message", "code"),
    [
        ({"error": {"message": "no", "code": "c"}}, "no", "c"),
        ({"error": {"message": "no", "code": 404, "type": "t"}}, "no", ""),
        ({"error": {"message": "no", "type": "insufficient_quota"}}, "no", "insufficient_quota"),
        ({"error": "plain"}, "plain", ""),
        ({"object": "error", "message": "flat", "code": 400}, "flat", ""),
        ({"detail": "Not Found"}, "Not Found", ""),
        ({"detail": [{"loc": ["seed"]}]}, '[{"loc":["seed"]}]', ""),
        ([1], "[1]", ""),
    ],
)
def test_servers_write_errors_in_several_shapes(value: object, message: str, code: str) -> None:
    body = json.dumps(value).encode()
    assert (error_message(body), error_code(body)) == (message, code)


def test_an_error_page_is_read_without_its_tags() -> None:
    assert " ".join(error_message(b"<html><h1>502</h1> Bad Gateway</html>").split()) == "502 Bad Gateway"
