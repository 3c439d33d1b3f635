"""Pass, fail, inconclusive, invalid or incomplete? Validity first, then completeness, then the rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec

from phi4eval.comparison.build import RESULTS, RunName, run_name
from phi4eval.comparison.paired import TaskComparison, align, compare_task
from phi4eval.comparison.scores import RunScores, read_scores
from phi4eval.comparison.settings import SettingDifference, setting_differences
from phi4eval.gate.baseline import find_baseline
from phi4eval.gate.check import Check, Sides
from phi4eval.gate.policy import DEFAULT, Policy, check_names, read_policy, tasks_of
from phi4eval.gate.rules import checks, needs_baseline
from phi4eval.gate.verdict import GateVerdict, Outcome, Quarantined, RuleResult, Status
from phi4eval.leaks import read_verdicts
from phi4eval.stats.multiple import holm
from phi4eval.store import find_run


class Scope(NamedTuple):
    """Tasks that the policy's rules are about, and those of them that are compared with the baseline."""

    tasks: tuple[str, ...]
    compared: tuple[str, ...]


def gate_runs(
    *,
    baseline: str | Path,
    candidate: str | Path,
    policy: str | Path | Policy | None = None,
    accept: Collection[str] = (),
    scan: str | Path | None = None,
    strict: bool = False,
    results: str | Path = RESULTS,
    today: date | None = None,
) -> GateVerdict:
    """Judge a candidate run against a baseline.

    baseline: a run, `last` (the newest complete run before the candidate with its tasks), `last:N` (the mean
    of the N newest), or published scores (`report`, `report:MODEL`). policy: a gate.yaml; without one, no
    regression on any task. accept: settings whose difference is accepted beside those of the policy. scan: a
    contamination scan or a run with one joined; None: the one joined into the candidate. today: decides which
    quarantines have expired. Raises UsageError for a broken policy and unknown names; differences and
    missing samples are no errors but the verdicts "invalid" and "incomplete".
    """
    rules = policy if isinstance(policy, Policy) else DEFAULT if policy is None else read_policy(policy)
    rules = msgspec.structs.replace(rules, accept=(*rules.accept, *accept))
    after = read_scores(find_run(str(candidate), results), max_error_rate=rules.max_error_rate)
    before, published, name, notes = find_baseline(str(baseline), after, rules, results)
    tasks = tuple(published if before is None else before.tasks)
    known = tuple(dict.fromkeys([*tasks, *after.tasks]))
    check_names(
        rules, known, {task: [i.id for i in made.items.values()] for task, made in after.tasks.items()}
    )
    quarantine = quarantine_on(rules, today or date.today())
    without = {
        task: frozenset(q.item for q in quarantine if q.task == task and not q.expired) for task in known
    }
    verdicts = after.scan if scan is None else read_verdicts(scan)
    sides = Sides(before, after, published, without, verdicts)
    verdict = _decide(sides, rules, name, scope_of(rules, tasks), quarantine=quarantine, strict=strict)
    return msgspec.structs.replace(verdict, warnings=(*verdict.warnings, *notes))


def scope_of(policy: Policy, tasks: Sequence[str]) -> Scope:
    """What a policy is about; tasks: what its rules mean where they name none."""
    all_: dict[str, None] = {}
    compared: dict[str, None] = {}
    for rule in policy.rules:
        all_ |= dict.fromkeys(tasks_of(rule, tasks))
        if needs_baseline(rule):
            compared |= dict.fromkeys(tasks_of(rule, tasks))
    return Scope(tuple(all_), tuple(compared))


def quarantine_on(policy: Policy, today: date) -> tuple[Quarantined, ...]:
    """The items that a policy leaves out, and whether they still are on a day."""
    return tuple(
        Quarantined(
            task=exempt.task,
            item=exempt.item,
            reason=exempt.reason,
            until=exempt.until,
            expired=date.fromisoformat(exempt.until) < today,
        )
        for exempt in policy.quarantine
    )


