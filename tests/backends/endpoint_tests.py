"""What the tests of the api backend share: a tested backend whose pauses take no time."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator, Sequence

import msgspec
import pytest

from phi4eval.backends import BackendOptions, open_backend
from phi4eval.backends.api import ApiBackend
from phi4eval.types import Completion, Draw, Message, ModelSpec, Prompt, Sampling

from .fault_server import Behaviour, FaultServer, Reply, answer

KEY = "sk-test-0123456789abcdef"
MODEL = ModelSpec(name="tested", api_model="tested-model", context=16384)
GO = threading.Event()  # never set


class Pauses:
    """Back-off that takes no time and remembers how long it would have been; `then` runs at each."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.then: Callable[[], None] = lambda: None

    async def __call__(self, seconds: float, stopping: asyncio.Event) -> None:
        self.seconds.append(seconds)
        await asyncio.get_running_loop().run_in_executor(None, self.then)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    running = FaultServer()
    yield running
    running.close()


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def prompts_of(items: int, samples: int = 1, **sampling: object) -> list[Prompt]:
    options = msgspec.convert({"max_tokens": 64, **sampling}, Sampling)
    return [
        Prompt(
            task="sums",
            item=f"item-{index}",
            messages=(
                Message(role="system", content="Be brief."),
                Message(role="user", content=f"What is {index} + 1?"),
            ),
            sampling=options,
            draws=tuple(Draw(sample=sample, seed=1000 * index + sample) for sample in range(samples)),
            hash=f"hash-{index}",
        )
        for index in range(items)
    ]


def backend_of(server: FaultServer, pauses: Pauses, **options: object) -> ApiBackend:
    given = msgspec.convert({"base_url": server.base_url, "concurrency": 8, **options}, BackendOptions)
    backend = open_backend("api", MODEL, given)
    assert isinstance(backend, ApiBackend)
    settings = msgspec.structs.replace(
        backend.settings, rng=random.Random(7), pause=pauses, clock=lambda: 1_700_000_000.0
    )
    return ApiBackend(MODEL, settings)


def complete(
    server: FaultServer, pauses: Pauses, prompts: Sequence[Prompt], behave: Behaviour, **options: object
) -> list[Completion]:
    """All completions, after checking that each draw has exactly one and that none holds the key."""
    server.behave = behave
    completions = list(backend_of(server, pauses, **options).generate(prompts, GO))
    asked = sorted((p.item, d.sample, d.seed, p.hash) for p in prompts for d in p.draws)
    assert sorted((c.item, c.sample, c.seed, c.prompt_hash) for c in completions) == asked
    assert KEY.encode() not in msgspec.json.encode(completions)
    return completions


def only(completions: Sequence[Completion]) -> Completion:
    (completion,) = completions
    return completion


def first(reply: Reply, times: int = 1) -> Behaviour:
    """A reply for the first attempts of every request, an answer afterwards."""
    return lambda body, attempt: reply if attempt <= times else answer()


def always(reply: Reply) -> Behaviour:
    return lambda body, attempt: reply
