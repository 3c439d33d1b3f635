"""What users suffer from elsewhere when an endpoint answers (design notes on backends), each held by one run.

Whole runs against a server of the tests: from the request to the verdict and the summary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import phi4eval
from phi4eval.backends.limits import RetryPolicy, request_timeout
from phi4eval.errors import MissingError, UsageError
from phi4eval.store import load_run
from phi4eval.types import Record, Sampling, Summary

from .endpoint_tests import server
from .fault_server import FaultServer, Reply, answer, failure

__all__ = ["server"]

Behave = Callable[[dict[str, Any], int], Reply]


def run(server: FaultServer, results: Path, behave: Behave, **options: Any) -> tuple[Summary, list[Record]]:
    server.behave = behave
    given: dict[str, Any] = {
        "model": "tested",
        "tasks": "phi_tiny_math",
        "base_url": server.base_url,
        "limit": 8,
        "results": results,
        "max_error_rate": 1.0,
    }
    summary = phi4eval.run(**{**given, **options})
    (manifest,) = results.glob("*/manifest.json")
    return summary, list(load_run(manifest.parent).records())


def verdicts(records: list[Record]) -> set[str]:
    return {record.grade.verdict for record in records if record.grade is not None}


@pytest.mark.parametrize(
    "reply",
    [
        answer("<think>perhaps Answer: 7", "length"),
        answer(None, "length", reasoning_content="perhaps Answer: 7"),
        answer("perhaps Answer: 7, no", "length"),
        answer("<|channel|>analysis<|message|>Answer: 7", "length"),
    ],
    ids=["an open tag", "sent apart", "opened by the template", "a channel"],
)
def test_1_an_answer_cut_off_in_its_thinking_is_truncated_and_asked_for_once(
    server: FaultServer, tmp_path: Path, reply: Reply
) -> None:
    _, records = run(server, tmp_path, lambda body, n: reply, backend_args={"thinking": "yes"})
    assert verdicts(records) == {"truncated"}
    assert {record.completion.attempts for record in records} == {1}
    kept = {record.completion.text + (record.completion.reasoning or "") for record in records}
    assert len(kept) == 1
    assert "Answer: 7" in kept.pop()


def test_4_the_outputs_of_one_checkpoint_are_never_those_of_another(
    server: FaultServer, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        served = answer(name)
        _, records = run(server, tmp_path / name, partial(_always, served), backend_args={"weights": name})
        assert {record.completion.text for record in records} == {name}


def _always(reply: Reply, body: dict[str, Any], attempt: int) -> Reply:
    return reply


def test_6_a_prompt_that_the_server_finds_too_long_is_an_error_with_its_numbers_and_is_never_cut(
    server: FaultServer, tmp_path: Path
) -> None:
    def narrow(body: dict[str, Any], attempt: int) -> Reply:
        if server.bodies.index(body) == 1:
            return failure(400, "maximum context length is 16 tokens, you asked for 99")
        return answer("Answer: 1")

    summary, records = run(server, tmp_path, narrow, concurrency=1)
    errors = [record.completion.error for record in records if record.completion.finish == "error"]
    assert len(errors) == 1
    assert "16 tokens" in (errors[0] or "")
    assert summary.tasks[0].counts["error"] == 1
    assert len(server.bodies) == 8


def test_8_thinking_mode_and_template_options_are_part_of_the_run_s_name(
    server: FaultServer, tmp_path: Path
) -> None:
    bodies = ('{"chat_template_kwargs": {"enable_thinking": true}}', '{"chat_template_kwargs": {}}')
    for number, body in enumerate(bodies):
        run(server, tmp_path / str(number), lambda body, n: answer("x"), backend_args={"body": body})
    assert len({path.parent.name for path in tmp_path.glob("*/*/manifest.json")}) == 2


def test_13_repeats_have_seeds_of_their_own_and_the_same_ones_in_every_run(
    server: FaultServer, tmp_path: Path
) -> None:
    for number in range(2):
        run(server, tmp_path / str(number), lambda body, n: answer("x"), repeats=4, cache=False)
    seeds = Counter(body["seed"] for body in server.bodies)
    assert len(seeds) == 32
    assert set(seeds.values()) == {2}


def test_16_one_request_that_takes_too_long_costs_its_item_alone(server: FaultServer, tmp_path: Path) -> None:
    assert request_timeout(Sampling(max_tokens=32_768), None) > 3000
    storm: Behave = lambda body, n: failure(429, "slow", Retry_After="0") if n == 1 else answer("x")  # noqa: E731
    summary, _ = run(server, tmp_path, storm, concurrency=2)
    assert summary.tasks[0].counts["error"] == 0


def test_17_a_fault_that_never_passes_is_tried_a_few_times_and_told(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = RetryPolicy(base=0.0)
    monkeypatch.setattr("phi4eval.backends.api_options.RetryPolicy", lambda **_: policy)
    summary, records = run(server, tmp_path, lambda body, n: failure(500, "index out of range"))
    assert len(server.bodies) == 24
    assert all("3 times in a row the same" in (record.completion.error or "") for record in records)
    assert summary.tasks[0].counts["error"] == 8


def test_20_what_is_missing_is_named_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(MissingError, match="no key for https") as caught:
        phi4eval.run(model="gpt-4o", tasks="phi_tiny_math", limit=1, results=tmp_path)
    assert "OPENAI_API_KEY" in str(caught.value.hint)
    with pytest.raises(UsageError, match='no argument "modle"'):
        phi4eval.run(
            model="x",
            tasks="phi_tiny_math",
            base_url="http://127.0.0.1:9/v1",
            results=tmp_path,
            backend_args={"modle": "x"},
        )