def opening(
    sides: Sides,
    policy: Policy,
    name: RunName,
    *,
    quarantine: tuple[Quarantined, ...] = (),
    strict: bool = False,
) -> GateVerdict:
    """A verdict with everything but the decision: who, by which policy, and what differs."""
    return GateVerdict(
        outcome="pass",
        headline="",
        strict=strict,
        policy=policy.name,
        baseline=name,
        candidate=run_name(sides.candidate),
        differences=() if sides.baseline is None else setting_differences(sides.baseline, sides.candidate),
        accepted=tuple(dict.fromkeys(policy.accept)),
        quarantine=quarantine,
        warnings=tuple(_warnings(sides, quarantine)),
    )


def _decide(
    sides: Sides,
    policy: Policy,
    name: RunName,
    scope: Scope,
    *,
    quarantine: tuple[Quarantined, ...],
    strict: bool,
) -> GateVerdict:
    blank = opening(sides, policy, name, quarantine=quarantine, strict=strict)
    both = tuple(task for task in scope.compared if _has_both(sides, task))
    problems, hints = invalid_reasons(sides, policy, scope, both, blank.differences)
    if problems:
        return ended(blank, "invalid", problems, hints)
    problems = _incomplete(sides, scope, both)
    if problems:
        hint = "the run command again asks for what is missing; max_error_rate in the policy allows failures"
        return ended(blank, "incomplete", problems, [hint])
    tasks = tuple(task for task in scope.tasks if task in sides.candidate.tasks)
    found = list(checks(policy, sides, both=both, tasks=tasks))
    results = _adjusted(found)
    comparisons = [_comparison(sides, task) for task in both] if sides.baseline else []
    outcome, headline = outcome_of(results)
    return msgspec.structs.replace(
        blank,
        outcome=outcome,
        headline=headline,
        rules=results,
        comparisons=tuple(made for made in comparisons if made is not None),
    )


