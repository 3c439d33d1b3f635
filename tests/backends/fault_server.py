"""An OpenAI-compatible server on the loopback that misbehaves as a test says, one reply per request."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from aiohttp import web

Result = TypeVar("Result")


class Reply:
    """What the server does with one request.

    fault: None sends the whole body; "half" closes the connection in the middle of it; "reset" aborts
    without a byte; "never" sends the head and then nothing; "drip" sends one byte after the other, never all.
    """

    def __init__(
        self,
        status: int = 200,
        body: object = None,
        *,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
        fault: str | None = None,
    ) -> None:
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = {"Content-Type": content_type, **(headers or {})}
        self.fault = fault


def answer(text: object = "42", finish: str | None = "stop", **message: object) -> Reply:
    """A well-formed chat completion."""
    turn = {"role": "assistant", "content": text, **message}
    choice = {"index": 0, "finish_reason": finish, "message": turn}
    return Reply(body={"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})


def failure(status: int, message: str = "boom", code: str | None = None, **headers: str) -> Reply:
    """An error in OpenAI's shape; header names have _ for -."""
    renamed = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"error": {"message": message, "code": code}}, headers=renamed)


HALF = Reply(body=answer().body, fault="half")
RESET = Reply(fault="reset")
NEVER = Reply(fault="never")
DRIP = Reply(body=b" " * 10_000, fault="drip")


def answers(*texts: str, indexes: tuple[int, ...] | None = None) -> Reply:
    """A chat completion with several choices, of 10 completion tokens each."""
    choices = [
        {"index": index, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        for index, text in zip(indexes or range(len(texts)), texts, strict=True)
    ]
    usage = {"prompt_tokens": 8, "completion_tokens": 10 * len(texts)}
    return Reply(body={"choices": choices, "usage": usage})


def streamed(
    *parts: str, end: bytes = b"data: [DONE]\n\n", fault: str | None = None, **last: object
) -> Reply:
    """A chat completion sent part by part."""
    events = [{"choices": [{"index": 0, "delta": {"content": part}}]} for part in parts]
    final = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", **last}]}
    usage = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": len(parts)}}
    lines = [b"data: " + json.dumps(each).encode() + b"\n\n" for each in (*events, final, usage)]
    return Reply(body=b"".join(lines) + end, content_type="text/event-stream", fault=fault)


Behaviour = Callable[[dict[str, Any], int], Reply]
"""(request body, how often this very body has now been asked, from 1) -> reply."""


class FaultServer:
    """A server in a thread of its own; `behave` may be exchanged at any time."""

    def __init__(self) -> None:
        self.behave: Behaviour = lambda body, attempt: answer()
        self.models: tuple[str, ...] = ()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.most_in_flight = 0
        self.gate: threading.Event | None = None
        self.in_flight = 0
        self._asked: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = 0
        self.start()

    @property
    def base_url(self) -> str:
        """What a user gives as --base-url."""
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._call(self._start())

    def stop(self) -> None:
        """Close the port and every connection."""
        self._call(self._stop())

    def close(self) -> None:
        """End the server and its thread."""
        self.stop()
        self._call(self._end_handlers())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def running(self) -> bool:
        """The port is open."""
        return self._runner is not None

    def _call(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        assert site._server is not None
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]

    async def _stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _end_handlers(self) -> None:
        """Cancel what still serves a client that has gone."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": name} for name in self.models]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        raw = await request.text()
        self.bodies.append(json.loads(raw))
        self.headers.append(dict(request.headers))
        self._asked[raw] += 1
        reply = self.behave(self.bodies[-1], self._asked[raw])
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.gate is not None:
                await asyncio.to_thread(self.gate.wait, 20)
            return await self._send(request, reply)
        finally:
            self.in_flight -= 1

    async def _send(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        if reply.fault is None:
            return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
        assert request.transport is not None
        if reply.fault == "reset":
            request.transport.abort()
            return web.Response()
        response = web.StreamResponse(
            status=200, headers={**reply.headers, "Content-Length": str(len(reply.body))}
        )
        await response.prepare(request)
        if reply.fault == "drip":
            while not request.transport.is_closing():
                await response.write(b" ")
                await asyncio.sleep(0.01)
            return response
        if reply.fault == "never":
            await asyncio.Event().wait()
        await response.write(reply.body[: len(reply.body) // 2])
        request.transport.close()
        return response
