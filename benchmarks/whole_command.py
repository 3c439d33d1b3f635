"""The whole command, start to summary: phi4eval run against lm_eval and inspect eval on the same items.

    python benchmarks/whole_command.py [--items 2000] [--rounds 3] [--latency 0.05] [--concurrency 256]
                                       [--inspect PYTHON]

All evaluate the same made-up items (one prompt each) against a local endpoint that answers after `latency`
seconds, each in a fresh process and in turn. Prints wall seconds, requests a second as the endpoint counts
them from the first request to the last answer, and ratios; with --memory the peak memory of phi4eval for
10,000 items x 8 samples. Needs `pip install tenacity`, which lm-eval's client imports; --inspect names the
Python of another environment, made by `pip install inspect_ai openai`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent

TASK = """\
task: made_up
dataset_path: json
dataset_kwargs:
  data_files: {{test: {data}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{temperature: 0.5, do_sample: true, max_gen_toks: 256, until: []}}
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true}}
metadata:
  version: 1.0
"""


class Endpoint:
    """A mock endpoint in its own process, for the length of a `with` block."""

    def __init__(self, latency: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "mock_endpoint.py"), "--latency", str(latency)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.requests, self.seconds = 0, 0.0

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.terminate()
        _, said = self._process.communicate()
        found = re.search(r"served (\d+) chat requests in ([0-9.]+) s", said)
        if found:
            self.requests, self.seconds = int(found[1]), float(found[2])

    @property
    def rate(self) -> float:
        """Requests a second, from the first request to the last answer; once the block has ended."""
        return self.requests / self.seconds if self.seconds else 0.0


def write_items(directory: Path, count: int) -> Path:
    """Made-up questions, all with the answer that the endpoint gives."""
    path = directory / "items.jsonl"
    with path.open("w") as file:
        for number in range(count):
            question = f"Question {number}: Ann has {number} apples and buys 3 more. How many has she now?"
            file.write(json.dumps({"id": str(number), "question": question, "answer": "#### 42"}) + "\n")
    return path


def ours(data: Path, port: int, results: Path, concurrency: int, repeats: int = 1) -> list[str]:
    """phi4eval's command line."""
    return [
        *(sys.executable, "-m", "phi4eval", "run", "--model", "mock", "--tasks", "gsm8k"),
        *("--backend", "api", "--base-url", f"http://127.0.0.1:{port}/v1"),
        *("--data", f"gsm8k={data}", "--concurrency", str(concurrency), "--results", str(results)),
        *("--repeats", str(repeats), "--temperature", "0.5", "--max-tokens", "256"),
    ]


def theirs(tasks: Path, port: int, concurrency: int) -> list[str]:
    """lm-eval's command line."""
    address = f"http://127.0.0.1:{port}/v1/chat/completions"
    model_args = (
        f"model=mock,base_url={address},num_concurrent={concurrency},max_retries=3,tokenized_requests=False"
    )
    return [
        *(sys.executable, "-m", "lm_eval", "run", "--model", "local-chat-completions"),
        *(
            "--model_args",
            model_args,
            "--include_path",
            str(tasks),
            "--tasks",
            "made_up",
            "--apply_chat_template",
        ),
    ]


def inspect(python: str, data: Path, port: int, concurrency: int, logs: Path) -> list[str]:
    """Inspect's command line, from an environment of its own."""
    return [
        *(str(Path(python).with_name("inspect")), "eval"),
        os.path.relpath(HERE / "peers" / "inspect_made_up.py"),  # it takes no absolute path
        *("-T", f"data={data}", "--model", "openai-api/mock/mock"),
        *("--model-base-url", f"http://127.0.0.1:{port}/v1", "--max-connections", str(concurrency)),
        *("--max-samples", str(concurrency), "--display", "none", "--log-dir", str(logs)),
    ]


