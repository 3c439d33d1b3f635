"""How few items does a gate need? Runs the candidate in a seeded order and stops as soon as it is decided.

After every batch each no-regression rule is looked at with a confidence sequence that is valid at every look
(stats.sequential), so stopping early costs no error. The verdict is about the result of running all items.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from pathlib import Path

import msgspec

from phi4eval.comparison import words
from phi4eval.comparison.build import run_name
from phi4eval.comparison.scores import RunScores, read_scores
from phi4eval.engine import PreparedRun
from phi4eval.errors import UsageError
from phi4eval.gate.check import Sides
from phi4eval.gate.decide import ended, invalid_reasons, opening, outcome_of, quarantine_on, scope_of
from phi4eval.gate.policy import DEFAULT, NoRegression, Policy, check_names, read_policy, tasks_of
from phi4eval.gate.verdict import GateVerdict, RuleResult, Status
from phi4eval.planning import Work, make_work
from phi4eval.protocols import StopSignal
from phi4eval.seeds import seed_for
from phi4eval.stats.sequential import SequentialTest
from phi4eval.store import RunWriter, find_run
from phi4eval.types import RunRequest

BATCH = 32
"""Items of a task before the first look; later batches grow with what was seen."""

OnBatch = Callable[[str, int, int], None]
"""Called after each look at a task with (task, items seen, items there are)."""


class _Track:
    """One rule on one task: its test, the seeded order of its items, and how far it has come."""

    def __init__(
        self,
        rule: NoRegression,
        task: str,
        place: str,
        keys: Sequence[str],
        alpha: float,
        unit: words.Unit = "share",
    ) -> None:
        self.rule, self.task, self.place, self.keys, self.unit = rule, task, place, keys, unit
        self.taken = 0
        self.test = SequentialTest(
            items=len(keys), margin=rule.margin, detect=rule.excluded, alpha=rule.alpha or alpha
        )

    def next_keys(self, batch: int) -> Sequence[str]:
        """The items to look at next; none once the test is decided."""
        if self.test.decision != "undecided":
            return ()
        return self.keys[self.taken : self.taken + max(batch, self.taken // 4)]

    def take(self, keys: Iterable[str], before: RunScores, after: RunScores) -> str | None:
        """Feed the items in their order; the id of one that has no score, where the test cannot go on."""
        ours, theirs = before.tasks[self.task].items, after.tasks[self.task].items
        for key in keys:
            old, new = ours[key].score, theirs[key].score
            if old is None or new is None:
                return theirs[key].id
            self.test.update(new - old)
            self.taken += 1
            if self.test.decision != "undecided":
                break
        return None

    def result(self, tests: int) -> RuleResult:
        """Where the rule stands; p_holm is the p-value times the number of tests."""
        standing = self.test.standing()
        statuses: dict[str, Status] = {"pass": "pass", "fail": "fail", "undecided": "inconclusive"}
        size = words.scale(self.unit)
        delta, low, high = (
            words.number(size * value, 1, sign="+") for value in (standing.difference, *standing.interval)
        )
        return RuleResult(
            rule="no-regression",
            task=self.task,
            level=self.rule.level,
            status=statuses[self.test.decision],
            message=(
                f"{delta} [{low}, {high}] points after {self.taken} of {len(self.keys)} items"
                f" ({standing.method})"
            ),
            remedy=None if self.test.decision != "undecided" else "another rule decided first",
            p_value=standing.p_regression,
            p_holm=min(1.0, tests * standing.p_regression),
            place=self.place,
        )


def gate_sequentially(
    request: RunRequest,
    *,
    baseline: str | Path,
    policy: str | Path | Policy | None = None,
    accept: Collection[str] = (),
    strict: bool = False,
    seed: int = 0,
    batch: int = BATCH,
    today: date | None = None,
    stop: StopSignal | None = None,
    on_batch: OnBatch | None = None,
) -> GateVerdict:
    """Run the candidate that a request describes only as far as the gate needs, against a complete run.

    seed: of the order in which items are drawn. alpha is divided by the number of error-level tests
    (Bonferroni: Holm would look at them together). What was run is kept; the run command completes it.
    Raises UsageError for a policy with other rules than no-regression, and what planning raises.
    """
    rules = policy if isinstance(policy, Policy) else DEFAULT if policy is None else read_policy(policy)
    rules = msgspec.structs.replace(rules, accept=(*rules.accept, *accept))
    for rule, place in zip(rules.rules, rules.places, strict=True):
        if not isinstance(rule, NoRegression):
            raise UsageError(
                f"{place or rules.name}: a sequential gate knows no-regression rules only",
                "give it a policy of its own; the other rules need the whole run",
            )
    before = read_scores(find_run(str(baseline), request.results), max_error_rate=rules.max_error_rate)
    work = make_work(request)
    try:
        with RunWriter(Path(work.plan.directory), work.manifest, work.prompts):
            pass  # all prompts are on disk before the first is asked: the run can be continued as usual
        return _judge(
            work,
            before,
            rules,
            strict=strict,
            seed=seed,
            batch=batch,
            today=today,
            stop=stop,
            on_batch=on_batch,
        )
    finally:
        work.backend.close()


def _judge(
    work: Work,
    before: RunScores,
    policy: Policy,
    *,
    strict: bool,
    seed: int,
    batch: int,
    today: date | None,
    stop: StopSignal | None,
    on_batch: OnBatch | None,
) -> GateVerdict:
    directory = Path(work.plan.directory)
    after = read_scores(directory)
    known = tuple(dict.fromkeys([*before.tasks, *after.tasks]))
    check_names(policy, known, {})
    quarantine = quarantine_on(policy, today or date.today())
    without = {t: frozenset(q.item for q in quarantine if q.task == t and not q.expired) for t in known}
    scope = scope_of(policy, tuple(before.tasks))
    both = tuple(task for task in scope.compared if task in before.tasks and task in after.tasks)

    def looked_at(now: RunScores) -> GateVerdict:
        """Invalid or incomplete, or the opening of a verdict (outcome pass, no headline)."""
        sides = Sides(before, now, {}, without, None)
        blank = opening(sides, policy, run_name(before), quarantine=quarantine, strict=strict)
        problems, hints = invalid_reasons(sides, policy, scope, both, blank.differences)
        if problems:
            return ended(blank, "invalid", problems, hints)
        unfinished = [f"{t}, baseline: {p}" for t in both if (p := before.tasks[t].summary.problem)]
        return ended(blank, "incomplete", unfinished, []) if unfinished else blank

    blank = looked_at(after)
    tracks = [] if blank.headline else _tracks(policy, before, after, both, without, seed)
    while not blank.headline and (wanted := [(track, track.next_keys(batch)) for track in tracks]):
        keys = {(track.task, key) for track, some in wanted for key in some}
        if not keys or _failed(tracks):
            break
        _run(work, after, keys, stop)
        after = read_scores(directory)
        blank = looked_at(after)
        for track, some in wanted if not blank.headline else ():
            unscored = track.take(some, before, after)
            if unscored is not None:
                text = f"{track.task}: item {unscored} has no score in one of the runs"
                hint = "the same command asks for it again and goes on"
                return ended(blank, "incomplete", [text], [hint])
            if on_batch is not None:
                on_batch(track.task, track.taken, len(track.keys))
    return blank if blank.headline else _verdict(blank, tracks)


def _tracks(
    policy: Policy,
    before: RunScores,
    after: RunScores,
    both: Sequence[str],
    without: dict[str, frozenset[str]],
    seed: int,
) -> list[_Track]:
    chosen = [
        (rule, task, place)
        for rule, place in zip(policy.rules, policy.places, strict=True)
        for task in tasks_of(rule, both)
        if isinstance(rule, NoRegression) and task in both
    ]
    tests = max(1, sum(rule.level == "error" for rule, _, _ in chosen))
    tracks = []
    for rule, task, place in chosen:
        ours, theirs = before.tasks[task].items, after.tasks[task].items
        common = [
            key
            for key, item in ours.items()
            if key in theirs and item.score is not None and item.id not in without[task]
        ]
        # one order a task whatever the rule, drawn by the item's own hash: no run's order of rows matters
        keys = sorted(common, key=lambda key: (seed_for("sequential gate", seed, task, key), key))
        share = msgspec.structs.replace(rule, alpha=(rule.alpha or policy.alpha) / tests)
        unit = before.tasks[task].summary.unit
        tracks.append(_Track(share, task, place, keys, policy.alpha, unit))
    return tracks


def _run(work: Work, after: RunScores, keys: set[tuple[str, str]], stop: StopSignal | None) -> None:
    """Ask and grade the samples of these items; those that are stored already cost nothing."""
    ids = {(task, after.tasks[task].items[key].id) for task, key in keys}
    prompts = tuple(row for row in work.prompts if (row.prompt.task, row.prompt.item) in ids)
    PreparedRun(work._replace(prompts=prompts)).execute(stop=stop, command="phi4eval gate --sequential")


def _failed(tracks: Iterable[_Track]) -> bool:
    return any(track.rule.level == "error" and track.test.decision == "fail" for track in tracks)


def _verdict(blank: GateVerdict, tracks: Sequence[_Track]) -> GateVerdict:
    tests = max(1, sum(track.rule.level == "error" for track in tracks))
    results = tuple(track.result(tests) for track in tracks if track.taken)
    outcome, headline = outcome_of(results)
    taken, there = sum(t.taken for t in tracks), sum(len(t.keys) for t in tracks)
    note = f"stopped after {taken:,} of {there:,} items: the candidate's run is unfinished on purpose"
    return msgspec.structs.replace(
        blank,
        outcome=outcome,
        headline=f"{headline} (after {taken:,} of {there:,} items)",
        rules=results,
        warnings=(*blank.warnings, *([note] if taken < there else [])),
    )
