"""How is an answer written once layout, markup and units are taken off?

Two forms: `plain_value` keeps an answer readable as a number or text; `normalised` is a canonical spelling of
LaTeX, so that two answers that differ in layout only are equal as strings.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WRAPPERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("**", "**"), ("`", "`"), ("__", "__"))
_TEXT = re.compile(
    r"\\(?:text|textbf|textit|textrm|textsf|textnormal|mathrm|mathbf|mathit|mathsf|operatorname|mbox"
    r"|hbox|bf|rm|it|underline|emph|(?:text)?color\s?\{[a-zA-Z]{1,20}\}|mathbb(?=\{\d))"
    r"\s{0,2}\{((?:[^{}]|\{[^{}]*\})*)\}"
)
_LAYOUT = re.compile(
    r"\\(?:left|right|[bB]ig{1,2}[lr]?|displaystyle|textstyle|limits|nolimits)(?![a-zA-Z])"
    r"|\\(?:math(?:rm|bf|it)|bf|rm|it)(?![a-zA-Z{])"
)
_SPACING = re.compile(
    r"\\(?:[,;:! ]|(?:quad|qquad|thinspace|enspace|hspace\{[^{}]*\})(?![a-zA-Z]))"
    r"|\\q?quad(?=[a-zA-Z]_)|[~\u00a0\u2000-\u200b\u202f\u3000\ufeff]"
)
_ALIASES = {
    "−": "-",
    "–": "-",
    "—": "-",
    "×": r"\times ",
    "·": r"\cdot ",
    "⋅": r"\cdot ",
    "÷": "/",
    "π": r"\pi ",
    "∞": r"\infty ",
    "≤": r"\le ",
    "≥": r"\ge ",
    "≠": r"\ne ",
    "∪": r"\cup ",
    "∩": r"\cap ",
    "∈": r"\in ",
    "±": r"\pm ",
    "°": r"^\circ ",
    "º": r"^\circ ",
    "⅓": r"\frac{1}{3}",
    "⅔": r"\frac{2}{3}",
    "⅕": r"\frac{1}{5}",
    "⅖": r"\frac{2}{5}",
    "⅗": r"\frac{3}{5}",
    "⅘": r"\frac{4}{5}",
    "⅙": r"\frac{1}{6}",
    "⅚": r"\frac{5}{6}",
    "⅛": r"\frac{1}{8}",
    "⅜": r"\frac{3}{8}",
    "⅝": r"\frac{5}{8}",
    "⅞": r"\frac{7}{8}",
    "…": "...",
    "+/-": r"\pm ",
    ">=": r"\ge ",
    "<=": r"\le ",
    "!=": r"\ne ",
    "、": ",",
    "⋯": "...",
    "ℕ": r"\mathbb{N}",
    "ℤ": r"\mathbb{Z}",
    "√": r"\sqrt ",
    "：": ":",
    "½": r"\frac{1}{2}",
    "¼": r"\frac{1}{4}",
    "¾": r"\frac{3}{4}",
    "∅": r"\emptyset ",
    "ℝ": r"\mathbb{R}",
    "θ": r"\theta ",
    "（": "(",
    "）": ")",
    "，": ",",
    "⟨": r"\langle ",
    "⟩": r"\rangle ",
    "⁄": "/",
    "∕": "/",
    "℃": r"^\circ C",
    "℉": r"^\circ F",
    "￥": "",
    "€": "",
    "£": "",
}
_ALIAS = re.compile("|".join(map(re.escape, _ALIASES)))
_COMMANDS = {
    "dfrac": "frac",
    "tfrac": "frac",
    "cfrac": "frac",
    "leq": "le",
    "geq": "ge",
    "neq": "ne",
    "leqslant": "le",
    "geqslant": "ge",
    "leqq": "le",
    "geqq": "ge",
    "lbrace": "{",
    "rbrace": "}",
    "lbrack": "[",
    "rbrack": "]",
    "to": "rightarrow",
    "varnothing": "emptyset",
    "degree": "^\\circ",
    "degrees": "^\\circ",
    "infin": "infty",
    "lt": "<",
    "gt": ">",
    "imath": "i",
    "ge": "ge",
    "vert": "|",
    "lvert": "|",
    "rvert": "|",
    "bmatrix": "pmatrix",
    "mid": "|",
    "colon": ":",
    "ast": "\\cdot",
    "uppi": "pi",
    "arsinh": "arcsinh",
    "arcosh": "arccosh",
    "artanh": "arctanh",
    "arctg": "arctan",
    "tg": "tan",
    "ctg": "cot",
    "cosec": "csc",
    "cosech": "csch",
    "ldots": "...",
    "dots": "...",
    "cdots": "...",
    "dotsc": "...",
    "dotsb": "...",
    "thinspace": " ",
}
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˣᵏ₀₁₂₃₄₅₆₇₈₉₋₊ₙₖ", "0123456789-+nxk0123456789-+nk")
_SUPERSCRIPT = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˣᵏ]{1,20}")
_SUBSCRIPT = re.compile(r"[₀₁₂₃₄₅₆₇₈₉₋₊ₙₖ]{1,20}")
_STYLED = re.compile("[\U0001d400-\U0001d7ff]")
"""Letters and digits of the mathematical alphabets: an italic x is an x."""
_WIDE = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B)}
"""Full-width digits and letters."""
_STARS = re.compile(r"(?<=[\w)\]}])\s?\*\*\s?(?=[\w({\\-])")
_ARROW = re.compile(
    r"\\(?:vec|hat|overrightarrow|boldsymbol|bm)\s{0,2}(?:\{\s?([a-zA-Z])\s?\}|([a-zA-Z])(?![a-zA-Z]))"
)
_LAYERS = re.compile(r"\\(?:begin|end)\s?\{(?:cases|aligned|align\*?|gathered|split)\}")
_PRICE = re.compile(
    r"(?:^|(?<=[\s,({=$-]))(?P<sign>\\\$|\$|€|£|US\$|USD\s)\s?(?P<amount>\d[\d,]*(?:\.\d+)?)(?![\d\\^_{/*+-])"
)
_COINS = {"€": "euros", "£": "pounds"}
_BASIS = re.compile(
    r"\\(?:mathbf|hat|vec|boldsymbol|bm|textbf)\s?\{?\s?(?:\\(?=[ij]math))?([ijk])(?:math)?\s?\}?"
)
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
_SPLIT_SIGN = re.compile(r"(?=[-+])")
_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_ASCII = re.compile(
    r"(?<![a-zA-Z\\{])(pi|infinity|inf|oo|(?:arc)?(?:sin|cos|tan|cot|sec|csc)h?|a(?:sin|cos|tan|cot|sec|csc)h?|cosech?"
    r"|ln|log|exp|cis)(?![a-zA-Z])"
)
_ASCII_NAMES = {"infinity": "infty", "inf": "infty", "oo": "infty", "cosec": "csc", "cosech": "csch"}
_ASCII_NAMES |= {f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan", "cot", "sec", "csc")}
_ASCII_NAMES |= {f"a{name}h": f"arc{name}h" for name in ("sin", "cos", "tan", "cot", "sec", "csc")}
_ASCII_ROOT = re.compile(r"(?<![a-zA-Z\\])sqrt\s{0,2}(?:\(([^()]{1,60})\)|\{?(\d{1,30}|[a-zA-Z])\}?)")
_ASCII_GREEK = re.compile(
    r"(?<![a-zA-Z\\{])(alpha|beta|gamma|delta|epsilon|theta|lambda|sigma|omega|mu|phi|rho|tau)(?![a-zA-Z])"
)
_OPERATOR = re.compile(r"[*/^=+_]")
_RAISED_ORDINAL = re.compile(r"(?<=\d)\s?\^\s?\{\s?(st|nd|rd|th)\s?\}")
_COUNT = r"(?:\{\s?(\d{1,4})\s?\}|(\d{1,4}))"
_CHOSEN = re.compile(rf"(?:\{{\s?\}}\s?|(?<![\w)}}\]]))[_^]\s?{_COUNT}\s?C\s?_\s?{_COUNT}")
"""`{}_5C_2` and `{}^5C_2`: five choose two."""
_ASCII_UNION = re.compile(r"(?<=[)\]])\s?U\s?(?=[\[(])")
_CALL = re.compile(r"(?<![a-zA-Z\\])\\?(sqrt|abs|Abs)\s{0,2}\(")
_NATURAL_LOG = re.compile(r"\\log\s?_\s?(?:e(?![a-zA-Z])|\{\s?e\s?\})")
_SQRT_UNICODE = re.compile(r"√\s{0,2}(?:\(([^()]{1,60})\)|\{([^{}]{1,60})\}|(\d{1,30}|[a-zA-Z]))")
_CUBE_ROOT = re.compile(r"\\sqrt\[3\]\s?(\d{1,30}|[a-zA-Z])")
_SHORT_ROOT = re.compile(r"\\sqrt\s?\[([^\[\]]{1,10})\]\s?(\d|[a-zA-Z])")
_ONE = r"(\d|[a-zA-Z]|\\pi(?![a-zA-Z]))"
_SHORT_FRAC = re.compile(rf"\\frac\s{{0,2}}(?:{_ONE}|(\{{[^{{}}]*\}}))\s{{0,2}}(?:{_ONE}|(\{{))")
_SHORT_SQRT = re.compile(rf"\\sqrt\s{{0,2}}{_ONE}")
_SHORT_POWER = re.compile(r"([\^_])\{([A-Za-z0-9])\}")
_SPACE = re.compile(r"(?<!\d)\s+|\s+(?!\d)")
_END = re.compile(r"(?:(?<!\.)\.|[\s,;:。]|\\[,;:! ])+$")
_ROW = re.compile(r"\\\\(?:\[[^\]]{0,20}\])?|\\cr(?![a-zA-Z])")


_DEGREE = re.compile(r"\^\s?(?:\{\s?\\circ\s?\}|\\circ(?![a-zA-Z])\s?)")
_GLUED = re.compile(r"(\\(?:[lg]eqq|[lg]eqslant|log\s?_\s?\d))(?=[a-zA-Z\d])")
"""A command that runs into what follows it: `x\\leqq0`, and `\\log_327`, whose base is one digit."""
_LOG_BASE = re.compile(r"(log\s?_\s?)(1\d|\d{2,3}(?=\s?\())")
"""`log_10 100`, `log_25(5)`: no logarithm has the base 1, and an argument may be in parentheses."""
_CURRENCY = re.compile(r"\\?\$")
_DOUBLED = re.compile(r"(?:[^\\]|\\\\)*")
"""Every backslash comes twice, as in text that was quoted for JSON."""
_DOUBLED_COMMAND = re.compile(
    r"(?<!\\)\\\\((?:[dtc]?frac|sqrt|d?binom|text|mathrm|mathbf|boxed|begin|end|left|right|overline|pi|infty)"
    r"(?![a-zA-Z]))"
)
_GROUPS = re.compile(r"(?<=\d)(?:,\s?\\!|\{,\})\s?(?=\d{3}(?!\d))")


def unwrapped(text: str) -> str:
    """The text without surrounding dollar signs, math brackets, markdown and full stops."""
    for _ in range(6):
        before = text
        text = _END.sub("", text.strip()) if len(text) < 5000 else text.strip()
        for left, right in _WRAPPERS:
            if len(text) > len(left) + len(right) and text.startswith(left) and text.endswith(right):
                inner = text[len(left) : -len(right)]
                if left not in inner:
                    text = inner
        if text == before:
            break
    return text


def plain_value(text: str) -> str:
    """An answer as plain text: no markup, no `\\text`, no currency, one kind of minus sign."""
    text = unwrapped(text)
    for _ in range(4):
        text, changed = _TEXT.subn(r" \1 ", text)
        if not changed:
            break
    if text.startswith(("\\boxed{", "\\fbox{")) and text.endswith("}"):
        text = text[text.index("{") + 1 : -1]
    text = _LAYOUT.sub("", text).replace("\\$", "").replace("$", "").replace("\\%", "%").replace("**", "")
    text = text.replace("−", "-").replace("^\\circ", "°").replace("^{\\circ}", "°").replace("\\!", "")
    return " ".join(unwrapped(text).replace("€", "").replace("£", "").split())


@lru_cache(maxsize=4096)
def normalised(text: str) -> str:
    """A canonical spelling of LaTeX or plain math: equal strings are equal answers (not the reverse)."""
    if not text.isascii():
        text = _without_unicode(text)
    if "\\\\" in text and _DOUBLED_COMMAND.search(text):
        whole = _DOUBLED.fullmatch(text)
        text = text.replace("\\\\", "\\") if whole else _DOUBLED_COMMAND.sub(r"\\\1", text)
    text = _LAYERS.sub(" ", text) if "\\begin" in text else text
    text = _priced(_GROUPS.sub("", text))
    if "\\" in text and _BASIS.search(text):
        text = _components(text)
    text = _ALIAS.sub(lambda m: _ALIASES[m[0]], unwrapped(_ROW.sub(r"\\cr ", text.replace("\\!", ""))))
    for _ in range(4):
        text, changed = _TEXT.subn(r" \1 ", text)
        if not changed:
            break
    text = _RAISED_ORDINAL.sub(r"\1", text) if "^" in text else text
    text = (
        _CHOSEN.sub(lambda m: f"\\binom{{{m[1] or m[2]}}}{{{m[3] or m[4]}}}", text) if "C" in text else text
    )
    text = _ARROW.sub(lambda m: f" {m[1] or m[2]} ", text)
    text = _ASCII_GREEK.sub(r"\\\1 ", text) if _OPERATOR.search(text) else text
    text = _ASCII.sub(lambda m: f"\\{_ASCII_NAMES.get(m[1], m[1])} ", text)
    text = _ASCII_ROOT.sub(lambda m: f"\\sqrt{{{m[1] or m[2]}}}", text)
    text = text.replace("SQRT", "sqrt") if "SQRT" in text else text
    text = _ASCII_UNION.sub(r" \\cup ", text) if "U" in text else text
    text = _called(text) if "(" in text and ("sqrt" in text or "bs" in text) else text
    text = _NATURAL_LOG.sub(r"\\ln ", text)
    text = _LOG_BASE.sub(r"\1{\2}", text) if "log" in text else text
    text = _SPACING.sub(" ", _LAYOUT.sub(" ", _GLUED.sub(r"\1 ", text)))
    text = _COMMAND.sub(_command, _CURRENCY.sub("", text).replace("\\%", "%"))
    text = _STARS.sub("^", text.replace("{,}", "").replace("{:}", ":"))
    text = _DEGREE.sub(r"^\\circ ", text)
    for _ in range(3):
        text = _SHORT_FRAC.sub(_full_frac, text)
    text = _SHORT_ROOT.sub(r"\\sqrt[\1]{\2}", _SHORT_SQRT.sub(r"\\sqrt{\1}", text))
    text = _SHORT_POWER.sub(r"\1\2", text)
    return unwrapped(" ".join(text.split()))


def _called(text: str) -> str:
    """`sqrt(2 (x + 1))` with braces, `abs(x)` with bars; what has no matching parenthesis stays."""
    for _ in range(8):
        if not (match := _CALL.search(text)):
            break
        depth, end = 1, match.end()
        while depth and end < min(len(text), match.end() + 300):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        if depth:
            break
        inner = text[match.end() : end - 1]
        plain = f"\\sqrt{{{inner}}}" if match[1] == "sqrt" else f"|{inner}|"
        text = text[: match.start()] + plain + text[end:]
    return text


def _components(text: str) -> str:
    """`3\\mathbf{i} - 2\\mathbf{j}` as the vector (3, -2); text that is no such sum as it is."""
    found: dict[str, str] = {}
    for term in filter(None, map(str.strip, _SPLIT_SIGN.split(_LAYOUT.sub("", unwrapped(text))))):
        unit = _BASIS.search(term)
        if unit is None or unit.end() != len(term) or unit[1] in found:
            return text
        factor = term[: unit.start()].strip().replace(" ", "")
        found[unit[1]] = factor + "1" if factor in ("", "-", "+") else factor
    return "(" + ", ".join(found.get(axis, "0") for axis in ("ijk" if "k" in found else "ij")) + ")"


def _without_unicode(text: str) -> str:
    """Raised and lowered digits, roots and full-width characters in LaTeX."""
    text = _STYLED.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text.translate(_WIDE))
    text = _FOREIGN_DIGIT.sub(lambda m: str(unicodedata.decimal(m[0])), text)
    text = _SUPERSCRIPT.sub(lambda m: f"^{{{m[0].translate(_RAISED)}}}", text)
    text = _SUBSCRIPT.sub(lambda m: f"_{{{m[0].translate(_RAISED)}}}", text)
    text = text.replace("∛", "\\sqrt[3]")
    text = _CUBE_ROOT.sub(r"\\sqrt[3]{\1}", text)
    return _SQRT_UNICODE.sub(lambda m: f"\\sqrt{{{m[1] or m[2] or m[3]}}}", text)


def _priced(text: str) -> str:
    """`\\$1,500` as `1500 dollars`, so that its unit can be compared; so is a lone dollar sign in front."""
    if not any(sign in text for sign in ("$", "€", "£", "USD")):
        return text
    bare = text.strip()
    if bare.startswith("$") and bare.endswith("$") and len(bare) > 2:
        return text if "\\$" not in bare else "$" + _PRICE.sub(_amount, bare[1:-1]) + "$"
    if bare.count("$") - bare.count("\\$") > 1:
        return text
    return _PRICE.sub(_amount, text)


def _amount(match: re.Match[str]) -> str:
    return f"{match['amount'].replace(',', '')} {_COINS.get(match['sign'], 'dollars')}"


def squeezed(text: str) -> str:
    """A normalised spelling without any white space, for comparing strings."""
    return without_spaces(normalised(text))


def without_spaces(text: str) -> str:
    """No white space, except where it parts two numbers: `1 2` is not 12."""
    return _SPACE.sub("", text)


def _command(match: re.Match[str]) -> str:
    name = match[1]
    known = _COMMANDS.get(name)
    if known is None:
        return f"\\{name} "
    return f"\\{known} " if known[0].isalpha() else (known if known not in "{}" else f"\\{known}")


def _full_frac(match: re.Match[str]) -> str:
    top = match[2] or f"{{{match[1]}}}"
    return f"\\frac{top}" + (f"{{{match[3]}}}" if match[3] else "{")
