"""An OpenAI-compatible endpoint that answers every chat with one fixed text, for measuring clients.

    python benchmarks/mock_endpoint.py --port 0 --latency 0.05

prints its port on one line and serves /v1/chat/completions and /v1/models on 127.0.0.1 until SIGTERM, or
until its standard input closes where that is a pipe. A bare protocol on asyncio's transports, so that the
server costs less than any client that is measured against it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import stat
import sys
import time

LARGEST_REQUEST = 16 * 2**20


def response(status: str, value: object) -> bytes:
    """A whole HTTP/1.1 response with a JSON body."""
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def chat_completion(model: str, text: str) -> dict[str, object]:
    """The body of an answer, with the fields that clients read."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 60, "completion_tokens": 40, "total_tokens": 100}
    return {
        "id": "chatcmpl-mock",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [choice],
        "usage": usage,
    }


class Answers:
    """The three responses, rendered once."""

    def __init__(self, model: str, text: str, latency: float) -> None:
        self.chat = response("200 OK", chat_completion(model, text))
        self.models = response("200 OK", {"object": "list", "data": [{"id": model, "object": "model"}]})
        self.missing = response("404 Not Found", {"error": {"message": "no such path", "code": None}})
        self.latency = latency
        self.requests = 0
        self.first = self.last = 0.0

    def choose(self, request_line: bytes) -> tuple[bytes, float]:
        """Response and latency in seconds for a request line."""
        if b"/chat/completions " in request_line:
            self.requests += 1
            self.last = time.perf_counter()
            self.first = self.first or self.last
            return self.chat, self.latency
        return (self.models if b"/models " in request_line else self.missing), 0.0


class Connection(asyncio.Protocol):
    """One keep-alive connection: requests in, answers out after the latency, in order."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.later = asyncio.get_running_loop().call_later

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        while True:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                break
            length = content_length(self.buffer[:end])
            whole = end + 4 + length
            if whole > LARGEST_REQUEST:
                self.transport.abort()
                return
            if len(self.buffer) < whole:
                break
            reply, latency = self.answers.choose(self.buffer[: self.buffer.find(b"\r\n")])
            self.buffer = self.buffer[whole:]
            self.later(latency, self.transport.write, reply)


def content_length(head: bytes) -> int:
    """The length of a request's body, 0 if it has none."""
    lower = head.lower()
    start = lower.find(b"\r\ncontent-length:")
    if start < 0:
        return 0
    end = lower.find(b"\r\n", start + 2)
    return int(lower[start + 17 : end if end >= 0 else len(lower)])


async def serve(port: int, answers: Answers) -> None:
    """Serve until SIGTERM, SIGINT or the end of a piped standard input."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, done.set)
    stdin = sys.stdin.fileno()
    if stat.S_ISFIFO(os.fstat(stdin).st_mode) or stat.S_ISSOCK(os.fstat(stdin).st_mode):
        loop.add_reader(stdin, lambda: None if os.read(stdin, 4096) else done.set())
    server = await loop.create_server(lambda: Connection(answers), "127.0.0.1", port, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await done.wait()
    server.close()
    seconds = answers.last - answers.first + answers.latency
    print(f"served {answers.requests} chat requests in {seconds:.3f} s", file=sys.stderr)


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(description="serve a fixed chat completion on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds before an answer")
    parser.add_argument("--model", default="mock")
    parser.add_argument("--text", default="We add the two numbers. The final answer is \\boxed{42}.")
    args = parser.parse_args()
    asyncio.run(serve(args.port, Answers(args.model, args.text, args.latency)))


if __name__ == "__main__":
    main()
