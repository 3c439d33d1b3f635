"""How are the items' words and seeds numbered, counted and nominated? The compiled half of an index."""

from __future__ import annotations

from typing import Any

import numpy as np

from phi4eval.contamination.compiled import compiled
from phi4eval.contamination.kernel import mix, pattern

Array = np.ndarray[Any, Any]

_ONE = np.uint64(1)


@compiled
def number_keys(keys: Array, table: Array, numbers: Array, first: Array, number_of: Array) -> int:
    """Number keys in the order in which they first come, in an open-addressing table; returns how many
    different ones there are.

    table, numbers: the table's keys and their numbers, -1 everywhere at first. first: where each number
    first stands. number_of: the number of every key.
    """
    mask = np.uint64(table.shape[0] - 1)
    n = 0
    for i in range(keys.shape[0]):
        key = keys[i]
        place = mix(key) & mask
        while numbers[place] >= 0 and table[place] != key:
            place = (place + _ONE) & mask
        if numbers[place] < 0:
            table[place] = key
            numbers[place] = n
            first[n] = i
            n += 1
        number_of[i] = numbers[place]
    return n


@compiled
def count_holders(numbers: Array, owners: Array, last: Array, counts: Array) -> None:
    """Count the different owners of every number; owners rise along the array. last: -1 everywhere."""
    for i in range(numbers.shape[0]):
        number = numbers[i]
        if last[number] != owners[i]:
            last[number] = owners[i]
            counts[number] += 1


@compiled
def set_bits(keys: Array, shift: np.uint64, words: Array) -> None:
    """Set every key's bits in a bitmap."""
    for i in range(keys.shape[0]):
        mixed = mix(keys[i])
        words[mixed >> shift] |= pattern(mixed)


@compiled
def choose_seeds(at: Array, seeds: Array, held_by: Array, limit: int, always: int, chosen: Array) -> int:
    """Mark the tokens at which a seed nominates its unit: those of seeds that few items hold, and of the
    others as many as make `always` in every unit, the rarest and first. Returns how many are marked.
    """
    n = 0
    for unit in range(at.shape[0] - 1):
        rare = 0
        for i in range(at[unit], at[unit + 1]):
            if seeds[i] >= 0 and held_by[seeds[i]] <= limit:
                chosen[i] = 1
                rare += 1
        n += rare
        for _ in range(rare, always):
            best = -1
            for i in range(at[unit], at[unit + 1]):
                open_ = seeds[i] >= 0 and chosen[i] == 0
                if open_ and (best < 0 or held_by[seeds[i]] < held_by[seeds[best]]):
                    best = i
            if best >= 0:
                chosen[best] = 1
                n += 1
    return n


@compiled
def write_nominations(
    unit_at: Array, seeds: Array, chosen: Array, at: Array, units: Array, positions: Array
) -> None:
    """Write seed -> (unit, position), by seed and then as they stand. at: int32, one more than the seeds, 0
    everywhere at first, where each seed's begin at last.
    """
    for i in range(seeds.shape[0]):
        if chosen[i] == 1:
            at[seeds[i] + 1] += 1
    for seed in range(at.shape[0] - 1):
        at[seed + 1] += at[seed]
    for unit in range(unit_at.shape[0] - 2, -1, -1):
        for i in range(unit_at[unit + 1] - 1, unit_at[unit] - 1, -1):
            if chosen[i] == 1:
                at[seeds[i] + 1] -= 1
                units[at[seeds[i] + 1]] = unit
                positions[at[seeds[i] + 1]] = i - unit_at[unit]
    for seed in range(at.shape[0] - 1):
        at[seed] = at[seed + 1]
    at[at.shape[0] - 1] = units.shape[0]
