"""How does a published row become the canonical columns that a task's templates read?

`fields` lists, for each canonical column, the shapes under which files carry it; the first one whose
columns the data set has is used for all its rows. A shape is a small closed language, not code:

    name                     that column, as it is
    [a, b, c]                a list of these columns
    [a, b?]                  the same, where b may be empty or missing
    name | step | step       the column's value through named steps (see STEPS)
    =text                    the text itself, for every row
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from phi4eval.errors import DataError, UsageError, did_you_mean
from phi4eval.task.choices import choice_texts, letter_of
from phi4eval.task.evalplus import write_check
from phi4eval.task.mbpp import asserted_check, asserted_head, asserted_name


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One parsed alternative. columns: read from the row (one, or several for a list); constant: for `=`."""

    columns: tuple[str, ...] = ()
    listed: bool = False
    steps: tuple[str, ...] = ()
    constant: str | None = None

    def fits(self, row: Mapping[str, Any]) -> bool:
        """The row has all of the shape's columns."""
        return all(column in row or column.endswith("?") for column in self.columns)

    def __str__(self) -> str:
        return f"[{', '.join(self.columns)}]" if self.listed else ", ".join(self.columns)


def parse_shape(text: str, *, what: str) -> Shape:
    """Parse one alternative; `what` names task and column in the error."""
    if text.startswith("="):
        return Shape(constant=text[1:])
    head, *steps = (part.strip() for part in text.split("|"))
    for step in steps:
        if step not in STEPS:
            hint = did_you_mean(step, STEPS, f"known: {', '.join(STEPS)}")
            raise UsageError(f'{what}: unknown step "{step}"', hint)
    if head.startswith("[") and head.endswith("]"):
        columns = tuple(part.strip() for part in head[1:-1].split(","))
        return Shape(columns=columns, listed=True, steps=tuple(steps))
    return Shape(columns=(head,), steps=tuple(steps))


def choose_shape(shapes: Sequence[Shape], row: Mapping[str, Any]) -> Shape | None:
    """The first shape that fits a data set's first row."""
    return next((shape for shape in shapes if shape.fits(row)), None)


def read_column(shape: Shape, row: Mapping[str, Any], *, where: str, choices: tuple[str, ...] = ()) -> Any:
    """The value of a column in one row, as plain JSON. Raises DataError naming `where` and the column.

    choices: the row's option texts, for the step `letter`.
    """
    if shape.constant is not None:
        return shape.constant
    values = []
    for column in shape.columns:
        value = row.get(column.removesuffix("?"))
        if column.endswith("?") and not value:
            values.append("")
            continue
        if value is None or (isinstance(value, str) and not value.strip()):
            state = "is empty" if column in row else "is missing"
            hint = "every row needs it: fill it in or drop the row"
            raise DataError(f'{where}: the column "{column}" {state}', hint)
        values.append(plain(value))
    value = values if shape.listed else values[0]
    for step in shape.steps:
        value = STEPS[step](value, choices, f'{where}, column "{shape}"')
    return value


def plain(value: Any) -> Any:
    """A value as plain JSON: anything that is not becomes its text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return str(value)


def label(value: Any) -> str:
    """A value as an id, a paper's or a subset's name: lists are joined with a dash."""
    return "-".join(map(label, value)) if isinstance(value, list) else str(value)


# ---------------------------------------------------------------- steps


def last_boxed(text: str) -> str | None:
    r"""The content of the last \boxed{...} or \fbox{...}, braces balanced; also MATH's `\boxed 7`."""
    start = max(text.rfind(r"\boxed"), text.rfind(r"\fbox"))
    if start < 0:
        return None
    rest = text[start:].removeprefix(r"\boxed").removeprefix(r"\fbox")
    if not rest.lstrip().startswith("{"):
        match = re.match(r"\s+([^\s$]+)", rest)
        return match[1] if match else None
    depth = 0
    opened = rest.index("{")
    position = opened
    while position < len(rest):
        mark = rest[position]
        if mark == "\\":
            position += 1  # an escaped brace is no brace
        elif mark == "{":
            depth += 1
        elif mark == "}":
            depth -= 1
            if depth == 0:
                return rest[opened + 1 : position].strip()
        position += 1
    return None


def _boxed_step(value: Any, choices: tuple[str, ...], where: str) -> str:
    found = last_boxed(value) if isinstance(value, str) else None
    if not found:
        hint = "pass a file that has an answer column"
        raise DataError(f"{where}: no \\boxed{{...}} with the answer", hint)
    return found


def _hashes_step(value: Any, choices: tuple[str, ...], where: str) -> str:
    """GSM8K's answer: what stands after ####, without thousands commas."""
    _, marker, answer = str(value).rpartition("####")
    if not marker or not answer.strip():
        raise DataError(f"{where}: no answer after ####", "pass a file that has the answer after ####")
    return answer.strip().replace(",", "")


def _integer_step(value: Any, choices: tuple[str, ...], where: str) -> str:
    """27.0, "27", "027" and "1,027" as a decimal integer."""
    from decimal import Decimal, InvalidOperation

    try:
        number = Decimal(str(value).strip().replace(",", ""))
        if not number.is_finite() or number.adjusted() > 1000 or number != number.to_integral_value():
            raise InvalidOperation
    except InvalidOperation as error:
        raise DataError(f"{where}: {str(value)[:40]!r} is not an integer") from error
    return str(int(number))


def _letter_step(value: Any, choices: tuple[str, ...], where: str) -> str:
    return letter_of(value, choices, where=where)


def _choices_step(value: Any, choices: tuple[str, ...], where: str) -> list[str]:
    return list(choice_texts(value, where=where))


def _text_step(value: Any, choices: tuple[str, ...], where: str) -> str:
    return value if isinstance(value, str) else label(value)


STEPS: dict[str, Callable[[Any, tuple[str, ...], str], Any]] = {
    "last_boxed": _boxed_step,
    "after_hashes": _hashes_step,
    "integer": _integer_step,
    "letter": _letter_step,
    "choices": _choices_step,
    "text": _text_step,
    "evalplus_check": write_check,
    "asserted_name": asserted_name,
    "asserted_head": asserted_head,
    "asserted_check": asserted_check,
}
