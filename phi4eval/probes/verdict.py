"""Are originals more familiar than their controls? One test for every probe, with its placebo and power."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, mean, stdev

import msgspec

from phi4eval.probes.records import Familiarity, Found, ProbeName, ProbeResult
from phi4eval.stats.multiple import holm
from phi4eval.stats.resampling import sign_flip

LEAST_UNITS = 10
"""Items or shards below which no probe is tried."""

WEAK = 0.5
"""A probe that needs a larger value than this to find anything is called too weak to tell."""


def advantage(original: float, controls: Sequence[float]) -> float:
    """Share of controls below the original minus the share above it, in -1..1."""
    below = sum(control < original for control in controls)
    above = sum(control > original for control in controls)
    return (below - above) / len(controls)


def probe_result(
    probe: ProbeName,
    task: str,
    found: Sequence[Familiarity],
    *,
    statistic: str,
    unit: str,
    alpha: float,
    reference: Sequence[Familiarity] = (),
    note: str | None = None,
) -> ProbeResult:
    """The verdict of one probe, not yet adjusted for the others.

    To a model that saw none of the items, an original and its controls are exchangeable, so each unit's
    advantage is as likely plus as minus: a one-sided sign-flip test. With a reference model (that surely did
    not see them) the units' advantages under it are taken off first, and with them whatever makes originals
    read more naturally.
    """
    controls = min((len(each.controls) for each in found), default=0)
    blank = ProbeResult(
        probe=probe, task=task, statistic=statistic, unit=unit, units=len(found), controls=controls,
        alpha=alpha, found="not possible", note=note,
    )  # fmt: skip
    if len(found) < LEAST_UNITS:
        few = f"{len(found)} usable units, it takes {LEAST_UNITS}"
        return msgspec.structs.replace(blank, note=note or few)
    base = {each.name: each for each in reference}
    values = [_against(each, base.get(each.name), placebo=False) for each in found]
    placebo = [_against(each, base.get(each.name), placebo=True) for each in found]
    tested = sign_flip(values, alternative="greater", alpha=0.05)
    check = sign_flip(placebo, alternative="two-sided", alpha=0.05)
    normal = NormalDist()
    error = stdev(placebo) / sqrt(len(placebo))
    return msgspec.structs.replace(
        blank,
        value=tested.difference,
        interval=tested.interval,
        p=tested.p_value,
        p_holm=tested.p_value,
        control_value=check.difference,
        control_p=check.p_value,
        detectable=(normal.inv_cdf(1 - alpha) + normal.inv_cdf(0.8)) * error,
        effect=mean(each.original - mean(each.controls) for each in found),
    )


def _against(each: Familiarity, reference: Familiarity | None, *, placebo: bool) -> float:
    own = _advantage_of(each, placebo=placebo)
    return own if reference is None else (own - _advantage_of(reference, placebo=placebo)) / 2


def _advantage_of(each: Familiarity, *, placebo: bool) -> float:
    if not placebo:
        return advantage(each.original, each.controls)
    return advantage(each.controls[0], each.controls[1:])


def adjusted(results: Sequence[ProbeResult]) -> list[ProbeResult]:
    """All results of a command with Holm's p-values, and with what each one comes to."""
    tested = [result for result in results if result.p is not None]
    holms = dict(zip(map(id, tested), holm([result.p or 0.0 for result in tested]), strict=True))
    return [
        result
        if result.p is None
        else msgspec.structs.replace(
            result, p_holm=holms[id(result)], found=_found(result, holms[id(result)])
        )
        for result in results
    ]


def _found(result: ProbeResult, p_holm: float) -> Found:
    if result.control_p is not None and result.control_p <= result.alpha:
        return "control failed"
    if p_holm <= result.alpha:
        return "caught"
    return "too weak to tell" if (result.detectable or 0.0) > WEAK else "no sign"
