"""How are completions that somebody recorded before answered again, without any model?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from phi4eval.backends.options import BackendOptions, check_args
from phi4eval.backends.recordings import RowFile, RunRecording, check_unchanged
from phi4eval.errors import DataError, UsageError
from phi4eval.protocols import StopSignal
from phi4eval.types import Completion, Draw, Fingerprint, ModelSpec, Prompt, PromptTokens

ARGS = {"path": "a run directory, or a JSONL file with an id or question and a completion a line"}

NOT_RECORDED = "no recorded completion"


def open(model: ModelSpec, options: BackendOptions) -> ReplayBackend:
    """The recording a model stands for: `--backend-arg path=`, else the model's weights.

    Raises UsageError without a path, DataError for one that cannot be read, naming every line that is
    broken.
    """
    check_args("replay", options.args, ARGS)
    given = options.args.get("path") or model.weights
    if not given:
        raise UsageError(
            "replay needs a recording", "--model replay:FILE, or --backend replay --backend-arg path=FILE"
        )
    path = Path(given).expanduser()
    if not path.exists():
        raise DataError(f"recorded completions {path} not found", "give a run directory or a JSONL file")
    recording = RunRecording(path) if path.is_dir() else RowFile(path)
    return ReplayBackend(model, recording)


class ReplayBackend:
    """A Backend over recorded completions; a draw that nobody recorded ends as an error, not as an answer."""

    chooses = True
    """Likelihoods may have been recorded too."""

    def __init__(self, model: ModelSpec, recording: RowFile | RunRecording) -> None:
        self._recording = recording
        self._fingerprint = Fingerprint(
            backend="replay",
            model=model.name,
            weights=None,
            identity=recording.identity,
            details={"file": recording.path.name},
        )

    @property
    def fingerprint(self) -> Fingerprint:
        """The recording, by a hash of its content."""
        return self._fingerprint

    @property
    def context(self) -> int | None:
        """None: nothing is generated, so nothing has to fit."""
        return None

    def tokens(self, prompt: Prompt) -> PromptTokens | None:
        """None: a recording has no tokenizer."""
        return None

    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        """The recorded completion of every draw, in the prompts' order."""
        recording = self._recording
        with recording.path.open("rb") as file:
            for prompt in prompts:
                if stop.is_set():
                    return
                check_unchanged(recording.path, recording.stamp)
                for draw, completion in recording.find(file, prompt):
                    yield completion or _missing(prompt, draw)

    def close(self) -> None:
        """Nothing is held open between calls."""


def _missing(prompt: Prompt, draw: Draw) -> Completion:
    return Completion(
        task=prompt.task,
        item=prompt.item,
        sample=draw.sample,
        text="",
        finish="error",
        prompt_hash=prompt.hash,
        seed=draw.seed,
        error=NOT_RECORDED,
    )
