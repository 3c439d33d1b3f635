"""Do requests in flight rise while that helps, fall when the endpoint says so, and wait when it asks to?"""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.backends.pace import Pace, parse_reset


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def pace_of(start: int, most: int) -> tuple[Pace, Clock]:
    clock = Clock()
    return Pace(start=start, most=most, clock=clock), clock


def rounds(pace: Pace, clock: Clock, seconds: float, times: int = 1) -> None:
    """So many full rounds of answers, each of `seconds`."""
    for _ in range(times):
        clock.now += seconds
        for _ in range(pace.limit):
            pace.answered()


def test_it_doubles_while_that_brings_more_answers_a_second() -> None:
    pace, clock = pace_of(16, 256)
    rounds(pace, clock, 1.0, times=4)  # a round takes as long however many are in it
    assert pace.limit == 256
    rounds(pace, clock, 1.0, times=3)
    assert pace.limit == 256


def test_latency_that_rises_with_it_ends_the_doubling_one_step_back() -> None:
    pace, clock = pace_of(16, 256)
    for _ in range(6):
        rounds(pace, clock, pace.limit / 50)  # 50 answers a second is all there is
    assert pace.limit == 16
    rounds(pace, clock, 1.0, times=5)
    assert pace.limit == 16


def test_too_many_requests_halves_it_once_a_round_and_it_comes_back_by_one() -> None:
    pace, clock = pace_of(64, 64)
    for _ in range(20):  # all sent before the first refusal came
        pace.throttled(sent=99.0 + clock.now - 100.0, wait=None)
        clock.now += 0.01
    assert pace.limit == 32
    pace.throttled(sent=clock.now, wait=None)
    assert pace.limit == 16
    rounds(pace, clock, 1.0, times=3)
    assert pace.limit == 19


def test_it_never_falls_below_one_nor_rises_above_what_the_user_gave() -> None:
    pace, clock = pace_of(3, 3)
    for _ in range(9):
        clock.now += 1
        pace.throttled(sent=clock.now, wait=None)
    assert pace.limit == 1
    rounds(pace, clock, 1.0, times=50)
    assert pace.limit == 3


def test_a_wait_holds_everyone_and_the_longest_counts() -> None:
    pace, clock = pace_of(4, 4)
    pace.throttled(sent=clock.now, wait=20.0)
    pace.hold(5.0)
    assert pace.held_for() == 20.0
    clock.now += 21
    assert pace.held_for() == 0.0


def test_a_wait_until_tomorrow_is_not_waited_for() -> None:
    pace = Pace(start=4, most=4, clock=Clock(), patience=600)
    pace.throttled(sent=100.0, wait=86_400.0)
    assert pace.held_for() == 0.0
    assert pace.limit == 2


@pytest.mark.parametrize(
    ("headers", "held"),
    [
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2s"}, 62.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "1m0s"}, 0.0),
        ({"x-ratelimit-remaining-requests": "0"}, 0.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"}, 0.0),
        ({}, 0.0),
    ],
)
def test_an_announced_limit_is_waited_for(headers: dict[str, str], held: float) -> None:
    pace, _ = pace_of(4, 4)
    pace.heard(headers, 1_700_000_000.0)
    assert pace.held_for() == pytest.approx(held)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("6m0s", 360.0),
        ("1h1m1.5s", 3661.5),
        ("7", 7.0),
        ("0.5", 0.5),
        ("1700000030", 30.0),
        ("1700000030000", 30.0),
        ("1600000000", 0.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("", None),
        ("later", None),
        ("nan", None),
        (None, None),
    ],
)
def test_a_reset_is_read_in_the_forms_that_servers_write(value: str | None, seconds: float | None) -> None:
    assert parse_reset(value, 1_700_000_000.0) == (None if seconds is None else pytest.approx(seconds))


@given(st.text())
def test_no_reset_header_breaks_the_reader(value: str) -> None:
    seconds = parse_reset(value, 1_700_000_000.0)
    assert seconds is None or seconds >= 0


@given(st.lists(st.sampled_from(["answer", "throttle", "cancel"]), max_size=60), st.integers(1, 8))
def test_permits_are_never_lost_nor_doubled(events: list[str], most: int) -> None:
    async def scenario() -> None:
        pace, clock = pace_of(1, most)
        held: list[asyncio.Task[None]] = []
        for event in events:
            task = asyncio.create_task(pace.enter())
            held.append(task)
            await asyncio.sleep(0)
            entered = [each for each in held if each.done()]
            assert pace.in_flight == len(entered)
            clock.now += 1
            if event == "cancel":
                waiting = [each for each in held if not each.done()]
                for each in waiting[:1]:
                    each.cancel()
                    held.remove(each)
                    await asyncio.gather(each, return_exceptions=True)
            elif entered:
                held.remove(entered[0])
                if event == "throttle":
                    pace.throttled(clock.now, None)
                pace.leave()
                if event == "answer":
                    pace.answered()
            await asyncio.sleep(0)
            assert 1 <= pace.limit <= most
        for _ in range(len(held)):  # everyone who waits gets a turn
            await asyncio.sleep(0)
            done = next(each for each in held if each.done())
            held.remove(done)
            pace.leave()
        assert pace.in_flight == 0

    asyncio.run(scenario())
