"""How do a task and its raw rows become items with gold answers?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from phi4eval.errors import DataError, UsageError
from phi4eval.seeds import content_hash
from phi4eval.task.choices import LETTERS, choice_texts
from phi4eval.task.columns import Shape, choose_shape, label, parse_shape, plain, read_column
from phi4eval.task.folders import EXAMPLES
from phi4eval.task.sources import Loaded, load_rows
from phi4eval.templates import render
from phi4eval.types import Dataset, DatasetInfo, Item, Task

BRIDGE = "lm_eval:"
"""Begins the name of a task of lm-eval's own registry."""

PUBLISHED_IDS = ("id", "unique_id", "task_id", "Record ID", "problem_id", "ID", "idx", "problem_idx")
"""Id columns of published files, tried in this order where a task names none."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of every column in one data set. row: canonical columns; about: id, paper and so on.

    options: how many options every row must have, None for any number.
    """

    row: dict[str, Shape]
    about: dict[str, Shape]
    options: int | None


def load_dataset(task: Task, data: str | None = None) -> Dataset:
    """Every item of a task, from its sources or from the file `data`. Raises DataError, exit code 4."""
    if task.name.startswith(BRIDGE):
        from phi4eval.task.lm_eval_bridge import bridge_rows

        return make_dataset(task, bridge_rows(task, data))
    wanted = (*needed_columns(task), *((task.paper_field,) if task.paper_field else ()))
    return make_dataset(task, load_rows(task, data, columns=wanted))


def make_dataset(task: Task, loaded: Loaded) -> Dataset:
    """Items of rows that are already there."""
    where = loaded.info_source
    if not loaded.rows:
        raise DataError(f"{where} has no rows", f"the task {task.name} needs at least one")
    plan = _plan(task, loaded.rows[0], where)
    items = tuple(_item(task, plan, index, row, where) for index, row in enumerate(loaded.rows))
    _check_ids(items, where)
    fingerprint = content_hash([item.hash for item in items])
    info = DatasetInfo(source=where, revision=loaded.revision, fingerprint=fingerprint, rows=len(items))
    return Dataset(info=info, items=items)


def needed_columns(task: Task) -> tuple[str, ...]:
    """The canonical columns that a task's row must have, in the order of its `fields`."""
    about = set(_about_names(task).values()) | {"id"}
    used = template_columns(task.template) | template_columns(task.target)
    if isinstance(task.choices, str):
        used.add(task.choices)
    elif task.choices is not None:
        used.update(*(template_columns(choice) for choice in task.choices))
        used.discard("choices")  # filled in from these templates
    used.discard(EXAMPLES)  # drawn, not read
    declared = [name for name in task.fields if name in used or name not in about or name in task.key_fields]
    return (*declared, *sorted(used - set(declared)))


def template_columns(template: str) -> set[str]:
    """The names that a template reads from the row and cannot do without.

    In `a if a is defined else b` the b is not needed: so a file is written whose published column is b (what
    lm-eval sees) and whose canonical column is a (what is here).
    """
    from jinja2 import Environment, TemplateError, meta, nodes

    try:
        parsed = Environment(autoescape=False).parse(template)
    except TemplateError as error:
        message = f"a template of the task cannot be parsed: {error}"
        raise UsageError(message, f"it is: {template[:80]!r}") from error
    spare: set[str] = set()
    for condition in parsed.find_all(nodes.CondExpr):
        if isinstance(condition.test, nodes.Test) and condition.test.name == "defined":
            spare.update(name.name for name in nodes.Output([condition.expr2]).find_all(nodes.Name))
    return meta.find_undeclared_variables(parsed) - spare


def shown_choices(task: Task) -> int | None:
    """How many options the template shows one by one, as options[4]; None if it does not index them."""
    name = task.choices if isinstance(task.choices, str) else "choices"
    shown = re.findall(rf"\b{name}\[(\d+)\]", task.template)
    return max(map(int, shown)) + 1 if shown else None


def _about_names(task: Task) -> dict[str, str]:
    named = {
        "id": task.id_field,
        "cluster": task.cluster_field,
        "paper": task.paper_field,
        "subset": task.subset_field,
    }
    return {part: name for part, name in named.items() if name}


def _shapes(task: Task, name: str) -> list[Shape]:
    what = f'task {task.name}, field "{name}"'
    return [parse_shape(text, what=what) for text in task.fields.get(name, (name,))]


