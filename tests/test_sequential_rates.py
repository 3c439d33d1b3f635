"""Does the sequential gate itself, with its order, batches and several tasks, keep its error rates?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from phi4eval.gate.policy import NoRegression, Policy
from phi4eval.sequential_gate import _failed, _tracks

GATES, ITEMS, ALPHA = 2_000, 48, 0.05
SLACK = 3 * (ALPHA * (1 - ALPHA) / GATES) ** 0.5


def scores(lines: dict[str, str]) -> Any:
    """What the gate looks at of a run: a score an item."""
    return SimpleNamespace(
        tasks={
            task: SimpleNamespace(
                summary=SimpleNamespace(unit="share"),
                items={
                    f"{task}{i}": SimpleNamespace(id=str(i), score=float(mark)) for i, mark in enumerate(line)
                },
            )
            for task, line in lines.items()
        }
    )


def gates(lost: dict[str, int], gained: int, *, detect: float) -> tuple[dict[str, float], float]:
    """Shares of GATES seeded gates by verdict, and the mean share of items that was needed.

    Every task has ITEMS items, of which so many are lost and gained; a gate differs from the others in the
    order in which it draws them. The loop is the gate's own, without its runs.
    """
    before = scores({task: "1" * n + "0" * gained + "1" * (ITEMS - n - gained) for task, n in lost.items()})
    after = scores({task: "0" * n + "1" * (ITEMS - n) for task, n in lost.items()})
    policy = Policy(name="p", rules=(NoRegression(detect=detect),), places=("",), alpha=ALPHA)
    counts, taken = {"fail": 0, "pass": 0, "undecided": 0}, 0
    for seed in range(GATES):
        tracks = _tracks(policy, before, after, tuple(lost), dict.fromkeys(lost, frozenset()), seed)
        while not _failed(tracks):
            wanted = [(track, track.next_keys(8)) for track in tracks]
            if not any(keys for _, keys in wanted):
                break
            for track, keys in wanted:
                assert track.take(keys, before, after) is None
        decisions = {track.test.decision for track in tracks}
        verdict = "fail" if "fail" in decisions else "undecided" if "undecided" in decisions else "pass"
        counts[verdict] += 1
        taken += sum(track.taken for track in tracks)
    return {name: n / GATES for name, n in counts.items()}, taken / (GATES * ITEMS * len(lost))


@pytest.mark.slow
@pytest.mark.parametrize(("tasks", "churn"), [(1, 16), (2, 16), (3, 4)])
def test_a_model_that_is_not_worse_on_any_task_is_failed_at_most_alpha_often(tasks: int, churn: int) -> None:
    shares, _ = gates({f"t{k}": churn for k in range(tasks)}, churn, detect=0.25)
    assert shares["fail"] <= ALPHA + SLACK
    assert shares["undecided"] == 0, "all items of a set leave nothing open"


@pytest.mark.slow
@pytest.mark.parametrize("tasks", [1, 2])
def test_a_drop_of_detect_on_one_task_is_passed_at_most_alpha_often(tasks: int) -> None:
    lost = {"worse": 8 + ITEMS // 4} | {f"t{k}": 8 for k in range(tasks - 1)}
    shares, needed = gates(lost, 8, detect=0.25)
    assert shares["pass"] <= ALPHA + SLACK
    assert shares["fail"] >= 1 - ALPHA - SLACK
    assert needed < 1, "a clear drop is caught before all items are asked"
