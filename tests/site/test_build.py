"""The same runs give the same pages; only what has changed is made again; nothing foreign is touched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from phi4eval.errors import NothingMatchedError, StoreError, UsageError
from phi4eval.site.build import build_site
from phi4eval.site.check import check_site
from tests.runs import made_prompts, made_task
from tests.site.made import files_of, prompts_of, right_every, two_runs, write_run


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    two_runs(tmp_path / "runs")
    build_site(out=tmp_path / "one", results=tmp_path / "runs")
    build_site(out=tmp_path / "two", results=tmp_path / "runs")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_the_order_in_which_runs_are_named_changes_nothing(tmp_path: Path) -> None:
    runs = two_runs(tmp_path / "runs")
    build_site(*runs, out=tmp_path / "one")
    build_site(*reversed(runs), out=tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_a_second_build_makes_no_item_page_again_and_changes_no_byte(tmp_path: Path) -> None:
    two_runs(tmp_path / "runs")
    first = build_site(out=tmp_path / "out", results=tmp_path / "runs")
    before = files_of(tmp_path / "out")
    second = build_site(out=tmp_path / "out", results=tmp_path / "runs")
    assert files_of(tmp_path / "out") == before
    assert first.unchanged == 0
    assert second.unchanged >= 12


def test_a_page_that_someone_edited_is_made_again(tmp_path: Path) -> None:
    two_runs(tmp_path / "runs")
    build_site(out=tmp_path / "out", results=tmp_path / "runs")
    before = files_of(tmp_path / "out")
    edited = next((tmp_path / "out" / "items").rglob("*.html"))
    edited.write_text("gone", encoding="utf-8")
    build_site(out=tmp_path / "out", results=tmp_path / "runs")
    assert files_of(tmp_path / "out") == before


def test_a_new_run_gives_what_a_build_from_nothing_gives(tmp_path: Path) -> None:
    two_runs(tmp_path / "runs")
    build_site(out=tmp_path / "out", results=tmp_path / "runs")
    task = made_task()
    asked = made_prompts(task, items=12, repeats=1)
    write_run(tmp_path / "runs", model="third", tasks=[(task, asked)], answers=right_every(2))
    build_site(out=tmp_path / "out", results=tmp_path / "runs")
    build_site(out=tmp_path / "fresh", results=tmp_path / "runs")
    assert files_of(tmp_path / "out") == files_of(tmp_path / "fresh")


def test_pages_of_runs_that_are_gone_are_removed(tmp_path: Path) -> None:
    runs = two_runs(tmp_path / "runs")
    build_site(*runs, out=tmp_path / "out")
    built = build_site(runs[0], out=tmp_path / "out")
    build_site(runs[0], out=tmp_path / "fresh")
    assert built.removed > 0
    assert files_of(tmp_path / "out") == files_of(tmp_path / "fresh")


def test_an_interrupted_build_leaves_nothing_behind_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = two_runs(tmp_path / "runs")

    def stop(done: int, _: int) -> None:
        if done == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_site(*runs, out=tmp_path / "out", on_page=stop)
    build_site(runs[0], out=tmp_path / "out")
    build_site(runs[0], out=tmp_path / "fresh")
    assert files_of(tmp_path / "out") == files_of(tmp_path / "fresh")


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    runs = two_runs(tmp_path / "runs")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="not empty"):
        build_site(*runs, out=tmp_path / "out")
    assert list(files_of(tmp_path / "out")) == ["thesis.tex"]


def test_a_manifest_from_elsewhere_removes_nothing_outside(tmp_path: Path) -> None:
    runs = two_runs(tmp_path / "runs")
    (tmp_path / "precious").write_text("mine", encoding="utf-8")
    (tmp_path / "out").mkdir()
    made = {"sha": "", "size": 1}
    files = {"../precious": made, str(tmp_path / "precious"): made}
    (tmp_path / "out" / "site.json").write_text(
        json.dumps({"schema": 1, "program": "x", "files": files}), encoding="utf-8"
    )
    build_site(*runs, out=tmp_path / "out")
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "mine"


def test_a_broken_run_is_left_out_and_named_but_a_named_one_is_an_error(tmp_path: Path) -> None:
    two_runs(tmp_path / "runs")
    (tmp_path / "runs" / "torn").mkdir()
    (tmp_path / "runs" / "torn" / "manifest.json").write_text("{", encoding="utf-8")
    built = build_site(out=tmp_path / "out", results=tmp_path / "runs")
    assert [name for name, _ in built.left_out] == ["torn"]
    assert "torn" in (tmp_path / "out" / "runs" / "index.html").read_text(encoding="utf-8")
    with pytest.raises(StoreError):
        build_site(tmp_path / "runs" / "torn", out=tmp_path / "out2")


def test_an_unknown_run_is_an_error_with_a_hint(tmp_path: Path) -> None:
    two_runs(tmp_path / "runs")
    with pytest.raises(NothingMatchedError):
        build_site("nothing-like-it", out=tmp_path / "out", results=tmp_path / "runs")


def test_no_run_at_all_still_gives_the_published_scores(tmp_path: Path) -> None:
    built = build_site(out=tmp_path / "out", results=tmp_path / "none")
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert built.runs == 0
    assert "phi-4" in index
    assert "56.1" in index


def test_tasks_that_publish_scores_only_leak_no_item_text(tmp_path: Path) -> None:
    secret = ["Xyloquest", "Gravendust", "Molvaric", "Zephyrknot", "Quillbrook", "Brindlewood", "Thornwick"]
    task = made_task("gpqa", publish="scores-only", title="GPQA")
    rows = [
        {
            "id": f"r{i}",
            "problem": f"Xyloquest {i}?",
            "answer": "0",
            "solution": "Gravendust",
            "note": "Quillbrook",
        }
        for i in range(6)
    ]
    asked = prompts_of(task, rows, choices=("Molvaric", "Gravendust"))
    for model in ("able", "fair"):
        write_run(
            tmp_path / "runs",
            model=model,
            tasks=[(task, asked)],
            answers=lambda index, _: ("Zephyrknot Molvaric", "error" if index == 2 else "incorrect"),
            grade=lambda grade: msgspec.structs.replace(
                grade, extracted="Molvaric", explanation="Thornwick is not Molvaric", flags=("Brindlewood",)
            ),
        )
    build_site(out=tmp_path / "out", results=tmp_path / "runs")
    whole = b"".join(files_of(tmp_path / "out").values())
    assert b"GPQA" in whole
    assert b"1 of 6 samples failed" in whole
    assert [word for word in secret if word.encode() in whole] == []


def test_building_pages_imports_no_engine_and_no_backend(tmp_path: Path) -> None:
    two_runs(tmp_path / "runs")
    script = (
        "import sys\nfrom phi4eval.site.build import build_site\n"
        f"build_site(out={str(tmp_path / 'out')!r}, results={str(tmp_path / 'runs')!r})\n"
        "banned = ('phi4eval.engine', 'phi4eval.backends', 'torch', 'vllm', 'transformers', 'aiohttp')\n"
        "print([name for name in sys.modules if name.startswith(banned)])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_page_outgrows_its_weight_whatever_is_answered(tmp_path: Path) -> None:
    task = made_task()
    asked = made_prompts(task, items=2, repeats=50)
    for model, text in (("tags", "<" * 20_000), ("quotes", "\"&'" * 7_000), ("wide", "数" * 20_000)):
        write_run(
            tmp_path / "runs",
            model=model,
            tasks=[(task, asked)],
            answers=lambda index, sample, text=text: (
                text,
                "correct" if sample % 2 == index else "incorrect",
            ),  # type: ignore[misc]
            grade=lambda grade: msgspec.structs.replace(
                grade, extracted="<" * 5_000, explanation="&" * 5_000
            ),
        )
    build_site(out=tmp_path / "out", results=tmp_path / "runs")
    assert check_site(tmp_path / "out").problems == ()
    page = next((tmp_path / "out" / "items").rglob("*.html")).read_text(encoding="utf-8")
    assert "30 further answers are not shown" in page
    assert "characters not shown" in page
