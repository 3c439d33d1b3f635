"""How does a completion say how likely each choice of a multiple-choice item is?

As text, a line a choice: what is stored can be read by people, and graded again with another normalisation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import msgspec

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_LINE = re.compile(
    r"([A-Z]) (-?\d{1,9}\.\d{1,12}|-inf) tokens=(\d{1,9}) characters=(\d{1,9}) bytes=(\d{1,9})"
)


class ChoiceLikelihood(msgspec.Struct, frozen=True, kw_only=True):
    """One choice. logprob: natural logarithm of the probability of the whole continuation.

    tokens: of the continuation, what stands before the choice's text included; characters, bytes: of the
    choice's text alone (lm-eval's acc_norm and acc_bytes divide by those).
    """

    logprob: float
    tokens: int
    characters: int
    bytes: int


def write(choices: Sequence[ChoiceLikelihood]) -> str:
    """The text of a completion."""
    return "\n".join(
        f"{letter} {each.logprob:.6f} tokens={each.tokens} characters={each.characters} bytes={each.bytes}"
        for letter, each in zip(LETTERS, choices, strict=False)
    )


def read(text: str) -> tuple[ChoiceLikelihood, ...] | None:
    """What such a text says; None for any other text."""
    found = []
    for letter, line in zip(LETTERS, text.strip().split("\n"), strict=False):
        match = _LINE.fullmatch(line)
        if match is None or match[1] != letter:
            return None
        logprob, (tokens, characters, size) = float(match[2]), map(int, match.groups()[2:])
        if math.isnan(logprob) or 0 in (tokens, characters, size):
            return None
        found.append(ChoiceLikelihood(logprob=logprob, tokens=tokens, characters=characters, bytes=size))
    return tuple(found)
