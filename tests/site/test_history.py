"""Does the page of a training run show every checkpoint, stand alone, and hold hostile names harmless?"""

from __future__ import annotations

from pathlib import Path

import msgspec

from phi4eval.history import History, HistoryWriter, Judged, Point
from phi4eval.site.check import look_at
from phi4eval.site.history import history_page, write_history
from phi4eval.stats.paired import paired_difference
from phi4eval.types import Interval

EVIL = "</td><script>alert(1)</script>\u202e{{ 7*7 }}"


def entry(step: int | None, share: float, **changes: object) -> Judged:
    fields: dict[str, object] = {
        "checkpoint": "final" if step is None else f"step-{step}",
        "step": step,
        "state": "s",
        "at": "2026-01-01T10:00:00+00:00",
        "standing": "pass",
        "exit_code": 0,
        "headline": "pass: 1 rule check kept",
        "points": (
            Point(
                task="math500",
                unit="share",
                score=Interval(mean=share, low=share - 0.05, high=share + 0.05, n=100, method="Wilson"),
                delta=paired_difference([0.0] * 90 + [1.0] * 10),
            ),
            Point(
                task="amc",
                unit="points",
                score=Interval(mean=150 * share, low=140 * share, high=150.0, n=78, method="t"),
            ),
        ),
    }
    return Judged(**{**fields, **changes})  # type: ignore[arg-type]


def history(folder: Path, *entries: Judged, watched: str = "/data/out") -> History:
    with HistoryWriter(folder, watched) as made:
        for line in entries:
            made.add(line)
    return History(folder)


def test_every_checkpoint_has_a_row_and_the_tasks_a_chart_a_unit(tmp_path: Path) -> None:
    made = history(tmp_path, entry(100, 0.3), entry(200, 0.5), entry(None, 0.55))
    page = history_page(made)
    assert page.count('<tr><th scope="row">step-') == 2
    assert page.count("<figure") == 2, "AMC points have an axis of their own"
    assert "Not in the chart, because no training step is known: final." in page
    assert "The last good one is <strong>final</strong>" in page
    assert "50.0" in page
    assert "75.0" in page
    assert "+10.0 [" in page


def test_a_failed_one_says_why_and_is_not_the_last_good_one(tmp_path: Path) -> None:
    bad = entry(
        300, 0.1, standing="fail", exit_code=1, headline="fail: no-regression: 40 points lost", points=()
    )
    page = history_page(history(tmp_path, entry(100, 0.3), bad))
    assert "40 points lost" in page
    assert "The last good one is <strong>step-100</strong>" in page


def test_the_page_stands_alone_and_the_checker_finds_nothing(tmp_path: Path) -> None:
    write_history(history(tmp_path, entry(100, 0.3), entry(None, 0.5)))
    seen = look_at(tmp_path, "index.html")
    assert seen.problems == ()
    assert not [link for link in seen.links if not link.startswith("#")]
    assert (tmp_path / "index.html").stat().st_size < 150_000


def test_names_are_text(tmp_path: Path) -> None:
    evil = entry(100, 0.3, checkpoint=EVIL, headline=f"fail: {EVIL}", baseline=EVIL)
    points = tuple(msgspec.structs.replace(point, task=EVIL) for point in evil.points)
    page = history_page(history(tmp_path, msgspec.structs.replace(evil, points=points), watched=EVIL))
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "49" not in page.replace("0.349", "")


def test_the_same_history_gives_the_same_bytes_and_an_empty_one_a_page(tmp_path: Path) -> None:
    made = history(tmp_path / "a", entry(100, 0.3))
    assert history_page(made) == history_page(History(tmp_path / "a"))
    assert "No finished checkpoint so far" in history_page(history(tmp_path / "b"))
