"""Which words, seeds and n-grams do the items have? One read-only set of arrays, found by its content hash.

A unit is a text to be looked for: an item's question (with its choices where the question alone is short),
the question without its drawings, its choices, or an answer of some length. A seed is a run of five tokens of
a unit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

from phi4eval.contamination.bulk import (
    Tokens,
    bitmap,
    distinct_pairs,
    hash_table,
    read_texts,
    run_hashes,
    runs_inside,
    spelling,
)
from phi4eval.contamination.commons import ALLOWED_TEXTS, share
from phi4eval.contamination.records import RuleName, ScanItem
from phi4eval.contamination.tokens import NUMBER_WORDS, TOKENS_VERSION, hash_token, kind_of
from phi4eval.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEED = 5
"""Words in a seed: every leak that keeps five words in a row is looked at."""

UNIT_LIMIT = 600
"""Words of a unit that are compared; of a longer text the rest is not looked at (its item is listed as
cut).
"""

WEIGHT_SCALE = 8
"""Weights are integers, eighths of a nat, so that every machine adds them up alike."""

QUESTION, CHOICES, ANSWER, UNDRAWN = range(4)

_DRAWING = re.compile(r"\[asy\].*?(\[/asy\]|\Z)", re.DOTALL)

_ALWAYS_NOMINATED = 6
_ITEM_FREQUENCY = 8
_PRIOR = 2000


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A text that is looked for. item: its position among the items."""

    item: int
    side: int
    text: str
    cut: bool


@dataclass(frozen=True, kw_only=True)
class Index:
    """The arrays and what they were made of; `arrays` can be written to one file and mapped by many
    processes.
    """

    items: tuple[ScanItem, ...]
    units: tuple[Unit, ...]
    arrays: dict[str, NDArray[Any]]
    digest: str


def build_index(items: Sequence[ScanItem], rules: Sequence[RuleName] = ("align",)) -> Index:
    """Index items for scanning by these rules; the published ones need n-grams beside the seeds.

    Raises UsageError for an id that is there twice, or no item at all.
    """
    twice = [name for name, count in Counter(item.item_id for item in items).items() if count > 1]
    if twice:
        raise UsageError(
            f'the item id "{twice[0]}" is there twice ({len(twice):,} such ids)',
            "give every item an item_id of its own, for instance task/number",
        )
    if not items:
        raise UsageError("there is no item to look for", "give --tasks or an --items file with rows")
    from phi4eval.contamination.grams import gram_arrays

    units, tokens = build_units(items)
    arrays = _unit_arrays(units, tokens)
    arrays.update(_vocabulary(units, tokens))
    arrays.update(_seeds(units, tokens))
    arrays.update(gram_arrays(items if set(rules) - {"align"} else []))
    for array in arrays.values():
        array.setflags(write=False)
    return Index(items=tuple(items), units=tuple(units), arrays=arrays, digest=_digest(items, arrays))


def build_units(items: Sequence[ScanItem]) -> tuple[list[Unit], Tokens]:
    """The units of the items, with their tokens; an item may have none."""
    import numpy as np

    wanted: list[tuple[int, int, str]] = []
    questions = np.diff(read_texts([utf8(item.question) for item in items], "align").at)
    for number, item in enumerate(items):
        question, choices = item.question, "\n".join(item.choices)
        plain = without_drawings(question)
        if choices and questions[number] < SEED:
            question, choices = f"{question}\n{choices}", ""
        wanted += [
            (number, QUESTION, question),
            *([(number, UNDRAWN, plain)] if plain != item.question else []),
            (number, CHOICES, choices),
            (number, ANSWER, item.answer or ""),
        ]
    tokens = read_texts([utf8(text) for _, _, text in wanted], "align")
    lengths = np.diff(tokens.at)
    least = np.array([SEED if side in (QUESTION, UNDRAWN) else 2 * SEED for _, side, _ in wanted])
    kept = np.flatnonzero(lengths >= least)
    spans = [np.arange(tokens.at[k], tokens.at[k] + min(lengths[k], UNIT_LIMIT)) for k in kept]
    rows = np.concatenate(spans) if spans else np.zeros(0, np.int64)
    units = [
        Unit(item=wanted[k][0], side=wanted[k][1], text=wanted[k][2], cut=bool(lengths[k] > UNIT_LIMIT))
        for k in kept
    ]
    at = np.cumsum([0, *map(len, spans)])
    return units, Tokens(tokens.hashes[rows], tokens.starts[rows], tokens.ends[rows], tokens.digits[rows], at)


def without_drawings(text: str) -> str:
    """A text with its Asymptote drawings blanked out, every character in its place.

    A drawing's code can be most of an item, and a copy without it is the same item.
    """
    return _DRAWING.sub(lambda found: " " * len(found[0]), text)


def utf8(text: str) -> bytes:
    """A text's bytes; a lone surrogate becomes a question mark."""
    return text.encode("utf-8", "replace")


def _digest(items: Sequence[ScanItem], arrays: dict[str, NDArray[Any]]) -> str:
    import hashlib

    from phi4eval.seeds import canonical_json

    state = hashlib.sha256(canonical_json([TOKENS_VERSION, list(items)]))
    for name in sorted(arrays):
        state.update(f"{name}{arrays[name].dtype}{arrays[name].shape}".encode())
        state.update(arrays[name].tobytes())
    return state.hexdigest()[:16]


