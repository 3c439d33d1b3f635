"""A scan's verdicts get into a run once, on the items that were really looked for, without private text."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from phi4eval.cli.main import main
from phi4eval.contamination import ScanItem, ScanRequest, run_scan
from phi4eval.contamination.items import scan_item
from phi4eval.errors import NothingMatchedError, StoreError, UsageError
from phi4eval.joining import join
from phi4eval.leaks import join_scan, leaked, not_clean, read_scan, read_verdicts, run_verdicts
from phi4eval.store import JOINED, Run, RunWriter
from phi4eval.summary import summarise
from phi4eval.types import Task, Verdict
from phi4eval.verify import verify_run
from tests.runs import made_completion, made_grade, made_manifest, made_prompts, made_stored_grade, made_task

Captured = pytest.CaptureFixture[str]

WORDS = (
    "the lighthouse keeper counts forty gulls before breakfast and twice as many by noon",
    "a mason lays one brick more every hour until the seventh hour has come",
    "seven ferries leave the harbour with twelve sheep each and return with none",
)


def stored_run(folder: Path, task: Task | None = None) -> Path:
    """A finished run of three items with questions long enough to be looked for."""
    task = task or made_task()
    replace = msgspec.structs.replace
    prompts = tuple(
        replace(stored, item=replace(stored.item, row={"problem": words}))
        for stored, words in zip(made_prompts(task, items=3, repeats=1), WORDS, strict=True)
    )
    manifest = made_manifest((task, prompts))
    path = folder / "run"
    verdicts: tuple[Verdict, ...] = ("correct", "incorrect", "correct")
    with RunWriter(path, manifest, prompts) as writer:
        for stored, verdict in zip(prompts, verdicts, strict=True):
            completion = made_completion(stored, 0)
            offset = writer.add_completion(completion)
            writer.add_grade(made_stored_grade(completion, made_grade(verdict), offset))
        writer.write_summary(summarise(writer.run))
    return path


def scanned(folder: Path, items: list[ScanItem]) -> Path:
    """A scan of a corpus that holds the first question."""
    corpus = folder / "corpus.jsonl"
    corpus.write_text(json.dumps({"id": "d1", "text": f"So it began: {WORDS[0]}. Nobody knew why."}) + "\n")
    run_scan(items, ScanRequest(corpora=(str(corpus),), out=str(folder / "scan")))
    return folder / "scan"


def items_of(run: Path) -> list[ScanItem]:
    return [scan_item(stored.item) for stored in Run(run).prompts()]


def test_a_joined_run_carries_verdicts_evidence_and_both_scores(tmp_path: Path) -> None:
    run = stored_run(tmp_path)
    summary, joined = join(run, scanned(tmp_path, items_of(run)))
    assert {row.item: row.verdict for row in joined.items} == {"q0": "exact", "q1": "clean", "q2": "clean"}
    evidence = joined.of("sums")["q0"].evidence[0]
    assert (evidence.doc_id, evidence.rule) == ("d1", "align")
    assert evidence.excerpt is not None
    assert "lighthouse" in evidence.excerpt
    found = summary.tasks[0].exposure
    assert found is not None
    assert (found.leaked_items, found.clean_items, found.verdicts["exact"]) == (1, 2, 1)
    assert found.scan.bytes_read == found.scan.bytes_total > 0
    assert summary == Run(run).summary
    assert Run(run).contamination == joined
    assert {r.item.id: r.contamination for r in Run(run).records()} == {
        "q0": "exact",
        "q1": "clean",
        "q2": "clean",
    }
    assert verify_run(run) == ()


def test_joining_twice_changes_no_byte(tmp_path: Path) -> None:
    run = stored_run(tmp_path)
    scan = scanned(tmp_path, items_of(run))
    join(run, scan)
    before = [(run / name).read_bytes() for name in (JOINED, "summary.json")]
    join(run, scan)
    assert [(run / name).read_bytes() for name in (JOINED, "summary.json")] == before


def test_private_items_leave_no_text_behind(tmp_path: Path) -> None:
    run = stored_run(tmp_path, made_task(publish="scores-only"))
    join(run, scanned(tmp_path, items_of(run)))
    text = (run / JOINED).read_text()
    assert '"exact"' in text
    assert "lighthouse" not in text


def test_an_item_with_other_words_is_not_judged(tmp_path: Path) -> None:
    run = stored_run(tmp_path)
    items = items_of(run)
    items[1] = ScanItem(item_id=items[1].item_id, question="Quite another question of more than five words.")
    joined = join_scan(Run(run), read_scan(scanned(tmp_path, items)))
    assert [row.item for row in joined.items] == ["q0", "q2"]
    assert joined.altered == ("sums/q1",)


def test_spelling_and_markup_do_not_make_other_words(tmp_path: Path) -> None:
    run = stored_run(tmp_path)
    items = [
        ScanItem(item_id=item.item_id.partition("/")[2], question=item.question.upper() + "!")
        for item in items_of(run)
    ]
    joined = join_scan(Run(run), read_scan(scanned(tmp_path, items)))
    assert len(joined.items) == 3


def test_a_scan_of_other_items_is_refused(tmp_path: Path) -> None:
    run = stored_run(tmp_path)
    other = scanned(tmp_path, [ScanItem(item_id="math/1", question=WORDS[0])])
    with pytest.raises(NothingMatchedError, match="knows no item"):
        join(run, other)
    assert {record.contamination for record in Run(run).records()} == {None}
    assert not (run / JOINED).exists()


def test_verdicts_read_alike_from_the_scan_its_items_file_and_the_run(tmp_path: Path) -> None:
    run = stored_run(tmp_path)
    scan = scanned(tmp_path, items_of(run))
    assert run_verdicts(Run(run)) is None
    join(run, scan)
    read = [read_verdicts(path) for path in (scan, scan / "items.jsonl", run)]
    assert read[0].verdicts == read[1].verdicts == read[2].verdicts
    assert read[0].facts == read[2].facts
    assert [v.facts is None for v in read] == [False, True, False]
    ids = ["q0", "q1", "q2", "q9"]
    assert leaked(read[2], "sums", ids) == {"q0"}
    assert not_clean(read[2], "sums", ids) == frozenset({"q0", "q9"})
    assert not_clean(read[2], "other", ["x"]) is None


def test_what_is_no_scan_is_named(tmp_path: Path) -> None:
    run = stored_run(tmp_path)
    for read, path in ((read_verdicts, run), (read_verdicts, tmp_path / "none"), (read_scan, tmp_path)):
        with pytest.raises(UsageError):
            read(path)
    scan = scanned(tmp_path, items_of(run))
    (scan / "items.jsonl").write_text('{"item_id": "x"}\n')
    with pytest.raises(StoreError, match=r"items\.jsonl:1"):
        read_scan(scan)


def test_the_verb_prints_both_scores_and_the_dates(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    run = stored_run(tmp_path)
    scan = scanned(tmp_path, items_of(run))
    assert main(["contamination", "join", str(run), "--scan", str(scan)]) == 0
    out = capsys.readouterr().out
    words = " ".join(out.split())
    assert "sums: overlap found for 1 of 3 items in" in words
    assert "leaked items 100 % [21, 100] (n 1)" in words
    assert "no difference is given below 30 independent items a side (1 leaked and 2 clean)" in words
    assert "contamination by dates: unknown: sums" in words
    assert max(len(line) for line in out.splitlines() if str(tmp_path) not in line) <= 80
    assert main(["runs", "show", str(run), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["tasks"][0]["exposure"]["leaked_items"] == 1
    assert main(["contamination", "join", str(run), "--scan", str(tmp_path)]) == 2


def test_the_report_splits_at_every_threshold(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run = stored_run(tmp_path)
    assert main(["contamination", "report", str(run)]) == 2
    assert "contamination join" in capsys.readouterr().err
    join(run, scanned(tmp_path, items_of(run)))
    assert main(["contamination", "report", str(run)]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert [line.split()[1] for line in out.splitlines() if line.startswith("sums  ")][:1] == ["all"]
    assert "leaked from" in out
    assert main(["contamination", "report", str(run), "--json"]) == 0
    sweep = json.loads(capsys.readouterr().out)["sweeps"]["sums"]
    assert [(p["threshold"], p["leaked_items"], p["clean_items"]) for p in sweep][-1] == (1.0, 1, 2)
