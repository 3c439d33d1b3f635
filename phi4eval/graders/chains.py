r"""What does a chain of equalities conclude with?

`2x + 1 = 4 + 1 = 5` concludes with 5, and of aligned rows the last one counts. Where the gold is itself an
equation or an inequality, the whole statement is the answer and nothing is taken off. All bounded.
"""

from __future__ import annotations

import re

from phi4eval.graders.normal import unwrapped
from phi4eval.graders.structure import split_top

CHAINED = frozenset(
    {"last_formula", "last_number", "last_asked", "whole_text", "result", "statement", "answer_line"}
)
"""Rules of `extract` and `unstated` that may take a whole chain."""
LONGEST = 4_000
"""A longer formula is not taken apart."""

_ALIGNED = re.compile(
    r"\\begin\s?\{(align(?:ed|at)?\*?|gather(?:ed)?\*?|split|eqnarray\*?|equation\*?|multline\*?)\}"
    r"(?:\[[a-z]\]|\{\d{1,2}\})?(.{1,4000}?)\\end\s?\{\1\}",
    re.DOTALL,
)
_INNER = re.compile(
    r"\\begin\s?\{([pbvBV]?(?:small)?matrix|array|cases)\}(?:(?!\\begin).){1,2000}?\\end\s?\{\1\}", re.DOTALL
)
"""A matrix in a row: its own rows and cells are no rows of the formula."""
_ROW = re.compile(r"\\\\(?:\s?\[[^\]]{0,20}\])?")
_TAG = re.compile(r"\\(?:tag|label|nonumber|notag|qquad|quad)(?![a-zA-Z])(?:\s?\{[^{}]{0,40}\})?")
_ASSIGNED = re.compile(r"\s*&?\s*\\?[a-zA-Z]{1,8}(?:_\{?\w\}?)?\s*&?\s*=\s*&?[^=]+")
_IMPLIED = re.compile(
    r"\\(?:Rightarrow|implies|Longrightarrow|iff|Leftrightarrow|Longleftrightarrow|longrightarrow|therefore)"
    r"(?![a-zA-Z])|[⇒⟹∴]"
)
_RELATION = re.compile(
    r"\\(?:le|ge|leq|geq|ne|neq|in|notin|subset(?:eq)?|equiv|approx)(?![a-zA-Z])|[<>=≤≥≠∈]|\bmod\b"
)
_NEARLY = re.compile(r"\\(?:approx|doteq|simeq)(?![a-zA-Z])|≈")
_CONGRUENT = re.compile(r"\\equiv(?![a-zA-Z])|≡")
_MODULUS = re.compile(r"\s*\\pmod\s?(?:\{[^{}]{0,30}\}|\d)\.?\s*$|\s*\(\\?(?:bmod|mod)[^()]{0,30}\)\.?\s*$")
_GROUPING = re.compile(r"(?<=\d)(?:,\\!|\{,\}|,)(?=\d{3}(?!\d))")
_SPACING = re.compile(r"(?<!\\)(?:\\[,;:](?!\d)|(?<!\d)\\!|\\ )")
_SEVERAL = re.compile(r"\b(?:and|or)\b|;|\\(?:land|lor|vee|wedge)(?![a-zA-Z])")
_NAME = re.compile(r"\\?[a-zA-Z]{1,8}(?:_\{?\w\}?)?'?")
_DECIMAL = re.compile(r"-?\d*\.\d+")
_FACTORIAL = re.compile(r"(?<=[\w)}])!=(?=\s?[-\d])")
"""`5!=120` is a factorial and no inequality."""
_INEQUAL = re.compile(r"[<>!:]=")


def concludes(text: str, gold: str, *, rounded: bool = False) -> str:
    """The part of an answer to compare with a gold: the last member of a chain, or the text as it is.

    rounded: the problem asks for a rounded value.
    """
    if len(text) > LONGEST:
        return text
    text = last_row(text)
    if _RELATION.search(gold):
        return text
    decimal = _DECIMAL.fullmatch(_GROUPING.sub("", gold).strip("\\$ ")) is not None
    return last_member(text, decimal=decimal or rounded)


def last_row(text: str) -> str:
    """Of aligned rows the last one that says something; rows of assignments (`x &= 1`) are a list."""
    found = _ALIGNED.search(text)
    if found is None:
        return text
    inside = _INNER.sub(lambda m: m[0].replace("\\\\", "\0").replace("&", "\1"), found[2])
    rows = [row for row in _ROW.split(inside) if re.search(r"\w", _TAG.sub("", row))]
    if not rows:
        return text
    if len(rows) > 1 and all(_ASSIGNED.fullmatch(row) for row in rows):
        return ", ".join(row.replace("&", "").strip(" .,\n") for row in rows)
    cells = [cell for cell in _TAG.sub(" ", rows[-1]).split("&") if not cell.strip().startswith("\\text")]
    return " ".join(cells).replace("\0", "\\\\").replace("\1", "&").strip()


def last_member(text: str, *, decimal: bool = False) -> str:
    r"""What stands behind the last `=` of a chain, outside of all brackets and lists.

    decimal: a rounded value behind `\approx` is what is asked for; otherwise the exact one in front of it.
    """
    inner = _FACTORIAL.sub("! =", _SPACING.sub(" ", _GROUPING.sub("", text.strip())))
    if "\\$" in inner and inner.startswith("$") and inner.endswith("$") and not inner.endswith("\\$"):
        inner = inner.strip("$")  # `$\$3 + \$4$`
    if _IMPLIED.search(inner):
        inner = _IMPLIED.split(inner)[-1].strip(" $[]\\\n")
    inner = _MODULUS.sub("", unwrapped(inner))
    if "=" not in inner and not _CONGRUENT.search(inner) and not _NEARLY.search(inner):
        return text
    if (
        _INEQUAL.search(inner)
        or _SEVERAL.search(inner)
        or inner.rstrip().endswith("=")
        or len(split_top(inner, ",")) > 1
    ):
        return text
    if not decimal:
        inner = _NEARLY.split(inner)[0]
    members = [part.strip("* ") for part in split_top(_NEARLY.sub("=", _CONGRUENT.sub("=", inner)), "=")]
    members = [part for part in members if part]
    if not members:
        return text
    if len(members) > 1 and _NAME.fullmatch(members[-1]) and re.search(r"\d", members[-2]):
        return members[-2]
    return members[-1]
