"""From claims and runs to a ledger: a verdict for each claim, with what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from phi4eval.claims.causes import causes
from phi4eval.claims.data import Claim, ClaimsFile, read_claims
from phi4eval.claims.evidence import Evidence, grading_of, scored
from phi4eval.claims.weigh import (
    Relation,
    against_run,
    against_score,
    decide,
    is_whole,
    published_noise,
    together,
)
from phi4eval.comparison.published import PublishedScore
from phi4eval.comparison.scores import RunScores, TaskScores
from phi4eval.comparison.words import number
from phi4eval.types import CLAIM_VERDICTS, Cause, ClaimRow, ClaimVerdict, Finding, Interval, Ledger

SIZE_TOLERANCE = 0.1
"""A model is called "14B" up to so much more or less."""


class _Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What our records say of one claim, before the published side is put beside it."""

    verdict: ClaimVerdict
    reason: str
    findings: tuple[Finding, ...] = ()
    run: RunScores | None = None
    scores: TaskScores | None = None


def make_ledger(
    runs: Sequence[RunScores],
    *,
    claims: str = "claims",
    stand_in: str | None = None,
    missing: Mapping[str, str] | None = None,
) -> Ledger:
    """Hold every claim against the runs.

    stand_in: a model whose runs are taken as the claims' subject's own; only the subject's own runs speak
    for it if None. missing: tasks that were asked for and could not be run, with the reason.
    """
    file = read_claims(claims)
    evidence = Evidence(runs, subject=file.subject, stand_in=stand_in or file.subject)
    scores = file.scores()
    rows = tuple(_row(claim, file, scores, evidence, missing or {}) for claim in file.claims)
    verdicts = [row.verdict for row in rows]
    return Ledger(
        title=file.title,
        source=file.source,
        subject=file.subject,
        stands_for_it=stand_in or file.subject,
        noise=(file.noise.points, file.noise.why),
        rows=rows,
        counts={verdict: verdicts.count(verdict) for verdict in CLAIM_VERDICTS},
        runs={label: path for row in rows for label, path in evidence.used.items() if label in row.runs},
        missing=dict(missing or {}),
    )


_Table = Mapping[str, Mapping[str, PublishedScore]]


def _row(
    claim: Claim, file: ClaimsFile, table: _Table, evidence: Evidence, missing: Mapping[str, str]
) -> ClaimRow:
    if claim.kind in ("reproduced", "above", "below", "on_par"):
        made = _of_task(claim, file, table, evidence, missing)
    elif claim.kind == "count":
        made = _count(claim, file, table, evidence)
    elif claim.kind == "between":
        made = _between(claim, evidence)
    elif claim.kind == "size":
        made = _size(claim, file, evidence)
    else:
        made = _Measured(verdict="not measured", reason=claim.reason or "")
    row = ClaimRow(
        id=claim.id,
        text=claim.text,
        origin=claim.origin,
        source=claim.source,
        mark=claim.mark,
        published=_published(claim, file, table),
        noise=_noise(claim, file, table),
        contradictions=tuple(each.text for each in file.contradictions if claim.id in each.about),
        verdict=made.verdict,
        reason=made.reason,
        findings=made.findings,
    )
    if made.run is None:
        return row
    row = msgspec.structs.replace(row, runs=(made.run.label,))
    return row if made.scores is None else _with_scores(row, claim, file, table, made.run, made.scores)


def _with_scores(
    row: ClaimRow, claim: Claim, file: ClaimsFile, table: _Table, run: RunScores, scores: TaskScores
) -> ClaimRow:
    """The row with what its run measured, how exposed it is, and why it is outside, if it is."""
    summary, grading = scores.summary, grading_of(scores)
    measured = _as_share(summary.protocol_score if grading == "protocol" else summary.score, scores)
    expected, outside = _range(row.findings) if claim.kind == "reproduced" else (None, None)
    why: tuple[Cause, ...] = ()
    if outside and measured is not None:
        framework = table[scores.name][file.subject].framework
        why = causes(
            run, scores, subject=file.subject, setup=file.setup, framework=framework, measured=measured
        )
    ours, theirs = _as_share(summary.score, scores), _as_share(summary.protocol_score, scores)
    return msgspec.structs.replace(
        row,
        unit=summary.unit,
        measured=measured,
        grading=grading,
        items=scored(scores),
        expected=expected,
        outside=outside,
        gap=theirs.mean - ours.mean if ours and theirs else None,
        gap_items=summary.differ_items,
        contamination=_contamination(scores),
        causes=why,
    )


