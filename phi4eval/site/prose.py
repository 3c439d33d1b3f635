"""How does a text with formulas read on a page? MathML, the rest escaped, the extracted span marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from markupsafe import Markup, escape

from phi4eval.site.mathml import LONGEST, mathml
from phi4eval.site.names import visible

# $$..$$, \[..\], \(..\), environments, and $..$ as pandoc reads it: no blank beside the signs on the inside,
# no digit after, so that "$5 and $6" stays money. Bounded, so that many signs take no longer than others.
_FORMULA = re.compile(
    rf"(?<!\\)\$\$(?P<a>(?:[^$\\]|\\.){{1,{LONGEST}}}?)\$\$"
    rf"|\\\[(?P<b>.{{1,{LONGEST}}}?)\\\]"
    rf"|\\\((?P<c>.{{1,{LONGEST}}}?)\\\)"
    rf"|(?P<d>\\begin\{{(?P<name>(?:align|equation|gather|eqnarray|multline)\*?)\}}.{{1,{LONGEST}}}?\\end\{{(?P=name)\}})"
    rf"|(?<![\\$])\$(?!\s)(?P<e>(?:[^$\\\n]|\\.|\n(?!\s*\n)){{1,{LONGEST}}}?)(?<!\s)\$(?![\d$])",
    re.DOTALL,
)


class Piece(NamedTuple):
    """A part of a text: [start, end), and its LaTeX where it is a formula."""

    start: int
    end: int
    latex: str | None
    block: bool


def pieces(text: str) -> Iterator[Piece]:
    """Texts and formulas in turn, covering the whole text."""
    at = 0
    for found in _FORMULA.finditer(text):
        if found.start() > at:
            yield Piece(at, found.start(), None, False)
        kind = "abcde"[[found[name] is not None for name in "abcde"].index(True)]
        yield Piece(found.start(), found.end(), found[kind], kind in "abd")
        at = found.end()
    if at < len(text):
        yield Piece(at, len(text), None, False)


def prose(text: str, *, span: tuple[int, int] | None = None, math: bool = True) -> Markup:
    """Markup of a foreign text for an element that keeps white space; `span` is marked.

    Where the span's edge lies inside a formula the whole formula is marked. math: False shows formulas as
    source.
    """
    text = text.replace("\r\n", "\n") if span is None else text
    parts: list[str] = []
    for piece in pieces(text) if math else (Piece(0, len(text), None, False),):
        made = None if piece.latex is None else mathml(piece.latex, block=piece.block)
        if made is None:
            parts.append(_plain(text, piece, span))
        elif span is not None and span[0] < piece.end and piece.start < span[1]:
            parts.append(f"<mark>{made}</mark>")
        else:
            parts.append(made)
    return Markup("".join(parts))


def _plain(text: str, piece: Piece, span: tuple[int, int] | None) -> str:
    def shown(start: int, end: int) -> str:
        return str(escape(visible(text[start:end])))

    if span is None or span[1] <= piece.start or piece.end <= span[0] or span[0] >= span[1]:
        return shown(piece.start, piece.end)
    low, high = max(span[0], piece.start), min(span[1], piece.end)
    return f"{shown(piece.start, low)}<mark>{shown(low, high)}</mark>{shown(high, piece.end)}"
