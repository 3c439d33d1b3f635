"""Does every item get exactly the published prompt, its own seeds, and the right key for the order shown?"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.errors import UsageError
from phi4eval.prompts import choice_orders, render_prompts
from phi4eval.seeds import content_hash, seed_for
from phi4eval.task import find_task, list_tasks
from phi4eval.task.items import make_dataset
from phi4eval.task.sources import Loaded
from phi4eval.types import Dataset, GraderSpec, Item, Key, Prompt, Sampling, Task

GOLDEN = Path(__file__).parent / "golden" / "prompts"

# One row of our own for every column that a published file may have.
ROW: dict[str, Any] = {
    "problem": "A box holds $3$ red and $5$ blue pens.\nHow many pens are in the box? ",
    "answer": "8",
    "Question": "  Which quantity is conserved when\ntime does not matter?",
    "Correct Answer": "Energy\n",
    "Incorrect Answer 1": "Charge",
    "Incorrect Answer 2": "Momentum",
    "Incorrect Answer 3": "Spin",
    "options": ["6", "7", "8", "9", "$\\frac{16}{2}$ pens"],
    "prompt": 'def twice(n: int) -> int:\n    """Return n doubled: {{n}} and {% n %}.\n    """\n',
    "test": "def check(f):\n    assert f(2) == 4\n",
    "entry_point": "twice",
    "canonical_solution": "    return 2 * n\n",
    "id": "x1",
    "task_id": "Made/0",
}
FOUR = {"question": "Which is prime?", "choices": ["1", "2", "4", "6"], "answer": 1}
WORDS = {"question": "A box holds 3 red and 5 blue pens. How many?", "answer": "3 + 5 = 8\n#### 8"}
LETTERED = {"question": "Which is largest?", "options": ["A)1", "B)2", "C)3", "D)4", "E)5"], "correct": "E"}
GERMAN = {"question": "Wie viele?", "answer": "1,250", "language": "de"}
PASSAGE = {
    "context": "Passage: p\nQuestion: q?\nAnswer:",
    "ref_text": "3|three",
    "examples": [{"context": f"Passage: {n}", "completion": f"{n} yards"} for n in "abc"],
}
BASIC = {
    "text": "Write a function to add two numbers.",
    "code": "def add(a, b):\n    return a + b",
    "test_list": ["assert add(1, 2) == 3", "assert add(0, 0) == 0"],
    "prompt": "Write a function to add two numbers.",
    "test": "for a in range(3):\n    assert add(a, a) == 2 * a\n",
}
TEN = {"question": "Which is prime?", "options": list("468029"), "answer": "E", "category": "math"}
FOLLOW = {
    "prompt": "Name a river, in lower case.",
    "instruction_id_list": ["change_case:english_lowercase"],
    "kwargs": [{}],
}
ROWS: dict[str, dict[str, Any]] = {
    "mbpp": BASIC,
    "mbpp_plus": BASIC,
    "mmlu_pro": TEN,
    "ifeval": FOLLOW,
    "mmlu_stem": FOUR,
    "mmlu": FOUR,
    "gsm8k": WORDS,
    "aqua": LETTERED,
    "mgsm": GERMAN,
    "drop": PASSAGE,
}


def row_for(task: str) -> dict[str, Any]:
    row = ROWS.get(task, ROW)
    return {**row, "answer": "C"} if task in ("amc", "amc_sample", "phi_tiny_choice") else row


def dataset_of(task: Task, rows: list[dict[str, Any]]) -> Dataset:
    return make_dataset(task, Loaded(rows=rows, info_source="made"))


def pairs_of(
    task: Task, rows: list[dict[str, Any]], repeats: int = 1, **more: Any
) -> list[tuple[Prompt, Key]]:
    items = dataset_of(task, rows).items
    options: dict[str, Any] = {
        "rows": len(items),
        "sampling": task.sampling,
        "seed": 0,
        "system": None,
        **more,
    }
    return render_prompts(task, items, repeats=repeats, **options)


def text_of(task: str) -> str:
    prompt, _ = pairs_of(find_task(task), [row_for(task)])[0]
    (message,) = prompt.messages
    assert message.role == "user"
    return message.content


NAMES = [task.name for task in list_tasks()]


@pytest.mark.parametrize("name", NAMES)
def test_every_tasks_prompt_is_byte_for_byte_what_it_was(name: str) -> None:
    """A changed byte changes scores: change the task's metadata.version with it, then the golden file."""
    assert text_of(name) + "\n" == (GOLDEN / f"{name}.txt").read_bytes().decode("utf-8")