def _as_share(interval: Interval | None, scores: TaskScores) -> Interval | None:
    if interval is None or scores.summary.unit == "share":
        return interval
    low, mean, high = (value / 150 for value in (interval.low, interval.mean, interval.high))
    return msgspec.structs.replace(interval, low=low, mean=mean, high=high)


# ---------------------------------------------------------------- one kind of claim each


def _of_task(
    claim: Claim, file: ClaimsFile, table: _Table, evidence: Evidence, missing: Mapping[str, str]
) -> _Measured:
    task, relation = str(claim.task), _relation(claim)
    found = evidence.find(file.subject, task)
    if found is None:
        reason = missing.get(task) or f"no run of {file.subject} on {task}"
        return _Measured(verdict="not measured", reason=reason)
    run, scores = found
    findings = _findings(claim, relation, scores, file, table, evidence)
    verdict = together([finding.verdict for finding in findings], wanted=max(1, len(findings)))
    if scores.summary.problem and verdict != "not measured":
        reason = f"the run is incomplete: {scores.summary.problem}"
        return _Measured(verdict="undecided", reason=reason, findings=findings, run=run, scores=scores)
    reason = _reason(findings)
    if not is_whole(scores):
        asked, rows = scores.manifest.items, scores.manifest.dataset.rows
        reason = f"{asked:,} of {rows:,} items were asked, which are no sample of all; on them {reason}"
    return _Measured(verdict=verdict, reason=reason, findings=findings, run=run, scores=scores)


def _relation(claim: Claim) -> Relation:
    assert claim.kind in ("reproduced", "above", "below", "on_par")
    return claim.kind


def _findings(
    claim: Claim,
    relation: Relation,
    scores: TaskScores,
    file: ClaimsFile,
    table: _Table,
    evidence: Evidence,
) -> tuple[Finding, ...]:
    """One comparison a model of the claim: with its run where we have one, else with its published score."""
    margin = file.noise.points / 100
    task = str(claim.task)
    found: list[Finding | None] = []
    for other in claim.others or [file.subject]:
        theirs = evidence.find(other, task) if relation != "reproduced" and other != file.subject else None
        made = None
        if theirs is not None:
            between = margin if relation == "on_par" else 0.0
            made = against_run(scores, theirs[1], relation, other, margin=between)
        found.append(made or against_score(scores, table[task][other], relation, margin=margin))
    return tuple(finding for finding in found if finding is not None)


def _reason(findings: Sequence[Finding]) -> str:
    """The comparison that decides, in words: the weakest for the claim."""
    if not findings:
        return "no item is scored"
    order: tuple[ClaimVerdict, ...] = ("contradicted", "undecided", "supported", "not measured")
    worst = min(findings, key=lambda finding: order.index(finding.verdict))
    points = 150 if worst.task == "amc" else 100
    delta, low, high = (number(points * value, 1, sign="+") for value in (worst.delta, worst.low, worst.high))
    text = f"{delta} points [{low}, {high}] against {worst.against}"
    if worst.published is not None:
        text += f" {points * worst.published:.1f}"
    return text + (f"; the labs' noise is {points * worst.margin:.1f}" if worst.margin else "; paired")


def _count(claim: Claim, file: ClaimsFile, table: _Table, evidence: Evidence) -> _Measured:
    findings: list[Finding] = []
    verdicts: list[ClaimVerdict] = []
    used: RunScores | None = None
    for task in claim.tasks:
        found = evidence.find(file.subject, task)
        part = msgspec.structs.replace(claim, task=task)
        made = () if found is None else _findings(part, "above", found[1], file, table, evidence)
        used = used or (found[0] if made and found else None)
        findings += made
        verdicts.append(made[0].verdict if made else "not measured")
    wins, losses = verdicts.count("supported"), verdicts.count("contradicted")
    reason = (
        f"ahead in {wins}, not ahead in {losses}, open in {verdicts.count('undecided')},"
        f" not measured in {verdicts.count('not measured')} of {len(verdicts)}"
    )
    return _Measured(
        verdict=together(verdicts, wanted=claim.wins or 1), reason=reason, findings=tuple(findings), run=used
    )


