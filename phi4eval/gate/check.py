"""What a rule found on a task, before its p-value is adjusted for all the other tests."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from phi4eval.comparison.published import PublishedScore
from phi4eval.comparison.scores import RunScores
from phi4eval.gate.verdict import Level, RuleResult, Status
from phi4eval.leaks import ScanVerdicts

SHOWN = 20
"""Item ids kept with a rule's result."""


class Sides(NamedTuple):
    """What rules look at. baseline None: published scores, by task, take its place."""

    baseline: RunScores | None
    candidate: RunScores
    published: dict[str, PublishedScore]
    without: dict[str, frozenset[str]]
    scan: ScanVerdicts | None


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A rule on a task with its evidence. Either observed is given, or both p-values are.

    against: p-value of "the rule is kept"; small means broken. for_it: p-value of the opposite; small means
    kept. alpha: one-sided error of each.
    """

    rule: str
    task: str
    level: Level
    message: str
    observed: Status | None = None
    against: float | None = None
    for_it: float | None = None
    alpha: float = 0.025
    remedy: str | None = None
    items: tuple[str, ...] = ()
    place: str = ""

    def result(self, p_holm: float | None) -> RuleResult:
        """The status, once the p-value against is adjusted."""
        status: Status
        if self.observed is not None:
            status = self.observed
        elif p_holm is not None and p_holm <= self.alpha:
            status = "fail"
        else:
            status = "pass" if self.for_it is not None and self.for_it <= self.alpha else "inconclusive"
        return RuleResult(
            rule=self.rule,
            task=self.task,
            level=self.level,
            status=status,
            message=self.message,
            remedy=self.remedy if status == "inconclusive" or self.observed == "fail" else None,
            p_value=self.against,
            p_holm=p_holm,
            items=self.items[:SHOWN],
            place=self.place,
        )
