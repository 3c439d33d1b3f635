"""Which values does a sentence give in another shape than a number: expressions, odds, words, a hedge?

For sentences without a stated answer (see unstated). Each pattern asks for words around the value, because a
false positive is worse than an answer that is not read. All patterns are bounded.
"""

from __future__ import annotations

import re

import msgspec

from phi4eval.graders.extract import Candidate, candidate
from phi4eval.graders.numbers import parse_number
from phi4eval.graders.wording import in_digits, word_number

_POWER = r"(?:\^\{?[-−]?\w{1,4}\}?|[⁰¹²³⁴-⁹⁻]{1,4})?"
_CALL = r"(?:sqrt|ln|log|sin|cos|tan|arcsin|arccos|arctan|exp)[ ]?"
_NUMERAL = r"\d(?:[\d,]{0,40}\d)?(?:\.\d{1,40})?"
_LEAF = rf"(?:{_NUMERAL}|π|[a-zA-Z](?![a-zA-Z'’])|\([-−+*/^√π\w. ]{{1,40}}\))"
_FACTOR = rf"(?:√|(?<![a-zA-Z]){_CALL})?{_LEAF}{_POWER}"
_TERM = rf"(?:{_FACTOR}){{1,8}}"
_EXPRESSION = re.compile(
    rf"(?:(?<=\*\*)|(?<![\w.}}\])^{{\\/*·×√π$€£²³⁻'’-])(?<!\d\s))"
    rf"[-−]?{_TERM}(?:[ ]?[-+−*/×·][ ]?{_TERM}){{0,20}}(?![\w$])"
)
_OPERATION = re.compile(r"[\^√π⁰¹²³⁴-⁹+*×·]|\d[ ]?[-−][ ]?\d|[a-zA-Z)]")
_SAID_TO_BE = re.compile(r"(?:[=:]|\b(?:is|are|be|equals|gives|get|obtain|to))\s{1,2}$", re.IGNORECASE)
_ODDS = re.compile(
    r"\b(?:chance|probability|likelihood)\b[^.\n\d]{0,60}\b(\d{1,9})[ ](?:in|out of)[ ](\d{1,9})\b"
    r"(?![ ]?[-+*/^=\d])",
    re.IGNORECASE,
)
_ONES = "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_TEENS = "thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million"
_WORD = rf"(?:{_ONES}|{_TEENS}|{_TENS})"
_IN_WORDS = re.compile(
    rf"\b(?:is|are|was|equals|costs|leaves|gives|makes|has|comes to)[ ]"
    rf"({_WORD}(?:(?:-|[ ](?:and[ ])?){_WORD}){{0,8}}(?:[ ](?:dollars?|cents?))?)"
    r"(?:(?![ ]of\b)(?:[ ][a-z]{2,20}){0,4}[.!*\s]{0,4}$|(?=,[ ]one[ ]))"
)
_COUNTED = re.compile(
    rf"\b(?:there[ ](?:are|is|were|will be)[ ](?:exactly[ ]|only[ ]|just[ ])?|(?:exactly|only)[ ])"
    rf"({_WORD}(?:-{_WORD})?)[ ][a-z][^\d.\n]{{0,80}}[.!*\s]{{0,4}}$",
    re.IGNORECASE,
)
"""`there are six ways`, `so exactly one pair works`."""
_THERE_ARE = re.compile(
    rf"\bthere[ ](?:are|is)[ ](?:exactly[ ]|only[ ]|just[ ])?({_WORD}(?:-{_WORD})?)[ ]"
    r"(?:(?!\b(?:is|are|so|and|or|which)\b)[^.\n=:,$]){3,120}[.!*\s]{0,4}$",
    re.IGNORECASE,
)
"""`there are seven primes below 100`"""
_ALL_OF = re.compile(
    rf"\b(?:all|only|exactly|just)[ ]({_WORD}(?:-{_WORD})?)[ ]of[ ][^\d\n]{{1,120}}$", re.IGNORECASE
)
_TAKES = re.compile(
    rf"\b(?:takes?|took|needs?|needed|requires?|required)[ ]({_WORD}(?:-{_WORD})?)"
    r"[ ][a-z]{3,20}[ ](?:for|to|before)\b[^\d\n]{0,120}$",
    re.IGNORECASE,
)
"""`so it took three days for the plant to reach the window`"""
_NAMED = re.compile(
    r"\b(?:is|are|called)[ ](?:(?:an?|the)[ ])?\*{0,2}(?:\\text\{)?([a-zA-Z]{3,20})\}?\*{0,2}[.!\s*]{0,4}$"
)
_SET_APART = re.compile(
    r"\\(?:text|mbox|textbf)\{([a-zA-Z]{3,20})\}|\*\*([a-zA-Z]{3,20})[.!]?\*\*"
    r"|\b([A-Z][a-z]{2,20})[ ](?:would|will|is|was|has|had|[a-z]{3,10}s)\b[^.\n]{0,60}"
    r"\b(?:most|least|fewest|winner|(?:larg|small|great|high|low|fast|slow|old|young|b|w)(?:est|orst))\b"
)
_FIRST_WORD = re.compile(r"\s{0,4}\*{0,2}([A-Za-z]{3,20})[.!]?\*{0,2}\s{0,3}\n")
_OPEN = re.compile(
    r"\b(?:not|never|whether|if|suppose|assume|let|claim|wrong|doubt|unclear|unlikely|cannot|may|might|could"
    r"|would)\b|n['’]t\b",
    re.IGNORECASE,
)
"""In front of what something is, words that leave it open or deny it."""
_DOLLARS = re.compile(
    rf"\b(\d{{1,9}}|{_WORD}(?:[- ]{_WORD}){{0,4}})[ ]dollars?"
    rf"[ ]and[ ](\d{{1,2}}|{_WORD}(?:-{_WORD})?)[ ]cents?\b"
    r"(?![^.\n]{0,200}\d)"
)
_VERDICT = re.compile(r"[\s*_]{0,8}(?:so|therefore|thus|hence),?[ ](yes|no),[ ](?!there[ ])", re.IGNORECASE)
_SUPERLATIVE = re.compile(
    r"[\s*_]{0,8}(?:So|Therefore|Thus|Hence),?[ ]([A-Z][a-z]{1,20})[ ](?:is|was)[ ]the[ ]"
    r"(?:[a-z]{2,12}est|winner)\b(?![^.\n]{0,200}\d)"
)
_HEDGE = re.compile(
    r"\b(?:(?:answer|it|result|value)[ ](?:could|might|may)|number[ ](?:might|may))[ ](?:well[ ])?be\b"
    r"(?![ ](?:\w+ly[ ])?(?:obtained|found|checked|written))"
    r"(?![ ](?:is|are|formed|made)\b)"
    r"|\bnot[ ](?:[a-z]{2,12}[ ])?(?:sure|certain)\b|\bunsure\b|\b(?:perhaps|maybe)\b"
    r"|\bpossibly[ ](?=[-$\\\d])"
    r"|\bcan(?:not|['’]t)[ ](?:determine|tell|decide|say)\b",
    re.IGNORECASE,
)


