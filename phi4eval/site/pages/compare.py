"""How does one model differ from another? A page a pair: settings, then numbers, then answers."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from markupsafe import Markup

from phi4eval.comparison.paired import Flip, TaskComparison
from phi4eval.seeds import content_hash
from phi4eval.site.evidence import Answer, Reader, question_of
from phi4eval.site.pages import Page
from phi4eval.site.records import ItemPage, Pair, Site, TaskBoard

BESIDE = 30
"""Items of a page that are shown with both answers, shared among tasks and ways; others are linked."""
LINKED = 1_000
"""Items of a page that are linked; the grids have all."""
_ROOM = 1_500
_MATH = 60_000


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """One question with the answers of both models."""

    flip: Flip
    page: ItemPage
    question: Markup
    answers: tuple[tuple[Answer, ...], tuple[Answer, ...]]


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """Items that got better or worse, some with their answers. more: how many are not even linked."""

    title: str
    beside: tuple[Beside, ...]
    linked: tuple[ItemPage, ...]
    total: int
    more: int


def pages(site: Site, reader: Reader, *, code: str) -> Iterator[Page]:
    """compare/index.html and compare/A--B.html."""
    boards = {board.name: board for board in site.tasks}
    digests = {page.slug: page.digest for page in site.runs}
    yield Page(
        path="compare/index.html",
        title="Compare",
        template="pairs.html",
        values={"site": site, "pairs": site.pairs, "boards": boards},
    )
    for pair in site.pairs:
        used = [
            (m.run, digests[m.run])
            for entry in (pair.baseline, pair.candidate)
            for m in entry.measured.values()
        ]
        yield Page(
            path=f"compare/{pair.slug}.html",
            title=f"{pair.baseline.name} and {pair.candidate.name}",
            template="pair.html",
            values={"site": site, "pair": pair, "boards": boards, "moves": _Moves(pair, boards, reader)},
            key=content_hash([code, pair.slug, used, [scan.digest for scan in site.scans]], length=32),
        )


class _Moves:
    """The items on which a pair disagrees, read only when the page is really made."""

    def __init__(self, pair: Pair, boards: dict[str, TaskBoard], reader: Reader) -> None:
        self._pair, self._boards, self._reader = pair, boards, reader
        self._left = [_MATH]
        ways = 2 * len(pair.tasks)
        self._beside_each, self._linked_each = min(6, max(1, BESIDE // ways)), max(10, LINKED // ways)

    def __call__(self, task: TaskComparison) -> list[Moved]:
        """What was gained and what was lost on a task."""
        return [
            self._moved("Gained", task, task.gained),
            self._moved("Lost", task, task.lost),
        ]

    def _moved(self, title: str, task: TaskComparison, flips: tuple[Flip, ...]) -> Moved:
        board = self._boards[task.task]
        keys = {item.id: key for key, item in self._pair.baseline.measured[task.task].scores.items.items()}
        by_key = {page.key: page for page in board.items}
        found = [(flip, by_key[keys[flip.item]]) for flip in flips]
        most, linked = 0 if board.hidden else self._beside_each, self._linked_each
        return Moved(
            title=title,
            beside=tuple(self._beside(flip, page, board) for flip, page in found[:most]),
            linked=tuple(page for _, page in found[most : most + linked]),
            total=len(flips),
            more=max(0, len(found) - most - linked),
        )

    def _beside(self, flip: Flip, page: ItemPage, board: TaskBoard) -> Beside:
        before, after = (
            self._reader.answers(entry.measured[board.name], page.key, room=_ROOM, most=1, left=self._left)
            for entry in (self._pair.baseline, self._pair.candidate)
        )
        return Beside(
            flip=flip, page=page, question=question_of(page, board, most=2_000), answers=(before, after)
        )
