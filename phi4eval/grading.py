"""Is this answer the gold? One call for other programs: `phi4eval.grade(gold=..., prediction=...)`.

    >>> import phi4eval
    >>> phi4eval.grade(gold="1/2", prediction="0.5").correct
    True

Safe as a reward function: it never raises for any text, works from any thread, and is bounded in time. Most
pairs are decided in this process by strings, exact numbers and structure (well under a millisecond). Only
what needs algebra goes to worker processes that can be killed; they start with the first such pair, are
shared by all threads of this process, and end with it.
"""

from __future__ import annotations

import atexit
import itertools
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from phi4eval.errors import UsageError
from phi4eval.graders import grade_completion
from phi4eval.graders.options import letter_of
from phi4eval.graders.pool import GradeJob, GradePool
from phi4eval.graders.symbolic import Undecided, without_algebra
from phi4eval.types import Completion, Grade, GraderSpec, Key, Verdict

__all__ = ["Form", "Judgement", "Pair", "grade", "grade_pair"]

Form = Literal["answer", "response"]
WALL_SECONDS = 2.0
"""A pair that takes the algebra system longer is ungradable."""
WORKERS = 4
"""Worker processes at most."""
_LETTERS = "ABCDEFGHIJ"
_CHOICE = frozenset({"choice", "mcq", "multiple_choice", "letter"})
_GRADERS = {"integer": "integer", "text": "text", "string": "text"}


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """One gold and one prediction.

    form: `answer` (prediction is a final answer and nothing else) or `response` (a whole completion in which
    the final answer has to be found first). kind: `choice`, `text` and `integer` name the grader; any other
    means mathematics. choices: option texts from A on; they make the pair one of multiple choice, and gold a
    letter, or the text or value of one option. problem: the question: an answer that
    is not stated is read by what it asks for.
    """

    gold: str
    prediction: str
    form: Form = "answer"
    kind: str = ""
    choices: tuple[str, ...] = ()
    problem: str = ""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A grade for other programs.

    correct: None where the grader could not decide (verdict `ungradable` or `error`): such a pair is not a
    wrong answer, and a reward function should leave it out. The rest is as in Grade.
    """

    correct: bool | None
    verdict: Verdict
    extracted: str | None
    span: tuple[int, int] | None
    rule: str
    explanation: str
    grader: str
    flags: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.correct is True


def grade(
    *,
    gold: str,
    prediction: str,
    form: Form = "answer",
    kind: str = "",
    choices: Sequence[str] | Mapping[str, str] = (),
    problem: str = "",
) -> Judgement:
    """Judge one prediction. See Pair for the arguments; returns within a few seconds for any text.

    Raises UsageError for a form that does not exist, and for a gold or prediction that is no string.
    """
    if not isinstance(gold, str) or not isinstance(prediction, str):
        raise UsageError("gold and prediction must be strings", "str(...) of a number is graded as a number")
    if form not in ("answer", "response"):
        raise UsageError(f'form is "{form}"', 'it must be "answer" or "response"')
    texts = tuple(choices.values()) if isinstance(choices, Mapping) else tuple(choices)
    return grade_pair(
        Pair(gold=gold, prediction=prediction, form=form, kind=kind, choices=texts, problem=problem)
    )


def grade_pair(pair: Pair) -> Judgement:
    """Judge one pair and wait for it."""
    found: list[Judgement] = []
    done = threading.Event()

    def keep(judgement: Judgement) -> None:
        found.append(judgement)
        done.set()

    submit_pair(pair, keep)
    done.wait()
    return found[0]


def submit_pair(pair: Pair, then: Callable[[Judgement], None]) -> None:
    """Judge one pair and call `then` with the result: at once if it is cheap, else later in another thread.

    `then` must not raise.
    """
    completion, key, spec = _question(pair)
    with without_algebra():
        grade = grade_completion(completion, key, spec)
    if grade.rule == f"exception/{Undecided.__name__}":
        _desk().submit(completion, key, spec, lambda later: then(_judgement(later)))
    else:
        then(_judgement(grade))


def _question(pair: Pair) -> tuple[Completion, Key, GraderSpec]:
    completion = Completion(task="", item="", sample=0, text=pair.prediction, finish="stop", prompt_hash="")
    options: dict[str, str] = {"form": pair.form}
    gold = pair.gold
    name = _GRADERS.get(pair.kind, "math")
    letter = letter_of(gold, pair.choices) if pair.choices or pair.kind in _CHOICE else None
    if letter is not None or pair.choices:
        name, gold = "choice", letter or gold
        if not pair.choices:
            options["letters"] = _LETTERS[:5] if gold in _LETTERS[:5] else _LETTERS
    key = Key(gold=gold, choices=pair.choices, problem=pair.problem)
    return completion, key, GraderSpec(name=name, options=options)


def _judgement(grade: Grade) -> Judgement:
    undecided = grade.verdict in ("ungradable", "error")
    return Judgement(
        correct=None if undecided else grade.verdict == "correct",
        verdict=grade.verdict,
        extracted=grade.extracted,
        span=grade.span,
        rule=grade.rule,
        explanation=grade.explanation,
        grader=grade.grader,
        flags=grade.flags,
    )


class _Desk:
    """One pool for all threads: hands each grade to the call that waits for it."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._pool = GradePool(min(os.cpu_count() or 1, WORKERS), wall_seconds=WALL_SECONDS)
        self._waiting: dict[str, Callable[[Grade], None]] = {}
        self._numbers = itertools.count()
        self._asked = threading.Event()
        threading.Thread(target=self._collect, name="grade-collector", daemon=True).start()
        atexit.register(self._pool.close)

    def submit(
        self, completion: Completion, key: Key, spec: GraderSpec, then: Callable[[Grade], None]
    ) -> None:
        number = str(next(self._numbers))
        self._waiting[number] = then
        self._pool.submit(
            GradeJob(task="", item=number, sample=0, role="main", completion=completion, key=key, spec=spec)
        )
        self._asked.set()

    def _collect(self) -> None:
        while self._asked.wait():
            self._asked.clear()
            try:
                for graded in self._pool.drain():
                    self._waiting.pop(graded.item)(graded.grade)
            except Exception as error:  # the pool cannot start workers here: every caller must hear of it
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        for number in list(self._waiting):
            self._waiting.pop(number)(
                Grade(verdict="error", score=0.0, rule="grade_pool", explanation=str(error), grader="math")
            )


_opening = threading.Lock()
_desks: list[_Desk] = []


def _desk() -> _Desk:
    """This process's desk; after a fork the child gets its own."""
    with _opening:
        if not _desks or _desks[-1].process != os.getpid():
            _desks[:] = [_Desk()]
        return _desks[-1]
