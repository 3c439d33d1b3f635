"""How does a batch of prompts become tokens?

A loop of our own instead of `generate()`: rows of one batch may differ in sampling, stop strings and token
limit, finished rows leave the batch, keys and values are written in place, and nothing of a checkpoint's
generation_config (top-k, repetition penalty) is applied behind the task's back; only its end tokens are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from phi4eval.backends.hf_sampling import RowSampling, next_tokens
from phi4eval.types import Draw, Finish, Prompt

if TYPE_CHECKING:
    from torch import Tensor

RETIRE = 0.25
"""Share of finished rows at which the others are packed together: packing copies the cache once."""


class Row(msgspec.Struct, kw_only=True, eq=False):
    """One draw on its way: the prompt's token ids and what was generated so far (the end token included)."""

    prompt: Prompt
    draw: Draw
    ids: list[int]
    generated: list[int] = []
    finish: Finish | None = None
    error: str | None = None

    @property
    def room(self) -> int:
        """Tokens that prompt and answer can take at most."""
        return len(self.ids) + self.prompt.sampling.max_tokens


class Decoder(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch needs of a loaded model. stopped: whether a row's generated ids end with a stop string."""

    model: Any
    pad: int
    ends: frozenset[int]
    stopped: Callable[[Sequence[int], tuple[str, ...]], bool]
    rope_limit: int | None = None


class Batch:
    """Rows that are decoded together; `step()` until it has none left."""

    def __init__(self, decoder: Decoder, rows: Sequence[Row]) -> None:
        self._decoder = decoder
        self._rows = list(rows)
        self._step = 0
        self._sampling = _row_sampling(rows, decoder.model.device)
        self._optional = inspect.signature(decoder.model.forward).parameters.keys()
        self._cache: Any = None
        self._held = 0  # positions in the cache, padding included
        self._mask: Tensor  # [rows, positions], 1 = token, with room for the answers
        self._newest: Tensor  # [rows], the token ids of the last step
        self._position: Tensor  # [rows, 1], of the newest token within its own row

    def __bool__(self) -> bool:
        return any(row.finish is None for row in self._rows)

    def step(self) -> list[Row]:
        """Add one token to every row; the rows that this finished."""
        import torch

        # entered anew at each step: inference mode must not leak to the caller between two of them
        with torch.inference_mode():
            logits = self._forward()
            self._newest = next_tokens(logits, self._sampling, self._step)
            chosen = logits.gather(1, self._newest[:, None])[:, 0]
            self._step += 1
            done = self._append(self._newest.tolist(), chosen.isfinite().tolist())
            if done and self:
                self._retire()
        return done

    def _append(self, tokens: list[int], finite: list[bool]) -> list[Row]:
        done = []
        for row, token, good in zip(self._rows, tokens, finite, strict=True):
            if row.finish is not None:
                continue
            row.generated.append(token)
            row.finish = self._finish(row, token) if good else "error"
            if not good:
                row.error = "the model's logits are not finite numbers"
            if row.finish is not None:
                done.append(row)
        return done

    def _finish(self, row: Row, token: int) -> Finish | None:
        sampling = row.prompt.sampling
        if token in self._decoder.ends:
            return "stop"
        if sampling.stop and self._decoder.stopped(row.generated, sampling.stop):
            return "stop"
        return "length" if len(row.generated) >= sampling.max_tokens else None

    def _forward(self) -> Tensor:
        """Logits [rows, vocabulary] for the next token of every row."""
        if self._cache is None or self._held == self._decoder.rope_limit:
            ids, positions = self._start()
        else:
            ids, positions = self._newest[:, None], self._position + 1
        self._held += ids.shape[1]
        self._position = positions[:, -1:]
        optional = {"position_ids": positions, "logits_to_keep": 1}
        out = self._decoder.model(
            input_ids=ids,
            attention_mask=self._mask[:, : self._held],
            past_key_values=self._cache,
            use_cache=True,
            **{name: value for name, value in optional.items() if name in self._optional},
        )
        # where layers lie on several GPUs, the last one computes the logits
        logits: Tensor = out.logits[:, -1].to(self._mask.device)
        return logits

    def _start(self) -> tuple[Tensor, Tensor]:
        """All ids so far, padded on the left, and their positions; an empty cache and a mask for them.

        Also where rotary factors change (longrope), because that makes the cached keys wrong.
        """
        import torch

        texts = [row.ids + row.generated for row in self._rows]
        width = max(map(len, texts))
        room = max(row.prompt.sampling.max_tokens - len(row.generated) for row in self._rows)
        device = self._decoder.model.device
        ids = torch.tensor(
            [[self._decoder.pad] * (width - len(text)) + text for text in texts], device=device
        )
        mask = [[0] * (width - len(text)) + [1] * (len(text) + room) for text in texts]
        self._mask = torch.tensor(mask, device=device)
        self._cache = _growing_cache(self._decoder.model.config)
        self._held = 0
        return ids, (self._mask[:, :width].cumsum(dim=1) - 1).clamp(min=0)

    def _retire(self) -> None:
        """Drop finished rows from the batch, once enough of them are there to pay for the copy."""
        import torch

        alive = [index for index, row in enumerate(self._rows) if row.finish is None]
        if len(alive) > (1 - RETIRE) * len(self._rows):
            return
        keep = torch.tensor(alive, device=self._mask.device)
        self._rows = [self._rows[index] for index in alive]
        self._cache.batch_select_indices(keep)
        self._mask, self._position, self._newest = self._mask[keep], self._position[keep], self._newest[keep]
        self._sampling = self._sampling.select(keep)


def _row_sampling(rows: Sequence[Row], device: Any) -> RowSampling:
    import torch

    samplings = [row.prompt.sampling for row in rows]
    return RowSampling(
        seed=torch.tensor([row.draw.seed for row in rows], dtype=torch.int64, device=device),
        temperature=torch.tensor([s.temperature for s in samplings], dtype=torch.float64, device=device),
        top_p=torch.tensor([s.top_p for s in samplings], dtype=torch.float64, device=device),
        greedy=all(s.temperature == 0 for s in samplings),
        nucleus=any(s.temperature > 0 and s.top_p < 1 for s in samplings),
    )


def _growing_cache(config: Any) -> Any:
    """transformers' DynamicCache, with full-attention layers that write in place.

    Its own layers concatenate, which copies all keys and values at every token; sliding layers are kept.
    """
    from transformers.cache_utils import DynamicCache, DynamicLayer

    class GrowingLayer(DynamicLayer):  # type: ignore[misc]
        """Keys and values [rows, heads, positions, size] as views into buffers with room for more."""

        keys: Tensor
        values: Tensor
        buffers: tuple[Tensor, Tensor]

        def update(
            self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any
        ) -> tuple[Tensor, Tensor]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
                self.keys, self.values = key_states[..., :0, :], value_states[..., :0, :]
                self.buffers = (self.keys, self.values)
            held = self.keys.shape[-2]
            end = held + key_states.shape[-2]
            if end > self.buffers[0].shape[-2]:
                size = end + max(64, end // 4)
                self.buffers = (_wider(self.keys, size), _wider(self.values, size))
            self.buffers[0][..., held:end, :] = key_states
            self.buffers[1][..., held:end, :] = value_states
            self._view(end)
            return self.keys, self.values

        def batch_select_indices(self, indices: Tensor) -> None:
            there = indices.to(self.buffers[0].device)
            self.buffers = (self.buffers[0][there], self.buffers[1][there])
            self._view(self.keys.shape[-2])

        def _view(self, end: int) -> None:
            self.keys, self.values = self.buffers[0][..., :end, :], self.buffers[1][..., :end, :]

    cache = DynamicCache(config=config)
    cache.layers = [GrowingLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


def _wider(held: Tensor, size: int) -> Tensor:
    wider = held.new_empty((*held.shape[:-2], size, held.shape[-1]))
    wider[..., : held.shape[-2], :] = held
    return wider
