"""Which drawing shows numbers with intervals? Inline SVG with title, description and its data as a table.

    interval_bars([Mark(label="phi-4", mean=0.56, low=0.52, high=0.60)], title="GPQA diamond", unit="percent")
    lines([Line(label="math500", points=(Point(step=100, mean=0.3, low=0.25, high=0.35),))], title="Over
    steps")

Values lie in 0..1 and are printed times `scale`. Colours are classes of the style sheet, so that a drawing
follows dark mode and print. Labels may be hostile strings: everything is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec
from markupsafe import Markup

from phi4eval.site.names import visible
from phi4eval.types import VERDICTS

_ROW, _LEFT, _WIDE = 26, 170, 640
_SERIES = 6
"""Colours of the style sheet for lines; further lines begin again with another dash."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A value in 0..1 with its interval; low and high None where none is known."""

    label: str
    mean: float
    low: float | None = None
    high: float | None = None
    note: str = ""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a line: at which step, and how large, in 0..1."""

    step: float
    mean: float
    low: float | None = None
    high: float | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Values over steps, in the order of the steps."""

    label: str
    points: tuple[Point, ...]


def cell_bar(mean: float, low: float | None, high: float | None) -> Markup:
    """The small bar under a number in a table; hidden from screen readers, which read the number itself."""
    span = Markup("")
    if low is not None and high is not None:
        span = Markup('<rect x="{}" y="2" width="{}" height="4"/>').format(
            _n(100 * low), _n(100 * (high - low))
        )
    return Markup(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<path d="M0 4H100"/>{}'
        '<path class="at" d="M{} 0V8"/></svg>'
    ).format(span, _n(100 * mean))


def delta_bar(difference: float, low: float, high: float) -> Markup:
    """The small bar under a difference in -1..1, with a line at zero."""
    return Markup(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<path d="M0 4H100M50 0V8"/><rect x="{}" y="2" width="{}" height="4"/>'
        '<path class="at" d="M{} 0V8"/></svg>'
    ).format(_n(50 + 50 * low), _n(50 * (high - low)), _n(50 + 50 * difference))


def interval_bars(
    marks: Sequence[Mark], *, title: str, describe: str = "", unit: str = "%", scale: float = 100.0
) -> Markup:
    """One row a mark: a dot with its interval on a common axis."""
    height = _ROW * len(marks) + 24
    rows = Markup("").join(_bar_row(mark, i, scale) for i, mark in enumerate(marks))
    axis = Markup("").join(_tick(x, height, scale) for x in (0.0, 0.25, 0.5, 0.75, 1.0))
    table = _table(
        ("name", f"value, {unit}", "interval"),
        [(m.label, _value(m.mean, scale), _span(m.low, m.high, scale)) for m in marks],
    )
    return figure(axis + rows, title=title, describe=describe, size=(_WIDE, height), table=table)


def lines(
    series: Sequence[Line],
    *,
    title: str,
    describe: str = "",
    unit: str = "%",
    across: str = "step",
    scale: float = 100.0,
) -> Markup:
    """Values over steps with their intervals; the y axis is 0 to the largest value, rounded up."""
    points = [point for line in series for point in line.points]
    if not points:
        return Markup("")
    steps = [point.step for point in points]
    top = min(1.0, max(0.05, *(point.high if point.high is not None else point.mean for point in points)))
    low, high = min(steps), max(steps)
    wide, tall, left, foot = 600, 240, 44, 40

    def place(step: float, value: float) -> tuple[str, str]:
        across_ = 0.5 if high == low else (step - low) / (high - low)
        return _n(left + across_ * (wide - left - 12)), _n(
            12 + (1 - min(1.0, value / top)) * (tall - 12 - foot)
        )

    drawn = Markup("").join(_drawn_line(line, i, place) for i, line in enumerate(series))
    grid = Markup("").join(
        Markup('<path class="grid" d="M{} {}H{}"/><text x="{}" y="{}" text-anchor="end">{}</text>').format(
            left,
            place(low, top * part)[1],
            wide - 12,
            left - 6,
            place(low, top * part)[1],
            _value(top * part, scale),
        )
        for part in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    ends = Markup("").join(
        Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
            place(step, 0)[0], tall - 22, anchor, _n(step)
        )
        for step, anchor in dict.fromkeys(((low, "start"), (high, "end")))
    )
    named = Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
        (left + wide) // 2, tall - 6, across
    )
    rows = [
        (line.label, _n(p.step), _value(p.mean, scale), _span(p.low, p.high, scale))
        for line in series
        for p in line.points
    ]
    table = _table(("name", across, f"value, {unit}", "interval"), rows)
    key = Markup("").join(
        Markup('<li class="s{}">{}</li>').format(i % _SERIES, visible(line.label))
        for i, line in enumerate(series)
    )
    legend = Markup('<ul class="key">{}</ul>').format(key)
    return figure(
        grid + ends + named + drawn, title=title, describe=describe, size=(wide, tall), table=legend + table
    )


