"""Is each request written as this model and this endpoint take it, and is nothing sent that they ignore?"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from phi4eval.backends import BackendOptions
from phi4eval.backends.api_options import price_of, request_form
from phi4eval.backends.request_form import RequestForm, check_sampling, encode_request, unsent
from phi4eval.errors import UsageError
from phi4eval.models import find_model
from phi4eval.types import Draw, Message, ModelSpec, Price, Prompt, Sampling


def body_of(form: RequestForm, draws: int = 1, **sampling: object) -> dict[str, Any]:
    prompt = Prompt(
        task="t",
        item="i",
        messages=(Message(role="system", content="Be brief."), Message(role="user", content="1 + 1?")),
        sampling=msgspec.convert({"max_tokens": 64, **sampling}, Sampling),
        draws=(),
        hash="h",
    )
    body: dict[str, Any] = json.loads(
        encode_request(form, prompt, [Draw(sample=n, seed=7 + n) for n in range(draws)])
    )
    return body


def form_of(model: ModelSpec | None = None, **args: str) -> RequestForm:
    return request_form(model or ModelSpec(name="m"), BackendOptions(args=args))


def test_a_model_of_the_table_is_asked_as_its_entry_says() -> None:
    form = form_of(find_model("o3-mini"))
    body = body_of(form, reasoning_effort="low", temperature=0.5)
    assert body == {
        "model": "o3-mini-2025-01-31",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "1 + 1?"},
        ],
        "max_completion_tokens": 64,
        "seed": 7,
        "reasoning_effort": "low",
    }
    assert unsent(form) == ("temperature", "top_p", "stop")


def test_fields_of_the_sampling_may_go_by_other_and_nested_names() -> None:
    form = form_of(names='{"thinking_tokens": "thinking.budget_tokens", "seed": "random_seed"}')
    body = body_of(form, thinking_tokens=2000)
    assert (body["thinking"], body["random_seed"]) == ({"budget_tokens": 2000}, 7)
    assert "seed" not in body


def test_a_thinking_budget_without_a_name_is_refused_instead_of_ignored() -> None:
    sampling = Sampling(thinking_tokens=100)
    with pytest.raises(UsageError, match="takes thinking_tokens"):
        check_sampling(form_of(), sampling)
    check_sampling(form_of(names='{"thinking_tokens": "budget"}'), sampling)
    check_sampling(form_of(), Sampling())


def test_the_completions_call_sends_one_text() -> None:
    body = body_of(form_of(call="completions", logprobs="yes"))
    assert body["prompt"] == "Be brief.\n\n1 + 1?"
    assert body["logprobs"] == 0
    assert "messages" not in body


def test_streaming_choices_and_logprobs_are_asked_for() -> None:
    body = body_of(form_of(stream="yes", choices="4", logprobs="yes"), draws=3)
    assert (body["stream"], body["stream_options"], body["n"]) == (True, {"include_usage": True}, 3)
    assert body["logprobs"] is True


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"call": "responses"}, "call='responses' is not known"),
        ({"stream": "maybe"}, "stream='maybe' is not known"),
        ({"choices": "0"}, "choices='0'"),
        ({"names": "[]"}, "names is no JSON object"),
        ({"names": '{"tempratur": "t"}'}, '"tempratur" is no field of the sampling'),
        ({"names": '{"seed": 3}'}, "seed has no proper name"),
        ({"names": '{"seed": "a..b"}'}, "seed has no proper name"),
        ({"names": '{"seed": "messages"}'}, 'may not be sent as "messages"'),
        ({"body": '{"n": 3}'}, 'may not set "n"'),
        ({"body": '{"stream_options": {}}'}, 'may not set "stream_options"'),
        ({"body": '{"max_tokens": 3}'}, 'may not set "max_tokens"'),
    ],
)
def test_what_cannot_be_sent_is_refused(args: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        request_form(ModelSpec(name="m"), BackendOptions(args=args))
    assert said in caught.value.message


def test_a_price_is_read_as_written() -> None:
    assert price_of("2.5,10") == Price(input=2.5, output=10.0)
    assert price_of("2.5, 10, 1.25") == Price(input=2.5, output=10.0, cached_input=1.25)


@pytest.mark.parametrize("text", ["", "2.5", "free", "1,2,3,4", "-1,2", "nan,1", "inf,1"])
def test_no_price_is_made_of_other_text(text: str) -> None:
    with pytest.raises(UsageError, match="is no price"):
        price_of(text)
