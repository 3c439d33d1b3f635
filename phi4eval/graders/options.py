"""Which options of a multiple-choice question does a value or a sentence name?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from phi4eval.graders.equal import compare
from phi4eval.graders.normal import plain_value, squeezed
from phi4eval.graders.numbers import parse_number
from phi4eval.graders.symbolic import TooLarge
from phi4eval.graders.wording import in_digits

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
COMPARED = 100
"""Longest value that is compared with the options as mathematics."""

SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_BRACKETS = str.maketrans("（）［］，、", "()[],,") | SUBSCRIPTS | {0x2019: "'"}
_RINGED = {0x24B6 + place: letter for place, letter in enumerate(LETTERS)}
_RINGED |= {0xFF21 + place: letter for place, letter in enumerate(LETTERS)}
_RINGED |= {0x24D0 + place: letter.lower() for place, letter in enumerate(LETTERS)}
"""Letters in circles, and full-width ones."""
_TAGS = re.compile(r"</?(?:strong|b|i|em|u|font|span|mark|code|p|br|div)\b[^<>]{0,80}>")
_MARKS = re.compile(
    r"\\(?:quad|qquad|hspace\{[^{}]*\}|[,;:! ~])|[*_`\"“”‘]|(?<!\w)['’]"
    r"|['’](?!\w)|\\?\\?\\\[|\\?\\\]"
)
_BRACES, _EXPONENT = re.compile(r"[{}]"), re.compile(r"[\^_]\{[^{}]+\}")
_ASSIGNED = re.compile(r"^[a-zA-Z]\s?=\s?")
_LEADING_WORD = re.compile(r"^(?:the|an?|it|they|there)\s+(?=\w)", re.IGNORECASE)
_ONLY = re.compile(r"^only\s+|\s+only$", re.IGNORECASE)
_EVERY = re.compile(r"(all|none) of (?:the above|these|them|the others?)\b", re.IGNORECASE)
_SPEED = re.compile(
    r"(?<![a-zA-Z])(?:k\.?m\.?s?\.?\s?(?:/|per\s)\s?(?:hr?s?|hours?)|kmph|kph)\b\.?", re.IGNORECASE
)
_MONEY = re.compile(
    r"^(?:rs\.?|inr|usd|us\$|eur|gbp|[₹€£¥])\s?(?=[\d.])|(?<=\d)\s?(?:rupees|dollars|euros)$", re.IGNORECASE
)
_GREEK = {
    name: symbol
    for names, symbols in (
        ("alpha beta gamma delta theta lambda mu pi rho sigma phi omega", "αβγδθλμπρσφω"),
        ("Gamma Delta Theta Lambda Sigma Phi Omega", "ΓΔΘΛΣΦΩ"),
        ("times cdot", "xx"),
    )
    for name, symbol in zip(names.split(), symbols, strict=True)
}
_COMMAND = re.compile(r"\\([a-zA-Z]{2,6})(?![a-zA-Z])")
_ON_THE_LINE = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−×·", "0123456789--xx")
_FLAT = re.compile(r"[\s^{}$\\]")
_RAISED = re.compile(r"[\^⁰¹²³⁴-⁹⁻\\]")
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_PLACED = re.compile(
    rf"^(?:the )?({'|'.join(_PLACES)}|last) (?:one|option|choice|answer|alternative|statement)$",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """A stated answer as plain text: no markup, letters in rings as letters, ASCII brackets."""
    value = _MARKS.sub(
        " ", plain_value(_TAGS.sub("", text).translate(_BRACKETS).translate(_RINGED)).replace("\\\\", " ")
    )
    while len(value) > 2 and value[0] == "{" and value[-1] == "}":
        value = value[1:-1]
    value = _BRACES.sub(" ", value) if "\\" not in value and not _EXPONENT.search(value) else value
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
    # `x = 0` is not the option "Zero", which counts something
    read = plain_value if _ASSIGNED.match(value) else _in_digits
    named = [
        letter
        for letter, choice in texts.items()
        if _key(plain(choice)) == wanted or (number is not None and parse_number(read(choice)) == number)
    ]
    if not named and (bare := _ONLY.sub("", value)):
        named = [
            letter for letter, choice in texts.items() if _key(_ONLY.sub("", plain(choice))) == _key(bare)
        ]
    if not named and (label := _common_label(choices)) and (bare := value.removeprefix(label).lstrip(" =")):
        rest = [choice.removeprefix(label).strip() for choice in choices]
        named = options_named(bare, rest, letters) if re.search(r"\d", bare) else []
    if not named and (every := _EVERY.match(value)):
        same = [(letter, _EVERY.match(plain(choice))) for letter, choice in texts.items()]
        named = [letter for letter, match in same if match and match[1].lower() == every[1].lower()]
    if not named and len(value) <= COMPARED and re.search(r"\d", value):
        sum_named = _MONEY.sub("", value)
        named = [letter for letter, choice in texts.items() if _is_money(choice, sum_named)]
    if not named and len(value) <= COMPARED and re.search(r"[\d\\]", value):
        named = [letter for letter, choice in texts.items() if _equal(choice, value)]
    if not named and _RAISED.search(value):
        named = [letter for letter, choice in texts.items() if flat(choice) == flat(value)]
    return named or _rounded(value, texts)


def flat(text: str) -> str:
    """A formula as datasets that lost their superscripts write it: `3D/(M2-3M)` of `3D/(M² − 3M)`."""
    return _FLAT.sub("", _COMMAND.sub(_symbol, plain(text)).translate(_ON_THE_LINE)).lower()


def _symbol(command: re.Match[str]) -> str:
    return _GREEK.get(command[1], command[0])


def _rounded(value: str, texts: dict[str, str]) -> list[str]:
    """The options that a value of three and more digits is rounded from: `15.81` of 15.8113."""
    match = re.fullmatch(r"-?(\d{1,9})\.(\d{1,6})", value)
    if match is None or len(match[1].strip("0") + match[2]) < 3:
        return []
    numbers = {letter: parse_number(plain_value(choice)) for letter, choice in texts.items()}
    said = parse_number(value)
    return [
        letter
        for letter, number in numbers.items()
        if number is not None and round(number, len(match[2])) == said
    ]


def _common_label(choices: Sequence[str]) -> str:
    """The word that all options begin with: `pH` of `pH 4.7` and `pH 8.7`; or an empty string."""
    heads = {
        match[1] if (match := re.match(r"([a-zA-Z]{1,12})\s(?=[-+.\d])", choice)) else ""
        for choice in choices
    }
    return heads.pop() if len(heads) == 1 else ""


def _in_digits(choice: str) -> str:
    return in_digits(plain_value(choice))


def _is_money(choice: str, value: str) -> bool:
    """`Rs. 500` against `500`."""
    number = parse_number(value)
    return number is not None and number == parse_number(_MONEY.sub("", plain_value(choice)))


def _equal(choice: str, value: str) -> bool:
    try:
        gold, said = _SPEED.sub("km/h", choice), _SPEED.sub("km/h", value)
        return re.search(r"[\d\\]", choice) is not None and compare(gold=gold, prediction=said).same
    except TooLarge:
        return False


def _key(text: str) -> str:
    return squeezed(_LEADING_WORD.sub("", text.strip()).replace(", and ", " and ").replace("’", "'")).lower()
