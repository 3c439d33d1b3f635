"""How do requests go through vLLM's asynchronous engine from code that is not asynchronous?

The engine's event loop runs in a thread of its own; results come back through a queue, each as it finishes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

import msgspec

from phi4eval.backends import vllm_plugin
from phi4eval.errors import IncompleteError
from phi4eval.protocols import StopSignal

SHUTDOWN = 30
"""Seconds that the engine's processes get to end by themselves; killed ones leave shared memory behind."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt for the engine. tag: whatever the caller knows it by. params: vLLM's SamplingParams."""

    tag: Any
    ids: list[int]
    params: Any


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a request. output: vLLM's RequestOutput, None where it failed. seconds: since sending."""

    tag: Any
    output: Any
    seconds: float
    error: BaseException | None = None


class Engine:
    """A started engine. Use from one thread at a time; close() it."""

    def __init__(self, config: Any, *, lora: Any = None, startup_timeout: int, stall_timeout: int) -> None:
        """Start it; raises IncompleteError, with what vLLM said, for one that does not."""
        self._config, self._lora, self._stall = config, lora, stall_timeout
        self._numbers = count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._core: Any = None
        self._failure: BaseException | None = None
        ready = threading.Event()
        os.environ["VLLM_ENGINE_READY_TIMEOUT_S"] = str(startup_timeout)
        os.environ[vllm_plugin.PARENT] = str(os.getpid())
        self._thread = threading.Thread(target=self._serve, args=(ready,), name="vllm-engine", daemon=True)
        self._thread.start()
        # vLLM's own deadline holds for a part of its start only
        if not ready.wait(startup_timeout):
            raise IncompleteError(
                f"the vLLM engine did not start within {startup_timeout} seconds",
                "VLLM_LOGGING_LEVEL=INFO shows its log; --backend-arg startup_timeout=SECONDS waits longer",
            )
        if self._failure is not None:
            self._thread.join()
            reason = " ".join(str(self._failure).split()) or type(self._failure).__name__
            raise IncompleteError(
                f"the vLLM engine did not start: {reason}",
                "VLLM_LOGGING_LEVEL=INFO shows its log; too little memory: max_model_len or"
                " gpu_memory_utilization",
            ) from self._failure

    @property
    def slots(self) -> int:
        """Answers that the engine writes at the same time."""
        parallel: int = self._config.parallel_config.data_parallel_size
        return parallel * int(self._config.scheduler_config.max_num_seqs)

    def run(self, requests: Iterator[Request], stop: StopSignal) -> Iterator[Result]:
        """The result of every request, in the order in which they finish.

        Twice as much is kept in the engine as it works on: answers of one length end together, and the next
        batch must be there. More would only make a stop wait longer. Closing the iterator cancels what is in
        flight. Raises IncompleteError when the engine has died, or has given no result for stall_timeout
        seconds.
        """
        results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        room = 2 * self.slots + 32
        flying = 0
        try:
            while True:
                # refilled in steps: a message to the loop's thread for every single one would cost time
                if flying <= room - 16 and not stop.is_set():
                    batch = list(islice(requests, room - flying))
                    if batch:
                        flying += len(batch)
                        self._loop.call_soon_threadsafe(self._send, batch, results)
                if not flying:
                    return
                try:
                    result = results.get(timeout=self._stall)
                except queue.Empty:
                    raise IncompleteError(
                        f"the vLLM engine has given no answer for {self._stall} seconds with {flying} asked",
                        "the same command goes on; --backend-arg stall_timeout=SECONDS waits longer",
                    ) from None
                flying -= 1
                _check_alive(result)
                yield result
        finally:
            if flying:
                self._cancel()

    def close(self) -> None:
        """Stop the engine and its processes. Safe to call twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _serve(self, ready: threading.Event) -> None:
        """The engine's thread, from start to end."""
        from multiprocessing import resource_tracker

        asyncio.set_event_loop(self._loop)
        try:
            # Ctrl-C goes to every process of the terminal, and the engine's would drop what is in flight.
            # A blocked signal is inherited by child processes; the tracker is started first, because its
            # start would unblock the signal again.
            resource_tracker.ensure_running()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            self._loop.run_until_complete(self._start())
        except BaseException as error:
            self._failure = error
            self._loop.close()
            return
        finally:
            ready.set()
        self._loop.run_forever()
        with contextlib.suppress(Exception):  # what is stored is stored
            self._core.shutdown(timeout=SHUTDOWN)
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _start(self) -> None:
        from vllm.v1.engine.async_llm import AsyncLLM

        self._core = AsyncLLM.from_vllm_config(self._config, disable_log_stats=True)

    def _send(self, batch: list[Request], results: queue.SimpleQueue[Result]) -> None:
        for request in batch:
            task = self._loop.create_task(self._one(request, results))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _one(self, request: Request, results: queue.SimpleQueue[Result]) -> None:
        from vllm.inputs import TokensPrompt

        started = time.monotonic()
        output, failure = None, None
        try:
            answers = self._core.generate(
                {"type": "token", **TokensPrompt(prompt_token_ids=request.ids)},
                request.params,
                request_id=str(next(self._numbers)),
                lora_request=self._lora,
            )
            async for each in answers:
                output = each  # there is one: the final
        except Exception as error:
            failure = error
        seconds = time.monotonic() - started
        results.put(Result(tag=request.tag, output=output, seconds=seconds, error=failure))

    def _cancel(self) -> None:
        """Abort everything in flight, and wait until the engine knows."""

        async def cancel() -> None:
            tasks = tuple(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(cancel(), self._loop).result(timeout=60)


def _check_alive(result: Result) -> None:
    from vllm.v1.engine.exceptions import EngineDeadError

    if isinstance(result.error, EngineDeadError):
        raise IncompleteError(
            "the vLLM engine died (its own log is above)",
            "what was answered is stored; the same command starts it again and goes on",
        ) from result.error
