"""Does a match stand by itself in the document, as one end of the item?

Who copies half of an item copies from its first word or to its last, and the copy is a sentence, a line or a
cell of its own. A phrase that an item merely shares with other texts stands inside of sentences that go on
otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Block = tuple[int, int, int, int]
"""Word of the item, byte start, byte end, words."""

Read = Callable[[int, int], bytes]

_REACH = 24
"""Bytes beside a match in which the next word is looked for; where there is none, a line ends."""

_WORD = re.compile(r"[^\W_]")
_BREAK = re.compile(r'[.!?:;\n\r"|>“”„«»•…。！？：；]|</')


def has_edge(text: Read, blocks: Sequence[Block], length: int) -> bool:
    """Whether a match begins with the item's first word at a break of the document, or ends with its last at
    one.

    text: the document's bytes [low, high), cut at its end. blocks: matched runs. length: the item's words.
    """
    (first, start, _, _), (last, _, end, words) = blocks[0], blocks[-1]
    return (first == 0 and _begins(text, start)) or (last + words == length and _ends(text, end))


def stands_alone(text: Read, blocks: Sequence[Block], length: int) -> bool:
    """Whether the longest matched run holds the item's first word or its last, and begins and ends at breaks
    of the document.
    """
    first, start, end, words = max(blocks, key=lambda block: block[3])
    return (first == 0 or first + words == length) and _begins(text, start) and _ends(text, end)


def _begins(text: Read, at: int) -> bool:
    return _breaks(text(max(0, at - _REACH), at).decode("utf-8", "ignore")[::-1])


def _ends(text: Read, at: int) -> bool:
    return _breaks(text(at, at + _REACH).decode("utf-8", "ignore"))


def _breaks(beside: str) -> bool:
    """Whether a break lies before the first word of what stands beside a match, read away from it."""
    word = _WORD.search(beside)
    return word is None or _BREAK.search(beside, 0, word.start()) is not None
