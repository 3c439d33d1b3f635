"""Does every draw end as exactly one completion, whatever the endpoint does, and does the key stay secret?"""

from __future__ import annotations

import gc
import json
import random
import signal
import socket
import threading

import msgspec
import pytest

from phi4eval.backends import BackendOptions, open_backend
from phi4eval.backends.api import ApiBackend
from phi4eval.errors import MissingError, Phi4evalError, UsageError
from phi4eval.types import Completion, Prompt

from .endpoint_tests import (
    GO,
    KEY,
    MODEL,
    Pauses,
    always,
    backend_of,
    complete,
    environment,
    first,
    only,
    pauses,
    prompts_of,
    server,
)
from .fault_server import DRIP, HALF, NEVER, RESET, FaultServer, Reply, answer, failure

# pytest finds fixtures by name in the module
__all__ = ["environment", "pauses", "server"]

# ---------------------------------------------------------------- what is sent, what comes back


def test_a_request_carries_the_messages_the_sampling_and_its_own_seed(
    server: FaultServer, pauses: Pauses
) -> None:
    prompts = prompts_of(1, samples=2, temperature=0.7, top_p=0.95, max_tokens=128, stop=["\n\n"])
    complete(server, pauses, prompts, always(answer()))
    assert sorted(server.bodies, key=lambda body: int(body["seed"])) == [
        {
            "model": "tested-model",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "What is 0 + 1?"},
            ],
            "temperature": 0.7,
            "top_p": 0.95,
            "max_tokens": 128,
            "seed": seed,
            "stop": ["\n\n"],
        }
        for seed in (0, 1)
    ]


def test_no_stop_strings_means_no_stop_field(server: FaultServer, pauses: Pauses) -> None:
    complete(server, pauses, prompts_of(1), always(answer()))
    assert "stop" not in server.bodies[0]
    assert "n" not in server.bodies[0]


def test_seeds_differ_by_sample_so_that_a_server_that_honours_them_returns_different_answers(
    server: FaultServer, pauses: Pauses
) -> None:
    completions = complete(
        server, pauses, prompts_of(3, samples=8), lambda body, attempt: answer(f"drawn with {body['seed']}")
    )
    assert len({completion.text for completion in completions}) == 24
    assert all(completion.text == f"drawn with {completion.seed}" for completion in completions)


def test_further_fields_of_the_body_are_sent_and_are_part_of_the_identity(
    server: FaultServer, pauses: Pauses
) -> None:
    args = {"body": '{"top_k": 20, "chat_template_kwargs": {"enable_thinking": false}}'}
    complete(server, pauses, prompts_of(1), always(answer()), args=args)
    assert server.bodies[0]["top_k"] == 20
    assert server.bodies[0]["chat_template_kwargs"] == {"enable_thinking": False}
    with_body = backend_of(server, pauses, args=args).fingerprint
    assert with_body.identity != backend_of(server, pauses).fingerprint.identity


def test_an_answer_is_kept_with_its_thinking_and_its_token_counts(
    server: FaultServer, pauses: Pauses
) -> None:
    got = only(
        complete(server, pauses, prompts_of(1), always(answer("It is 1.", reasoning_content="0 + 1 is 1")))
    )
    assert (got.text, got.finish, got.reasoning) == ("It is 1.", "stop", "0 + 1 is 1")
    assert (got.prompt_tokens, got.completion_tokens, got.attempts, got.error) == (7, 3, 1, None)
    assert got.seconds is not None
    assert got.seconds > 0


@pytest.mark.parametrize(
    ("reply", "finish", "text"),
    [
        (answer("cut", "length"), "length", "cut"),
        (answer(None, "length", reasoning_content="hm"), "length", ""),
        (answer("", "stop"), "stop", ""),
        (answer(None, "stop", reasoning="thought only"), "stop", ""),
        (answer(None, "content_filter"), "filter", ""),
        (answer(None, "stop", refusal="I will not."), "filter", "I will not."),
        (answer("done", None), "stop", "done"),
        (failure(400, "the prompt was filtered", "content_filter"), "filter", ""),
    ],
)
def test_these_answers_are_outcomes_and_are_not_asked_again(
    server: FaultServer, pauses: Pauses, reply: Reply, finish: str, text: str
) -> None:
    got = only(complete(server, pauses, prompts_of(1), always(reply)))
    assert (got.finish, got.text, got.attempts) == (finish, text, 1)


