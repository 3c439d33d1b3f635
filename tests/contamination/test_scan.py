"""scan() finds what was planted, calls it by its name, and gives the same for every split."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import pairwise

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.contamination_plants import EDITED, EXACT, NO_LEAK
from phi4eval.contamination import Finding, Index, ScanItem, build_index, scan
from phi4eval.contamination.compiled import has_compiler
from phi4eval.contamination.scan import Counts, empty_scan
from phi4eval.errors import DataError, UsageError
from tests.contamination.samples import BAKER, FERRY, ITEMS, LENS, PROSE, SHORT

INDEX = build_index(ITEMS)


def findings(*texts: str, index: Index = INDEX) -> list[Finding]:
    return scan(pa.record_batch({"text": list(texts)}), index).findings


def only(text: str) -> Finding:
    (finding,) = findings(text)
    return finding


def planted(text: str) -> str:
    return f"{PROSE[0]}\n\n{text}\n\n{PROSE[1]}"


@pytest.mark.parametrize("item", [FERRY, BAKER, LENS, SHORT], ids=lambda item: item.item_id)
@pytest.mark.parametrize("kind", EXACT)
def test_every_spelling_of_an_item_is_exact(kind: str, item: ScanItem) -> None:
    text = EXACT[kind](item.question, random.Random(kind))
    finding = only(planted(text))
    assert (finding.item_id, finding.verdict, finding.score) == (item.item_id, "exact", 1.0)
    span = planted(text)[finding.start : finding.end]
    assert span in text
    assert len(span) > 0.8 * len(text)


@pytest.mark.parametrize("kind", ["one word", "10 % of words", "interleaved"])
@pytest.mark.parametrize("seed", range(3))
def test_an_edited_item_is_near(kind: str, seed: int) -> None:
    assert only(planted(EDITED[kind](FERRY.question, random.Random(seed)))).verdict == "near"


@pytest.mark.parametrize("kind", ["first half", "second half"])
def test_half_an_item_is_partial(kind: str) -> None:
    finding = only(planted(EDITED[kind](FERRY.question, random.Random(1))))
    assert finding.verdict == "partial"
    assert 0.3 < finding.score < 0.7


@pytest.mark.parametrize("seed", range(5))
def test_the_same_words_with_other_numbers_are_a_template(seed: int) -> None:
    finding = only(planted(NO_LEAK["numbers changed"](FERRY.question, random.Random(seed))))
    assert finding.verdict == "template"
    assert finding.measures is not None
    assert finding.measures.changed == 4


def test_a_number_in_letters_is_a_number() -> None:
    item = ScanItem(
        item_id="x",
        question="Seven gardeners dig a trench of nine metres in a day. How long is it after four days?",
    )
    (finding,) = findings(
        item.question.replace("Seven", "Three").replace("nine", "eight"), index=build_index([item])
    )
    assert finding.verdict == "template"


def test_shuffled_words_are_nothing() -> None:
    assert findings(planted(NO_LEAK["shuffled"](BAKER.question, random.Random(3)))) == []


def test_prose_holds_nothing() -> None:
    assert findings(*PROSE, "", "?!", " ".join(PROSE)) == []


def test_of_two_siblings_only_the_right_one_is_found() -> None:
    sibling = msgspec.structs.replace(
        FERRY, item_id="twin", question=FERRY.question.replace("45", "50").replace("20", "24")
    )
    index = build_index([FERRY, sibling])
    assert [f.item_id for f in findings(planted(FERRY.question), index=index)] == ["ferry"]
    assert [f.item_id for f in findings(planted(sibling.question), index=index)] == ["twin"]


def test_two_items_with_one_text_are_both_found() -> None:
    index = build_index([FERRY, msgspec.structs.replace(FERRY, item_id="copy")])
    assert sorted(f.item_id for f in findings(planted(FERRY.question), index=index)) == ["copy", "ferry"]


@pytest.mark.parametrize(
    ("text", "side"),
    [
        (FERRY.question, "question"),
        (f"{FERRY.question}\nAnswer: 40", "question+answer"),
        (f"{BAKER.question} {BAKER.answer}", "question+answer"),
        (BAKER.answer or "", "answer"),
        (LENS.question + "\n" + "\n".join(LENS.choices), "question+answer"),
    ],
)
def test_the_side_that_leaked_is_named(text: str, side: str) -> None:
    assert only(planted(text)).side == side


def test_the_diff_shows_both_texts_word_by_word() -> None:
    finding = only(FERRY.question.replace("lake", "wide bay"))
    signs = {sign: words for sign, words in finding.diff if sign != "="}
    assert signs == {"-": "lake", "+": "wide bay"}
    assert " ".join(words for sign, words in finding.diff if sign != "+").startswith(
        "a ferry crosses a lake in 45"
    )


@pytest.mark.parametrize("prefix", ["", "ünïcödé 数学 \U0001f600 ", "\x00\x00 "])
def test_offsets_are_characters_of_the_documents_own_text(prefix: str) -> None:
    text = f"{prefix}Copied: {BAKER.question} — ende"
    finding = only(text)
    assert text[finding.start : finding.end] == BAKER.question.rstrip("?")
    assert text.encode()[finding.byte_start : finding.byte_end].decode() == BAKER.question.rstrip("?")
    assert BAKER.question[finding.item_start : finding.item_end] == BAKER.question.rstrip("?")
    assert finding.excerpt == text[finding.start : finding.end]
    for _, start, end, _ in finding.blocks:
        assert text[start:end] in BAKER.question


def test_a_leak_is_found_far_inside_a_long_document() -> None:
    text = " ".join(PROSE) * 2500 + planted(LENS.question) + " ".join(PROSE) * 2500
    assert len(text) > 1_500_000
    finding = only(text)
    assert text[finding.start : finding.end] == LENS.question.rstrip("?")


def test_a_leak_across_the_edge_of_a_stretch_is_found_once() -> None:
    for shift in range(0, 300, 60):
        text = "x " * ((1 << 17) - shift) + FERRY.question + " y" * 200_000
        assert only(text).verdict == "exact"


def test_a_document_that_repeats_a_seed_without_end_does_not_stall() -> None:
    text = " ".join(FERRY.question.split()[:9] + ["zzz"] * 90) * 3000
    result = scan(pa.record_batch({"text": [text]}), INDEX)
    assert result.counts.crowded > 0


DOCUMENTS = [
    planted(EDITED["10 % of words"](FERRY.question, random.Random(4))),
    *PROSE,
    planted(BAKER.question.upper()),
    planted(EDITED["first half"](LENS.question, random.Random(1))),
    "",
    LENS.question,
    f"{FERRY.question} {PROSE[2]} {BAKER.question}",
    NO_LEAK["numbers changed"](BAKER.question, random.Random(2)),
] * 3


def whole(documents: list[str], cuts: list[int]) -> tuple[list[bytes], Counts]:
    total = empty_scan(INDEX)
    edges = sorted({0, len(documents), *(cut for cut in cuts if cut < len(documents))})
    for low, high in pairwise(edges):
        names = [f"d{row}" for row in range(low, high)]
        found = scan(pa.record_batch({"text": documents[low:high], "id": names}), INDEX, id_field="id")
        found.findings = [msgspec.structs.replace(f, record=low + f.record) for f in found.findings]
        total.add(found)
    return sorted(map(msgspec.json.encode, total.findings)), total.counts


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, len(DOCUMENTS) - 1), max_size=8))
def test_any_split_gives_the_same_findings_and_counts(cuts: list[int]) -> None:
    wanted, counts = whole(DOCUMENTS, [])
    found, sums = whole(DOCUMENTS, cuts)
    assert found == wanted
    assert (sums.documents, sums.bytes, sums.empty) == (counts.documents, counts.bytes, counts.empty)
    assert np.array_equal(sums.seeds, counts.seeds)


@pytest.mark.skipif(not has_compiler(), reason="without numba there is only the plain loop")
def test_the_plain_loop_finds_what_the_compiled_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own: whether numba is there is decided when the modules are imported."""
    script = (
        "import importlib.util, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name == 'numba' else find(name, *a)\n"
        "from tests.contamination.test_scan import DOCUMENTS, INDEX, whole\n"
        "from phi4eval.contamination.compiled import has_compiler\n"
        "assert not has_compiler() and 'numba' not in sys.modules\n"
        "found, counts = whole(DOCUMENTS, [])\n"
        "sys.stdout.buffer.write(b'\\n'.join(found) + b'\\n' + str(counts.seeds.tolist()).encode())\n"
        "sys.stdout.buffer.write(INDEX.digest.encode())\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, check=False)
    found, counts = whole(DOCUMENTS, [])
    wanted = b"\n".join(found) + b"\n" + str(counts.seeds.tolist()).encode() + INDEX.digest.encode()
    assert done.stdout == wanted, done.stderr.decode()


def test_columns_are_asked_for_by_name() -> None:
    batch = pa.record_batch({"body": [FERRY.question, None], "key": [7, 8]})
    (finding,) = scan(batch, INDEX, text_field="body", id_field="key").findings
    assert finding.doc_id == "7"
    with pytest.raises(DataError, match='no column "text"'):
        scan(batch, INDEX)
    with pytest.raises(DataError, match="holds int64, not text"):
        scan(batch, INDEX, text_field="key")


def test_a_slice_and_a_large_string_column_are_read_alike() -> None:
    column = pa.array([*PROSE, planted(FERRY.question)])
    for each in (column, column.cast(pa.large_string()), column.dictionary_encode()):
        batch = pa.record_batch({"text": each}).slice(2)
        (finding,) = scan(batch, INDEX).findings
        assert (finding.record, finding.start) == (1, len(PROSE[0]) + 2)


def test_an_index_is_named_by_its_content() -> None:
    assert build_index(ITEMS).digest == INDEX.digest
    assert build_index(ITEMS[:2]).digest != INDEX.digest
    with pytest.raises(UsageError, match="there twice"):
        build_index([FERRY, FERRY])
    with pytest.raises(UsageError, match="no item"):
        build_index([])
    with pytest.raises(UsageError, match="no n-grams"):
        scan(pa.record_batch({"text": ["a"]}), INDEX, rules=("phi4",))


DRAWN = ScanItem(
    item_id="drawn",
    question="What is the area of the shaded kite, when the two poles stand at its ends? [asy]\n"
    "draw((0,0)--(3,4)--(7,1)--cycle,linewidth(2)); label('$A$',(0,0),SW); dot((3,4)); fill((1,1)--(2,2));"
    " draw((0,1)--(9,4)--(5,5)--cycle,dashed); label('$B$',(3,4),N);\n[/asy]",
)


def test_an_item_without_its_drawing_is_a_part_of_it() -> None:
    index = build_index([DRAWN])
    (whole,) = findings(planted(DRAWN.question), index=index)
    (words,) = findings(planted(DRAWN.question.partition("[asy]")[0]), index=index)
    assert (whole.verdict, words.verdict) == ("exact", "partial")
    assert DRAWN.question[words.item_start : words.item_end].endswith("at its ends")


def test_a_drawing_with_other_numbers_is_not_the_item() -> None:
    text = planted(NO_LEAK["numbers changed"](DRAWN.question, random.Random(1)))
    assert {f.verdict for f in findings(text, index=build_index([DRAWN]))} <= {"template", "partial"}


def test_a_short_item_inside_a_part_of_another_does_not_hide_it() -> None:
    phrase = ScanItem(item_id="phrase", question="How many minutes does the crossing take at 20 knots?")
    text = planted(EDITED["second half"](FERRY.question, random.Random(1)) + " Answer in whole minutes.")
    found = {f.item_id: f.verdict for f in findings(text, index=build_index([FERRY, phrase]))}
    assert found["ferry"] == "partial"
