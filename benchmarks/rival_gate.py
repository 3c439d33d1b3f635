"""Which gate says pass where it may not? The same pairs of runs through NeMo Evaluator's gate and ours.

    python3.12 -m venv .venv-nemo && .venv-nemo/bin/pip install nemo-evaluator==0.3.0
    python benchmarks/rival_gate.py --nel .venv-nemo/bin/nel

Each situation is a baseline and a candidate over 400 items with one answer each. Both gates get the same
scores: ours as runs that were really made, from recorded answers, by `phi4eval run`; NeMo Evaluator's as the
bundle and results.jsonl that its `nel eval run` writes (prompt, settings and expected answer included). Both
policies allow a drop of 2 points; ours must rule out one of 7. Without --nel only our column is printed.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from phi4eval.api import run
from phi4eval.gate.decide import gate_runs

ITEMS = 400
POLICY = "rules:\n- {rule: no-regression, margin: 0.02, detect: 0.07}\n"
NEL_POLICY = "version: 1\ndefaults: {tier: critical, max_drop: 0.02, metric: mean_reward}\n"
TASK = """\
task: %s
doc_to_text: "%s {{a}} + {{a}}? End with Answer: and the number."
doc_to_target: "{{answer}}"
generation_kwargs: {temperature: %s, max_gen_toks: 64}
metadata:
  version: "1.0"
  phi4eval:
    grader: %s
    fields: {a: [a], answer: [answer], id: [id]}
    sources:
      - {kind: file, path: sums.jsonl}
