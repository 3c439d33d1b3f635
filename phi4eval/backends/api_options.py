"""What do a model's entry, the user's options and the environment say about how an endpoint is asked?"""

from __future__ import annotations

from typing import Any

import msgspec

from phi4eval.backends.endpoint import find_endpoint
from phi4eval.backends.exchange import Settings
from phi4eval.backends.limits import RetryPolicy
from phi4eval.backends.options import BackendOptions, one_of, whole_number
from phi4eval.backends.pace import MOST, START
from phi4eval.backends.request_form import PATHS, RequestForm, check_fields, check_names
from phi4eval.errors import UsageError
from phi4eval.types import ModelSpec, Price

ARGS = {
    "model": "the name the endpoint knows the model by",
    "body": "a JSON object of further request fields",
    "names": "a JSON object: field of the sampling -> its name here, null for one it does not take",
    "attempts": "requests for one sample before it counts as an error",
    "call": "chat, or completions for models without turns",
    "stream": "yes: take answers token by token, for proxies that cut silent connections",
    "choices": "samples of an item asked for with one request (n); they share one seed",
    "logprobs": "yes: keep the log-probabilities of the answer's tokens",
    "thinking": "yes or no: the model always thinks before it answers",
    "key_env": "the environment variable that holds the key",
    "price": "US dollars per million tokens: PROMPT,ANSWER or PROMPT,ANSWER,REPEATED",
    "weights": "what the endpoint serves under that name, as a commit: tells runs of two checkpoints apart",
}


def request_form(model: ModelSpec, options: BackendOptions) -> RequestForm:
    """How requests are written; raises UsageError for what cannot be sent."""
    args = options.args
    body, names = _object("body", args.get("body")), _object("names", args.get("names"))
    return RequestForm(
        model=args.get("model") or model.api_model or model.weights or model.name,
        call=one_of("api", "call", args.get("call", "chat"), tuple(PATHS)),
        names={**model.request_names, **check_names(names)},
        fields=check_fields({**model.request_fields, **body}),
        stream=_yes(args, "stream"),
        logprobs=_yes(args, "logprobs"),
        choices=whole_number("api", "choices", args.get("choices", "1"), least=1),
    )


def settings_of(model: ModelSpec, options: BackendOptions, form: RequestForm) -> Settings:
    """How the endpoint is asked; raises UsageError or MissingError for what cannot work."""
    args, most = options.args, options.concurrency
    if most is not None and most < 1:
        raise UsageError(f"concurrency {most} sends nothing", "give 1 or more")
    if options.timeout is not None and not options.timeout > 0:
        raise UsageError(f"a time-out of {options.timeout} s lets no request finish", "give seconds above 0")
    policy = RetryPolicy()
    if "attempts" in args:
        policy = RetryPolicy(attempts=whole_number("api", "attempts", args["attempts"], least=1))
    return Settings(
        endpoint=find_endpoint(model, options),
        form=form,
        start=most or START,
        most=most or MOST,
        timeout=options.timeout,
        thinks=_yes(args, "thinking") if "thinking" in args else model.thinking,
        policy=policy,
        price=price_of(args["price"]) if "price" in args else model.price,
        weights=args.get("weights"),
    )


def price_of(text: str) -> Price:
    """A price as a user writes it: `2.5,10` or `2.5,10,1.25`, US dollars per million tokens."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3) or not all(0 <= number < 1e6 for number in numbers):
        raise UsageError(
            f'"{text}" is no price',
            "PROMPT,ANSWER or PROMPT,ANSWER,REPEATED, as 2.5,10,1.25 ($ a million tokens)",
        )
    return Price(input=numbers[0], output=numbers[1], cached_input=numbers[2] if len(numbers) == 3 else None)


def _yes(args: dict[str, str], name: str) -> bool:
    return one_of("api", name, args.get(name, "no"), ("yes", "no")) == "yes"


def _object(name: str, text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        example = '{"top_k": 20}' if name == "body" else '{"max_tokens": "max_completion_tokens"}'
        raise UsageError(f"backend argument {name} is no JSON object: {error}", f"like {example}") from error
