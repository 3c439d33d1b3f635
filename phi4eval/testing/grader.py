"""Does a grader keep its contract (protocols.Grader)?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from phi4eval.protocols import Grader
from phi4eval.testing.contract import Clause, Report, check, demand
from phi4eval.types import VERDICTS, Grade, Key

HOSTILE = (
    "",
    " \n\t ",
    "\x00\x1b[2J\u202e\ufeff",
    "Answer: ",
    "\\boxed{" * 2_000,
    "(" * 5_000,
    "Answer: " + "9" * 10_000,
    "Answer: A\nAnswer: B\nAnswer: C",
    "\\boxed{\\frac{1}{0}}",
    "答案：\N{FULLWIDTH DIGIT FOUR}\N{FULLWIDTH DIGIT TWO} é 🙂",
    "I cannot help with that.",
    "x" * 200_000,
)
"""Texts that no grader may raise for."""

Case = tuple[str, Key, str]
"""A text, its key, and the verdict it must get."""


def check_grader(
    grader: Grader,
    cases: Iterable[Case],
    *,
    options: Mapping[str, str] | None = None,
    skip: Mapping[str, str] | None = None,
) -> Report:
    """Grade cases and hostile texts; ContractError names every clause that does not hold.

    grader: a module or object with VERSION and grade(text, key, options). cases: at least one `correct` and
    one `incorrect` among them: a grader that cannot say no is no grader.
    """
    bench = _Bench(grader, tuple(cases), dict(options or {}))
    return check(f"grader {getattr(grader, '__name__', type(grader).__name__)}", bench.clauses(), skip or {})


class _Bench:
    """The grader under test, and one method a clause."""

    def __init__(self, grader: Grader, cases: tuple[Case, ...], options: dict[str, str]) -> None:
        self._grader, self._cases, self._options = grader, cases, options

    def clauses(self) -> list[Clause]:
        return [
            ("it has a VERSION", self.version),
            ("the cases are graded as they say", self.verdicts),
            ("it can say yes and no", self.both),
            ("no text makes it raise", self.total),
            ("a grade is well formed", self.well_formed),
            ("the same text gets the same grade", self.pure),
            ("options are not changed", self.unchanged),
        ]

    def _grade(self, text: str, key: Key) -> Grade:
        return self._grader.grade(text, key, dict(self._options))

    def version(self) -> None:
        version = getattr(self._grader, "VERSION", None)
        demand(isinstance(version, str) and version, "VERSION must be a non-empty string")

    def verdicts(self) -> None:
        wrong = [
            f"{text!r} against {key.gold!r} is {found}, not {verdict}"
            for text, key, verdict in self._cases
            if (found := self._grade(text, key).verdict) != verdict
        ]
        demand(not wrong, "; ".join(wrong))

    def both(self) -> None:
        seen = {verdict for _, _, verdict in self._cases}
        demand({"correct", "incorrect"} <= seen, "give a correct and an incorrect case")

    def total(self) -> None:
        for text in HOSTILE:
            for key in {key.gold: key for _, key, _ in self._cases}.values():
                try:
                    self._grade(text, key)
                except Exception as error:
                    raise AssertionError(
                        f"{text[:30]!r}... raised {type(error).__name__}: {error}"
                    ) from error

    def well_formed(self) -> None:
        texts = [*((text, key) for text, key, _ in self._cases), *((t, self._cases[0][1]) for t in HOSTILE)]
        for text, key in texts:
            grade = self._grade(text, key)
            where = f"for {text[:30]!r}"
            demand(grade.verdict in VERDICTS, f"verdict {grade.verdict!r} {where}")
            demand(0 <= grade.score <= 1, f"score {grade.score} {where}")
            demand(
                (grade.score == 1) == (grade.verdict == "correct"), f"{grade.verdict}, {grade.score} {where}"
            )
            demand(grade.rule and grade.explanation, f"rule and explanation must say something {where}")
            if grade.span is not None:
                begin, end = grade.span
                demand(0 <= begin <= end <= len(text), f"span {grade.span} lies outside the text {where}")
            msgspec.json.encode(grade)

    def pure(self) -> None:
        for text, key, _ in self._cases:
            demand(self._grade(text, key) == self._grade(text, key), f"{text!r} was graded in two ways")

    def unchanged(self) -> None:
        for text, key, _ in self._cases:
            given = dict(self._options)
            self._grader.grade(text, key, given)
            demand(given == self._options, "grade() changed the options")
