"""What would an item look like that says the same with other numbers? The control of most probes."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

from phi4eval.seeds import seed_for

_NUMBER = re.compile(r"\d+")
_TRIES = 20


def renumbered(texts: Mapping[str, str], *, count: int, seed: int) -> dict[str, list[str]]:
    """Up to `count` different twins of each text, by its name; texts without a number have none.

    Every number is replaced by one of as many digits that stands in another place of the same texts, so that
    the twins' numbers are as round, and as usual, as the originals'. The same seed gives the same twins.
    """
    pool: dict[int, list[str]] = {}
    for text in texts.values():
        for number in _NUMBER.findall(text):
            pool.setdefault(len(number), []).append(number)
    return {
        name: _twins(text, pool, count, random.Random(seed_for(seed, name))) for name, text in texts.items()
    }


def _twins(text: str, pool: Mapping[int, Sequence[str]], count: int, draw: random.Random) -> list[str]:
    def other(found: re.Match[str]) -> str:
        candidates = [number for number in pool[len(found[0])] if number != found[0]]
        return draw.choice(candidates) if candidates else found[0]

    twins: dict[str, None] = {}
    for _ in range(_TRIES):
        twin = _NUMBER.sub(other, text)
        if twin != text and len(twins) < count:
            twins[twin] = None
    return list(twins) if len(twins) == count else []


def halves(text: str) -> tuple[str, str]:
    """A text cut at the word in its middle; the second half keeps the space before it."""
    places = [found.start() for found in re.finditer(r"\s+", text.strip())]
    if not places:
        return text.strip(), ""
    cut = places[len(places) // 2]
    return text.strip()[:cut], text.strip()[cut:]
