"""How does a row of the EvalPlus project's own file become a test that can be run?

Its release (HumanEvalPlus.jsonl) has inputs and a reference solution in place of a test: base_input,
plus_input and atol. Its column `test` is the one of the original HumanEval, which the plus inputs are there
to replace. What is right is as in evalplus 0.3.1, evalplus/eval/__init__.py and _special_oracle.py: equal to
what the reference returns, or for floats of the same type and length near to it (rtol 1e-7; atol 1e-6 where
the row says 0).
"""

from __future__ import annotations

import json
from typing import Any

from phi4eval.errors import DataError

_CHECK = """\
{source}

import copy as _copy, json as _json, math as _math
import numpy as _numpy

_reference = {entry_point}
_INPUTS = _json.loads({inputs!r})
_ATOL = {atol!r}


def _all_floats(value):
    return isinstance(value, float) or (
        isinstance(value, (list, tuple)) and bool(value) and all(isinstance(x, float) for x in value)
    )


def _same(got, expected):
    atol = 1e-6 if _ATOL == 0 and _all_floats(expected) else _ATOL
    if got == expected:
        return True
    if atol == 0 or type(got) != type(expected):
        return False
    if isinstance(expected, (list, tuple)) and len(got) != len(expected):
        return False
    return bool(_numpy.allclose(got, expected, rtol=1e-07, atol=atol))
"""
_AS_THE_REFERENCE = """

def check(candidate):
    for given in _INPUTS:
        expected = _reference(*_copy.deepcopy(given))
        assert _same(candidate(*given), expected)
"""
# find_zero has many right answers: what counts is that the polynomial is zero there
_AS_A_ZERO = """

def check(candidate):
    for (coefficients,) in _INPUTS:
        zero = candidate(coefficients)
        assert abs(sum(c * _math.pow(zero, i) for i, c in enumerate(coefficients))) <= _ATOL
"""


def write_check(value: Any, choices: tuple[str, ...], where: str) -> str:
    """The test, as Python text with a function `check(candidate)`; it runs in the checker's box.

    value: prompt, canonical_solution, entry_point, base_input, plus_input, atol. Raises DataError.
    """
    prompt, solution, entry_point, base, plus, atol = value
    if not all(isinstance(text, str) for text in (prompt, solution, entry_point)):
        raise DataError(f"{where}: prompt, canonical_solution and entry_point must be texts")
    if not entry_point.isidentifier():
        raise DataError(f"{where}: entry_point must be a name")
    if not (isinstance(base, list) and isinstance(plus, list) and base + plus):
        raise DataError(f"{where}: base_input and plus_input must be lists, and not both empty")
    if not all(isinstance(given, list) for given in base + plus):
        raise DataError(f"{where}: each input must be the list of a call's arguments")
    if not isinstance(atol, int | float):
        raise DataError(f"{where}: atol must be a number")
    head = _CHECK.format(
        inputs=json.dumps(base + plus), atol=atol, source=f"{prompt}{solution}", entry_point=entry_point
    )
    return head + (_AS_A_ZERO if entry_point == "find_zero" else _AS_THE_REFERENCE)