def test_without_a_finish_reason_the_budget_tells_that_an_answer_was_cut(
    server: FaultServer, pauses: Pauses
) -> None:
    got = only(complete(server, pauses, prompts_of(1, max_tokens=3), always(answer("1 2 3", None))))
    assert got.finish == "length"


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize(
    "reply",
    [
        failure(500),
        failure(502),
        failure(503, Retry_After="2"),
        failure(429, Retry_After="1"),
        failure(408),
        failure(409),
        HALF,
        RESET,
        Reply(body=answer().body[:20]),
        Reply(body=answer().body, content_type="text/html"),
        Reply(body=b"<html>busy</html>"),
        Reply(body={"choices": []}),
        Reply(body={"error": {"message": "engine died"}}),
        Reply(body=b""),
        Reply(body=b"[1, 2]"),
        Reply(body=b'{"choices": [{"message": {"content": "\xff"}}]}'),
        answer(["a", "list"]),
        answer({"a": "map"}),
        answer(7),
        answer("x", "tool_calls"),
    ],
    ids=lambda reply: f"{reply.status}-{reply.fault}-{reply.body[:30]!r}",
)
def test_a_fault_that_passes_is_retried_and_the_answer_counts(
    server: FaultServer, pauses: Pauses, reply: Reply
) -> None:
    completions = complete(server, pauses, prompts_of(5), first(reply))
    assert [(c.text, c.finish, c.attempts) for c in completions] == [("42", "stop", 2)] * 5
    assert len(pauses.seconds) == 5


@pytest.mark.parametrize(
    ("reply", "attempts", "said"),
    [
        (failure(500, "index out of range"), 3, "HTTP 500: index out of range (3 times in a row the same)"),
        (failure(502, "bad gateway"), 6, "HTTP 502: bad gateway (after 6 attempts)"),
        (RESET, 6, "connection broke"),
        (HALF, 6, "connection broke"),
        (Reply(body={"choices": []}), 3, "answer has no choices"),
        (Reply(body=b"<p>hi", content_type="text/html"), 3, "answer of type text/html, not JSON"),
        (answer(["a", "list"]), 3, "Expected `object`, got `str`"),
        (answer("x", "tool_calls"), 3, 'unknown reason "tool_calls"'),
        (failure(429, "slow down"), 40, "HTTP 429: slow down (after 40 attempts)"),
        (failure(429, "come tomorrow", Retry_After="86400"), 1, "the server asks to wait 86400 s"),
        (failure(413, "too long"), 1, "HTTP 413: too long (not retried)"),
        (failure(400, "too many tokens"), 1, "HTTP 400: too many tokens (not retried)"),
        (Reply(500, b"<html><b>Oops</b></html>", content_type="text/html"), 3, "HTTP 500: Oops"),
        (Reply(422, {"detail": [{"msg": "seed?"}]}), 1, 'HTTP 422: [{"msg":"seed?"}]'),
    ],
)
def test_a_fault_that_stays_is_an_error_outcome_and_never_an_empty_answer(
    server: FaultServer, pauses: Pauses, reply: Reply, attempts: int, said: str
) -> None:
    got = only(complete(server, pauses, prompts_of(1), always(reply)))
    assert (got.finish, got.text, got.attempts) == ("error", "", attempts)
    assert said in (got.error or "")
    assert len(pauses.seconds) == attempts - 1


def test_a_fault_whose_text_changes_is_tried_until_the_cap_on_attempts(
    server: FaultServer, pauses: Pauses
) -> None:
    got = only(
        complete(
            server,
            pauses,
            prompts_of(1),
            lambda body, attempt: failure(500, f"request {attempt}"),
            args={"attempts": "4"},
        )
    )
    assert (got.finish, got.attempts) == ("error", 4)


@pytest.mark.parametrize("fault", [NEVER, DRIP], ids=["silent", "a byte at a time"])
def test_a_server_that_never_finishes_runs_into_the_time_out(
    server: FaultServer, pauses: Pauses, fault: Reply
) -> None:
    completions = complete(
        server,
        pauses,
        prompts_of(3),
        lambda body, attempt: fault if "1 + 1" in body["messages"][1]["content"] else answer(),
        timeout=0.2,
    )
    ends = {c.item: (c.finish, c.attempts, c.error) for c in completions}
    error = "no answer within 0.2 s (3 times in a row the same)"
    assert ends == {
        "item-0": ("stop", 1, None),
        "item-1": ("error", 3, error),
        "item-2": ("stop", 1, None),
    }


