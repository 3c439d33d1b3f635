"""How many requests may be in flight now, as the endpoint bears them?

Starting low, the number doubles as long as doubling it brings more answers a second. An answer "too many
requests" halves it, and from there it grows by one a round. A rate limit that the endpoint announces, in
Retry-After or in its x-ratelimit headers, is waited out by all.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import deque
from collections.abc import Callable, Mapping

from phi4eval.backends.limits import parse_retry_after

START, MOST = 16, 256
"""In flight at first, and at most, where the user names no number."""

GAIN = 1.1
"""Doubling must bring at least this factor in answers a second, or the endpoint has no more to give."""

REMAINING = ("x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Pace:
    """The permits of one generate(). clock: seconds, monotonic. patience: the longest wait that is waited."""

    def __init__(
        self, *, start: int, most: int, clock: Callable[[], float], patience: float = math.inf
    ) -> None:
        self.limit = start
        self.most = most
        self.in_flight = 0
        self.held_until = -math.inf
        self._clock = clock
        self._patience = patience
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._doubling = start < most
        self._rate = 0.0
        self._ended = 0
        self._since = clock()
        self._cut_at = -math.inf

    async def enter(self) -> None:
        """Wait for a permit."""
        while self.in_flight >= self.limit:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                self._wake()  # the permit that may have been meant for this one goes to the next
                raise
        self.in_flight += 1

    def leave(self) -> None:
        """Give a permit back."""
        self.in_flight -= 1
        self._wake()

    def _wake(self) -> None:
        free = self.limit - self.in_flight
        while self._waiting and free > 0:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                free -= 1

    def held_for(self) -> float:
        """Seconds that nobody may ask anything, 0 if at once."""
        return max(0.0, self.held_until - self._clock())

    def hold(self, seconds: float) -> None:
        """Nobody asks anything for so long; a wait beyond patience is no wait, and its requests fail."""
        if seconds > self._patience:
            return
        self.held_until = max(self.held_until, self._clock() + seconds)

    def answered(self) -> None:
        """One request was answered."""
        self._ended += 1
        if self._ended >= self.limit:
            self._round()

    def _round(self) -> None:
        now = self._clock()
        rate = self._ended / max(now - self._since, 1e-9)
        self._ended, self._since = 0, now
        if self.limit >= self.most:
            self._doubling = False
        elif not self._doubling:
            if self._cut_at > -math.inf:
                self.limit += 1  # feels its way back to where it was cut
        elif self._rate and rate < GAIN * self._rate:
            self._doubling = False
            self.limit = max(1, self.limit // 2)
        else:
            self._rate = rate
            self.limit = min(self.most, 2 * self.limit)
        self._wake()

    def throttled(self, sent: float, wait: float | None) -> None:
        """A request that was sent at this time was turned away; wait: seconds that its server asks for."""
        if wait is not None:
            self.hold(wait)
        if sent < self._cut_at:
            return  # it was on its way before the last cut, and says nothing about what came after
        self._cut_at = self._clock()
        self._doubling = False
        self.limit = max(1, self.limit // 2)
        self._ended, self._since = 0, self._cut_at

    def heard(self, headers: Mapping[str, str], now: float) -> None:
        """Wait where an endpoint says that nothing is left. now: seconds since the epoch."""
        for name in REMAINING:
            if headers.get(name) == "0":
                wait = parse_reset(headers.get(name.replace("remaining", "reset")), now)
                if wait:
                    self.hold(wait)


def parse_reset(value: str | None, now: float) -> float | None:
    """Seconds until a limit is lifted: `6m0s`, `20ms`, seconds, a time since the epoch or a date."""
    if value is None:
        return None
    text = value.strip()
    if "".join(match[0] for match in _DURATION.finditer(text)) == text and text:
        return sum(float(number) * _UNIT[unit] for number, unit in _DURATION.findall(text))
    seconds = parse_retry_after(text, now)
    # seconds since the epoch, or milliseconds of them, where so long a wait would be meant otherwise
    if seconds is not None and seconds > 1e11:
        seconds /= 1000
    if seconds is not None and seconds > 1e9:
        seconds = max(0.0, seconds - now)
    return seconds
