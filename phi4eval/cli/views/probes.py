"""What the probes of a model say, each with its control and its power."""

from __future__ import annotations

from collections.abc import Sequence

from phi4eval.cli.console import printable, table, wrapped
from phi4eval.probes.records import ProbeResult


def probe_lines(results: Sequence[ProbeResult], *, width: int) -> list[str]:
    """A row a probe and task, then what the columns mean."""
    header = ("task", "probe", "n", "value, 95 %", "p", "control", "detects", "found")
    rows = [_row(result) for result in results]
    lines = table(header, rows, width=width, wrap=7, right=(2, 4, 5, 6))
    for result in results:
        if result.note:
            lines += wrapped(printable(f"{result.task}, {result.probe}: {result.note}"), width)
    alpha = results[0].alpha if results else 0.0
    words = (
        "value: how much more often the item is the more familiar one than the less, among it and its"
        " controls: 0 by chance, 1 always. p: one-sided, Holm over all rows. control: the value with a"
        f" control in the item's place. detects: the value that is found 80 times of 100 at {alpha:g}."
    )
    return [*lines, "", *wrapped(words, width)]


def _row(result: ProbeResult) -> tuple[str, ...]:
    if result.value is None or result.interval is None or result.p_holm is None:
        return (result.task, result.probe, str(result.units), "none", "", "", "", result.found)
    low, high = result.interval
    return (
        result.task,
        result.probe,
        str(result.units),
        f"{result.value:+.2f} [{low:+.2f}, {high:+.2f}]".replace("-", "−"),
        "< 0.001" if result.p_holm < 0.001 else f"{result.p_holm:.3f}",
        f"{result.control_value or 0.0:+.2f}".replace("-", "−"),
        f"{result.detectable or 0.0:.2f}",
        result.found,
    )
