"""An index holds the same words, seeds and nominations however it was built."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.contamination import bulk, index
from phi4eval.contamination.kernel import may_hold, mix

KEYS = st.lists(st.sampled_from([0, 1, 7, 2**63, 2**64 - 1, 5**20, 6**21]), max_size=60)


@given(KEYS)
def test_keys_are_numbered_as_they_come_with_and_without_a_compiler(keys: list[int]) -> None:
    array = np.array(keys, np.uint64)
    distinct = list(dict.fromkeys(keys))
    for compiler in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not compiler:
                patch.setattr(bulk, "has_compiler", lambda: False)
            made = bulk.number_keys(array)
        assert made.numbers.tolist() == [distinct.index(key) for key in keys]
        assert array[made.first].tolist() == distinct
        table = zip(made.table.tolist(), made.table_numbers.tolist(), strict=True)
        assert {key: n for key, n in table if n >= 0} == {key: n for n, key in enumerate(distinct)}


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=40))
def test_owners_are_counted_once_a_number(pairs: list[tuple[int, int]]) -> None:
    pairs.sort(key=lambda pair: pair[1])
    numbers, owners = (np.array([pair[k] for pair in pairs], np.int32) for k in (0, 1))
    wanted = [len({owner for number, owner in pairs if number == each}) for each in range(6)]
    assert bulk.count_holders(numbers, owners, 6).tolist() == wanted
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "has_compiler", lambda: False)
        assert bulk.count_holders(numbers, owners, 6).tolist() == wanted


@given(KEYS)
def test_a_bitmap_holds_every_key_and_is_the_same_without_a_compiler(keys: list[int]) -> None:
    array = np.array(keys, np.uint64)
    words = bulk.bitmap(array)
    shift = bulk.bitmap_shift(words)
    assert all(may_hold(words, shift, np.uint64(mixed)) for mixed in bulk.mix(array))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "has_compiler", lambda: False)
        assert bulk.bitmap(array).tolist() == words.tolist()


def test_a_bitmap_turns_most_other_keys_away() -> None:
    draw = np.random.default_rng(1)
    keys, others = draw.integers(0, 2**64, 50_000, np.uint64), draw.integers(0, 2**64, 5_000, np.uint64)
    words = bulk.bitmap(keys)
    shift = bulk.bitmap_shift(words)
    assert sum(may_hold(words, shift, mixed) for mixed in bulk.mix(others)) < 0.02 * len(others)


def test_one_mix_for_compiled_and_plain() -> None:
    assert [mix(np.uint64(each)) for each in (3, 2**63)] == bulk.mix(np.array([3, 2**63], np.uint64)).tolist()


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=5),
    st.integers(0, 99),
    st.integers(1, 12),
)
def test_rare_seeds_nominate_and_every_unit_keeps_its_rarest(
    lengths: list[int], seed: int, most: int
) -> None:
    """Against the rule as it is said: few holders, or among the unit's rarest, the first of equals."""
    rng = np.random.default_rng(seed)
    unit_at = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    seeds = rng.integers(-1, 9, unit_at[-1]).astype(np.int32)
    held_by = rng.integers(1, 3 * most, 9).astype(np.int32)
    wanted = []
    for unit in range(len(lengths)):
        here = [i for i in range(unit_at[unit], unit_at[unit + 1]) if seeds[i] >= 0]
        rarest = sorted(here, key=lambda i: (held_by[seeds[i]], i))[: index.ALWAYS_NOMINATED]
        chosen = [i for i in here if held_by[seeds[i]] <= index.ITEM_FREQUENCY or i in rarest]
        wanted += [(int(seeds[i]), unit, int(i - unit_at[unit])) for i in chosen]
    at, units, positions = index.nominations(unit_at, seeds, held_by)
    found = [
        (seed, int(units[i]), int(positions[i])) for seed in range(9) for i in range(at[seed], at[seed + 1])
    ]
    assert found == sorted(wanted)
    assert at[-1] == len(wanted)


def test_runs_stay_inside_their_text() -> None:
    assert bulk.runs_inside(np.array([0, 3, 3, 4, 10]), 3).tolist() == [0, 4, 5, 6, 7]
    assert bulk.runs_inside(np.array([0]), 3).tolist() == []
