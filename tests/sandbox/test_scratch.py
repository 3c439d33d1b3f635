"""What a program wrote is removed, whatever it is, and nothing beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from phi4eval.sandbox import scratch
from phi4eval.sandbox.scratch import (
    FILES,
    SPACE,
    free_space,
    is_overfull,
    make_place,
    make_scratch,
    remove_scratch,
)


def deep(place: Path) -> None:
    before = os.getcwd()
    os.chdir(place)
    try:
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(before)


def locked(place: Path) -> None:
    (place / "a" / "b").mkdir(parents=True)
    (place / "a" / "b" / "f").write_text("x")
    (place / "a" / "b").chmod(0)
    (place / "a").chmod(0)


def wide(place: Path) -> None:
    for i in range(50):
        (place / f"d{i}" / "e").mkdir(parents=True)
        (place / f"d{i}" / "e" / "f").write_text("x")


def strange(place: Path) -> None:
    os.mkfifo(place / "pipe")
    (place / "new\nline \N{SNOWMAN}").write_text("x")
    os.mkdir(os.fsencode(place) + b"/\xff\xfe")
    (place / "broken").symlink_to("nowhere")


@pytest.mark.parametrize("fill", [deep, locked, wide, strange])
def test_everything_is_removed(fill: object, tmp_path: Path) -> None:
    place = Path(make_scratch(str(tmp_path)))
    fill(place)  # type: ignore[operator]
    remove_scratch(str(place))
    assert os.listdir(tmp_path) == []


def test_no_link_is_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("x")
    place = Path(make_scratch(str(tmp_path)))
    (place / "link").symlink_to(kept)
    (place / "inner").mkdir()
    (place / "inner" / "link").symlink_to(kept)
    os.link(kept / "file", place / "hard")
    remove_scratch(str(place))
    assert os.listdir(tmp_path) == ["kept"]
    assert (kept / "file").read_text() == "x"


def test_only_what_lies_in_the_scratch_counts_as_full(tmp_path: Path) -> None:
    place = str(tmp_path)
    size, count = free_space(place)
    assert not is_overfull([place], (size, count))
    assert not is_overfull([place], (size + 2 * SPACE, count + 2 * FILES))  # others wrote elsewhere
    with (tmp_path / "f").open("wb") as file:
        for _ in range(70):
            file.write(bytes(1 << 20))
    assert not is_overfull([place], free_space(place))  # was there before
    assert is_overfull([place], (size + 2 * SPACE, count))


def test_many_small_files_count_as_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "FILES", 20)
    _, count = free_space(str(tmp_path))
    for number in range(20):
        (tmp_path / str(number)).touch()
    assert not is_overfull([str(tmp_path)], (0, count + 2 * FILES))
    (tmp_path / "one more").mkdir()
    assert is_overfull([str(tmp_path)], (0, count + 2 * FILES))


def test_much_that_has_no_name_any_more_counts_as_full(tmp_path: Path) -> None:
    size, count = free_space(str(tmp_path))
    assert is_overfull([str(tmp_path)], (size + 9 * SPACE, count))


def test_what_is_too_deep_to_be_looked_at_counts_as_full(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    name = "d" * 200
    for _ in range(30):  # longer than a path may be
        os.mkdir(name, dir_fd=here)
        deeper = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    size, count = free_space(str(tmp_path))
    full = is_overfull([str(tmp_path)], (size + 2 * SPACE, count))
    remove_scratch(str(tmp_path))  # pytest could not
    assert full


def test_a_place_is_new_and_private() -> None:
    place = make_place()
    assert os.stat(place).st_mode & 0o777 == 0o700
    remove_scratch(place)
    assert not os.path.exists(place)
