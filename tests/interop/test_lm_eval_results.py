"""What lm-eval wrote is read whole or refused with the file and the field at fault."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from phi4eval.errors import DataError
from phi4eval.interop.lm_eval_results import read_results
from phi4eval.interop.records import ForeignSample
from tests.interop.made import SECRET, lm_eval_files, lm_eval_line


def samples_of(path: Path, **options: Any) -> tuple[ForeignSample, ...]:
    return read_results(path, **options).tasks[0].samples


def test_a_run_has_its_model_date_sampling_and_answers(tmp_path: Path) -> None:
    run = read_results(lm_eval_files(tmp_path))
    (task,) = run.tasks
    assert (run.tool, run.tool_version, run.model, run.seed) == ("lm-eval", "0.4.13", "m", 7)
    assert run.created == "2026-01-02T03:04:05+00:00"
    assert (task.name, task.version, task.dataset, task.metric) == (
        "sums",
        "3.0",
        "made/up",
        "exact_match,none",
    )
    assert (task.sampling.temperature, task.sampling.max_tokens, task.sampling.stop) == (0.0, 99, ("\n",))
    first, second = task.samples
    assert (first.item, first.sample, first.text, first.gold) == ("0", 0, "4", "4")
    assert first.messages[0].content == "0: 2 + 2?"
    assert first.recorded is not None
    assert second.recorded is not None
    assert (first.recorded.verdict, second.recorded.verdict) == ("correct", "incorrect")
    assert task.notes == ("lm-eval reported exact_match,none = 0.5",)


def test_no_key_of_the_models_arguments_is_taken_along(tmp_path: Path) -> None:
    assert SECRET not in repr(read_results(lm_eval_files(tmp_path)))


def test_arguments_given_as_a_string_name_the_model_too(tmp_path: Path) -> None:
    config = {"model": "hf", "model_args": f"pretrained=org/name,token={SECRET}"}
    run = read_results(_with(tmp_path, config))
    assert run.model == "name"
    assert SECRET not in repr(run)


def _with(folder: Path, config: dict[str, Any]) -> Path:
    path = lm_eval_files(folder)
    top = json.loads(path.read_text())
    path.write_text(json.dumps({**top, "config": config}))
    return path


def test_the_older_layout_of_arguments_is_read(tmp_path: Path) -> None:
    path = lm_eval_files(tmp_path, [lm_eval_line(arguments=[["2 + 2?", {"until": []}]])])
    assert samples_of(path)[0].messages[0].content == "2 + 2?"


def test_a_chat_prompt_becomes_its_messages(tmp_path: Path) -> None:
    chat = json.dumps([{"role": "system", "content": "s"}, {"role": "user", "content": "u"}])
    path = lm_eval_files(tmp_path, [lm_eval_line(arguments={"gen_args_0": {"arg_0": chat, "arg_1": {}}})])
    assert [(m.role, m.content) for m in samples_of(path)[0].messages] == [("system", "s"), ("user", "u")]


def test_a_prompt_that_only_looks_like_a_chat_stays_a_text(tmp_path: Path) -> None:
    text = "[{sum} over all x]"
    path = lm_eval_files(tmp_path, [lm_eval_line(arguments={"gen_args_0": {"arg_0": text, "arg_1": {}}})])
    assert samples_of(path)[0].messages[0].content == text


def test_one_filter_is_taken_and_the_metric_names_which(tmp_path: Path) -> None:
    lines = [
        lm_eval_line(filter="strict", exact_match=0.0),
        lm_eval_line(filter="flexible", exact_match=1.0),
    ]
    results = {"exact_match,strict": 0.0, "exact_match_stderr,strict": 0.1, "exact_match,flexible": 1.0}
    path = lm_eval_files(tmp_path, lines, results=results)
    for metric, expected in ((None, 0.0), ("exact_match,flexible", 1.0)):
        (sample,) = samples_of(path, metric=metric)
        assert sample.recorded is not None
        assert sample.recorded.score == expected


def test_answers_that_share_one_value_have_no_verdict_of_their_own(tmp_path: Path) -> None:
    line = lm_eval_line(resps=[["4", "5"]], filtered_resps=["4"], exact_match=1.0)
    run = read_results(lm_eval_files(tmp_path, [line]))
    assert [(s.sample, s.text, s.recorded) for s in run.tasks[0].samples] == [(0, "4", None), (1, "5", None)]
    assert any("not kept" in note for note in run.tasks[0].notes)


def test_ranked_options_are_the_first_of_them_and_not_for_our_graders(tmp_path: Path) -> None:
    line = lm_eval_line(
        target=1,
        arguments={f"gen_args_{i}": {"arg_0": "Q", "arg_1": f" {o}"} for i, o in enumerate("xy")},
        resps=[[["-2.5", "False"]], [["-1.5", "True"]]],
        filtered_resps=[["-2.5", "False"], ["-1.5", "True"]],
        acc=1.0,
    )
    path = lm_eval_files(
        tmp_path, [line], config={"output_type": "multiple_choice"}, results={"acc,none": 1.0}
    )
    (sample,) = samples_of(path)
    assert (sample.text, sample.choices, sample.gradable) == ("y", ("x", "y"), False)


def test_programs_keep_the_tools_verdict_since_their_tests_are_not_there(tmp_path: Path) -> None:
    path = lm_eval_files(tmp_path, [lm_eval_line(doc={"prompt": "def f", "test": "assert f()"})])
    assert not samples_of(path)[0].gradable


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "doc_id is missing": ({"doc_id": None}, "doc_id"),
    "resps holds numbers": ({"resps": [[4]]}, "resps"),
    "arguments is empty": ({"arguments": {}}, "arguments"),
    "arguments holds no text": ({"arguments": {"gen_args_0": {"arg_0": 3}}}, "arguments"),
    "a score above 1": ({"exact_match": 3.5}, "exact_match is 3.5"),
    "a score that is text": ({"exact_match": "yes"}, "exact_match is 'yes'"),
    "our own column is broken": ({"doc": {"phi4eval": {"item": 3}}}, "doc.phi4eval"),
    "our own column does not fit": ({"doc": {"phi4eval": {"item": "a", "samples": [0, 1]}}}, "samples"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_line_is_named_by_file_line_and_field(tmp_path: Path, name: str) -> None:
    changes, field = BROKEN[name]
    path = lm_eval_files(tmp_path, [lm_eval_line(0), lm_eval_line(1, **changes)])
    with pytest.raises(DataError) as caught:
        read_results(path)
    assert field in caught.value.message
    assert ".jsonl:2" in caught.value.message


def test_a_score_that_is_no_number_is_refused(tmp_path: Path) -> None:
    path = lm_eval_files(tmp_path, [lm_eval_line(exact_match=math.nan)])
    with pytest.raises(DataError, match=r"samples_sums.*:1"):
        read_results(path)


@pytest.mark.parametrize("keep", [0, 1, 40, -1], ids=lambda keep: f"{keep} bytes")
def test_a_results_file_that_is_cut_off_is_refused(tmp_path: Path, keep: int) -> None:
    path = lm_eval_files(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match="results_"):
        read_results(path)


def test_a_samples_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = lm_eval_files(tmp_path)
    samples = next(tmp_path.glob("samples_*"))
    samples.write_bytes(samples.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"samples_.*:2"):
        read_results(path)


@pytest.mark.parametrize(
    ("error", "low", "high", "method"),
    [
        (0.1, 0.304, 0.696, "mean and 1.96 reported errors"),
        (0.4, 0.0, 1.0, "mean and 1.96 reported errors"),
        ("N/A", 0.366, 0.634, "Wilson, as if one answer an item"),
        (None, 0.366, 0.634, "Wilson, as if one answer an item"),
    ],
)
def test_results_without_samples_have_the_reported_score_alone(
    tmp_path: Path, error: object, low: float, high: float, method: str
) -> None:
    scores = {"exact_match,none": 0.5, "exact_match_stderr,none": error}
    path = lm_eval_files(tmp_path, results=scores, size=50)
    (task,) = read_results(path).tasks
    assert (task.samples, task.items) == ((), 50)
    assert task.reported is not None
    assert (task.reported.mean, task.reported.n, task.reported.method) == (0.5, 50, method)
    assert (task.reported.low, task.reported.high) == pytest.approx((low, high), abs=2e-3)


@pytest.mark.parametrize("value", [3.5, -0.1, "N/A", None], ids=str)
def test_a_reported_score_that_is_no_share_is_refused(tmp_path: Path, value: object) -> None:
    path = lm_eval_files(tmp_path, results={"exact_match,none": value}, size=50)
    with pytest.raises(DataError, match=r"sums: exact_match,none"):
        read_results(path)


def test_a_task_with_neither_samples_nor_a_metric_is_named(tmp_path: Path) -> None:
    path = lm_eval_files(tmp_path)
    top = json.loads(path.read_text())
    top["configs"]["other"] = {}
    path.write_text(json.dumps(top))
    with pytest.raises(DataError, match="other"):
        read_results(path)


def test_an_unknown_metric_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_results(lm_eval_files(tmp_path), metric="exact_mach")
    assert "exact_match,none" in str(caught.value.hint)


@pytest.mark.parametrize("date", [1e300, -1e300])
def test_a_date_that_is_no_time_is_refused(tmp_path: Path, date: float) -> None:
    with pytest.raises(DataError, match="date"):
        read_results(lm_eval_files(tmp_path, date=date))
