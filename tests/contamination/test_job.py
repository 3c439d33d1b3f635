"""A corpus on disk is scanned whatever state it is in, in any number of processes, and goes on where it
stopped.
"""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phi4eval.contamination import Finding, ItemRow, PartDone, ScanRequest, ScanSummary, corpus, hub, run_scan
from phi4eval.contamination.index import build_index
from phi4eval.contamination.index_file import load_index, save_index
from phi4eval.errors import DataError, StoreError, UsageError
from tests.contamination.samples import BAKER, FERRY, ITEMS, LENS, PROSE

LEAK = f"{PROSE[0]}\n{FERRY.question}\n{PROSE[1]}"
OUTPUTS = ("findings.jsonl", "findings.parquet", "items.jsonl", "summary.json")


def line(text: object, **more: object) -> bytes:
    return json.dumps({"text": text, **more}).encode() + b"\n"


def run(out: Path, *corpora: Path | str, **changes: Any) -> tuple[ScanSummary, list[Finding]]:
    request = ScanRequest(corpora=tuple(map(str, corpora)), out=str(out), **changes)
    summary = run_scan(ITEMS, request)
    return summary, [
        msgspec.json.decode(row, type=Finding) for row in (out / "findings.jsonl").read_bytes().splitlines()
    ]


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


GOOD = line(PROSE[2], id="a") + line(LEAK, id="b")
GZIPPED = gzip.compress(
    b"".join(line(PROSE[i % 3] + str(i) * i, id=i) for i in range(60)) + line(LEAK) + b"x" * 9000
)


