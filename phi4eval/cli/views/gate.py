"""A gate's verdict as text: the sentence, what was measured rule by rule, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from phi4eval.cli.console import Style, printable, styled, table, wrapped
from phi4eval.cli.views.compare import difference_lines
from phi4eval.comparison import words
from phi4eval.gate.power import TaskPower
from phi4eval.gate.verdict import GateVerdict, Outcome, RuleResult

_STYLES: dict[Outcome, Style] = {
    "pass": "green",
    "fail": "red",
    "inconclusive": "yellow",
    "invalid": "red",
    "incomplete": "yellow",
}
ITEMS = 5


def verdict_lines(verdict: GateVerdict, *, width: int) -> list[str]:
    """The whole verdict; its first line says all."""
    return list(_lines(verdict, width))


def _lines(verdict: GateVerdict, width: int) -> Iterator[str]:
    first, *more = wrapped(printable(verdict.headline), width - 2)
    yield styled(first, _STYLES[verdict.outcome])
    yield from (f"  {part}" for part in more)
    if verdict.outcome == "inconclusive" and not verdict.strict:
        yield "warning: this stops nothing (exit 0); --strict makes it exit 6"
    yield ""
    yield printable(f"baseline   {verdict.baseline.label}")
    yield printable(f"candidate  {verdict.candidate.label}")
    yield printable(f"policy     {verdict.policy}")
    if verdict.differences:
        yield ""
        accepted = f" (accepted: {', '.join(verdict.accepted)})" if verdict.accepted else ""
        yield f"settings that differ{accepted}:"
        yield from difference_lines(verdict.differences, width=width, remedies=False)
    if verdict.problems:
        yield ""
    for problem in verdict.problems:
        yield from _item(f"{verdict.outcome}: {problem}", width)
    for hint in verdict.hints:
        yield from _item(f"hint: {hint}", width)
    for rule in verdict.rules:
        yield ""
        yield from _rule(rule, width)
    if verdict.quarantine or verdict.warnings:
        yield ""
    for q in verdict.quarantine:
        if not q.expired:
            yield from _item(f"in quarantine until {q.until}: {q.task} {q.item}: {q.reason}", width)
    for warning in verdict.warnings:
        yield from _item(f"warning: {warning}", width)


def _item(text: str, width: int) -> Iterator[str]:
    first, *more = wrapped(printable(text), width - 2)
    yield first
    yield from (f"  {part}" for part in more)


def _rule(rule: RuleResult, width: int) -> Iterator[str]:
    level = " (warning only)" if rule.level == "warn" else ""
    holm = "" if rule.p_holm is None else f"; against it, after Holm: {words.p_is(rule.p_holm)}"
    items = "items that got worse" if rule.rule == "no-regression" else "items"
    yield from _item(f"{rule.status}: {rule.name}{level}", width)
    for text in (
        f"{rule.message}{holm}",
        rule.items and f"{items}: {words.listed(list(rule.items), ITEMS)}",
        rule.remedy and f"remedy: {rule.remedy}",
    ):
        if text:
            yield from (f"  {part}" for part in _item(text, width - 2))


def power_lines(made: Iterable[TaskPower], *, width: int) -> list[str]:
    """A table a rule and task: what the gate says to true drops of several sizes."""
    lines: list[str] = []
    for power in made:
        head = (
            f"{power.task}: {power.items} items, the runs disagree on {100 * power.churn:.1f} % of them;"
            f" margin {100 * power.margin:g} points, pass excludes {100 * power.excluded:g},"
            f" alpha {power.alpha:.2g}; {power.method}"
        )
        lines += [*([""] if lines else []), *_item(head, width)]
        rows = [
            (
                f"{100 * row.drop:g} points",
                f"{100 * row.fails:.0f} % {_percents(row.fails_interval)}",
                f"{100 * row.passes:.0f} %",
                f"{100 * row.undecided:.0f} %",
            )
            for row in power.rows
        ]
        header = ("true drop", "fails, 95 % interval", "passes", "inconclusive")
        lines += table(header, rows, width=width, wrap=1, right=(0, 1, 2, 3))
    return lines


def _percents(interval: tuple[float, float]) -> str:
    return f"[{100 * interval[0]:.0f}, {100 * interval[1]:.0f}]"
