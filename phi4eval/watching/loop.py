"""Which checkpoints of a training run are good? Each new one is evaluated, gated, remembered and reported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from phi4eval.engine import prepare
from phi4eval.errors import MissingError, Phi4evalError, StoreError
from phi4eval.gate.policy import DEFAULT, Policy, read_policy
from phi4eval.history import HistoryWriter, Judged, Ran
from phi4eval.progress import OnProgress
from phi4eval.protocols import StopSignal
from phi4eval.site.history import write_history
from phi4eval.store import dump_json
from phi4eval.task import expand
from phi4eval.types import Plan, RunRequest
from phi4eval.watching.checkpoints import Checkpoint, find_checkpoints
from phi4eval.watching.commands import On, due_on, run_command
from phi4eval.watching.judgement import LAST_GOOD, Evaluated, Rules, failed_entry, judged_entry

EVERY, SETTLE = 30.0, 5.0


class WatchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to watch and how to judge it.

    directory: holds one directory a checkpoint. run: how each is evaluated; its model is put in. out: folder
    of the history and the verdicts. policy: a gate.yaml, None for no regression on any task. baseline:
    `last-good`, or a run or published table that every checkpoint is gated against. scan, accept, strict: as
    for the gate. sandbox: as for a run. commands: program and arguments by occasion. once: judge what is
    there and end. every: seconds between looks. settle: seconds over which a checkpoint must stay as it is
    before it counts as finished, unless marker names a file that the training writes last.
    """

    directory: str
    run: RunRequest
    out: str
    policy: str | None = None
    baseline: str = LAST_GOOD
    scan: str | None = None
    accept: tuple[str, ...] = ()
    strict: bool = False
    sandbox: str | None = None
    commands: Mapping[On, tuple[str, ...]] = {}
    once: bool = False
    every: float = EVERY
    settle: float = SETTLE
    marker: str | None = None


