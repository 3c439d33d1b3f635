"""What does a person see of a finding? Excerpts and the word diff between an item and a document."""

from __future__ import annotations

from collections.abc import Sequence

from phi4eval.contamination.bulk import words_of

EXCERPT = 1200
"""Longest excerpt, in characters; the middle of a longer one is left out."""

_DIFF_WORDS = 700

Block = tuple[int, int, int, int]


def excerpt(text: str) -> str:
    """A text of at most EXCERPT characters, its middle replaced by an ellipsis where it is longer."""
    if len(text) <= EXCERPT:
        return text
    half = EXCERPT // 2
    return f"{text[:half]} […] {text[-half:]}"


def word_diff(item: Sequence[str], document: bytes, blocks: Sequence[Block]) -> tuple[tuple[str, str], ...]:
    """Item and document word by word along the matched blocks: `=` same, `-` item only, `+` document only.

    item: the unit's words. document: the document's UTF-8 (or the part from byte 0 that reaches past the last
    block). blocks: (word of the item, byte start, byte end, words).
    """
    parts: list[tuple[str, str]] = []
    at_item, at_byte = 0, blocks[0][1] if blocks else 0
    for first, start, end, words in blocks:
        _add(parts, "-", item[at_item:first])
        _add(parts, "+", words_of(document[at_byte:start])[:_DIFF_WORDS])
        _add(parts, "=", item[first : first + words])
        at_item, at_byte = first + words, end
    _add(parts, "-", item[at_item:])
    return tuple(parts)


def _add(parts: list[tuple[str, str]], sign: str, words: Sequence[str]) -> None:
    if words:
        parts.append((sign, " ".join(words)))
