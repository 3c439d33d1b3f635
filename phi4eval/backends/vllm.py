"""How does a checkpoint answer through vLLM's engine, in processes of its own on this machine?

Prompts are rendered and tokenized as for hf, so that both ask the same; draws of one prompt are requests of
their own with their own seeds and share the prompt's work through vLLM's prefix cache.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from types import SimpleNamespace
from typing import Any

from phi4eval.backends import choosing as choosing_lib
from phi4eval.backends import hf_load, hf_scores, hf_text, prompt_ids, vllm_args, weights
from phi4eval.backends.options import BackendOptions
from phi4eval.backends.vllm_engine import Engine, Request, Result
from phi4eval.errors import IncompleteError, UsageError
from phi4eval.protocols import StopSignal
from phi4eval.types import (
    Completion,
    ContinuationScore,
    Draw,
    Fingerprint,
    Finish,
    ModelSpec,
    Prompt,
    PromptTokens,
    Sampling,
    TokenScores,
)

ARGS = vllm_args.ARGS


def open(model: ModelSpec, options: BackendOptions) -> VllmBackend:
    """Check settings and checkpoint; the engine starts with the first generate() or score().

    Raises MissingError (vllm, a device or a repository is not there) or UsageError (no checkpoint, a setting
    that vLLM refuses).
    """
    installed, warnings = vllm_args.require()
    settings = vllm_args.settle(options)
    checkpoint = weights.locate(model)
    with hf_load.quiet():
        tokenizer, config = hf_load.describe(checkpoint, model.name)
    codec, more = prompt_ids.choose_codec(
        tokenizer, model.name, template=settings.template, thinking=settings.thinking
    )
    return VllmBackend(model, settings, checkpoint, codec, config, installed, (*warnings, *more))


class VllmBackend:
    """A Backend and Scorer over one engine. Not safe for use from several threads at once."""

    cached = True
    """Its completions are worth keeping for other runs: they took hours of a GPU."""

    chooses = True
    """Prompts with continuations are answered by likelihood."""

    def __init__(
        self,
        model: ModelSpec,
        settings: vllm_args.Settings,
        checkpoint: weights.Checkpoint,
        codec: hf_text.Codec,
        hf_config: Any,
        installed: str,
        warnings: tuple[str, ...],
    ) -> None:
        self._model, self._settings, self._checkpoint, self._codec = model, settings, checkpoint, codec
        self._hf_config, self._installed = hf_config, installed
        self._config = vllm_args.engine_config(settings, checkpoint.directory, model.name)
        # a stop such as "<|im_end|>" is a token of its own, and in no text
        self._hidden = {codec.tokenizer.convert_ids_to_tokens(each): each for each in codec.hidden}
        self._engine: Engine | None = None
        self._fingerprint: Fingerprint | None = None
        self.warnings = warnings
        """What the user should know, such as a missing chat template."""

    @property
    def fingerprint(self) -> Fingerprint:
        """Weights by commit or content; identity by dtype, template and every setting that moves answers."""
        if self._fingerprint is None:
            dtype = str(self._config.model_config.dtype).removeprefix("torch.")
            self._fingerprint = Fingerprint(
                backend="vllm",
                model=self._model.name,
                weights=weights.fingerprint(self._checkpoint),
                identity={"dtype": dtype, **prompt_ids.identity(self._codec), **self._settings.identity},
                details={
                    "vllm": self._installed,
                    "torch": version("torch"),
                    "transformers": version("transformers"),
                    **vllm_args.describe(self._config),
                },
            )
        return self._fingerprint

    @property
    def context(self) -> int:
        """The smaller of what models.yaml, the checkpoint and max_model_len say."""
        limit = int(self._config.model_config.max_model_len)
        return min(limit, prompt_ids.context_of(self._model, self._hf_config) or limit)

    def tokens(self, prompt: Prompt) -> PromptTokens:
        """The prompt as the model will see it."""
        return hf_text.prompt_tokens(self._codec, prompt)

    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        """Complete every draw, each yielded as it finishes.

        A prompt that leaves no room for its answer ends as an error with the numbers. Raises IncompleteError
        for an engine that does not start, dies or stalls.
        """
        if not prompts or stop.is_set():
            return
        prompts, choosing = choosing_lib.split(prompts)
        yield from self._choose(choosing, stop)
        refused: list[Completion] = []
        for result in self._start().run(self._requests(prompts, refused), stop):
            while refused:
                yield refused.pop()
            yield self._complete(result)
        yield from refused

    def score(self, texts: Sequence[str]) -> Iterator[TokenScores]:
        """Every token of every text; see protocols.Scorer. The means that need all logits are left out."""
        rows = [hf_scores.text_ids(self._codec, text, context=self.context - 1) for text in texts]
        for ids, scores in zip(rows, self._score(rows), strict=True):
            yield hf_scores.token_scores(self._codec, ids, scores)

    def score_continuations(self, pairs: Sequence[tuple[str, str]]) -> Iterator[ContinuationScore]:
        """The second text of every pair, given the first; see protocols.Scorer."""
        codec = hf_text.plain(self._codec)
        rows = [hf_scores.pair_ids(codec, *pair, context=self.context - 1) for pair in pairs]
        scored = self._score([ids for ids, _ in rows])
        for (_, text), (_, count), scores in zip(pairs, rows, scored, strict=True):
            yield hf_scores.continuation_score(scores, count, text)

    def _choose(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        started = time.monotonic()
        asked = []
        for prompt in prompts:
            try:
                rows = choosing_lib.choice_rows(self._codec, prompt, context=self.context - 1)
            except UsageError as error:
                yield from choosing_lib.failed(prompt, error)
                continue
            asked.append((prompt, rows))
        scored = self._score([ids for _, rows in asked for ids, _ in rows], stop)
        for prompt, rows in asked:
            scores = list(islice(scored, len(rows)))
            if len(scores) < len(rows):  # stopped
                return
            yield from choosing_lib.chosen(prompt, rows, scores, time.monotonic() - started)

    def close(self) -> None:
        """Stop the engine and its processes."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _start(self) -> Engine:
        if self._engine is None:
            from vllm.lora.request import LoRARequest

            weights.fetch(self._checkpoint)
            settings = self._settings
            self._engine = Engine(
                self._config,
                lora=LoRARequest("adapter", 1, settings.lora) if settings.lora else None,
                startup_timeout=settings.startup_timeout,
                stall_timeout=settings.stall_timeout,
            )
        return self._engine

    def _requests(self, prompts: Sequence[Prompt], refused: list[Completion]) -> Iterator[Request]:
        """What the engine is asked; what does not fit is put down in `refused` instead."""
        ends = sorted(self._ends())
        for prompt in prompts:
            try:
                ids = prompt_ids.prompt_ids(self._codec, prompt, context=self.context)
            except IncompleteError as error:
                refused.extend(
                    _refusal(prompt, draw, f"{error.message}; {error.hint}") for draw in prompt.draws
                )
                continue
            for draw in prompt.draws:
                params = self._params(prompt.sampling, draw, ends)
                yield Request(tag=(prompt, draw, len(ids)), ids=ids, params=params)

    def _ends(self) -> frozenset[int]:
        from transformers import GenerationConfig

        try:
            generation = GenerationConfig.from_pretrained(self._checkpoint.directory)
        except OSError:  # a checkpoint need not have one
            generation = GenerationConfig.from_model_config(self._hf_config)
        return hf_load.end_tokens(SimpleNamespace(generation_config=generation), self._codec.tokenizer)

    def _params(self, sampling: Sampling, draw: Draw, ends: list[int]) -> Any:
        """vLLM's SamplingParams of one draw; every field that could move an answer is set."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        hidden = self._hidden
        stops = [each for each in sampling.stop if each not in hidden]
        regex = self._settings.guided_regex
        return SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_tokens,
            seed=draw.seed if sampling.temperature > 0 else None,
            stop=stops,
            stop_token_ids=[*ends, *(hidden[each] for each in sampling.stop if each in hidden)],
            # text is only needed where it is looked through for stops; what is kept is decoded here
            detokenize=bool(stops) or regex is not None,
            structured_outputs=StructuredOutputsParams(regex=regex) if regex is not None else None,
            thinking_token_budget=self._settings.thinking_budget,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )

    def _complete(self, result: Result) -> Completion:
        prompt, draw, count = result.tag
        finish, error = _ending(result)
        ids = list(result.output.outputs[0].token_ids) if result.output is not None else []
        return Completion(
            task=prompt.task,
            item=prompt.item,
            sample=draw.sample,
            text=hf_text.cut(hf_text.decode(self._codec, ids), prompt.sampling.stop),
            finish=finish,
            prompt_hash=prompt.hash,
            seed=draw.seed,
            error=error,
            prompt_tokens=count,
            completion_tokens=len(ids),
            seconds=result.seconds,
        )

    def _score(
        self, rows: Sequence[Sequence[int]], stop: StopSignal | None = None
    ) -> Iterator[hf_scores.Scores]:
        """Scores of every row, in the rows' order; the engine finishes them in its own."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        params = SamplingParams(
            temperature=0,
            max_tokens=1,  # vLLM writes at least one
            prompt_logprobs=0,
            detokenize=False,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        if not rows:
            return
        requests = (Request(tag=at, ids=list(ids), params=params) for at, ids in enumerate(rows))
        waiting: dict[int, hf_scores.Scores] = {}
        following = 0
        for result in self._start().run(requests, stop or _Never()):
            if result.output is None:
                raise IncompleteError(f"vLLM could not score a text: {result.error}") from result.error
            waiting[result.tag] = _scores(result.output.prompt_logprobs, rows[result.tag])
            while following in waiting:
                yield waiting.pop(following)
                following += 1


def _refusal(prompt: Prompt, draw: Draw, why: str) -> Completion:
    return Completion(
        task=prompt.task,
        item=prompt.item,
        sample=draw.sample,
        text="",
        finish="error",
        prompt_hash=prompt.hash,
        seed=draw.seed,
        error=why,
    )


class _Never:
    def is_set(self) -> bool:
        return False


def _ending(result: Result) -> tuple[Finish, str | None]:
    if result.output is None:
        return "error", f"vLLM: {' '.join(str(result.error).split()) or type(result.error).__name__}"
    reason = result.output.outputs[0].finish_reason
    if reason in ("stop", "length"):
        return reason, None
    return "error", f"vLLM ended the answer with {reason!r}"


def _scores(found: Sequence[Any], ids: Sequence[int]) -> hf_scores.Scores:
    """vLLM's prompt log-probabilities, a mapping from token id for every position but the first."""
    told = [found[at][ids[at]] for at in range(1, len(ids))]
    return hf_scores.Scores(
        logprobs=[float(each.logprob) for each in told], greedy=[each.rank == 1 for each in told]
    )
