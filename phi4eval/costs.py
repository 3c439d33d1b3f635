"""What did completions cost, and what will they cost at most?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from phi4eval.types import Completion, ModelSpec, Price, Prompt

MILLION = 1_000_000

TURN_TOKENS = 16
"""Upper bound of what a chat template adds to one message."""


def completion_cost(completion: Completion, price: Price | None) -> float | None:
    """US dollars paid for one completion: 0 for one from the cache or without an answer, None if not known.

    A failed request is taken to be free, as it is with the providers known here.
    """
    if completion.from_cache or completion.finish == "error":
        return 0.0
    if price is None or completion.prompt_tokens is None or completion.completion_tokens is None:
        return None
    repeated = min(completion.cached_prompt_tokens or 0, completion.prompt_tokens)
    cheap = price.input if price.cached_input is None else price.cached_input
    prompt = (completion.prompt_tokens - repeated) * price.input + repeated * cheap
    return (prompt + completion.completion_tokens * price.output) / MILLION


def total_cost(costs: Iterable[float | None]) -> float | None:
    """The sum; None as soon as one part is not known."""
    total = 0.0
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total


def prompt_bound(prompt: Prompt) -> int:
    """Tokens a prompt has at most: no tokenizer in use makes more than one of a byte."""
    return sum(len(message.content.encode()) + TURN_TOKENS for message in prompt.messages)


def prompt_estimate(prompt: Prompt) -> int:
    """Tokens a prompt has about: English and formulas have some 3.5 bytes a token."""
    return round(sum(len(message.content.encode()) / 3.5 + TURN_TOKENS for message in prompt.messages))


def costs_ahead(
    prompts: Sequence[Prompt], price: Price | None, answer: float | None, *, share: float
) -> tuple[float | None, float | None]:
    """US dollars (at most, about) that a share of these prompts' draws will cost, None where not known.

    answer: mean tokens of an answer, None while there is none.
    """
    if price is None:
        return None, None
    most = sum(
        len(p.draws) * (prompt_bound(p) * price.input + p.sampling.max_tokens * price.output) for p in prompts
    )
    if answer is None:
        return share * most / MILLION, None
    about = sum(len(p.draws) * (prompt_estimate(p) * price.input + answer * price.output) for p in prompts)
    return share * most / MILLION, share * about / MILLION


def known_price(model: ModelSpec, backend: str) -> Price | None:
    """The price that a backend's completions have: weights on one's own machine have none."""
    return model.price if backend == "api" else None
