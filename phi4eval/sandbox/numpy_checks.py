"""Is nothing close to something? For numpy it is, and a program could answer every number with an empty list.

numpy stretches one side of a comparison to the shape of the other: np.allclose([], 3.0) compares no pair, and
is True. Data sets' tests (HumanEval+) compare so. Runs inside the checker's box: standard library, and numpy
where it is loaded already.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

_COMPARISONS = {
    "numpy": ("allclose", "isclose"),
    "numpy.testing": (
        "assert_allclose", "assert_almost_equal", "assert_approx_equal", "assert_array_almost_equal",
        "assert_array_equal", "assert_equal",
    ),
}  # fmt: skip
_SIDES = ("a", "b", "actual", "desired", "x", "y")


def refuse_nothing_for_something() -> None:
    """Make numpy's comparisons in this process fail where only one of the two sides is empty."""
    for module, names in _COMPARISONS.items():
        if (place := sys.modules.get(module)) is not None:
            for name in names:
                setattr(place, name, _strict(getattr(place, name)))


def _strict(compare: Callable[..., Any]) -> Callable[..., Any]:
    size = sys.modules["numpy"].size

    @functools.wraps(compare)
    def compared(*given: Any, **named: Any) -> Any:
        sides = [*given[:2], *(named[name] for name in _SIDES if name in named)]
        if len({bool(size(side)) for side in sides}) > 1:
            raise AssertionError("one side of the comparison is empty")
        return compare(*given, **named)

    return compared