def _between(claim: Claim, evidence: Evidence) -> _Measured:
    first, second = claim.pair
    ours, theirs = (evidence.find(model, str(claim.task)) for model in (first, second))
    if ours is None or theirs is None:
        lacking = first if ours is None else second
        return _Measured(verdict="not measured", reason=f"no run of {lacking} on {claim.task}")
    made = against_run(ours[1], theirs[1], "above", second, margin=0.0)
    if made is None:
        return _Measured(verdict="not measured", reason="the two runs have no item in common")
    return _Measured(
        verdict=made.verdict, reason=_reason([made]), findings=(made,), run=ours[0], scores=ours[1]
    )


def _size(claim: Claim, file: ClaimsFile, evidence: Evidence) -> _Measured:
    for run in evidence.runs_of(file.subject):
        counted = run.manifest.fingerprint.details.get("parameters", "")
        if counted.isdigit():
            share = int(counted) / float(claim.parameters or 1)
            near = abs(share - 1) <= SIZE_TOLERANCE
            return _Measured(
                verdict="supported" if near else "contradicted",
                reason=f"the weights have {int(counted):,} parameters",
                run=run,
            )
    return _Measured(
        verdict="not measured", reason=f"no run of {file.subject} whose weights lay on the machine"
    )


# ---------------------------------------------------------------- the published side, and the rest


def _published(claim: Claim, file: ClaimsFile, table: _Table) -> str:
    """The published numbers that a claim is about, in words."""
    if claim.kind == "size":
        return f"{(claim.parameters or 0) / 1e9:.0f}B"
    if claim.task is None or claim.task not in table:
        name = claim.id
        return _shown(table[name][file.subject]) if name in table else "-"
    ours = table[claim.task][file.subject]
    others = [f"{other} {_shown(table[claim.task][other])}" for other in claim.others]
    return ", ".join([_shown(ours), *others])


def _shown(score: PublishedScore) -> str:
    return f"{(150 if score.task == 'amc' else 100) * score.score:.1f}"


def _noise(claim: Claim, file: ClaimsFile, table: _Table) -> str | None:
    """What the published numbers can tell by themselves."""
    task = claim.task
    if task is None or task not in table:
        return None
    if claim.kind == "reproduced":
        seen = file.noise.seen.get(task)
        return None if seen is None else f"two labs were {seen:.1f} points apart on it"
    ours = table[task][file.subject]
    others = [table[task][other] for other in claim.others]
    nearest = min(others, key=lambda other: abs(other.score - ours.score))
    return f"{published_noise(ours, nearest, file.items.get(task))}, to {nearest.model}"


def _range(findings: Sequence[Finding]) -> tuple[tuple[float, float] | None, bool | None]:
    """Where a reproduction of the published number falls, both sides' item noise and the labs' included."""
    if not findings or findings[0].published is None:
        return None, None
    (finding,) = findings
    assert finding.published is not None
    low = finding.published - finding.margin - (finding.high - finding.delta)
    high = finding.published + finding.margin + (finding.delta - finding.low)
    apart = decide("reproduced", finding.low, finding.high, finding.margin) == "contradicted"
    return (max(0.0, low), min(1.0, high)), apart


def _contamination(scores: TaskScores) -> str:
    """What a joined scan and the dates say of the task's items."""
    exposure, dates = scores.summary.exposure, scores.summary.dates
    parts = []
    if exposure is not None:
        clean = "none clean" if exposure.clean is None else f"{exposure.clean_items:,} clean items"
        parts.append(f"scanned: {exposure.leaked_items:,} leaked, {clean}")
    else:
        parts.append("not scanned")
    if any(dates.values()):
        parts.append("dates: " + ", ".join(f"{count:,} {name}" for name, count in dates.items() if count))
    return "; ".join(parts)
