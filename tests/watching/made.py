"""Directories that look like checkpoints, and a world in which evaluating one costs nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from phi4eval.errors import Phi4evalError
from phi4eval.history import Judged
from phi4eval.protocols import StopSignal
from phi4eval.store import load_run
from phi4eval.types import RunRequest
from phi4eval.watching.judgement import Evaluated
from phi4eval.watching.loop import OnPlan, WatchRequest, World, watch_checkpoints
from tests.gate.made import Spec, stored

TINY = Path(__file__).parents[2] / "phi4eval" / "models" / "phi-tiny"
FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")
START = datetime(2026, 1, 1, tzinfo=UTC)


def checkpoint(directory: Path, name: str, *, files: Sequence[str] = FILES) -> Path:
    """A directory with these of phi-tiny's files."""
    folder = directory / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(TINY / file, folder / file)
    return folder


class Stop:
    """A stop signal that is set when somebody says so."""

    def __init__(self) -> None:
        self.set = False

    def is_set(self) -> bool:
        return self.set


class Made:
    """A world of made-up scores: `lines` has a line of marks for each checkpoint, or what goes wrong.

    Waits take no time; `waits` has them, and `meanwhile` is called at each.
    """

    def __init__(self, lines: Mapping[str, Spec | str | Exception]) -> None:
        self.lines = dict(lines)
        self.evaluated: list[str] = []
        self.waits: list[float] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.during: Callable[[str], None] = lambda _: None

    @property
    def world(self) -> World:
        return World(wait=self._wait, now=self._now, evaluate=self._evaluate)

    def _wait(self, seconds: float, _: StopSignal) -> None:
        self.waits.append(seconds)
        self.meanwhile()

    def _now(self) -> datetime:
        return START + timedelta(minutes=len(self.evaluated))

    def _evaluate(self, request: RunRequest, _: str | None, __: StopSignal, ___: OnPlan) -> Evaluated:
        name = Path(request.model).name
        self.evaluated.append(name)
        self.during(name)
        made = self.lines[name]
        if isinstance(made, Exception):
            raise made
        run = load_run(stored(Path(request.results), made, model=name, created=self._now().isoformat()))
        assert run.summary is not None
        return Evaluated(summary=run.summary, run=str(run.path), weights=None)


def request(folder: Path, **changes: Any) -> WatchRequest:
    """Judge once what lies in folder/checkpoints."""
    (folder / "checkpoints").mkdir(exist_ok=True)
    made = WatchRequest(
        directory=str(folder / "checkpoints"),
        run=RunRequest(model="", tasks=("amc_sample",), results=str(folder / "runs")),
        out=str(folder / "out"),
        once=True,
    )
    return msgspec.structs.replace(made, **changes)


def judged(made: Made, asked: WatchRequest, **more: Any) -> list[Judged]:
    """All entries of a watch."""
    return list(watch_checkpoints(asked, stop=more.pop("stop", Stop()), world=made.world, **more))


BROKEN = Phi4evalError("its weights are no numbers", "save it again")
