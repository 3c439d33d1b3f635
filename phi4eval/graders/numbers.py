"""Which exact number does a short text write down?

Everything here is exact (fractions.Fraction) and bounded: no float, no evaluation of expressions. None means
"not plainly one number", never "zero".
"""

from __future__ import annotations

import re
from fractions import Fraction

DIGITS = 400
"""Digits a number may have; longer ones are compared as text."""
EXPONENT = 400
"""Largest power of ten of scientific notation."""

_MINUS = str.maketrans({"−": "-", "–": "-", "—": "-", "﹣": "-", "－": "-", "＋": "+", "，": ",", "．": "."})
_SPACES = re.compile(r"\\[,;:! ]|[\u00a0\u2009\u202f\u2007~]|\\thinspace|\{,\}|\\enspace")
_INTEGER = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+)")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?|[+-]?\d{1,3}(?: \d{3})+(?:\.\d*)?")
_FRACTION = re.compile(r"([+-]?)\\[dtc]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")
_SLASH = re.compile(r"([^/]+)/([^/]+)")
_MIXED = re.compile(r"([+-]?)(\d+)(?:\s+and)?\s*(\\[dtc]?frac.*|\s\d+\s*/\s*\d+)")
_POWER = re.compile(
    r"(?:([+-]?[\d.]+)\s*(?:\\times|\\cdot|×|·|\*|x)\s*|([+-]?))10\s*\^\s*(?:\{\s*([+-]?\d+)\s*\}|([+-]?\d+))"
)
_E = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))[eE]([+-]?\d+)")
_REPEATING = re.compile(
    r"([+-]?)(\d*)\.(\d*)(?:\\(?:overline|bar)\s*\{?|\\dot\s*\{?(?=\d\}?$)|\((?=\d+\)$))(\d+)[})]?"
)
_DOTS = re.compile(r"([+-]?)(\d*)\.(\d{0,20}?)(\d{1,6}?)\4{1,40}(?:\.{3}|…)")
_UNDERSCORED = re.compile(r"[+-]?\d{1,3}(?:_\d{3}){2,}")


def parse_number(text: str) -> Fraction | None:
    """The one exact number that the text is, in any usual spelling, else None.

    Knows signs, unicode minus, thousands (1,234 1{,}234 1\\,234), decimals, 3/4, \\frac34, mixed numbers
    (1 1/2, 1\\frac{1}{2}), 1.2e3, 1.2 \\times 10^3 and repeating decimals (0.\\overline{3}).
    """
    if not text or len(text) > 3 * DIGITS:
        return None
    text = text.translate(_MINUS).strip()
    if not text or not (text[-1].isdigit() or text[-1] in "}.)…"):
        return None
    return _parse(text, depth=0)


def _parse(text: str, depth: int) -> Fraction | None:
    text = text.strip()
    if (plain := _plain(text)) is not None:
        return plain
    if depth > 2 or "(" in text or ")" in text:
        return _outer(text, depth) or _repeating(text)
    if match := _FRACTION.fullmatch(text):
        top, bottom = match[2] or match[3], match[4] or match[5]
        return _signed(match[1], _ratio(top, bottom, depth))
    if (match := _MIXED.fullmatch(text)) and (part := _parse(match[3], depth + 1)) is not None:
        whole = Fraction(int(match[2])) if len(match[2]) <= DIGITS else None
        return None if whole is None or not 0 <= part < 1 else _signed(match[1], whole + part)
    if match := _SLASH.fullmatch(text):
        return _ratio(match[1], match[2], depth)
    if _UNDERSCORED.fullmatch(text):
        return Fraction(text.replace("_", ""))
    return _scientific(text) or _repeating(text)


def _plain(text: str) -> Fraction | None:
    text = _SPACES.sub(",", text) if "\\" in text or "{,}" in text or not text.isascii() else text
    if len(text) > DIGITS:
        return None
    if _INTEGER.fullmatch(text) or (_DECIMAL.fullmatch(text)):
        return Fraction(text.rstrip(".") or "0")
    if _GROUPED.fullmatch(text):
        return Fraction(text.replace(",", "").replace(" ", "").rstrip("."))
    return None


def _outer(text: str, depth: int) -> Fraction | None:
    """A number in one pair of parentheses: (3), -(3/4)."""
    sign = text[0] if text[:1] in ("+", "-") else ""
    body = text[len(sign) :].strip()
    if depth > 2 or not (body.startswith("(") and body.endswith(")")) or "(" in body[1:] or ")" in body[:-1]:
        return None
    return _signed(sign, _parse(body[1:-1], depth + 1))


def _ratio(top: str | None, bottom: str | None, depth: int) -> Fraction | None:
    if top is None or bottom is None:
        return None
    above, below = _parse(top, depth + 1), _parse(bottom, depth + 1)
    return None if above is None or not below else above / below


def _signed(sign: str, value: Fraction | None) -> Fraction | None:
    return -value if sign == "-" and value is not None else value


def _scientific(text: str) -> Fraction | None:
    match = _POWER.fullmatch(text)
    if match:
        mantissa, power = _plain(match[1] or f"{match[2]}1"), match[3] or match[4]
    elif match := _E.fullmatch(text):
        mantissa, power = _plain(match[1]), match[2]
    else:
        return None
    if mantissa is None or len(power) > 5 or abs(int(power)) > EXPONENT:
        return None
    return mantissa * Fraction(10) ** int(power)


def _repeating(text: str) -> Fraction | None:
    match = _REPEATING.fullmatch(text) or _DOTS.fullmatch(text)
    if not match or len(text) > DIGITS:
        return None
    whole, head, tail = match[2] or "0", match[3], match[4]
    value = Fraction(int(whole + head), 10 ** len(head)) + Fraction(
        int(tail), (10 ** len(tail) - 1) * 10 ** len(head)
    )
    return _signed(match[1], value)
