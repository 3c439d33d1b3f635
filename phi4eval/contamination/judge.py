"""Is an aligned span a leak, a template, or chance? The thresholds of the `align` rule, and one item per
span.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from phi4eval.contamination.records import Finding, Measures
from phi4eval.types.contamination import PairVerdict


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """Where the verdicts of the `align` rule begin; written into every summary.

    nats: information that chance does not reach. The others are shares of an item; see benchmarks/
    contamination_quality.py for the recall and precision that they buy.
    """

    near_coverage: float = 0.6
    near_lcs: float = 0.55
    near_nats: float = 18.0
    exact_nats: float = 11.0
    partial_coverage: float = 0.36
    partial_density: float = 0.6
    partial_run: int = 5
    partial_words: int = 6
    partial_nats: float = 16.0
    partial_run_nats: float = 14.0
    choices_nats: float = 30.0
    long_run: int = 13
    long_run_nats: float = 40.0
    changed_share: float = 0.3
    template_words: float = 0.6
    weak_coverage: float = 0.4
    weak_nats: float = 16.0


DEFAULTS = Thresholds()


def judge(found: Measures, limits: Thresholds = DEFAULTS) -> PairVerdict | None:
    """The verdict of one aligned span; None where it says nothing."""
    if found.run == found.length:
        return "exact" if found.nats >= limits.exact_nats else "common-only"
    if is_template(found, limits):
        return "template"
    if (
        found.coverage >= limits.near_coverage
        and found.lcs >= limits.near_lcs
        and found.nats >= limits.near_nats
    ):
        return "near"
    if is_part(found, limits):
        return "partial"
    if found.coverage >= limits.weak_coverage and found.nats >= limits.weak_nats:
        return "weak"
    return None


def is_dense(found: Measures, limits: Thresholds = DEFAULTS) -> bool:
    """Whether lettered choices, whose words are often the same few, agree in one piece and carry enough."""
    return found.matched >= limits.partial_density * found.span and found.nats >= limits.choices_nats


def is_part(found: Measures, limits: Thresholds) -> bool:
    """A good part of the item in one place, or a long run of its words; its numbers with it."""
    if 3 * found.changed > found.numbers * found.numbers_total + found.changed:
        return False
    if found.run >= limits.long_run and found.run_nats >= limits.long_run_nats:
        return True
    return (
        found.coverage >= limits.partial_coverage
        and found.matched >= limits.partial_density * found.span
        and found.run >= limits.partial_run
        and found.matched >= limits.partial_words
        and found.nats >= limits.partial_nats
        and found.run_nats >= limits.partial_run_nats
    )


def is_template(found: Measures, limits: Thresholds) -> bool:
    """The item's words with other numbers: not the item, however many words agree."""
    if found.changed == 0 or found.words < limits.template_words:
        return False
    edits = found.length - found.matched
    return found.changed * 2 >= edits or found.changed >= limits.changed_share * (found.numbers_total or 1)


def one_item_per_span(findings: Iterable[Finding]) -> list[Finding]:
    """The findings of one document without those whose span belongs to another item that fits it better.

    Benchmarks hold siblings (one problem with other numbers); the text of one is no evidence of the other.
    Items that fit equally well are all kept.
    """
    kept: list[Finding] = []
    for finding in sorted(findings, key=strength):
        if not any(
            covered(finding, other) > 0.6 and strength(other)[:3] < strength(finding)[:3] for other in kept
        ):
            kept.append(finding)
    return kept


def strength(finding: Finding) -> tuple[bool, float, int, int, str]:
    """Sort key: exact before all, then the better fit (Dice: shared words against both sides' words), then
    the longer.
    """
    how = finding.measures
    fit = 2 * how.matched / (how.length + how.span) if how else finding.score
    return (
        finding.verdict != "exact",
        -round(fit, 4),
        -(how.matched if how else 0),
        finding.byte_start,
        finding.item_id,
    )


def overlap(one: Finding, other: Finding) -> float:
    """Bytes that both spans hold, over the shorter span."""
    shared = min(one.byte_end, other.byte_end) - max(one.byte_start, other.byte_start)
    return max(0, shared) / max(1, min(one.byte_end - one.byte_start, other.byte_end - other.byte_start))


def covered(one: Finding, other: Finding) -> float:
    """The share of one finding's bytes that lie in another's."""
    shared = min(one.byte_end, other.byte_end) - max(one.byte_start, other.byte_start)
    return max(0, shared) / max(1, one.byte_end - one.byte_start)