def verdict_stack(counts: dict[str, int]) -> Markup:
    """One bar of all samples by verdict, for a table whose other cells hold the numbers."""
    total = sum(counts.values())
    parts, at = Markup(""), 0.0
    for verdict in VERDICTS:
        share = counts.get(verdict, 0) / total if total else 0.0
        if share:
            part = Markup('<rect class="v-{}" x="{}" width="{}" height="10"/>')
            parts += part.format(verdict, _n(100 * at), _n(100 * share))
            at += share
    return Markup(
        '<svg class="stack" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{}</svg>'
    ).format(parts)


def figure(drawing: Markup, *, title: str, describe: str, size: tuple[int, int], table: Markup) -> Markup:
    """A drawing with what screen readers say for it and its data as a table that opens."""
    title, describe = visible(title), visible(describe)
    name = f"c{sha256(f'{title}|{describe}|{drawing}'.encode('utf-8', 'replace')).hexdigest()[:10]}"
    return Markup(
        '<figure class="chart"><svg viewBox="0 0 {} {}" role="img" aria-labelledby="{}t {}d">'
        '<title id="{}t">{}</title><desc id="{}d">{}</desc>{}</svg>'
        "<details><summary>The data of this chart</summary>{}</details></figure>"
    ).format(*size, name, name, name, title, name, describe or title, drawing, table)


def _bar_row(mark: Mark, row: int, scale: float) -> Markup:
    y = _ROW * row + 16
    span = Markup("")
    if mark.low is not None and mark.high is not None:
        span = Markup('<path class="span" d="M{} {}H{}"/>').format(_x(mark.low), y, _x(mark.high))
    return Markup(
        '<g><text x="{}" y="{}" text-anchor="end">{}</text>{}<circle class="dot" cx="{}" cy="{}" r="4"/>'
        '<text class="num" x="{}" y="{}">{}</text></g>'
    ).format(
        _LEFT - 10,
        y + 4,
        _short(mark.label),
        span,
        _x(mark.mean),
        y,
        _WIDE - 48,
        y + 4,
        _value(mark.mean, scale),
    )


def _tick(value: float, height: int, scale: float) -> Markup:
    return Markup(
        '<path class="grid" d="M{} 4V{}"/><text x="{}" y="{}" text-anchor="middle">{}</text>'
    ).format(_x(value), height - 18, _x(value), height - 4, _n(scale * value))


def _drawn_line(line: Line, number: int, place: object) -> Markup:
    at = place
    assert callable(at)
    path = " ".join(
        f"{'M' if i == 0 else 'L'}{' '.join(at(p.step, p.mean))}" for i, p in enumerate(line.points)
    )
    spans = Markup("").join(
        Markup('<path class="span" d="M{} {}V{}"/>').format(*at(p.step, p.low), at(p.step, p.high)[1])
        for p in line.points
        if p.low is not None and p.high is not None
    )
    dots = Markup("").join(
        Markup('<circle class="dot" cx="{}" cy="{}" r="3"/>').format(*at(p.step, p.mean)) for p in line.points
    )
    return Markup('<g class="s{} d{}"><path class="line" d="{}"/>{}{}</g>').format(
        number % _SERIES, number // _SERIES % 3, path, spans, dots
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    heads = Markup("").join(Markup('<th scope="col">{}</th>').format(visible(text)) for text in header)
    body = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            visible(row[0]), Markup("").join(Markup("<td>{}</td>").format(visible(cell)) for cell in row[1:])
        )
        for row in rows
    )
    return Markup(
        '<div class="scroll" role="region" tabindex="0" aria-label="data"><table><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>"
    ).format(heads, body)


def _x(share: float) -> str:
    return _n(_LEFT + share * (_WIDE - 60 - _LEFT))


def _short(label: str) -> str:
    label = visible(label)
    return label if len(label) <= 24 else label[:23] + "…"


def _value(mean: float, scale: float) -> str:
    return f"{scale * mean:.1f}"


def _span(low: float | None, high: float | None, scale: float) -> str:
    return "none" if low is None or high is None else f"{scale * low:.1f} to {scale * high:.1f}"


def _n(value: float) -> str:
    """A coordinate: two decimals at most, no trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
