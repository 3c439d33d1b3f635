"""The Linux calls of the box that Python's standard library lacks, each raising OSError with the call's name.

Runs inside the box: standard library only. Numbers are those of the kernel's headers.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

NEW_MOUNTS, NEW_CGROUP, NEW_UTS, NEW_IPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEW_USER, NEW_PIDS, NEW_NET = 0x10000000, 0x20000000, 0x40000000

NO_SUID, NO_DEVICES, NO_EXEC = 2, 4, 8
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_DETACH = 2
_ATTRIBUTE_READ_ONLY, _ATTRIBUTE_NO_SUID = 1, 2
_AT_RECURSIVE, _AT_EMPTY_PATH = 0x8000, 0x1000

_SET_DEATH_SIGNAL, _SET_DUMPABLE, _DROP_BOUNDING, _SET_SUBREAPER, _SET_NO_NEW_PRIVILEGES = 1, 4, 24, 36, 38
_AMBIENT, _AMBIENT_CLEAR_ALL = 47, 4
_SET_SECCOMP, _SECCOMP_FILTER = 22, 2
_CAPABILITY_VERSION = 0x20080522

# The three below have one number on every architecture; pivot_root and capset do not.
_MOUNT_SETATTR, _PIDFD_OPEN = 442, 434
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_BY_MACHINE = {"x86_64": {"pivot_root": 155, "capset": 126}, "aarch64": {"pivot_root": 41, "capset": 91}}

LINUX = sys.platform.startswith("linux")
"""Elsewhere every call fails as on a kernel that lacks it, and the ones that only add caution do nothing."""

_LIBC = ctypes.CDLL(None, use_errno=True)


def _checked(name: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def _call(name: str, number: int, *arguments: object) -> int:
    if not LINUX:
        raise OSError(38, f"{name}: not on {sys.platform}")
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _checked(name, int(_LIBC.syscall(ctypes.c_long(number), *values)))


def _number(name: str) -> int:
    try:
        return _BY_MACHINE[platform.machine()][name]
    except KeyError:
        raise OSError(38, f"{name}: no call number known for {platform.machine()}") from None


def unshare(flags: int) -> None:
    """Move into new namespaces (a new process namespace begins with the next child)."""
    _checked("unshare", _LIBC.unshare(ctypes.c_int(flags)))


def enter(descriptor: int, flags: int) -> None:
    """Join the namespaces of the process behind a pidfd."""
    _checked("setns", _LIBC.setns(ctypes.c_int(descriptor), ctypes.c_int(flags)))


def open_process(pid: int) -> int:
    """A pidfd."""
    return _call("pidfd_open", _PIDFD_OPEN, pid, 0)


def mount_scratch(target: str, options: str, flags: int) -> None:
    """A new tmpfs."""
    _mount(b"tmpfs", target, b"tmpfs", flags, options.encode())


def bind(source: str, target: str) -> None:
    """Show source, and what is mounted below it, at target too."""
    _mount(os.fsencode(source), target, None, _BIND | _RECURSIVE, None)


def keep_mounts_private() -> None:
    """What is mounted from now on stays in this namespace."""
    _mount(b"none", "/", None, _PRIVATE | _RECURSIVE, None)


def _mount(source: bytes, target: str, kind: bytes | None, flags: int, options: bytes | None) -> None:
    done = _LIBC.mount(source, os.fsencode(target), kind, ctypes.c_ulong(flags), options)
    _checked(f"mount {target}", done)


def make_read_only(target: str) -> None:
    """A mount and all below it: no writing, no set-uid programs. Needs Linux 5.12."""
    attributes = struct.pack("=QQQQ", _ATTRIBUTE_READ_ONLY | _ATTRIBUTE_NO_SUID, 0, 0, 0)
    path = os.fsencode(target)
    _call("mount_setattr", _MOUNT_SETATTR, -100, path, _AT_RECURSIVE, attributes, len(attributes))


def change_root(new: str) -> None:
    """Make `new` the root and let go of the old one."""
    os.chdir(new)
    _call("pivot_root", _number("pivot_root"), b".", b".")
    _checked("umount of the old root", _LIBC.umount2(b".", ctypes.c_int(_DETACH)))
    os.chdir("/")


def forbid_new_capabilities() -> None:
    """Neither this process's children nor programs they run can gain any; those held stay."""
    if not LINUX:
        return
    for capability in range(64):
        if _LIBC.prctl(_DROP_BOUNDING, ctypes.c_ulong(capability), 0, 0, 0) != 0:
            break  # past the last one that the kernel knows, or none to drop them with
    _LIBC.prctl(_AMBIENT, ctypes.c_ulong(_AMBIENT_CLEAR_ALL), 0, 0, 0)


def drop_capabilities() -> None:
    """All that this process holds: inheritable, permitted, effective."""
    if LINUX:
        _call("capset", _number("capset"), struct.pack("=Ii", _CAPABILITY_VERSION, 0), bytes(24))


def adopt_orphans() -> None:
    """Make this process the parent of its descendants' orphans, so that it can end them all."""
    _prctl("subreaper", _SET_SUBREAPER, 1)


def die_with_parent() -> None:
    """Be killed when the parent process is gone. A change of user undoes it: call it after that."""
    _prctl("pdeathsig", _SET_DEATH_SIGNAL, 9)


def hide_memory() -> None:
    """Be no target for tracing by equals."""
    _prctl("dumpable", _SET_DUMPABLE, 0)


def renounce_privileges() -> None:
    """No program run from here on gains any right; the kernel wants this before a filter is set."""
    _prctl("no_new_privs", _SET_NO_NEW_PRIVILEGES, 1)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def set_filter(code: bytes) -> None:
    """Install a seccomp filter, given as BPF instructions of 8 bytes."""
    program = _Program(len(code) // 8, code)  # keeps a reference to the bytes, and copies none
    _prctl("seccomp", _SET_SECCOMP, _SECCOMP_FILTER, ctypes.addressof(program))


def _prctl(name: str, option: int, *arguments: int) -> None:
    if not LINUX:
        if option == _SET_SECCOMP:
            raise OSError(38, f"{name}: not on {sys.platform}")
        return
    values = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    _checked(name, int(_LIBC.prctl(ctypes.c_int(option), *values)))


def landlock_version() -> int:
    """The Landlock ABI that the kernel speaks."""
    return _call("landlock_create_ruleset", _LANDLOCK_CREATE, None, 0, 1)


def landlock_rules(files: int, network: int, scopes: int) -> int:
    """A descriptor of a new set of rules that handles these rights."""
    body = struct.pack("=QQQ", files, network, scopes)
    return _call("landlock_create_ruleset", _LANDLOCK_CREATE, body, len(body), 0)


def landlock_allow(rules: int, rights: int, descriptor: int) -> None:
    """Allow rights on a file, or on a directory and all below it."""
    body = struct.pack("=Qi", rights, descriptor)
    _call("landlock_add_rule", _LANDLOCK_ADD, rules, 1, body, 0)


def landlock_restrict(rules: int) -> None:
    """Put this process and its future children under the rules, for good."""
    _call("landlock_restrict_self", _LANDLOCK_RESTRICT, rules, 0)
