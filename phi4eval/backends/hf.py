"""How does a checkpoint answer in this process, through PyTorch and transformers?

Draws are sorted by length within windows and decoded in batches (hf_decode). A draw's text does not depend on
its batch: every draw has its own seed (hf_sampling), padding is masked, and prompts are never cut.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from phi4eval.backends import choosing as choosing_lib
from phi4eval.backends import hf_args, hf_load, hf_scores, hf_text, prompt_ids, weights
from phi4eval.backends.hf_decode import Batch, Decoder, Row
from phi4eval.backends.options import BackendOptions
from phi4eval.errors import IncompleteError, UsageError
from phi4eval.types import (
    Completion,
    ContinuationScore,
    Fingerprint,
    ModelSpec,
    Prompt,
    PromptTokens,
    TokenScores,
)

if TYPE_CHECKING:
    from phi4eval.protocols import StopSignal

ARGS = hf_args.ARGS

WINDOW = 16
"""Batches' worth of draws sorted by length together: packs well, and keeps roughly the given order."""


def open(model: ModelSpec, options: BackendOptions) -> HfBackend:
    """Load the tokenizer and config; the weights follow with the first generate().

    Raises MissingError (a dependency, device or hub repository is not there) or UsageError (no checkpoint,
    bad argument).
    """
    settings = hf_args.settle(options)
    checkpoint = weights.locate(model)
    with hf_load.quiet():
        tokenizer, config = hf_load.describe(checkpoint, model.name)
    if settings.threads is None and settings.device == "cpu" and hf_args.is_narrow(config):
        settings = msgspec.structs.replace(settings, threads=1)
    return HfBackend(model, settings, checkpoint, tokenizer, config)


