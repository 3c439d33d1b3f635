"""Does bad input ever end in a pass, and does a worse answer ever help a candidate?"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phi4eval.errors import Phi4evalError
from phi4eval.gate.decide import gate_runs
from phi4eval.gate.evidence import paired_evidence
from phi4eval.gate.policy import NoRegression
from phi4eval.types import Sampling
from tests.gate.made import Spec, line, stored

GOOD = Spec(lines=(line(150, 50),))

CHANGES: dict[str, dict[str, Any]] = {
    "another version of the task": {"version": "2"},
    "other words in the prompt": {"prompt": "{i} plus {i}?"},
    "another temperature": {"sampling": Sampling(temperature=0.7)},
    "another grader": {"grader": "integer@2"},
    "one other item": {"first": 1},
    "no common item": {"first": 1000},
    "another task": {"name": "products"},
    "a sample that is missing": {"lines": (line(150, 50)[:-1] + ".",)},
    "a sample that failed": {"lines": (line(150, 50)[:-1] + "e",)},
    "a sample that is not graded": {"lines": (line(150, 50)[:-1] + "g",)},
    "nothing answered": {"lines": ("." * 200,)},
    "everything failed": {"lines": ("e" * 200,)},
    "another scoring": {"scoring": "pass_at_k"},
}


def damaged(path: Path, file: str, old: str, new: str) -> None:
    target = path / file
    target.write_text(target.read_text().replace(old, new))


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a score that is not a number": lambda path: damaged(path, "grades.jsonl", '"score":1.0', '"score":NaN'),
    "a score of null": lambda path: damaged(path, "grades.jsonl", '"score":1.0', '"score":null'),
    "a score above 1": lambda path: damaged(path, "grades.jsonl", '"score":1.0', '"score":3.5'),
    "a torn grade": lambda path: damaged(path, "grades.jsonl", '"verdict":"correct"', '"verdict":"corr'),
    "grades that are gone": lambda path: (path / "grades.jsonl").unlink(),
    "completions that are gone": lambda path: (path / "completions.jsonl").unlink(),
    "prompts that are gone": lambda path: (path / "prompts.jsonl").unlink(),
    "no manifest": lambda path: (path / "manifest.json").unlink(),
}

POLICIES = {
    "an unknown task": "rules:\n- {rule: no-regression, tasks: [smus]}\n",
    "an unknown item": "rules:\n- {rule: items-must-pass, task: sums, items: [q999]}\n",
    "an unknown rule": "rules:\n- {rule: no-regresion}\n",
    "no rule": "rules: []\n",
    "an empty file": "",
    "a scan that nobody gave": "rules:\n- {rule: contamination}\n",
    "every item in quarantine": "rules:\n- {rule: no-regression}\nquarantine:\n"
    + "".join(f"- {{task: sums, item: q{i}, reason: all, until: 2999-01-01}}\n" for i in range(200)),
}


def outcome(before: Path, after: Path, policy: Path | None = None) -> str:
    try:
        verdict = gate_runs(baseline=before, candidate=after, policy=policy)
    except Phi4evalError as error:
        return "error" if error.exit_code else "an error that CI takes for a pass"
    assert (verdict.exit_code == 0) == (verdict.outcome in ("pass", "inconclusive"))
    return verdict.outcome


def test_the_pair_that_the_others_spoil_passes(tmp_path: Path) -> None:
    assert outcome(stored(tmp_path, GOOD), stored(tmp_path, GOOD, model="new")) == "pass"


@pytest.mark.parametrize("side", ["candidate", "baseline"])
@pytest.mark.parametrize("change", list(CHANGES))
def test_what_is_not_the_same_is_no_pass(tmp_path: Path, change: str, side: str) -> None:
    spoilt = msgspec.structs.replace(GOOD, **CHANGES[change])
    pair = (GOOD, spoilt) if side == "candidate" else (spoilt, GOOD)
    before, after = (stored(tmp_path / str(n), spec, model=f"m{n}") for n, spec in enumerate(pair))
    assert outcome(before, after) in ("invalid", "incomplete")


@pytest.mark.parametrize("side", ["candidate", "baseline"])
@pytest.mark.parametrize("damage", list(DAMAGES))
def test_a_damaged_run_is_no_pass(tmp_path: Path, damage: str, side: str) -> None:
    before, after = stored(tmp_path, GOOD), stored(tmp_path, GOOD, model="new")
    DAMAGES[damage](after if side == "candidate" else before)
    assert outcome(before, after) in ("error", "incomplete", "invalid")


@pytest.mark.parametrize("policy", list(POLICIES))
def test_a_policy_that_asks_for_what_is_not_there_is_no_pass(tmp_path: Path, policy: str) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(POLICIES[policy])
    made = outcome(stored(tmp_path, GOOD), stored(tmp_path, GOOD, model="new"), file)
    assert made in ("error", "invalid")


@given(st.sets(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=4), st.sampled_from("10"))
@settings(max_examples=30)
def test_no_mixture_of_faults_is_a_pass(
    tmp_path_factory: pytest.TempPathFactory, faults: set[str], mark: str
) -> None:
    folder = tmp_path_factory.mktemp("mixed")
    before = Spec(lines=(mark * 200,))
    spoilt = before
    for fault in sorted(faults):
        spoilt = msgspec.structs.replace(spoilt, **CHANGES[fault])
    made = outcome(stored(folder / "a", before), stored(folder / "b", spoilt, model="new"))
    assert made in ("invalid", "incomplete")


def test_a_forged_summary_is_not_believed(tmp_path: Path) -> None:
    """Scores are worked out from the grades; what summary.json claims changes nothing."""
    before, after = stored(tmp_path, GOOD), stored(tmp_path, line(80, 120), model="new")
    summary = json.loads((after / "summary.json").read_text())
    summary["tasks"][0]["score"]["mean"] = 1.0
    (after / "summary.json").write_text(json.dumps(summary))
    assert outcome(before, after) == "fail"


# ---------------------------------------------------------------- monotonicity

RANKS = {"fail": 0, "inconclusive": 1, "pass": 2}


@pytest.mark.parametrize(
    "rule",
    [NoRegression(), NoRegression(margin=0.02, detect=0.1), NoRegression(margin=0.03, prove=True)],
    ids=["default", "margin", "prove"],
)
@pytest.mark.parametrize("n", [10, 40, 150])
def test_an_answer_that_becomes_wrong_never_helps(rule: NoRegression, n: int) -> None:
    """Every table of up to 15 lost and 15 gained items: one more wrong answer never raises the verdict."""

    @cache
    def rank(lost: int, gained: int) -> int:
        moves = [-1.0] * lost + [1.0] * gained + [0.0] * (n - lost - gained)
        against, harmless = paired_evidence(moves, None, rule)
        return RANKS["fail" if against <= 0.025 else "pass" if harmless <= 0.025 else "inconclusive"]

    for lost in range(min(n, 16)):
        for gained in range(min(n - lost, 16)):
            if lost + gained < n:
                assert rank(lost + 1, gained) <= rank(lost, gained), ("a tie is lost", lost, gained)
            if gained:
                assert rank(lost, gained - 1) <= rank(lost, gained), ("a gain is none", lost, gained)
                assert rank(lost + 1, gained - 1) <= rank(lost, gained), ("a gain is lost", lost, gained)