def test_one_bad_prompt_leaves_the_others_alone(server: FaultServer, pauses: Pauses) -> None:
    completions = complete(
        server,
        pauses,
        prompts_of(20),
        lambda body, attempt: failure(400, "too long") if body["seed"] == 7000 else answer(),
    )
    assert [c.item for c in completions if c.finish == "error"] == ["item-7"]


def test_a_storm_of_every_fault_loses_and_doubles_nothing(server: FaultServer, pauses: Pauses) -> None:
    empty = Reply(body={"choices": []})
    faults = [failure(429, Retry_After="1"), failure(500), failure(503), RESET, HALF, empty]
    dice = random.Random(3)

    def storm(body: dict[str, object], attempt: int) -> Reply:
        return dice.choice(faults) if dice.random() < 0.5 else answer(f"seed {body['seed']}")

    completions = complete(server, pauses, prompts_of(60, samples=4), storm, concurrency=32)
    answered = [c for c in completions if c.finish == "stop"]
    assert len(answered) > 200
    assert all(c.text == f"seed {c.seed}" for c in answered)
    assert sum(c.attempts for c in completions) == len(server.bodies)


def test_a_server_that_restarts_costs_only_retries(server: FaultServer, pauses: Pauses) -> None:
    down = threading.Lock()

    def restart() -> None:
        with down:
            if not server.running:
                server.start()

    answered = []
    pauses.then = restart
    backend = backend_of(server, pauses, concurrency=2)
    for completion in backend.generate(prompts_of(30), GO):
        answered.append(completion)
        if len(answered) == 3:
            with down:
                server.stop()
    assert sorted(c.item for c in answered) == sorted(p.item for p in prompts_of(30))
    assert {c.finish for c in answered} == {"stop"}
    assert pauses.seconds


# ---------------------------------------------------------------- waiting


def test_retry_after_is_waited_out_with_jitter_on_top(server: FaultServer, pauses: Pauses) -> None:
    complete(server, pauses, prompts_of(4), first(failure(429, Retry_After="17")))
    assert len(pauses.seconds) == 4
    assert all(17 <= seconds <= 18 for seconds in pauses.seconds)
    assert len(set(pauses.seconds)) == 4


def test_retry_after_may_be_a_date(server: FaultServer, pauses: Pauses) -> None:
    reply = failure(429, Retry_After="Tue, 14 Nov 2023 22:13:50 GMT")  # 30 s after the test's clock
    complete(server, pauses, prompts_of(1), first(reply))
    assert 30 <= pauses.seconds[0] <= 31


def test_a_rate_limit_may_say_wait_more_often_than_a_fault_may_occur(
    server: FaultServer, pauses: Pauses
) -> None:
    got = only(complete(server, pauses, prompts_of(1), first(failure(429), times=15)))
    assert (got.finish, got.attempts) == ("stop", 16)


def test_no_more_requests_than_the_concurrency_are_in_flight(server: FaultServer, pauses: Pauses) -> None:
    complete(server, pauses, prompts_of(40), always(answer()), concurrency=3)
    assert server.most_in_flight <= 3


# ---------------------------------------------------------------- what ends a run


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_ends_the_run_and_names_the_variable(
    server: FaultServer, pauses: Pauses, status: int
) -> None:
    server.behave = always(failure(status, f"Incorrect API key provided: {KEY}"))
    with pytest.raises(MissingError) as caught:
        list(backend_of(server, pauses).generate(prompts_of(50), GO))
    assert "OPENAI_API_KEY" in str(caught.value.hint)
    assert KEY not in f"{caught.value.message} {caught.value.hint}"
    assert len(server.bodies) <= 8


def test_an_exhausted_quota_ends_the_run(server: FaultServer, pauses: Pauses) -> None:
    server.behave = always(failure(429, "You exceeded your current quota", "insufficient_quota"))
    with pytest.raises(MissingError, match="exceeded your current quota"):
        list(backend_of(server, pauses).generate(prompts_of(5), GO))


def test_an_unknown_model_ends_the_run_with_the_names_the_endpoint_has(
    server: FaultServer, pauses: Pauses
) -> None:
    server.models = ("tested-models", "other")
    server.behave = always(failure(404, "model not found"))
    with pytest.raises(UsageError, match=r'model "tested-model" not found at http://127\.0\.0\.1') as caught:
        list(backend_of(server, pauses).generate(prompts_of(50), GO))
    assert caught.value.hint == 'did you mean "tested-models"? it serves: tested-models, other'


