"""What can be said on Linux of the box of macOS: its text, its choice, and that the roles run through it."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from phi4eval.errors import MissingError
from phi4eval.sandbox import Sandbox, choose_tier, kernel, probe_ladder, seatbelt
from phi4eval.sandbox import ladder as ladder_module
from phi4eval.sandbox.confine import Box

PROBLEM = {
    "prompt": "def add(a, b):\n",
    "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n",
    "entry_point": "add",
}


@pytest.fixture(name="mac")
def _mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Mac whose sandbox-exec notes its profile and runs the command without a box."""
    program = tmp_path / "sandbox-exec"
    program.write_text(f'#!/bin/sh\nprintf %s "$2" > {tmp_path}/profile\nshift 2\nexec "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(seatbelt, "SANDBOX_EXEC", str(program))
    monkeypatch.setattr(sys, "platform", "darwin")
    return tmp_path


def test_the_profile_denies_all_that_it_does_not_name() -> None:
    lines = seatbelt.make_profile(read=["/a"], write=["/b"]).splitlines()
    assert lines[:3] == ["(version 1)", "(deny default)", "(deny network*)"]
    assert '(allow file-read* (subpath "/a"))' in lines
    assert [line for line in lines if "file-write*" in line] == [
        '(allow file-read* file-write* (subpath "/b"))'
    ]
    assert all(line.count("(") == line.count(")") for line in lines)
    assert not [line for line in lines if "allow default" in line or "allow network" in line]


def test_a_path_cannot_add_a_rule() -> None:
    hostile = '/x")) (allow default) (allow file-read* (subpath "/'
    (line,) = [n for n in seatbelt.make_profile(read=[], write=[hostile]).splitlines() if "/x" in n]
    assert line == (
        r'(allow file-read* file-write* (subpath "/x\")) (allow default) (allow file-read* (subpath \"/"))'
    )
    with pytest.raises(ValueError, match="no profile can name"):
        seatbelt.make_profile(read=["/x\n(allow default)"], write=[])


def test_the_workers_run_under_the_profile_and_write_only_their_scratch(mac: Path) -> None:
    with Sandbox(1) as sandbox:
        assert sandbox.run_check(PROBLEM, "def add(a, b):\n    return a + b\n", timeout=20).verdict == "pass"
        assert sandbox.run_check(PROBLEM, "def add(a, b):\n    return 0\n", timeout=20).verdict == "wrong"
        profile = (mac / "profile").read_text()
        for place in sandbox._places():
            assert f'file-write* (subpath "{os.path.realpath(str(place))}")' in profile
    assert str(Path.home()) + '"' not in profile


def test_a_box_that_does_not_hold_is_none(mac: Path) -> None:
    """This sandbox-exec boxes nothing: the probe looks around and sees it."""
    found = probe_ladder()
    assert (found.tier, [bool(probe.fault) for probe in found.probes]) == (0, [True, True])


def test_a_box_that_holds_is_weak_all_the_same(mac: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder_module, "find_fault", lambda: "")
    assert choose_tier("best") == 1
    with pytest.raises(MissingError, match='"tested" says: nobody has tried the attacks') as refused:
        choose_tier("require")
    assert "--sandbox best" in str(refused.value.hint)


def test_linuxs_calls_are_left_out_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kernel, "LINUX", False)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            box = Box(1, [])
            box.claim(str(tmp_path))
            box.shut(5, str(tmp_path), own_network=True)
            (tmp_path / "written").write_text("x")
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    for call in (kernel.landlock_version, lambda: kernel.set_filter(bytes(8))):
        with pytest.raises(OSError, match="not on"):
            call()
