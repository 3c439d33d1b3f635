"""What is an answer made of: one value, a list, a tuple, an interval, a union, a matrix?

Works on the canonical spelling of `normal.normalised`, by counting brackets in one pass; evaluates nothing.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

PARTS = 60
"""Most parts a list may have, and cells a matrix; a longer one is compared as text only."""
NESTING = 40
"""Deepest brackets that are taken apart."""

Kind = Literal["value", "list", "set", "bracket", "union", "matrix"]


class Structure(msgspec.Struct, frozen=True, kw_only=True):
    """An answer taken apart once.

    kind: value (parts = the text itself), list and set (unordered), bracket (tuple or interval: ordered, with
    its two brackets in `edges`), union (unordered), matrix (cells row by row, `edges` = rows and columns).
    """

    kind: Kind
    parts: tuple[str, ...]
    edges: str = ""


_MATRIX = re.compile(
    r"\\begin \{[pbvB]?(?:small)?(?:matrix|array) ?\}(?:\{[lcr"
    r"| ]*\})?(.*)\\end \{[pbvB]?(?:small)?(?:matrix|array) ?\}",
    re.DOTALL,
)
_SCALED = re.compile(
    r"([^&\\]{0,40}(?:\\frac\s?\{[^{}&]{1,40}\}\s?\{[^{}&]{1,40}\})?)\s*" + _MATRIX.pattern, re.DOTALL
)
_ANGLES = re.compile(r"<[^<>]+,[^<>]+>")
_OPENERS, _CLOSERS = "([{", ")]}"
_NO_SOLUTION = (
    "no solution",
    "no solutions",
    "no real solution",
    "no real solutions",
    "empty set",
    "the empty set",
    "no real roots",
    "none",
)
_AND = re.compile(r"[,;]?\s(?:and|or|und|oder|ou)\s|(?<=[)\]}\d])(?:and|or)(?=[(\[{\d\\-])")
_EMPTY = ("\\emptyset", "\\{\\}", "\\{ \\}", "\\phi")


def take_apart(text: str) -> Structure:
    """The outermost structure of a normalised answer."""
    text = text.strip()
    if "\\cr" in text and "\\begin" not in text:
        text = re.sub(r"\\cr(?![a-zA-Z])", " , ", text)
    if text in _EMPTY or text.lower() in _NO_SOLUTION:
        return Structure(kind="set", parts=())
    if match := _MATRIX.fullmatch(text.strip("()[] ") if text.startswith(("(\\begin", "[\\begin")) else text):
        return _matrix(match[1])
    if (match := _SCALED.fullmatch(text)) and "\\begin" not in match[1]:
        return _scaled(match[1].strip(), _matrix(match[2]))
    if text.startswith("[[") and text.endswith("]]") and len(text) < 2_000:
        rows = split_top(text[1:-1].strip(), ",")
        if all(row.startswith("[") and row.endswith("]") for row in rows):
            return _matrix("\\cr ".join(row[1:-1].replace(",", "&") for row in rows))
    if _ANGLES.fullmatch(text):
        return Structure(kind="bracket", parts=split_top(text[1:-1].strip(), ","), edges="()")
    if text.startswith("\\langle") and text.endswith("\\rangle") and text.count("\\langle") == 1:
        return Structure(kind="bracket", parts=split_top(text[7:-7].strip(), ","), edges="()")
    unions = split_top(text, r"\cup")
    if len(unions) > 1:
        return Structure(kind="union", parts=unions)
    parts = _list(text)
    if len(parts) > 1:
        return Structure(kind="list", parts=parts)
    return _bracketed(text)


def split_top(text: str, separator: str) -> tuple[str, ...]:
    """The text cut at a separator outside all brackets; one part if brackets do not match or go too deep."""
    if separator not in text:
        return (text,)
    parts: list[str] = []
    depth = start = position = 0
    while position < len(text):
        char = text[position]
        if char in _OPENERS:
            depth += 1
        elif char in _CLOSERS:
            depth -= 1
        elif depth == 0 and text.startswith(separator, position) and len(parts) < PARTS:
            parts.append(text[start:position].strip())
            position += len(separator)
            start = position
            continue
        if depth > NESTING or depth < 0:
            return (text,)
        position += 1
    if depth != 0 or len(parts) >= PARTS:
        return (text,)
    return (*parts, text[start:].strip())


def _list(text: str) -> tuple[str, ...]:
    joined = _AND.sub(" , ", text)
    joined = re.sub(r"(?<=\S)\s*;\s*(?=\S)", " , ", joined) if not text.startswith(("(", "[")) else joined
    parts = split_top(joined, ",")
    return tuple(part for part in parts if part) if all(len(part) < 400 for part in parts) else (text,)


def _bracketed(text: str) -> Structure:
    whole = Structure(kind="value", parts=(text,))
    if text.startswith("\\{") and text.endswith("\\}"):
        return Structure(kind="set", parts=split_top(text[2:-2].strip(), ","))
    if len(text) < 3 or text[0] not in "([{" or text[-1] not in ")]}" or not _one_pair(text):
        return whole
    inner = text[1:-1].strip()
    parts = split_top(inner, ",")
    if len(parts) == 1 and text[0] == "(":
        parts = split_top(inner, ";")
    if text[0] == "{":
        return Structure(kind="set", parts=parts) if text[-1] == "}" and len(parts) > 1 else whole
    if len(parts) == 1:
        return whole
    return Structure(kind="bracket", parts=parts, edges=text[0] + text[-1])


def _one_pair(text: str) -> bool:
    """The first bracket closes with the last character: `(a, b)`, not `(a) + (b)`."""
    depth = 0
    for position, char in enumerate(text):
        if char in _OPENERS:
            depth += 1
        elif char in _CLOSERS:
            depth -= 1
            if depth == 0:
                return position == len(text) - 1
    return False


def split_rows(body: str) -> list[str]:
    """The rows of a normalised matrix body."""
    return re.split(r"\\cr(?![a-zA-Z])", body)


def _matrix(body: str) -> Structure:
    rows = [row.strip() for row in split_rows(body) if row.strip()]
    cells = [tuple(cell.strip() for cell in row.split("&")) for row in rows]
    flat = tuple(cell for row in cells for cell in row)
    if not rows or len(flat) > PARTS or len({len(row) for row in cells}) != 1:
        return Structure(kind="value", parts=(body,))
    return Structure(kind="matrix", parts=flat, edges=f"{len(cells)}x{len(cells[0])}")


def _scaled(factor: str, matrix: Structure) -> Structure:
    """A matrix with a factor in front as the matrix of the products."""
    if matrix.kind != "matrix" or not factor or factor[-1] in "+-=^_":
        return matrix if not factor else Structure(kind="value", parts=(factor + matrix.parts[0],))
    return Structure(
        kind="matrix", parts=tuple(f"{factor} ({cell})" for cell in matrix.parts), edges=matrix.edges
    )
