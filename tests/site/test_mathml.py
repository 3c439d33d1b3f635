"""Formulas become MathML of known elements and attributes only; everything else is shown as source."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.site.mathml import _ATTRIBUTES, _ELEMENTS, LONGEST, mathml
from phi4eval.site.prose import pieces, prose

RENDERED = [
    ("x", "<mi>x</mi>"),
    (r"\frac{1}{2}", "<mfrac>"),
    (r"\dfrac ab", "<mfrac>"),
    (r"\sqrt[3]{x}", "<mroot>"),
    (r"x_1^2", "<msubsup>"),
    (r"\boxed{42}", 'class="box"'),
    (r"\mathbb{R}", "ℝ"),
    (r"\mathbb{Q}", "ℚ"),
    (r"\mathbf{v}", "𝐯"),
    (r"\mathcal{L}", "ℒ"),
    (r"\text{if } x < 3", "&lt;"),
    (r"\alpha \le \beta", "≤"),
    (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", "<mtable>"),
    (r"\begin{align*} a &= b \\ c &= d \end{align*}", "<mtr>"),
    (r"\begin{cases} 1 & x>0 \\ 0 & x\le 0\end{cases}", "<mtable>"),
    (r"\left( \frac{a}{b} \right)", "<mfrac>"),
    (r"\sum_{n=1}^{\infty} \frac{1}{n^2}", "∞"),
    (r"\overline{AB}", "<mover>"),
    (r"90^\circ", "∘"),
    (r"5\%", "%"),
    (r"\cancel{x}", "<m"),
]


@pytest.mark.parametrize(("latex", "part"), RENDERED)
def test_what_problems_are_written_with_is_rendered(latex: str, part: str) -> None:
    made = mathml(latex)
    assert made is not None
    assert part in made


SOURCE = [
    "",
    "   ",
    r"\unknowncommand{x}",
    r"\def\a{\b}\a",
    r"\newcommand{\a}{b}\a",
    r"\href{javascript:alert(1)}{x}",
    r"\url{x}",
    r"\includegraphics{x}",
    r"\style{color:red}{x}",
    r"\class{evil}{x}",
    r"\frac{1}",
    r"x^",
    r"{" * 200 + "x" + "}" * 200,
    "x" * (LONGEST + 1),
    r"\begin{nothing} x \end{nothing}",
]


@pytest.mark.parametrize("latex", SOURCE, ids=[text[:24] for text in SOURCE])
def test_what_cannot_be_rendered_is_left_as_source(latex: str) -> None:
    assert mathml(latex) is None


HOSTILE = [
    r"\text{</mtext></math><script>alert(1)</script>}",
    r"\text{<img src=x onerror=alert(1)>}",
    r"\mathrm{<script>}",
    r"\operatorname{<svg onload=alert(1)>}",
    r"\text{&#x3c;script&#x3e;alert(1)&#x3c;/script&#x3e;}",
    r"\text{&lt;script&gt;}",
    r"\color{red\" onclick=\"alert(1)}x",
    r"\textcolor{\"><script>}{x}",
    r"\colorbox{x' onload='y}{z}",
    r"\hspace{1em\" onclick=\"x}",
    r"\rule{1em}{2em\"><script>}",
    r"\unicode{x3c}script",
    r"\left<script\right>",
    r"x_{<b>}",
    r"\tag{<script>}x",
    r"\mbox{<a href=javascript:alert(1)>x</a>}",
    r"\href{javascript:alert(1)}{<script>}",
]


def checked(markup: str) -> None:
    """Well-formed, and of known elements and attributes only."""
    root = ElementTree.fromstring(markup)
    assert root.tag == "math"
    assert set(root.attrib) <= {"display"}
    for node in root.iter():
        assert node is root or node.tag in _ELEMENTS
        for name, value in node.attrib.items():
            if name == "class":
                assert value in ("box", "cut", "l", "r")
            elif name == "mathvariant":
                assert value == "normal"
            elif node is not root:
                assert _ATTRIBUTES[name].fullmatch(value)


@pytest.mark.parametrize("latex", HOSTILE)
def test_no_formula_brings_markup_of_its_own(latex: str) -> None:
    made = mathml(latex)
    if made is not None:
        checked(made)
    shown = str(prose(f"${latex}$"))
    assert "<script" not in shown
    assert re.search(r"<[^>]*\son\w+=", shown) is None
    assert "<img" not in shown


FRAGMENTS = st.sampled_from(
    [
        *"abcxyz0123456789+-=<>&\"'{}[]()^_|,.;:!~ \\$%#",
        "\\frac", "\\sqrt", "\\text{", "\\left(", "\\right)", "\\begin{array}{ll}", "\\end{array}", "\\\\",
        "\\mathbb{", "\\color{", "</math>", "<script>", "&#x3c;", "\\boxed{", "\\overset", "\\limits", "\x00",
        "\\sum", "\\operatorname{", "\\mathbf", "\\hspace{", "\\tag{", "\\not", "\\substack{", "\\mbox{$",
        "\u202e",
    ]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=40).map("".join))
def test_any_text_gives_known_markup_or_none(latex: str) -> None:
    made = mathml(latex)
    if made is not None:
        checked(made)
        assert "\u202e" not in made


@given(st.lists(FRAGMENTS, max_size=60).map("".join), st.integers(0, 80), st.integers(0, 80))
def test_prose_with_any_span_is_escaped(text: str, start: int, end: int) -> None:
    shown = str(prose(text, span=(start, end)))
    assert "<script" not in shown
    assert shown.count("<mark>") == shown.count("</mark>")


@given(st.lists(FRAGMENTS, max_size=60).map("".join))
def test_pieces_cover_a_text_without_gap(text: str) -> None:
    at = 0
    for piece in pieces(text):
        assert piece.start == at
        assert piece.end > piece.start
        at = piece.end
    assert at == len(text)


FOUND = [
    ("costs $5 and $6", []),
    ("costs $5, then $x$", ["x"]),
    (r"pay \$5 for $n$", ["n"]),
    (r"\(a\) and \[b\]", ["a", "b"]),
    ("$$c$$", ["c"]),
    ("$ x $", []),
    ("$a$b$", ["a"]),
    ("$x\n\ny$", []),
    (r"\begin{align*}a&=b\end{align*}", [r"\begin{align*}a&=b\end{align*}"]),
    ("no math", []),
]


@pytest.mark.parametrize(("text", "formulas"), FOUND)
def test_dollars_are_money_or_formulas(text: str, formulas: list[str]) -> None:
    assert [piece.latex for piece in pieces(text) if piece.latex is not None] == formulas


def test_a_span_inside_a_formula_marks_the_whole_formula() -> None:
    shown = str(prose(r"so $\boxed{42}$.", span=(11, 13)))
    assert shown.startswith("so <mark><math>")
    assert shown.endswith("</math></mark>.")


def test_many_signs_take_no_longer_than_others() -> None:
    text = r"\[" * 20_000 + "$" * 20_000 + r"\begin{align}" * 2_000
    assert prose(text)
