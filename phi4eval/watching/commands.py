"""What happens on a verdict: a command of the user's, told everything, and never through a shell."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from phi4eval.errors import UsageError
from phi4eval.history import Judged

On: TypeAlias = Literal["pass", "fail", "verdict"]
"""An occasion: a good checkpoint, one that CI would stop at, or any."""

SECONDS = 600.0
"""How long a command may take; the watch waits for it. Start what takes longer in the background."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended. code None: it did not end by itself, and problem says why."""

    code: int | None
    problem: str | None = None


def parse_command(text: str, option: str) -> tuple[str, ...]:
    """The words of a command; UsageError where it has none, or its program is not there."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{option}: {error} in: {text}", "quote its words as for a shell") from error
    if not words:
        raise UsageError(f"{option} is empty", "give a program and its arguments")
    if shutil.which(words[0]) is None:
        raise UsageError(
            f'{option}: there is no program "{words[0]}"',
            "no shell is involved: for pipes and variables write a script, or sh -c '...'",
        )
    return words


def due_on(entry: Judged, occasions: Collection[On]) -> tuple[On, ...]:
    """The occasions that an entry is: one not decided is neither a pass nor, unless strict, a fail."""
    kinds: dict[On, bool] = {"pass": entry.good, "fail": entry.exit_code != 0, "verdict": True}
    return tuple(on for on, is_due in kinds.items() if is_due and on in occasions)


def told(entry: Judged, folder: Path) -> Mapping[str, str]:
    """What a command finds in its environment, beside the entry as JSON on its standard input."""
    facts = {
        "VERDICT": entry.standing,
        "CHECKPOINT": entry.checkpoint,
        "STEP": "" if entry.step is None else str(entry.step),
        "HEADLINE": entry.headline,
        "RUN": entry.run or "",
        "BASELINE": entry.baseline or "",
        "BASELINE_RUN": entry.baseline_run or "",
        "REPORT": str(folder / entry.report) if entry.report else "",
        "HISTORY": str(folder),
    }
    # a variable ends at a null byte, and a name may hold anything else
    return {f"PHI4EVAL_{name}": value.replace("\0", "?") for name, value in facts.items()}


def run_command(words: tuple[str, ...], entry: Judged, folder: Path, *, seconds: float = SECONDS) -> Outcome:
    """Run a command on a verdict and wait for it; its output goes to stderr. Never raises for how it ends."""
    environment = {**os.environ, **told(entry, folder)}
    try:
        started = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=2, env=environment, start_new_session=True
        )
    except OSError as error:
        return Outcome(code=None, problem=f"could not be started: {error.strerror}")
    try:
        started.communicate(msgspec.json.encode(entry, order="sorted") + b"\n", timeout=seconds)
    except subprocess.TimeoutExpired:
        _end(started)
        return Outcome(code=None, problem=f"still running after {seconds:g} s, ended")
    except BaseException:
        _end(started)
        raise
    if started.returncode < 0:
        return Outcome(code=None, problem=f"ended by signal {-started.returncode}")
    return Outcome(code=started.returncode)


def _end(started: subprocess.Popen[bytes]) -> None:
    """End a command with all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()
