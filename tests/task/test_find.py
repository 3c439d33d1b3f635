"""Does a name lead to the right tasks?"""

from __future__ import annotations

from pathlib import Path

import pytest

from phi4eval.data_files import tasks_root
from phi4eval.errors import UsageError
from phi4eval.task import expand, find_task, list_suites, list_tasks

from .made import MINIMAL, write_task

REPORT = (
    "amc", "gpqa", "math", "humaneval", "mmlu", "mgsm", "drop", "simpleqa", "mmlu_pro", "humaneval_plus",
    "ifeval",
)  # fmt: skip


def test_every_task_is_listed_and_found_by_its_name() -> None:
    names = [task.name for task in list_tasks()]
    assert names == sorted(names)
    assert {*REPORT, "math500", "amc23", "aime24", "gsm8k", "mmlu_stem", "aqua"} <= set(names)
    assert [find_task(name).name for name in names] == names


def test_every_suite_names_tasks_that_exist() -> None:
    suites = list_suites()
    assert suites["report"] == REPORT
    assert set(suites) == {"report", "stem", "samples"}
    known = {task.name for task in list_tasks()}
    assert all(set(tasks) <= known for tasks in suites.values())


def test_samples_are_labelled_and_stand_in_no_other_suite() -> None:
    suites = list_suites()
    samples = {task.name for task in list_tasks() if task.sample}
    assert samples == set(suites["samples"])
    assert not samples & {*suites["report"], *suites["stem"]}


def test_names_suites_and_comma_lists_expand_in_order_and_once() -> None:
    assert tuple(task.name for task in expand(["report"])) == REPORT
    assert [task.name for task in expand(["gsm8k, gpqa", "report", "gpqa"])] == [
        "gsm8k", "gpqa", *(name for name in REPORT if name != "gpqa"),
    ]  # fmt: skip


def test_a_typo_gets_the_nearest_name() -> None:
    with pytest.raises(UsageError, match='task "gqpa" not found') as caught:
        find_task("gqpa")
    assert caught.value.hint == 'did you mean "gpqa"? phi4eval tasks lists all'
    with pytest.raises(UsageError) as caught:
        expand(["sampels"])
    assert 'did you mean "samples"?' in (caught.value.hint or "")


@pytest.mark.parametrize("names", [[], [""], [" , "]])
def test_no_task_at_all_is_an_error(names: list[str]) -> None:
    with pytest.raises(UsageError, match="no task was named"):
        expand(names)


def test_a_path_names_a_task_file(tmp_path: Path) -> None:
    path = write_task(tmp_path)
    assert [task.name for task in expand([str(path)])] == ["toy"]
    with pytest.raises(UsageError, match="does not exist"):
        find_task(str(tmp_path / "none.yaml"))


def test_two_tasks_of_one_name_cannot_run_together(tmp_path: Path) -> None:
    path = write_task(tmp_path, MINIMAL.replace("task: toy", "task: gsm8k"))
    with pytest.raises(UsageError, match='two of the tasks are called "gsm8k"'):
        expand(["gsm8k", str(path)])


def test_a_name_is_no_path_into_the_disk() -> None:
    for name in ("../tasks/gpqa", "suites/report", "_amc", "samples/amc_sample"):
        with pytest.raises(UsageError, match="not found"):
            find_task(name)


def test_an_installed_package_brings_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "mytasks"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('listing must not load this')\n")
    write_task(package)
    info = tmp_path / "mytasks-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mytasks\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[phi4eval.tasks]\nmine = mytasks\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    from phi4eval.task import find

    caches = (find._roots, find._task_files, find._suites)
    for cache in caches:
        cache.cache_clear()
    try:
        assert find_task("toy").path == str(package / "toy.yaml")
    finally:
        monkeypatch.undo()
        for cache in caches:
            cache.cache_clear()


def test_the_file_of_a_task_has_its_name() -> None:
    for task in list_tasks():
        assert Path(task.path) == tasks_root() / f"{task.name}.yaml"
