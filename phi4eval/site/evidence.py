"""What did each model answer to one item? Evidence, read where it lies when a page needs it."""

from __future__ import annotations

import msgspec
from markupsafe import Markup, escape

from phi4eval.site.names import visible
from phi4eval.site.prose import prose
from phi4eval.site.records import Cell, ItemPage, Measured, TaskBoard
from phi4eval.store import Run, SampleKey
from phi4eval.types import Grade, Message

SHOWN = 100_000
"""Bytes of completions on one page, escaped; the rest is cut and said to be."""
MOST = 120
"""Completions on one page, shared among the runs; more are counted."""
MATH = 60_000
"""Characters of markup that formulas may take on one page; later ones are shown as source."""
LEAST = 600
"""Bytes that every completion may show, however many there are."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One completion on a page. cut: characters that are not shown. letter: the right one as it was asked."""

    run: str
    label: str
    sample: int
    verdict: str
    body: Markup | None
    cut: int
    grade: Grade | None
    protocol: Grade | None
    tokens: int | None
    seconds: float | None
    error: str | None
    gold: str
    order: tuple[int, ...]
    reasoning: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """An item's page: question, right answer, choices, the prompt as sent, and all answers."""

    question: Markup
    solution: Markup | None
    gold: Markup
    choices: tuple[Markup, ...]
    messages: tuple[Message, ...]
    answers: tuple[Answer, ...]
    more: int


_QUESTIONS = ("problem", "question", "prompt", "Question", "input")
_SOLUTIONS = ("solution", "rationale", "explanation", "Explanation", "canonical_solution")


