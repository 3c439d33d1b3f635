"""Is the endpoint as a whole still there, and has enough been spent on trying again?

One draw's failures say little about the others. Many in a row without one answer between say that the
endpoint is down: then one request at a time finds out whether it is back, and after a few of those the run
ends with what it has, instead of filling itself with errors for hours.
"""

from __future__ import annotations

import asyncio

from phi4eval.backends.limits import Failure, RetryPolicy
from phi4eval.errors import IncompleteError


class Breaker:
    """What all draws of one generate() know of the endpoint together."""

    def __init__(self, policy: RetryPolicy, place: str) -> None:
        self._policy = policy
        self._place = place
        self._in_a_row = 0
        self._answers = 0
        self._retries = 0
        self._trials = 0
        self.probe = asyncio.Lock()

    @property
    def open(self) -> bool:
        """The endpoint counts as down: ask one at a time, after a pause."""
        return self._in_a_row >= self._policy.failures_in_a_row

    @property
    def pause(self) -> float:
        """Seconds before the next trial."""
        return min(self._policy.ceiling, self._policy.base * 2.0**self._trials)

    def alive(self) -> None:
        """The endpoint answered something that shows that it works, if only that this prompt is too long."""
        self._answers += 1
        self._in_a_row = self._trials = 0

    def failed(self, failure: Failure, *, probing: bool) -> None:
        """One request failed; raises IncompleteError when the endpoint has been tried often enough."""
        if failure.kind == "unreachable" and not self._answers:
            return  # it was never there, which limits.Opening finds out
        self._in_a_row += 1
        self._trials += probing
        if self._trials > self._policy.trials:
            raise IncompleteError(
                f"endpoint {self._place} has stopped working: {self._in_a_row} requests in a row failed,"
                f" the last with: {failure.message}",
                "what was answered is stored; when the endpoint is back, the same command continues",
            )

    def may_retry(self) -> bool:
        """Take one retry from the run's budget; False where it is spent."""
        self._retries += 1
        return self._retries <= self._policy.free_retries + self._policy.retry_share * self._answers
