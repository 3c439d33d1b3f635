"""Is an aligned span a leak, a template, or chance? The thresholds of the `align` rule, and one item per
span.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from phi4eval.contamination.records import VERDICTS, Finding, Measures
from phi4eval.types import LEAKS
from phi4eval.types.contamination import PairVerdict


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """Where the verdicts of the `align` rule begin; written into every summary.

    nats: information that chance does not reach. The others are shares of an item; see benchmarks/
    contamination_quality.py for the recall and precision that they buy.
    """

    near_coverage: float = 0.6
    near_lcs: float = 0.55
    near_nats: float = 18.0
    own_nats: float = 8.0
    exact_nats: float = 11.0
    partial_coverage: float = 0.36
    partial_density: float = 0.6
    partial_run: int = 5
    partial_words: int = 6
    partial_nats: float = 16.0
    partial_run_nats: float = 14.0
    half_coverage: float = 0.3
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
        and (
            found.distinct >= limits.near_nats
            or (found.own and found.edge and found.distinct >= limits.own_nats)
        )
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
    return is_half(found, limits) or (
        (found.own or found.distinct >= limits.long_run_nats)
        and found.coverage >= limits.partial_coverage
        and found.matched >= limits.partial_density * found.span
        and found.run >= limits.partial_run
        and found.matched >= limits.partial_words
        and found.distinct >= limits.partial_nats
        and found.run_nats >= limits.partial_run_nats
    )


def is_half(found: Measures, limits: Thresholds = DEFAULTS) -> bool:
    """One end of the item in one piece, a sentence or a line of its own, of words that only this item has:
    this needs no length.
    """
    return (
        found.own
        and found.alone
        and found.run_nats >= limits.own_nats
        and found.run_nats * found.coverage >= limits.half_coverage * found.nats
    )


def is_template(found: Measures, limits: Thresholds) -> bool:
    """The item's words with other numbers: not the item, however many words agree."""
    if found.changed == 0 or found.words < limits.template_words:
        return False
    edits = found.length - found.matched
    return found.changed * 2 >= edits or found.changed >= limits.changed_share * (found.numbers_total or 1)


def one_item_per_span(findings: Iterable[Finding]) -> list[Finding]:
    """The findings of one document without those whose span another item explains as well, and more beside.

    Benchmarks hold siblings (one problem with other numbers); the text of one is no evidence of the other.
    Where a text is as much of one item as of another, both are kept: they share what leaked.
    """
    found = sorted(findings, key=strength)
    return [
        finding
        for finding in found
        if not any(explains_more(other, finding) for other in found if other is not finding)
    ]


def strength(finding: Finding) -> tuple[int, int, int, str]:
    """Sort key: the verdict, then how much of the document is matched."""
    return VERDICTS.index(finding.verdict), -matched_bytes(finding), finding.byte_start, finding.item_id


def explains_more(one: Finding, other: Finding) -> bool:
    """Whether one finding covers another's span, matches as much of it or more, and more in all.

    What stands there as a whole gives way only to another whole text.
    """
    if one.verdict not in (*LEAKS, "template") or covered(other, one) <= 0.6:
        return False
    if (one.verdict == "exact") != (other.verdict == "exact"):
        more = one.verdict == "exact"
    else:
        more = matched_bytes(one) > matched_bytes(other)
    return more and matched_bytes(one, other.byte_start, other.byte_end) >= matched_bytes(other)


def matched_bytes(finding: Finding, low: int = 0, high: int = 1 << 62) -> int:
    """Bytes of the document, in [low, high), that are matched words."""
    return sum(max(0, min(end, high) - max(start, low)) for _, start, end, _ in finding.blocks)


def covered(one: Finding, other: Finding) -> float:
    """The share of one finding's bytes that lie in another's."""
    shared = min(one.byte_end, other.byte_end) - max(one.byte_start, other.byte_start)
    return max(0, shared) / max(1, one.byte_end - one.byte_start)