@pytest.mark.parametrize(
    ("name", "data", "documents", "broken", "complete", "what"),
    [
        ("a.jsonl", GOOD, 2, 0, True, None),
        ("crlf.jsonl", GOOD.replace(b"\n", b"\r\n"), 2, 0, True, None),
        ("no_newline.jsonl", GOOD[:-1], 2, 0, True, None),
        ("bom.jsonl", b"\xef\xbb\xbf" + GOOD, 2, 0, True, None),
        ("blank_lines.jsonl", b"\n" + GOOD.replace(b"\n", b"\n\n"), 2, 0, True, None),
        ("empty.jsonl", b"", 0, 0, True, None),
        ("empty.jsonl.gz", gzip.compress(b""), 0, 0, True, None),
        ("a.jsonl.gz", gzip.compress(GOOD), 2, 0, True, None),
        ("two_members.jsonl.gz", gzip.compress(line(PROSE[0])) + gzip.compress(line(LEAK)), 2, 0, True, None),
        ("a.jsonl.zst", zstd(GOOD), 2, 0, True, None),
        ("not_json.jsonl", b"{oops\n" + GOOD, 2, 1, True, "not JSON"),
        ("cut_record.jsonl", GOOD + b'{"text": "cut', 2, 1, True, "not JSON"),
        ("array.jsonl", b"[1]\n7\n" + GOOD, 2, 2, True, "not a JSON object"),
        ("no_column.jsonl", b'{"body": "x"}\n' + GOOD, 3, 1, True, 'no text in "text"'),
        ("not_text.jsonl", line(7) + line({"a": 1}) + GOOD, 2, 2, True, 'no text in "text"'),
        ("null.jsonl", line(None) + GOOD, 3, 1, True, 'no text in "text"'),
        ("deep.jsonl", b'{"text": ' + b"[" * 5000 + b"\n" + GOOD, 2, 1, True, "not JSON"),
        ("ids.jsonl", GOOD + line(PROSE[0], id=7) + line(PROSE[1], id={"a": 1}), 4, 0, True, None),
        ("twice.jsonl", b'{"text": "x", "text": "y"}\n' + GOOD, 3, 0, True, None),
        ("raw_nul.jsonl", b'{"text": "a\x00b"}\n' + GOOD, 3, 0, True, None),
        ("utf8.jsonl", b'{"text": "a\xff\xfeb"}\n' + GOOD, 3, 0, True, "invalid UTF-8, replaced"),
        ("surrogate.jsonl", b'{"text": "a\\ud800b \\ud83d\\ude00"}\n' + GOOD, 3, 0, True, None),
        ("binary.jsonl", bytes(range(256)) * 4 + b"\n" + GOOD, 2, 5, True, "not JSON"),
        ("zeros.jsonl", b"\x00" * 5000 + b"\n" + GOOD, 2, 1, True, "not JSON"),
        ("truncated.jsonl.gz", GZIPPED[:-20], 61, 1, False, "what came before it was scanned"),
        ("no_gzip.jsonl.gz", GOOD, 0, 0, False, "what came before it was scanned"),
        ("truncated.jsonl.zst", zstd(GOOD * 9)[:-5], 0, 0, False, "what came before it was scanned"),
        ("a.txt", LEAK.encode(), 1, 0, True, None),
        ("bad.txt", b"\xff" + LEAK.encode(), 1, 0, True, "invalid UTF-8, replaced"),
        ("a.parquet", b"PAR1 and then nothing", 0, 0, False, "what came before it was scanned"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_whatever_a_file_holds_is_read_counted_and_listed(
    tmp_path: Path, name: str, data: bytes, documents: int, broken: int, complete: bool, what: str | None
) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    summary, findings = run(tmp_path / "out", file)
    (read,) = summary.files
    assert (read.documents, read.broken, read.complete) == (documents, broken, complete)
    assert (summary.problem_count > 0) == (what is not None)
    if what is not None:
        assert any(what in problem.what for problem in summary.problems)
    assert summary.share_read == (1.0 if complete else 0.0)
    assert {f.item_id for f in findings} == ({"ferry"} if documents else set())


def test_a_line_too_long_is_counted_and_the_next_one_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "LONGEST_LINE", 100_000)
    monkeypatch.setattr(corpus, "BLOCK", 10_000)
    file = tmp_path / "a.jsonl"
    file.write_bytes(line(PROSE[0]) + line("x" * 300_000) + line("y " * 20_000 + LEAK) + line(LEAK))
    summary, findings = run(tmp_path / "out", file)
    assert [problem.line for problem in summary.problems] == [2]
    assert [(f.record, f.doc_id) for f in findings] == [(2, f"{file}:3"), (3, f"{file}:4")]


def test_documents_are_named_by_their_id_or_by_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"broken\n" + line(LEAK, id=12) + line(LEAK))
    _, findings = run(tmp_path / "out", file)
    assert [f.doc_id for f in findings] == ["12", f"{file}:3"]
    pq.write_table(
        pa.table({"text": [LEAK, PROSE[0], None, LEAK], "key": ["p", "q", "r", None]}), tmp_path / "b.parquet"
    )
    summary, findings = run(tmp_path / "other", tmp_path / "b.parquet", id_field="key")
    assert [f.doc_id for f in findings] == ["p", f"{tmp_path / 'b.parquet'}:4"]
    assert [p.what for p in summary.problems] == ['no text in "text"']


def test_a_parquet_file_without_the_column_says_which_it_has(tmp_path: Path) -> None:
    pq.write_table(pa.table({"body": [LEAK], "n": [1]}), tmp_path / "a.parquet")
    summary, findings = run(tmp_path / "out", tmp_path / "a.parquet")
    assert findings == []
    assert 'no column "text"; its columns are body, n' in summary.problems[0].what


def many_files(folder: Path) -> Path:
    folder.mkdir()
    rows = [line(f"{PROSE[i % 3]} {i}\n{item.question}", id=i) for i, item in enumerate([*ITEMS] * 12)]
    (folder / "a.jsonl").write_bytes(b"".join(rows[:30]) + b"broken\n" + line(LEAK))
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(b"".join(rows[30:])))
    pq.write_table(
        pa.table({"text": [LEAK, PROSE[0], BAKER.question] * 5}), folder / "c.parquet", row_group_size=4
    )
    (folder / "d").mkdir()
    (folder / "d" / "e.txt").write_text(LENS.question.upper())
    return folder


def outputs(out: Path) -> list[bytes]:
    return [(out / name).read_bytes() for name in OUTPUTS]


def test_parts_workers_and_blocks_change_no_byte_of_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = many_files(tmp_path / "corpus")
    rules = ("align", "phi4", "gpt3", "palm")
    run(tmp_path / "one", folder, rules=rules)
    run(tmp_path / "two", folder, rules=rules, workers=2)
    assert outputs(tmp_path / "two") == outputs(tmp_path / "one")
    monkeypatch.setattr(corpus, "PART", 700)
    monkeypatch.setattr(corpus, "LEAST_PART", 300)
    monkeypatch.setattr(corpus, "BLOCK", 90)
    run(tmp_path / "small", folder, rules=rules)
    assert len((tmp_path / "small" / "ledger.jsonl").read_bytes().splitlines()) > 12
    assert outputs(tmp_path / "small") == outputs(tmp_path / "one")


@pytest.mark.parametrize("size", [1, 8 << 20, (8 << 20) + 1, 100_000_000, 600_000_000, 5_000_000_000])
def test_the_parts_of_a_file_hold_all_of_it_and_the_last_ones_are_small(tmp_path: Path, size: int) -> None:
    file = tmp_path / "a.jsonl"
    with file.open("wb") as out:
        out.truncate(size)
    parts = corpus.parts_of(file)
    ends = [0, *(part.end if part.end >= 0 else size for part in parts)]
    assert [part.start for part in parts] == ends[:-1]
    assert ends[-1] == size
    sizes = [end - part.start for part, end in zip(parts, ends[1:], strict=True)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] <= corpus.PART
    assert sizes[-1] <= corpus.LEAST_PART