def test_no_golden_prompt_is_left_over() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.txt")) == sorted(NAMES)


# ---------------------------------------------------------------- the published constants, quoted again

MATH = """
Solve the following math problem step by step. The last line of your response should be of the form Answer: $ANSWER (without quotes) where $ANSWER is the answer to the problem.

{Question}

Remember to put your answer on its own line after "Answer:", and you do not need to use a \\boxed command.
""".strip()  # noqa: E501

CHOICE = """
Answer the following multiple choice question. The last line of your response should be of the following format: 'Answer: $LETTER' (without quotes) where LETTER is one of ABCD. Think step by step before answering.

{Question}

A) {A}
B) {B}
C) {C}
D) {D}
""".strip()  # noqa: E501

CODE = "Read the following function signature and docstring, and fully implement the function described. Your response should only contain the code for this function.\n"  # noqa: E501


@pytest.mark.parametrize("name", ["math", "math500", "math_sample", "phi_tiny_math"])
def test_math_is_asked_as_simple_evals_asks_it(name: str) -> None:
    assert text_of(name) == MATH.format(Question=ROW["problem"])


@pytest.mark.parametrize("name", ["gpqa", "gpqa_sample"])
def test_gpqa_is_asked_as_simple_evals_asks_it_in_its_order(name: str) -> None:
    texts = ["Energy\n", "Charge", "Momentum", "Spin"]
    a, b, c, d = (texts[position] for position in random.Random(0).sample(range(4), 4))
    assert text_of(name) == CHOICE.format(Question=ROW["Question"], A=a, B=b, C=c, D=d)


def test_mmlu_is_asked_as_simple_evals_asks_it() -> None:
    assert text_of("mmlu_stem") == CHOICE.format(Question="Which is prime?", A="1", B="2", C="4", D="6")


@pytest.mark.parametrize("name", ["humaneval", "phi_tiny_code"])
def test_humaneval_is_asked_as_simple_evals_asks_it(name: str) -> None:
    assert text_of(name) == CODE + ROW["prompt"]


@pytest.mark.parametrize("name", ["amc", "amc_sample"])
def test_amc_is_asked_as_the_report_asks_it(name: str) -> None:
    text = text_of(name)
    assert text.startswith(
        "The following question is from a 25-question, multiple choice test. Each question is"
    )
    assert (
        "You will receive 6 points for each correct answer, 1.5 points for each problem left unanswered, and"
        in text
    )
    boxes = ", ".join(rf"\boxed{{{letter}}}" for letter in "ABCDE")
    assert rf"Solve the question step by step, then answer {boxes}, or \boxed{{blank}}." in text
    assert text.endswith("(A) 6\n(B) 7\n(C) 8\n(D) 9\n(E) $\\frac{16}{2}$ pens")


def test_a_rows_own_braces_are_text_and_no_template() -> None:
    assert "{{n}} and {% n %}" in text_of("humaneval")


# ---------------------------------------------------------------- choice orders


def made_choice_task(order: str, count: int = 4) -> Task:
    template = "\n".join(f"{{{{options[{n}]}}}}" for n in range(count))
    return Task(
        name="quiz", version="1", title="", description="", sources=(), template="{{question}}\n" + template,
        target="{{answer}}", choices="options", grader=GraderSpec(name="choice"), choice_order=order,  # type: ignore[arg-type]
    )  # fmt: skip


