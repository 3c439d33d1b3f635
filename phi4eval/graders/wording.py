"""What do words say: which number (`twenty-one`), which time of day (`9 a.m.`), and the same text or not?

English number words only; a text that is not wholly a number is none. All bounded, nothing is evaluated.
"""

from __future__ import annotations

import re
from fractions import Fraction

from phi4eval.graders.numbers import parse_number

WORDS = 14
"""Longest number in words that is read."""

_SMALL = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40,
    "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_FACTORS = {"hundred": 100, "dozen": 12, **_SCALES}
_PARTS = {"half": 2, "halve": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7}
_PARTS |= {"eighth": 8, "ninth": 9, "tenth": 10}
_SCALED = re.compile(rf"([-+]?[\d.,]*\d)\s?({'|'.join(_FACTORS)})s?\b(?P<rest>(?: [a-zA-Z]+)?)")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")
_ENDS = " .,;:!\"'“”‘’"
_TIME = re.compile(r"(\d{1,2})(?:\s?:\s?(\d{2}))?(?:\s?([ap])\.?\s?m\.?)?")
_COUNTED = re.compile(r"[a-z]{3,}")
_NEGATIVE = re.compile(r"(?:minus|negative)\s([\d.,/]{1,40})", re.IGNORECASE)
_RESTATED = re.compile(r"([a-zA-Z][a-zA-Z -]{1,80}?)\s?\(\s?([\d,./]{1,30})\s?\)")
_IN_WORDS = re.compile(r"([\d,./]{1,30})\s?\(\s?([a-zA-Z][a-zA-Z -]{1,80}?)\s?\)")
_NAMED_TIMES = {"noon": "12:00 pm", "midday": "12:00 pm", "midnight": "12:00 am"}
_SAME_WORDS = {"dne": "does not exist", "doesn't exist": "does not exist"}


def word_number(text: str) -> Fraction | None:
    """The number that a text says in words (`three hundred and five`, `two-thirds`, `minus four`)."""
    if len(text) > 120 or not text[:1].isalpha():
        return None
    words = re.split(r"[\s-]+", text.strip(_ENDS).lower())
    if not 0 < len(words) <= WORDS or not all(word.isalpha() for word in words):
        return None
    if words[0] in ("minus", "negative"):
        value = _unsigned(words[1:])
        return None if value is None else -value
    return _unsigned(words)


def _signed_or_restated(text: str) -> str:
    """`negative 5` as -5, `thirty-six (36)` as 36."""
    if (match := _NEGATIVE.fullmatch(text)) and (number := parse_number(match[1])) is not None:
        return _shown(-number)
    if match := _IN_WORDS.fullmatch(text):
        number = parse_number(match[1])
        return _shown(number) if number is not None and number == word_number(match[2]) else text
    if match := _RESTATED.fullmatch(text):
        number = parse_number(match[2])
        if number is not None and number == word_number(match[1]):
            return _shown(number)
    return text


def _unsigned(words: list[str]) -> Fraction | None:
    if "and" in words[1:-1] and words[-1].removesuffix("s") in _PARTS and words[-2] in ("a", "one"):
        place = len(words) - 1 - words[::-1].index("and")
        whole, part_of_one = _whole(words[:place]), _unsigned(words[place + 1 :])
        return None if whole is None or part_of_one is None else whole + part_of_one
    if words == ["half"]:
        return Fraction(1, 2)
    if len(words) > 1 and (part := _PARTS.get(words[-1].removesuffix("s"))) and words[-1] != "second":
        top = 1 if words[:-1] in (["a"], ["an"]) else _whole(words[:-1])
        return None if not top or top >= 100 else Fraction(top, part)
    value = _whole(words)
    return None if value is None else Fraction(value)


def _whole(words: list[str]) -> int | None:
    """Read from left to right: `current` is what the next scale multiplies."""
    total = current = 0
    # what may follow: after `twenty` only a digit, after `five` only a scale
    room, scale, seen = 10**6, 10**15, False
    for position, word in enumerate(words):
        if word == "a" and position == 0 and len(words) > 1 and words[1] in _FACTORS:
            current, room, seen = 1, 1, True
        elif word in _SMALL and _SMALL[word] < room and (_SMALL[word] or len(words) == 1):
            current += _SMALL[word]
            room, seen = (10 if _SMALL[word] >= 20 else 1), True
        elif word in ("hundred", "dozen") and 0 < current < 100:
            current, room = current * _FACTORS[word], (100 if word == "hundred" else 1)
        elif word in _SCALES and current and _SCALES[word] < scale:
            total, current, room, scale = total + current * _SCALES[word], 0, 10**6, _SCALES[word]
        elif word != "and" or position + 1 == len(words) or words[position - 1] not in _FACTORS:
            return None
    return total + current if seen else None


def in_digits(text: str) -> str:
    """`3 million` as 3000000, `twelve apples` as `12 apples`; any other text as it is."""
    if match := _SCALED.fullmatch(text):
        number = parse_number(match[1])
        if number is not None:
            return f"{_shown(number * _FACTORS[match[2]])}{match['rest']}"
    if (number := word_number(text)) is not None:
        return _shown(number)
    if (plain := _signed_or_restated(text)) != text:
        return plain
    head, _, noun = text.rpartition(" ")
    counted = noun.strip(_ENDS).lower()
    if not head or counted in _SMALL or counted in _FACTORS or not _COUNTED.fullmatch(counted):
        return text
    if (number := word_number(head)) is not None:
        return f"{_shown(number)} {noun}"
    return text


def _shown(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"\\frac{{{number.numerator}}}{{{number.denominator}}}"


def same_time(gold: str, prediction: str) -> bool | None:
    """Equality of two times of day; None where neither says a.m. or p.m., or one is no time.

    Where only one says it, the other may leave it out, or be on the 24-hour clock.
    """
    left, right = (
        _TIME.fullmatch(_NAMED_TIMES.get(text, text))
        for text in (gold.strip(" .").lower(), prediction.strip(" .").lower())
    )
    if left is None or right is None or not (left[3] or right[3]):
        return None
    if not all(match[2] or match[3] for match in (left, right)):
        full = all(int(match[2] or 0) == 0 and 0 < int(match[1]) <= 12 for match in (left, right))
        return True if full and left[1] == right[1] else None  # `2:00 pm` for a gold of 2
    if left[3] and right[3]:
        return _minutes(left) == _minutes(right)
    said, bare = (left, right) if left[3] else (right, left)
    return _minutes(bare) in (_minutes(said), int(said[1]) * 60 + int(said[2] or 0))


def _minutes(time: re.Match[str]) -> int:
    hours = int(time[1]) % 12 if time[3] else int(time[1])
    return (hours + (12 if time[3] == "p" else 0)) * 60 + int(time[2] or 0)


def bare_text(text: str) -> str:
    """A text answer without case, surrounding punctuation, a leading article, and ordinal endings."""
    # behind a digit an exclamation mark is a factorial, and a quotation mark is minutes or inches
    ends = " .,;:" if any(char.isdigit() for char in text) else _ENDS
    text = re.sub(r"^\((\w|[a-z]{2,12})\)$", r"\1", text.strip(ends).lower())
    text = _SAME_WORDS.get(text, text)
    return _ORDINAL.sub("", re.sub(r"^(?:the|an?)\s+", "", text))
