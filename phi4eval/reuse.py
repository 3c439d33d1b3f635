"""Which missing samples need not be asked, because the same was answered before or is being asked already?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from phi4eval.completion_cache import CompletionCache, completion_keys
from phi4eval.types import Completion, Draw, Fingerprint, Prompt

Sample = tuple[str, str, int]
"""Task, item and number of a sample."""


class Reuse:
    """Shares completions between samples that ask the same, of this run and of all others.

    cache None: nothing is shared. seed: the run's. warnings: where the cache says why it cannot be used.
    """

    def __init__(
        self,
        cache: CompletionCache | None,
        fingerprint: Fingerprint,
        seed: int,
        warnings: Sequence[str] = (),
    ) -> None:
        self.warnings = warnings
        self._cache = cache
        self._fingerprint = fingerprint
        self._seed = seed
        self._keys: dict[Sample, bytes] = {}
        self._twins: dict[bytes, list[tuple[Prompt, Draw]]] = {}

    def count(self, prompts: Iterable[Prompt]) -> int:
        """How many of these draws the cache holds."""
        if self._cache is None or not self._cache.exists:
            return 0
        keys = [key for prompt in prompts for key in self._keys_of(prompt)]
        held = self._cache.held(keys)
        return sum(key in held for key in keys)

    def split(self, prompts: Sequence[Prompt]) -> tuple[list[Completion], list[Prompt]]:
        """(completions that are there, prompts with the draws that have to be asked)."""
        if self._cache is None:
            return [], list(prompts)
        keyed = [(prompt, list(zip(prompt.draws, self._keys_of(prompt), strict=True))) for prompt in prompts]
        held = self._cache.find([key for _, draws in keyed for _, key in draws])
        found: list[Completion] = []
        asked: list[Prompt] = []
        for prompt, draws in keyed:
            left = self._missing(prompt, draws, held, found)
            if left:
                asked.append(msgspec.structs.replace(prompt, draws=tuple(left)))
        return found, asked

    def _missing(
        self,
        prompt: Prompt,
        draws: Iterable[tuple[Draw, bytes]],
        held: Mapping[bytes, Completion],
        found: list[Completion],
    ) -> list[Draw]:
        left = []
        for draw, key in draws:
            if key in held:
                found.append(_copied(held[key], prompt, draw))
            elif key in self._twins:
                self._twins[key].append((prompt, draw))
            else:
                self._twins[key] = []
                self._keys[prompt.task, prompt.item, draw.sample] = key
                left.append(draw)
        return left

    def keep(self, completion: Completion) -> list[Completion]:
        """Keep a completion for other runs; returns those of this run's samples that asked the same."""
        key = self._keys.pop((completion.task, completion.item, completion.sample), None)
        if key is None or self._cache is None:
            return []
        if completion.finish != "error":
            self._cache.keep(key, completion, self._fingerprint)
        return [_copied(completion, prompt, draw) for prompt, draw in self._twins.pop(key)]

    def close(self) -> None:
        """Write what is left to the cache."""
        if self._cache is not None:
            self._cache.close()

    def _keys_of(self, prompt: Prompt) -> Iterable[bytes]:
        return completion_keys(self._fingerprint, prompt, self._seed)


def _copied(completion: Completion, prompt: Prompt, draw: Draw) -> Completion:
    """The same answer as another sample's; its seed stays the one it was drawn with."""
    return msgspec.structs.replace(
        completion,
        task=prompt.task,
        item=prompt.item,
        sample=draw.sample,
        prompt_hash=prompt.hash,
        from_cache=True,
    )
