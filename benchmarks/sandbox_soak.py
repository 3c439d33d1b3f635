"""Is anything left after 1,000 hostile programs? Processes, mounts, files, shared memory, descriptors.

    python benchmarks/sandbox_soak.py [--programs 1000] [--tier 4]

Runs the attack collection of tests/attacks over and over in one sandbox and compares this machine before and
after. Exit 1 if anything is left, or if any attack passed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from phi4eval.sandbox import Sandbox, choose_tier
from tests.attacks.programs import CHEATS, DAMAGE, ENDLESS, KERNEL, NETWORK, RESOURCES, fill
from tests.attacks.test_attacks import PROBLEM, act

GROWTH_MB = 100
SLOW = frozenset({"starts many threads", "sends a long answer"})


def read_process(pid: int) -> tuple[int, bytes]:
    """Its parent and its command."""
    parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return parent, Path(f"/proc/{pid}/cmdline").read_bytes()


def descendants() -> set[int]:
    """Processes that come from this one, and sandbox processes that have lost their harness.

    Sandboxes of other harnesses on this machine are not among them: those have a parent that is none.
    """
    me, found = os.getpid(), set()
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        at = int(name)
        try:
            parent, command = read_process(at)
            boxed = b"phi4eval.sandbox" in command
            while parent not in (0, 1, me) and boxed:
                parent, command = read_process(parent)
                if parent not in (0, 1, me) and b"phi4eval.sandbox" not in command:
                    break
        except OSError:
            continue
        if at != me and (parent == me or (boxed and parent in (0, 1))):
            found.add(at)
    return found


def state() -> dict[str, object]:
    """What must be as it was."""
    shared = [Path(f"/proc/sysvipc/{kind}") for kind in ("shm", "msg", "sem")]
    return {
        "processes": descendants(),
        "mounts": Path("/proc/mounts").read_text(),
        "scratch": {
            name
            for place in (tempfile.gettempdir(), "/dev/shm")
            for name in os.listdir(place)
            if name.startswith(("phi4eval-", "left"))
        },
        "shared memory": [path.read_text().count("\n") for path in shared if path.exists()],
        "descriptors": len(os.listdir("/proc/self/fd")),
    }


def is_more(now: object, before: object) -> bool:
    """Whether something is there that was not; what others removed meanwhile is nothing left."""
    if isinstance(now, set) and isinstance(before, set):
        return bool(now - before)
    return now != before


def main() -> int:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--tier", type=int, default=choose_tier("require"))
    options = parser.parse_args()
    before, memory = state(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, worst = time.monotonic(), (0.0, "")
    verdicts: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as place, Sandbox(options.tier) as box:
        Path(place, "secret").write_text("a secret")
        acts = {**DAMAGE, **NETWORK, **KERNEL, **RESOURCES, **ENDLESS}
        programs = {
            name: act(fill(body, place=place, pid=os.getpid(), port=9)) for name, body in acts.items()
        }
        programs = {name: body for name, body in {**programs, **CHEATS}.items() if name not in SLOW}
        for name, program in itertools.islice(itertools.cycle(programs.items()), options.programs):
            limit = 0.2 if name in ENDLESS else 3.0
            outcome = box.run_check(PROBLEM, program, timeout=limit)
            verdicts[outcome.verdict] = verdicts.get(outcome.verdict, 0) + 1
            worst = max(worst, (outcome.seconds - limit, name))
            if outcome.verdict in ("pass", "sandbox-error"):
                print(f"{outcome.verdict}: {name}: {outcome.detail}")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    after = state()
    left = {name: now for name, now in after.items() if is_more(now, before[name])}
    print(
        f"{options.programs} programs in {time.monotonic() - began:.0f} s at tier {options.tier}: {verdicts}"
    )
    print(f"grew by {grown:.0f} MB; longest over its limit {worst[0]:.2f} s ({worst[1]}), load", end=" ")
    print(f"{os.getloadavg()[0]:.1f}; left: {left or 'nothing'}")
    return int(bool(left) or grown > GROWTH_MB or "pass" in verdicts or "sandbox-error" in verdicts)


if __name__ == "__main__":
    sys.exit(main())
