"""What does the engine cost? Requests a second with storing and grading in the loop, beside bare aiohttp.

    python benchmarks/engine_overhead.py [--items 2000] [--concurrency 256] [--latency 0.05] [--rounds 5]

`engine` is the request phase of a whole run (api backend, every completion on disk as it comes, graded in
worker processes while more come in), from the first request to the last completion stored; `bare` is what one
writes by hand (see api_overhead.py). Both take turns against the same mock server. Prints medians and ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from api_overhead import mock_endpoint, run_client
from whole_command import write_items

from phi4eval.engine import PreparedRun
from phi4eval.planning import make_work
from phi4eval.protocols import Backend, StopSignal
from phi4eval.types import Completion, Fingerprint, Prompt, PromptTokens, RunRequest


class Stopwatch:
    """A backend around another that notes how long the engine took to draw all completions from it."""

    def __init__(self, inner: Backend) -> None:
        self._inner = inner
        self.seconds = 0.0

    @property
    def fingerprint(self) -> Fingerprint:
        """The inner backend's."""
        return self._inner.fingerprint

    @property
    def context(self) -> int | None:
        """The inner backend's."""
        return self._inner.context

    def tokens(self, prompt: Prompt) -> PromptTokens | None:
        """The inner backend's."""
        return self._inner.tokens(prompt)

    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        """The inner backend's completions; what the engine does between two counts."""
        begun = time.perf_counter()
        yield from self._inner.generate(prompts, stop)
        self.seconds = time.perf_counter() - begun

    def close(self) -> None:
        """Close the inner backend."""
        self._inner.close()


def run_engine(base_url: str, data: Path, concurrency: int) -> float:
    """Requests per second of the request phase of one fresh run."""
    with tempfile.TemporaryDirectory() as results:
        os.environ["PHI4EVAL_CACHE"] = results  # filled as in use, and empty again in the next round
        request = RunRequest(
            model="mock",
            tasks=("gsm8k",),
            backend="api",
            base_url=base_url,
            data={"gsm8k": str(data)},
            concurrency=concurrency,
            temperature=0.8,
            max_tokens=512,
            results=results,
        )
        work = make_work(request)
        watch = Stopwatch(work.backend)
        with PreparedRun(work._replace(backend=watch)) as prepared:
            summary = prepared.execute(on_progress=lambda progress: None)
        assert summary.complete
        return summary.tasks[0].samples / watch.seconds


def run_bare(base_url: str, requests: int, concurrency: int) -> float:
    """Requests per second of the hand-written client."""
    begun = time.perf_counter()
    asyncio.run(run_client(base_url, requests, concurrency, floor=False))
    return requests / (time.perf_counter() - begun)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    rates: dict[str, list[float]] = {"engine": [], "bare": []}
    with tempfile.TemporaryDirectory() as scratch, mock_endpoint(args.latency) as base_url:
        data = write_items(Path(scratch), args.items)
        run_engine(base_url, data, args.concurrency)  # imports and caches, outside of the measurement
        for _ in range(args.rounds):
            rates["engine"].append(run_engine(base_url, data, args.concurrency))
            rates["bare"].append(run_bare(base_url, args.items, args.concurrency))
    for name, each in rates.items():
        rounds = " ".join(f"{rate:.0f}" for rate in each)
        print(f"{name:7}{statistics.median(each):6.0f} requests/s   rounds: {rounds}")
    ratio = statistics.median(rates["engine"]) / statistics.median(rates["bare"])
    pairs = [ours / bare for ours, bare in zip(rates["engine"], rates["bare"], strict=True)]
    print(f"engine / bare: {ratio:.3f} (medians), {statistics.median(pairs):.3f} (median of pairs)")


if __name__ == "__main__":
    main()
