"""What changed since an earlier build? Scores that came, went or moved, and what else is different."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from phi4eval.comparison.words import Unit
from phi4eval.errors import StoreError, UsageError
from phi4eval.site.pages import Page
from phi4eval.site.records import Site
from phi4eval.site.tables import ScoreRow, Scores, score_rows

_MOVED = 5e-7


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A score before and after; None where it was not there. why: what else is different."""

    before: ScoreRow | None
    after: ScoreRow | None
    why: tuple[str, ...]

    @property
    def row(self) -> ScoreRow:
        """The side that is there, the newer one of both."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def unit(self) -> Unit:
        """How the score is printed."""
        return "points" if self.row.unit == "points" else "share"


def read_scores_file(path: str | Path) -> Scores:
    """The scores of an earlier build: its folder, or a copy of its data/scores.json."""
    file = Path(path) / "data" / "scores.json" if Path(path).is_dir() else Path(path)
    try:
        return msgspec.json.decode(file.read_bytes(), type=Scores)
    except FileNotFoundError as error:
        raise UsageError(
            f"{file} does not exist", "give an earlier build's folder, or a copy of its data/scores.json"
        ) from error
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(
            f"{file} cannot be read: {error}", "is it the scores.json of an earlier build?"
        ) from error


def pages(site: Site, since: Scores | None) -> Iterator[Page]:
    """changes.html."""
    changes = [] if since is None else changed(since.rows, score_rows(site))
    yield Page(
        path="changes.html",
        title="Changes",
        template="changes.html",
        values={
            "site": site,
            "since": since,
            "groups": (
                ("New", [c for c in changes if c.before is None]),
                ("Moved", [c for c in changes if c.before is not None and c.after is not None]),
                ("Gone", [c for c in changes if c.after is None]),
            ),
            "boards": {board.name: board for board in site.tasks},
        },
    )


def changed(before: tuple[ScoreRow, ...], after: tuple[ScoreRow, ...]) -> list[Change]:
    """Every score that is not the same in both, by task and model."""
    old = {(row.task, row.provenance, row.model): row for row in before}
    new = {(row.task, row.provenance, row.model): row for row in after}
    made = []
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        why = _why(was, now) if was and now else ()
        if was is None or now is None or why or abs(was.score - now.score) > _MOVED:
            made.append(Change(before=was, after=now, why=why))
    return made


def _why(was: ScoreRow, now: ScoreRow) -> tuple[str, ...]:
    reasons = []
    if was.run != now.run:
        reasons.append(f"another run counts: {was.run} before, {now.run} now")
    if was.grader != now.grader:
        reasons.append(f"another grader: {was.grader} before, {now.grader} now")
    if (was.items, was.repeats) != (now.items, now.repeats):
        reasons.append(f"{was.items} × {was.repeats} samples before, {now.items} × {now.repeats} now")
    if was.complete != now.complete:
        reasons.append("complete now" if now.complete else "incomplete now")
    if was.clean_items != now.clean_items:
        reasons.append("another contamination scan, or none")
    if was.provenance == "published" and (was.source, was.mark) != (now.source, now.mark):
        reasons.append("another source")
    return tuple(reasons)
