"""How fast is a scan of raw JSON lines on one core, beside AllenAI's decon?

    python benchmarks/contamination_speed.py --items items.jsonl --background DIR --decon PYTHON --workers 2

The sides take turns on the same file, each pinned to one core: their own start, reading the items, building
the index, scanning, report. Prints MB of JSON lines a second and ratios, whole and without what a scan of
an empty corpus takes; then the time of several workers against one. --cpu counts processor seconds instead of
time on the clock, for a machine that is not idle (one worker only: those of a pool are not counted).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.contamination_plants import MADE_UP, load_background, load_items, plant
from phi4eval.contamination import ScanItem

OURS = """
import sys, msgspec
from phi4eval.contamination import ScanItem, ScanRequest, run_scan
if __name__ == "__main__":
    items = [msgspec.json.decode(line, type=ScanItem) for line in open(sys.argv[1] + "/items.jsonl", "rb")]
    run_scan(items, ScanRequest(corpora=(sys.argv[2],), out=sys.argv[3], workers=int(sys.argv[4])))
"""
DECON = """
import decon, sys
decon.detect(decon.Config(training_dir=sys.argv[2], evals_dir=sys.argv[1] + "/evals",
report_output_dir=sys.argv[3], worker_threads=1))
"""


def write_inputs(folder: Path, items: list[ScanItem], background: list[str], size: int, seed: int) -> int:
    """The items in both tools' forms, and a corpus of about `size` bytes; returns its bytes."""
    import msgspec

    for name in ("corpus", "nothing", "evals"):
        (folder / name).mkdir()
    (folder / "items.jsonl").write_bytes(b"".join(msgspec.json.encode(item) + b"\n" for item in items))
    with (folder / "evals" / "items.jsonl").open("w") as out:
        for number, item in enumerate(items):
            row = {
                "eval_key": "items", "eval_instance_index": number, "split": "test",
                "question": item.question,
                "answer": item.answer or "", "passage": "", "doc_id": number, "index": number,
            }  # fmt: skip
            out.write(json.dumps(row) + "\n")
    (folder / "nothing" / "corpus.jsonl").write_text('{"text": "nothing", "id": "0"}\n')
    draw, file = random.Random(seed), folder / "corpus" / "corpus.jsonl"
    leaks = list(plant(items, background, per_kind=20, clean=0, seed=seed))
    with file.open("w") as out:
        written = 0
        while written < size:
            text = (
                draw.choice(leaks).text if draw.random() < 0.005 else "\n".join(draw.sample(background, k=3))
            )
            line = json.dumps({"id": f"d{written}", "source": "made", "text": text}, ensure_ascii=False)
            written += out.write(line + "\n")
    return file.stat().st_size


def timed(
    python: str, script: str, folder: Path, corpus: str, workers: int, cores: str, *, cpu: bool = False
) -> float:
    """Seconds of one whole run on these cores, or with `cpu` its processor seconds."""
    out = Path(tempfile.mkdtemp(dir=folder))
    command = [
        "taskset",
        "-c",
        cores,
        python,
        "-c",
        script,
        str(folder),
        str(folder / corpus),
        str(out),
        str(workers),
    ]
    if script is OURS:
        program = folder / "ours.py"
        program.write_text(script)
        command[4:6] = [str(program)]
    clock = _cpu_seconds if cpu else time.perf_counter
    began = clock()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    seconds = clock() - began
    shutil.rmtree(out)
    return seconds


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Write the corpus, let both sides take turns, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=Path, nargs="+", required=True)
    parser.add_argument("--background", type=Path, nargs="*", default=[])
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=0, help="also time this many workers against one")
    parser.add_argument(
        "--cpu", action="store_true", help="processor seconds, for a machine that is not idle"
    )
    parser.add_argument("--decon", help="interpreter of an environment with decontaminate")
    options = parser.parse_args()
    items = load_items(options.items)
    background = load_background(options.background) or list(MADE_UP)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = write_inputs(folder, items, background, options.megabytes * 1_000_000, seed=1) / 1e6
        print(f"{len(items):,} items, {size:.0f} MB of JSON lines")
        sides = [("phi4eval", sys.executable, OURS)]
        if options.decon:
            sides.append(("decon", options.decon, DECON))
        timed(sys.executable, OURS, folder, "nothing", 1, "0")  # compiles, once for this version
        starts: dict[str, list[float]] = {side[0]: [] for side in sides}
        totals: dict[str, list[float]] = {side[0]: [] for side in sides}
        for _ in range(options.rounds):
            for side, python, script in sides:
                starts[side].append(timed(python, script, folder, "nothing", 1, "0", cpu=options.cpu))
                totals[side].append(timed(python, script, folder, "corpus", 1, "0", cpu=options.cpu))
                print(f"  {side:9} {totals[side][-1]:6.1f} s, an empty corpus {starts[side][-1]:5.1f} s")
        middle = statistics.median
        whole = {side: size / middle(totals[side]) for side in totals}
        scan = {side: size / max(0.01, middle(totals[side]) - middle(starts[side])) for side in totals}
        for title, speeds in (("whole command", whole), ("scan alone", scan)):
            ratio = f"; ratio {speeds['phi4eval'] / speeds['decon']:.1f}" if "decon" in speeds else ""
            print(
                f"{title}: " + ", ".join(f"{side} {value:.1f} MB/s" for side, value in speeds.items()) + ratio
            )
        if options.workers:
            cores = ",".join(map(str, range(options.workers)))
            one, many = (
                timed(sys.executable, OURS, folder, "corpus", w, cores) for w in (1, options.workers)
            )
            print(f"{options.workers} workers: {many:.1f} s against {one:.1f} s with one ({one / many:.2f}x)")


if __name__ == "__main__":
    main()
