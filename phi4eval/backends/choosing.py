"""How is a multiple-choice prompt answered by likelihood, without generating anything?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from phi4eval import likelihoods
from phi4eval.backends import hf_scores, hf_text
from phi4eval.errors import UsageError
from phi4eval.types import Completion, Prompt

Rows = list[tuple[list[int], int]]
"""For each choice the ids of context and continuation, and how many of them are the continuation's."""


def split(prompts: Sequence[Prompt]) -> tuple[list[Prompt], list[Prompt]]:
    """Prompts to be answered with text, and prompts whose continuations are to be scored."""
    return [p for p in prompts if not p.continuations], [p for p in prompts if p.continuations]


def choice_rows(codec: hf_text.Codec, prompt: Prompt, *, context: int | None) -> Rows:
    """What is to be scored; UsageError where a continuation has no token or does not fit.

    In a chat template the answer begins where the prompt ends, and nothing stands between (as in lm-eval,
    whose delimiter is empty with a template).
    """
    before = hf_text.render(codec, prompt)
    texts = [each.lstrip() if codec.template else each for each in prompt.continuations]
    return [hf_scores.pair_ids(codec, before, text, context=context) for text in texts]


def chosen(
    prompt: Prompt, rows: Rows, scores: Iterable[hf_scores.Scores], seconds: float
) -> Iterator[Completion]:
    """The completions of a scored prompt, one a draw and all alike: nothing in them is drawn."""
    found = []
    for text, (_, count), each in zip(prompt.continuations, rows, scores, strict=True):
        bare = text.lstrip()
        found.append(
            likelihoods.ChoiceLikelihood(
                logprob=sum(each.logprobs[-count:]),
                tokens=count,
                characters=max(1, len(bare)),
                bytes=max(1, len(bare.encode())),
            )
        )
    longest = max(len(ids) - count for ids, count in rows)
    for draw in prompt.draws:
        yield Completion(
            task=prompt.task,
            item=prompt.item,
            sample=draw.sample,
            text=likelihoods.write(found),
            finish="stop",
            prompt_hash=prompt.hash,
            seed=draw.seed,
            prompt_tokens=longest,
            completion_tokens=0,
            seconds=seconds,
        )


def failed(prompt: Prompt, error: UsageError) -> Iterator[Completion]:
    """Errors for the draws of a prompt whose choices cannot be scored."""
    for draw in prompt.draws:
        yield Completion(
            task=prompt.task,
            item=prompt.item,
            sample=draw.sample,
            text="",
            finish="error",
            prompt_hash=prompt.hash,
            seed=draw.seed,
            error=f"{error.message}; {error.hint}",
        )