def test_a_wrong_path_is_told_apart_by_the_missing_list_of_models(
    server: FaultServer, pauses: Pauses
) -> None:
    backend = backend_of(server, pauses, base_url=server.base_url.removesuffix("/v1"))
    with pytest.raises(UsageError) as caught:
        list(backend.generate(prompts_of(1), GO))
    assert "/v1" in str(caught.value.hint)


def test_a_redirect_is_not_followed(server: FaultServer, pauses: Pauses) -> None:
    server.behave = always(Reply(307, {}, headers={"Location": f"{server.base_url}/chat/completions?again"}))
    with pytest.raises(UsageError, match="redirects to"):
        list(backend_of(server, pauses, concurrency=1).generate(prompts_of(3), GO))
    assert len(server.bodies) == 1


def test_the_same_400_for_the_first_prompts_ends_the_run(server: FaultServer, pauses: Pauses) -> None:
    server.behave = always(failure(400, "temperature is not supported"))
    with pytest.raises(UsageError, match="temperature is not supported"):
        list(backend_of(server, pauses).generate(prompts_of(50), GO))
    assert len(server.bodies) <= 10


def test_the_same_400_for_many_draws_of_one_prompt_does_not(server: FaultServer, pauses: Pauses) -> None:
    completions = complete(server, pauses, prompts_of(1, samples=40), always(failure(400, "too long")))
    assert {c.finish for c in completions} == {"error"}


def test_different_400s_do_not_end_the_run(server: FaultServer, pauses: Pauses) -> None:
    completions = complete(
        server, pauses, prompts_of(40), lambda body, attempt: failure(400, f"{body['seed']} tokens")
    )
    assert {c.finish for c in completions} == {"error"}


@pytest.mark.parametrize("items", [2, 50])
def test_an_endpoint_that_refuses_every_connection_ends_the_run_with_nothing_recorded(
    server: FaultServer, pauses: Pauses, items: int
) -> None:
    backend = backend_of(server, pauses)
    server.stop()
    yielded: list[Completion] = []
    with pytest.raises(MissingError, match="refused the connection") as caught:
        yielded.extend(backend.generate(prompts_of(items), GO))
    assert server.base_url in caught.value.message
    assert yielded == []


def test_what_came_before_the_end_is_yielded_first(server: FaultServer, pauses: Pauses) -> None:
    server.gate = threading.Event()
    server.behave = lambda body, attempt: failure(401) if body["seed"] == 4000 else answer()
    stream = backend_of(server, pauses, concurrency=8).generate(prompts_of(8), GO)
    server.gate.set()
    yielded: list[Completion] = []
    with pytest.raises(MissingError):
        yielded.extend(stream)  # extend keeps what came before the error
    assert sorted(c.item for c in yielded) == [f"item-{index}" for index in range(8) if index != 4]


# ---------------------------------------------------------------- stopping and closing


def test_after_stop_nothing_new_starts_and_what_is_in_flight_is_yielded(
    server: FaultServer, pauses: Pauses
) -> None:
    stop = threading.Event()
    server.gate = threading.Event()

    def behave(body: dict[str, object], attempt: int) -> Reply:
        if len(server.bodies) == 4:  # all workers have sent one
            stop.set()
            assert server.gate is not None
            server.gate.set()
        return answer()

    server.behave = behave
    completions = list(backend_of(server, pauses, concurrency=4).generate(prompts_of(100), stop))
    assert len(completions) == 4 == len(server.bodies)
    assert {c.finish for c in completions} == {"stop"}


def test_a_draw_that_waits_for_its_retry_stays_open_when_stop_is_set(
    server: FaultServer, pauses: Pauses
) -> None:
    stop = threading.Event()
    pauses.then = stop.set
    server.behave = always(failure(500))
    assert list(backend_of(server, pauses, concurrency=1).generate(prompts_of(5), stop)) == []
    assert len(server.bodies) == 1


def test_a_real_pause_ends_when_stop_is_set(server: FaultServer) -> None:
    stop = threading.Event()

    def behave(body: dict[str, object], attempt: int) -> Reply:
        stop.set()
        return failure(429, Retry_After="500")

    server.behave = behave
    backend = open_backend("api", MODEL, BackendOptions(base_url=server.base_url))
    assert list(backend.generate(prompts_of(1), stop)) == []


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("phi4eval")]


