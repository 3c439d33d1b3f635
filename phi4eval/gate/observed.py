"""Rates, tokens, cost, named items, contamination: the rules on what was observed, without a test."""

from __future__ import annotations

from phi4eval.comparison import words
from phi4eval.comparison.scores import TaskScores
from phi4eval.errors import UsageError
from phi4eval.gate.check import Check
from phi4eval.gate.policy import Contamination, Cost, ItemsMustPass, Rate, Tokens
from phi4eval.gate.verdict import Level, Status
from phi4eval.leaks import ScanVerdicts, not_clean


def _observed(kept: bool, /) -> Status:
    return "pass" if kept else "fail"


def rate(rule: Rate, scores: TaskScores) -> Check:
    summary = scores.summary
    seen = summary.counts.get(rule.verdict, 0) / max(1, summary.done)
    if rule.verdict == "truncated":
        seen = max(seen, summary.extra.get("truncated_rate", 0.0))
    return Check(
        rule=f"rate of {rule.verdict}",
        task=scores.name,
        level=rule.level,
        message=f"{100 * seen:.2f} % of {summary.done:,} samples, at most {100 * rule.at_most:.2f} %",
        observed=_observed(summary.done > 0 and seen <= rule.at_most + 1e-12),
        remedy="raise --max-tokens" if rule.verdict == "truncated" else None,
    )


def must_pass(rule: ItemsMustPass, scores: TaskScores, without: frozenset[str]) -> Check:
    by_id = {item.id: item.score for item in scores.items.values()}
    counted = [item for item in dict.fromkeys(rule.items) if item not in without]
    failed = [item for item in counted if (by_id.get(item) or 0.0) < rule.score - 1e-12]
    left = (
        f", {len(set(rule.items)) - len(counted)} in quarantine"
        if len(counted) < len(set(rule.items))
        else ""
    )
    named = f": {words.listed(failed, 5)} did not" if failed else ""
    return Check(
        rule="items-must-pass",
        task=scores.name,
        level=rule.level,
        message=f"{len(counted) - len(failed)} of {len(counted)} items passed{left}{named}",
        observed=_observed(not failed),
        items=tuple(failed),
    )


def _unknown_tokens(rule: str, scores: TaskScores, level: Level, who: str = "candidate") -> Check:
    return Check(
        rule=rule,
        task=scores.name,
        level=level,
        message=f"the {who}'s backend reported no token counts",
        observed="inconclusive",
        remedy="leave the rule out for backends that do not count tokens",
    )


def tokens(rule: Tokens, scores: TaskScores, before: TaskScores | None) -> Check:
    if scores.tokens is None:
        return _unknown_tokens("tokens", scores, rule.level)
    mean = scores.tokens[1]
    parts, kept = [f"{mean:,.0f} completion tokens a sample"], True
    if rule.at_most is not None:
        parts.append(f"at most {rule.at_most:,.0f}")
        kept &= mean <= rule.at_most
    if rule.growth is not None:
        if before is None or before.tokens is None:
            return _unknown_tokens("tokens", scores, rule.level, "baseline")
        factor = mean / before.tokens[1]
        parts.append(
            f"{factor:.2f} times the baseline's {before.tokens[1]:,.0f}, at most {rule.growth:g} times"
        )
        kept &= factor <= rule.growth + 1e-12
    return Check(
        rule="tokens", task=scores.name, level=rule.level, message="; ".join(parts), observed=_observed(kept)
    )


def cost(rule: Cost, scores: TaskScores) -> Check:
    price, what = _cost_of_a_sample(rule, scores)
    if price is None:
        return Check(
            rule="cost",
            task=scores.name,
            level=rule.level,
            message=what,
            observed="inconclusive",
            remedy="give the prices of a million tokens: prompt and completion; or leave the rule out",
        )
    return Check(
        rule="cost",
        task=scores.name,
        level=rule.level,
        message=f"{price:.6g} a sample by {what}, at most {rule.at_most:g}",
        observed=_observed(price <= rule.at_most),
    )


def _cost_of_a_sample(rule: Cost, scores: TaskScores) -> tuple[float | None, str]:
    """The mean cost and where the prices are from; None with the reason where it is not known."""
    if rule.prompt is not None and rule.completion is not None:
        if scores.tokens is None:
            return None, "the candidate's backend reported no token counts"
        prices = (rule.prompt, rule.completion)
        total = sum(tokens * price for tokens, price in zip(scores.tokens, prices, strict=True))
        return total / 1e6, "the policy's prices"
    # what another run had paid for cost nothing here, and would make any price look low
    paid = scores.summary.done - scores.summary.from_cache
    if scores.summary.cost is None or paid < 1:
        return None, "the run recorded no cost of its own"
    return scores.summary.cost / paid, f"what the run recorded in US dollars ({paid:,} samples paid for)"


def contamination(rule: Contamination, scores: TaskScores, scan: ScanVerdicts | None, place: str) -> Check:
    leaked = (
        None if scan is None else not_clean(scan, scores.name, [item.id for item in scores.items.values()])
    )
    if leaked is None:
        what = "no contamination scan was given" if scan is None else f"{scan.path} knows no item of it"
        raise UsageError(
            f"{place or 'the policy'}: contamination of {scores.name}: {what}",
            "give a scan with --scan PATH, put one into the run (contamination join), or take the rule out",
        )
    rate = len(leaked) / len(scores.items)
    return Check(
        rule="contamination",
        task=scores.name,
        level=rule.level,
        message=f"{len(leaked)} of {len(scores.items)} items are not clean ({100 * rate:.1f} %),"
        f" at most {100 * rule.at_most:.1f} %",
        observed=_observed(rate <= rule.at_most + 1e-12),
        items=tuple(sorted(leaked)),
    )
