"""Does phi-tiny answer through vLLM's own engine as the contract says, and as it does through hf?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from phi4eval import likelihoods, load_run, run
from phi4eval.backends import BackendOptions, open_backend
from phi4eval.models import find_model
from phi4eval.testing import check_backend
from phi4eval.types import Message
from tests.backends.tiny_phi import answer, ask, texts
from tests.vllm.conftest import EAGER, started

NEAR = 1e-3
"""Natural logarithm: both compute in single precision, in another order."""

CHILD = """
import json, os, signal, sys, threading
import psutil
from tests.backends.tiny_phi import ask
from tests.vllm.conftest import started
if __name__ == "__main__":
    stop = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    backend = started()
    drawn = {"samples": 4, "temperature": 1.5, "max_tokens": 900}
    prompts = [ask(f"What is {n} + {n}?", item=str(n), **drawn) for n in range(200)]
    for each in backend.generate(prompts, stop):
        children = [child.pid for child in psutil.Process().children(recursive=True)]
        print(json.dumps([each.finish, each.error, children]), flush=True)
    backend.close()
    print(json.dumps("closed"), flush=True)
"""


def child(**options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
        **options,
    )


def test_vllm_keeps_the_contract_of_all_backends() -> None:
    report = check_backend(started)
    assert report.skipped == {}
    assert report.observed["the same questions again"].startswith("greedy: 12 of 12 answers the same")


def test_greedy_answers_are_those_of_hf_and_differences_are_listed_by_item(tmp_path: Path) -> None:
    answers = {}
    for backend, args in (("hf", {"dtype": "float32"}), ("vllm", EAGER)):
        summary = run(
            model="phi-tiny",
            tasks="phi_tiny_math,phi_tiny_choice",
            limit=60,
            backend=backend,
            backend_args=args,
            results=tmp_path / backend,
        )
        assert summary.complete
        (made,) = (tmp_path / backend).rglob("manifest.json")
        answers[backend] = {
            (each.prompt.task, each.item.id): (each.completion.text, each.completion.finish, each.grade)
            for each in load_run(made.parent).records()
        }
    differing = [key for key, told in answers["hf"].items() if answers["vllm"][key] != told]
    assert len(answers["hf"]) == 120
    assert differing == []


def test_prompts_are_tokenized_once_and_as_for_hf(engine: Any) -> None:
    hf = open_backend("hf", find_model("phi-tiny"), BackendOptions())
    prompt = ask("What is 3 + 4?", system="Be brief.")
    assert engine.tokens(prompt) == hf.tokens(prompt)
    assert answer(engine, prompt)[prompt.item, 0].prompt_tokens == engine.tokens(prompt).count


def test_log_probabilities_are_those_of_hf(engine: Any) -> None:
    hf: Any = open_backend("hf", find_model("phi-tiny"), BackendOptions(args={"dtype": "float32"}))
    asked = ["What is 23 + 45?", "7 + 5 = 12", "12 * 3 = 36. " * 9, "é 日本 " * 7]
    for ours, theirs in zip(engine.score(asked), hf.score(asked), strict=True):
        assert ours.token_ids == theirs.token_ids
        assert ours.logprobs[1:] == pytest.approx(theirs.logprobs[1:], abs=NEAR)
        assert ours.means is None
    pairs = [("7 + 5 =", " 12"), ("7 + 5 =", " 13"), ("What is 3 + 4?", "\n3 + 4 = 7")]
    for one, other in zip(engine.score_continuations(pairs), hf.score_continuations(pairs), strict=True):
        assert one.logprob == pytest.approx(other.logprob, abs=NEAR)
        assert one.greedy == other.greedy


def test_choices_are_as_likely_as_for_hf(engine: Any) -> None:
    hf: Any = open_backend("hf", find_model("phi-tiny"), BackendOptions(args={"dtype": "float32"}))
    asked = ask("What is 3 + 4?", samples=2)
    prompt = msgspec.structs.replace(asked, continuations=(" 7", " 8", " forty", " A: 7"))
    ours, theirs = (answer(backend, prompt)[prompt.item, 1] for backend in (engine, hf))
    assert (ours.finish, ours.completion_tokens) == ("stop", 0)
    ours_read, theirs_read = likelihoods.read(ours.text), likelihoods.read(theirs.text)
    assert ours_read is not None
    assert theirs_read is not None
    for one, other in zip(ours_read, theirs_read, strict=True):
        assert one.logprob == pytest.approx(other.logprob, abs=NEAR)
        assert one.tokens == other.tokens


def test_answers_are_yielded_as_they_finish_and_not_in_the_order_of_asking(engine: Any) -> None:
    long = ask("What is 3 + 4?", item="long", temperature=1.5, max_tokens=1500, samples=4)
    short = [ask(f"What is {n} + 4?", item=f"short {n}", max_tokens=2) for n in range(8)]
    order = [each.item for each in engine.generate([long, *short], threading.Event())]
    assert sorted(order) == sorted(["long"] * 4 + [each.item for each in short])
    assert order[-1] == "long"
    assert order[0].startswith("short")


def test_the_samples_of_a_prompt_share_its_work(engine: Any) -> None:
    seen = []
    core = engine._start()._core
    generate = core.generate

    async def watched(*args: Any, **kwargs: Any) -> Any:
        async for each in generate(*args, **kwargs):
            seen.append(each.num_cached_tokens)
            yield each

    core.generate = watched
    try:
        prompt = ask("What is 3 + 4? " * 60, item="shared", samples=1, temperature=1.0, max_tokens=4)
        answer(engine, prompt)
        again = [
            msgspec.structs.replace(draw, sample=k, seed=k) for k in range(1, 5) for draw in prompt.draws
        ]
        answer(engine, msgspec.structs.replace(prompt, draws=tuple(again)))
    finally:
        core.generate = generate
    assert len(seen) == 5
    # all but the last block of the prompt, whose size is the engine's
    assert all(cached > 128 for cached in seen[1:])


def test_a_stop_that_is_a_special_token_stops(engine: Any) -> None:
    plain = answer(engine, ask("What is 3 + 4?"))["What is 3 + 4?", 0]
    stopped = answer(engine, ask("What is 3 + 4?", stop=("<|im_end|>",)))["What is 3 + 4?", 0]
    assert (stopped.text, stopped.finish) == (plain.text, "stop")


def test_a_guided_answer_matches_its_expression(engine: Any) -> None:
    guided = started(guided_regex="[0-9]{3}-[0-9]{2}")
    assert guided.fingerprint.identity["guided_regex"] == "[0-9]{3}-[0-9]{2}"
    guided._engine = engine._start()
    for each in answer(guided, *(ask(f"What is {n} + 1?") for n in range(4))).values():
        assert len(each.text) == 6
        assert each.text.replace("-", "").isdecimal()


def test_the_manifest_says_what_computed(engine: Any) -> None:
    told = engine.fingerprint
    assert told.backend == "vllm"
    assert told.weights.startswith("sha256:")
    assert told.identity["dtype"] == "float32"
    assert {"vllm", "torch", "transformers", "device", "attention_backend"} <= set(told.details)
    assert told.details["attention_backend"] == "CPU_ATTN"
    assert told.details["max_num_seqs"] == "32"


def test_sizes_and_limits_do_not_rename_a_run_but_what_moves_answers_does(
    engine: Any, tmp_path: Path
) -> None:
    identity = engine.fingerprint.identity
    assert started(max_model_len="1024", max_num_seqs="8").fingerprint.identity == identity
    assert started(max_model_len="1024").context == 1024
    assert started(kv_cache_dtype="auto").fingerprint.identity != identity
    assert started(engine_args=json.dumps({"seed": 3})).fingerprint.identity != identity


# ---------------------------------------------------------------- an adapter and a budget


def test_an_adapter_changes_what_is_likely(engine: Any, adapted: Any) -> None:
    (plain,), (loud,) = engine.score(["7 + 5 = 12"]), adapted.score(["7 + 5 = 12"])
    assert abs(plain.logprobs[-1] - loud.logprobs[-1]) > 0.1
    assert adapted.fingerprint.identity["lora"].startswith("sha256:")


def test_thinking_ends_at_its_budget(adapted: Any) -> None:
    base = ask("What is 3 + 4?", max_tokens=60, temperature=1.5, samples=4)
    begun = (*base.messages, Message(role="assistant", content="<think>"))
    thinking = msgspec.structs.replace(base, messages=begun)
    for each in answer(adapted, thinking).values():
        before, mark, _ = each.text.partition("</think>")
        assert mark
        # the text may be cut into tokens in another way than it was written
        assert len(adapted._codec.tokenizer(before)["input_ids"]) <= 12
    assert adapted.fingerprint.identity["thinking_budget"] == "6"


# ---------------------------------------------------------------- interruptions


def test_ctrl_c_lets_the_engine_finish_what_is_in_flight() -> None:
    asking = child()
    assert asking.stdout is not None
    first = json.loads(asking.stdout.readline())
    # as a terminal does: to every process of the group, the engine's among them
    os.killpg(asking.pid, signal.SIGINT)
    rest = [json.loads(line) for line in asking.stdout]
    assert asking.wait() == 0
    assert rest.pop() == "closed"
    finished = [first, *rest]
    assert {finish for finish, _, _ in finished} <= {"stop", "length"}
    assert len(finished) < 800


def test_no_process_outlives_a_killed_run() -> None:
    asking = child(stderr=subprocess.DEVNULL)
    assert asking.stdout is not None
    _, _, pids = json.loads(asking.stdout.readline())
    engines = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    assert engines
    asking.kill()
    asking.wait()
    _, alive = psutil.wait_procs(engines, timeout=90)
    assert alive == []


def test_an_engine_that_dies_ends_the_run_and_says_how_to_go_on(tmp_path: Path) -> None:
    from phi4eval.errors import IncompleteError

    others = set(psutil.Process().children(recursive=True))
    backend = started()
    prompts = [ask(f"What is {n} + {n}?", item=str(n), max_tokens=900, temperature=1.5) for n in range(64)]
    answers = backend.generate(prompts, threading.Event())
    next(answers)
    for process in set(psutil.Process().children(recursive=True)) - others:
        if "EngineCore" in " ".join(process.cmdline()):
            process.kill()
    with pytest.raises(IncompleteError, match="engine died") as caught:
        list(answers)
    assert "goes on" in (caught.value.hint or "")
    backend.close()


def test_an_engine_that_falls_silent_ends_the_run_instead_of_hanging_it() -> None:
    from phi4eval.errors import IncompleteError

    others = set(psutil.Process().children(recursive=True))
    backend = started(stall_timeout="3")
    prompts = [ask(f"What is {n} + {n}?", item=str(n), max_tokens=900, temperature=1.5) for n in range(64)]
    answers = backend.generate(prompts, threading.Event())
    next(answers)
    engines = [
        process
        for process in set(psutil.Process().children(recursive=True)) - others
        if "EngineCore" in " ".join(process.cmdline())
    ]
    assert engines
    for process in engines:
        process.suspend()
    try:
        with pytest.raises(IncompleteError, match="no answer for 3 seconds") as caught:
            list(answers)
    finally:
        for process in engines:
            process.kill()
    assert "stall_timeout" in (caught.value.hint or "")
    backend.close()


def test_texts_are_those_of_hf_when_sampling_is_greedy(engine: Any) -> None:
    hf = open_backend("hf", find_model("phi-tiny"), BackendOptions(args={"dtype": "float32"}))
    prompts = [ask(f"What is {n} * 3?", item=str(n), max_tokens=40, stop=("=",)) for n in range(12)]
    assert texts(answer(engine, *prompts)) == texts(answer(hf, *prompts))  # type: ignore[arg-type]


def test_an_engine_that_does_not_start_in_time_ends_the_run() -> None:
    from phi4eval.errors import IncompleteError

    backend = started(startup_timeout="1")
    with pytest.raises(IncompleteError, match="did not start within 1 seconds"):
        list(backend.generate([ask("What is 1 + 1?", item="1")], threading.Event()))
    backend.close()