def ended(blank: GateVerdict, outcome: Outcome, problems: Sequence[str], hints: Iterable[str]) -> GateVerdict:
    """The verdict of a gate that has no numbers to show."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return msgspec.structs.replace(
        blank,
        outcome=outcome,
        headline=f"{outcome}: {problems[0]}{more}",
        problems=tuple(problems),
        hints=tuple(dict.fromkeys(hints)),
    )


def _has_both(sides: Sides, task: str) -> bool:
    before = sides.published if sides.baseline is None else sides.baseline.tasks
    return task in before and task in sides.candidate.tasks


def invalid_reasons(
    sides: Sides,
    policy: Policy,
    scope: Scope,
    both: Sequence[str],
    differences: Iterable[SettingDifference],
) -> tuple[list[str], list[str]]:
    """Why no verdict can be given at all, and what would change that."""
    problems, hints = [], []
    missing = [
        f"{task}: {'the candidate' if task not in sides.candidate.tasks else 'the baseline'} did not run it"
        for task in scope.tasks
        if task not in sides.candidate.tasks or (task in scope.compared and task not in both)
    ]
    if missing and "tasks" not in policy.accept:
        problems += missing
        hints.append("run it, or pass --accept tasks to judge the others only")
    for difference in differences:
        if difference.task in both and difference.invalidates and difference.setting not in policy.accept:
            problems.append(difference.sentence())
            if difference.remedy:
                hints.append(difference.remedy)
            hints.append(f"or accept the difference: --accept {difference.setting}")
    if not any(task in sides.candidate.tasks for task in scope.tasks) or (scope.compared and not both):
        problems.append("there is no task that a rule is about and that both sides have")
    for task in scope.tasks:
        if task in sides.candidate.tasks and not _left(sides, task, paired=task in both):
            problems.append(f"{task}: no item is left to judge by")
            hints.append("compare runs of the same data set; a quarantine must leave some items")
    return problems, hints


def _left(sides: Sides, task: str, *, paired: bool) -> bool:
    """Whether an item is left to judge by; scored or not is a question of completeness."""
    without = sides.without.get(task, frozenset())
    ours = {key for key, item in sides.candidate.tasks[task].items.items() if item.id not in without}
    if sides.baseline is None or not paired:
        return bool(ours)
    return bool(ours & sides.baseline.tasks[task].items.keys())


def _incomplete(sides: Sides, scope: Scope, both: Sequence[str]) -> list[str]:
    found = []
    for task in scope.tasks:
        if task not in sides.candidate.tasks:
            continue
        runs = [("candidate", sides.candidate)]
        if sides.baseline is not None and task in both:
            runs.append(("baseline", sides.baseline))
        for who, run in runs:
            problem = run.tasks[task].summary.problem
            if problem is not None:
                found.append(f"{task}, {who}: {problem}")
            elif not _any_scored(run, task, sides.without.get(task, frozenset())):
                found.append(f"{task}, {who}: no sample could be scored")
        if not found and sides.baseline is not None and task in both:
            pairs = align(
                sides.baseline.tasks[task], sides.candidate.tasks[task], without=sides.without.get(task, ())
            )
            if not pairs.before:
                found.append(f"{task}: no item was scored in both runs")
    return found


def _any_scored(run: RunScores, task: str, without: Collection[str]) -> bool:
    items = run.tasks[task].items.values()
    return any(item.score is not None and item.id not in without for item in items)


def _adjusted(found: Sequence[Check]) -> tuple[RuleResult, ...]:
    """Holm over the error-level rules that are tests; warnings stop nothing and are adjusted apart."""
    adjusted: dict[int, float] = {}
    for level in ("error", "warn"):
        family = [(i, c.against) for i, c in enumerate(found) if c.level == level and c.against is not None]
        adjusted |= dict(zip([i for i, _ in family], holm([p for _, p in family]), strict=True))
    return tuple(check.result(adjusted.get(i)) for i, check in enumerate(found))


def _comparison(sides: Sides, task: str) -> TaskComparison | None:
    assert sides.baseline is not None
    without = sides.without.get(task, frozenset())
    scans = () if sides.scan is None else (sides.scan,)
    return compare_task(sides.baseline.tasks[task], sides.candidate.tasks[task], without=without, scans=scans)


def outcome_of(results: Sequence[RuleResult]) -> tuple[Outcome, str]:
    """What the rules together say, and a sentence of it."""
    errors = [rule for rule in results if rule.level == "error"]
    statuses: tuple[Status, ...] = ("fail", "inconclusive")
    for status in statuses:
        hit = [rule for rule in errors if rule.status == status]
        if hit:
            more = f" (and {len(hit) - 1} more)" if len(hit) > 1 else ""
            return status, f"{status}: {hit[0].name}: {hit[0].message}{more}"
    rules = f"{len(errors)} rule checks" if len(errors) != 1 else "1 rule check"
    warned = sum(rule.status != "pass" for rule in results if rule.level == "warn")
    return "pass", f"pass: {rules} kept" + (f", {warned} warnings" if warned else "")


def _warnings(sides: Sides, quarantine: Iterable[Quarantined]) -> Iterable[str]:
    for q in quarantine:
        if q.expired:
            yield f"the quarantine of {q.task} {q.item} ended on {q.until}: it counts again ({q.reason})"
        elif q.task in sides.candidate.tasks and q.item not in {
            item.id for item in sides.candidate.tasks[q.task].items.values()
        }:
            yield f"quarantine: {q.task} has no item {q.item}"
    for name, scores in sides.candidate.tasks.items():
        if scores.manifest.task.sample:
            yield f"{name} is a sample set: its score is no benchmark result"
    if sides.baseline is not None and sides.baseline.manifest.run_id == sides.candidate.manifest.run_id:
        yield "baseline and candidate are the same run"