def _unit_arrays(units: list[Unit], tokens: Tokens) -> dict[str, NDArray[Any]]:
    """Where each unit's tokens stand, and the spans of those in its text (characters)."""
    import numpy as np

    starts, ends = tokens.starts.copy(), tokens.ends.copy()
    for number, unit in enumerate(units):
        if not unit.text.isascii():
            here = slice(tokens.at[number], tokens.at[number + 1])
            data = np.frombuffer(utf8(unit.text), np.uint8)
            chars = np.concatenate([[0], np.cumsum((data & 0xC0) != 0x80)])
            starts[here], ends[here] = chars[starts[here]], chars[ends[here]]
    return {"unit_at": tokens.at.astype(np.int32), "token_start": starts, "token_end": ends}


def _vocabulary(units: list[Unit], tokens: Tokens) -> dict[str, NDArray[Any]]:
    """Token ids in the order of their hashes, their weights and kinds, and the table from hash to id."""
    import numpy as np

    numbers = {hash_token(word): word for word in NUMBER_WORDS}
    own, first, inverse = np.unique(tokens.hashes, return_index=True, return_inverse=True)
    unit_of = np.repeat(np.arange(len(units)), np.diff(tokens.at))
    held, _ = distinct_pairs(inverse, unit_of)
    frequency = dict(zip(own.tolist(), np.bincount(held, minlength=len(own)).tolist(), strict=True))
    words = dict(numbers)
    for key, place in zip(own.tolist(), first.tolist(), strict=True):
        text = utf8(units[int(unit_of[place])].text)
        start, end = int(tokens.starts[place]), int(tokens.ends[place])
        words[key] = spelling(text[max(0, start - 1) : start], text[start:end], key)
    hashes = np.array(sorted(words), np.uint64)
    keys, ids = hash_table(hashes)
    total = len(units) + _PRIOR
    weights = [
        max(1, round(WEIGHT_SCALE * log(total / (frequency.get(key, 0) + 0.5 + _PRIOR * share(words[key])))))
        for key in sorted(words)
    ]
    kinds = [1 if key in numbers else kind_of(words[key]) for key in sorted(words)]
    return {
        "unit_tokens": np.searchsorted(hashes, tokens.hashes).astype(np.int32),
        "word_keys": keys,
        "word_ids": ids,
        "word_weight": np.array(weights, np.int32),
        "word_kind": np.array(kinds, np.uint8),
    }


def _seeds(units: list[Unit], tokens: Tokens) -> dict[str, NDArray[Any]]:
    """Seeds by hash: their table, a bitmap before it, which are common, and where they nominate a unit."""
    import numpy as np

    places = runs_inside(tokens.at, SEED)
    keys, ranks = np.unique(run_hashes(tokens.hashes, SEED)[places], return_inverse=True)
    ranks = ranks.astype(np.int32)
    token_seeds = np.full(len(tokens.hashes), -1, np.int32)
    token_seeds[places] = ranks
    unit_of = np.repeat(np.arange(len(units), dtype=np.int32), np.diff(tokens.at))[places]
    item_of = np.array([unit.item for unit in units], np.int32)[unit_of]
    held, _ = distinct_pairs(ranks, item_of)
    held_by = np.bincount(held, minlength=len(keys))
    digits = np.lib.stride_tricks.sliding_window_view(np.append(tokens.digits, [0] * SEED), SEED)[places]
    common = np.isin(keys, _allowed_seeds())
    common[ranks[digits.all(axis=1)]] = True
    table, ids = hash_table(keys)
    at, nominated_unit, nominated_pos = _nominations(
        ranks, held_by[ranks], unit_of, (places - tokens.at[unit_of]).astype(np.int32), len(keys)
    )
    return {
        "seed_keys": table,
        "seed_ids": ids,
        "seed_bitmap": bitmap(keys),
        "seed_common": common.astype(np.uint8),
        "token_seeds": token_seeds,
        "nominated_at": at,
        "nominated_unit": nominated_unit,
        "nominated_pos": nominated_pos,
    }


def _allowed_seeds() -> NDArray[Any]:
    import numpy as np

    tokens = read_texts([utf8(text) for text in ALLOWED_TEXTS], "align")
    return np.asarray(run_hashes(tokens.hashes, SEED)[runs_inside(tokens.at, SEED)])


def _nominations(
    ranks: NDArray[Any], held_by: NDArray[Any], unit_of: NDArray[Any], positions: NDArray[Any], seeds: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Seed -> (unit, position) pairs that one hit makes a candidate.

    A seed that many items share nominates none of them, or every text with "how many of the following" would
    be compared with a thousand items; but each unit keeps its rarest seeds, so none is without any.
    """
    import numpy as np

    # units and positions rise along the array, so a stable sort by rarity inside each unit is enough
    order = np.argsort((unit_of.astype(np.int64) << 32) | held_by, kind="stable").astype(np.int32)
    begins = np.flatnonzero(np.diff(unit_of[order], prepend=-1)).astype(np.int32)
    lengths = np.diff(np.append(begins, len(order)))
    rarity = np.empty(len(order), np.int32)
    rarity[order] = np.arange(len(order), dtype=np.int32) - np.repeat(begins, lengths)
    chosen = np.flatnonzero((held_by <= _ITEM_FREQUENCY) | (rarity < _ALWAYS_NOMINATED)).astype(np.int32)
    del order, rarity
    chosen = chosen[np.argsort(ranks[chosen], kind="stable")]
    at = np.concatenate([[0], np.cumsum(np.bincount(ranks[chosen], minlength=seeds))])
    return at.astype(np.int32), unit_of[chosen].astype(np.int32), positions[chosen].astype(np.int32)
