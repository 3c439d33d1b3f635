"""Does check_backend find each way in which a backend can break its contract, and pass one that does not?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from phi4eval.protocols import Backend, StopSignal
from phi4eval.seeds import seed_for
from phi4eval.testing import ContractError, check_backend
from phi4eval.types import Completion, ContinuationScore, Fingerprint, Prompt, PromptTokens, TokenScores

WORDS = ("red ", "green ", "blue ", "white ", "black ", "grey ", "pink ", "brown ")


class Honest:
    """Answers with words drawn from a seed; fails for more tokens than its context of 100."""

    context: int | None = 100
    fingerprint = Fingerprint(backend="honest", model="words", weights=None)

    def __init__(self) -> None:
        self.asked = 0

    def tokens(self, prompt: Prompt) -> PromptTokens | None:
        return PromptTokens(count=2, head=("a", "b"), text="a b")

    def answer(self, prompt: Prompt, seed: int) -> tuple[str, str, int]:
        sampling = prompt.sampling
        seed = seed if sampling.temperature else 0
        text = ""
        for at in range(sampling.max_tokens):
            text += WORDS[seed_for(prompt.messages[0].content, seed, at) % len(WORDS)]
            for stop in sampling.stop:
                if stop in text:
                    return text.partition(stop)[0], "stop", at + 1
        return text, "length", sampling.max_tokens

    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        for prompt in prompts:
            for draw in prompt.draws:
                if stop.is_set():
                    return
                self.asked += 1
                yield self.complete(prompt, draw.sample, draw.seed)

    def complete(self, prompt: Prompt, sample: int, seed: int) -> Completion:
        failed = prompt.sampling.max_tokens > 100
        text, finish, count = ("", "error", 0) if failed else self.answer(prompt, seed)
        return Completion(
            task=prompt.task,
            item=prompt.item,
            sample=sample,
            text=text,
            finish=finish,  # type: ignore[arg-type]
            prompt_hash=prompt.hash,
            seed=seed,
            error="too long" if failed else None,
            prompt_tokens=2,
            completion_tokens=count,
        )

    def close(self) -> None:
        pass


def replaced(completion: Completion, **changes: Any) -> Completion:
    return msgspec.structs.replace(completion, **changes)


class Doubles(Honest):
    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        for each in super().generate(prompts, stop):
            yield each
            yield each


class Forgets(Honest):
    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        yield from list(super().generate(prompts, stop))[:-1]


class OneSampleOnly(Honest):
    def complete(self, prompt: Prompt, sample: int, seed: int) -> Completion:
        return replaced(super().complete(prompt, sample, seed), sample=0)


class WrongSeed(Honest):
    def complete(self, prompt: Prompt, sample: int, seed: int) -> Completion:
        return replaced(super().complete(prompt, sample, seed), seed=0)


class NoHash(Honest):
    def complete(self, prompt: Prompt, sample: int, seed: int) -> Completion:
        return replaced(super().complete(prompt, sample, seed), prompt_hash="")


class AlwaysStop(Honest):
    def answer(self, prompt: Prompt, seed: int) -> tuple[str, str, int]:
        text, _, count = super().answer(prompt, seed)
        return text, "stop", count


class KeepsStop(Honest):
    def answer(self, prompt: Prompt, seed: int) -> tuple[str, str, int]:
        text, finish, count = super().answer(prompt, seed)
        return text + "".join(prompt.sampling.stop), finish, count


class IgnoresStop(Honest):
    def answer(self, prompt: Prompt, seed: int) -> tuple[str, str, int]:
        free = msgspec.structs.replace(prompt.sampling, stop=())
        return super().answer(msgspec.structs.replace(prompt, sampling=free), seed)


class Raises(Honest):
    def answer(self, prompt: Prompt, seed: int) -> tuple[str, str, int]:
        return super().answer(prompt, seed)

    def complete(self, prompt: Prompt, sample: int, seed: int) -> Completion:
        if prompt.sampling.max_tokens > 100:
            raise RuntimeError("too long")
        return super().complete(prompt, sample, seed)


class SilentError(Honest):
    def complete(self, prompt: Prompt, sample: int, seed: int) -> Completion:
        return replaced(super().complete(prompt, sample, seed), error=None)


class FailsAll(Honest):
    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        bad = any(prompt.sampling.max_tokens > 100 for prompt in prompts)
        for each in super().generate(prompts, stop):
            yield replaced(each, finish="error", error="all of it") if bad else each


class Deaf(Honest):
    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        for prompt in prompts:
            for draw in prompt.draws:
                yield self.complete(prompt, draw.sample, draw.seed)


class OnceOnly(Honest):
    """Dies with its first iterator."""

    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        try:
            yield from super().generate(prompts, stop)
        except GeneratorExit:
            self.asked = -(10**9)
            raise

    def complete(self, prompt: Prompt, sample: int, seed: int) -> Completion:
        if self.asked < 0:
            raise RuntimeError("closed")
        return super().complete(prompt, sample, seed)


class MovingFingerprint(Honest):
    @property
    def fingerprint(self) -> Fingerprint:  # type: ignore[override]
        return Fingerprint(backend="honest", model="words", weights=None, identity={"n": str(self.asked)})


class OtherCount(Honest):
    def tokens(self, prompt: Prompt) -> PromptTokens | None:
        return PromptTokens(count=3, head=(), text="")


class CloseOnce(Honest):
    closed = False

    def close(self) -> None:
        if self.closed:
            raise RuntimeError("already closed")
        self.closed = True


class Unlikely(Honest):
    """A Scorer whose sums do not add up."""

    def score(self, texts: Sequence[str]) -> Iterator[TokenScores]:
        for text in texts:
            yield TokenScores(token_ids=(1, 2), tokens=("", text), logprobs=(None, -1.0))

    def score_continuations(self, pairs: Sequence[tuple[str, str]]) -> Iterator[ContinuationScore]:
        for _, text in pairs:
            yield ContinuationScore(logprob=-3.0, logprobs=(-1.0,), greedy=False, bytes=len(text.encode()))


class Random(Honest):
    def answer(self, prompt: Prompt, seed: int) -> tuple[str, str, int]:
        return super().answer(
            msgspec.structs.replace(
                prompt, sampling=msgspec.structs.replace(prompt.sampling, temperature=1.0)
            ),
            self.asked,
        )


def test_a_backend_that_keeps_its_contract_passes_and_the_report_says_what_was_looked_at() -> None:
    report = check_backend(Honest)
    assert len(report.checked) == 15
    assert report.skipped == {"log-probabilities of texts are in order and add up": "it is no Scorer"}
    assert report.observed == {
        "the same questions again": "greedy: 12 of 12 answers the same; seeded: 12 of 12 answers the same"
    }


@pytest.mark.parametrize(
    ("kind", "clause"),
    [
        (Doubles, "every draw is answered once, in any order"),
        (Doubles, "a stop during the run ends it without doubles"),
        (Forgets, "every draw is answered once, in any order"),
        (OneSampleOnly, "every draw is answered once, in any order"),
        (OneSampleOnly, "only the draws asked for are drawn"),
        (WrongSeed, "a completion says its draw's seed"),
        (NoHash, "a completion names its prompt"),
        (OtherCount, "a completion names its prompt"),
        (AlwaysStop, "answers end at the token limit with finish=length"),
        (KeepsStop, "a stop string ends the answer and is not in it"),
        (IgnoresStop, "a stop string ends the answer and is not in it"),
        (Raises, "a prompt that fails ends as an error and leaves the others alone"),
        (SilentError, "a prompt that fails ends as an error and leaves the others alone"),
        (FailsAll, "a prompt that fails ends as an error and leaves the others alone"),
        (Deaf, "nothing starts once stop is set"),
        (OnceOnly, "closing the iterator cancels the rest and the backend goes on"),
        (MovingFingerprint, "the fingerprint is known before the first answer and stays"),
        (Unlikely, "log-probabilities of texts are in order and add up"),
        (CloseOnce, "close may be called twice"),
    ],
)
def test_each_breach_is_found_under_its_name(kind: type[Honest], clause: str) -> None:
    with pytest.raises(ContractError) as caught:
        check_backend(kind)
    assert clause in caught.value.broken
    assert f"- {clause}: " in str(caught.value)


def test_answers_that_differ_from_time_to_time_are_reported_and_no_breach() -> None:
    report = check_backend(Random)
    assert "greedy: 0 of 12" in report.observed["the same questions again"]


def test_a_clause_may_be_left_out_with_a_reason() -> None:
    clause = "a stop string ends the answer and is not in it"
    report = check_backend(KeepsStop, skip={clause: "recorded"})
    assert report.skipped[clause] == "recorded"
    with pytest.raises(ValueError, match="no such clause: sings"):
        check_backend(Honest, skip={"sings": "why not"})


def test_without_context_or_failing_prompt_isolation_is_skipped_with_the_reason() -> None:
    class Unbounded(Honest):
        context = None

    report = check_backend(Unbounded)
    assert (
        "no failing prompt was given"
        in report.skipped["a prompt that fails ends as an error and leaves the others alone"]
    )


def test_too_few_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="three or more"):
        check_backend(Honest, texts=("a", "a", "b"))


def test_the_honest_backend_is_one() -> None:
    backend: Backend = Honest()
    assert backend.context == 100