def test_the_heaviest_parts_are_scanned_first(tmp_path: Path) -> None:
    for name, count in (("a", 1), ("b", 9), ("c", 4)):
        (tmp_path / f"{name}.jsonl.gz").write_bytes(gzip.compress(line(LEAK) * count + b" " * count, 0))
    parts = [part for file in corpus.find_files([str(tmp_path)]) for part in corpus.parts_of(file)]
    ordered = sorted(parts, key=corpus.weight_of, reverse=True)
    assert [Path(part.file).name[0] for part in ordered] == ["b", "c", "a"]


def test_an_interrupted_scan_goes_on_where_it_stopped(tmp_path: Path) -> None:
    folder = many_files(tmp_path / "corpus")
    run(tmp_path / "whole", folder)

    def interrupt_after(parts: int) -> Callable[[PartDone], None]:
        def look(state: PartDone) -> None:
            if state.done == parts:
                raise KeyboardInterrupt

        return look

    request = ScanRequest(corpora=(str(folder),), out=str(tmp_path / "out"))
    with pytest.raises(KeyboardInterrupt):
        run_scan(ITEMS, request, on_progress=interrupt_after(3))
    with (tmp_path / "out" / "ledger.jsonl").open("ab") as ledger:
        ledger.write(b'{"key": "torn')
    seen: list[PartDone] = []
    run_scan(ITEMS, request, on_progress=seen.append)
    assert seen[0].done == 4
    assert outputs(tmp_path / "out") == outputs(tmp_path / "whole")
    seen.clear()
    run_scan(ITEMS, request, on_progress=seen.append)
    assert seen == []


def test_a_changed_file_or_other_items_are_scanned_again(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(line(PROSE[0]))
    assert run(tmp_path / "out", file)[1] == []
    file.write_bytes(line(LEAK))
    assert len(run(tmp_path / "out", file)[1]) == 1
    request = ScanRequest(corpora=(str(file),), out=str(tmp_path / "out"))
    assert run_scan([LENS], request).dirty_documents == 0


def test_items_have_a_verdict_evidence_and_careful_words(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line(LEAK, id="x") + line(LEAK.upper(), id="y") + line(PROSE[0]))
    summary, _ = run(tmp_path / "out", tmp_path, rules=("align", "palm"), evidence=1)
    rows = [
        msgspec.json.decode(row, type=ItemRow)
        for row in (tmp_path / "out" / "items.jsonl").read_bytes().splitlines()
    ]
    verdicts = {row.item_id: row.verdict for row in rows}
    assert verdicts == {
        "ferry": "exact",
        "baker": "clean",
        "lens": "clean",
        "short": "clean",
        "tiny": "unscannable",
    }
    ferry, baker = rows[0], rows[1]
    assert (ferry.documents, len(ferry.evidence), ferry.evidence[0].doc_id) == (2, 1, "x")
    assert (ferry.rules, baker.rules) == ({"palm": "70 % of 8-grams"}, {"palm": "clean"})
    assert baker.wording.startswith("no overlap found in")
    assert "not contaminated" not in baker.wording
    assert summary.verdicts["exact"] == 1
    assert summary.dirty_documents == 2
    table = pq.read_table(tmp_path / "out" / "findings.parquet").to_pylist()
    assert [row["item_id"] for row in table if row["rule"] == "align"] == ["ferry", "ferry"]


def test_words_that_many_documents_share_are_no_part_of_an_item(tmp_path: Path) -> None:
    opening = " ".join(BAKER.question.split()[:16])
    file = tmp_path / "a.jsonl"
    file.write_bytes(line(opening))
    assert run(tmp_path / "once", file)[0].verdicts["partial"] == 1
    file.write_bytes(b"".join(line(f"{opening} {i}") for i in range(30)))
    summary, findings = run(tmp_path / "often", file)
    assert (summary.verdicts["partial"], summary.verdicts["common-only"]) == (0, 1)
    assert {f.verdict for f in findings} == {"common-only"}
    assert summary.common_seeds > 0
    assert "before breakfast" in " ".join(summary.common_examples)


def test_a_short_item_in_many_documents_is_a_phrase(tmp_path: Path) -> None:
    short = msgspec.structs.replace(
        FERRY, item_id="s", question="What is the capital of Norway?", answer=None
    )
    (tmp_path / "a.jsonl").write_bytes(line(short.question) * 30)
    request = ScanRequest(corpora=(str(tmp_path / "a.jsonl"),), out=str(tmp_path / "out"))
    assert run_scan([short], request).verdicts["common-only"] == 1


def test_globs_folders_and_files_are_found_once_each(tmp_path: Path) -> None:
    folder = many_files(tmp_path / "corpus")
    found = corpus.find_files([str(folder), str(folder / "*.jsonl"), str(folder / "a.jsonl")])
    assert [file.name for file in found] == ["a.jsonl", "b.jsonl.gz", "c.parquet", "e.txt"]
    with pytest.raises(DataError, match="no file to read"):
        corpus.find_files([str(folder / "*.csv")])


@pytest.mark.slow
def test_a_hub_data_set_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the layout of a hub data set: the same code path, without a network."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "set").mkdir()
    rows = [line(PROSE[0], key=1), line(LEAK, key=2), line(None, key=3)]
    (tmp_path / "set" / "train.jsonl").write_bytes(b"".join(rows))
    summary, findings = run(tmp_path / "out", f"hf:{tmp_path / 'set'}:train", id_field="key")
    assert [(f.doc_id, f.record, f.verdict) for f in findings] == [("2", 1, "exact")]
    assert (summary.documents, summary.empty_documents, summary.files[0].broken) == (3, 1, 1)
    missing, _ = run(tmp_path / "out", f"hf:{tmp_path / 'set'}:train", text_field="body")
    assert not missing.files[0].complete
    assert 'no column "body"; the columns are text, key' in missing.problems[0].what
    with pytest.raises(DataError, match="cannot open the corpus"):
        run(tmp_path / "out", f"hf:{tmp_path / 'set'}:nosuch:split")


def test_an_unknown_rule_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='no rule "allign"'):
        run(tmp_path / "out", tmp_path, rules=("allign",))