class HfBackend:
    """A Backend over one checkpoint. Not safe for use from several threads at once."""

    chooses = True
    """Prompts with continuations are answered by likelihood."""

    def __init__(
        self,
        model: ModelSpec,
        settings: hf_args.Settings,
        checkpoint: weights.Checkpoint,
        tokenizer: Any,
        config: Any,
    ) -> None:
        self._model, self._settings, self._checkpoint, self._config = model, settings, checkpoint, config
        self._warnings: tuple[str, ...]
        self._codec, self._warnings = prompt_ids.choose_codec(
            tokenizer, model.name, template=settings.template, thinking=settings.thinking
        )
        self._decoder: Decoder | None = None
        self._fingerprint: Fingerprint | None = None
        self._batch_size = settings.batch_size
        self._batch_tokens = settings.batch_tokens

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know, such as a missing chat template; grows while generating."""
        return self._warnings

    @property
    def fingerprint(self) -> Fingerprint:
        """Weights by commit or content, identity by dtype and chat template."""
        if self._fingerprint is None:
            self._fingerprint = Fingerprint(
                backend="hf",
                model=self._model.name,
                weights=weights.fingerprint(self._checkpoint),
                identity={
                    "dtype": self._settings.dtype,
                    **({"quantization": f"{self._settings.bits}bit"} if self._settings.bits else {}),
                    **prompt_ids.identity(self._codec),
                },
                details={
                    "torch": version("torch"),
                    "transformers": version("transformers"),
                    "device": self._settings.device,
                    "threads": str(hf_args.thread_count(self._settings)),
                    "batch_size": str(self._settings.batch_size),
                    **({"parameters": str(count)} if (count := weights.parameters(self._checkpoint)) else {}),
                },
            )
        return self._fingerprint

    @property
    def context(self) -> int | None:
        """The smaller of what models.yaml and the checkpoint's config say."""
        return prompt_ids.context_of(self._model, self._config)

    def tokens(self, prompt: Prompt) -> PromptTokens:
        """The prompt as the model will see it."""
        return hf_text.prompt_tokens(self._codec, prompt)

    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        """Complete every draw; `stop` is looked at between batches.

        A prompt that leaves no room for its answer within the context ends as an error with the numbers.
        """
        if not prompts or stop.is_set():
            return
        self._load()
        prompts, choosing = choosing_lib.split(prompts)
        yield from self._choose(choosing, stop)
        rows = (row for prompt in prompts for row in self._prepare(prompt))
        while window := list(islice(rows, WINDOW * self._batch_size)):
            yield from (self._complete(row, 0.0) for row in window if row.finish is not None)
            left = [row for row in window if row.finish is None]
            # longest first: a batch that does not fit in memory shows at the start
            left.sort(key=lambda row: row.room, reverse=True)
            pending = self._batches(left)
            while pending:
                if stop.is_set():
                    return
                yield from self._run(pending.pop(0), pending)

    def score(self, texts: Sequence[str]) -> Iterator[TokenScores]:
        """Every token of every text; see protocols.Scorer."""
        rows = [hf_scores.text_ids(self._codec, text, context=self.context) for text in texts]
        for ids, scores in zip(rows, self._score(rows), strict=True):
            yield hf_scores.token_scores(self._codec, ids, scores)

    def score_continuations(self, pairs: Sequence[tuple[str, str]]) -> Iterator[ContinuationScore]:
        """The second text of every pair, given the first; see protocols.Scorer."""
        codec = hf_text.plain(self._codec)
        rows = [hf_scores.pair_ids(codec, *pair, context=self.context) for pair in pairs]
        scored = self._score([ids for ids, _ in rows])
        for (_, text), (_, count), scores in zip(pairs, rows, scored, strict=True):
            yield hf_scores.continuation_score(scores, count, text)

    def _score(self, rows: Sequence[Sequence[int]]) -> Iterator[hf_scores.Scores]:
        if not rows:
            return iter(())
        decoder = self._load()
        return hf_scores.score_ids(decoder.model, rows, pad=decoder.pad, alone=decoder.rope_limit)

    def _choose(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        for begin in range(0, len(prompts), self._batch_size):
            if stop.is_set():
                return
            started = time.monotonic()
            asked = []
            for prompt in prompts[begin : begin + self._batch_size]:
                try:
                    rows = choosing_lib.choice_rows(self._codec, prompt, context=self.context)
                except UsageError as error:
                    yield from choosing_lib.failed(prompt, error)
                    continue
                asked.append((prompt, rows))
            scored = self._score([ids for _, rows in asked for ids, _ in rows])
            for prompt, rows in asked:
                scores = list(islice(scored, len(rows)))
                yield from choosing_lib.chosen(prompt, rows, scores, time.monotonic() - started)

    def close(self) -> None:
        """Drop the weights."""
        if self._decoder is not None:
            self._decoder = None
            hf_load.free_memory()

    def _prepare(self, prompt: Prompt) -> list[Row]:
        try:
            ids = prompt_ids.prompt_ids(self._codec, prompt, context=self.context)
        except IncompleteError as error:
            why = f"{error.message}; {error.hint}"
            return [Row(prompt=prompt, draw=each, ids=[], finish="error", error=why) for each in prompt.draws]
        return [Row(prompt=prompt, draw=draw, ids=ids) for draw in prompt.draws]

    def _batches(self, rows: Sequence[Row]) -> list[list[Row]]:
        """Cut sorted rows into batches of at most batch_size rows and batch_tokens tokens of padded room."""
        limit = self._decoder.rope_limit if self._decoder else None
        batches: list[list[Row]] = []
        for row in rows:
            batch = batches[-1] if batches else []
            widest = max((each.room for each in batch), default=row.room)
            alone = limit is not None and widest > limit
            full = len(batch) >= self._batch_size or (
                self._batch_tokens is not None and (len(batch) + 1) * widest > self._batch_tokens
            )
            if not batch or full or alone:
                batches.append([row])
            else:
                batch.append(row)
        return batches

    def _run(self, rows: list[Row], pending: list[list[Row]]) -> Iterator[Completion]:
        """Decode one batch; what runs out of memory goes back to `pending` in halves."""
        started = time.monotonic()
        assert self._decoder is not None
        batch = Batch(self._decoder, rows)
        while batch:
            problem = None
            try:
                done = batch.step()
            except (RuntimeError, MemoryError) as error:
                if not hf_load.is_out_of_memory(error):
                    raise
                problem = str(error).splitlines()[0] if str(error) else type(error).__name__
            if problem is None:
                for row in done:
                    yield self._complete(row, time.monotonic() - started)
                continue
            del batch
            hf_load.free_memory()
            left = [row for row in rows if row.finish is None]
            if len(left) == 1:
                left[0].finish, left[0].error = "error", f"out of memory for a single prompt: {problem}"
                yield self._complete(left[0], time.monotonic() - started)
                return
            self._halve(left, pending)
            return

    def _halve(self, left: list[Row], pending: list[list[Row]]) -> None:
        half = (len(left) + 1) // 2
        for row in left:
            row.generated = []
        if half < self._batch_size:
            self._batch_size = half
            self._warnings += (f"out of memory with {len(left)} prompts at once; going on with {half}",)
        later = [row for batch in pending for row in batch]
        pending[:] = [left[:half], left[half:], *self._batches(later)]

    def _complete(self, row: Row, seconds: float) -> Completion:
        ids = row.generated
        if ids and self._decoder is not None and ids[-1] in self._decoder.ends:
            ids = ids[:-1]
        text = hf_text.cut(hf_text.decode(self._codec, ids), row.prompt.sampling.stop)
        return Completion(
            task=row.prompt.task,
            item=row.prompt.item,
            sample=row.draw.sample,
            text=text,
            finish=row.finish or "error",
            prompt_hash=row.prompt.hash,
            seed=row.draw.seed,
            error=row.error,
            prompt_tokens=len(row.ids) or None,
            completion_tokens=len(row.generated),
            seconds=seconds,
        )

    def _load(self) -> Decoder:
        if self._decoder is not None:
            return self._decoder
        weights.fetch(self._checkpoint)
        if self._settings.threads is not None:
            import torch

            torch.set_num_threads(self._settings.threads)
        with hf_load.quiet():
            model = hf_load.load_model(
                self._checkpoint,
                self._model.name,
                device=self._settings.device,
                dtype=self._settings.dtype,
                bits=self._settings.bits,
            )
        tokenizer = self._codec.tokenizer
        ends = hf_load.end_tokens(model, tokenizer)
        if not ends:
            self._warnings += (
                f"{self._model.name} names no end token: every answer runs to its token limit",
            )
        self._decoder = Decoder(
            model=model,
            # any id will do: padding is masked
            pad=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0,
            ends=ends,
            stopped=lambda ids, stops: hf_text.stopped(self._codec, ids, stops),
            rope_limit=hf_load.rope_limit(self._config),
        )
        if self._batch_tokens is None:
            self._batch_tokens = hf_load.token_budget(model)
        return self._decoder
