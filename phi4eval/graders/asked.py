r"""What does a problem ask for, and where does a response say that?

A count (`How many`), a rounded value (`to the nearest cent`), cents, the value of an expression (`What is
$a + b$?`) or something by its name (`the minimum value of`). All patterns are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from phi4eval.graders.extract import MATH, Candidate, candidate
from phi4eval.graders.normal import normalised
from phi4eval.graders.numbers import parse_number
from phi4eval.graders.structure import split_top
from phi4eval.graders.units import COUNTED, Unit, split_unit, unit_of
from phi4eval.graders.wording import in_digits

TAIL = 1_500
"""Only this many last characters of a problem and of a response are read."""

_ASKS = (
    r"\b(?:what (?:is|are|was|were|will be|must be)|find|determine|compute|calculate|evaluate|solve for)\s"
)
_NAMED = re.compile(
    _ASKS + r"(?:the\s)?((?:[a-z-]{3,20}\s?){1,4}?)"
    r"(?=\s(?:of|in|for|that|when|if|such|between|from|over|on)\b|\s?[.?,$\\])",
    re.IGNORECASE,
)
_EXPRESSION = re.compile(
    _ASKS + r"(?:the (?:\w+ ){0,3}(?:values?|number) (?:of|for)\s)?\$([^$]{1,60})\$"
    r"(?=\s?[.?,]|\s(?:if|when|where|given|such that|for which)\b|\s*$)",
    re.IGNORECASE,
)
_REWRITTEN = re.compile(
    r"\b(?:factor|expand|simplify|rewrite)\s(?:completely\s|fully\s|the (?:\w+ )?expression\s)?"
    r"\$([^$]{1,80})\$",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\bhow many\b(?!\s(?:\w+\s){0,3}"
    r"(?:dollars|cents|degrees|units|feet|inches|miles|hours|minutes|meters)\b)"
    r"|\b(?:find|determine|compute|calculate|what is)\sthe\s(?:total\s)?number of\b",
    re.IGNORECASE,
)
_ROUNDED = re.compile(
    r"\bnearest\b|\bround(?:ed|ing)?\b|\bapproximat|\bestimat|\bclosest\b|\bdecimal places?\b", re.IGNORECASE
)
_IN_UNIT = re.compile(
    r"\bin\s((?:square\s|cubic\s)?[a-z]{2,15}(?:\sper\s[a-z]{2,12})?)(?=[.?,)]|\s*$)"
    r"|\bhow many\s(?:more\s|total\s|whole\s)?((?:square\s|cubic\s)?[a-z]{2,15}(?:\sper\s[a-z]{2,12})?)\b",
    re.IGNORECASE,
)
_EACH = re.compile(r"\bper\b|\ban? (?:second|minute|hour|day|week|month|year)\b", re.IGNORECASE)
_ASKING = re.compile(r"(?<=[.?!])\s+(?!(?:express|give|round|write|enter|provide)\b)", re.IGNORECASE)
"""Where the last sentence begins, with what is said of the answer's form behind it."""
_PERCENT = re.compile(r"\bwhat percent|\bpercentage\b|\bas a percent\b", re.IGNORECASE)
_SAID_PERCENT = re.compile(r"(?<!not )(?<![\w.])(\d[\d,]*(?:\.\d+)?)\s?(?:\\?%|percent\b)")
_HEAD = re.compile(
    r"(?:^|\n)[ \t#*]{0,6}(?:problem|question|q|input)[ \t]?\d{0,3}[*_]{0,2}[:.]", re.IGNORECASE
)
_WORKED_OUT = re.compile(r"[-−]?(?:\d[\d.,]*(?:/\d+)?|\\d?frac\{\d+\}\{\d+\}|√\d+)\s?(?:%|°|[a-z]{1,12})?")
_SIZES = re.compile(r"\\(?:left|right|displaystyle|[,;:! ])|[\s{}]")
_CLOSED = re.compile(
    r"\\(?:text|mbox|mathrm)\s?\{[^{}]*\}|\\(?!gcd|binom|max|min|lfloor|sum|prod|int|det|log)[a-zA-Z]{2,12}"
)
_TOKEN = re.compile(r"\^\\circ|\\(?:sin|cos|tan|log|ln|cdot)|.", re.DOTALL)
_PLAIN = {
    **{f"\\{name}": rf"\\?{name}" for name in ("sin", "cos", "tan", "log", "ln")},
    "^\\circ": r"(?:\^\{?\\circ\}?|°)",
    "\\cdot": r"(?:\\cdot|\\times|[·*×])",
}
"""How parts of a formula stand in plain text."""
_FREE = re.compile(r"[a-df-hj-zA-Z]")
_OPEN = re.compile(r"(?<![a-zA-Z])[a-df-hj-zA-Z](?![a-zA-Z])")
_ENDS = re.compile(
    r",\s|;|\\q?quad|\\(?:Rightarrow|implies)(?![a-zA-Z])|\\\\|\.(?!\d)|\s(?:and|or|so|because|since)\b|\n"
)