def quiz_rows(rows: int) -> list[dict[str, Any]]:
    return [
        {"question": f"q{n}", "options": [f"{n}{x}" for x in "wxyz"], "answer": "ABCD"[n % 4]}
        for n in range(rows)
    ]


def simple_evals_order(rows: int, repeats: int) -> list[tuple[int, tuple[int, ...]]]:
    """The protocol's own loop: the list repeated, one draw per entry, in order."""
    rng = random.Random(0)
    return [(row, tuple(rng.sample(range(4), 4))) for row in list(range(rows)) * repeats]


@given(st.integers(1, 30), st.integers(1, 6), st.data())
def test_random0_gives_simple_evals_orders_whatever_part_is_run(
    rows: int, repeats: int, data: st.DataObject
) -> None:
    task = made_choice_task("random0")
    items = dataset_of(task, quiz_rows(rows)).items
    part = data.draw(st.lists(st.sampled_from(items), unique_by=lambda item: item.id))
    orders = choice_orders(task, part, rows=rows, repeats=repeats, seed=data.draw(st.integers(0, 9)))
    expected = simple_evals_order(rows, repeats)
    for item, item_orders in zip(part, orders, strict=True):
        assert item_orders == [expected[repeat * rows + item.index][1] for repeat in range(repeats)]


def test_random0_starts_with_the_orders_that_python_has_always_drawn() -> None:
    """Pinned: a change of Python's generator would change every GPQA prompt."""
    task = made_choice_task("random0")
    orders = choice_orders(task, dataset_of(task, quiz_rows(2)).items, rows=2, repeats=2, seed=5)
    assert orders == [[(3, 1, 0, 2), (2, 3, 0, 1)], [(3, 1, 2, 0), (2, 0, 3, 1)]]


@given(st.sampled_from(["fixed", "hash", "random0"]), st.integers(1, 8), st.integers(1, 5))
def test_the_keys_letter_names_the_right_text_in_the_order_shown(order: str, rows: int, repeats: int) -> None:
    task = made_choice_task(order)
    raw = quiz_rows(rows)
    right = {f"{n:05d}": row["options"]["ABCD".index(row["answer"])] for n, row in enumerate(raw)}
    for prompt, key in pairs_of(task, raw, repeats):
        lines = prompt.messages[0].content.splitlines()[1:]
        assert tuple(lines) == key.choices
        assert lines["ABCD".index(key.gold)] == right[prompt.item]
        assert sorted(key.order) == [0, 1, 2, 3]


def test_hashed_orders_differ_between_items_and_repeats_and_do_not_depend_on_the_part_run() -> None:
    task = made_choice_task("hash")
    items = dataset_of(task, quiz_rows(50)).items
    whole = choice_orders(task, items, rows=50, repeats=4, seed=1)
    assert choice_orders(task, items[7:9], rows=50, repeats=4, seed=1) == whole[7:9]
    assert whole != choice_orders(task, items, rows=50, repeats=4, seed=2)
    drawn = [order for orders in whole for order in orders]
    assert len(set(drawn)) == 24
    for position in range(4):  # every position gets every option about equally often: 50 of 200 expected
        counts = [sum(order[position] == option for order in drawn) for option in range(4)]
        assert all(30 <= count <= 70 for count in counts)


def test_a_fixed_order_is_the_datas_own() -> None:
    task = made_choice_task("fixed")
    assert choice_orders(task, dataset_of(task, quiz_rows(1)).items, rows=1, repeats=2, seed=3) == [
        [(0, 1, 2, 3)] * 2
    ]


def test_random0_needs_equally_many_choices_and_the_whole_size() -> None:
    task = made_choice_task("random0", count=0)
    raw = quiz_rows(2)
    raw[1]["options"].append("more")
    items = dataset_of(task, raw).items
    with pytest.raises(UsageError, match="equally many choices"):
        choice_orders(task, items, rows=2, repeats=1, seed=0)
    with pytest.raises(ValueError, match="whole data set"):
        choice_orders(task, items[1:], rows=1, repeats=1, seed=0)
    with pytest.raises(UsageError, match="at least one repeat"):
        choice_orders(task, items, rows=2, repeats=0, seed=0)


