"""How many requests a second does the api backend make, beside an aiohttp client with nothing around it?

    python benchmarks/api_overhead.py

The clients take turns against one mock server in its own process. `bare` is what one writes by hand: workers
that post(json=...) and read response.json(). `floor` posts ready-made bytes and does not look at what comes
back. `lm-eval` is the client of its local-chat-completions model, from the call to its list of texts; it
needs `pip install tenacity`. Prints requests/s per round, medians and ratios (ours / theirs).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from phi4eval.backends import BackendOptions, open_backend
from phi4eval.types import Draw, Message, ModelSpec, Prompt, Sampling

QUESTION = "A train leaves at noon and travels 60 miles an hour. How far has it come at half past four? " * 4


@contextlib.contextmanager
def mock_endpoint(latency: float) -> Iterator[str]:
    """The base URL of a mock server, which ends with the block."""
    script = Path(__file__).with_name("mock_endpoint.py")
    command = [sys.executable, str(script), "--port", "0", "--latency", str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def run_ours(base_url: str, requests: int, concurrency: int) -> None:
    """Our backend, every completion taken from its iterator."""
    sampling = Sampling(temperature=0.8, max_tokens=512)
    prompts = [
        Prompt(
            task="bench",
            item=str(index),
            messages=(Message(role="user", content=f"{index}: {QUESTION}"),),
            sampling=sampling,
            draws=(Draw(sample=0, seed=index),),
            hash=f"{index:016x}",
        )
        for index in range(requests)
    ]
    backend = open_backend(
        "api", ModelSpec(name="mock"), BackendOptions(base_url=base_url, concurrency=concurrency)
    )
    answered = sum(each.finish == "stop" for each in backend.generate(prompts, threading.Event()))
    backend.close()
    assert answered == requests


async def run_client(base_url: str, requests: int, concurrency: int, *, floor: bool) -> None:
    """aiohttp alone, with as many workers as connections."""
    import aiohttp

    url = f"{base_url}/chat/completions"
    numbers = iter(range(requests))
    fixed = b'{"model":"mock","messages":[{"role":"user","content":"%s"}],"seed":1}' % QUESTION.encode()

    async def work(session: aiohttp.ClientSession) -> int:
        answered = 0
        for index in numbers:
            if floor:
                async with session.post(url, data=fixed) as response:
                    answered += bool(await response.read())
                continue
            body = {
                "model": "mock",
                "messages": [{"role": "user", "content": f"{index}: {QUESTION}"}],
                "temperature": 0.8,
                "top_p": 1.0,
                "max_tokens": 512,
                "seed": index,
            }
            async with session.post(url, json=body) as response:
                value = await response.json()
            answered += bool(value["choices"][0]["message"]["content"])
        return answered

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
        counts = await asyncio.gather(*(work(session) for _ in range(concurrency)))
    assert sum(counts) == requests


def run_lm_eval(base_url: str, requests: int, concurrency: int) -> None:
    """lm-eval's client: its local-chat-completions model, asked for the same answers."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.api_models import JsonChatStr
    from lm_eval.models.openai_completions import LocalChatCompletion

    client = LocalChatCompletion(
        base_url=f"{base_url}/chat/completions",
        model="mock",
        num_concurrent=concurrency,
        max_retries=3,
        tokenized_requests=False,
    )
    options = {"temperature": 0.8, "top_p": 1.0, "max_gen_toks": 512, "do_sample": True, "until": []}
    asked = [
        Instance(
            request_type="generate_until",
            doc={},
            arguments=(JsonChatStr(json.dumps([{"role": "user", "content": f"{i}: {QUESTION}"}])), options),
            idx=i,
        )
        for i in range(requests)
    ]
    assert len(client.generate_until(asked, disable_tqdm=True)) == requests


def measure(requests: int, concurrency: int, latency: float, rounds: int) -> dict[str, list[float]]:
    """Requests per second of each client, round by round, in turns; and "cpu NAME", ms of CPU a request."""
    rates: dict[str, list[float]] = {"ours": [], "bare": [], "floor": [], "lm-eval": []}
    os.environ.setdefault("OPENAI_API_KEY", "none")  # lm-eval's client wants one
    rates |= {f"cpu {name}": [] for name in rates}
    with mock_endpoint(latency) as base_url:
        clients: dict[str, Callable[[], None]] = {
            "ours": lambda: run_ours(base_url, requests, concurrency),
            "bare": lambda: asyncio.run(run_client(base_url, requests, concurrency, floor=False)),
            "floor": lambda: asyncio.run(run_client(base_url, requests, concurrency, floor=True)),
            "lm-eval": lambda: run_lm_eval(base_url, requests, concurrency),
        }
        for client in clients.values():  # imports and caches, outside of the measurement
            client()
        for round_ in range(rounds):
            names = list(clients) if round_ % 2 == 0 else list(clients)[::-1]
            for name in names:
                started, cpu = time.perf_counter(), time.process_time()
                clients[name]()
                rates[name].append(requests / (time.perf_counter() - started))
                rates[f"cpu {name}"].append((time.process_time() - cpu) / requests * 1000)
    return rates


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    rates = measure(args.requests, args.concurrency, args.latency, args.rounds)
    medians = {name: statistics.median(each) for name, each in rates.items()}
    for name in ("ours", "bare", "floor", "lm-eval"):
        rounds = " ".join(f"{rate:.0f}" for rate in rates[name])
        cpu = medians[f"cpu {name}"]
        print(f"{name:8}{medians[name]:8.0f} requests/s  {cpu:.3f} ms CPU a request   rounds: {rounds}")
    for name in ("bare", "floor", "lm-eval"):
        print(f"ours / {name}: {medians['ours'] / medians[name]:.3f} (medians of requests/s)")


if __name__ == "__main__":
    main()