def test_an_index_is_mapped_from_its_file_and_damage_is_seen(tmp_path: Path) -> None:
    index = build_index(ITEMS, ("phi4",))
    save_index(index, tmp_path)
    mapped = load_index(tmp_path)
    assert (mapped.digest, mapped.items, mapped.units) == (index.digest, index.items, index.units)
    assert all((mapped.arrays[name] == index.arrays[name]).all() for name in index.arrays)
    assert not mapped.arrays["seed_keys"].flags.writeable
    (tmp_path / "index.bin").write_bytes(b"cut")
    with pytest.raises(StoreError, match="cannot read the index"):
        load_index(tmp_path)


def test_a_stream_that_breaks_off_keeps_what_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Breaking:
        def iter(self, batch_size: int) -> Iterator[dict[str, list[str]]]:
            yield {"text": [LEAK]}
            raise ConnectionError("the other side went away")

    monkeypatch.setattr(hub, "_open", lambda name: Breaking())
    summary, findings = run(tmp_path / "out", "hf:far/away")
    assert [f.verdict for f in findings] == ["exact"]
    assert not summary.files[0].complete
    assert "the other side went away" in summary.problems[0].what


@pytest.mark.slow
def test_a_line_of_a_hundred_megabytes_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    filler = (PROSE[0] + " ") * (100_000_000 // (len(PROSE[0]) + 1))
    file.write_bytes(line(filler + LEAK) + line(LEAK))
    summary, findings = run(tmp_path / "out", file)
    assert [(f.record, f.item_id, f.verdict) for f in findings] == [
        (0, "ferry", "exact"),
        (1, "ferry", "exact"),
    ]
    assert findings[0].end > 99_000_000
    assert summary.problem_count == 0


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_scan_killed_outright_goes_on_and_ends_the_same(tmp_path: Path, workers: int) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(30):
        (folder / f"{number:02}.jsonl").write_bytes(
            line(PROSE[number % 3]) + (line(LEAK) if number % 7 == 0 else b"")
        )
    items = tmp_path / "items.jsonl"
    items.write_bytes(b"".join(msgspec.json.encode(item) + b"\n" for item in ITEMS))
    command = [
        sys.executable, "-m", "phi4eval", "contamination", "scan", str(folder), "--items", str(items),
        "--workers", str(workers), "--out",
    ]  # fmt: skip
    process = subprocess.Popen(
        [*command, str(tmp_path / "out")], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert process.stderr is not None
    with process:
        for said in process.stderr:
            if said.startswith(b"part 3 of"):
                process.kill()
                break
        # its workers share the pipe: it closes when the last of them is gone
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "out" / "summary.json").exists()
    kept = (tmp_path / "out" / "ledger.jsonl").read_bytes().count(b"\n")
    assert kept >= 3
    again = subprocess.run([*command, str(tmp_path / "out")], capture_output=True, check=True)
    assert again.stderr.startswith(f"part {kept + 1} of 30".encode())
    run(tmp_path / "whole", folder)
    assert outputs(tmp_path / "out") == outputs(tmp_path / "whole")
