"""Does `lm_eval --include_path tasks` load our task files and render the same bytes?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phi4eval.data_files import tasks_root
from phi4eval.prompts import render_prompts
from phi4eval.task import find_task, list_tasks, load_dataset

from . import lm_eval_side
from .made import write_rows

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

# Rows with the columns that the task's own hub data set has, for every task that lm-eval can express.
PUBLISHED: dict[str, list[dict[str, Any]]] = {
    "math": [
        {
            "problem": "What is $1+1$?\n",
            "level": "Level 1",
            "type": "Algebra",
            "solution": r"It is $\boxed{2}$.",
        },
        {
            "problem": "Täglich \u2028 {{x}}",
            "level": "Level 2",
            "type": "Algebra",
            "solution": r"$\boxed{\frac12}$",
        },
    ],
    "math500": [
        {"problem": "p ", "solution": "s", "answer": "7", "subject": "Algebra", "level": 1, "unique_id": "u"}
    ],
    "amc": [
        {"problem": "p\n", "options": ["1", "2", "3", "4", " 5"], "answer": "C", "paper": "10A", "number": 1}
    ],
    "amc23": [{"id": 0, "problem": "p", "answer": 27.0, "url": "u"}],
    "aime24": [{"id": 60, "problem": "p", "solution": "s", "answer": "204", "url": "u", "year": "2024"}],
    "humaneval": [
        {
            "task_id": "M/0",
            "prompt": 'def f():\n    """{{d}}"""\n',
            "canonical_solution": "    return 1\n",
            "test": "t",
            "entry_point": "f",
        },
    ],
    "humaneval_plus": [
        {
            "task_id": "HumanEval/0",
            "prompt": 'def f():\n    """d"""\n',
            "canonical_solution": "\n    return 1\n",
            "entry_point": "f",
            "test": "t",
        },
    ],
    "gsm8k": [{"question": " q?", "answer": "a\n#### 2,125"}],
    "mmlu_stem": [
        {"question": "q", "subject": "astronomy", "choices": ["0", "1", "2", "3"], "answer": 1},
        {"question": "q2", "subject": "astronomy", "choices": ["x ", "y", "z", "w"], "answer": 3},
    ],
    "mmlu": [{"question": " q", "subject": "anatomy", "choices": ["0", "1", "2", "3"], "answer": 0}],
    "mmlu_pro": [
        {"question_id": 1, "question": "q", "options": list("abc"), "answer": "B", "category": "law"},
        {"question_id": 2, "question": "r ", "options": list("abcdefghij"), "answer": "J", "category": "law"},
    ],
    "aime25": [{"id": "0", "problem": "p", "answer": "70"}],
    "ifeval": [{"key": 1, "prompt": "p\n", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}],
    "simpleqa": [{"metadata": "m", "problem": "p ", "answer": "a"}],
    "aqua": [{"question": "q", "options": ["1", "2", "3", "4", "None"], "rationale": "r", "correct": "E"}],
}
SHIPPED = ["amc_sample", "math_sample", "phi_tiny_math", "phi_tiny_code"]
# A choice order per repeat, drawn examples, or columns that lm-eval cannot rename: exported with prompts.
NOT_EXPRESSIBLE = {"gpqa", "gpqa_sample", "phi_tiny_choice", "mgsm", "drop", "mbpp", "mbpp_plus"}


def test_every_task_is_accounted_for() -> None:
    assert {*PUBLISHED, *SHIPPED} | NOT_EXPRESSIBLE == {task.name for task in list_tasks()}


def ours(name: str, data: str | None) -> list[tuple[str, dict[str, Any]]]:
    task = find_task(name)
    dataset = load_dataset(task, data)
    pairs = render_prompts(
        task,
        dataset.items,
        rows=dataset.info.rows,
        repeats=task.repeats,
        sampling=task.sampling,
        seed=0,
        system=None,
    )
    sampling = {
        "temperature": task.sampling.temperature,
        "max_gen_toks": task.sampling.max_tokens,
        "until": list(task.sampling.stop),
        "do_sample": task.sampling.temperature > 0,
    }
    return [(prompt.messages[0].content, sampling) for prompt, _ in pairs for _ in prompt.draws]


def theirs(name: str, data: Path | None) -> list[tuple[str, dict[str, Any]]]:
    task = lm_eval_side.load(tasks_root() / f"{name}.yaml", data)
    asked = lm_eval_side.requests(task)
    return [
        (text, {"temperature": 0.0, **arguments})
        for _, text, arguments in asked
        for _ in range(task.config.repeats)
    ]


@pytest.mark.parametrize("name", PUBLISHED)
def test_both_programs_render_the_same_bytes_from_published_columns(name: str, tmp_path: Path) -> None:
    data = write_rows(tmp_path / "rows.jsonl", PUBLISHED[name])
    assert ours(name, data) == theirs(name, Path(data))


@pytest.mark.parametrize("name", SHIPPED)
def test_both_programs_render_the_same_bytes_from_the_shipped_files(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tasks_root().parent)  # lm-eval looks for data files from where it is started
    assert ours(name, None) == theirs(name, None)


def test_the_includes_and_suites_are_no_tasks_to_lm_eval() -> None:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=tasks_root(), include_defaults=False)
    assert set(manager.all_subtasks) == {task.name for task in list_tasks()}


@pytest.mark.parametrize(
    ("name", "response", "score"),
    [
        ("math500", "so\nAnswer: 7", 1.0),
        ("math500", "so 7", 0.0),
        ("amc", r"so \boxed{A} or rather \boxed{C}", 1.0),
        ("amc23", r"\boxed{27}", 0.0),  # its gold is 27.0 there: lm-eval compares text
        ("aime24", r"\boxed{1}, no \boxed{204}", 1.0),
        ("gsm8k", r"so \boxed{2125}", 1.0),
        ("mmlu_stem", "Answer: B", 1.0),
        ("aqua", "Answer: E", 1.0),
        ("mmlu_pro", "Answer: B", 1.0),
    ],
)
def test_lm_evals_own_score_of_a_response_means_something(
    name: str, response: str, score: float, tmp_path: Path
) -> None:
    data = write_rows(tmp_path / "rows.jsonl", PUBLISHED[name][:1])
    task = lm_eval_side.load(tasks_root() / f"{name}.yaml", Path(data))
    lm_eval_side.requests(task)
    for instance in task.instances:
        instance.resps = [response]
    task.apply_filters()
    (filtered,) = task.instances[0].filtered_resps.values()
    assert task.process_results(task.instances[0].doc, [filtered])["exact_match"] == score
