r"""Does a response's last number only repeat what its problem gives, or speak of someone else?

`she can capture 27 criminals in 4 1/2 hours` says 27 where the problem gives the hours, and `Ann got $44, Bob
got $22` says 44 where the problem asks for Ann. All patterns are bounded.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from phi4eval.graders.asked import last_question
from phi4eval.graders.extract import Candidate, candidate
from phi4eval.graders.numbers import parse_number
from phi4eval.graders.wording import in_digits

TAIL = 3_000
"""Only this many last characters of a problem are read."""
SENTENCE = 400
"""Characters in front of a number that are looked at."""

_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_GIVEN = re.compile(
    rf"(?<![\w.])(?:\d[\d,]*(?:\.\d+)?(?:\s?\\frac\s?\{{\d+\}}\{{\d+\}}|\s\d+/\d+|/\d+)?|\b(?:{_WORDS})\b)"
)
_NUMBER = re.compile(r"(?<![\w.^/(])[$€£]?\d[\d,]*(?:\.\d+)?(?:\s\d+/\d+|/\d+)?%?(?![\w^(]|\s?[=+*/×−]|\.\d)")
_ONE = re.compile(r"(?:[^$\\]|\$\s?-?\d[\d.,]*\s?\$|\\\(\s?-?\d[\d.,]*\s?\\\)|\\?\$\s?[\d.,]+){1,60}")
_NOUN = re.compile(r"\$?\s([a-z]{3,20})")
_END = re.compile(r"[.!?:;]\s|\n|=")
_SUBORDINATE = re.compile(r"\s{0,3}(?:since|because|as|if|when|after|given)\b", re.IGNORECASE)
_REPEATED = re.compile(
    r"\b(?:in|of|for|from|with|than|by|after|at|to(?:\s[a-z]{3,12})?|per|over|and)\s"
    r"(?:(?:the|a|an|all|his|her|their|its|those|these|exactly|other|next|first|last|remaining)\s){0,2}(?:\d+\s)?$"
    r"|\b(?:para|de|en|por|con|pour|dans|für|von|mit|di)\s(?:(?:los|las|el|la|les|le|die|den|das)\s)?$"
    r"|\b(?:have|has|show|shows|contain|contains)\s(?:exactly|only|at least)\s$",
    re.IGNORECASE,
)
"""In front of a number that may only be repeated."""
_WHO = re.compile(
    r"\b[Hh]ow\s(?:many|much|old|far|long|tall)\b[^.?\n]{0,60}?"
    r"\b(?:did|does|will|would|is|was|has|have|do|should|can|must)\s"
    r"([A-Z][a-z]{1,15})\b"
)
_EACH = re.compile(r"\b([A-Z][a-z]{1,15})\s(?:[a-z]{2,12}\s){1,3}([$€£]?\d[\d,]*(?:\.\d+)?)(?![\d.]*\d)")


def told_apart(found: Candidate, text: str, problem: str) -> Candidate:
    """The number of the same sentence that answers the problem, where that one does not (`last_asked`)."""
    if found.rule not in ("last_number", "last_formula") or not problem or not _ONE.fullmatch(found.text):
        return found
    before = text[max(found.span[0] - SENTENCE, 0) : found.span[0]]
    begin = found.span[0] - len(before)
    ends = list(_END.finditer(before))
    begin += ends[-1].end() if ends else 0
    if _SUBORDINATE.match(text, begin, found.span[0]):
        begin = max(text.rfind(", ", begin, found.span[0]), begin)
    if (person := _WHO.search(problem[-TAIL:])) and (named := _of(person[1], text, begin, found.span[1])):
        return named
    noun = _NOUN.match(text, found.span[1])
    if noun and re.search(rf"\bhow many (?:\w{{1,12}} ){{0,2}}{noun[1]}\b", problem[-TAIL:], re.IGNORECASE):
        return found
    number = parse_number(_plain(found.text))
    if number is None or number not in given(problem) or not _REPEATED.search(text, begin, found.span[0]):
        return found
    others = [
        other
        for other in _NUMBER.finditer(text, begin, found.span[0])
        if (value := parse_number(_plain(other[0]))) is not None and value not in given(problem)
    ]
    return candidate(text, *others[-1].span(), "last_asked") if len(others) == 1 else found


def _of(name: str, text: str, start: int, end: int) -> Candidate | None:
    """What a sentence that gives several people their numbers gives one of them."""
    each = list(_EACH.finditer(text, start, end))
    if len({one[1] for one in each}) < 2:
        return None
    spans = [one.span(2) for one in each if one[1] == name]
    return candidate(text, *spans[0], "last_asked") if len(spans) == 1 else None


@lru_cache(maxsize=2_000)
def given(problem: str) -> frozenset[Fraction]:
    """The numbers that a problem names, in digits or words."""
    question = last_question(problem)[-TAIL:].lower()
    numbers = (parse_number(_plain(in_digits(said[0]))) for said in _GIVEN.finditer(question))
    return frozenset(number for number in numbers if number is not None)


def _plain(text: str) -> str:
    return re.sub(r"[$€£%]|\s[a-zA-Z].*", "", text).strip()
