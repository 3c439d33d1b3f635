"""Columns made from buffers hold what pyarrow's own hold."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.contamination.columns import counting_column, number_column, text_column

TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"])))


@given(st.lists(TEXTS, max_size=20))
def test_texts_and_nulls_are_what_was_given(texts: list[str | None]) -> None:
    column = text_column(texts)
    column.validate(full=True)
    assert column.to_pylist() == texts
    assert column.null_count == texts.count(None)
    assert column.type == pa.string()


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        text_column(["a\ud800"])


@pytest.mark.parametrize("values", [[1, -2, 2**62], [], [0.5, -1.0]])
def test_numbers_are_what_was_given(values: list[float]) -> None:
    column = number_column(np.array(values, np.int64 if 0.5 not in values else np.float64))
    column.validate(full=True)
    assert column.to_pylist() == values


def test_counting_begins_where_it_is_told() -> None:
    assert counting_column(7, 3).to_pylist() == [7, 8, 9]
    assert counting_column(0, 0).to_pylist() == []
