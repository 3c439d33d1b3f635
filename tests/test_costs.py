"""Money is counted from tokens and a price, and is not known where either is not."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.costs import (
    completion_cost,
    costs_ahead,
    known_price,
    prompt_bound,
    prompt_estimate,
    total_cost,
)
from phi4eval.types import Completion, Draw, Message, ModelSpec, Price, Prompt, Sampling

PRICE = Price(input=2.0, cached_input=0.5, output=10.0)


def done(**fields: object) -> Completion:
    base = {"task": "t", "item": "q", "sample": 0, "text": "42", "finish": "stop", "prompt_hash": "h"}
    counts = {"prompt_tokens": 1_000_000, "completion_tokens": 100_000}
    return msgspec.convert({**base, **counts, **fields}, Completion)


@pytest.mark.parametrize(
    ("completion", "price", "cost"),
    [
        (done(), PRICE, 3.0),
        (done(cached_prompt_tokens=500_000), PRICE, 2.25),
        (done(cached_prompt_tokens=500_000), Price(input=2.0, output=10.0), 3.0),
        (done(cached_prompt_tokens=2_000_000), PRICE, 1.5),
        (done(reasoning_tokens=90_000), PRICE, 3.0),
        (done(from_cache=True), PRICE, 0.0),
        (done(from_cache=True), None, 0.0),
        (done(finish="error"), PRICE, 0.0),
        (done(), None, None),
        (done(prompt_tokens=None), PRICE, None),
        (done(completion_tokens=None), PRICE, None),
    ],
)
def test_a_completion_costs_its_tokens_and_nothing_is_guessed(
    completion: Completion, price: Price | None, cost: float | None
) -> None:
    assert completion_cost(completion, price) == (None if cost is None else pytest.approx(cost))


def test_one_unknown_part_makes_the_sum_unknown() -> None:
    assert total_cost([0.25, 0.5]) == 0.75
    assert total_cost([0.25, None, 0.5]) is None


def test_weights_on_one_s_own_machine_have_no_price() -> None:
    model = ModelSpec(name="m", weights="a/b", price=PRICE)
    assert known_price(model, "api") == PRICE
    assert known_price(model, "hf") is None


@given(st.text(max_size=60))
def test_a_prompt_has_no_more_tokens_than_its_bound(text: str) -> None:
    turn = Message(role="user", content=text)
    prompt = Prompt(
        task="t", item="q", messages=(turn,), sampling=Sampling(), draws=(Draw(sample=0, seed=0),), hash="h"
    )
    assert prompt_estimate(prompt) <= prompt_bound(prompt)
    assert prompt_bound(prompt) >= len(text.encode())


def test_what_is_ahead_costs_at_most_the_longest_answers_and_about_the_usual_ones() -> None:
    turn = Message(role="user", content="x" * 84)
    prompt = Prompt(
        task="t",
        item="q",
        messages=(turn,),
        sampling=Sampling(max_tokens=1000),
        draws=(Draw(sample=0, seed=0), Draw(sample=1, seed=1)),
        hash="h",
    )
    assert costs_ahead([prompt], None, 10, share=1) == (None, None)
    most, about = costs_ahead([prompt], PRICE, None, share=1)
    assert most == pytest.approx(2 * 10_200e-6)
    assert about is None
    most, about = costs_ahead([prompt], PRICE, 10.0, share=0.5)
    assert most == pytest.approx(10_200e-6)
    assert about == pytest.approx((40 * 2 + 10 * 10) * 1e-6)
