"""How familiar does a model find a text? Statistics of its tokens' log-probabilities; higher is more so."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from phi4eval.types import TokenScores

LOWEST = 0.2
"""Share of the tokens that Min-K% looks at (Shi et al. 2023, arXiv 2310.16789, use 20 %)."""


def mean_logprob(scored: TokenScores) -> float | None:
    """Mean log-probability of a token, in nats; minus the loss. None for a text of one token."""
    values = [value for value in scored.logprobs if value is not None]
    return sum(values) / len(values) if values else None


def min_k(scored: TokenScores, share: float = LOWEST) -> float | None:
    """Mean log-probability of the least likely tokens (Min-K%, Shi et al. 2023, arXiv 2310.16789)."""
    return _lowest([value for value in scored.logprobs if value is not None], share)


def min_k_plus(scored: TokenScores, share: float = LOWEST) -> float | None:
    """Min-K%++ (Zhang et al. 2024, arXiv 2404.02936): as Min-K%, each token against what the model expected.

    (log p - mean) / standard deviation over the vocabulary at that place. None where the backend does not see
    the whole vocabulary.
    """
    if scored.means is None or scored.deviations is None:
        return None
    values = [
        (value - mean) / deviation
        for value, mean, deviation in zip(scored.logprobs, scored.means, scored.deviations, strict=True)
        if value is not None and mean is not None and deviation
    ]
    return _lowest(values, share)


def _lowest(values: Sequence[float], share: float) -> float | None:
    lowest = sorted(values)[: ceil(share * len(values))]
    return sum(lowest) / len(lowest) if lowest else None


def peakedness(greedy: str, samples: Sequence[str], alpha: float = 0.05) -> float:
    """Share of sampled answers that hardly differ from the greedy one.

    CDD, Dong et al. 2024, arXiv 2402.15938. Hardly: the word edit distance is at most alpha times the greedy
    answer's words.
    """
    words = greedy.split()
    most = int(alpha * len(words))
    return sum(within(words, sample.split(), most) for sample in samples) / max(1, len(samples))


def within(one: Sequence[str], other: Sequence[str], most: int) -> bool:
    """Whether two texts are at most `most` word edits apart (Levenshtein, in a band around the diagonal)."""
    if abs(len(one) - len(other)) > most:
        return False
    far = most + 1
    row = {j: j for j in range(min(len(other), most) + 1)}
    for i, word in enumerate(one, start=1):
        above, row = row, {}
        for j in range(max(0, i - most), min(len(other), i + most) + 1):
            if j == 0:
                row[j] = i
                continue
            same = word == other[j - 1]
            row[j] = min(above.get(j - 1, far) + (not same), above.get(j, far) + 1, row.get(j - 1, far) + 1)
    return row.get(len(other), far) <= most
