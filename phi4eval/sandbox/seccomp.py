"""Which system calls may a boxed process make? The filter, for x86-64 and arm64 Linux.

It refuses new processes and programs, sockets, signals to others, tracing, mounts, namespaces, and the parts
of the kernel that programs have no use for. Threads, files, pipes and socket pairs (asyncio) work. A refused
call fails with EPERM, so that a program can say what it tried; one that is newer than this list with ENOSYS,
as on an older kernel. Runs inside the box: standard library only.
"""

from __future__ import annotations

import platform
import struct

_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_LOAD, _EQUAL, _SET, _RETURN, _AT_LEAST = 0x20, 0x15, 0x45, 0x06, 0x35
_CLONE_THREAD = 0x00010000
_CLONE_NEW = 0x7E020000
"""Every flag that makes a namespace."""
_NEWEST = 470
"""The first call number of which nothing is known here (Linux 6.17 ends before it); x32 calls are higher."""
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

# name -> (x86-64, arm64) system call number; None where the architecture has none
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438), "pidfd_open": (434, 434),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "move_mount": (429, 429), "open_tree": (428, 428),
    "mount_setattr": (442, 442), "setsid": (112, 157), "setpgid": (109, 154), "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "keyctl": (250, 219),
    "add_key": (248, 217), "request_key": (249, 218), "mknod": (133, None), "mknodat": (259, 33),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190), "semop": (65, 193),
    "semctl": (66, 191), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "mq_open": (240, 180), "mq_unlink": (241, 181),
    # what a machine has a fixed number of: contexts for I/O, and watches on files
    "io_setup": (206, 0), "io_destroy": (207, 1), "io_submit": (209, 2), "io_cancel": (210, 3),
    "io_getevents": (208, 4), "io_pgetevents": (333, 292), "inotify_init": (253, None),
    "inotify_init1": (294, 26), "fanotify_mark": (301, 263),
    # waits for the disks of the whole machine
    "sync": (162, 81), "syncfs": (306, 267), "statmount": (457, 457), "listmount": (458, 458),
    "reboot": (169, 142), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "swapon": (167, 224), "swapoff": (168, 225),
    "acct": (163, 89), "syslog": (103, 116), "vhangup": (153, 58), "sethostname": (170, 161),
    "setdomainname": (171, 162), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "adjtimex": (159, 171), "clock_adjtime": (305, 266), "iopl": (172, None), "ioperm": (173, None),
    "modify_ldt": (154, None), "uselib": (134, None), "personality": (135, 92),
    "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274),
    "mbind": (237, 235), "set_mempolicy": (238, 237), "migrate_pages": (256, 238), "move_pages": (279, 239),
}  # fmt: skip
# Landlock does not rule over these: without a root directory of its own a program could use them on any file
# of its user. With one, all but its scratch place is read-only.
_REFUSED_ON_SHARED_FILES: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}  # fmt: skip
_CLONE, _CLONE3, _TGKILL = (56, 220), (435, 435), (234, 131)
_PRLIMIT, _PRCTL, _IOCTL, _SOCKETPAIR = (302, 261), (157, 167), (16, 29), (53, 199)
_FCNTL = (72, 25)
_PARENT_DEATH, _DUMPABLE, _SUBREAPER = 1, 4, 36
_LOCAL_SOCKET = 1
# Is it a terminal, how large, how much is there to read; blocking or not, closed on exec or not. All others
# (typing into a terminal, attributes of files, owners of signals, devices) have no use here.
_DEVICE_QUESTIONS = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# F_SETOWN, F_SETSIG, F_SETOWN_EX: have the kernel signal another process. F_SETLEASE, F_NOTIFY: hold up or
# watch those who use a file.
_SIGNALS_OF_FILES = (8, 10, 15, 1024, 1026)

_step = struct.Struct("<HBBI").pack
_PERMIT, _REFUSE = _step(_RETURN, 0, 0, _ALLOW), _step(_RETURN, 0, 0, _ERRNO | _EPERM)