def test_closing_early_cancels_the_rest_and_ends_the_thread(server: FaultServer, pauses: Pauses) -> None:
    server.behave = lambda body, attempt: answer() if body["seed"] < 3000 else NEVER
    stream = backend_of(server, pauses).generate(prompts_of(500), GO)
    next(stream)
    assert threads()
    stream.close()
    assert not threads()
    assert len(server.bodies) < 50


def test_an_interrupted_reader_does_not_hang(server: FaultServer, pauses: Pauses) -> None:
    server.behave = lambda body, attempt: answer() if body["seed"] == 0 else NEVER

    def read() -> None:
        for _ in backend_of(server, pauses).generate(prompts_of(50), GO):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read()
    gc.collect()
    assert not threads()


def test_ctrl_c_reaches_a_reader_that_waits(server: FaultServer, pauses: Pauses) -> None:
    def behave(body: dict[str, object], attempt: int) -> Reply:
        if len(server.bodies) == 4:
            signal.raise_signal(signal.SIGINT)  # handled in the main thread, which is the waiting reader
        return NEVER

    server.behave = behave
    with pytest.raises(KeyboardInterrupt):
        list(backend_of(server, pauses, concurrency=4).generate(prompts_of(50), GO))
    assert not threads()


def test_closing_the_backend_ends_what_runs_and_may_be_done_twice(
    server: FaultServer, pauses: Pauses
) -> None:
    server.behave = lambda body, attempt: answer() if body["seed"] == 0 else NEVER
    backend = backend_of(server, pauses)
    stream = backend.generate(prompts_of(50), GO)
    next(stream)
    backend.close()
    backend.close()
    assert not threads()
    stream.close()


def test_a_bug_in_the_loop_reaches_the_reader(server: FaultServer, pauses: Pauses) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    pauses.then = broken
    server.behave = always(failure(500))
    with pytest.raises(ZeroDivisionError):
        list(backend_of(server, pauses).generate(prompts_of(3), GO))
    assert not threads()


def test_a_run_without_prompts_opens_no_thread(server: FaultServer, pauses: Pauses) -> None:
    assert list(backend_of(server, pauses).generate([], GO)) == []


def test_the_result_does_not_depend_on_the_order_of_the_prompts(server: FaultServer, pauses: Pauses) -> None:
    def behave(body: dict[str, object], attempt: int) -> Reply:
        return failure(500) if int(str(body["seed"])) % 3 == 0 and attempt == 1 else answer(f"{body['seed']}")

    def outcome(prompts: list[Prompt]) -> set[tuple[str, int, str]]:
        got = complete(server, pauses, prompts, behave)
        return {(c.item, c.sample, c.text) for c in got}

    prompts = prompts_of(12, samples=3)
    before = msgspec.json.encode(prompts)
    assert outcome(prompts) == outcome(prompts[::-1])
    assert msgspec.json.encode(prompts) == before


# ---------------------------------------------------------------- key and address


