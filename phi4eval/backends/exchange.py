"""What comes of one request: answers, a failure that says whether to try again, or an error for all?"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

from phi4eval.backends.api_scores import decode_echo
from phi4eval.backends.endpoint import Endpoint, proxy_for
from phi4eval.backends.limits import Failure, FailureKind, RetryPolicy, request_timeout
from phi4eval.backends.refusals import judge_refusal, not_found
from phi4eval.backends.request_form import PATHS, RequestForm
from phi4eval.backends.sse import EventReader
from phi4eval.backends.wire import Answer, MalformedError, decode_answers
from phi4eval.types import Price, Sampling

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession, ClientTimeout

    from phi4eval.backends.pace import Pace

CONNECT_SECONDS = 30.0
LARGEST_BODY = 64 * 2**20

Pause = Callable[[float, asyncio.Event], Awaitable[None]]
"""Waits some seconds, or until the event is set."""


async def pause_for(seconds: float, stopping: asyncio.Event) -> None:
    """Wait some seconds, or until `stopping` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint is asked.

    start, most: requests in flight at first and at most. timeout: seconds a request, None to scale it with
    max_tokens. thinks: the model always thinks before it answers. price: None if not known. weights: what the
    user says the endpoint serves. rng, pause, clock and timer: the back-off's
    jitter, its waiting, seconds since the epoch, and seconds of a clock that nobody sets.
    """

    endpoint: Endpoint
    form: RequestForm
    start: int
    most: int
    timeout: float | None = None
    thinks: bool = False
    price: Price | None = None
    weights: str | None = None
    policy: RetryPolicy = RetryPolicy()
    rng: random.Random = msgspec.field(default_factory=random.Random)
    pause: Pause = pause_for
    clock: Callable[[], float] = time.time
    timer: Callable[[], float] = time.perf_counter


class GoneError(Exception):
    """Another request already found that model or address do not exist."""


class Exchange:
    """One session's requests to the endpoint."""

    def __init__(self, settings: Settings, session: ClientSession, pace: Pace) -> None:
        self._settings = settings
        self._session = session
        self._pace = pace
        self._endpoint = settings.endpoint
        self._url = settings.endpoint.base_url + PATHS[settings.form.call]
        self._proxy = proxy_for(settings.endpoint.base_url)
        self._timeouts: dict[int, ClientTimeout] = {}
        self._gone = False

    async def ask(self, body: bytes, sampling: Sampling, count: int) -> list[Answer] | Failure:
        """Send one request for `count` answers.

        Raises a Phi4evalError for what no further request can mend.
        """
        import aiohttp

        sent = self._settings.timer()
        try:
            async with self._session.post(
                self._url,
                data=body,
                timeout=self._timeout(sampling),
                allow_redirects=False,
                proxy=self._proxy,
            ) as response:
                if response.status == 200:
                    answers = await self._read(response, sampling, count)
                    self._pace.heard(response.headers, self._settings.clock())
                    return answers
                raw = await _whole(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return self._failure("unreachable", f"cannot connect: {error}")
        except TimeoutError:
            seconds = request_timeout(sampling, self._settings.timeout)
            return self._failure("repeatable", f"no answer within {seconds:g} s")
        except MalformedError as error:
            return self._failure("repeatable", str(error))
        except (aiohttp.ClientError, OSError) as error:
            return self._failure("transient", f"connection broke: {type(error).__name__}: {error}")
        return await self._refused(response, raw, sent, count)

    async def _read(self, response: ClientResponse, sampling: Sampling, count: int) -> list[Answer]:
        kind = response.headers.get("Content-Type", "")
        if self._settings.form.scores:
            return [decode_echo(await _whole(response))]
        if "event-stream" not in kind:  # also what a server sends that cannot stream
            return decode_answers(kind, await _whole(response), sampling.max_tokens, count)
        reader, size = EventReader(), 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > LARGEST_BODY:
                raise MalformedError(f"answer is larger than {LARGEST_BODY} bytes")
            reader.feed(part)
        return reader.answers(sampling.max_tokens, count)

    async def _refused(
        self, response: ClientResponse, raw: bytes, sent: float, count: int
    ) -> list[Answer] | Failure:
        if response.status in (404, 405):
            if self._gone:  # the first one looks up what there is, once for all
                raise GoneError
            self._gone = True
            raise await not_found(
                self._session, self._endpoint, self._settings.form.model, response.status, raw
            )
        outcome = judge_refusal(
            self._endpoint, response.status, response.headers, raw, self._settings.clock()
        )
        if isinstance(outcome, Answer):
            return [outcome] * count
        if outcome.kind == "throttled":
            self._pace.throttled(sent, outcome.retry_after)
        return outcome

    def _failure(self, kind: FailureKind, message: str) -> Failure:
        message = self._endpoint.scrub_error(message)
        return Failure(kind=kind, message=message, signature=message if kind == "repeatable" else "")

    def _timeout(self, sampling: Sampling) -> ClientTimeout:
        timeout = self._timeouts.get(sampling.max_tokens)
        if timeout is None:
            from aiohttp import ClientTimeout

            total = request_timeout(sampling, self._settings.timeout)
            timeout = ClientTimeout(total=total, sock_connect=CONNECT_SECONDS)
            self._timeouts[sampling.max_tokens] = timeout
        return timeout


async def _whole(response: ClientResponse) -> bytes:
    """The body, refused beyond LARGEST_BODY so that no server can fill the memory."""
    length = response.content_length
    if length is not None and length <= LARGEST_BODY and "Content-Encoding" not in response.headers:
        return await response.read()
    parts = bytearray()
    async for part in response.content.iter_any():
        parts += part
        if len(parts) > LARGEST_BODY:
            raise MalformedError(f"answer is larger than {LARGEST_BODY} bytes")
    return bytes(parts)
