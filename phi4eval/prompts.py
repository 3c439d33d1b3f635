"""What text does a model get for an item? The only place where text for a model is assembled.

A prompt holds no gold answer; the answer key of the same rendering is returned beside it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from phi4eval.errors import UsageError
from phi4eval.seeds import canonical_json, content_hash, seed_for
from phi4eval.templates import render
from phi4eval.types import Draw, Item, Key, Message, Prompt, Sampling, Task

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_PROBLEM_COLUMNS = ("problem", "question", "prompt")
_CODE_COLUMNS = ("prompt", "test", "entry_point")


def render_prompts(
    task: Task,
    items: Sequence[Item],
    *,
    rows: int,
    repeats: int,
    sampling: Sampling,
    seed: int,
    system: str | None,
) -> list[tuple[Prompt, Key]]:
    """Prompts with their keys, in the items' order.

    rows: size of the whole data set, of which `items` may be a part: a limited run gets the same prompts.
    An item whose repeats all read the same has one prompt with `repeats` draws, else one prompt per repeat.
    """
    orders = choice_orders(task, items, rows=rows, repeats=repeats, seed=seed)
    pairs: list[tuple[Prompt, Key]] = []
    for item, item_orders in zip(items, orders, strict=True):
        draws = tuple(
            Draw(sample=sample, seed=seed_for(seed, task.name, item.id, "sample", sample))
            for sample in range(repeats)
        )
        if len(set(item_orders)) <= 1:
            groups = [(item_orders[0], draws)]
        else:
            groups = [(order, (draw,)) for order, draw in zip(item_orders, draws, strict=True)]
        pairs.extend(_pair(task, item, order, part, sampling, system) for order, part in groups)
    return pairs


def choice_orders(
    task: Task, items: Sequence[Item], *, rows: int, repeats: int, seed: int
) -> list[list[tuple[int, ...]]]:
    """For each item and repeat, the position in the data of each choice as it will be shown."""
    if repeats < 1:
        raise UsageError(f"--repeats {repeats}: at least one repeat is needed")
    if task.choice_order == "random0":
        return _random0(task, items, rows, repeats)
    if task.choice_order == "hash":
        return [[_hashed(task, item, seed, repeat) for repeat in range(repeats)] for item in items]
    return [[tuple(range(len(item.choices)))] * repeats for item in items]


def _hashed(task: Task, item: Item, seed: int, repeat: int) -> tuple[int, ...]:
    count = len(item.choices)
    drawn = random.Random(seed_for(seed, task.name, item.id, "choices", repeat))
    return tuple(drawn.sample(range(count), count))


def _random0(task: Task, items: Sequence[Item], rows: int, repeats: int) -> list[list[tuple[int, ...]]]:
    """The report protocol's order (simple-evals@a8e85cc, gpqa_eval.py).

    One `random.Random(0)` draws `rng.sample(range(4), 4)` for row after row of the data set repeated
    `repeats` times, so an order belongs to a position in that list. It does not depend on the run's seed.
    """
    counts = {len(item.choices) for item in items}
    if len(counts) > 1:
        raise UsageError(f"task {task.name}: choice_order random0 needs equally many choices in every row")
    if any(item.index >= rows for item in items):
        raise ValueError("rows must be the size of the whole data set")
    count = counts.pop() if counts else 0
    rng = random.Random(0)
    drawn = [[tuple(rng.sample(range(count), count)) for _ in range(rows)] for _ in range(repeats)]
    return [[drawn[repeat][item.index] for repeat in range(repeats)] for item in items]


def _pair(
    task: Task,
    item: Item,
    order: tuple[int, ...],
    draws: tuple[Draw, ...],
    sampling: Sampling,
    system: str | None,
) -> tuple[Prompt, Key]:
    choices = tuple(item.choices[position] for position in order)
    values = dict(item.row)
    if choices:
        values[task.choices if isinstance(task.choices, str) else "choices"] = list(choices)
    text = render(task.template, values, what=f"task {task.name}, doc_to_text, item {item.id}")
    before = () if system is None else (Message(role="system", content=system),)
    messages = (*before, Message(role="user", content=text))
    continuations: tuple[str, ...] = ()
    if task.output_type == "multiple_choice":
        continuations = tuple(f"{task.target_delimiter}{choice}" for choice in choices)
    prompt = Prompt(
        task=task.name,
        item=item.id,
        messages=messages,
        sampling=sampling,
        draws=draws,
        hash=content_hash([messages, sampling, *((continuations,) if continuations else ())]),
        continuations=continuations,
    )
    return prompt, _key(task, item, order, choices)


def _key(task: Task, item: Item, order: tuple[int, ...], choices: tuple[str, ...]) -> Key:
    gold = LETTERS[order.index(int(item.gold))] if choices else item.gold
    problem = next((str(item.row[name]) for name in _PROBLEM_COLUMNS if name in item.row), "")
    extra = {}
    if "test" in item.row and "entry_point" in item.row:  # a code task's own checks
        extra = {name: str(item.row[name]) for name in _CODE_COLUMNS if name in item.row}
    for name in task.key_fields:
        value = item.row[name]
        extra[name] = value if isinstance(value, str) else canonical_json(value).decode()
    return Key(gold=gold, choices=choices, order=order, problem=problem, extra=extra)
