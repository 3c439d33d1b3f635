"""How likely a model finds a text: log-probabilities of tokens that nobody generated."""

from __future__ import annotations

import msgspec


class TokenScores(msgspec.Struct, frozen=True, kw_only=True):
    """One text, token by token. All tuples have one entry a token, special tokens in front included.

    token_ids: () from an endpoint, which does not tell them. tokens: each id's own text; a piece of a
    character shows as U+FFFD. logprobs: natural logarithm of the probability of the token after all tokens
    before it; None for the first, which nothing precedes. means, deviations: mean and standard deviation of
    the log-probability of a token drawn from the model's next-token distribution at that position (Min-K%++,
    Zhang et al. 2024, arXiv:2404.02936, equation 3), over the whole vocabulary; None where the backend does
    not see all of it.
    """

    token_ids: tuple[int, ...]
    tokens: tuple[str, ...]
    logprobs: tuple[float | None, ...]
    means: tuple[float | None, ...] | None = None
    deviations: tuple[float | None, ...] | None = None


class ContinuationScore(msgspec.Struct, frozen=True, kw_only=True):
    """One continuation after its context.

    logprob: natural logarithm of the probability of the whole continuation, the sum of logprobs, which has
    one entry a token of it. greedy: whether greedy decoding would have written it. bytes: its UTF-8 length.
    """

    logprob: float
    logprobs: tuple[float, ...]
    greedy: bool
    bytes: int