"""


class Side(NamedTuple):
    """A run: its items in the order of the data set, those answered, and those answered right."""

    items: Sequence[int] = range(ITEMS)
    answered: Sequence[int] | None = None
    right: frozenset[int] = frozenset(range(300))
    prompt: str = "What is"
    temperature: float = 0.0
    grader: str = "integer"


BASE = Side()
SHUFFLED = random.Random(0).sample(range(ITEMS), ITEMS)
# name, baseline, candidate, what a gate may say
SITUATIONS: tuple[tuple[str, Side, Side, frozenset[str]], ...] = (
    ("nothing changed", BASE, BASE, frozenset({"pass"})),
    ("20 points lost", BASE, BASE._replace(right=frozenset(range(220))), frozenset({"fail"})),
    (
        "the prompt was reworded",
        BASE,
        BASE._replace(prompt="Please compute"),
        frozenset({"invalid"}),
    ),
    ("temperature 0 became 0.8", BASE, BASE._replace(temperature=0.8), frozenset({"invalid"})),
    ("another grader", BASE, BASE._replace(grader="math"), frozenset({"invalid"})),
    (
        "the same answers, rows of the data set in another order",
        BASE,
        BASE._replace(items=SHUFFLED),
        frozenset({"pass"}),
    ),
    (
        "the first row was dropped from the data set, answers as before",
        BASE,
        BASE._replace(items=range(1, ITEMS)),
        frozenset({"invalid", "pass"}),
    ),
    (
        "other items of the same kind, none in common",
        BASE,
        BASE._replace(items=range(1000, 1000 + ITEMS), right=frozenset(range(1000, 1300))),
        frozenset({"invalid"}),
    ),
    (
        "half of the candidate's answers are missing, the wrong half",
        BASE,
        BASE._replace(answered=range(200)),
        frozenset({"incomplete"}),
    ),
    (
        "12 items, the same answers",
        BASE._replace(items=range(12)),
        BASE._replace(items=range(12)),
        frozenset({"inconclusive"}),
    ),
)


def rows_of(side: Side) -> list[tuple[int, int, bool]]:
    """(row number, item, whether it is right) of every answer that is there."""
    answered = set(side.items if side.answered is None else side.answered)
    return [(row, item, item in side.right) for row, item in enumerate(side.items) if item in answered]


def our_run(folder: Path, name: str, side: Side, task: str = "sums") -> str:
    """A run made by phi4eval from recorded answers; its directory."""
    place = folder / name
    place.mkdir()
    (place / "sums.yaml").write_text(TASK % (task, side.prompt, side.temperature, side.grader))
    data = [{"id": f"s{item}", "a": item, "answer": 2 * item} for item in side.items]
    (place / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in data))
    answers = [
        {"id": f"s{item}", "text": f"Answer: {2 * item if right else 1}"} for _, item, right in rows_of(side)
    ]
    (place / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers))
    made = run(
        model=f"replay:{place / 'answers.jsonl'}", tasks=str(place / "sums.yaml"), results=place / "runs"
    )
    (path,) = (place / "runs").glob(f"*-{made.run_id}")
    return str(path)


def ours(folder: Path, before: Side, after: Side) -> str:
    policy = folder / "gate.yaml"
    policy.write_text(POLICY)
    runs = [our_run(folder, name, side) for name, side in (("before", before), ("after", after))]
    return gate_runs(baseline=runs[0], candidate=runs[1], policy=policy).outcome


def their_bundle(folder: Path, name: str, side: Side) -> Path:
    place = folder / f"nel-{name}"
    place.mkdir()
    rows = rows_of(side)
    mean = sum(right for *_, right in rows) / len(rows)
    bundle = {
        "run_id": name,
        "config": {"temperature": side.temperature, "scorer": side.grader, "prompt": side.prompt},
        "benchmark": {"name": "sums", "samples": len(rows), "scores": {"mean_reward": {"value": mean}}},
    }
    (place / "eval-sums.json").write_text(json.dumps(bundle))
    results = [
        {
            "problem_idx": row,
            "repeat": 0,
            "reward": float(right),
            "prompt": f"{side.prompt} {item} + {item}?",
            "expected_answer": str(2 * item),
        }
        for row, item, right in rows
    ]
    (place / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in results))
    return place


WORDS = {"GO": "pass", "NO-GO": "fail", "INCONCLUSIVE": "inconclusive"}


def theirs(nel: str, folder: Path, before: Side, after: Side) -> str:
    policy = folder / "nel.yaml"
    policy.write_text(NEL_POLICY)
    places = [str(their_bundle(folder, name, side)) for name, side in (("a", before), ("b", after))]
    words = [nel, "gate", *places, "-p", str(policy), "--no-strict", "--format", "json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        return f"error: {(done.stderr or done.stdout).strip().splitlines()[-1][:60]}"
    return WORDS[json.loads(done.stdout)["verdict"]]


def published(folder: Path) -> str:
    """No baseline run at all: 36 % on a GPQA of 198 items against the 56.1 % that the report prints."""
    run_path = our_run(folder, "candidate", Side(items=range(198), right=frozenset(range(71))), task="gpqa")
    return gate_runs(baseline="report:phi-4", candidate=run_path).outcome


def leaked(folder: Path) -> str:
    """Every fourth item stands in a corpus that was scanned, and the policy allows none."""
    run_path = our_run(folder, "candidate", BASE)
    scan, policy = folder / "items.jsonl", folder / "gate.yaml"
    rows = [
        {"item_id": f"sums/s{item}", "verdict": "clean" if item % 4 else "exact"} for item in range(ITEMS)
    ]
    scan.write_text("".join(json.dumps(row) + "\n" for row in rows))
    policy.write_text("rules:\n- {rule: contamination, at_most: 0.0}\n")
    return gate_runs(baseline=run_path, candidate=run_path, policy=policy, scan=scan).outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--nel", help="the `nel` program of nemo-evaluator")
    args = parser.parse_args()
    right = {"nel": 0, "phi4eval": 0}
    print(f"{'situation':62} {'may say':20} {'nel gate':14} phi4eval gate")
    for name, before, after, may in SITUATIONS:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            said = {"phi4eval": ours(folder, before, after)}
            said["nel"] = theirs(args.nel, folder, before, after) if args.nel else "not run"
        for who, verdict in said.items():
            right[who] += verdict in may
        print(f"{name:62} {' or '.join(sorted(may)):20} {said['nel']:14} {said['phi4eval']}", flush=True)
    total = len(SITUATIONS)
    for name, judged in (
        ("20 points below the published score, and no baseline run", published),
        ("a quarter of the items stands in the training corpus", leaked),
    ):
        with tempfile.TemporaryDirectory() as temporary:
            print(f"{name:62} {'fail':20} {'no such rule':14} {judged(Path(temporary))}")
    theirs_right = f"{right['nel']} of {total}" if args.nel else "not run"
    print(f"{f'right of the first {total}':83} {theirs_right:14} {right['phi4eval']} of {total}")


if __name__ == "__main__":
    main()
