"""Which tasks and suites are there, and which ones does a name mean?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from phi4eval.data_files import tasks_root
from phi4eval.errors import UsageError, did_you_mean
from phi4eval.task.items import BRIDGE
from phi4eval.task.schema import Suite, read_suite, read_task
from phi4eval.types import Task

ENTRY_POINTS = "phi4eval.tasks"


def find_task(name: str) -> Task:
    """One task by its name, as `lm_eval:NAME`, or by the path of a .yaml file."""
    if name.startswith(BRIDGE):
        from phi4eval.task.lm_eval_bridge import bridge_task

        return bridge_task(name.removeprefix(BRIDGE))
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        if not path.is_file():
            raise UsageError(f'the task file "{name}" does not exist', "give a task's name or a file's path")
        return read_task(path, root=path.resolve().parent)
    by_name = _task_files()
    if name in by_name:
        path, root = by_name[name]
        task = read_task(path, root=root)
        if task.name != name:
            raise UsageError(f'{path} defines the task "{task.name}"', f"name the file {task.name}.yaml")
        return task
    known = [*by_name, *list_suites()]
    raise UsageError(f'task "{name}" not found', did_you_mean(name, known, "phi4eval tasks lists all"))


def is_packaged(name: str) -> bool:
    """Whether a name alone finds a task: this package's own, an installed package's, or lm-eval's."""
    return name in _task_files() or name.startswith(BRIDGE)


def list_tasks() -> tuple[Task, ...]:
    """Every packaged task and those of installed packages, by name."""
    return tuple(find_task(name) for name in sorted(_task_files()))


def list_suites() -> dict[str, tuple[str, ...]]:
    """Every suite with its task names, in the suite file's order."""
    return {suite.name: suite.tasks for suite in _suites()}


def expand(names: Sequence[str]) -> tuple[Task, ...]:
    """Tasks of names, suites, comma lists, `lm_eval:NAME` and .yaml paths; each task once, in order."""
    words = [word.strip() for name in names for word in name.split(",")]
    words = [word for word in words if word]
    if not words:
        raise UsageError("no task was named", "phi4eval tasks lists all, for example: --tasks amc,gpqa")
    suites = list_suites()
    wanted = dict.fromkeys(task for word in words for task in suites.get(word, (word,)))
    tasks: dict[str, Task] = {}
    for name in wanted:
        task = find_task(name)
        if task.name in tasks:
            raise UsageError(f'two of the tasks are called "{task.name}"', "give them different names")
        tasks[task.name] = task
    return tuple(tasks.values())


# ---------------------------------------------------------------- where they lie


@lru_cache(maxsize=1)
def _roots() -> tuple[Path, ...]:
    """The packaged folder first, then the folders of installed packages that announce one."""
    return (tasks_root(), *(folder for entry in _announced() for folder in _folders(*entry)))


def _announced() -> list[tuple[str, str]]:
    """(name, package) of every installed entry point of the group `phi4eval.tasks`.

    The files are searched for the group's name first: importing importlib.metadata and parsing all of them
    takes a fifth of the time that listing tasks may take, and mostly there is none.
    """
    header = f"[{ENTRY_POINTS}]".encode()
    files = (file for folder in sys.path for file in Path(folder).glob("*-info/entry_points.txt"))
    if not any(header in file.read_bytes() for file in files):
        return []
    from importlib.metadata import entry_points

    return [(entry.name, entry.value) for entry in entry_points(group=ENTRY_POINTS)]


def _folders(name: str, package: str) -> list[Path]:
    """Where a task package lies. It is found, not loaded: listing tasks does not run its modules."""
    from importlib.util import find_spec

    spec = find_spec(package) if package.isidentifier() else None  # a dotted name would import its parent
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(
            f'the installed task package "{name}" ({package}) is no top-level package',
            f"its {ENTRY_POINTS} entry point must name the package that holds the .yaml files",
        )
    return [Path(folder) for folder in spec.submodule_search_locations]


@lru_cache(maxsize=1)
def _task_files() -> dict[str, tuple[Path, Path]]:
    """Task name -> (file, its root). The file's name is the task's name; a leading _ marks an include."""
    found: dict[str, tuple[Path, Path]] = {}
    for root in _roots():
        for path in sorted(root.glob("*.yaml")):
            if path.name.startswith("_"):
                continue
            if path.stem in found:
                first = found[path.stem][0]
                raise UsageError(f'two files define the task "{path.stem}": {first} and {path}', "rename one")
            found[path.stem] = (path, root)
    return found


@lru_cache(maxsize=1)
def _suites() -> tuple[Suite, ...]:
    return tuple(read_suite(path) for root in _roots() for path in sorted(root.glob("suites/*.yaml")))
