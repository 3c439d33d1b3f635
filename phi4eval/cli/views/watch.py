"""A checkpoint's verdict as text: the decision first, then its scores."""

from __future__ import annotations

from phi4eval.cli.console import Style, printable, styled, wrapped
from phi4eval.cli.views.numbers import score_text
from phi4eval.comparison import words
from phi4eval.history import Judged, Standing

_STYLES: dict[Standing, Style] = {
    "first": "green",
    "pass": "green",
    "fail": "red",
    "inconclusive": "yellow",
    "invalid": "red",
    "incomplete": "yellow",
    "error": "red",
}


def entry_lines(entry: Judged, *, width: int) -> list[str]:
    """`checkpoint  verdict` with the headline below it, then a line a task."""
    against = f" against {printable(entry.baseline)}" if entry.baseline else ""
    lines = [f"{printable(entry.checkpoint)}: {styled(entry.standing, _STYLES[entry.standing])}{against}"]
    # the first word of a headline is the verdict, which stands there already
    _, _, rest = entry.headline.partition(": ")
    lines += [f"  {part}" for part in wrapped(printable(rest), width - 2)]
    for point in entry.points:
        text = f"{point.task}: {score_text(point.score, point.unit)}, n {point.score.n:,}"
        if point.delta is not None:
            text += f"; {words.delta(point.delta, point.unit)} points"
        lines += [f"  {part}" for part in wrapped(printable(text), width - 2)]
    return lines
