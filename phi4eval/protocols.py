"""The seams where phi4eval is extended: a Backend answers, a Scorer finds text likely, a Grader judges, a
Source loads rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from phi4eval.types import (
    Completion,
    ContinuationScore,
    Draw,
    Fingerprint,
    Grade,
    Key,
    Prompt,
    PromptTokens,
    SourceSpec,
    TokenScores,
)


class StopSignal(Protocol):
    """Set when the user asked to stop (threading.Event fits)."""

    def is_set(self) -> bool:
        """True: start nothing new."""
        ...


@runtime_checkable
class Budget(Protocol):
    """A stop signal that also counts what is spent: a backend that asks per request asks it before each.

    A backend that does not is stopped by is_set() once the limit is reached, and what is in flight then
    comes on top.
    """

    def is_set(self) -> bool:
        """True: start nothing new."""
        ...

    def reserve(self, prompt: Prompt, draws: Sequence[Draw]) -> bool | None:
        """Whether these draws may be asked: True, set aside for them; False, there is no room any more; None,
        perhaps when what is in flight has ended. Callable from any thread."""
        ...


class Backend(Protocol):
    """Something that completes prompts.

    generate() yields one Completion per draw of every prompt, in any order, each as soon as it exists; the
    caller has it on disk before it asks for the next. A failed draw is yielded as a Completion with
    finish="error", never raised; what is raised (a Phi4evalError) ends the run: no credentials, no such
    model. Once stop is set it starts nothing new, yields what is in flight, and returns. Closing the
    iterator early cancels the rest. Prompts are not changed and never cut to fit.
    """

    @property
    def fingerprint(self) -> Fingerprint:
        """What answers; must be known before the first token is generated."""
        ...

    @property
    def context(self) -> int | None:
        """Tokens that prompt and answer share; None if not known."""
        ...

    def tokens(self, prompt: Prompt) -> PromptTokens | None:
        """The prompt as the model will see it; None where only the server knows."""
        ...

    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        """Complete every draw of every prompt."""
        ...

    def close(self) -> None:
        """Free what was opened. Safe to call twice."""
        ...


@runtime_checkable
class Scorer(Protocol):
    """Something that tells how likely it finds a text; backends.open_scorer opens a backend that does.

    Texts are taken as they stand: no chat template, and of special tokens only the BOS that the tokenizer
    itself puts in front. Nothing is cut: a text that does not fit the context, or that has no tokens, is a
    UsageError before anything is computed. Results come in the order of the input.
    """

    @property
    def fingerprint(self) -> Fingerprint:
        """What finds the text likely."""
        ...

    @property
    def context(self) -> int | None:
        """Tokens of the longest text; None if not known."""
        ...

    def score(self, texts: Sequence[str]) -> Iterator[TokenScores]:
        """Every token of every text."""
        ...

    def score_continuations(self, pairs: Sequence[tuple[str, str]]) -> Iterator[ContinuationScore]:
        """The second text of every pair, given the first."""
        ...

    def close(self) -> None:
        """Free what was opened. Safe to call twice."""
        ...


class Grader(Protocol):
    """A module or object with a VERSION and a pure function from text and key to a Grade.

    It does no I/O, reads no clock and no global random state, and raises nothing for any text: what it
    cannot decide is `ungradable`. A change of any outcome bumps VERSION.
    """

    VERSION: str

    def grade(self, text: str, key: Key, options: Mapping[str, str]) -> Grade:
        """Judge one completion's text (thinking blocks already removed) against its key."""
        ...


class Source(Protocol):
    """Loads the raw rows of one kind of data source."""

    def __call__(self, spec: SourceSpec) -> Sequence[Mapping[str, Any]]:
        """All rows in their published order, or a DataError that says where to get them."""
        ...
