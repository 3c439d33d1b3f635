"""The attack collection: Python programs by aim. Each is bounded, so that it does no harm even uncontained.

Most are the body of `attempt()`, which returns true only if the harmful thing was done; their program answers
right only then, so that a pass means a breach. CHEATS are whole programs that answer wrong and try to be
graded as right, HONEST ones are right. The files beside this module hold them, each under a line `== name`.
"""

from __future__ import annotations

import platform
from pathlib import Path

_CALLS = {  # name -> (x86-64, arm64) system call number
    "FORK": (56, 220), "BPF": (321, 280), "PERF": (298, 241), "USERFAULT": (323, 282), "URING": (425, 425),
    "KEYCTL": (250, 219), "TGKILL": (234, 131), "EXECVEAT": (322, 281), "KCMP": (312, 272),
    "ADDKEY": (248, 217), "REQUESTKEY": (249, 218), "IOSETUP": (206, 0), "FANOTIFY": (300, 262),
    "HANDLE": (304, 265), "IOPRIO": (251, 30), "MQOPEN": (240, 180), "FINIT": (313, 273),
    "CAPSET": (126, 91), "SOCKET": (41, 198),
}  # fmt: skip


def read(name: str) -> dict[str, str]:
    """The programs of one file, by name."""
    text = Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8")
    parts = [part.partition("\n") for part in text.split("\n== ")[1:]]
    return {title: body.rstrip("\n") + "\n" for title, _, body in parts}


def fill(body: str, *, place: str, pid: int, port: int) -> str:
    """A program aimed at a directory with a file `secret`, at a process, and at a port."""
    for name, numbers in _CALLS.items():
        body = body.replace(f"{name}_CALL", str(numbers[platform.machine() == "aarch64"]))
    return body.replace("PLACE", repr(place)).replace("PID", str(pid)).replace("PORT", str(port))


DAMAGE, NETWORK, KERNEL = read("damage"), read("network"), read("kernel")
RESOURCES, ENDLESS, HONEST = read("resources"), read("endless"), read("honest")

_BEGUN = "def add(a, b):\n    return "
CHEATS = {
    **read("cheats"),
    "has a null byte": f"{_BEGUN}3\x00\n",
    "has surrogates": f"{_BEGUN}'\ud800'\n",
    "is nested too deep": _BEGUN + "(" * 5000 + ")" * 5000 + "\n",
    "has too many digits": _BEGUN + "9" * 100_000 + "\n",
    "has no function": "",
}
