"""Does a backend keep its contract (protocols.Backend, and protocols.Scorer where it is one)?"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

import msgspec

from phi4eval.protocols import Backend, Scorer
from phi4eval.seeds import content_hash
from phi4eval.testing.contract import Clause, Report, Skipped, check, demand
from phi4eval.types import Completion, Draw, Message, Prompt, Sampling

TEXTS = (
    "What is 2 + 3?",
    "What is 40 + 7?",
    "What is 6 * 7?",
    "What is 81 - 9?",
    "What is 5 + 5?",
    "Name a colour.",
)

Key = tuple[str, str, int]


def check_backend(
    open_backend: Callable[[], Backend],
    *,
    texts: Sequence[str] = TEXTS,
    failing: Prompt | None = None,
    max_tokens: int = 24,
    skip: Mapping[str, str] | None = None,
) -> Report:
    """Ask a backend and look at how it answers; ContractError names every clause that does not hold.

    open_backend: makes a fresh backend; it is called twice. texts: three or more different questions, all of
    which it can answer. failing: a prompt that it cannot answer; None = one that asks for more tokens than
    the backend's context, where that is known. skip: clause -> reason, for a backend to which a clause does
    not apply (a recording ignores sampling). The clauses are the report's `checked`. Determinism is observed,
    not demanded: the share of answers that came the same when asked again, greedily and with a seed.
    """
    if len(set(texts)) < 3:
        raise ValueError("give three or more different texts")
    backend = open_backend()
    try:
        bench = _Bench(backend, open_backend, tuple(texts), failing, max_tokens)
        return check(f"backend {backend.fingerprint.backend}", bench.clauses(), skip or {})
    finally:
        with suppress(Exception):  # a clause has reported a close() that fails
            backend.close()


class _Bench:
    """The backend under test, and one method a clause."""

    def __init__(
        self,
        backend: Backend,
        reopen: Callable[[], Backend],
        texts: tuple[str, ...],
        failing: Prompt | None,
        max_tokens: int,
    ) -> None:
        self._backend, self._reopen, self._texts = backend, reopen, texts
        self._failing, self._max_tokens = failing, max_tokens

    def clauses(self) -> list[Clause]:
        return [
            ("the fingerprint is known before the first answer and stays", self.fingerprint),
            ("no prompts, no completions", self.nothing),
            ("every draw is answered once, in any order", self.every_draw),
            ("a completion names its prompt", self.names),
            ("a completion says its draw's seed", self.seeds),
            ("prompts are not changed", self.unchanged),
            ("only the draws asked for are drawn", self.only_asked),
            ("answers end at the token limit with finish=length", self.length),
            ("a stop string ends the answer and is not in it", self.stops),
            ("a prompt that fails ends as an error and leaves the others alone", self.isolation),
            ("nothing starts once stop is set", self.stopped_before),
            ("a stop during the run ends it without doubles", self.stopped_during),
            ("closing the iterator cancels the rest and the backend goes on", self.closed),
            ("the same questions again", self.determinism),
            ("log-probabilities of texts are in order and add up", self.scores),
            ("close may be called twice", self.close_twice),
        ]

    # ------------------------------------------------------------ asking

    def _prompt(self, text: str, *, samples: Sequence[int] = (0,), **sampling: object) -> Prompt:
        wanted = msgspec.convert({"max_tokens": self._max_tokens, **sampling}, Sampling)
        messages = (Message(role="user", content=text),)
        return Prompt(
            task="contract",
            item=content_hash(text),
            messages=messages,
            sampling=wanted,
            draws=tuple(Draw(sample=each, seed=7919 * each + 17) for each in samples),
            hash=content_hash([messages, wanted]),
        )

    def _prompts(self, **changes: object) -> list[Prompt]:
        return [self._prompt(text, **changes) for text in self._texts]  # type: ignore[arg-type]

    def _ask(self, prompts: Sequence[Prompt]) -> dict[Key, Completion]:
        return {_key(each): each for each in self._backend.generate(prompts, threading.Event())}

    # ------------------------------------------------------------ clauses

    def fingerprint(self) -> None:
        first = self._backend.fingerprint
        demand(first.backend and first.model, "backend and model must be named")
        msgspec.json.encode(first)
        self._ask([self._prompt(self._texts[0])])
        demand(self._backend.fingerprint == first, "it changed with the first answer")
        other = self._reopen()
        try:
            demand(other.fingerprint.identity == first.identity, "a second opening has another identity")
        finally:
            other.close()

    def nothing(self) -> None:
        demand(list(self._backend.generate([], threading.Event())) == [], "it answered without a prompt")

    def every_draw(self) -> None:
        prompts = self._prompts(samples=(0, 1, 2), temperature=1.0)
        for asked in (prompts, prompts[::-1]):
            found = Counter(map(_key, self._backend.generate(asked, threading.Event())))
            expected = Counter((p.task, p.item, d.sample) for p in asked for d in p.draws)
            demand(found == expected, f"missing {expected - found}, too many {found - expected}")

    def names(self) -> None:
        prompts = self._prompts(samples=(0, 1), temperature=1.0)
        by_item = {prompt.item: prompt for prompt in prompts}
        for each in self._ask(prompts).values():
            prompt = by_item[each.item]
            demand(each.prompt_hash == prompt.hash, f"{_key(each)} has the prompt_hash {each.prompt_hash!r}")
            demand(each.finish != "error", f"{_key(each)} failed: {each.error}")
            tokens = self._backend.tokens(prompt)
            if tokens is not None and each.prompt_tokens is not None:
                demand(tokens.count == each.prompt_tokens, "tokens() and prompt_tokens count differently")

    def seeds(self) -> None:
        prompts = self._prompts(samples=(0, 1), temperature=1.0)
        seeds = {(p.task, p.item, draw.sample): draw.seed for p in prompts for draw in p.draws}
        for key, each in self._ask(prompts).items():
            demand(each.seed == seeds[key], f"{key} says seed {each.seed}, its draw {seeds[key]}")

    def unchanged(self) -> None:
        prompts = self._prompts(samples=(0, 1))
        before = msgspec.json.encode(prompts)
        self._ask(prompts)
        demand(msgspec.json.encode(prompts) == before, "generate() changed a prompt")

    def only_asked(self) -> None:
        found = set(self._ask([self._prompt(self._texts[0], samples=(3, 11), temperature=1.0)]))
        demand({key[2] for key in found} == {3, 11}, f"samples 3 and 11 were asked, {sorted(found)} came")

    def length(self) -> None:
        for each in self._ask(self._prompts(max_tokens=1)).values():
            if each.text:  # an answer that is over at once has no text and stops by itself
                demand(each.finish == "length", f"one token allowed, and finish={each.finish!r}")
            if each.completion_tokens is not None:
                demand(each.completion_tokens <= 1, f"one token allowed, {each.completion_tokens} counted")

    def stops(self) -> None:
        whole, again = self._ask(self._prompts()), self._ask(self._prompts())
        steady = {key[1] for key in whole if again[key].text == whole[key].text}
        prompts, cut = [], {}
        for text in self._texts:
            answer = next(iter(whole[key].text for key in whole if key[1] == content_hash(text)))
            stop = answer[len(answer) // 2 :][:2]
            if stop.strip():
                prompts.append(self._prompt(text, stop=(stop,)))
                cut[prompts[-1].item] = (answer, stop)
        if not prompts:
            raise Skipped("no answer was long enough to hold a stop string")
        for each in self._ask(prompts).values():
            answer, stop = cut[each.item]
            demand(stop not in each.text, f"{stop!r} is in {each.text!r}")
            if each.item in steady:  # the same answer as before, and so one with the stop in it
                demand(each.text == answer.partition(stop)[0], f"{each.text!r} does not end before {stop!r}")
                demand(each.finish == "stop", f"stopped by {stop!r}, and finish={each.finish!r}")

    def isolation(self) -> None:
        failing = self._failing
        if failing is None:
            if self._backend.context is None:
                raise Skipped("no failing prompt was given, and the context is not known")
            failing = self._prompt("too much", max_tokens=self._backend.context + 1)
        good = self._prompts()
        middle = len(good) // 2
        found = self._ask([*good[:middle], failing, *good[middle:]])
        for draw in failing.draws:
            each = found.get((failing.task, failing.item, draw.sample))
            demand(each is not None and each.finish == "error", "the failing prompt did not end as an error")
            demand(each is not None and each.error, "an error must say what happened")
        for prompt in good:
            each = found.get((prompt.task, prompt.item, 0))
            demand(each is not None and each.finish != "error", f"{prompt.messages[0].content!r} failed too")

    def stopped_before(self) -> None:
        stop = threading.Event()
        stop.set()
        found = list(self._backend.generate(self._prompts(), stop))
        demand(found == [], f"{len(found)} completions after stop")

    def stopped_during(self) -> None:
        stop, prompts = threading.Event(), self._prompts(samples=tuple(range(8)), temperature=1.0)
        found: Counter[Key] = Counter()
        for each in self._backend.generate(prompts, stop):
            stop.set()
            found[_key(each)] += 1
        expected = {(p.task, p.item, d.sample) for p in prompts for d in p.draws}
        demand(set(found) <= expected and max(found.values(), default=0) == 1, "doubles, or answers unasked")

    def closed(self) -> None:
        prompts = self._prompts(samples=tuple(range(8)), temperature=1.0)
        answers = self._backend.generate(prompts, threading.Event())
        first = next(iter(answers), None)
        demand(first is not None, "there was no answer")
        _close(answers)
        again = self._ask([self._prompt(self._texts[1])])
        demand(len(again) == 1, f"after closing, one question got {len(again)} answers")

    def determinism(self) -> str:
        told = []
        for name, temperature in (("greedy", 0.0), ("seeded", 1.0)):
            prompts = self._prompts(samples=(0, 1), temperature=temperature)
            first, again = self._ask(prompts), self._ask(prompts[::-1])
            same = sum(each.text == again[key].text for key, each in first.items() if key in again)
            told.append(f"{name}: {same} of {len(first)} answers the same")
        return "; ".join(told)

    def scores(self) -> None:
        scorer = self._backend
        if not isinstance(scorer, Scorer):
            raise Skipped("it is no Scorer")
        for text, each in zip(self._texts, scorer.score(self._texts), strict=True):
            count = len(each.tokens)
            # an endpoint tells texts and no ids
            demand(len(each.token_ids) in (0, count), f"ids and tokens differ in number for {text!r}")
            demand(count == len(each.logprobs), f"lengths differ for {text!r}")
            demand(
                text.endswith(each.tokens[-1]), f"the last token {each.tokens[-1]!r} does not end {text!r}"
            )
            demand(each.logprobs[0] is None, "the first token has nothing before it to be likely after")
            demand(all(x is not None and x <= 1e-6 for x in each.logprobs[1:]), "a log-probability above 0")
        pairs = [(text, " Yes" if at % 2 else " No, never") for at, text in enumerate(self._texts)]
        for (_, text), score in zip(pairs, scorer.score_continuations(pairs), strict=True):
            demand(abs(sum(score.logprobs) - score.logprob) < 1e-6, "logprob is not the sum of logprobs")
            demand(score.bytes == len(text.encode()), f"{text!r} has {score.bytes} bytes: out of order?")

    def close_twice(self) -> None:
        self._backend.close()
        self._backend.close()


def _key(completion: Completion) -> Key:
    return completion.task, completion.item, completion.sample


def _close(answers: Iterator[Completion]) -> None:
    close = getattr(answers, "close", None)
    demand(close is not None, "generate() must return something with close(), such as a generator")
    if close is not None:
        close()