_WEAK = frozenset({"last_formula", "last_number"})
_COUNT_OF = re.compile(
    r"(?<![\w.^_{=+*/-])\$?(\d{1,4}|(?<=only )one|(?<=exactly )one"
    r"|two|three|four|five|six|seven|eight|nine|ten)\$?\s[a-z][^.\n:\d]{1,100}?"
    r"(?::|,?\snamely(?:\sthe\s\w{3,12})?|(?<=\ssolutions)|(?<=\svalues)|(?<=\sroots)|(?<=\spairs)"
    r"|\.\s(?:they|these|those)\sare:?)"
    r"(?:\s{0,2}\$[^$]{1,60}\$,?(?:\sand)?){0,12}[\s$(]{0,4}$",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:^|[$,;]|\b(?:and|or)\b)\s*([^=<>,;$]{1,30}?)\s*=")
_VARIABLE = re.compile(r"\\?[a-zA-Z]{1,8}(?:_\w)?(?:\([^()]{1,20}\))?")
_SOLVED = re.compile(
    r"[\s$*>-]{0,6}(?:so|thus|hence|then|therefore)?,?[\s$*]{0,4}[a-zA-Z]\s?=[^,;=]{1,40}", re.IGNORECASE
)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a problem asks for. expression: squeezed LaTeX, or empty; names: in lower case."""

    counted: bool = False
    rounded: bool = False
    percent: bool = False
    unit: str = ""
    expression: str = ""
    rewritten: str = ""
    names: tuple[str, ...] = ()


NOTHING_ASKED = Asked()


def last_question(problem: str) -> str:
    """Of a prompt with examples the question behind the last `Problem:`; any other problem as it is."""
    heads = list(_HEAD.finditer(problem))
    return problem[heads[-1].end() :] if heads else problem


@lru_cache(maxsize=2_000)
def what_is_asked(problem: str) -> Asked:
    """Read a problem's last sentences. An empty one asks for nothing in particular."""
    tail = last_question(problem)[-TAIL:]
    rewritten = [_squeezed(said[1]) for said in _REWRITTEN.finditer(tail)]
    expressions = [_squeezed(said[1]) for said in _EXPRESSION.finditer(tail)]
    return Asked(
        counted=_COUNTED.search(tail) is not None,
        rounded=_ROUNDED.search(tail) is not None,
        percent=_PERCENT.search(tail) is not None,
        unit=_unit_asked(_ASKING.split(tail)[-1]),
        expression=expressions[-1] if expressions and len(expressions[-1]) <= 30 else "",
        rewritten=rewritten[-1] if rewritten and not expressions and len(rewritten[-1]) <= 40 else "",
        names=tuple(" ".join(said[1].lower().split()) for said in _NAMED.finditer(tail)),
    )


def as_asked(found: Candidate, text: str, asked: Asked) -> Candidate:
    """An answer that merely came last, or what the problem asks for where that says more or something else.

    Rule `last_asked`: of `we get $a = 1$ and $b = 2$` the one in question; the value of an expression in
    front of a remark about another name. Rule `last_count`: the 3 of `$3$ solutions: $1, 2, 5$`.
    """
    if found.rule not in _WEAK:
        return found
    if asked.percent and "%" not in found.text:
        return _percent_of(found, text) or found
    if asked.counted and (count := _count_before(found, text)) is not None:
        return count
    if asked.rewritten and "=" not in found.text:
        return next(_values_of(asked.rewritten, text, closed=False), found)
    if asked.expression and _names_another(found.text, asked.expression):
        return next(_values_of(asked.expression, text), found)
    if asked.expression and _OPEN.search(_CLOSED.sub("", found.text)) and "=" not in found.text:
        return next(_values_of(asked.expression, text), found)
    if asked.expression and asked.expression not in _squeezed(found.text):
        return _only_value_of(asked.expression, text) or found
    return found


def _only_value_of(expression: str, text: str) -> Candidate | None:
    """The one value that a response gives an expression, in a line of its own, named nowhere behind it."""
    values = list(_values_of(expression, text))
    if len({value.text for value in values}) != 1:
        return None
    if re.search(rf"(?<![\w]){re.escape(expression)}(?![\w])", text[values[0].span[1] :]):
        return None
    line = text[text.rfind("\n", 0, values[0].span[0]) + 1 :].partition("\n")[0]
    return values[0] if _SOLVED.fullmatch(line) else None


