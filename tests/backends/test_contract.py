"""Do all backends keep one contract? (vllm: tests/vllm, ray: tests/executors, each with its own library.)"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from phi4eval.backends import BackendOptions, open_backend
from phi4eval.models import find_model
from phi4eval.seeds import content_hash, seed_for
from phi4eval.testing import check_backend
from phi4eval.testing.backend import TEXTS
from phi4eval.types import Draw, Message, ModelSpec, Prompt, Sampling
from tests.backends.fault_server import FaultServer, Reply, answer, failure

LENGTH = "answers end at the token limit with finish=length"
STOPS = "a stop string ends the answer and is not in it"
SCORES = "log-probabilities of texts are in order and add up"
SEED = "a completion says its draw's seed"
AGAIN = "the same questions again"


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def unanswerable() -> Prompt:
    return Prompt(
        task="contract",
        item="unanswerable",
        messages=(Message(role="user", content="unanswerable"),),
        sampling=Sampling(max_tokens=8),
        draws=(Draw(sample=0, seed=5),),
        hash="unanswerable",
    )


@pytest.mark.usefixtures("one_thread")
def test_hf_keeps_the_contract() -> None:
    report = check_backend(lambda: open_backend("hf", find_model("phi-tiny"), BackendOptions()))
    assert report.skipped == {}
    assert report.observed[AGAIN] == "greedy: 12 of 12 answers the same; seeded: 12 of 12 answers the same"


def test_replay_keeps_the_contract(tmp_path: Path) -> None:
    file = tmp_path / "made.jsonl"
    rows = [
        {"id": content_hash(text), "completion": f"{text} I say {k}."} for text in TEXTS for k in range(12)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    model = ModelSpec(name="made", weights=str(file))
    ignored = dict.fromkeys((LENGTH, STOPS), "a recording ignores sampling")
    ignored[SEED] = "a row of another program tells no seed"
    report = check_backend(
        lambda: open_backend("replay", model, BackendOptions()), failing=unanswerable(), skip=ignored
    )
    assert report.skipped == {**ignored, SCORES: "it is no Scorer"}


def behave(body: dict[str, Any], attempt: int) -> Reply:
    """A server that writes words, obeys limits and stops, and refuses one question."""
    question = body["messages"][-1]["content"]
    if question == "unanswerable":
        return failure(400, "no", code="content_policy_violation")
    seed = body["seed"] if body.get("temperature") else 0
    stops = body.get("stop") or []
    limit = body.get("max_tokens") or body["max_completion_tokens"]
    text = ""
    for at in range(limit):
        text += ("red ", "green ", "blue ", "white ")[seed_for(question, seed, at) % 4]
        for stop in stops:
            if stop in text:
                return answer(text.partition(stop)[0], "stop")
    return answer(text, "length")


def test_api_keeps_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    server = FaultServer()
    server.behave = behave
    model = ModelSpec(name="tested", api_model="tested-model")
    options = BackendOptions(base_url=server.base_url, concurrency=4)
    try:
        report = check_backend(
            lambda: open_backend("api", model, options),
            failing=unanswerable(),
            skip={
                LENGTH: "the server of this test reports three tokens for every answer",
                SCORES: "the server of this test echoes no text; tests/vllm has one that does",
            },
        )
    finally:
        server.close()
    assert STOPS in report.checked