def make_filter(own_pid: int, *, own_root: bool) -> bytes:
    """The filter as BPF. own_pid: as the boxed process sees itself; own_root: it has a root directory of its
    own. Raises OSError on an unknown architecture."""
    if platform.machine() not in _MACHINES:
        raise OSError(_ENOSYS, f"no system call filter for {platform.machine()}")
    architecture, column = _MACHINES[platform.machine()]
    tree = (_TREES if own_root else _SHARED_TREES)[column]
    return b"".join([*_head(architecture, column), *_judged_by_argument(column, own_pid), tree])


def _head(architecture: int, column: int) -> list[bytes]:
    """struct seccomp_data is (nr, arch, instruction pointer, args[6]); from here on the number is loaded."""
    no_such_call = _step(_RETURN, 0, 0, _ERRNO | _ENOSYS)
    return [
        _step(_LOAD, 0, 0, 4), _step(_EQUAL, 1, 0, architecture), _step(_RETURN, 0, 0, _KILL),
        _step(_LOAD, 0, 0, 0), _step(_AT_LEAST, 0, 1, _NEWEST), no_such_call,
        # clone3 hides its flags in memory: the C library has to fall back to clone
        _step(_EQUAL, 0, 1, _CLONE3[column]), no_such_call,
    ]  # fmt: skip


def _judged_by_argument(column: int, own_pid: int) -> list[bytes]:
    threads_only = [
        _step(_LOAD, 0, 0, 16), _step(_SET, 0, 1, _CLONE_THREAD), _step(_SET, 0, 1, _CLONE_NEW),
        _REFUSE, _PERMIT,
    ]  # fmt: skip
    return [
        *_rule(_CLONE[column], threads_only),
        # a signal to a thread of its own is how abort() works
        *_rule(_TGKILL[column], _only(16, own_pid)),
        *_rule(_SOCKETPAIR[column], _only(16, _LOCAL_SOCKET)),
        *_rule(_PRLIMIT[column], _only(16, 0)),
        *_rule(_PRCTL[column], _but(16, _PARENT_DEATH, _DUMPABLE, _SUBREAPER)),
        *_rule(_IOCTL[column], _only(24, *_DEVICE_QUESTIONS)),
        *_rule(_FCNTL[column], _but(24, *_SIGNALS_OF_FILES)),
    ]


def _rule(number: int, body: list[bytes]) -> list[bytes]:
    return [_step(_EQUAL, 0, len(body), number), *body]


def _only(offset: int, *values: int) -> list[bytes]:
    permitted = [step for value in values for step in (_step(_EQUAL, 0, 1, value), _PERMIT)]
    return [_step(_LOAD, 0, 0, offset), *permitted, _REFUSE]


def _but(offset: int, *values: int) -> list[bytes]:
    refused = [step for value in values for step in (_step(_EQUAL, 0, 1, value), _REFUSE)]
    return [_step(_LOAD, 0, 0, offset), *refused, _PERMIT]


def _tree(numbers: list[int]) -> bytes:
    """Refuses these numbers and permits all others.

    A search tree: the kernel runs the filter for every number that there is when it is installed.
    """
    if len(numbers) <= 3:
        return b"".join(part for n in numbers for part in (_step(_EQUAL, 0, 1, n), _REFUSE)) + _PERMIT
    middle = len(numbers) // 2
    lower = _tree(numbers[:middle])
    return _step(_AT_LEAST, len(lower) // len(_PERMIT), 0, numbers[middle]) + lower + _tree(numbers[middle:])


def _numbers(column: int, *tables: dict[str, tuple[int | None, int | None]]) -> list[int]:
    return sorted(n for table in tables for pair in table.values() if (n := pair[column]) is not None)


_TREES = tuple(_tree(_numbers(column, _REFUSED)) for column in (0, 1))
_SHARED_TREES = tuple(_tree(_numbers(column, _REFUSED, _REFUSED_ON_SHARED_FILES)) for column in (0, 1))
