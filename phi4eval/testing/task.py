"""Does a task say what it means: rows that load, prompts that show them, golds that its grader accepts?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from phi4eval.graders import find_grader, grade_completion
from phi4eval.prompts import render_prompts
from phi4eval.task import find_task, load_dataset
from phi4eval.testing.contract import Clause, Report, Skipped, check, demand
from phi4eval.types import Completion, Item, Key, Prompt, Task

MOST = 200
"""Items whose golds are graded: a data set may have thousands."""

FORMS = ("Answer: {}", "\\boxed{{{}}}", "The final answer is {}.", "{}")
"""Ways to write a final answer, of which a task's grader must know at least one for every gold."""


def check_task(
    task: str | Path | Task,
    *,
    data: str | Path | None = None,
    skip: Mapping[str, str] | None = None,
) -> Report:
    """Load a task and look at what it asks; ContractError names every clause that does not hold.

    task: a name, the path of a .yaml file, or a Task. data: a file that replaces its data set. Raises what
    loading raises (UsageError for a broken file, DataError for the rows).
    """
    found = task if isinstance(task, Task) else find_task(str(task))
    items = load_dataset(found, None if data is None else str(data)).items
    bench = _Bench(found, items)
    return check(f"task {found.name}", bench.clauses(), skip or {})


class _Bench:
    """The task under test with its items, and one method a clause."""

    def __init__(self, task: Task, items: tuple[Item, ...]) -> None:
        self._task, self._items = task, items

    def clauses(self) -> list[Clause]:
        return [
            ("different items are asked differently", self.different),
            ("a limited run asks the same as a whole one", self.limited),
            ("the gold answer is graded correct", self.accepts),
            ("another item's answer is not", self.refuses),
            ("a choice item's gold is one of its options", self.options),
        ]

    def _pairs(self, items: tuple[Item, ...], repeats: int = 1) -> list[tuple[Prompt, Key]]:
        return render_prompts(
            self._task,
            items,
            rows=len(self._items),
            repeats=repeats,
            sampling=self._task.sampling,
            seed=0,
            system=None,
        )

    def _verdict(self, key: Key, text: str) -> str:
        completion = Completion(
            task=self._task.name, item="", sample=0, text=text, finish="stop", prompt_hash=""
        )
        return grade_completion(completion, key, self._task.grader).verdict

    def _needs_sandbox(self) -> None:
        if getattr(find_grader(self._task.grader.name), "EXECUTES", False):
            raise Skipped("its grader runs code: phi4eval run grades canonical solutions in the sandbox")

    def different(self) -> None:
        by_text: dict[str, str] = {}
        for prompt, _ in self._pairs(self._items):
            text = "\n".join(message.content for message in prompt.messages)
            demand(text.strip(), f"the prompt of {prompt.item} is empty")
            other = by_text.setdefault(text, prompt.item)
            demand(other == prompt.item, f"{other} and {prompt.item} read the same")

    def limited(self) -> None:
        whole = {(p.item, p.draws): p.hash for p, _ in self._pairs(self._items, repeats=2)}
        last = self._items[-1:]
        for prompt, _ in self._pairs(last, repeats=2):
            demand(whole[prompt.item, prompt.draws] == prompt.hash, f"{prompt.item} is asked in another way")

    def accepts(self) -> None:
        self._needs_sandbox()
        refused = [
            f"{prompt.item} ({key.gold!r})"
            for prompt, key in self._pairs(self._items)[:MOST]
            if not any(self._verdict(key, form.format(key.gold)) == "correct" for form in FORMS)
        ]
        demand(not refused, f"in no form: {', '.join(refused[:5])}")

    def refuses(self) -> None:
        self._needs_sandbox()
        keys = [key for _, key in self._pairs(self._items)[:MOST]]
        wrong = [(key, other.gold) for key, other in pairwise(keys) if key.gold != other.gold]
        if not wrong:
            raise Skipped("all golds are alike")
        taken = [
            f"{other!r} for {key.gold!r}"
            for key, other in wrong
            if all(self._verdict(key, form.format(other)) == "correct" for form in FORMS)
        ]
        # two golds may be two forms of one value; that every answer is taken may not be
        demand(len(taken) < len(wrong), f"every answer is taken, such as {', '.join(taken[:3])}")

    def options(self) -> None:
        if not any(item.choices for item in self._items):
            raise Skipped("it has no choices")
        for prompt, key in self._pairs(self._items):
            letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(key.choices)]
            demand(key.gold in letters, f"{prompt.item}: gold {key.gold!r} of {len(key.choices)} options")
