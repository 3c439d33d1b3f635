"""Two spellings of the same words have the same tokens, and every token knows where it stands."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.contamination import kernel
from phi4eval.contamination.bulk import arrays_of, words_of
from phi4eval.contamination.compiled import has_compiler
from phi4eval.contamination.grams import word_spans
from phi4eval.contamination.tokens import NUMBER, tokenize

PIECES = st.sampled_from(
    [
        *"aB7'’ .$<>&\\;#/=\"-\n\t\u200b\u00ad\u0301é½ßĐ한数ガ㌔ﷺ\x00",
        "<b>",
        "</p>",
        "<a href=x>",
        "&amp;",
        "&#39;",
        "&rsquo;",
        "&#x27;",
        "\\left",
        "\\dfrac",
        "\\frac",
        "ﬁ",
        "ŉ",
        "Ｆ",
        "\U0001d465",
        "\U000e0041",
        "\U0001f600",
        "１２",
    ]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=30).map("".join), st.text(max_size=40).filter(lambda t: t.isprintable())
)

SAME = [
    ("upper case", "Find the Value", "FIND THE VALUE"),
    ("punctuation", "one, two; three.", "one two -- three!"),
    ("white space", "one two", "one\u00a0 \n\ttwo"),
    ("curly apostrophe", "don't", "don’t"),
    ("apostrophe dropped", "the boat's sail", "the boats sail"),
    ("escaped apostrophe", "the boat's sail", "the boat&#x27;s sail"),
    ("entities", "a < b & c", "a &lt; b &amp; c"),
    ("tags", "very cold water", 'very <b>cold</b> <span class="x">water</span><br/>'),
    ("full width", "Find 12", "Ｆｉｎｄ １２"),
    ("ligatures", "final flow", "ﬁnal ﬂow"),
    ("accents", "café naïve", "cafe naive"),
    ("combining accents", "café", "cafe\u0301"),
    ("zero width", "solve this", "so\u200blve th\u00adis"),
    ("mathematical alphabet", "x and y", "𝑥 and 𝐲"),
    ("superscript", "x^2", "x²"),
    ("vulgar fraction", "1/2", "½"),
    ("other digits", "12", "١٢"),
    ("LaTeX sizes", r"(\frac{1}{2})", r"\left( \dfrac{1}{2} \right)"),
    ("LaTeX spacing", "$a=b$", r"\(a \; = \quad b\)"),
    ("LaTeX fonts", "5 kg", r"5\text{ kg}"),
    ("markdown", "very cold water", "**very** _cold_ `water`"),
    ("letters and digits", "2x", "2 x"),
]


@pytest.mark.parametrize(("what", "one", "other"), SAME, ids=[row[0] for row in SAME])
def test_these_spellings_are_the_same_words(what: str, one: str, other: str) -> None:
    assert [t.text for t in tokenize(one)] == [t.text for t in tokenize(other)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a<b and c>d", "a b and c d"),
        ("数学 1.8kg", "数 学 1 8 kg"),
        (r"\alpha+\leftarrow", "alpha leftarrow"),
        ("R&D; AT&T", "r d at t"),
        ("'quoted' f'(x)", "quoted f x"),
        ("", ""),
        ("\x00\ufffd", ""),
    ],
)
def test_tokens_of(text: str, words: str) -> None:
    assert " ".join(t.text for t in tokenize(text)) == words


@given(TEXTS)
def test_a_token_stands_where_it_says(text: str) -> None:
    data = text.encode()
    before = 0
    for token in tokenize(text):
        assert before <= token.start < token.end <= len(data)
        own = data[token.start : token.end].decode()
        assert token.text in {t.text for t in tokenize(own)} | {t.text for t in tokenize("\\" + own)}
        before = token.start


@pytest.mark.skipif(not has_compiler(), reason="without numba there is no kernel to compare")
@pytest.mark.parametrize("rule", ["align", "words"])
@given(text=TEXTS)
def test_the_kernel_gives_what_the_reference_gives(rule: Literal["align", "words"], text: str) -> None:
    data = np.frombuffer(text.encode() + b" ", np.uint8)
    room = 2 * len(data) + 2
    out = (
        np.zeros(room, np.uint64),
        np.zeros(room, np.int32),
        np.zeros(room, np.int32),
        np.zeros(room, np.uint8),
    )
    count = kernel.read_tokens(data, 0, len(data) - 1, arrays_of(rule), out)
    wanted = tokenize(text, rule)
    assert out[0][:count].tolist() == [t.hash for t in wanted]
    assert list(zip(out[1][:count].tolist(), out[2][:count].tolist(), strict=True)) == [
        (t.start, t.end) for t in wanted
    ]
    if rule == "align":
        assert out[3][:count].tolist() == [int(t.kind == NUMBER) for t in wanted]


@given(st.text(st.characters(exclude_characters="İ", exclude_categories=["Cs"]), max_size=40))
def test_the_published_rules_split_as_the_report_does(text: str) -> None:
    ours = [text.encode()[start:end].decode().lower() for _, start, end in word_spans(text)]
    assert ours == [w.lower() for w in re.split(r"\W+", text)]


@given(TEXTS)
def test_the_words_of_a_text_are_the_reference_s(text: str) -> None:
    assert words_of(text.encode("utf-8", "replace")) == [token.text for token in tokenize(text)]


@pytest.mark.parametrize(
    "text",
    [r"\dfrac\Frac\alphabetical", r"\\frac \5 \tbinom", " ,. ", "", r"\left\textbf", "_a_ é ´", "’é ’１２"],
)
def test_commands_and_bare_marks_are_spelled_as_the_reference_spells_them(text: str) -> None:
    assert words_of(text.encode()) == [token.text for token in tokenize(text)]
