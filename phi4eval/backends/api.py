"""How is a model reached that answers behind an OpenAI-compatible endpoint?"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from importlib.metadata import version

import msgspec

from phi4eval.backends import api_scores
from phi4eval.backends.api_options import ARGS, request_form, settings_of
from phi4eval.backends.asking import Asking
from phi4eval.backends.exchange import CONNECT_SECONDS, Settings
from phi4eval.backends.limits import request_timeout
from phi4eval.backends.options import BackendOptions, check_args
from phi4eval.backends.request_form import check_sampling, unsent
from phi4eval.backends.stream import Stream
from phi4eval.protocols import Budget, StopSignal
from phi4eval.types import (
    Completion,
    ContinuationScore,
    Fingerprint,
    ModelSpec,
    Price,
    Prompt,
    PromptTokens,
    TokenScores,
)


def open(model: ModelSpec, options: BackendOptions) -> ApiBackend:
    """The endpoint of a model; raises UsageError or MissingError before anything is sent."""
    check_args("api", options.args, ARGS)
    return ApiBackend(model, settings_of(model, options, request_form(model, options)))


class ApiBackend:
    """A Backend and Scorer over HTTP: a request a draw, as many in flight as the endpoint bears."""

    cached = True
    """Its completions are worth keeping for other runs: they were paid for."""

    def __init__(self, model: ModelSpec, settings: Settings) -> None:
        self.settings = settings
        self._model = model
        self._streams: list[Stream] = []
        self._fingerprint = Fingerprint(
            backend="api",
            model=model.name,
            weights=None,
            identity=_identity(settings),
            details={"aiohttp": version("aiohttp")},
        )

    @property
    def fingerprint(self) -> Fingerprint:
        """The endpoint and the model's name there; an endpoint does not tell its weights."""
        return self._fingerprint

    @property
    def context(self) -> int | None:
        """Tokens, as models.yaml says."""
        return self._model.context

    @property
    def price(self) -> Price | None:
        """Of its tokens, as the user or models.yaml says."""
        return self.settings.price

    @property
    def warnings(self) -> tuple[str, ...]:
        """What of the sampling the model does not take, and so is not as the plan says."""
        fields = unsent(self.settings.form)
        if not fields:
            return ()
        return (
            f"{self.settings.form.model} takes no {', no '.join(fields)}: the provider's own values apply",
        )

    def tokens(self, prompt: Prompt) -> PromptTokens | None:
        """None: only the server knows."""
        return None

    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Generator[Completion, None, None]:
        """Complete every draw of every prompt, in the order of arrival; see phi4eval.protocols.Backend.

        Raises MissingError where the key is refused or nothing answers, UsageError for an unknown model or
        a request that the endpoint never takes, IncompleteError for an endpoint that stops working.
        """
        draws = sum(len(prompt.draws) for prompt in prompts)
        if not draws:
            return
        settings = self.settings
        for sampling in {prompt.sampling for prompt in prompts}:
            check_sampling(settings.form, sampling)
        longest = max(request_timeout(prompt.sampling, settings.timeout) for prompt in prompts)
        stream = Stream(
            Asking(settings, prompts, draws, stop if isinstance(stop, Budget) else None).work,
            stop=stop,
            limit=4 * settings.most,
            # Longer than anything that may rightly keep all requests from ending.
            stall=longest + CONNECT_SECONDS + settings.policy.patience + settings.policy.ceiling,
        )
        self._streams.append(stream)
        try:
            yield from stream
        finally:
            stream.close()
            self._streams.remove(stream)

    def score(self, texts: Sequence[str]) -> Iterator[TokenScores]:
        """Every token of every text; see protocols.Scorer. UsageError where the endpoint gives none."""
        for echo, _ in self._echoes(texts):
            yield api_scores.token_scores(echo)

    def score_continuations(self, pairs: Sequence[tuple[str, str]]) -> Iterator[ContinuationScore]:
        """The second text of every pair, given the first; see protocols.Scorer."""
        parts = [api_scores.split_pair(*pair) for pair in pairs]
        echoes = self._echoes([before + text for before, text in parts])
        for (_, given), (before, text), (echo, special) in zip(pairs, parts, echoes, strict=True):
            yield api_scores.continuation_score(echo, special, before, text, given)

    def _echoes(self, texts: Sequence[str]) -> Iterator[tuple[api_scores.Echo, int | None]]:
        form = api_scores.scoring_form(self.settings.form)
        asking = ApiBackend(self._model, msgspec.structs.replace(self.settings, form=form))
        prompts = [api_scores.scoring_prompt(number, text) for number, text in enumerate(texts)]
        found = {int(each.item): each for each in asking.generate(prompts, _Never())}
        for number, text in enumerate(texts):
            yield api_scores.read_echo(text, found[number])

    def close(self) -> None:
        """End every generate() that still runs."""
        for stream in tuple(self._streams):
            stream.close()


class _Never:
    def is_set(self) -> bool:
        return False


def _identity(settings: Settings) -> dict[str, str]:
    """What decides whether two runs ask the same thing of the same model."""
    form = settings.form
    identity = {"endpoint": settings.endpoint.place, "model": form.model}
    if settings.weights:
        identity["weights"] = settings.weights
    if form.call != "chat":
        identity["call"] = form.call
    for name, value in (("body", form.fields), ("names", form.names)):
        if value:
            identity[name] = msgspec.json.encode(value, order="sorted").decode()
    if form.choices > 1:
        identity["choices"] = str(form.choices)
    if form.logprobs:
        identity["logprobs"] = "yes"
    return identity