class Reports(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told what while a watch goes.

    waiting: a checkpoint that is not finished, once for each thing that it lacks. planned: one that is about
    to be evaluated, with its plan; what it returns follows the progress. ran: how a command ended.
    """

    waiting: Callable[[Checkpoint], None] = lambda _: None
    planned: Callable[[Checkpoint, Plan], OnProgress | None] = lambda _, __: None
    ran: Callable[[Ran], None] = lambda _: None


OnPlan = Callable[[Plan], OnProgress | None]


class World(msgspec.Struct, frozen=True, kw_only=True):
    """The only ways of a watch to the time and to models.

    wait: pause for some seconds, shorter where the stop signal comes. now: the time of day. evaluate: run a
    checkpoint by a request, in a sandbox of a mode.
    """

    wait: Callable[[float, StopSignal], None]
    now: Callable[[], datetime]
    evaluate: Callable[[RunRequest, str | None, StopSignal, OnPlan], Evaluated]


def watch_checkpoints(
    request: WatchRequest,
    *,
    stop: StopSignal,
    reports: Reports | None = None,
    world: World | None = None,
) -> Iterator[Judged]:
    """Judge each finished checkpoint that the history does not know; yields one entry a checkpoint.

    An entry is stored and the page of the history written before a command is run, so that a watch that was
    killed goes on where it stopped; a command that it did not see the end of is run again. Ends when stop is
    set, or after one round if `once`. A checkpoint that cannot be evaluated is an entry `error`, tried again
    by the next watch.
    Raises UsageError for a missing directory, unknown tasks or a broken policy, MissingError for what the
    first evaluation lacks, StoreError where something cannot be written.
    """
    policy = DEFAULT if request.policy is None else read_policy(request.policy)
    expand(request.run.tasks)
    directory = Path(request.directory).absolute()
    find_checkpoints(directory, marker=request.marker)
    with HistoryWriter(request.out, str(directory)) as history:
        watch = _Watch(request, policy, history, stop, reports or Reports(), world or REAL)
        watch.finish_commands()
        while not stop.is_set():
            for checkpoint in watch.finished(directory):
                if stop.is_set():
                    return
                entry = watch.judge(checkpoint)
                if entry is not None:
                    watch.run_commands(entry)
                    yield entry
            if request.once:
                return
            watch.world.wait(request.every, stop)


class _Watch:
    """A watch that goes on: what was seen, and what is to be done about the next checkpoint."""

    def __init__(
        self,
        request: WatchRequest,
        policy: Policy,
        history: HistoryWriter,
        stop: StopSignal,
        reports: Reports,
        world: World,
    ) -> None:
        self.request, self.history, self.stop = request, history, stop
        self.reports, self.world = reports, world
        self.rules = Rules(
            policy=policy,
            baseline=request.baseline,
            scan=request.scan,
            accept=request.accept,
            strict=request.strict,
            results=request.run.results,
        )
        self._ask = msgspec.structs.replace(request.run, max_error_rate=policy.max_error_rate)
        # what could not be evaluated is tried again by the next watch, not by this one
        self._seen = {(line.checkpoint, line.state) for line in history.current() if line.standing != "error"}
        self._said: set[tuple[str, str | None]] = set()
        self._worked = False

    def finished(self, directory: Path) -> Iterator[Checkpoint]:
        """New checkpoints that are written to their end, in training order."""
        new = list(self._new(directory))
        if new and self.request.marker is None:
            # all files may be whole and one more still to come: only what stays as it is counts as finished
            self.world.wait(self.request.settle, self.stop)
            again = list(self._new(directory))
            new = [made for made in new if made in again]
        yield from new

    def _new(self, directory: Path) -> Iterator[Checkpoint]:
        for made in find_checkpoints(directory, marker=self.request.marker, known=self._seen):
            if made.problem is None:
                yield made
            elif (made.name, made.problem) not in self._said:
                self._said.add((made.name, made.problem))
                self.reports.waiting(made)

    def judge(self, checkpoint: Checkpoint) -> Judged | None:
        """The stored entry of a checkpoint; None where it was interrupted, or written anew meanwhile."""
        evaluated = self._evaluated(checkpoint)
        if isinstance(evaluated, str):
            return self._stored(checkpoint, failed_entry(checkpoint, evaluated, self._at()))
        if self.stop.is_set() and not evaluated.summary.complete:
            return None
        if not _unchanged(checkpoint, self.request.marker):
            return None
        verdict, baseline = self.rules.judge(checkpoint, evaluated, self.history, self.world.now().date())
        entry = judged_entry(checkpoint, evaluated, verdict, baseline, self._at())
        if verdict is not None:
            report = Path("verdicts") / f"{checkpoint.name[:100]}-{checkpoint.state[:8]}.json"
            target = self.history.folder / report
            target.parent.mkdir(exist_ok=True)
            content = msgspec.structs.asdict(verdict)
            dump_json(target, {"kind": "gate", "exit_code": verdict.exit_code, **content})
            entry = msgspec.structs.replace(entry, report=str(report))
        return self._stored(checkpoint, entry)

    def _evaluated(self, checkpoint: Checkpoint) -> Evaluated | str:
        """What a checkpoint scored, or why it could not be evaluated."""
        try:
            made = self.world.evaluate(
                msgspec.structs.replace(self._ask, model=str(checkpoint.path)),
                self.request.sandbox,
                self.stop,
                lambda plan: self.reports.planned(checkpoint, plan),
            )
        except StoreError:
            raise
        except MissingError as error:
            if not self._worked:
                raise  # what the very first evaluation lacks, all others lack too
            return error.message
        except Phi4evalError as error:
            return error.message
        except Exception as error:  # a checkpoint can break the libraries that read it in any way
            return f"{type(error).__name__}: {error}"
        self._worked = True
        return made

    def _at(self) -> str:
        return self.world.now().astimezone(UTC).isoformat(timespec="seconds")

    def _stored(self, checkpoint: Checkpoint, entry: Judged) -> Judged:
        self._seen.add((checkpoint.name, checkpoint.state))
        entry = msgspec.structs.replace(entry, due=due_on(entry, self.request.commands))
        self.history.add(entry)
        write_history(self.history)
        return entry

    def finish_commands(self) -> None:
        """Run what an earlier watch did not see the end of."""
        ended = {(line.checkpoint, line.state, line.on) for line in self.history.ran}
        for entry in self.history.judged[-1:]:  # all before it were followed by another entry
            self.run_commands(
                entry, without={on for on in entry.due if (entry.checkpoint, entry.state, on) in ended}
            )

    def run_commands(self, entry: Judged, *, without: Collection[str] = ()) -> None:
        """Run the commands that are due on an entry, and note how each ended."""
        for on, words in self.request.commands.items():
            if on not in entry.due or on in without:
                continue
            ended = run_command(words, entry, self.history.folder)
            line = Ran(
                checkpoint=entry.checkpoint,
                state=entry.state,
                on=on,
                code=ended.code,
                problem=ended.problem,
                at=self._at(),
            )
            self.history.add(line)
            self.reports.ran(line)


def _unchanged(checkpoint: Checkpoint, marker: str | None) -> bool:
    """Whether a directory still is what was looked at; one that is gone was judged as it was."""
    if not checkpoint.path.is_dir():
        return True
    return checkpoint in find_checkpoints(checkpoint.path.parent, marker=marker)


def _wait(seconds: float, stop: StopSignal) -> None:
    """Sleep in short naps, so that a signal ends it soon."""
    import time

    end = time.monotonic() + seconds
    while not stop.is_set() and (left := end - time.monotonic()) > 0:
        time.sleep(min(0.2, left))


def _evaluate(request: RunRequest, sandbox: str | None, stop: StopSignal, on_plan: OnPlan) -> Evaluated:
    with prepare(request) as prepared:
        plan = prepared.plan
        summary = prepared.execute(
            stop=stop,
            on_progress=on_plan(plan),
            command=f"phi4eval watch: {request.model}",
            sandbox=sandbox,
        )
    return Evaluated(
        summary=summary, run=str(Path(plan.directory).absolute()), weights=plan.fingerprint.weights
    )


REAL = World(wait=_wait, now=lambda: datetime.now(UTC), evaluate=_evaluate)
"""The clock of this machine, and its models."""
