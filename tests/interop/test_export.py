"""What others read: the same numbers, the same bytes each time, and no text that has to stay private."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
import yaml
from huggingface_hub import EvalResult
from huggingface_hub.repocard_data import model_index_to_eval_results

from phi4eval.errors import IncompleteError, StoreError, UsageError
from phi4eval.interop.exchange import FORMATS, export_run, import_runs
from phi4eval.store import RunWriter, load_run
from phi4eval.summary import summarise
from phi4eval.types import Key, StoredPrompt, Verdict
from tests.runs import (
    made_completion,
    made_grade,
    made_manifest,
    made_prompts,
    made_stored_grade,
    made_task,
)

PRIVATE = "only-for-members"


def stored(
    results: Path,
    *,
    verdicts: tuple[Verdict, ...] = ("correct", "incorrect", "correct"),
    repeats: int = 2,
    text: str = "Answer: 0",
    summarised: bool = True,
    shuffled: bool = False,
    **task_fields: Any,
) -> Path:
    """A finished run: one item a verdict, `repeats` samples each."""
    task = made_task("sums", **task_fields)
    prompts = made_prompts(task, items=len(verdicts), repeats=repeats)
    if shuffled:
        prompts = tuple(each for prompt in prompts for each in _parted(prompt))
    manifest = made_manifest((task, prompts))
    manifest = msgspec.structs.replace(manifest, versions={"phi4eval": "0.1.0"})
    path = results / f"made-up-{manifest.run_id}"
    by_item = {f"q{index}": verdict for index, verdict in enumerate(verdicts)}
    with RunWriter(path, manifest, prompts) as writer:
        for prompt in prompts:
            for draw in prompt.prompt.draws:
                completion = made_completion(prompt, draw.sample, text, prompt_tokens=7, seconds=0.25)
                offset = writer.add_completion(completion)
                grade = made_grade(by_item[prompt.item.id])
                grade = msgspec.structs.replace(grade, extracted=PRIVATE, span=None)
                writer.add_grade(made_stored_grade(completion, grade, offset))
        if summarised:
            writer.write_summary(summarise(writer.run))
    return path


def _parted(stored: StoredPrompt) -> list[StoredPrompt]:
    """One prompt a sample, its two options in another order each time."""
    parted = []
    for draw in stored.prompt.draws:
        choices = ("x", "y") if draw.sample % 2 == 0 else ("y", "x")
        gold = "AB"[choices.index("x")]
        parted.append(
            StoredPrompt(
                prompt=msgspec.structs.replace(stored.prompt, draws=(draw,)),
                key=Key(gold=gold, choices=choices),
                item=stored.item,
            )
        )
    return parted


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_run_gives_the_same_bytes(tmp_path: Path, format: str) -> None:
    path = stored(tmp_path / "runs")
    files = export_run(path, format=format, out=tmp_path / "a")
    export_run(path, format=format, out=tmp_path / "b")
    assert files
    assert all(file.is_file() for file in files)
    if format != "parquet":
        assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("format", FORMATS)
def test_texts_of_private_tasks_stay_out_unless_asked_for(tmp_path: Path, format: str) -> None:
    path = stored(tmp_path / "runs", publish="scores-only", text=f"Answer: {PRIVATE}")
    export_run(path, format=format, out=tmp_path / "public")
    public = b"".join(contents(tmp_path / "public").values())
    for secret in (PRIVATE, "1 + 1 = ?"):
        assert secret.encode() not in public
    export_run(path, format=format, out=tmp_path / "own", with_texts=True)
    own = b"".join(contents(tmp_path / "own").values())
    assert (PRIVATE.encode() in own) == (format != "model-index")


@pytest.mark.parametrize("shuffled", [False, True], ids=["one order", "an order each sample"])
def test_what_lm_evals_layout_says_comes_back_as_it_was(tmp_path: Path, shuffled: bool) -> None:
    path = stored(tmp_path / "runs", shuffled=shuffled, text="Answer: A")
    export_run(path, format="lm-eval", out=tmp_path / "out")
    (made,) = import_runs(tmp_path / "out", results=tmp_path / "back")
    before = {(r.item.id, r.completion.sample): r for r in load_run(path).records()}
    after = {(r.item.id, r.completion.sample): r for r in load_run(made.path).records()}
    assert before.keys() == after.keys()
    for key, record in before.items():
        assert after[key].completion.text == record.completion.text
        assert after[key].key.gold == record.key.gold
        assert after[key].key.choices == record.key.choices
        assert after[key].prompt.messages == record.prompt.messages
    (task,) = made.summary.tasks
    assert (task.items, task.repeats) == (3, 2)


def test_lm_evals_scores_are_means_over_items(tmp_path: Path) -> None:
    export_run(stored(tmp_path / "runs"), format="lm-eval", out=tmp_path / "out")
    results = json.loads(next((tmp_path / "out").rglob("results_*.json")).read_text())
    assert results["results"]["sums"]["score,none"] == pytest.approx(2 / 3)
    assert results["results"]["sums"]["score_stderr,none"] == pytest.approx(1 / 3)
    rows = next((tmp_path / "out").rglob("samples_sums_*.jsonl")).read_text().splitlines()
    assert [json.loads(row)["score"] for row in rows] == [1.0, 0.0, 1.0]


def test_the_model_index_is_what_the_hub_reads(tmp_path: Path) -> None:
    (file,) = export_run(stored(tmp_path / "runs"), format="model-index", out=tmp_path / "out")
    index = yaml.safe_load(file.read_text())["model-index"]
    name, results = model_index_to_eval_results(index)
    assert name == "made-up"
    (result,) = results
    assert isinstance(result, EvalResult)
    assert result.metric_value == pytest.approx(66.6667)
    assert result.metric_args is not None
    assert (result.metric_args["n"], result.metric_args["repeats"]) == (3, 2)
    assert result.metric_args["low"] < result.metric_value < result.metric_args["high"]


def test_every_eval_ever_links_its_samples_by_name_and_checksum(tmp_path: Path) -> None:
    import hashlib

    export_run(stored(tmp_path / "runs"), format="every-eval-ever", out=tmp_path / "out", developer="me")
    (file,) = (tmp_path / "out").rglob("*[0-9a-f].json")
    record = json.loads(file.read_text())
    detail = record["detailed_evaluation_results"]
    samples = (tmp_path / "out" / detail["file_path"]).read_bytes()
    assert hashlib.sha256(samples).hexdigest() == detail["checksum"]
    rows = [json.loads(line) for line in samples.splitlines()]
    assert len(rows) == detail["total_rows"] == 6
    assert {row["evaluation_id"] for row in rows} == {record["evaluation_id"]}
    assert record["model_info"]["id"] == "me/made-up"


def test_parquet_is_the_frame(tmp_path: Path) -> None:
    path = stored(tmp_path / "runs")
    (file,) = export_run(path, format="parquet", out=tmp_path / "out")
    pd.testing.assert_frame_equal(pd.read_parquet(file), load_run(path).to_pandas(), check_dtype=False)


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-2", "@cmd", "\tx", 'a,b\n"c"', "naïve ∑"])
def test_csv_cells_never_begin_as_a_formula(tmp_path: Path, text: str) -> None:
    (file,) = export_run(stored(tmp_path / "runs", text=text), format="csv", out=tmp_path / "out")
    with file.open(newline="", encoding="utf-8") as stream:
        cells = {row["text"] for row in csv.DictReader(stream)}
    guarded = f"'{text}" if text[0] in "=+-@\t" else text
    assert cells == {guarded}


@pytest.mark.parametrize("format", ["model-index", "every-eval-ever"])
def test_a_run_without_a_result_is_refused(tmp_path: Path, format: str) -> None:
    path = stored(tmp_path / "runs", summarised=False)
    with pytest.raises(IncompleteError, match="no result"):
        export_run(path, format=format, out=tmp_path / "out")


def test_an_unknown_format_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        export_run(stored(tmp_path / "runs"), format="lmeval", out=tmp_path / "out")
    assert "lm-eval" in str(caught.value.hint)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        export_run(stored(tmp_path / "runs"), format="csv", out=tmp_path / "file")