class Reader:
    """Opens runs' evidence. Holds each run's grades, which decide what is shown."""

    def __init__(self, runs: dict[str, Run]) -> None:
        self._runs = runs
        self._grades: dict[str, dict[tuple[SampleKey, str], Grade]] = {}

    def grades(self, run: str) -> dict[tuple[SampleKey, str], Grade]:
        """All grades of a run, read once."""
        if run not in self._grades:
            self._grades[run] = self._runs[run].grades()
        return self._grades[run]

    def evidence(self, board: TaskBoard, page: ItemPage) -> Evidence:
        """Everything that an item's page shows; not to be called for tasks whose items are hidden."""
        item = page.item
        asked = [(m, m.cells[id_]) for m in board.every if (id_ := _id_in(m, page.key)) is not None]
        most = max(1, MOST // max(1, len(asked)))
        samples = sum(min(most, len(cell.places)) for _, cell in asked)
        room = max(LEAST, SHOWN // max(1, samples))
        math = board.task is None or board.task.grader.name != "code"
        left = [MATH]
        answers = []
        messages: tuple[Message, ...] = ()
        for measured, cell in asked:
            some = msgspec.structs.replace(cell, samples=cell.samples[:most])
            for answer, sent in self._answers(measured, some, room=room, math=math, left=left):
                messages = messages or sent
                answers.append(answer)
        row = item.row
        solution = next((str(row[name]) for name in _SOLUTIONS if row.get(name)), "")
        return Evidence(
            question=question_of(page, board),
            solution=_prose(clipped(solution, 24_000), math=math) if solution else None,
            gold=_gold(page, math=math),
            choices=tuple(_prose(clipped(choice, 4_000), math=math) for choice in item.choices),
            messages=tuple(
                msgspec.structs.replace(message, content=clipped(message.content, 24_000))
                for message in messages
            ),
            answers=tuple(answers),
            more=sum(len(cell.samples) for _, cell in asked) - len(answers),
        )

    def answers(
        self, measured: Measured, key: str, *, room: int, most: int, left: list[int]
    ) -> tuple[Answer, ...]:
        """The first answers of a run to an item, for a page that shows several items."""
        id_ = _id_in(measured, key)
        if id_ is None:
            return ()
        cell = measured.cells[id_]
        first = msgspec.structs.replace(cell, samples=cell.samples[:most])
        math = measured.manifest.task.grader.name != "code"
        return tuple(answer for answer, _ in self._answers(measured, first, room=room, math=math, left=left))

    def _answers(
        self, measured: Measured, cell: Cell, *, room: int, math: bool, left: list[int]
    ) -> list[tuple[Answer, tuple[Message, ...]]]:
        run, grades = self._runs[measured.run], self.grades(measured.run)
        made = []
        for at, sample in enumerate(cell.samples):
            prompt = run.prompt_at(cell.places[at][0])
            completion = run.completion_at(cell.places[at][1])
            key = SampleKey(completion.task, completion.item, sample)
            grade = grades.get((key, "main"))
            body, cut = shown_text(completion.text, grade.span if grade else None, room)
            answer = Answer(
                run=measured.run,
                label=measured.label,
                sample=sample,
                verdict=cell.verdicts[at],
                body=_budgeted(body[0], body[1], math=math, left=left),
                cut=cut,
                grade=grade,
                protocol=grades.get((key, "protocol")),
                tokens=completion.completion_tokens,
                seconds=completion.seconds,
                error=completion.error,
                gold=prompt.key.gold,
                order=prompt.key.order,
                reasoning=len(completion.reasoning or ""),
            )
            made.append((answer, prompt.prompt.messages))
        return made


def question_of(page: ItemPage, board: TaskBoard, *, most: int = 20_000) -> Markup:
    """The question of an item; empty where no known column holds it."""
    row = page.item.row
    text = next((str(row[name]) for name in _QUESTIONS if row.get(name)), "")
    return _prose(clipped(text, most), math=board.task is None or board.task.grader.name != "code")


def weight(text: str) -> int:
    """Bytes that a text takes on a page."""
    return len(str(escape(visible(text))).encode("utf-8", "replace"))


def clipped(text: str, most: int) -> str:
    """The beginning of a text that takes at most so many bytes on a page, with an ellipsis where cut."""
    if weight(text) <= most:
        return text
    kept = text[:most]
    while weight(kept) > most:
        kept = kept[: len(kept) * most // weight(kept)]
    return f"{kept}…"


def shown_text(
    text: str, span: tuple[int, int] | None, room: int
) -> tuple[tuple[str, tuple[int, int] | None], int]:
    """The part of a completion that a page shows, with its span moved, and how many characters it leaves out.

    What does not fit is cut from the front, where a completion is furthest from its answer, unless the
    extracted span lies there.
    """
    if span is not None and not 0 <= span[0] <= span[1] <= len(text):
        span = None
    if weight(text) <= room:
        return (text, span), 0
    # as many characters as fit on average: escaped ones take up to five bytes
    room = max(1, min(len(text), room * len(text) // weight(text)))
    end = len(text)
    if span is not None and span[0] < end - room:
        end = min(len(text), max(room, span[1] + room // 4))
    start = max(0, end - room)
    moved = None if span is None else (max(0, span[0] - start), max(0, min(end, span[1]) - start))
    return (text[start:end], moved), len(text) - (end - start)


def _budgeted(text: str, span: tuple[int, int] | None, *, math: bool, left: list[int]) -> Markup:
    """Formulas as MathML while the page has room for them."""
    if math and left[0] > 0:
        made = prose(text, span=span)
        left[0] -= max(0, len(made) - len(text))
        if left[0] > 0:
            return made
    return prose(text, span=span, math=False)


def _prose(text: str, *, math: bool) -> Markup:
    return prose(text, math=math)


def _gold(page: ItemPage, *, math: bool) -> Markup:
    item = page.item
    if item.choices and item.gold.isdecimal() and int(item.gold) < len(item.choices):
        return Markup("<strong>{}</strong>: {}").format(
            chr(ord("A") + int(item.gold)), prose(item.choices[int(item.gold)][:4_000], math=math)
        )
    gold = item.gold[:4_000]
    return prose(f"${gold}$" if math and "\\" in gold and "$" not in gold else gold, math=math)


def _id_in(measured: Measured, key: str) -> str | None:
    item = measured.scores.items.get(key)
    return None if item is None else item.id
