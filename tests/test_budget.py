"""A run never spends more than its limit, uses what it may, and says why it stopped."""

from __future__ import annotations

import threading

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.budget import RunBudget
from phi4eval.protocols import Budget
from phi4eval.types import Completion, Draw, Message, Price, Prompt, Sampling

PRICE = Price(input=1.0, output=2.0)
GO = threading.Event()


def prompt_of(item: int, draws: int = 1, max_tokens: int = 100) -> Prompt:
    return Prompt(
        task="t",
        item=str(item),
        messages=(Message(role="user", content="x" * 84),),  # at most 84 bytes and 16 of the turn
        sampling=Sampling(max_tokens=max_tokens),
        draws=tuple(Draw(sample=n, seed=n) for n in range(draws)),
        hash="h",
    )


def done(item: int, used: int | None = 10, sample: int = 0, **changes: object) -> Completion:
    fields = {
        "task": "t",
        "item": str(item),
        "sample": sample,
        "text": "",
        "finish": "stop",
        "prompt_hash": "h",
    }
    counts = {"prompt_tokens": used, "completion_tokens": used}
    return msgspec.convert({**fields, **counts, **changes}, Completion)


def budget_of(max_cost: float | None = None, max_tokens: int | None = None) -> RunBudget:
    return RunBudget(max_cost=max_cost, max_tokens=max_tokens, price=PRICE, stop=GO)


def test_it_is_what_backends_ask_and_a_plain_event_is_not() -> None:
    assert isinstance(budget_of(), Budget)
    assert not isinstance(threading.Event(), Budget)
    assert not budget_of().limited
    assert budget_of(max_tokens=1).limited


def test_a_request_waits_for_what_is_in_flight_and_ends_the_run_when_nothing_is() -> None:
    budget = budget_of(max_tokens=450)  # a request may take 200
    first, second, third = (prompt_of(n) for n in range(3))
    assert budget.reserve(first, first.draws) is True
    assert budget.reserve(second, second.draws) is True
    assert budget.reserve(third, third.draws) is None
    budget.spend(done(0))
    assert budget.reserve(third, third.draws) is True
    budget.spend(done(1, used=100))
    budget.spend(done(2, used=100))
    assert budget.reserve(first, first.draws) is False
    assert budget.is_set()
    assert budget.stopped == "stopped by --max-tokens-total 450 after 420 tokens"


def test_the_user_s_own_stop_counts_and_is_no_limit() -> None:
    event = threading.Event()
    budget = RunBudget(max_cost=1.0, max_tokens=None, price=PRICE, stop=event)
    event.set()
    assert budget.is_set()
    assert budget.stopped is None


def test_a_backend_that_does_not_ask_is_stopped_once_the_limit_is_reached() -> None:
    budget = budget_of(max_cost=0.0001)
    budget.spend(done(0, used=30))
    assert not budget.is_set()
    budget.spend(done(1, used=30))
    assert budget.is_set()
    assert budget.stopped == "stopped by --max-cost 0.0001 after $0.0002"


@pytest.mark.parametrize("free", [done(0, from_cache=True), done(0, finish="error")])
def test_the_cache_and_failures_cost_nothing(free: Completion) -> None:
    budget = budget_of(max_tokens=200)
    prompt = prompt_of(0)
    assert budget.reserve(prompt, prompt.draws)
    budget.spend(free)
    assert budget.reserve(prompt, prompt.draws)


def test_a_server_that_does_not_count_is_taken_to_have_used_all_it_might() -> None:
    budget = budget_of(max_tokens=399)
    prompt = prompt_of(0)
    assert budget.reserve(prompt, prompt.draws)
    budget.spend(done(0, used=None))
    assert budget.reserve(prompt_of(1), prompt.draws) is False


@given(
    st.integers(200, 3000),
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 50)), max_size=30),
    st.integers(1, 4),
)
def test_no_order_of_answers_exceeds_the_limit(
    limit: int, jobs: list[tuple[int, int]], in_flight: int
) -> None:
    budget = budget_of(max_tokens=limit)
    flying: list[Completion] = []
    spent = 0

    def land() -> None:
        nonlocal spent
        completion = flying.pop(0)
        budget.spend(completion)
        spent += 2 * (completion.prompt_tokens or 0)

    for item, (draws, used) in enumerate(jobs):
        prompt = prompt_of(item, draws)
        while (granted := budget.reserve(prompt, prompt.draws)) is None:
            land()
        if not granted:
            assert spent + 200 * draws > limit
            break
        flying += [done(item, used, draw.sample) for draw in prompt.draws]
        while len(flying) > in_flight:
            land()
    while flying:
        land()
    assert spent <= limit
