"""Is there money left, and are there tokens left, for one more request?"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from phi4eval.costs import MILLION, completion_cost, prompt_bound
from phi4eval.protocols import StopSignal
from phi4eval.types import Completion, Draw, Price, Prompt

Spent = tuple[float, int]
"""US dollars and tokens."""


class RunBudget:
    """Limits on what a run spends over all of its sessions; a protocols.Budget.

    A request is only let through if the run stays within its limits should the answer be as long as it may
    be; so a backend that asks first never exceeds them. Where a server does not count tokens, what a request
    may have cost at most is taken as spent. A failed request is taken to be free.
    stop: the user's own signal. stopped: the limit that ended the run, in words, None so far.
    """

    def __init__(
        self, *, max_cost: float | None, max_tokens: int | None, price: Price | None, stop: StopSignal
    ) -> None:
        self._max_cost = max_cost
        self._max_tokens = max_tokens
        self._price = price
        self.stop = stop
        self._lock = threading.Lock()
        self._set_aside: dict[tuple[str, str, int], Spent] = {}
        self._cost, self._tokens = 0.0, 0
        self.stopped: str | None = None

    @property
    def limited(self) -> bool:
        """There is a limit at all."""
        return self._max_cost is not None or self._max_tokens is not None

    def is_set(self) -> bool:
        """The user asked to stop, or nothing is left."""
        return self.stopped is not None or self.stop.is_set()

    def reserve(self, prompt: Prompt, draws: Sequence[Draw]) -> bool | None:
        """See protocols.Budget."""
        cost, tokens = self._most(prompt)
        with self._lock:
            aside = list(self._set_aside.values())
            free = self._fits(
                self._cost + sum(part for part, _ in aside) + cost * len(draws),
                self._tokens + sum(part for _, part in aside) + tokens * len(draws),
            )
            if free:
                for draw in draws:
                    self._set_aside[prompt.task, prompt.item, draw.sample] = (cost, tokens)
                return True
            if aside:
                return None
            self._end()
            return False

    def spend(self, completion: Completion, prompt: Prompt | None = None) -> None:
        """Count a completion. prompt: what it answers, for a server that does not count tokens."""
        with self._lock:
            aside = self._set_aside.pop((completion.task, completion.item, completion.sample), None)
            if completion.from_cache or completion.finish == "error":
                return
            cost, tokens = aside or (self._most(prompt) if prompt else (0.0, 0))
            if completion.prompt_tokens is not None and completion.completion_tokens is not None:
                tokens = completion.prompt_tokens + completion.completion_tokens
                cost = completion_cost(completion, self._price) or 0.0
            self._cost += cost
            self._tokens += tokens
            if not self._fits(self._cost, self._tokens, full=True):
                self._end()

    def spend_all(self, completions: Iterable[Completion]) -> None:
        """Count what earlier sessions of the run spent."""
        for completion in completions:
            self.spend(completion)

    def _most(self, prompt: Prompt) -> Spent:
        """What one answer to a prompt costs at most."""
        asked, answered = prompt_bound(prompt), prompt.sampling.max_tokens
        cost = 0.0 if self._price is None else asked * self._price.input + answered * self._price.output
        return cost / MILLION, asked + answered

    def _fits(self, cost: float, tokens: int, *, full: bool = False) -> bool:
        """Within the limits; full: and not at one of them either."""
        within_cost = self._max_cost is None or (cost < self._max_cost if full else cost <= self._max_cost)
        within_tokens = self._max_tokens is None or (
            tokens < self._max_tokens if full else tokens <= self._max_tokens
        )
        return within_cost and within_tokens

    def _end(self) -> None:
        limits = []
        if self._max_cost is not None:
            limits.append(f"--max-cost {self._max_cost:g} after ${self._cost:.4f}")
        if self._max_tokens is not None:
            limits.append(f"--max-tokens-total {self._max_tokens} after {self._tokens} tokens")
        self.stopped = self.stopped or f"stopped by {' and '.join(limits)}"
