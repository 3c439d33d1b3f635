"""Are choices scored by likelihood as lm-eval scores them, from the same task file and checkpoint?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from phi4eval import likelihoods, load_run, run
from phi4eval.errors import UsageError
from phi4eval.task import find_task
from phi4eval.types import Record
from tests.backends.tiny_phi import save_tiny_phi
from tests.task import lm_eval_side
from tests.task.made import write_rows, write_task

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

TASK = """\
task: sums
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: options
doc_to_target: "{{answer}}"
metadata:
  version: 1
  phi4eval:
    grader: likelihood
    protocol_grader: {name: likelihood, norm: characters}
    choices: options
"""

ROWS: list[dict[str, Any]] = [
    {
        "question": f"{a} + {b} =",
        "options": [str(a + b + 1), str(a + b), "é no", str(a * b + 11)],
        "answer": 1,
    }
    for a, b in [(2, 3), (11, 4), (7, 7), (30, 9), (5, 12), (8, 1)]
]


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def task(tmp_path: Path) -> Path:
    write_rows(tmp_path / "rows.jsonl", ROWS)
    return write_task(tmp_path, TASK, "sums.yaml")


def asked(task: Path, model: str, **options: Any) -> list[Record]:
    results = task.parent / f"runs-{len(list(task.parent.iterdir()))}"
    summary = run(model=model, tasks=str(task), results=results, **options)
    assert summary.complete
    (made,) = results.rglob("manifest.json")
    return list(load_run(made.parent).records())


def lm_eval_likelihoods(task: Path, model: str, data: Path) -> tuple[list[float], list[dict[str, Any]]]:
    """lm-eval's own log-likelihoods, four an item, and its metrics for each item."""
    from lm_eval.models.huggingface import HFLM

    theirs = lm_eval_side.load(task, data)
    theirs.set_fewshot_seed(seed=1234)
    theirs.build_all_requests(limit=None, rank=0, world_size=1)
    lm = HFLM(pretrained=model, dtype="float32", device="cpu", batch_size=4)
    answers = lm.loglikelihood(theirs.instances)
    metrics = [
        theirs.process_results(doc, answers[4 * at : 4 * at + 4]) for at, doc in enumerate(theirs.test_docs())
    ]
    return [each[0] for each in answers], metrics


@pytest.mark.parametrize("bos", [False, True])
def test_likelihoods_and_verdicts_are_those_of_lm_eval(task: Path, tmp_path: Path, bos: bool) -> None:
    model = str(save_tiny_phi(tmp_path / "tiny", bos=bos, template=None))
    records = asked(task, model, backend_args={"dtype": "float32"})
    theirs, metrics = lm_eval_likelihoods(task, model, tmp_path / "rows.jsonl")
    ours = [each.logprob for record in records for each in likelihoods.read(record.completion.text) or ()]
    assert len(ours) == 4 * len(ROWS)
    assert ours == pytest.approx(theirs, abs=1e-3)
    for record, metric in zip(records, metrics, strict=True):
        assert record.grade is not None
        assert record.protocol_grade is not None
        assert record.grade.score == metric["acc"]
        assert record.protocol_grade.score == metric["acc_norm"]


def test_nothing_is_generated_and_the_first_tokens_are_the_question(task: Path) -> None:
    records = asked(task, "phi-tiny", limit=3)
    for record in records:
        assert record.completion.completion_tokens == 0
        assert record.completion.finish == "stop"
        assert record.prompt.continuations == tuple(f" {option}" for option in record.key.choices)


def test_the_batch_does_not_matter(task: Path) -> None:
    alone = asked(task, "phi-tiny", backend_args={"batch_size": "1"})
    together = asked(task, "phi-tiny", backend_args={"batch_size": "16"})
    for one, other in zip(alone, together, strict=True):
        ours, theirs = (likelihoods.read(each.completion.text) for each in (one, other))
        assert ours is not None
        assert theirs is not None
        assert [x.logprob for x in ours] == pytest.approx([x.logprob for x in theirs], abs=1e-4)


def test_an_endpoint_that_only_writes_is_refused_before_anything_is_sent(
    task: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    with pytest.raises(UsageError, match="how likely each choice is, and backend api cannot tell") as caught:
        run(model="m", tasks=str(task), base_url="http://127.0.0.1:9/v1", results=task.parent / "none")
    assert "hf and vllm" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("grader: likelihood\n", "grader: choice\n"), "grader: likelihood go together"),
        (("output_type: multiple_choice\n", ""), "grader: likelihood go together"),
        (("doc_to_choice: options\n", ""), None),
        (("    choices: options\n", ""), None),
    ],
)
def test_what_belongs_together_is_asked_for_together(
    task: Path, change: tuple[str, str], message: str | None
) -> None:
    task.write_text(TASK.replace(*change), encoding="utf-8")
    if message is None:
        assert find_task(str(task)).choices == "options"
        return
    with pytest.raises(UsageError, match=message):
        find_task(str(task))


def test_multiple_choice_without_choices_is_refused(task: Path) -> None:
    bare = TASK.replace("doc_to_choice: options\n", "").replace("    choices: options\n", "")
    task.write_text(bare, encoding="utf-8")
    with pytest.raises(UsageError, match="needs doc_to_choice"):
        find_task(str(task))
