"""How many pairs a second? Ours beside math-verify on the same cores, and the time to the first grade.

    python benchmarks/grading_speed.py [FILE.jsonl ...] [--rows 1000]

A file has rows {"gold", "prediction", "form"}; without one, our boxed case tables. math-verify runs in as
many processes as ours has workers, each over its share of the rows. Imports and the start of processes are
counted for neither. Prints medians of three rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

from grading_peers import verdicts  # noqa: E402
from grading_quality import own_tables  # noqa: E402

COLD = """
import time; begun = time.perf_counter()
import phi4eval; phi4eval.grade(gold="1/2", prediction="0.5"); print(time.perf_counter() - begun)
"""
BULK = """
import json, sys, threading, time
from phi4eval.grading import Pair, submit_pair
rows = json.load(sys.stdin)
left = threading.Semaphore(0)
def count(judgement): left.release()
for number in range(2, 34):  # for the algebra system in every worker, and for this process's own arithmetic
    submit_pair(Pair(gold=f"x^2<{number}", prediction=f"x^2-{number}<0"), count)
for number in range(2, 34): left.acquire()
submit_pair(Pair(gold="\\sqrt{8}", prediction="2\\sqrt{2}"), count)
left.acquire()
begun = time.perf_counter()
for gold, text, form in rows:
    submit_pair(Pair(gold=gold, prediction=text, form=form), count)
for _ in rows: left.acquire()
print(time.perf_counter() - begun)
"""


def ours(rows: Sequence[dict[str, Any]]) -> float:
    """Seconds for all rows in a fresh process whose workers have started."""
    text = json.dumps([[row["gold"], row["prediction"], row["form"]] for row in rows])
    done = subprocess.run(
        [sys.executable, "-c", BULK], input=text, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def math_verify(rows: Sequence[dict[str, Any]], processes: int) -> float:
    """Seconds that the busiest of the processes spent judging."""
    shares = [
        [(row["gold"], row["prediction"]) for row in rows[first::processes]] for first in range(processes)
    ]

    def spent(share: list[tuple[str, str]]) -> float:
        return float(sum(seconds for _, seconds in verdicts("math_verify", share, sys.executable)))

    with ThreadPoolExecutor(processes) as threads:
        return max(threads.map(spent, shares))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    processes = min(os.cpu_count() or 1, 4)
    cold = [float(subprocess.check_output([sys.executable, "-c", COLD])) for _ in range(options.rounds)]
    print(f"first grade in a fresh process: {statistics.median(cold):.2f} s; {processes} processes below")
    tables = {
        Path(name).name: [json.loads(text) for text in Path(name).read_text().splitlines()]
        for name in options.files
    } or {"our boxed cases": own_tables()["boxed answers"]}
    for title, every in tables.items():
        rows = every[: options.rows]
        mine = statistics.median(ours(rows) for _ in range(options.rounds))
        theirs = statistics.median(math_verify(rows, processes) for _ in range(options.rounds))
        print(
            f"{title}: {len(rows)} rows; phi4eval {len(rows) / mine:,.0f}/s,"
            f" math-verify {len(rows) / theirs:,.0f}/s, ratio {theirs / mine:.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
