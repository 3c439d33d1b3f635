"""When is a failed request tried again, after how long, and when is that given up?"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Literal

import msgspec

from phi4eval.types import Completion, Sampling

FailureKind = Literal["throttled", "transient", "repeatable", "rejected", "unreachable"]
"""throttled: the server asks to wait. transient: may pass by itself. repeatable: may pass, or may be a
deterministic fault of this request. rejected: will not pass. unreachable: no connection was made."""

RATE_LIMITED = 429
TRANSIENT = frozenset({408, 409, 425, 502, 503, 504, 520, 521, 522, 523, 524, 529})


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why one request brought no answer.

    signature: equal for equal failures, "" where no two are. retry_after: seconds the server asks to wait.
    """

    kind: FailureKind
    message: str
    signature: str = ""
    retry_after: float | None = None


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of trying again.

    attempts: requests for one draw. throttled: answers "wait" to one draw, counted apart, because under a
    rate limit most requests of a busy run meet several. identical: equal failures in a row. base, ceiling:
    seconds of the exponential back-off. patience: the longest Retry-After that is waited for, in seconds.
    Of all draws together: failures_in_a_row without an answer between before the endpoint counts as down, and
    trials of one request each before it is given up; free_retries and, for every answer, retry_share more
    are all the retries there are.
    """

    attempts: int = 6
    throttled: int = 40
    identical: int = 3
    base: float = 1.0
    ceiling: float = 60.0
    patience: float = 600.0
    failures_in_a_row: int = 32
    trials: int = 8
    free_retries: int = 200
    retry_share: float = 2.0


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """The decision after a failure: seconds to wait, or None to give up, and why."""

    pause: float | None
    reason: str = ""


def decide_retry(failures: Sequence[Failure], policy: RetryPolicy, rng: random.Random) -> Retry:
    """Whether to ask again after these failures of one draw (oldest first, at least one).

    Exponential back-off with full jitter: uniform in [0, min(ceiling, base * 2**(n-1))]; on top of
    Retry-After, so that a crowd told to wait the same second does not come back as a crowd.
    """
    last = failures[-1]
    if last.kind == "rejected":
        return Retry(pause=None, reason="not retried")
    if last.retry_after is not None and last.retry_after > policy.patience:
        return Retry(pause=None, reason=f"the server asks to wait {last.retry_after:.0f} s")
    throttled = sum(failure.kind == "throttled" for failure in failures)
    if len(failures) - throttled >= policy.attempts or throttled >= policy.throttled:
        return Retry(pause=None, reason=f"after {len(failures)} attempts")
    recent = failures[-policy.identical :]
    if len(recent) == policy.identical and last.signature and len({each.signature for each in recent}) == 1:
        return Retry(pause=None, reason=f"{policy.identical} times in a row the same")
    ceiling = min(policy.ceiling, policy.base * 2.0 ** (len(failures) - 1))
    return Retry(pause=(last.retry_after or 0.0) + rng.uniform(0.0, ceiling))


def classify_status(status: int, retry_after: float | None) -> FailureKind:
    """What an HTTP status other than 200 means for the next attempt."""
    if status == RATE_LIMITED or (status in TRANSIENT and retry_after is not None):
        return "throttled"
    if status in TRANSIENT:
        return "transient"
    return "repeatable" if status >= 500 or status < 400 else "rejected"


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait from a Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3); None if neither.

    now: seconds since the epoch.
    """
    if value is None:
        return None
    value = value.strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def request_timeout(sampling: Sampling, override: float | None) -> float:
    """Seconds one request may take: 60 and a tenth more for every token it may generate."""
    return override if override is not None else 60.0 + 0.1 * sampling.max_tokens


class Opening:
    """The first outcomes of a run, held back until one shows that the endpoint works.

    An endpoint that refuses every connection, or every request for the same reason, was never asked
    anything: that ends the run instead of filling it with errors.
    """

    REFUSED_DRAWS = 20
    REJECTED_PROMPTS = 3

    def __init__(self, draws: int) -> None:
        self._refused_limit = min(self.REFUSED_DRAWS, draws)
        self._settled = False
        self._held: list[Completion] = []
        self._refused = 0
        self._rejected: set[str] = set()
        self._reason: str | None = None

    def admit(self, completion: Completion, failure: Failure | None) -> list[Completion]:
        """Take one outcome (failure: what ended it, None for an answer); give those that may go on."""
        if self._settled:
            return [completion]
        self._held.append(completion)
        if failure is not None and failure.kind == "unreachable":
            self._refused += 1
        elif failure is not None and failure.kind == "rejected" and self._reason in (None, failure.message):
            self._reason = failure.message
            self._rejected.add(completion.prompt_hash)
        else:
            return self.release()
        return []

    def release(self) -> list[Completion]:
        """End the opening, and give all that was held."""
        held, self._held, self._settled = self._held, [], True
        return held

    @property
    def verdict(self) -> Literal["unreachable", "rejected"] | None:
        """Why the run cannot go on, None while it can."""
        if self._settled:
            return None
        if len(self._rejected) >= self.REJECTED_PROMPTS:
            return "rejected"
        if self._refused >= self._refused_limit:
            return "unreachable"
        return None
