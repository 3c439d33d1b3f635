"""A backend for tests that needs no model: words from the draw's seed; one prompt ends the process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from phi4eval.backends import BackendOptions
from phi4eval.errors import UsageError
from phi4eval.protocols import StopSignal
from phi4eval.seeds import seed_for
from phi4eval.types import Completion, Draw, Fingerprint, ModelSpec, Prompt, PromptTokens

WORDS = ("red ", "green ", "blue ", "white ")
DEADLY = "die"


class Wordy:
    """Greedy answers are all the same; others depend on question, seed and position."""

    context: int | None = 4096
    fingerprint = Fingerprint(backend="wordy", model="words", weights="w")

    def tokens(self, prompt: Prompt) -> PromptTokens | None:
        return None

    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        for prompt in prompts:
            for draw in prompt.draws:
                if stop.is_set():
                    return
                if prompt.messages[-1].content == DEADLY:
                    os._exit(3)
                if prompt.messages[-1].content == "refuse":
                    raise UsageError("this backend is picky", "ask something else")
                yield complete(prompt, draw)

    def close(self) -> None:
        pass


def complete(prompt: Prompt, draw: Draw) -> Completion:
    sampling = prompt.sampling
    if sampling.max_tokens > 4096:
        text, finish = "", "error"
    else:
        text, finish = "", "length"
        for at in range(sampling.max_tokens):
            seed = draw.seed if sampling.temperature else 0
            text += WORDS[seed_for(prompt.messages[-1].content, seed, at) % len(WORDS)]
            stops = [stop for stop in sampling.stop if stop in text]
            if stops:
                text, finish = text.partition(stops[0])[0], "stop"
                break
    return Completion(
        task=prompt.task,
        item=prompt.item,
        sample=draw.sample,
        text=text,
        finish=finish,  # type: ignore[arg-type]
        prompt_hash=prompt.hash,
        seed=draw.seed,
        error="too long" if finish == "error" else None,
    )


def open(model: ModelSpec, options: BackendOptions) -> Wordy:
    if "refuse" in options.args:
        raise UsageError("this backend does not open", "leave refuse out")
    return Wordy()
