"""Does our score, with its interval, say that a claim holds?

Against a published number an interval must clear the between-lab noise (`margin`) too: two labs that ran the
same code on the same model were that far apart. Between two runs of ours there is no such noise.
"""

from __future__ import annotations

from typing import Literal

from phi4eval.claims.evidence import grading_of
from phi4eval.comparison.paired import compare_task
from phi4eval.comparison.published import PublishedScore, unpaired
from phi4eval.comparison.scores import TaskScores
from phi4eval.comparison.words import number, p_is
from phi4eval.stats.unpaired import two_proportions
from phi4eval.types import ClaimVerdict
from phi4eval.types.claims import Finding

Relation = Literal["above", "below", "on_par", "reproduced"]
ALPHA = 0.05


def against_score(
    scores: TaskScores, published: PublishedScore, relation: Relation, *, margin: float
) -> Finding | None:
    """Our items against a published score; None where nothing is scored."""
    made = unpaired(scores, published.score, grading_of(scores), alpha=ALPHA)
    if made is None:
        return None
    delta, assumed = made
    low, high = delta.interval
    return Finding(
        task=scores.name,
        against=f"{published.model}, published",
        published=published.score,
        delta=delta.difference,
        low=low,
        high=high,
        p=delta.p_value,
        n=delta.n,
        margin=margin,
        verdict=decide(relation, low, high, margin) if is_whole(scores) else "undecided",
        method=f"{delta.method}; published on {assumed} items, {published.mark}",
    )


def against_run(
    scores: TaskScores, other: TaskScores, relation: Relation, whose: str, *, margin: float
) -> Finding | None:
    """Our items paired with another run's; None where they have none in common."""
    made = compare_task(other, scores, alpha=ALPHA)
    if made is None:
        return None
    low, high = made.delta.interval
    return Finding(
        task=scores.name,
        against=f"{whose}, measured",
        published=None,
        delta=made.delta.difference,
        low=low,
        high=high,
        p=made.delta.p_value,
        n=made.delta.n,
        margin=margin,
        verdict=decide(relation, low, high, margin) if is_whole(scores) else "undecided",
        method=made.delta.method,
    )


def is_whole(scores: TaskScores) -> bool:
    """Whether all of the data set was asked. Its first items are no sample of it: they decide nothing."""
    return scores.manifest.items >= scores.manifest.dataset.rows


def decide(relation: Relation, low: float, high: float, margin: float) -> ClaimVerdict:
    """The verdict of an interval of ours minus theirs.

    above: all of it beyond the margin. below: the same on the other side. reproduced: all of it within the
    margin is support, all of it outside contradicts. on_par: not below by more than the margin; a score that
    is better is on a par too.
    """
    if relation == "below":
        return decide("above", -high, -low, margin)
    if relation == "above":
        holds, fails = low > margin, high < -margin
    elif relation == "on_par":
        holds, fails = low >= -margin, high < -margin
    else:
        holds, fails = -margin <= low and high <= margin, low > margin or high < -margin
    return "supported" if holds else "contradicted" if fails else "undecided"


def together(verdicts: list[ClaimVerdict], *, wanted: int) -> ClaimVerdict:
    """The verdict of a claim that at least `wanted` of several comparisons go one way.

    Not measured ones count as open; if that is all there is, so is the claim.
    """
    if all(verdict == "not measured" for verdict in verdicts):
        return "not measured"
    yes = verdicts.count("supported")
    lost = verdicts.count("contradicted")
    if yes >= wanted:
        return "supported"
    if len(verdicts) - lost < wanted:
        return "contradicted"
    return "undecided"


def published_noise(subject: PublishedScore, other: PublishedScore, items: int | None) -> str:
    """What a published gap is worth by itself: its size and its z, the two sides taken as independent."""
    points = 150 if subject.task == "amc" else 100
    gap = f"published gap {number(points * (subject.score - other.score), 1, sign='+')} points"
    if items is None:
        return gap
    made = two_proportions(subject.score, items, other.score, items)
    low, high = (number(points * value, 1, sign="+") for value in made.interval)
    told = "" if made.p_value < ALPHA else ", which is not told apart from none"
    return f"{gap} [{low}, {high}] on {items:,} items, {p_is(made.p_value)}{told} (unpaired, one pass)"
