"""One sample on its way: prompt and key, completion, grade, and the record that joins them."""

from __future__ import annotations

from typing import Literal

import msgspec

from phi4eval.types.tasks import Item, Sampling

Verdict = Literal["correct", "incorrect", "no_answer", "truncated", "refused", "ungradable", "error"]
"""The closed set of outcomes. Only `incorrect` says that the model was wrong."""

VERDICTS: tuple[Verdict, ...] = (
    "correct",
    "incorrect",
    "no_answer",
    "truncated",
    "refused",
    "ungradable",
    "error",
)

Finish = Literal["stop", "length", "filter", "error"]
"""Why a completion ended: by itself, at the token limit, by the provider's filter, or not at all."""

Role = Literal["main", "protocol"]
"""Which of a task's two graders gave a grade: the robust one or the published protocol's own."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One chat turn."""

    role: Literal["system", "user", "assistant"]
    content: str


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """One sample to be drawn for a prompt: its index among the item's repeats, and its own seed."""

    sample: int
    seed: int


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is asked: all that a backend gets to see, and so without any gold answer.

    One prompt serves several draws where every repeat of an item reads the same.
    hash: of messages, sampling and continuations. continuations: where the answer is not generated but one of
    these, whichever the model finds likeliest (`output_type: multiple_choice`); backends with `chooses` set
    answer such a prompt with the text of likelihoods.write.
    """

    task: str
    item: str
    messages: tuple[Message, ...]
    sampling: Sampling
    draws: tuple[Draw, ...]
    hash: str
    continuations: tuple[str, ...] = ()


class PromptTokens(msgspec.Struct, frozen=True, kw_only=True):
    """How a backend tokenizes a prompt: its length, its first tokens as text, and the rendered text."""

    count: int
    head: tuple[str, ...]
    text: str


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """The answer key of one prompt as it was rendered; graders get it, backends never.

    gold: free-form answer, or the letter of the right choice in the rendered order.
    choices: option texts in the rendered order. order: position in the data of each rendered choice.
    problem: the question by itself, without instructions and examples.
    extra: what a grader needs beside the gold (HumanEval's tests and entry point).
    """

    gold: str
    choices: tuple[str, ...] = ()
    order: tuple[int, ...] = ()
    problem: str = ""
    extra: dict[str, str] = {}


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a model, or the explicit failure to get one (finish == "error").

    text: the answer as it came, thinking blocks included; reasoning: thinking that the server sent apart.
    completion_tokens: thinking included; reasoning_tokens: its part, None where nobody counts it.
    cached_prompt_tokens: the part of the prompt's that the provider bills at its rate for repeated prefixes.
    Of several answers to one request each has its share of the counts, so that sums are right.
    seconds: from sending to the last token (wall); attempts: requests made, 1 = no retry.
    from_cache: it was paid for by another run, or by another sample of this one.
    logprobs: of the answer's tokens, natural logarithms, None unless asked for.
    """

    task: str
    item: str
    sample: int
    text: str
    finish: Finish
    prompt_hash: str
    seed: int = 0
    reasoning: str | None = None
    error: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_prompt_tokens: int | None = None
    seconds: float | None = None
    attempts: int = 1
    from_cache: bool = False
    logprobs: tuple[float, ...] | None = None


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with its evidence.

    score: 0..1. extracted: what was taken as the answer; span: its [start, end) character offsets in the
    completion's text. rule: the extraction or equivalence rule that decided. explanation: one sentence a
    person can check. grader: name@version.
    """

    verdict: Verdict
    score: float
    extracted: str | None = None
    span: tuple[int, int] | None = None
    rule: str
    explanation: str
    grader: str
    flags: tuple[str, ...] = ()


class StoredGrade(msgspec.Struct, frozen=True, kw_only=True):
    """A grade with the address of its completion, as one line of grades.jsonl.

    offset: byte offset of the graded line in completions.jsonl; where a retry has added a newer line for the
    same sample, the grade is stale.
    """

    task: str
    item: str
    sample: int
    role: Role
    grade: Grade
    offset: int = -1


class StoredPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt with its key, as one line of prompts.jsonl; enough to grade again without the data set."""

    prompt: Prompt
    key: Key
    item: Item


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One sample walked back to everything: what was asked, answered and decided.

    contamination: a joined scan's verdict on the item (types.RunVerdict); None where no scan was joined.
    """

    item: Item
    prompt: Prompt
    key: Key
    completion: Completion
    grade: Grade | None
    protocol_grade: Grade | None
    contamination: str | None = None
