"""How does a process shut itself into a box? First its worker once, then each test's process, in that order.

The tier says how strong the box is: 4 namespaces, Landlock and system call filter; 3 without Landlock; 2
Landlock (ABI 6), filter and limits without namespaces; 1 whatever of Landlock and filter the machine has;
0 resource limits only. A step of the tier that fails raises OSError: nothing runs in a weaker box than was
asked for. Runs inside the box: standard library only.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from collections.abc import Sequence

from phi4eval.sandbox import kernel, landlock, rootfs, seccomp

MEMORY = 2 << 30
FILE = 64 << 20
OPEN_FILES = 64
THREADS = 1024
"""How many threads a program may start: beside those its user has, where there are no namespaces."""
_FIRST = 1
"""A test's process as it sees itself in its own namespace."""
_NOBODY = 65534
_OTHER = 1
"""The real user id of a boxed process in a namespace that root made: limits do not bind root."""


class Box:
    """A worker's half of the box: what its children finish after each fork."""

    def __init__(self, tier: int, extra: Sequence[str]) -> None:
        """Enter the part that both workers share. extra: further paths that may be read."""
        self._tier = tier
        self._extra = extra
        self._threads = THREADS
        self._rules: int | None = None
        self._home = -1
        self._filter = b""
        if tier >= 3:
            self._real_user = _OTHER if _maps_two_users() else None
            rootfs.enter_root(extra)
        else:
            self._real_user = _NOBODY if _may_change_user() else None
            self._threads += _tasks_of(os.getuid() if self._real_user is None else _NOBODY)

    def claim(self, scratch: str | None) -> None:
        """Make the part that is this worker's own. scratch: its writable place, without namespaces."""
        if self._tier >= 3:
            # each child gets a new process namespace, and forking has to come back to this one
            self._home = kernel.open_process(os.getpid())
        kernel.forbid_new_capabilities()
        limit_resources(self._threads)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if self._tier >= 3:
            self._filter = seccomp.make_filter(_FIRST, own_root=True)
            os.environ["TMPDIR"] = os.environ["HOME"] = rootfs.SCRATCH
        if self._tier in (4, 2):
            self._rules = self._make_rules(scratch)
        elif self._tier == 1:
            with contextlib.suppress(OSError):
                self._rules = self._make_rules(scratch)

    def _make_rules(self, scratch: str | None) -> int:
        devices = rootfs.device_paths()
        if self._tier >= 3:
            return landlock.make_rules(read=["/"], names=[], write=[rootfs.SCRATCH_PLACE], devices=devices)
        read, names = rootfs.readable_paths(self._extra)
        return landlock.make_rules(
            read=read, names=names, write=[scratch] if scratch else [], devices=devices
        )

    def fork(self) -> int:
        """Fork a child that is the first process of a namespace of its own, where the tier has namespaces."""
        if self._tier < 3:
            return os.fork()
        kernel.unshare(kernel.NEW_PIDS)
        child = os.fork()
        if child:
            kernel.enter(self._home, kernel.NEW_PIDS)
        return child

    def shut(self, cpu_seconds: int, directory: str | None, *, own_network: bool) -> None:
        """Finish the box around this child.

        directory: its scratch place where the tier has no namespaces. own_network: a network namespace of
        this child alone, not the one of its worker, where the tier has them.
        """
        _renew_standard_streams()
        if self._tier >= 3:
            network = kernel.NEW_NET if own_network else 0
            kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_IPC | network)
            flags = kernel.NO_SUID | kernel.NO_DEVICES | kernel.NO_EXEC
            kernel.mount_scratch(rootfs.SCRATCH, rootfs.SCRATCH_OPTIONS, flags)
            os.chdir(rootfs.SCRATCH)
            os.close(self._home)
        elif directory:
            os.chdir(directory)
            os.environ["TMPDIR"] = os.environ["HOME"] = directory
        os.setsid()
        _limit(resource.RLIMIT_CPU, cpu_seconds)
        if not kernel.LINUX:
            _limit(resource.RLIMIT_NPROC, 0)  # counts no threads there; and there is no filter against fork
        self._drop_rights()
        kernel.die_with_parent()
        kernel.hide_memory()
        if self._tier > 0:
            self._lock()

    def _drop_rights(self) -> None:
        if self._real_user is not None:
            # the effective user stays the owner of Python's files, which others may not be able to read
            os.setresuid(self._real_user, os.geteuid(), os.geteuid())
        kernel.drop_capabilities()
        kernel.renounce_privileges()

    def _lock(self) -> None:
        weak = self._tier == 1
        with contextlib.suppress(*([OSError] if weak else [])):
            if self._rules is not None:
                kernel.landlock_restrict(self._rules)
                os.close(self._rules)
        with contextlib.suppress(*([OSError] if weak else [])):
            kernel.set_filter(self._filter or seccomp.make_filter(os.getpid(), own_root=False))