# ---------------------------------------------------------------- prompts, draws, keys


def test_repeats_that_read_the_same_share_one_prompt() -> None:
    ((prompt, key),) = pairs_of(find_task("math_sample"), [ROW], 3, seed=9)
    assert [draw.sample for draw in prompt.draws] == [0, 1, 2]
    assert [draw.seed for draw in prompt.draws] == [
        seed_for(9, "math_sample", "x1", "sample", k) for k in range(3)
    ]
    assert len({draw.seed for draw in prompt.draws}) == 3
    assert (key.gold, key.problem) == ("8", ROW["problem"])


def test_repeats_that_read_differently_are_one_prompt_each() -> None:
    pairs = pairs_of(find_task("gpqa_sample"), [ROW], 4)
    assert [[draw.sample for draw in prompt.draws] for prompt, _ in pairs] == [[0], [1], [2], [3]]
    assert len({prompt.messages[0].content for prompt, _ in pairs}) > 1
    assert len({prompt.hash for prompt, _ in pairs}) == len({prompt.messages for prompt, _ in pairs})


def test_a_limited_run_gets_the_same_prompts_and_seeds() -> None:
    task = made_choice_task("random0")
    items = dataset_of(task, quiz_rows(20)).items

    def render(part: tuple[Item, ...]) -> list[tuple[Prompt, Key]]:
        return render_prompts(task, part, rows=20, repeats=3, sampling=Sampling(), seed=4, system=None)

    assert render(items[5:6]) == [pair for pair in render(items) if pair[0].item == "00005"]


def test_a_system_message_comes_first_and_only_if_there_is_one() -> None:
    task = find_task("math_sample")
    ((prompt, _),) = pairs_of(task, [ROW], system="You are a helpful assistant.")
    assert [message.role for message in prompt.messages] == ["system", "user"]
    assert prompt.messages[0].content == "You are a helpful assistant."
    assert prompt.hash != pairs_of(task, [ROW])[0][0].hash


def test_the_hash_covers_messages_and_sampling_and_nothing_else() -> None:
    task = find_task("math_sample")
    ((prompt, _),) = pairs_of(task, [ROW])
    assert prompt.hash == content_hash([prompt.messages, prompt.sampling])
    ((other, _),) = pairs_of(task, [ROW], sampling=Sampling(temperature=0.1))
    assert other.hash != prompt.hash
    assert pairs_of(task, [ROW], 5, seed=77)[0][0].hash == prompt.hash


def test_a_code_tasks_key_has_what_the_grader_runs() -> None:
    ((_, key),) = pairs_of(find_task("humaneval"), [ROW])
    assert key.extra == {name: ROW[name] for name in ("prompt", "test", "entry_point")}
    assert pairs_of(find_task("math_sample"), [ROW])[0][1].extra == {}


@pytest.mark.parametrize("name", NAMES)
def test_no_prompt_holds_its_gold_answer_as_a_field(name: str) -> None:
    prompt, _ = pairs_of(find_task(name), [row_for(name)])[0]
    fields = {"task", "item", "messages", "sampling", "draws", "hash", "continuations"}
    assert set(prompt.__struct_fields__) == fields
    if find_task(name).grader.name == "code":
        assert "return 2 * n" not in prompt.messages[0].content


def test_a_template_that_misses_a_column_names_task_and_item() -> None:
    task = find_task("math_sample")
    item = Item(task=task.name, id="x", index=0, hash="h", row={"question": "q"}, gold="1")
    with pytest.raises(UsageError, match="task math_sample, doc_to_text, item x"):
        render_prompts(task, [item], rows=1, repeats=1, sampling=task.sampling, seed=0, system=None)
