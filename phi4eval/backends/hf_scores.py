"""How likely does a loaded model find token ids that are given to it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from phi4eval.backends import hf_text
from phi4eval.errors import UsageError
from phi4eval.types import ContinuationScore, TokenScores

if TYPE_CHECKING:
    from torch import Tensor

LOGITS = 2**27
"""Logits computed together at most (rows x positions x vocabulary); one text alone may need more."""

SLICE = 2**24
"""Logits turned into probabilities at once: copies of all of them in double precision would not fit."""


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """Of ids[1:] of one row: log-probability, whether it was the likeliest token; and of the distribution the
    token came from, the mean and standard deviation of log-probability."""

    logprobs: list[float]
    greedy: list[bool]
    means: list[float] | None = None
    deviations: list[float] | None = None


def score_ids(model: Any, rows: Sequence[Sequence[int]], *, pad: int, alone: int | None) -> Iterator[Scores]:
    """Scores of each row of token ids, in the rows' order.

    alone: length from which a row is computed by itself (hf_load.rope_limit). Equal rows are computed once.
    """
    import torch

    vocabulary = model.get_output_embeddings().weight.shape[0]
    unique = sorted({tuple(row) for row in rows}, key=len, reverse=True)
    found: dict[tuple[int, ...], Scores] = {}
    while unique:
        width = len(unique[0])
        size = 1 if alone is not None and width > alone else max(1, LOGITS // (vocabulary * width))
        batch, unique = unique[:size], unique[size:]
        with torch.inference_mode():
            found.update(zip(batch, _score_batch(model, batch, pad), strict=True))
    for row in rows:
        yield found[tuple(row)]


def _score_batch(model: Any, rows: Sequence[tuple[int, ...]], pad: int) -> list[Scores]:
    import torch

    width = len(rows[0])
    # padded on the right: what comes later is not seen by what comes before
    ids = torch.tensor([[*row, *[pad] * (width - len(row))] for row in rows], device=model.device)
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=model.device)
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
    return [_score_row(logits[at, : len(row) - 1], ids[at, 1 : len(row)]) for at, row in enumerate(rows)]


def _score_row(logits: Tensor, targets: Tensor) -> Scores:
    """logits [positions, vocabulary], targets [positions]."""
    logprobs: list[float] = []
    greedy: list[bool] = []
    means: list[float] = []
    deviations: list[float] = []
    step = max(1, SLICE // logits.shape[-1])
    for begin in range(0, len(targets), step):
        part, target = logits[begin : begin + step], targets[begin : begin + step]
        logp = part.double().log_softmax(dim=-1)
        p = logp.exp()
        # 0 log 0 is 0, where log 0 alone is -inf
        mean = (p * logp).nan_to_num(nan=0.0).sum(dim=-1)
        spread = (p * (logp - mean[:, None]).square()).nan_to_num(nan=0.0, posinf=0.0).sum(dim=-1).sqrt()
        logprobs.extend(logp.gather(1, target[:, None])[:, 0].tolist())
        greedy.extend((part.argmax(dim=-1) == target).tolist())
        means.extend(mean.tolist())
        deviations.extend(spread.tolist())
    return Scores(logprobs=logprobs, greedy=greedy, means=means, deviations=deviations)


# ---------------------------------------------------------------- texts


def text_ids(codec: hf_text.Codec, text: str, *, context: int | None) -> list[int]:
    """Token ids of a plain text with the BOS that its tokenizer adds."""
    ids = hf_text.encode(hf_text.plain(codec), text)
    if context is not None and len(ids) > context:
        raise UsageError(
            f'a text of {len(ids)} tokens does not fit the {context} tokens of context of "{codec.name}": '
            f"{text[:40]!r}...",
            "score it in parts",
        )
    return ids


def pair_ids(codec: hf_text.Codec, before: str, text: str, *, context: int | None) -> tuple[list[int], int]:
    """Token ids of context and continuation together, and how many of them are the continuation's.

    Both are tokenized in one piece and the context's tokens are counted off, after moving white space at the
    context's end to the continuation: as lm-eval does (TemplateLM._encode_pair), so that figures compare.
    Where a token would reach across the boundary, so that there is nothing to count off, each has its own
    tokens. Without context the tokenizer's BOS, or else its end token, stands in for it.
    """
    kept = before.rstrip()
    if kept:
        before, text = kept, before[len(kept) :] + text
    whole = hf_text.encode(codec, before + text)
    if before:
        head = hf_text.encode(codec, before)
    else:
        first = (codec.tokenizer.bos_token_id, codec.tokenizer.eos_token_id)
        head = [each for each in first if each is not None][:1]
    if whole[: len(head)] != head or len(whole) == len(head):
        whole = head + codec.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    count = len(whole) - len(head)
    if count < 1:
        raise UsageError(
            f'"{codec.name}" has no token for the continuation {text!r} after {before[-40:]!r}',
            "a continuation needs text of its own, and a context or a tokenizer with a BOS in front",
        )
    if context is not None and len(whole) > context:
        raise UsageError(
            f"{len(head)} tokens of context and {count} of continuation do not fit the {context} tokens of "
            f'context of "{codec.name}"',
            "shorten the context; it is never cut",
        )
    return whole, count


def token_scores(codec: hf_text.Codec, ids: Sequence[int], scores: Scores) -> TokenScores:
    """The public record of one text."""
    return TokenScores(
        token_ids=tuple(ids),
        tokens=tuple(codec.tokenizer.decode([each], clean_up_tokenization_spaces=False) for each in ids),
        logprobs=(None, *scores.logprobs),
        means=None if scores.means is None else (None, *scores.means),
        deviations=None if scores.deviations is None else (None, *scores.deviations),
    )


def continuation_score(scores: Scores, count: int, text: str) -> ContinuationScore:
    """The public record of a continuation that is the last `count` tokens."""
    logprobs = tuple(scores.logprobs[-count:])
    return ContinuationScore(
        logprob=sum(logprobs),
        logprobs=logprobs,
        greedy=all(scores.greedy[-count:]),
        bytes=len(text.encode()),
    )