def enter_namespaces() -> None:
    """Into new namespaces of every kind, as their root; the next child is their first process.

    Raises OSError with the name of the step: some systems allow unshare and refuse what comes after it.
    """
    user, group = os.geteuid(), os.getegid()
    ready = os.pipe()
    helper = os.fork()
    if helper == 0:
        # outside the new namespace, where root is allowed to map a second user into it
        os.close(ready[1])
        os.read(ready[0], 1)
        with contextlib.suppress(OSError):
            _write_maps(os.getppid(), f"0 {user} 1\n1 {_NOBODY} 1\n", f"0 {group} 1\n")
        os._exit(0)
    try:
        kernel.unshare(
            kernel.NEW_USER | kernel.NEW_MOUNTS | kernel.NEW_PIDS | kernel.NEW_NET | kernel.NEW_IPC
            | kernel.NEW_UTS | kernel.NEW_CGROUP
        )  # fmt: skip
    finally:
        for descriptor in ready:
            os.close(descriptor)
        os.waitpid(helper, 0)
    if not _is_mapped():
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {user} 1\n")
        _write("/proc/self/gid_map", f"0 {group} 1\n")


def _write_maps(pid: int, users: str, groups: str) -> None:
    if os.geteuid() == 0:
        _write(f"/proc/{pid}/uid_map", users)
        _write(f"/proc/{pid}/setgroups", "deny")
        _write(f"/proc/{pid}/gid_map", groups)


def _is_mapped() -> bool:
    with open("/proc/self/uid_map") as users, open("/proc/self/gid_map") as groups:
        return bool(users.read().strip()) and bool(groups.read().strip())


def _maps_two_users() -> bool:
    with open("/proc/self/uid_map") as users:
        return len(users.read().splitlines()) == 2


def _renew_standard_streams() -> None:
    """Open files have locks and flags, which a child would share with those that come after it."""
    nothing = os.open("/dev/null", os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    os.close(nothing)


def _may_change_user() -> bool:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if os.geteuid() == 0:
                os.setresuid(_NOBODY, 0, 0)
                status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    except OSError as error:
        raise OSError(error.errno, f"{path.rpartition('/')[2]}: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _tasks_of(user: int) -> int:
    """Threads that a user has on this machine now: the kernel's limit counts them."""
    total = 0
    for name in os.listdir("/proc") if kernel.LINUX else ():
        if name.isdigit():
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{name}").st_uid == user:
                    total += len(os.listdir(f"/proc/{name}/task"))
    return total


def limit_resources(threads: int) -> None:
    """Hard limits on memory, file size, open files, threads, queues, locked memory and core files.

    Set once, on the worker: its children inherit them, and each further call would cost each test time.
    """
    for name, limit in (
        ("AS", MEMORY), ("FSIZE", FILE), ("NOFILE", OPEN_FILES), ("NPROC", threads), ("MSGQUEUE", 0),
        ("MEMLOCK", 0), ("CORE", 0),
    ):  # fmt: skip
        # macOS has no limit on queues, and refuses some of the others
        with contextlib.suppress(*([] if kernel.LINUX else [AttributeError, OSError, ValueError])):
            _limit(getattr(resource, f"RLIMIT_{name}"), limit)


def _limit(what: int, limit: int) -> None:
    _, hard = resource.getrlimit(what)
    value = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(what, (value, value))
