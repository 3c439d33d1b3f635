"""What may a boxed process do on macOS? A profile for sandbox-exec that denies all it does not name.

UNTESTED: it was never run on a Mac. Hence tier 1, and `--sandbox require` refuses there. The roles and what
crosses between them are those of Linux; what is missing is the call filter, and a process space of each
test's own. Apple calls sandbox-exec deprecated, and still has it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence

SANDBOX_EXEC = "/usr/bin/sandbox-exec"
PROBE_SECONDS = 30.0

_SYSTEM = ("/usr/lib", "/System/Library", "/private/var/db/timezone", "/usr/share/zoneinfo")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
_HEAD = """(version 1)
(deny default)
(deny network*)
(allow process-fork)
(allow signal (target same-sandbox))
(allow sysctl-read)
(allow file-read-metadata)
"""
_LOOK_AROUND = "import os\ntry: os.listdir('/Users')\nexcept PermissionError: print('denied')\n"


def make_profile(*, read: Iterable[str], write: Iterable[str]) -> str:
    """The profile's text. read, write: directories by their real paths; ValueError for one it cannot name."""
    lines = [f"(allow process-exec (literal {_quoted(os.path.realpath(sys.executable))}))"]
    lines += [f"(allow file-read* (subpath {_quoted(path)}))" for path in (*_SYSTEM, *read)]
    lines += [f"(allow file-read* file-write* (subpath {_quoted(path)}))" for path in write]
    lines += [f"(allow file-read* file-write-data (literal {_quoted(path)}))" for path in _DEVICES]
    return _HEAD + "\n".join(lines) + "\n"


def wrap(command: Sequence[str], *, read: Iterable[str], write: Iterable[str]) -> list[str]:
    """A Python command, under a profile that lets it read Python's own files, `read` and `write`."""
    own = {os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, os.path.dirname(__file__))}
    profile = make_profile(
        read=sorted(own | {os.path.realpath(path) for path in read}),
        write=[os.path.realpath(path) for path in write],
    )
    return [SANDBOX_EXEC, "-p", profile, *command]


def find_fault() -> str:
    """Why there is no such box here, found by looking around from inside of one; "" if there is."""
    command = [os.path.realpath(sys.executable), "-I", "-S", "-c", _LOOK_AROUND]
    try:
        done = subprocess.run(
            wrap(command, read=(), write=()),
            capture_output=True, text=True, check=False, timeout=PROBE_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}: {error}"
    if done.stdout.strip() == "denied":
        return ""
    return (done.stderr.strip().splitlines() or ["the profile does not hold"])[-1][:300]


def _quoted(path: str) -> str:
    if not path.isprintable():
        raise ValueError(f"no profile can name {path!r}")
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