def test_the_key_is_sent_and_shows_nowhere_even_if_the_server_echoes_it(
    server: FaultServer, pauses: Pauses
) -> None:
    backend = backend_of(server, pauses)
    assert KEY not in f"{backend.settings!r} {backend.fingerprint}"
    replies = [
        answer(f"your key is {KEY}", reasoning_content=f"the key {KEY}"),
        failure(500, f"bad {KEY}"),
        failure(400, f"bad {KEY}"),
        Reply(body={"error": f"bad {KEY}"}),
        Reply(body=b"no json", content_type=KEY),
        answer("x", KEY),
    ]
    completions = complete(
        server, pauses, prompts_of(len(replies)), lambda body, attempt: replies[body["seed"] // 1000]
    )
    assert sum("[key removed]" in json.dumps(msgspec.to_builtins(c)) for c in completions) == len(replies)
    assert {headers["Authorization"] for headers in server.headers} == {f"Bearer {KEY}"}


def test_a_placeholder_key_is_not_cut_out_of_answers(
    server: FaultServer, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "placeholder")
    got = only(list(backend_of(server, pauses).generate(prompts_of(1), GO)))
    assert got.text == "42"
    server.behave = always(answer("the placeholder is x"))
    assert only(list(backend_of(server, pauses).generate(prompts_of(1), GO))).text == "the placeholder is x"


def test_an_endpoint_on_this_machine_needs_no_key(
    server: FaultServer, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    complete(server, pauses, prompts_of(1), always(answer()))
    assert "Authorization" not in server.headers[0]


def test_an_error_text_is_one_printable_line(server: FaultServer, pauses: Pauses) -> None:
    got = only(complete(server, pauses, prompts_of(1), always(failure(400, "\x1b[31mred\r\n" + "x" * 9000))))
    assert got.error is not None
    assert got.error.isprintable()
    assert len(got.error) < 600


def test_the_fingerprint_tells_endpoint_and_model_and_no_scheme_or_key(
    server: FaultServer, pauses: Pauses
) -> None:
    fingerprint = backend_of(server, pauses).fingerprint
    assert (fingerprint.backend, fingerprint.model, fingerprint.weights) == ("api", "tested", None)
    assert fingerprint.identity == {"endpoint": f"127.0.0.1:{server.port}/v1", "model": "tested-model"}
    assert set(fingerprint.details) == {"aiohttp"}


def test_context_comes_from_the_model_and_tokens_are_unknown(server: FaultServer, pauses: Pauses) -> None:
    backend = backend_of(server, pauses)
    assert backend.context == 16384
    assert backend.tokens(prompts_of(1)[0]) is None


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        (BackendOptions(), MissingError, "has no endpoint"),
        (BackendOptions(base_url="ftp://x/v1"), UsageError, "not an http"),
        (BackendOptions(base_url="http://"), UsageError, "not an http"),
        (BackendOptions(base_url="http://h:99999/v1"), UsageError, "not an http"),
        (BackendOptions(base_url="http://me:secret@127.0.0.1/v1"), UsageError, "carries a user name"),
        (BackendOptions(base_url="http://127.0.0.1/v1?key=secret"), UsageError, "carries a user name"),
        (BackendOptions(base_url="http://127.0.0.1/v1", concurrency=0), UsageError, "concurrency 0"),
        (BackendOptions(base_url="http://127.0.0.1/v1", timeout=0.0), UsageError, "time-out"),
        (BackendOptions(base_url="http://127.0.0.1/v1", args={"bodi": "{}"}), UsageError, '"bodi"'),
        (BackendOptions(base_url="http://127.0.0.1/v1", args={"body": "[]"}), UsageError, "no JSON object"),
        (BackendOptions(base_url="http://127.0.0.1/v1", args={"body": '{"seed": 1}'}), UsageError, '"seed"'),
        (BackendOptions(base_url="http://127.0.0.1/v1", args={"attempts": "0"}), UsageError, "attempts"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_sent(
    options: BackendOptions, error: type[Phi4evalError], said: str
) -> None:
    with pytest.raises(error) as caught:
        open_backend("api", MODEL, options)
    assert said in caught.value.message
    assert "secret" not in f"{caught.value.message}{caught.value.hint}"


def test_an_endpoint_elsewhere_needs_the_key_of_the_model_s_own_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = msgspec.structs.replace(MODEL, base_url="https://api.example.org/v1/", key_env="EXAMPLE_KEY")
    with pytest.raises(MissingError, match=r"no key for https://api\.example\.org/v1") as caught:
        open_backend("api", model, BackendOptions())
    assert "EXAMPLE_KEY" in str(caught.value.hint)
    monkeypatch.setenv("EXAMPLE_KEY", "another-key-9876543210")
    identity = open_backend("api", model, BackendOptions()).fingerprint.identity
    assert identity["endpoint"] == "api.example.org/v1"


def test_the_address_may_come_from_the_environment_and_end_in_the_path_of_the_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1/chat/completions")
    fingerprint = open_backend("api", MODEL, BackendOptions()).fingerprint
    assert fingerprint.identity["endpoint"] == "localhost:8000/v1"


def test_a_key_with_a_line_break_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret\nX-Header: 1")
    with pytest.raises(MissingError) as caught:
        open_backend("api", MODEL, BackendOptions(base_url="http://127.0.0.1:1/v1"))
    assert "sk-secret" not in f"{caught.value.message}{caught.value.hint}"


def test_a_port_that_nobody_listens_on_is_found_before_a_time_out(pauses: Pauses) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        options = BackendOptions(base_url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        backend = open_backend("api", MODEL, options)
        assert isinstance(backend, ApiBackend)
        settings = msgspec.structs.replace(backend.settings, pause=pauses)
        with pytest.raises(MissingError, match="refused the connection"):
            list(ApiBackend(MODEL, settings).generate(prompts_of(1), GO))
