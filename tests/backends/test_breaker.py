"""Does an endpoint that is down end the run with a clear word, and one that comes back cost only a pause?"""

from __future__ import annotations

import asyncio

import pytest

from phi4eval.backends.breaker import Breaker
from phi4eval.backends.limits import Failure, FailureKind, RetryPolicy
from phi4eval.errors import IncompleteError

POLICY = RetryPolicy(failures_in_a_row=3, trials=2, free_retries=4, retry_share=0.5)


def breaker() -> Breaker:
    return Breaker(POLICY, "http://here/v1")


def fail(kind: FailureKind = "transient") -> Failure:
    return Failure(kind=kind, message="HTTP 500: boom")


def test_failures_in_a_row_open_it_and_one_answer_closes_it() -> None:
    async def scenario() -> None:
        tested = breaker()
        for _ in range(2):
            tested.failed(fail(), probing=False)
        tested.alive()
        for _ in range(2):
            tested.failed(fail(), probing=False)
        assert not tested.open
        tested.failed(fail(), probing=False)
        assert tested.open
        tested.alive()
        assert not tested.open

    asyncio.run(scenario())


def test_after_the_trials_the_run_ends_and_says_how_it_goes_on() -> None:
    async def scenario() -> None:
        tested = breaker()
        for _ in range(3):
            tested.failed(fail(), probing=False)
        pauses = []
        for _ in range(2):
            pauses.append(tested.pause)
            tested.failed(fail(), probing=True)
        assert pauses == [1.0, 2.0]
        with pytest.raises(IncompleteError, match=r"6 requests in a row failed.*boom") as caught:
            tested.failed(fail(), probing=True)
        assert "same command" in str(caught.value.hint)

    asyncio.run(scenario())


def test_an_endpoint_that_was_never_there_is_not_one_that_stopped() -> None:
    async def scenario() -> None:
        tested = breaker()
        for _ in range(9):
            tested.failed(fail("unreachable"), probing=True)
        assert not tested.open
        tested.alive()
        for _ in range(3):
            tested.failed(fail("unreachable"), probing=False)
        assert tested.open

    asyncio.run(scenario())


def test_retries_are_a_budget_that_answers_fill() -> None:
    async def scenario() -> None:
        tested = breaker()
        assert [tested.may_retry() for _ in range(5)] == [True] * 4 + [False]
        for _ in range(4):
            tested.alive()
        assert tested.may_retry()
        assert not tested.may_retry()

    asyncio.run(scenario())
