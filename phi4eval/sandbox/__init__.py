"""Does a model-written program pass its tests? Runs it in a box that it cannot grade itself from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phi4eval.errors import MissingError
from phi4eval.sandbox.ladder import MODES, Ladder, Probe, choose_tier, probe_ladder
from phi4eval.sandbox.process import cores
from phi4eval.sandbox.runner import CodeVerdict, Sandbox, run_check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "MODES",
    "CodeVerdict",
    "Ladder",
    "Probe",
    "Sandbox",
    "choose_tier",
    "cores",
    "open_runner",
    "probe_ladder",
    "run_check",
]


def open_runner(tier: int | None = None) -> Callable[..., CodeVerdict]:
    """A sandbox for many programs, as a function like run_check; it ends with this process.

    tier: as choose_tier gave it; None chooses when the first program comes, and is a sandbox-error below
    tier 2. Nothing is started before that: graders that may run code seldom do.
    """
    opened: list[Sandbox] = []

    def run_code(problem: Mapping[str, str], program: str, *, timeout: float = 3.0) -> CodeVerdict:
        try:
            if not opened:
                opened.append(Sandbox(tier))
        except MissingError as error:
            return CodeVerdict(verdict="sandbox-error", detail=error.message, seconds=0.0, tier=0)
        return opened[0].run_check(problem, program, timeout=timeout)

    return run_code
