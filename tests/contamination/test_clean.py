"""The clean copy lacks what was found, keeps all else byte for byte, and lists every cut."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phi4eval.contamination import ScanRequest, run_scan
from phi4eval.contamination.clean import CleanSummary, Cut, clean_corpus, read_findings
from phi4eval.errors import DataError, UsageError
from tests.contamination.samples import BAKER, FERRY, ITEMS, PROSE

OLD, LEAK = f"é {PROSE[0]}", f"é {PROSE[0]} {FERRY.question} {PROSE[1]}"


def corpus(folder: Path) -> Path:
    folder.mkdir()
    rows = [b"broken\n", json.dumps({"text": LEAK, "n": 1.5}).encode() + b"\n", b'{"text":  "kept"}\n']
    (folder / "a.jsonl").write_bytes(b"".join(rows))
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(b"".join(rows)))
    (folder / "c.jsonl.zst").write_bytes(bytes(pa.Codec("zstd").compress(b"".join(rows), asbytes=True)))
    pq.write_table(pa.table({"text": [OLD, LEAK, None], "n": [1, 2, 3]}), folder / "d.parquet")
    (folder / "e.txt").write_text(f"{BAKER.question} {PROSE[2]}")
    return folder


def cleaned(tmp_path: Path, drop: Literal["doc", "span"]) -> tuple[CleanSummary, Path, Path]:
    folder = corpus(tmp_path / "corpus")
    run_scan(ITEMS, ScanRequest(corpora=(str(folder),), out=str(tmp_path / "scan")))
    out = tmp_path / "clean"
    done = clean_corpus([str(folder)], read_findings(tmp_path / "scan"), out, drop=drop)
    return done, folder, out


def test_whole_documents_are_dropped_and_the_rest_is_byte_for_byte_the_same(tmp_path: Path) -> None:
    done, _, out = cleaned(tmp_path, "doc")
    rest = b'broken\n{"text":  "kept"}\n'
    assert (out / "a.jsonl").read_bytes() == rest
    assert gzip.decompress((out / "b.jsonl.gz").read_bytes()) == rest
    assert pa.input_stream(str(out / "c.jsonl.zst"), compression="zstd").read() == rest
    assert pq.read_table(out / "d.parquet").to_pylist() == [{"text": OLD, "n": 1}, {"text": None, "n": 3}]
    assert (out / "e.txt").read_bytes() == b""
    assert (done.files, done.records, done.cut_records) == (5, 13, 5)


def test_only_the_found_characters_are_cut_and_the_ledger_can_put_them_back(tmp_path: Path) -> None:
    done, _, out = cleaned(tmp_path, "span")
    row = json.loads((out / "a.jsonl").read_bytes().splitlines()[1])
    assert row == {"text": f"é {PROSE[0]} ? {PROSE[1]}", "n": 1.5}
    cuts = [msgspec.json.decode(line, type=Cut) for line in (out / "cuts.jsonl").read_bytes().splitlines()]
    assert done.cut_records == len(cuts) == 5
    (start, _), (text,) = cuts[0].spans[0], cuts[0].text
    assert row["text"][:start] + text + row["text"][start:] == LEAK
    assert cuts[0].items == ("ferry",)


def test_a_cleaned_corpus_holds_no_leak(tmp_path: Path) -> None:
    _, _, out = cleaned(tmp_path, "span")
    again = run_scan(ITEMS, ScanRequest(corpora=(str(out / "*.jsonl*"),), out=str(tmp_path / "again")))
    assert {"a.jsonl", "b.jsonl.gz"} < {Path(file.file).name for file in again.files}
    assert read_findings(tmp_path / "again") == []


def test_a_file_that_was_never_scanned_is_not_called_clean(tmp_path: Path) -> None:
    folder = corpus(tmp_path / "corpus")
    with pytest.raises(DataError, match="was not scanned"):
        clean_corpus([str(folder)], [], tmp_path / "clean", scanned=[str(folder / "a.jsonl")])


def test_another_spelling_of_a_path_is_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = corpus(tmp_path / "corpus")
    run_scan(ITEMS, ScanRequest(corpora=(str(folder),), out=str(tmp_path / "scan")))
    monkeypatch.chdir(folder)
    assert clean_corpus(["a.jsonl"], read_findings(tmp_path / "scan"), tmp_path / "clean").cut_records == 1


def test_the_original_is_never_overwritten(tmp_path: Path) -> None:
    folder = corpus(tmp_path / "corpus")
    with pytest.raises(UsageError, match="would overwrite"):
        clean_corpus([str(folder)], [], folder)


def test_a_corpus_that_changed_after_its_scan_is_refused(tmp_path: Path) -> None:
    folder = corpus(tmp_path / "corpus")
    run_scan(ITEMS, ScanRequest(corpora=(str(folder),), out=str(tmp_path / "scan")))
    (folder / "a.jsonl").write_bytes(b'{"text": "short"}\n')
    with pytest.raises(DataError, match="has no record 2"):
        clean_corpus([str(folder)], read_findings(tmp_path / "scan"), tmp_path / "clean")
    with pytest.raises(DataError, match="cannot read"):
        read_findings(tmp_path)


def test_a_damaged_file_is_copied_as_far_as_it_can_be_read_without_its_leaks_and_is_named(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    rows = [json.dumps({"text": LEAK}).encode(), *(b'{"text": "%d"}' % number for number in range(9_000))]
    packed = gzip.compress(b"\n".join(rows))
    (folder / "a.jsonl.gz").write_bytes(packed[: len(packed) * 2 // 3])
    (folder / "b.parquet").write_bytes(b"PAR1 and nothing else")
    (folder / "c.txt.gz").write_bytes(gzip.compress(PROSE[0].encode())[:-9])
    (folder / "d.jsonl").write_bytes(rows[0] + b"\n" + rows[1])
    run_scan(ITEMS, ScanRequest(corpora=(str(folder),), out=str(tmp_path / "scan")))
    out = tmp_path / "clean"
    done = clean_corpus([str(folder)], read_findings(tmp_path / "scan"), out)
    assert [Path(each.partition(": ")[0]).name for each in done.damaged] == [
        "a.jsonl.gz",
        "b.parquet",
        "c.txt.gz",
    ]
    kept = gzip.decompress((out / "a.jsonl.gz").read_bytes())
    assert kept.startswith(b'{"text": "0"}\n')
    assert kept.endswith(b"}\n")
    assert LEAK.encode() not in kept
    assert not (out / "b.parquet").exists()
    assert (out / "d.jsonl").read_bytes() == rows[1]
    assert done.cut_records == 2


def test_the_sound_row_groups_of_a_damaged_parquet_file_are_copied(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    file = folder / "a.parquet"
    with pq.ParquetWriter(file, pa.schema({"text": pa.string()})) as writer:
        for texts in (["one"], [f"{number} two" for number in range(500)], [LEAK, "three"]):
            writer.write_table(pa.table({"text": texts}))
    column = pq.ParquetFile(file).metadata.row_group(1).column(0)
    data = bytearray(file.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    data[start : start + 40] = b"\xff" * 40
    file.write_bytes(data)
    run_scan(ITEMS, ScanRequest(corpora=(str(folder),), out=str(tmp_path / "scan")))
    done = clean_corpus([str(folder)], read_findings(tmp_path / "scan"), tmp_path / "clean")
    assert pq.read_table(tmp_path / "clean" / "a.parquet")["text"].to_pylist() == ["one", "three"]
    assert (done.records, done.cut_records, len(done.damaged)) == (503, 1, 1)
