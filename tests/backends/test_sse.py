"""Does a streamed answer come out whole however its bytes are cut, and never as less than it was?"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.backends.sse import LARGEST_EVENT, EventReader
from phi4eval.backends.wire import MalformedError, Usage


def event(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def delta(content: str, index: int = 0, finish: str | None = None, **more: object) -> bytes:
    return event(
        {"choices": [{"index": index, "delta": {"content": content, **more}, "finish_reason": finish}]}
    )


USAGE = event({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 9}})
DONE = b"data: [DONE]\n\n"


def read(*parts: bytes, count: int = 1) -> EventReader:
    reader = EventReader()
    for part in parts:
        reader.feed(part)
    return reader


@given(st.text(), st.text(), st.data())
def test_a_stream_is_read_the_same_however_it_is_cut(first: str, second: str, data: st.DataObject) -> None:
    whole = (
        delta(first, reasoning_content="hm ") + b": ping\n\n" + delta(second, finish="length") + USAGE + DONE
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    (answer,) = read(*pieces).answers(64)
    assert (answer.text, answer.reasoning, answer.finish) == (first + second, "hm ", "length")
    assert answer.usage == Usage(prompt=5, completion=9)


def test_interleaved_choices_are_put_together_by_index_and_share_the_usage() -> None:
    stream = delta("b", 1) + delta("a", 0) + delta("B", 1, "stop") + delta("A", 0, "stop") + USAGE + DONE
    answers = read(stream).answers(64, 2)
    assert [answer.text for answer in answers] == ["aA", "bB"]
    assert [answer.usage.completion for answer in answers] == [5, 4]


def test_log_probabilities_are_joined() -> None:
    def part(value: float) -> bytes:
        row = {"token": "x", "logprob": value}
        return event({"choices": [{"delta": {"content": "x"}, "logprobs": {"content": [row]}}]})

    (answer,) = read(part(-0.5), part(-1.0), delta("", finish="stop")).answers(64)
    assert answer.logprobs == (-0.5, -1.0)


def test_plain_completions_stream_text() -> None:
    stream = event({"choices": [{"text": "4", "index": 0}]}) + event(
        {"choices": [{"text": "2", "index": 0, "finish_reason": "stop"}]}
    )
    assert read(stream).answers(64)[0].text == "42"


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (delta("4"), "broke off"),
        (b"", "no choices"),
        (DONE, "no choices"),
        (event({"error": {"message": "engine died"}}), "engine died"),
        (b"data: {oops\n\n", "no completion"),
        (b"data: " + b"[" * 100_000 + b"\n", "no completion"),
        (delta("x", 0, "stop") + delta("y", 1, "stop"), "2 choices where 1"),
        (delta("x", finish="tool_calls") + DONE, "unknown reason"),
    ],
)
def test_a_stream_that_is_no_whole_answer_is_none(stream: bytes, said: str) -> None:
    with pytest.raises(MalformedError, match=said):
        read(stream).answers(64)


def test_an_event_without_end_does_not_fill_the_memory() -> None:
    with pytest.raises(MalformedError, match="larger than"):
        read(b"data: " + b"x" * LARGEST_EVENT, b"x")


@given(st.binary())
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        answers = read(data, DONE).answers(64)
    except MalformedError:
        return
    assert answers
