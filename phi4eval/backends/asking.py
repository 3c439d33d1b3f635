"""How are all draws of one generate() asked of an endpoint, each until it is answered or given up?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from phi4eval.backends.breaker import Breaker
from phi4eval.backends.exchange import Exchange, GoneError, Settings
from phi4eval.backends.limits import Failure, Opening, Retry, decide_retry
from phi4eval.backends.pace import Pace
from phi4eval.backends.refusals import rejected, unreachable
from phi4eval.backends.request_form import encode_request
from phi4eval.backends.stream import Stream
from phi4eval.backends.wire import Answer
from phi4eval.errors import Phi4evalError
from phi4eval.protocols import Budget
from phi4eval.types import Completion, Draw, Prompt

BUDGET_POLL = 0.05
"""Seconds between looks whether answers in flight have left money for one more request."""

MARKS = ("<think", "</think", "<|channel|>")
"""Where one of them stands in a text, its thinking can be told from its answer."""

Draws = tuple[Draw, ...]


class Asking:
    """The draws still to be asked, and the workers that ask them."""

    def __init__(
        self, settings: Settings, prompts: Sequence[Prompt], draws: int, budget: Budget | None = None
    ) -> None:
        self.settings = settings
        self.endpoint = settings.endpoint
        self.budget = budget
        self.choices = settings.form.choices
        self.usage_in_stream = True
        self.jobs = self._jobs(prompts)
        self.workers = min(settings.most, draws)
        self.opening = Opening(draws)
        self.pace = Pace(
            start=min(settings.start, self.workers),
            most=self.workers,
            clock=settings.timer,
            patience=settings.policy.patience,
        )

    def _jobs(self, prompts: Sequence[Prompt]) -> Iterator[tuple[Prompt, Draws]]:
        for prompt in prompts:
            for draws in self._parts(prompt.draws):
                yield prompt, draws

    def _parts(self, draws: Draws) -> Iterator[Draws]:
        """Draws by as many as are asked for at once by now."""
        while draws:
            part, draws = draws[: self.choices], draws[self.choices :]
            yield part

    async def work(self, stream: Stream) -> None:
        """Ask everything, delivering to the stream."""
        from aiohttp import ClientSession, DummyCookieJar, TCPConnector

        self.breaker = Breaker(self.settings.policy, self.endpoint.base_url)
        self.purse = asyncio.Lock()
        async with ClientSession(
            connector=TCPConnector(limit=self.workers),
            cookie_jar=DummyCookieJar(),
            headers=self.endpoint.headers(),
        ) as session:
            exchange = Exchange(self.settings, session, self.pace)
            tasks = [asyncio.create_task(self._worker(exchange, stream)) for _ in range(self.workers)]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        if self.opening.verdict is None:  # else nothing was ever asked, and there is nothing to record
            for completion in self.opening.release():
                stream.deliver(completion)

    async def _worker(self, exchange: Exchange, stream: Stream) -> None:
        while True:
            await stream.room()
            if stream.ending:
                return
            job = next(self.jobs, None)
            if job is None or not await self._granted(stream, *job):
                return
            try:
                await self._ask(exchange, stream, *job)
            except GoneError:
                return
            except Phi4evalError as error:
                stream.fail(error)
                return

    async def _granted(self, stream: Stream, prompt: Prompt, draws: Draws) -> bool:
        """Whether the budget has room for these draws, once what is in flight has ended.

        In the order of the jobs: short ones must not take the room that a long one waits for.
        """
        if self.budget is None:
            return True
        async with self.purse:
            while not stream.ending:
                granted = self.budget.reserve(prompt, draws)
                if granted is not None:
                    return granted
                await self.settings.pause(BUDGET_POLL, stream.stopping)
        return False

    async def _ask(self, exchange: Exchange, stream: Stream, prompt: Prompt, draws: Draws) -> None:
        settings = self.settings
        failures: list[Failure] = []
        while True:
            started = settings.timer()
            outcome = await self._turn(exchange, stream, prompt, draws, waited=bool(failures))
            if outcome is None:
                return
            if isinstance(outcome, list):
                seconds, attempts = settings.timer() - started, len(failures) + 1
                for draw, answer in zip(draws, outcome, strict=False):
                    self._deliver(stream, self._completion(prompt, draw, answer, seconds, attempts), None)
                if len(outcome) < len(draws):
                    self.choices = len(outcome)  # all that this server gives at once
                    await self._ask_in_parts(exchange, stream, prompt, draws[len(outcome) :])
                return
            if outcome.kind == "rejected" and self._with_less(outcome, draws):
                await self._ask_in_parts(exchange, stream, prompt, draws)
                return
            failures.append(outcome)
            retry = self._decide(failures)
            if retry.pause is None:
                for draw in draws:
                    error = f"{outcome.message} ({retry.reason})"
                    self._deliver(stream, _failed(prompt, draw, error, len(failures)), outcome)
                return
            if not stream.ending:
                await settings.pause(retry.pause, stream.stopping)
            if stream.ending:
                return  # a retry would be something new; the draw stays open for the next run

    async def _ask_in_parts(self, exchange: Exchange, stream: Stream, prompt: Prompt, draws: Draws) -> None:
        for part in self._parts(draws):
            await self._ask(exchange, stream, prompt, part)

    def _with_less(self, refusal: Failure, draws: Draws) -> bool:
        """Whether the request may pass without something that not every server knows."""
        if self.settings.form.stream and self.usage_in_stream and "stream_options" in refusal.message:
            self.usage_in_stream = False
            return True
        if len(draws) > 1:
            self.choices = 1
            return True
        return False

    def _decide(self, failures: Sequence[Failure]) -> Retry:
        retry = decide_retry(failures, self.settings.policy, self.settings.rng)
        if retry.pause is not None and failures[-1].kind != "throttled" and not self.breaker.may_retry():
            return Retry(pause=None, reason="too many requests of this run have failed to try more often")
        return retry

    async def _turn(
        self, exchange: Exchange, stream: Stream, prompt: Prompt, draws: Draws, *, waited: bool
    ) -> list[Answer] | Failure | None:
        """One request, when it is its turn; None where the run ends before."""
        if self.breaker.open:
            async with self.breaker.probe:
                if self.breaker.open and not stream.ending:
                    await self.settings.pause(self.breaker.pause, stream.stopping)
                    return await self._send(exchange, stream, prompt, draws, probing=True)
        held = 0.0 if waited else self.pace.held_for()
        if held:
            await self.settings.pause(held, stream.stopping)
        return await self._send(exchange, stream, prompt, draws, probing=False)

    async def _send(
        self, exchange: Exchange, stream: Stream, prompt: Prompt, draws: Draws, *, probing: bool
    ) -> list[Answer] | Failure | None:
        await self.pace.enter()
        try:
            if stream.ending:
                return None
            body = encode_request(self.settings.form, prompt, draws, usage_in_stream=self.usage_in_stream)
            outcome = await exchange.ask(body, prompt.sampling, len(draws))
        finally:
            self.pace.leave()
        if isinstance(outcome, list):
            self.breaker.alive()
            self.pace.answered()
        elif outcome.kind == "rejected":
            self.breaker.alive()
        elif outcome.kind != "throttled":
            self.breaker.failed(outcome, probing=probing)
        return outcome

    def _deliver(self, stream: Stream, completion: Completion, failure: Failure | None) -> None:
        for each in self.opening.admit(completion, failure):
            stream.deliver(each)
        if failure is not None and self.opening.verdict is not None:
            why = unreachable if self.opening.verdict == "unreachable" else rejected
            raise why(self.endpoint, failure.message)

    def _completion(
        self, prompt: Prompt, draw: Draw, answer: Answer, seconds: float, attempts: int
    ) -> Completion:
        scrub = self.endpoint.scrub
        text, reasoning = scrub(answer.text), answer.reasoning
        if self.settings.thinks and answer.finish == "length" and not reasoning and _is_plain(text):
            # the prompt's template opened the thinking, and the limit came before anything closed it
            text, reasoning = "", text
        return Completion(
            task=prompt.task,
            item=prompt.item,
            sample=draw.sample,
            text=text,
            finish=answer.finish,
            prompt_hash=prompt.hash,
            seed=draw.seed,
            reasoning=None if reasoning is None else scrub(reasoning),
            error=answer.note,
            prompt_tokens=answer.usage.prompt,
            completion_tokens=answer.usage.completion,
            reasoning_tokens=answer.usage.reasoning,
            cached_prompt_tokens=answer.usage.cached,
            seconds=seconds,
            attempts=attempts,
            logprobs=answer.logprobs,
        )


def _is_plain(text: str) -> bool:
    return bool(text) and not any(mark in text for mark in MARKS)


def _failed(prompt: Prompt, draw: Draw, error: str, attempts: int) -> Completion:
    return Completion(
        task=prompt.task,
        item=prompt.item,
        sample=draw.sample,
        text="",
        finish="error",
        prompt_hash=prompt.hash,
        seed=draw.seed,
        error=error,
        attempts=attempts,
    )