_BOLD = re.compile(r"(?<!\*)\*\*(?![\s*])([^*\n]{1,120})(?<!\s)\*\*(?!\*|\s?(?:\([^()\n]{1,40}\)\s?)?:)")
_LABEL = re.compile(
    r"(?:step|case|part|method|option|choice|note|approach|scenario)\b|[^\n]*:$", re.IGNORECASE
)


def in_bold(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span of the only number or formula that a sentence sets in bold: `there are **314** integers`."""
    found = [
        bold.span(1)
        for bold in _BOLD.finditer(text, start, end)
        if (re.search(r"\d|π|∞|\\(?:pi|infty)", bold[1]) or word_number(bold[1]) is not None)
        and not _LABEL.match(bold[1])
    ]
    return found[0] if len(found) == 1 else None


def expressions(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of plain formulas: `25π`, `2√3`, `2.5 × 10⁻³`, `x^2 + 2x + 1` where a verb or `=` leads to it."""
    found = []
    for match in _EXPRESSION.finditer(text, start, end):
        value = match[0]
        if not re.search(r"[\dπ√]", value) or not _OPERATION.search(value):
            continue
        if re.fullmatch(r"[-−]?[\d.,]+[a-hj-mo-wA-Z]?", value):
            continue  # a number with a unit
        if re.fullmatch(r"\(\d[\d.,]*(?:\s[a-zA-Z]{2,12}){1,3}\)", value):
            continue  # `half an hour (30 minutes)`
        if value[0].isalpha() and value[0] != "π" and not _SAID_TO_BE.search(text, start, match.start()):
            continue
        found.append(match.span())
    return found


def in_words(text: str, start: int, end: int) -> Candidate | None:
    """What a sentence says in words or as odds: `1 in 6`, `four dollars`, `so yes`, `Alice is the oldest`."""
    if odds := _ODDS.search(text, start, end):
        found = candidate(text, odds.start(1), odds.end(2), "last_number")
        return msgspec.structs.replace(found, text=f"{odds[1]}/{odds[2]}")
    if (money := _DOLLARS.search(text, start, end)) and (amount := _amount(money[1], money[2])):
        return msgspec.structs.replace(candidate(text, *money.span(), "last_number"), text=amount)
    for pattern in (_VERDICT, _SUPERLATIVE):
        if said := pattern.match(text, start, end):
            return candidate(text, *said.span(1), "last_words")
    exactly = _COUNTED.search(text, start, end)
    if exactly and re.search(r"\d", text[start : exactly.start()]):
        exactly = None  # `6 of them have exactly four red faces`
    if (
        number := _IN_WORDS.search(text, start, end)
        or exactly
        or _TAKES.search(text, start, end)
        or _THERE_ARE.search(text, start, end)
        or _ALL_OF.search(text, start, end)
    ):
        return candidate(text, *number.span(1), "last_words")
    return None


def _amount(dollars: str, cents: str) -> str | None:
    """`$4.50` from the two numbers, in digits or words; None where a word is not read."""
    whole, part = parse_number(in_digits(dollars)), parse_number(in_digits(cents))
    if whole is None or part is None or not 0 < part < 100:
        return None
    return f"${whole}.{int(part):02}"


def last_word(text: str) -> Candidate | None:
    """The word that a text ends with, where it is what something is: `so the function is **even**.`"""
    found = _NAMED.search(text, max(len(text) - 200, 0))
    if found is None:
        return None
    start = max(text.rfind(end, 0, found.start()) for end in (". ", "! ", "? ", "\n")) + 1
    if _OPEN.search(text, start, found.start()) or is_hedged(text, start, len(text)):
        return None
    return candidate(text, *found.span(1), "last_words")


def named_word(text: str) -> Candidate | None:
    """The last word that is set in bold or as text in a formula near the end of a text; or its first line."""
    found = next(reversed(list(_SET_APART.finditer(text, max(len(text) - 300, 0)))), None)
    found = found or _FIRST_WORD.match(text)
    if found is None or _OPEN.search(text, max(found.start() - 60, 0), found.start()):
        return None
    return candidate(text, *found.span(found.lastindex or 1), "last_words")


def is_hedged(text: str, start: int, end: int) -> bool:
    """Whether a sentence takes back what it says: `it could be 5`, `I'm not sure`."""
    return _HEDGE.search(text, start, end) is not None