def _names_another(text: str, expression: str) -> bool:
    """Does a value name something else than the expression, or several things?"""
    names = [_squeezed(name) for name in _NAME.findall(text)]
    simple = all(_VARIABLE.fullmatch(name) for name in names)
    return bool(names) and simple and (expression not in names or len(set(names)) > 1)


def _count_before(found: Candidate, text: str) -> Candidate | None:
    said = _COUNT_OF.search(text, max(found.span[0] - 160, 0), found.span[0])
    if said is None or parse_number(in_digits(said[1])) is None:
        return None
    return msgspec.structs.replace(found, text=in_digits(said[1]), span=said.span(1), rule="last_count")


def gives_value(sentence: str, expression: str) -> bool:
    """Does a sentence give an expression a value that is worked out: `sin 30° = 1/2`, no `a * b = a^b`?"""
    if not expression or _given(expression).match(sentence.lstrip(" $*\\(")) is None:
        return False
    return _WORKED_OUT.fullmatch(sentence.rpartition("=")[2].strip(" $*.!\\)\n")) is not None


def in_unit(gold: str, said: str, unit: str) -> str:
    """A gold that is a mere number, in the unit that the problem asks for, where the answer names one too."""
    if not unit or parse_number(gold) is None:
        return gold
    named = split_unit(normalised(said))[1]
    if named is None or named == COUNTED or _is_rate(named) != _is_rate(unit_of(unit)):
        return gold  # `72 miles per hour` answers how many miles it goes in an hour
    return f"{gold} {unit}"


def _is_rate(unit: Unit | None) -> bool:
    return unit is not None and any(power < 0 for _, power in unit.dimension)


def _percent_of(found: Candidate, text: str) -> Candidate | None:
    """The last percentage of the sentence that a value stands in: `2 out of 4, or 50%`."""
    start = max(text.rfind(". ", 0, found.span[0]), text.rfind("\n", 0, found.span[0])) + 1
    end = min((at for mark in (". ", "\n") if (at := text.find(mark, found.span[1])) >= 0), default=len(text))
    said = next(reversed(list(_SAID_PERCENT.finditer(text, start, end))), None)
    return None if said is None else candidate(text, *said.span(), "last_asked")


def _unit_asked(question: str) -> str:
    """The unit that a question asks for (`in inches per second`, `how many hours`), or an empty string."""
    each = _EACH.search(question) is not None
    units = [
        (said[1] or said[2]).lower()
        for said in _IN_UNIT.finditer(question)
        if said[1] or not each or " per " in said[2]  # `how many quarts do they pick per hour`
    ]
    known = [unit for unit in units if "unit" not in unit and unit_of(unit) not in (None, COUNTED)]
    return known[-1] if known else ""


def _values_of(expression: str, text: str, *, closed: bool = True) -> Iterator[Candidate]:
    """The closed values that a response gives an expression, the last first: `3 + 4` of `a = 3 + 4`."""
    begin = max(len(text) - TAIL, 0)
    formulas = [m.span() for m in MATH.finditer(text, begin)]
    for said in reversed(list(_given(expression).finditer(text, begin))):
        if re.search(r"[-+*/^]\s?\Z", text[max(said.start() - 2, 0) : said.start()]):
            continue
        end = next((b for a, b in formulas if a <= said.start() < b), min(len(text), said.end() + 80))
        value = split_top(
            re.sub(r"\\[)\]]$", "", text[said.end() : end].replace("\\,", "  ").rstrip("$ \n")), ","
        )[0]
        if stop := _ENDS.search(value):
            value = value[: stop.start()]
        free = _FREE.search(_CLOSED.sub("", value.rpartition("=")[2])) is not None
        if re.search(r"\d|\\pi|\\infty", value) and not (closed and free):
            yield candidate(text, said.end(), said.end() + len(value), "last_asked")


@lru_cache(maxsize=2_000)
def _given(expression: str) -> re.Pattern[str]:
    """The expression in front of an equals sign, with any spacing."""
    gaps = r"[\s{}]{0,2}(?:\\(?:left|right|,))?\s?"
    tokens = _TOKEN.findall(expression)
    return re.compile(
        r"(?<![\w\\^_)}|])"
        + gaps.join(_PLAIN.get(token, re.escape(token)) for token in tokens)
        + r"[\s}]{0,3}&?\s?=\s{0,3}"
    )


def _squeezed(formula: str) -> str:
    """A formula without spaces, braces and sizes: how an asked expression is kept."""
    return _SIZES.sub("", formula)
