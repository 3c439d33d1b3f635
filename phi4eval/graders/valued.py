"""Which option's value does a sentence come to, where its own reading as mathematics names none?

What stands behind its last equals sign or verb (`= 4 1/3 km/h`), what it is close to (`v ≈ 14 m/s`,
`about 2900 wolves`), a share (`which is 25% of $80`), or the only number word among options that are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from phi4eval.graders.options import COMPARED, options_named, plain
from phi4eval.graders.wording import in_digits, word_number

_NUMBER = r"[-−]?\\?[$€£]?\d[\d,]*(?:\.\d+)?(?:\s?(?:\\?%|°|[×x]\s?10\^?\{?[-−]?\d+\}?))?"
_NEAR = re.compile(
    r"(?:≈|≃|\\approx|\b(?:approximately|about|roughly|nearly|around|almost|clos(?:e|est) to))\s?\$?"
    rf"({_NUMBER}(?:\s?[a-zA-Zμ°Ω][a-zA-Z²³/^\d]{{0,9}})?)"
)
_BARE = re.compile(_NUMBER)
_LEAD = re.compile(
    r"(?<![<>=!≠:])=(?!=)\s{0,3}|\bi\.e\.,?\s|(?<!\d)(?<!\d\s):\s|\b(?:is|are|becomes|equals|gives|get)\s(?!not\b)"
)
_SHARE = re.compile(r"\b(?:is|are|=)\s(\d[\d.]{0,9}\s?\\?%)\sof\b")
_UNTIL = re.compile(r"[,;(]|\s(?:which|because|since|so|as|and|or|for|per|where|when|hence|thus)\b|\.\s")
LONGEST = 4
"""Most words of a number that are read together."""
_WORD = re.compile(r"[A-Za-z-]{3,20}")


def valued_option(said: str, choices: Sequence[str], letters: str) -> tuple[int, int] | None:
    """Where in a sentence the value stands that is exactly one option's; None where there is none."""
    for start, end in _places(said, choices):
        value = in_digits(plain(said[start:end]))
        named = options_named(value, choices, letters) if 0 < len(value) <= COMPARED else []
        # `x = 0` is no option in words
        if len(named) == 1 and re.search(r"[\d\\]", choices[letters.index(named[0])]):
            return start, end
    return None


def _places(said: str, choices: Sequence[str]) -> Iterator[tuple[int, int]]:
    if leads := list(_LEAD.finditer(said)):
        start = leads[-1].end()
        yield start, len(said)
        if until := _UNTIL.search(said, start):
            yield start, until.start()
    if near := list(_NEAR.finditer(said)):
        start, end = near[-1].span(1)
        yield start, end
        if bare := _BARE.match(said, start):
            yield bare.span()
    if share := _SHARE.search(said):
        yield share.span(1)
    if not re.search(r"\d", said) and all(re.search(r"\d", choice) for choice in choices):
        runs = list(_number_words(said))
        if len(runs) == 1 and said[slice(*runs[0])].lower() != "one":
            yield runs[0]


def _number_words(said: str) -> Iterator[tuple[int, int]]:
    """Spans of the longest runs of words that are a number: `eight`, `minus one`, `one sixth`."""
    words = [word.span() for word in _WORD.finditer(said)]
    place = 0
    while place < len(words):
        ends = range(min(place + LONGEST, len(words)), place, -1)
        length = next(
            (end for end in ends if word_number(said[words[place][0] : words[end - 1][1]]) is not None), 0
        )
        if length:
            yield words[place][0], words[length - 1][1]
        place = length or place + 1