def timed(command: list[str], directory: Path) -> tuple[float, int, float | None]:
    """(wall seconds, peak memory in MiB, seconds to the first stored completion) of a command.

    Stops the benchmark if the command fails. The last is known for phi4eval alone.
    """
    log = directory / "log"
    environment = os.environ | {
        **{"OPENAI_API_KEY": "none", "MOCK_API_KEY": "none", "PHI4EVAL_CACHE": str(directory / "cache")},
        **{"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"},
    }
    first: list[float] = []
    begun = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
        watch = threading.Thread(target=_watch, args=(directory, process.pid, begun, first), daemon=True)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{log.read_text(errors='replace')[-2000:]}")
    return seconds, usage.ru_maxrss // 1024, first[0] if first else None


def _watch(directory: Path, pid: int, begun: float, first: list[float]) -> None:
    """Note when the first completion of a run under `directory` is on disk."""
    while Path(f"/proc/{pid}").exists() and not first:
        if any(path.stat().st_size for path in directory.glob("results/*/completions.jsonl")):
            first.append(time.perf_counter() - begun)
        time.sleep(0.002)


def compare(items: int, rounds: int, latency: float, concurrency: int, inspect_python: str | None) -> None:
    """Alternate the commands and print their times."""
    names = ["phi4eval", "lm-eval", *(["inspect-ai"] if inspect_python else [])]
    times: dict[str, list[float]] = {name: [] for name in names}
    rates: dict[str, list[float]] = {name: [] for name in names}
    firsts: list[float] = []
    for number in range(rounds):
        for name in names:
            with tempfile.TemporaryDirectory() as scratch, Endpoint(latency) as endpoint:
                directory = Path(scratch)
                data = write_items(directory, items)
                (directory / "tasks").mkdir()
                (directory / "tasks" / "made_up.yaml").write_text(TASK.format(data=data))
                port = endpoint.port
                if name == "phi4eval":
                    command = ours(data, port, directory / "results", concurrency)
                elif name == "lm-eval":
                    command = theirs(directory / "tasks", port, concurrency)
                else:
                    command = inspect(inspect_python or "", data, port, concurrency, directory / "logs")
                seconds, peak, first = timed(command, directory)
            assert endpoint.requests == items, f"{name} made {endpoint.requests} requests"
            times[name].append(seconds)
            rates[name].append(endpoint.rate)
            firsts += [first] if first is not None else []
            rate = f"{endpoint.rate:,.0f} requests/s"
            print(f"round {number + 1}  {name:10} {seconds:6.2f} s  peak {peak} MiB  {rate}", flush=True)
    print(
        f"{items} items, latency {latency * 1000:.0f} ms, concurrency {concurrency}, {os.cpu_count()} cores"
    )
    medians = {name: statistics.median(values) for name, values in times.items()}
    speeds = {name: statistics.median(values) for name, values in rates.items()}
    print(f"phi4eval: median {medians['phi4eval']:.2f} s, {speeds['phi4eval']:,.0f} requests/s,", end=" ")
    print(f"first completion stored after {statistics.median(firsts):.2f} s")
    for name in names[1:]:
        print(f"{name}: median {medians[name]:.2f} s, {speeds[name]:,.0f} requests/s;", end=" ")
        print(f"ratio of seconds {medians[name] / medians['phi4eval']:.2f},", end=" ")
        print(f"of request rates {speeds['phi4eval'] / speeds[name]:.2f}")


def memory(concurrency: int) -> None:
    """Peak memory of 10,000 items with 1 and with 8 samples each."""
    peaks = {}
    for repeats in (1, 8):
        with tempfile.TemporaryDirectory() as scratch, Endpoint(0.0) as endpoint:
            directory = Path(scratch)
            data = write_items(directory, 10_000)
            command = ours(data, endpoint.port, directory / "results", concurrency, repeats)
            seconds, peaks[repeats], _ = timed(command, directory)
            print(f"10,000 items x {repeats}: {seconds:.1f} s, peak {peaks[repeats]} MiB", flush=True)
    print(f"ratio of peaks, 8 samples to 1: {peaks[8] / peaks[1]:.2f}")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument(
        "--inspect", metavar="PYTHON", help="Python of an environment with inspect_ai and openai"
    )
    parser.add_argument("--memory", action="store_true", help="measure peak memory instead")
    args = parser.parse_args()
    if args.memory:
        memory(args.concurrency)
    else:
        compare(args.items, args.rounds, args.latency, args.concurrency, args.inspect)


if __name__ == "__main__":
    main()
