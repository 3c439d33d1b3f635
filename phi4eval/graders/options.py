"""Which options of a multiple-choice question does a value or a sentence name?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from phi4eval.graders.equal import compare
from phi4eval.graders.extract import Candidate
from phi4eval.graders.normal import plain_value, squeezed
from phi4eval.graders.numbers import parse_number
from phi4eval.graders.symbolic import TooLarge
from phi4eval.graders.unstated import last_value
from phi4eval.graders.wording import in_digits

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
COMPARED = 100
"""Longest value that is compared with the options as mathematics."""

_BRACKETS = str.maketrans("（）［］", "()[]")
_RINGED = {0x24B6 + place: letter for place, letter in enumerate(LETTERS)}
_RINGED |= {0xFF21 + place: letter for place, letter in enumerate(LETTERS)}
_RINGED |= {0x24D0 + place: letter.lower() for place, letter in enumerate(LETTERS)}
"""Letters in circles, and full-width ones."""
_MARKS = re.compile(
    r"\\(?:quad|qquad|hspace\{[^{}]*\}|[,;:! ~])|[*_`\"“”‘]|(?<!\w)['’]"
    r"|['’](?!\w)|\\?\\?\\\[|\\?\\\]"
)
_ASSIGNED = re.compile(r"^[a-zA-Z]\s?=\s?")
_ARTICLE = re.compile(r"^(?:the|an|a|it|they|there)(?=[a-z])")
_LEADING_WORD = re.compile(r"^(?:the|an?|it|they|there)\s+")
_HEDGE = re.compile(
    r"\b(?:might|may|could|perhaps|possibly|maybe|unsure|guess|if|were|would)\b", re.IGNORECASE
)
_DENIAL = re.compile(
    r"(?:\bnot|n['’]t|\bnever|\bneither|\bnor|\brather than|\binstead of|\bwrong|\bunlike)"
    r"(?:\s(?!but\b)\w+){0,2}\s$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\n]*\w[^.!?\n]*[.!?\s]*$")
_VERDICTS = re.compile(
    r"(?<![\w'’])\(?([A-Z])[).:]{1,2}\s{0,3}(?:[^\n.:]{0,80}[:.–—-]\s{0,3})?(yes|no|true|false|correct|incorrect"
    r"|right|wrong)\b(?!\s\w)",
    re.IGNORECASE,
)
_YES = frozenset({"yes", "true", "correct", "right"})
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_PLACED = re.compile(
    rf"^(?:the )?({'|'.join(_PLACES)}|last) (?:one|option|choice|answer|alternative|statement)$",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """A stated answer as plain text: no markup, letters in rings as letters, ASCII brackets."""
    value = _MARKS.sub(" ", plain_value(text.translate(_BRACKETS).translate(_RINGED)).replace("\\\\", " "))
    while len(value) > 2 and value[0] == "{" and value[-1] == "}":
        value = value[1:-1]
    value = re.sub(r"[{}]", " ", value) if "\\" not in value else value
    return " ".join(value.split()).strip(" .,;:")


def letter_of(gold: str, choices: Sequence[str]) -> str | None:
    """A gold as its letter: itself, or that of the option whose text or value it is; or None."""
    bare = plain(gold).strip("(). ").upper()
    letters = LETTERS[: len(choices)]
    if len(bare) == 1 and bare.isalpha() and (not choices or bare in letters):
        return bare
    named = options_named(plain(gold), choices, letters)
    return named[0] if len(named) == 1 else None


def options_named(value: str, choices: Sequence[str], letters: str) -> list[str]:
    """Letters of the options whose text, number, place or mathematical value a plain value is."""
    if not value:
        return []
    if place := _PLACED.fullmatch(value):
        at = len(choices) - 1 if place[1].lower() == "last" else _PLACES.index(place[1].lower())
        return list(letters[at : at + 1])
    texts = dict(zip(letters, choices, strict=False))
    exact = [letter for letter, choice in texts.items() if plain(choice) == value]
    if len(exact) == 1:
        return exact
    wanted = _key(value)
    number = parse_number(in_digits(_ASSIGNED.sub("", plain_value(value))))
    named = [
        letter
        for letter, choice in texts.items()
        if _key(plain(choice)) == wanted
        or (number is not None and parse_number(in_digits(plain_value(choice))) == number)
    ]
    if not named and len(value) <= COMPARED and re.search(r"[\d\\]", value):
        named = [letter for letter, choice in texts.items() if _equal(choice, value)]
    return named


def _equal(choice: str, value: str) -> bool:
    try:
        return re.search(r"[\d\\]", choice) is not None and compare(gold=choice, prediction=value).same
    except TooLarge:
        return False


def _key(text: str) -> str:
    squeeze = squeezed(text).lower()
    return _ARTICLE.sub("", squeeze) if " " in text.strip() else squeeze


def concluded_option(text: str, choices: Sequence[str], letters: str) -> Candidate | None:
    """An option that nobody called the answer: the only one judged right, or the one the text ends with.

    The value that the last sentence concludes with, or the one option whose words stand in it undenied. None
    where the sentence hedges.
    """
    tail = text[-2000:].rstrip()
    offset = len(text.rstrip()) - len(tail)
    if found := _judged_right(tail, offset, letters):
        return found
    sentence = _SENTENCE.search(tail)
    if sentence is None or not choices or _HEDGE.search(sentence[0]):
        return None
    value = last_value(text)
    if value is not None and value.span[0] >= offset + sentence.start():
        named = options_named(plain(value.text), choices, letters)
        if len(named) == 1:
            return value
    return _option_in(sentence, offset, choices, letters)


def _judged_right(tail: str, offset: int, letters: str) -> Candidate | None:
    """`A) no. B) no. C) yes. D) no.`"""
    verdicts = {m[1].upper(): (m[2].lower() in _YES, m.span(1)) for m in _VERDICTS.finditer(tail)}
    right = [letter for letter, (yes, _) in verdicts.items() if yes and letter in letters]
    if len(right) != 1 or len(verdicts) < 2:
        return None
    start, end = verdicts[right[0]][1]
    return Candidate(text=right[0], span=(start + offset, end + offset), rule="judged_right")


def _option_in(
    sentence: re.Match[str], offset: int, choices: Sequence[str], letters: str
) -> Candidate | None:
    said = sentence[0].lower()
    found: dict[str, tuple[int, int]] = {}
    for letter, choice in zip(letters, choices, strict=False):
        key = _LEADING_WORD.sub("", plain(choice).lower())
        if not re.search(r"[a-z]{3}", key) or "\\" in key:
            continue
        for match in re.finditer(rf"(?<!\w){re.escape(key)}(?!\w)", said):
            if not _DENIAL.search(said, max(match.start() - 40, 0), match.start()):
                found[letter] = match.span()
    longest = {
        letter: span
        for letter, span in found.items()
        if not any(a <= span[0] and span[1] <= b and (a, b) != span for a, b in found.values())
    }
    if len(longest) != 1:
        return None
    ((start, end),) = longest.values()
    start, end = start + sentence.start(), end + sentence.start()
    return Candidate(text=sentence.string[start:end], span=(start + offset, end + offset), rule="last_option")