def _plan(task: Task, first: Mapping[str, Any], where: str) -> Plan:
    """Choose the shape of every column by the first row."""
    row: dict[str, Shape] = {}
    for name in needed_columns(task):
        shapes = _shapes(task, name)
        shape = choose_shape(shapes, first)
        if shape is None:
            tried = " or ".join(f'"{shape}"' for shape in shapes)
            have = ", ".join(map(str, list(first)[:20]))
            message = f'{where}, row 1: no column for "{name}": looked for {tried}'
            raise DataError(message, f"the file has these columns: {have}")
        row[name] = shape
    about = {}
    for part, name in _about_names(task).items():
        if shape := choose_shape(_shapes(task, name), first):
            about[part] = shape
    if "id" not in about:
        shapes = _shapes(task, "id") if "id" in task.fields else []
        shapes += [Shape(columns=(name,)) for name in PUBLISHED_IDS]
        if shape := choose_shape(shapes, first):
            about["id"] = shape
    return Plan(row=row, about=about, options=shown_choices(task))


def _item(task: Task, plan: Plan, index: int, raw: Mapping[str, Any], where: str) -> Item:
    here = f"{where}, row {index + 1}"
    row: dict[str, Any] = {EXAMPLES: plain(raw[EXAMPLES])} if task.examples else {}
    choices: tuple[str, ...] = ()
    if isinstance(task.choices, str):  # first, for the letters of the other columns
        value = read_column(plan.row[task.choices], raw, where=here)
        choices = choice_texts(value, where=f'{here}, column "{plan.row[task.choices]}"')
        row[task.choices] = list(choices)
    for name, shape in plan.row.items():
        if name != task.choices:
            row[name] = read_column(shape, raw, where=here, choices=choices)
    if isinstance(task.choices, tuple):
        choices = tuple(_render(task, choice, row, here, "doc_to_choice") for choice in task.choices)
    if choices and plan.options not in (None, len(choices)):
        message = f"{here}: {len(choices)} options where the task {task.name} shows {plan.options}"
        raise DataError(message, "remove the row, or use a task with that many options")
    about = {
        part: label(read_column(shape, raw, where=here))
        for part, shape in plan.about.items()
        if part != "subset" or all(raw.get(column) not in (None, "") for column in shape.columns)
    }
    return Item(
        task=task.name,
        id=about.get("id", f"{index:05d}"),
        index=index,
        hash=content_hash(row),
        row=row,
        gold=_gold(task, row, choices, here),
        choices=choices,
        cluster=_cluster(about.get("cluster")),
        paper=about.get("paper"),
        subset=about.get("subset"),
    )


def _render(task: Task, template: str, row: Mapping[str, Any], here: str, key: str) -> str:
    return render(template, row, what=f"task {task.name}, {key}, {here}")


def _gold(task: Task, row: Mapping[str, Any], choices: tuple[str, ...], here: str) -> str:
    gold = _render(task, task.target, row, here, "doc_to_target")  # not stripped: code begins with its indent
    if not gold.strip():
        raise DataError(f"{here}: no gold answer", "every row needs one: fill it in or drop the row")
    if not choices:
        return gold
    gold = gold.strip()
    letters = LETTERS[: len(choices)]
    if len(gold) == 1 and gold in letters:
        return str(letters.index(gold))
    if gold.isascii() and gold.isdigit() and len(gold) <= 2 and int(gold) < len(choices):
        return str(int(gold))
    raise DataError(
        f"{here}: the answer {gold[:40]!r} is neither a letter of {letters} nor a position from 0",
        f'task {task.name}: add the step "letter" to the answer\'s field, or fix the row',
    )


def _cluster(value: str | None) -> str | None:
    """A cluster's name; long text (a problem that stands in two papers) is known by its hash."""
    if value is None:
        return None
    text = " ".join(value.split())
    return text if len(text) <= 40 else content_hash(text)


def _check_ids(items: Sequence[Item], where: str) -> None:
    seen: dict[str, int] = {}
    for item in items:
        first = seen.setdefault(item.id, item.index)
        if first != item.index:
            raise DataError(
                f'{where}: rows {first + 1} and {item.index + 1} have the same id "{item.id}"',
                "ids must be unique: make them so, or remove the id column and rows are numbered",
            )
