"""Is the claims file complete, and does what it says of the report follow from the report's own numbers?"""

from __future__ import annotations

from pathlib import Path

import pytest

from phi4eval.claims.data import read_claims
from phi4eval.comparison.published import is_published, read_published
from phi4eval.data_files import baselines_root
from phi4eval.errors import UsageError
from phi4eval.task import list_suites

FILE = read_claims()
TABLE = FILE.scores()
TEXTS: dict[str, list[str]] = {claim.id: [] for claim in FILE.claims}
for contradiction in FILE.contradictions:
    for name in contradiction.about:
        TEXTS[name].append(contradiction.text)  # a KeyError names a claim that does not exist


def test_every_published_row_of_phi_4_has_a_claim() -> None:
    claimed = {claim.task or claim.id for claim in FILE.claims}
    assert set(TABLE) <= claimed
    assert {"stem-qa", "competitions", "synthetic", "size"} <= {claim.id for claim in FILE.claims}


def test_every_model_and_task_of_a_claim_has_its_published_number() -> None:
    for claim in FILE.claims:
        for task in (claim.task, *claim.tasks):
            if task is not None and claim.kind != "between":
                assert all(other in TABLE[task] for other in (FILE.subject, *claim.others)), claim.id


def test_every_claim_of_a_task_in_the_suite_can_be_measured() -> None:
    tasks = {claim.task for claim in FILE.claims if claim.kind == "reproduced"}
    assert set(list_suites()["report"]) <= tasks


def test_the_table_has_ten_of_thirteen_wins_and_not_nine_of_twelve() -> None:
    rows = {task: scores for task, scores in TABLE.items() if task != "amc"}
    wins = {task for task, scores in rows.items() if scores["phi-4"].score > scores["qwen2.5-14b"].score}
    assert (len(rows), len(wins)) == (13, 10)
    assert set(rows) - wins == {"simpleqa", "drop", "ifeval"}
    assert "10 (all but SimpleQA, DROP and IFEval)" in TEXTS["nine-of-twelve"][0]


def test_three_models_score_higher_on_humaneval_plus_which_cannot_be() -> None:
    plus, base = TABLE["humaneval_plus"], TABLE["humaneval"]
    assert [model for model in base if plus[model].score > base[model].score] == [
        "phi-4", "phi-3-14b", "qwen2.5-14b",
    ]  # fmt: skip
    assert any("three models score higher on HumanEval+" in text for text in TEXTS["humaneval_plus"])


def test_the_labs_noise_is_that_of_gpt_4o_mini() -> None:
    # openai/simple-evals' README at a8e85cc, gpt-4o-mini-2024-07-18
    openai = {
        "mmlu": 82.0, "gpqa": 40.2, "math": 70.2, "humaneval": 87.2, "mgsm": 87.0, "drop": 79.7,
        "simpleqa": 9.5,
    }  # fmt: skip
    apart = {task: abs(100 * TABLE[task]["gpt-4o-mini"].score - score) for task, score in openai.items()}
    assert {task: round(value, 1) for task, value in apart.items()} == FILE.noise.seen
    assert FILE.noise.points == max(FILE.noise.seen.values())


def test_the_claims_are_no_table_of_scores() -> None:
    assert not is_published("claims")
    with pytest.raises(UsageError, match='no published scores "claims"'):
        read_published("claims")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("task: gpqa, others: [gpt-4o]", "task: gpqa", "a claim of kind on_par needs others"),
        ("id: stem-qa", "id: size", 'two claims are called "size"'),
        ("pair: [phi-tiny, phi-tiny-plain]", "pair: [phi-tiny]", "pair names two models"),
        ("kind: on_par", "kind: onpar", "onpar"),
        ("subject: phi-4", "subjekt: phi-4", "subjekt"),
    ],
)
def test_a_broken_claims_file_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = (baselines_root() / "claims.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "my.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UsageError, match=message) as caught:
        read_claims(str(path))
    assert "my.yaml:" in str(caught.value)


def test_an_unknown_claims_file_gets_the_nearest() -> None:
    with pytest.raises(UsageError, match='no claims "clams"') as caught:
        read_claims("clams")
    assert caught.value.hint is not None
    assert "claims" in caught.value.hint
