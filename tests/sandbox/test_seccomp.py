"""The filter refuses what it lists and nothing else, checked by running its own instructions."""

from __future__ import annotations

import struct

import pytest

from phi4eval.sandbox import seccomp

ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}


def answer(code: bytes, number: int, architecture: int, *arguments: int) -> int:
    """What the kernel would answer: the instructions, one by one."""
    given = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, architecture, 0, *given)
    steps = [struct.unpack_from("<HBBI", code, at) for at in range(0, len(code), 8)]
    at = held = 0
    while True:
        kind, yes, no, value = steps[at]
        at += 1
        if kind == 0x06:
            return int(value)
        if kind == 0x20:
            (held,) = struct.unpack_from("<I", data, value)
        else:
            true = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[kind]
            at += yes if true else no


@pytest.fixture(params=MACHINES, name="machine")
def _machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("platform.machine", lambda: request.param)
    return str(request.param)


@pytest.mark.parametrize("own_root", [True, False])
def test_exactly_what_is_listed_is_refused(machine: str, *, own_root: bool) -> None:
    architecture, column = MACHINES[machine]
    code = seccomp.make_filter(7, own_root=own_root)
    tables = [seccomp._REFUSED] if own_root else [seccomp._REFUSED, seccomp._REFUSED_ON_SHARED_FILES]
    listed = {pair[column] for table in tables for pair in table.values()}
    ruled = {pair[column] for pair in (seccomp._CLONE, seccomp._CLONE3, seccomp._TGKILL, seccomp._PRLIMIT,
                                       seccomp._PRCTL, seccomp._IOCTL, seccomp._FCNTL,
                                       seccomp._SOCKETPAIR)}  # fmt: skip
    assert listed.isdisjoint(ruled)
    for number in set(range(600)) - ruled:
        wanted = ENOSYS if number >= seccomp._NEWEST else EPERM if number in listed else ALLOW
        assert answer(code, number, architecture) == wanted, number


def test_some_calls_are_judged_by_their_arguments(machine: str) -> None:
    architecture, column = MACHINES[machine]
    code = seccomp.make_filter(7, own_root=True)
    for pair, arguments, wanted in (
        (seccomp._CLONE, (0x3D0F00,), ALLOW),
        (seccomp._CLONE, (17,), EPERM),
        (seccomp._CLONE, (0x3D0F00 | 0x40000000,), EPERM),  # a thread in a network of its own
        (seccomp._CLONE3, (0,), ENOSYS),
        (seccomp._TGKILL, (7, 7, 6), ALLOW),
        (seccomp._TGKILL, (8, 8, 6), EPERM),
        (seccomp._SOCKETPAIR, (1,), ALLOW),
        (seccomp._SOCKETPAIR, (2,), EPERM),
        (seccomp._PRLIMIT, (0,), ALLOW),
        (seccomp._PRLIMIT, (1,), EPERM),
        (seccomp._PRCTL, (15,), ALLOW),
        (seccomp._PRCTL, (1,), EPERM),
        (seccomp._PRCTL, (4,), EPERM),
        (seccomp._IOCTL, (0, 0x5401), ALLOW),
        (seccomp._IOCTL, (0, 0x5421), ALLOW),
        (seccomp._IOCTL, (0, 0x5412), EPERM),
        (seccomp._IOCTL, (0, 0x40086602), EPERM),  # attributes of a file
        (seccomp._FCNTL, (0, 4), ALLOW),
        (seccomp._FCNTL, (0, 8), EPERM),
        (seccomp._FCNTL, (0, 1024), EPERM),
    ):
        assert answer(code, pair[column], architecture, *arguments) == wanted, (pair, arguments)


def test_other_architectures_and_their_calls_do_not_slip_through(machine: str) -> None:
    architecture, _ = MACHINES[machine]
    code = seccomp.make_filter(7, own_root=True)
    assert answer(code, 1, 0x40000003) == KILL
    assert answer(code, 0x40000000 + 39, architecture) == ENOSYS


def test_an_unknown_machine_has_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(OSError, match="riscv64"):
        seccomp.make_filter(1, own_root=True)
