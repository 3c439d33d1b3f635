"""A plan is checked before anything is spent: names, numbers, items, context, and the run's name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from phi4eval.backends.options import ignored
from phi4eval.errors import DataError, IncompleteError, NothingMatchedError, UsageError
from phi4eval.planning import Work, installed_versions, make_work, select_items
from phi4eval.seeds import canonical_json
from phi4eval.types import Item, RunRequest, Sampling

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "recorded.jsonl"
    path.write_text(json.dumps({"id": "math-001", "text": "Answer: 1"}) + "\n")
    return path


def planned(recorded: Path, **changes: object) -> Work:
    fields: dict[str, object] = {
        "model": f"replay:{recorded}",
        "tasks": ("math_sample",),
        "results": str(recorded.parent / "results"),
    }
    work = make_work(RunRequest(**{**fields, **changes}), now=NOW)  # type: ignore[arg-type]
    work.backend.close()
    return work


def test_a_plan_names_tasks_samples_and_where_the_run_lies(recorded: Path) -> None:
    plan = planned(recorded, limit=3, repeats=4).plan
    (task,) = plan.tasks
    assert (task.manifest.items, task.manifest.samples, task.stored) == (3, 12, 0)
    assert Path(plan.directory).parent == recorded.parent / "results"
    assert plan.directory.endswith(f"-{plan.run_id}")
    assert task.max_tokens_total == 12 * task.manifest.sampling.max_tokens
    assert any("sample set" in warning for warning in task.warnings)
    assert not (recorded.parent / "results").exists(), "planning writes nothing"


def test_the_same_request_has_the_same_name_at_any_time_and_place(recorded: Path) -> None:
    first = planned(recorded)
    later = make_work(first.plan.request)
    later.backend.close()
    assert later.plan.run_id == first.plan.run_id
    elsewhere = planned(recorded, results="elsewhere")
    assert elsewhere.plan.run_id == first.plan.run_id


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"repeats": 1},
        {"limit": 5},
        {"items": ("0-3",)},
        {"temperature": 0.1},
        {"max_tokens": 99},
    ],
)
def test_what_changes_the_completions_changes_the_name(recorded: Path, change: dict[str, object]) -> None:
    assert planned(recorded, **change).plan.run_id != planned(recorded).plan.run_id


@pytest.mark.parametrize("change", [{"concurrency": 3}, {"max_error_rate": 0.5}])
def test_what_does_not_change_the_completions_leaves_the_name(
    recorded: Path, change: dict[str, object]
) -> None:
    assert planned(recorded, **change).plan.run_id == planned(recorded).plan.run_id


def test_no_path_of_the_machine_is_in_the_manifest_but_the_models_own(recorded: Path) -> None:
    manifest = planned(recorded).manifest
    assert str(Path(__file__).parents[1]) not in canonical_json(manifest).decode()
    assert manifest.created == "2026-01-02T03:04:05+00:00"


def test_what_the_user_says_wins_over_the_task(recorded: Path) -> None:
    sampling = planned(recorded, temperature=0.9, top_p=0.8, max_tokens=77).plan.tasks[0].manifest.sampling
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens) == (0.9, 0.8, 77)
    assert planned(recorded).plan.tasks[0].manifest.sampling.temperature == 0.5


def test_no_prompt_holds_its_gold(recorded: Path) -> None:
    for stored in planned(recorded, tasks=("gpqa_sample",)).prompts:
        fields = canonical_json(stored.prompt).decode()
        assert '"gold"' not in fields
        assert '"order"' not in fields


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"limit": 0}, "--limit is 0"),
        ({"repeats": -1}, "--repeats is -1"),
        ({"max_tokens": 0}, "--max-tokens is 0"),
        ({"temperature": -0.5}, "--temperature is -0.5"),
        ({"top_p": 0.0}, "--top-p is 0.0"),
        ({"data": {"math": "x.jsonl"}}, '--data names the task "math", which is not run'),
        ({"tasks": ("math_smaple",)}, "math_smaple"),
        ({"model": "phi-5"}, "phi-5"),
        ({"backend": "hf"}, 'asks for backend "replay" and --backend for "hf"'),
        ({"backend": "nonsense", "model": "phi-tiny"}, "nonsense"),
    ],
)
def test_a_wrong_request_is_named_with_a_hint(
    recorded: Path, change: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        planned(recorded, **change)
    assert raised.value.hint


def test_a_missing_data_file_is_named(recorded: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        planned(recorded, data={"math_sample": "nowhere.jsonl"})


def items(*ids: str) -> tuple[Item, ...]:
    return tuple(Item(task="t", id=name, index=n, hash=name, row={}, gold="") for n, name in enumerate(ids))


@pytest.mark.parametrize(
    ("wanted", "limit", "chosen"),
    [
        ((), None, "abcde"),
        ((), 2, "ab"),
        (("b",), None, "b"),
        (("3,0",), None, "ad"),
        (("1-3",), None, "bcd"),
        (("1-3", "e"), 2, "bc"),
        (("4-9",), None, "e"),
    ],
)
def test_items_are_chosen_by_id_and_position(wanted: tuple[str, ...], limit: int | None, chosen: str) -> None:
    assert "".join(item.id for item in select_items("t", items(*"abcde"), wanted, limit)) == chosen


def test_an_id_wins_over_a_position() -> None:
    assert [item.id for item in select_items("t", items("5", "0", "x-1"), ("0", "x-1"), None)] == ["0", "x-1"]


@pytest.mark.parametrize("wrong", ["z", "9", "7-9", "-", "1-x", "3-1"])
def test_a_selector_that_matches_nothing_is_an_error_even_beside_one_that_does(wrong: str) -> None:
    with pytest.raises(NothingMatchedError, match=f'"{wrong}" matches none of the 5 items of t'):
        select_items("t", items(*"abcde"), ("a", wrong), None)


def test_versions_name_what_is_installed() -> None:
    versions = installed_versions()
    assert {"python", "phi4eval", "sympy"} <= set(versions)


@pytest.mark.slow
def test_a_prompt_that_does_not_fit_is_refused_with_the_numbers(tmp_path: Path) -> None:
    request = RunRequest(
        model="phi-tiny", tasks=("math_sample",), limit=4, max_tokens=4090, results=str(tmp_path / "results")
    )
    with pytest.raises(
        IncompleteError, match=r"prompt tokens; with 4090 for the answer .* context of 4096"
    ) as raised:
        make_work(request)
    assert raised.value.hint is not None
    assert raised.value.hint.startswith("--max-tokens ")
    fits = int(raised.value.hint.split()[1])
    work = make_work(RunRequest(model="phi-tiny", tasks=("math_sample",), limit=4, max_tokens=fits))
    assert work.plan.tasks[0].longest_prompt == 4096 - fits
    assert work.plan.tasks[0].example_tokens is not None
    work.backend.close()


@pytest.mark.parametrize(
    ("backend", "sampling", "said"),
    [
        ("hf", Sampling(), None),
        ("api", Sampling(reasoning_effort="low"), None),
        ("hf", Sampling(reasoning_effort="low"), "hf does not apply reasoning_effort; it has"),
        ("vllm", Sampling(reasoning_effort="low", thinking_tokens=9), "reasoning_effort and thinking_tokens"),
    ],
)
def test_thinking_options_that_a_backend_does_not_apply_are_warned_about(
    backend: str, sampling: Sampling, said: str | None
) -> None:
    warning = ignored(backend, sampling)
    assert (warning is None) if said is None else (said in (warning or ""))


def test_a_task_may_ask_for_effort_and_a_thinking_budget_and_a_model_may_too(tmp_path: Path) -> None:
    task = tmp_path / "mine.yaml"
    task.write_text(
        "task: mine\ndataset_path: json\ndataset_kwargs: {data_files: {test: x.jsonl}}\ntest_split: test\n"
        "doc_to_text: '{{question}}'\ndoc_to_target: '{{answer}}'\n"
        "generation_kwargs: {max_gen_toks: 64, reasoning_effort: high, thinking_tokens: 32}\n"
        "metadata: {version: '1.0', phi4eval: {title: Mine, grader: integer, fields: {question: [question],"
        " answer: [answer]}}}\n"
    )
    (tmp_path / "x.jsonl").write_text('{"question": "1 + 1?", "answer": "2"}\n')
    names = '{"thinking_tokens": "thinking_token_budget"}'
    request = RunRequest(
        model="tested",
        tasks=(str(task),),
        base_url="http://127.0.0.1:9/v1",
        results=str(tmp_path),
        backend_args={"names": names},
    )
    sampling = make_work(request).manifest.tasks[0].sampling
    assert (sampling.reasoning_effort, sampling.thinking_tokens) == ("high", 32)
    o3 = msgspec.structs.replace(request, model="o3-mini")
    assert make_work(o3).plan.model.thinking
