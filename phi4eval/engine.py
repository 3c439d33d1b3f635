"""The loop: prompts go out, each completion is stored as it comes, graded, and summed up at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType

import msgspec

from phi4eval.budget import RunBudget
from phi4eval.costs import known_price
from phi4eval.errors import MissingError, Phi4evalError
from phi4eval.graders import find_grader
from phi4eval.graders.code import RunCode
from phi4eval.graders.fact_judge import VERSION as FACT_JUDGE_VERSION
from phi4eval.graders.judge import VERSION as JUDGE_VERSION
from phi4eval.graders.pool import GradeJob, GradePool
from phi4eval.leaks import Scan, join_scan, read_scan
from phi4eval.planning import Work, installed_versions, make_work
from phi4eval.progress import Board, OnProgress
from phi4eval.protocols import StopSignal
from phi4eval.sandbox import MODES, choose_tier, open_runner
from phi4eval.stats.intervals import t_quantile
from phi4eval.store import Run, RunWriter, SampleKey
from phi4eval.summary import summarise, summarise_again
from phi4eval.types import (
    Completion,
    Draw,
    Grade,
    GraderSpec,
    Key,
    Plan,
    Prompt,
    Role,
    RunRequest,
    StoredGrade,
    StoredPrompt,
    Summary,
    Task,
    TaskManifest,
)

_JUDGED = (f"judge@{JUDGE_VERSION}", f"fact_judge@{FACT_JUDGE_VERSION}")
OUTSTANDING = 512
"""Grading jobs in flight at most; what comes while they are full is graded from disk afterwards."""


class _Never:
    def is_set(self) -> bool:
        return False


class PreparedRun:
    """A checked plan, ready to be carried out; closes its backend on exit."""

    def __init__(self, work: Work, scan: Scan | None = None) -> None:
        self._work = work
        self._scan = scan

    @property
    def plan(self) -> Plan:
        """What will be done."""
        return self._work.plan

    def execute(
        self,
        *,
        stop: StopSignal | None = None,
        on_progress: OnProgress | None = None,
        command: str = "",
        sandbox: str | None = None,
    ) -> Summary:
        """Generate what is missing, grade what is ungraded, and write the summary.

        Continues a run that was interrupted; asks nothing of the model if nothing is missing. Samples that
        ended as errors are asked again. When stop is set, what is in flight is finished and stored, and the
        summary of what is there is returned (complete=False).
        sandbox: `require`, `best` or `none`, how strong a box code tasks need; None: as each task says,
        `require` where it says nothing. MissingError where this machine has less.
        """
        signal = stop or _Never()
        runner = _code_runner(self._work.manifest.tasks, self._work.prompts, sandbox)
        with RunWriter(Path(self.plan.directory), self._work.manifest, self._work.prompts) as writer:
            versions = " ".join(f"{name}={version}" for name, version in installed_versions().items())
            writer.note_command(f"# {versions}")
            writer.note_command(command or "phi4eval.run(...)")
            board = Board(writer.run.manifest, on_progress, self._warnings())
            if self._scan is not None:
                # first: a scan of other items must stop the command before any token is paid
                writer.write_contamination(join_scan(writer.run, self._scan))
            with GradePool(open_runner=runner) as pool:
                desk = _Desk(writer, pool, self._work.prompts, board)
                desk.resume()
                missing = desk.missing()
                budget = self._budget(writer.run, signal)
                if missing:
                    desk.preflight()
                    self._generate(missing, desk, board, writer, budget)
                desk.grade_stored()
            rate = self.plan.request.max_error_rate
            summary = summarise(writer.run, max_error_rate=rate, stopped=budget.stopped)
            if summary != writer.run.summary:
                writer.write_summary(summary)
            return summary

    def _warnings(self) -> tuple[str, ...]:
        return (*self._work.reuse.warnings, *getattr(self._work.backend, "warnings", ()))

    def _budget(self, run: Run, stop: StopSignal) -> RunBudget:
        request, plan = self.plan.request, self.plan
        budget = RunBudget(
            max_cost=request.max_cost,
            max_tokens=request.max_tokens_total,
            price=known_price(plan.model, plan.fingerprint.backend),
            stop=stop,
        )
        budget.spend_all(completion for _, completion in run.completions())
        return budget

    def _generate(
        self, missing: list[Prompt], desk: _Desk, board: Board, writer: RunWriter, stop: RunBudget
    ) -> None:
        reuse = self._work.reuse
        found, asked = reuse.split(missing)
        for completion in found:
            desk.take(completion, writer.add_completion(completion))
        if not asked or stop.is_set():
            return
        expected = {SampleKey(p.task, p.item, draw.sample) for p in asked for draw in p.draws}
        # a run without limits is stopped by the user alone, and nothing is asked before each request
        answers = self._work.backend.generate(asked, stop if stop.limited else stop.stop)
        try:
            for completion in answers:
                key = SampleKey(completion.task, completion.item, completion.sample)
                if key not in expected:
                    raise Phi4evalError(
                        f"backend {self.plan.fingerprint.backend} answered {tuple(key)} twice or unasked",
                        "this is a bug of the backend; the run so far is kept",
                    )
                expected.discard(key)
                desk.take(completion, writer.add_completion(completion))
                stop.spend(completion)
                for twin in reuse.keep(completion):
                    desk.take(twin, writer.add_completion(twin))
                board.notices(completion.task, self._warnings())
        finally:
            close = getattr(answers, "close", None)
            if close is not None:
                close()
        if expected and not stop.is_set():
            raise Phi4evalError(
                f"backend {self.plan.fingerprint.backend} ended with {len(expected)} samples unanswered",
                "this is a bug of the backend; the same command asks for the rest",
            )

    def __enter__(self) -> PreparedRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._work.reuse.close()
        self._work.backend.close()


class _Desk:
    """Hands stored completions to the graders and files what comes back."""

    def __init__(
        self, writer: RunWriter, pool: GradePool, prompts: tuple[StoredPrompt, ...], board: Board
    ) -> None:
        self._writer = writer
        self._pool = pool
        self._board = board
        self._prompts = prompts
        self._specs = {made.task.name: grader_specs(made.task) for made in writer.run.manifest.tasks}
        self._keys = {
            SampleKey(stored.prompt.task, stored.prompt.item, draw.sample): stored.key
            for stored in prompts
            for draw in stored.prompt.draws
        }
        self._current = {
            (name, role): f"{spec.name}@{find_grader(spec.name).VERSION}"
            for name, specs in self._specs.items()
            for role, spec in specs.items()
        }
        self._offsets: dict[tuple[SampleKey, Role], int] = {}
        self._stored: dict[tuple[SampleKey, str], Grade] = {}
        self.changed = 0

    def resume(self) -> None:
        """Count what an earlier session left."""
        self._stored = self._writer.run.grades()
        for key, (_, finish) in self._writer.run.completion_index().items():
            if finish != "error":
                self._board.stored(key.task)
        for (key, role), grade in self._stored.items():
            if role == "main" and self._is_current(key.task, "main", grade):
                self._board.grade(key.task, key.item, grade)

    def _is_current(self, task: str, role: Role, grade: Grade | None) -> bool:
        if grade is None:
            return False
        # a model's verdict on the protocol's question outranks the symbolic stand-in
        return grade.grader in (self._current.get((task, role)), *(_JUDGED if role == "protocol" else ()))

    def missing(self) -> list[Prompt]:
        """Prompts with the draws that have no completion yet or only a failed one."""
        index = self._writer.run.completion_index()

        def wanted(prompt: Prompt, draw: Draw) -> bool:
            stored = index.get(SampleKey(prompt.task, prompt.item, draw.sample))
            return stored is None or stored[1] == "error"

        left = []
        for stored in self._prompts:
            draws = tuple(draw for draw in stored.prompt.draws if wanted(stored.prompt, draw))
            if draws:
                left.append(msgspec.structs.replace(stored.prompt, draws=draws))
        return left

    def preflight(self) -> None:
        """Grade one made-up answer a task: a grader that cannot work must fail before any token is paid."""
        for task, specs in self._specs.items():
            stored = next(s for s in self._prompts if s.prompt.task == task)
            for role, spec in specs.items():
                self._pool.submit(_job(_made_up(stored), stored.key, role, spec))
        # loads its library now, while the graders start, and not while completions wait to be stored
        t_quantile(1)
        for graded in self._pool.drain():
            if graded.grade.verdict == "error":
                kind = MissingError if graded.grade.rule == "not_installed" else Phi4evalError
                raise kind(
                    f"grader {graded.grade.grader} of task {graded.task} does not work here:"
                    f" {graded.grade.explanation}",
                    "install what it names (phi4eval doctor shows the rest); nothing was generated",
                )

    def take(self, completion: Completion, offset: int) -> None:
        """A completion that was just stored: grade it now if the graders keep up, else later from disk."""
        self._board.completion(completion)
        if len(self._offsets) < OUTSTANDING:
            self._submit(completion, offset)
        self._collect(self._pool.poll())

    def grade_stored(self, *, again: bool = False) -> None:
        """Grade every stored completion that has no grade of the present graders; all of them if `again`."""
        self._collect(self._pool.drain())
        run = self._writer.run
        self._stored = run.grades()
        for offset, completion in run.completions():
            key = SampleKey(completion.task, completion.item, completion.sample)
            for role in self._specs.get(completion.task, {}):
                stored = self._stored.get((key, role))
                if (again and not (stored and stored.grader in _JUDGED)) or not self._is_current(
                    key.task, role, stored
                ):
                    self._submit(completion, offset, role)
            if len(self._offsets) >= OUTSTANDING:
                self._collect(self._pool.drain())
        self._collect(self._pool.drain())

    def _submit(self, completion: Completion, offset: int, only: Role | None = None) -> None:
        key = SampleKey(completion.task, completion.item, completion.sample)
        if key not in self._keys:
            return
        for role, spec in self._specs[completion.task].items():
            if only in (None, role):
                self._offsets[key, role] = offset
                self._pool.submit(_job(completion, self._keys[key], role, spec))

    def _collect(self, results: Iterator[StoredGrade] | list[StoredGrade]) -> None:
        for graded in results:
            key = SampleKey(graded.task, graded.item, graded.sample)
            offset = self._offsets.pop((key, graded.role))
            before = self._stored.get((key, graded.role))
            if before != graded.grade:
                self._writer.add_grade(msgspec.structs.replace(graded, offset=offset))
                self.changed += before is not None and before.verdict != graded.grade.verdict
            if graded.role == "main":
                self._board.grade(graded.task, graded.item, graded.grade)


def grader_specs(task: Task) -> dict[Role, GraderSpec]:
    """The graders that judge each completion of a task."""
    specs: dict[Role, GraderSpec] = {"main": task.grader}
    if task.protocol_grader is not None:
        specs["protocol"] = task.protocol_grader
    return specs


def _job(completion: Completion, key: Key, role: Role, spec: GraderSpec) -> GradeJob:
    return GradeJob(
        task=completion.task,
        item=completion.item,
        sample=completion.sample,
        role=role,
        completion=completion,
        key=key,
        spec=spec,
    )


def _made_up(stored: StoredPrompt) -> Completion:
    text = "```python\npass\n```" if "entry_point" in stored.key.extra else f"Answer: {stored.key.gold}"
    return Completion(
        task=stored.prompt.task, item=stored.prompt.item, sample=0, text=text, finish="stop", prompt_hash=""
    )


def prepare(request: RunRequest) -> PreparedRun:
    """Resolve and check a request; see planning.make_work for what it raises."""
    scan = None if request.contamination is None else read_scan(request.contamination)
    return PreparedRun(make_work(request), scan)


def _code_runner(
    tasks: Iterable[TaskManifest], prompts: Iterable[StoredPrompt], sandbox: str | None
) -> Callable[[], RunCode] | None:
    """How grading workers open their sandbox, at one tier for the whole run; None if no task runs code."""
    running = {stored.prompt.task for stored in prompts if stored.key.extra.get("entry_point")}
    asked = {
        made.task.grader.options.get("sandbox", "require") for made in tasks if made.task.name in running
    }
    if not asked:
        return None
    # of several tasks the one that asks for most decides: they share their workers
    mode = sandbox or next((mode for mode in MODES if mode in asked), min(asked))
    return partial(open_runner, tier=choose_tier(mode))


def regrade(
    directory: str, *, on_progress: OnProgress | None = None, sandbox: str | None = None
) -> tuple[Summary, int]:
    """Grade a run's stored completions again, without a model. sandbox: as for PreparedRun.execute.

    Returns the summary and how many verdicts changed. Grades that come out the same are not written again.
    """
    run = Run(Path(directory))
    before = run.summary
    prompts = tuple(run.prompts())
    runner = _code_runner(run.manifest.tasks, prompts, sandbox)
    with RunWriter(run.path, run.manifest, prompts) as writer, GradePool(open_runner=runner) as pool:
        board = Board(run.manifest, on_progress)
        for key in run.completion_index():
            board.stored(key.task)
        desk = _Desk(writer, pool, prompts, board)
        desk.grade_stored(again=True)
        summary = summarise_again(run, before)
        if summary != before:
            writer.write_summary(summary)
    return summary, desk.changed
