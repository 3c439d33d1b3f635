r"""How does a LaTeX formula become MathML that a browser shows and that can do nothing else?

latex2mathml builds an element tree; its own serialisation un-escapes text, so that `\text{</math><script>}`
would be live markup. Here the tree is walked instead: only elements and attributes of MathML Core come out,
with values of known forms, and every string is escaped. What cannot be rendered faithfully is None, and the
caller shows the source.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LONGEST = 2_000
"""Characters of a formula; longer ones are shown as source."""
_DEEPEST = 60
_MOST = 3_000

_TEXTS = frozenset({"mi", "mn", "mo", "ms", "mtext"})
_ARITY = {
    "mfrac": 2,
    "mroot": 2,
    "msub": 2,
    "msup": 2,
    "munder": 2,
    "mover": 2,
    "msubsup": 3,
    "munderover": 3,
}
_ELEMENTS = _TEXTS | {
    "mrow", "mspace", "msqrt", "mstyle", "mpadded", "mphantom", "mtable", "mtr", "mtd", *_ARITY,
}  # fmt: skip
_TRUTH = re.compile(r"true|false")
_LENGTH = re.compile(r"[+-]?\d{0,3}(\.\d{1,4})?(em|ex|px|pt|cm|mm|in|%)?")
_ATTRIBUTES = {
    "displaystyle": _TRUTH,
    "scriptlevel": re.compile(r"[+-]?\d"),
    "form": re.compile(r"prefix|infix|postfix"),
    **dict.fromkeys(
        ("stretchy", "fence", "separator", "symmetric", "largeop", "movablelimits", "accent", "accentunder"),
        _TRUTH,
    ),
    **dict.fromkeys(
        ("lspace", "rspace", "minsize", "maxsize", "width", "height", "depth", "voffset", "linethickness"),
        _LENGTH,
    ),
}
# definitions could multiply themselves without end; the others would be drawn wrongly or reach outside
_REFUSED = re.compile(
    r"\\(def|gdef|edef|xdef|let|newcommand|renewcommand|providecommand|newenvironment|require|href|url|includegraphics"
    r"|rule|label|ref|hspace|vspace|kern|raise|lower|unicode|style|class|cssId)(?![a-zA-Z])"
)
_ENVIRONMENT = re.compile(r"\\begin\s*\{([^}]*)\}")
_ENVIRONMENTS = {
    "array", "matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "cases", "align",
    "align*", "split",
}  # fmt: skip
_REFERENCE = re.compile(r"&#x([0-9A-Fa-f]{1,6});")
_ALIGNED = {"left": "l", "right": "r"}
_BORDERS = {"box": "box", "updiagonalstrike": "cut", "downdiagonalstrike": "cut", "horizontalstrike": "cut"}
_ALPHABETS = {
    "bold": "MATHEMATICAL BOLD",
    "italic": "MATHEMATICAL ITALIC",
    "bold-italic": "MATHEMATICAL BOLD ITALIC",
    "double-struck": "MATHEMATICAL DOUBLE-STRUCK",
    "script": "MATHEMATICAL SCRIPT",
    "bold-script": "MATHEMATICAL BOLD SCRIPT",
    "fraktur": "MATHEMATICAL FRAKTUR",
    "bold-fraktur": "MATHEMATICAL BOLD FRAKTUR",
    "sans-serif": "MATHEMATICAL SANS-SERIF",
    "bold-sans-serif": "MATHEMATICAL SANS-SERIF BOLD",
    "monospace": "MATHEMATICAL MONOSPACE",
}
# letters that had a place in Unicode before the alphabets came
_OLDER = {"DOUBLE-STRUCK": "DOUBLE-STRUCK", "SCRIPT": "SCRIPT", "FRAKTUR": "BLACK-LETTER", "ITALIC": "PLANCK"}


class _NotCore(Exception):
    """The tree holds something that MathML Core has no element for, or that was not understood."""


@lru_cache(maxsize=20_000)
def mathml(latex: str, *, block: bool = False) -> str | None:
    """The formula as MathML markup, None where it is to be shown as source."""
    if not latex.strip() or len(latex) > LONGEST or _REFUSED.search(latex):
        return None
    from latex2mathml.converter import convert_to_element

    latex = _prepared(latex)
    if not _ENVIRONMENTS.issuperset(_ENVIRONMENT.findall(latex)):
        return None
    try:
        root = convert_to_element(latex)
        parts: list[str] = []
        for child in root:
            _write(child, parts, 0)
    except Exception:  # whatever the converter trips over, the source is shown
        return None
    display = ' display="block"' if block else ""
    return f"<math{display}>{''.join(parts)}</math>"


def _prepared(latex: str) -> str:
    """Spellings that the converter does not know, in ones that it does."""
    latex = re.sub(r"\\(displaystyle|textstyle|limits|nolimits|allowbreak|nobreak)(?![a-zA-Z])", " ", latex)
    latex = re.sub(r"\\begin\{(eqnarray|gather|multline|flalign|alignat)(\*?)\}", r"\\begin{align*}", latex)
    latex = re.sub(r"\\end\{(eqnarray|gather|multline|flalign|alignat)(\*?)\}", r"\\end{align*}", latex)
    return re.sub(r"\\(begin|end)\{(align|aligned)\}", r"\\\1{align*}", latex)


def _write(node: Element, parts: list[str], depth: int) -> None:
    tag = str(node.tag)
    if depth > _DEEPEST or len(parts) > _MOST:
        raise _NotCore("too deep or too large")
    kind = ""
    if tag == "menclose":
        tag, kind = "mrow", _border(node)
    if tag not in _ELEMENTS or len(node) != _ARITY.get(tag, len(node)):
        raise _NotCore(tag)
    if tag == "mtd":
        kind = _ALIGNED.get(node.get("columnalign", ""), "")
    attributes = "".join(
        f' {name}="{html.escape(value)}"'
        for name, value in sorted(node.attrib.items())
        if name in _ATTRIBUTES and _ATTRIBUTES[name].fullmatch(value)
    )
    if tag == "mi" and node.get("mathvariant") == "normal":
        attributes += ' mathvariant="normal"'
    named = f' class="{kind}"' if kind else ""
    parts.append(f"<{tag}{attributes}{named}>")
    if tag in _TEXTS:
        if len(node):
            raise _NotCore(f"{tag} with elements inside")
        parts.append(html.escape(_text(node, tag)))
    else:
        if node.text and node.text.strip():
            parts.append(f"<mtext>{html.escape(_decoded(node.text))}</mtext>")
        for child in node:
            _write(child, parts, depth + 1)
    parts.append(f"</{tag}>")


def _border(node: Element) -> str:
    kinds = {_BORDERS.get(word) for word in node.get("notation", "box").split()}
    if len(kinds) != 1 or None in kinds:
        raise _NotCore("an enclosure that has no look here")
    return str(kinds.pop())


def _decoded(text: str) -> str:
    """The converter writes symbols as character references; anything else stays as it is."""

    def character(found: re.Match[str]) -> str:
        code = int(found[1], 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or (code < 0x20 and code != 0x09):
            raise _NotCore("no character")
        return chr(code)

    return _REFERENCE.sub(character, text)


def _text(node: Element, tag: str) -> str:
    from phi4eval.site.names import visible

    text = _decoded(node.text or "")
    if tag != "mtext" and text.startswith("\\") and len(text) > 1:
        raise _NotCore(f"unknown command {text}")
    variant = node.get("mathvariant", "")
    if variant in _ALPHABETS:
        text = "".join(_styled(char, variant) for char in text)
    return visible(text)


def _styled(char: str, variant: str) -> str:
    """A letter or digit of a mathematical alphabet: Core knows no mathvariant but normal."""
    name = unicodedata.name(char, "")
    words = name.replace("LATIN ", "").replace(" LETTER", "").replace("GREEK ", "")
    if not (name.startswith(("LATIN", "GREEK")) or char.isdigit()):
        return char
    try:
        return unicodedata.lookup(f"{_ALPHABETS[variant]} {words}")
    except KeyError:
        older = _OLDER.get(_ALPHABETS[variant].split()[-1])
    try:
        return unicodedata.lookup(f"{older} {words}") if older else char
    except KeyError:
        return char
