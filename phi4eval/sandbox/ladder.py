"""How strong a box can this machine give? The ladder of tiers, probed by doing, and the choice among them.

4 namespaces, Landlock and system call filter; 3 without Landlock; 2 without namespaces: Landlock ABI 6,
filter and limits; 1 weak: what there is of those; 0 limits only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Literal, get_args

import msgspec

from phi4eval.errors import MissingError, UsageError
from phi4eval.sandbox.process import boot
from phi4eval.sandbox.seatbelt import find_fault

Mode = Literal["require", "best", "none"]
"""require: tier 2 or refuse; best: the best there is, but at least 1; none: tier 0, asked for on purpose."""
MODES: tuple[str, ...] = get_args(Mode)
REQUIRED = 2
PROBE_SECONDS = 60.0

_MEANING = {
    "namespaces": "user, mount, process, network, ipc, uts and cgroup namespaces",
    "root": "a root directory of its own, read-only",
    "process": "a process namespace and a scratch mount for each test",
    "landlock": "Landlock rules, ABI 6 or newer",
    "filter": "system call filter (seccomp)",
    "limits": "resource limits",
}
_USE_LINUX = "run the code tasks on Linux, in a virtual machine for example"
_NAMESPACED = ("namespaces", "root", "process")


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the box as it went on this machine. fault: "" where it works; mend: the command to try."""

    name: str
    meaning: str
    fault: str
    mend: str = ""


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """The best tier, and the probes it follows from."""

    tier: int
    probes: tuple[Probe, ...]


def probe_ladder() -> Ladder:
    """Take every step of the box once, in processes that end; about 0.1 s."""
    if sys.platform == "darwin":
        return _probe_macos()
    if not sys.platform.startswith("linux"):
        fault = f"no box on {sys.platform} yet"
        probes = tuple(_probe(name, fault) for name in _MEANING)
        return Ladder(tier=0, probes=probes)
    process = boot("probe", {}, [])
    try:
        said, _ = process.communicate(timeout=PROBE_SECONDS)
        found = json.loads(said)
    except (subprocess.TimeoutExpired, ValueError):
        process.kill()
        process.communicate()
        found = dict.fromkeys(_MEANING, "the probing process died")
    probes = tuple(_probe(name, str(found.get(name, "not probed"))) for name in _MEANING)
    return Ladder(tier=_tier({probe.name for probe in probes if not probe.fault}), probes=probes)


def _probe_macos() -> Ladder:
    fault = find_fault()
    probes = (
        Probe(
            name="profile",
            meaning="a sandbox-exec profile that denies by default",
            fault=fault,
            mend=_USE_LINUX if fault else "",
        ),
        Probe(
            name="tested",
            meaning="a box that the attacks were tried on",
            fault="nobody has tried the attacks on this box of macOS",
            mend=_USE_LINUX + ("" if fault else "; --sandbox best runs in this box"),
        ),
    )
    return Ladder(tier=0 if fault else 1, probes=probes)


def choose_tier(mode: str, ladder: Ladder | None = None) -> int:
    """The tier to run at. MissingError with the failing probe and what mends it where the machine has less.

    ladder: the machine's, probed now if not given.
    """
    if mode not in MODES:
        raise UsageError(f'no sandbox mode "{mode}"', f"the modes are {', '.join(MODES)}")
    if mode == "none":
        return 0
    ladder = ladder or probe_ladder()
    needed = REQUIRED if mode == "require" else 1
    if ladder.tier >= needed:
        return ladder.tier
    failing = next((p for p in ladder.probes if p.fault and _decides(p, ladder)), ladder.probes[-1])
    raise MissingError(
        f"model-written code is not run: the sandbox reaches tier {ladder.tier} of 4, {needed} is needed;"
        f' the probe "{failing.name}" says: {failing.fault or "no answer"}',
        failing.mend or ("--sandbox best runs in a weaker box" if mode == "require" else None),
    )


def _decides(probe: Probe, ladder: Ladder) -> bool:
    """Of two ways up (namespaces or Landlock) the one named is that which a command can open."""
    if any(p.fault for p in ladder.probes if p.name in ("filter", "limits")):
        return probe.name in ("filter", "limits")
    return True


def _tier(works: set[str]) -> int:
    if not {"filter", "limits"} <= works:
        return 1 if "limits" in works and "landlock" in works else 0
    if works.issuperset(_NAMESPACED):
        return 4 if "landlock" in works else 3
    return 2 if "landlock" in works else 1


def _probe(name: str, fault: str) -> Probe:
    mend = _mend(name) if fault else ""
    return Probe(name=name, meaning=_MEANING[name], fault=fault, mend=mend)


# What commonly stands in the way of namespaces; read for advice only, never to decide.
_SWITCHES = (
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "1"),
    ("/proc/sys/user/max_user_namespaces", "0", "15000"),
)


def _mend(name: str) -> str:
    if name in _NAMESPACED:
        for path, closed, opened in _SWITCHES:
            if _read(path) == closed:
                setting = path.removeprefix("/proc/sys/").replace("/", ".")
                return f"sudo sysctl -w {setting}={opened}"
        return (
            "in a container: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined"
        )
    if name == "landlock":
        return "boot Linux 6.12 or newer with landlock in its lsm= list (cat /sys/kernel/security/lsm)"
    return "run on Linux on x86-64 or arm64, outside of another sandbox"


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""
