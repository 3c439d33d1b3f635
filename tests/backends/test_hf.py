"""Does a checkpoint answer in this process as it would alone, whatever shares its batch?"""

from __future__ import annotations

import functools
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from phi4eval.backends import hf, hf_load
from phi4eval.backends.options import BackendOptions
from phi4eval.models import find_model
from phi4eval.types import ModelSpec, Prompt
from tests.backends.tiny_phi import CONTEXT, answer, ask, save_tiny_phi, start, texts

TEXTS = (
    "hello",
    "what is two and two",
    "a",
    "name the river of a city " * 3,
    "why",
    "so be it " * 5,
    "me",
    "go on",
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On a busy machine two threads of a tiny model mostly wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_phi(tmp_path_factory.mktemp("checkpoints") / "tiny")


def reference(directory: Path, prompt: Prompt) -> tuple[list[int], str]:
    """Ids and text of transformers' own greedy generate() for one prompt alone."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with hf_load.quiet():
        tokenizer = AutoTokenizer.from_pretrained(directory)
        model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
    messages = [{"role": each.role, "content": each.content} for each in prompt.messages]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    inputs = tokenizer(text, return_tensors="pt", add_special_tokens=False)
    out = model.generate(
        input_ids=inputs["input_ids"],
        attention_mask=inputs["attention_mask"],
        do_sample=False,
        max_new_tokens=prompt.sampling.max_tokens,
    )
    ids = out[0, inputs["input_ids"].shape[1] :].tolist()
    return ids, tokenizer.decode(ids, skip_special_tokens=True)


def with_ends(directory: Path, target: Path, ends: list[int]) -> Path:
    """A copy of a checkpoint whose generation config names further end tokens."""
    shutil.copytree(directory, target)
    (target / "generation_config.json").write_text(json.dumps({"eos_token_id": ends}), encoding="utf-8")
    return target


def wrapped_model(
    monkeypatch: pytest.MonkeyPatch, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> None:
    """Let the loaded model's forward be what `wrap` makes of it."""
    load = hf_load.load_model

    def loaded(*args: Any, **kwargs: Any) -> Any:
        model = load(*args, **kwargs)
        model.forward = functools.wraps(model.forward)(wrap(model.forward))
        return model

    monkeypatch.setattr(hf_load, "load_model", loaded)


# ---------------------------------------------------------------- the same text, alone or together


def test_greedy_text_is_that_of_transformers_generate(tiny: Path) -> None:
    completions = answer(start(tiny), *(ask(text) for text in TEXTS))
    for text in TEXTS:
        ids, expected = reference(tiny, ask(text))
        completion = completions[text[:20], 0]
        assert (completion.text, completion.completion_tokens) == (expected, len(ids))


@pytest.mark.parametrize("sampling", [{}, {"temperature": 1.0}, {"temperature": 0.7, "top_p": 0.8}])
@pytest.mark.parametrize("batch_size", ["2", "5", "64"])
def test_a_text_does_not_depend_on_its_batch(tiny: Path, batch_size: str, sampling: dict[str, Any]) -> None:
    prompts = [ask(text, samples=2, **sampling) for text in TEXTS]
    alone = answer(start(tiny, batch_size="1"), *prompts)
    together = answer(start(tiny, batch_size=batch_size), *reversed(prompts))
    assert texts(together) == texts(alone)
    assert len(alone) == 2 * len(TEXTS)


def test_rows_of_one_batch_may_differ_in_all_their_sampling(tiny: Path) -> None:
    prompts = [
        ask("hello", item="a", temperature=0.0, max_tokens=3),
        ask("hello", item="b", temperature=1.2, max_tokens=30),
        ask("hello", item="c", temperature=0.9, top_p=0.5, max_tokens=17, stop=("a",)),
        ask("hello", item="d", max_tokens=40, stop=("e", "ou")),
    ]
    together = answer(start(tiny), *prompts)
    for prompt in prompts:
        assert texts(answer(start(tiny), prompt)).items() <= texts(together).items()


def test_a_batch_limit_in_tokens_changes_no_text(tiny: Path) -> None:
    prompts = [ask(text) for text in TEXTS]
    small = answer(start(tiny, max_batch_tokens="200"), *prompts)
    assert texts(small) == texts(answer(start(tiny), *prompts))


def test_long_answers_outgrow_the_cache_buffers_and_stay_right(tiny: Path) -> None:
    prompt = ask("hello", max_tokens=300)
    other = ask("what is two and two " * 2, max_tokens=150)
    _, expected = reference(tiny, prompt)
    assert answer(start(tiny), prompt, other)["hello", 0].text == expected


@pytest.mark.parametrize(
    "config",
    [
        {"sliding_window": 16},
        {"num_key_value_heads": 4},
        {
            "original_max_position_embeddings": 40,
            "rope_parameters": {
                "rope_type": "longrope",
                "rope_theta": 10000.0,
                "short_factor": [1.0] * 4,
                "long_factor": [1.5, 2.0, 3.0, 4.0],
                "original_max_position_embeddings": 40,
            },
        },
    ],
    ids=["sliding-window", "no-grouped-heads", "longrope"],
)
def test_other_attention_and_position_schemes_are_as_in_transformers(
    tmp_path: Path, config: dict[str, Any]
) -> None:
    directory = save_tiny_phi(tmp_path / "other", **config)
    prompts = [ask(text, max_tokens=40) for text in TEXTS]
    completions = answer(start(directory), *prompts)
    for prompt in prompts:
        assert completions[prompt.item, 0].text == reference(directory, prompt)[1]


def test_samples_of_one_prompt_differ_and_come_again(tiny: Path) -> None:
    prompt = ask("hello", samples=8, temperature=1.0)
    first, again = answer(start(tiny), prompt), answer(start(tiny), prompt)
    assert texts(first) == texts(again)
    assert len({each.text for each in first.values()}) == 8
    assert {each.seed for each in first.values()} == {draw.seed for draw in prompt.draws}


# ---------------------------------------------------------------- how an answer ends


def test_an_answer_at_its_token_limit_ends_by_length(tiny: Path) -> None:
    completion = answer(start(tiny), ask("hello", max_tokens=5))["hello", 0]
    assert (completion.finish, completion.completion_tokens) == ("length", 5)
    assert completion.error is None


def test_an_end_token_ends_the_answer_and_is_not_in_its_text(tiny: Path, tmp_path: Path) -> None:
    ids, _ = reference(tiny, ask("hello"))
    end = next(each for each in ids[4:] if each not in ids[:4])
    directory = with_ends(tiny, tmp_path / "ends", [3, end])
    completion = answer(start(directory), ask("hello"))["hello", 0]
    backend = start(tiny)
    assert completion.finish == "stop"
    assert completion.completion_tokens == ids.index(end) + 1
    assert answer(backend, ask("hello", max_tokens=ids.index(end)))["hello", 0].text == completion.text


def test_an_end_token_as_the_last_allowed_token_is_a_stop(tiny: Path, tmp_path: Path) -> None:
    ids, _ = reference(tiny, ask("hello"))
    directory = with_ends(tiny, tmp_path / "ends", [ids[0]])
    completion = answer(start(directory), ask("hello", max_tokens=1))["hello", 0]
    assert (completion.finish, completion.text, completion.completion_tokens) == ("stop", "", 1)


def test_rows_that_end_early_leave_the_others_as_they_were(tiny: Path, tmp_path: Path) -> None:
    ids, _ = reference(tiny, ask(TEXTS[0]))
    directory = with_ends(tiny, tmp_path / "ends", [3, *range(10, 40), ids[6]])
    prompts = [ask(text, max_tokens=60, samples=3, temperature=1.0) for text in TEXTS]
    together = answer(start(directory), *prompts)
    alone = answer(start(directory, batch_size="1"), *prompts)
    assert len({each.completion_tokens for each in alone.values()}) > 5
    assert texts(together) == texts(alone)


@pytest.mark.parametrize(("begin", "length"), [(3, 1), (5, 2), (2, 6), (0, 1)])
def test_a_text_is_cut_before_its_stop_string(tiny: Path, begin: int, length: int) -> None:
    whole = answer(start(tiny), ask("why", max_tokens=40))["why", 0].text
    stop = whole[begin : begin + length]
    completion = answer(start(tiny), ask("why", max_tokens=40, stop=("never seen", stop)))["why", 0]
    assert completion.finish == "stop"
    assert completion.text == whole[: whole.index(stop)]
    assert completion.completion_tokens is not None
    assert completion.completion_tokens < 40


def test_a_stop_string_that_is_a_special_token_stops(tiny: Path, tmp_path: Path) -> None:
    ids, _ = reference(tiny, ask("me"))
    directory = with_ends(tiny, tmp_path / "special", [3])
    file = directory / "tokenizer.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    word = next(word for word, id_ in data["model"]["vocab"].items() if id_ == ids[2])
    data["added_tokens"].append(
        {"id": ids[2], "content": word, "special": True, "single_word": False, "lstrip": False,
         "rstrip": False, "normalized": False}
    )  # fmt: skip
    file.write_text(json.dumps(data), encoding="utf-8")
    completion = answer(start(directory), ask("me", stop=(word,)))["me", 0]
    assert (completion.finish, completion.completion_tokens) == ("stop", ids.index(ids[2]) + 1)


def test_logits_that_are_no_numbers_are_an_error_and_no_answer(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poison(forward: Callable[..., Any]) -> Callable[..., Any]:
        def poisoned(**kwargs: Any) -> Any:
            out = forward(**kwargs)
            if kwargs["input_ids"].shape[1] > 1:  # only where the two prompts are read
                out.logits[0] = float("nan")
            return out

        return poisoned

    wrapped_model(monkeypatch, poison)
    completions = answer(start(tiny), ask("a", item="bad" * 9), ask("a", item="good"))
    assert sorted(each.finish for each in completions.values()) == ["error", "length"]
    assert {each.error for each in completions.values()} == {
        None,
        "the model's logits are not finite numbers",
    }


def test_a_prompt_that_leaves_no_room_is_refused_with_the_numbers_and_never_cut(tiny: Path) -> None:
    backend = start(tiny)
    prompt = ask("hello", max_tokens=CONTEXT)
    count = backend.tokens(prompt).count
    completions = answer(backend, prompt, ask("why"))
    refused = completions["hello", 0]
    assert (refused.finish, refused.text, refused.completion_tokens) == ("error", "", 0)
    assert f"{count} prompt tokens + {CONTEXT} answer tokens > {CONTEXT}" in (refused.error or "")
    assert (refused.error or "").endswith(f"give --max-tokens {CONTEXT - count}")
    assert completions["why", 0].finish == "length"
    fits = answer(backend, ask("hello", max_tokens=CONTEXT - count))["hello", 0]
    assert fits.prompt_tokens == count
    assert fits.completion_tokens == CONTEXT - count


def test_the_smaller_of_two_contexts_counts(tiny: Path) -> None:
    spec = ModelSpec(name="m", weights=str(tiny), context=100)
    assert hf.open(spec, BackendOptions()).context == 100
    assert start(tiny).context == CONTEXT


def test_prompts_are_not_changed(tiny: Path) -> None:
    prompts = [ask(text, samples=2, stop=("a",)) for text in TEXTS]
    before = msgspec.json.encode(prompts)
    answer(start(tiny), *prompts)
    assert msgspec.json.encode(prompts) == before


# ---------------------------------------------------------------- memory, stopping, order


def fail_first(
    times: int, error: Exception, *, above: int = 0
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A forward that fails its first `times` calls with more than `above` rows."""
    left = [times]

    def wrap(forward: Callable[..., Any]) -> Callable[..., Any]:
        def failing(**kwargs: Any) -> Any:
            if kwargs["input_ids"].shape[0] > above and left[0] > 0:
                left[0] -= 1
                raise error
            return forward(**kwargs)

        return failing

    return wrap


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        MemoryError(),
    ],
    ids=["cuda", "cpu", "python"],
)
def test_out_of_memory_halves_the_batch_and_goes_on(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    expected = texts(answer(start(tiny), *(ask(text) for text in TEXTS)))
    wrapped_model(monkeypatch, fail_first(1, error))
    backend = start(tiny)
    assert texts(answer(backend, *(ask(text) for text in TEXTS))) == expected
    assert backend.warnings == ("out of memory with 8 prompts at once; going on with 4",)


def test_out_of_memory_in_the_middle_of_a_batch_repeats_nothing_that_was_yielded(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def wrap(forward: Callable[..., Any]) -> Callable[..., Any]:
        def failing(**kwargs: Any) -> Any:
            calls.append(kwargs["input_ids"].shape[0])
            if len(calls) == 6:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return forward(**kwargs)

        return failing

    wrapped_model(monkeypatch, wrap)
    prompts = [ask(text, max_tokens=3 + index, temperature=1.0) for index, text in enumerate(TEXTS)]
    got = list(start(tiny).generate(prompts, threading.Event()))
    assert len(got) == len(TEXTS)
    monkeypatch.undo()
    assert texts({(each.item, each.sample): each for each in got}) == texts(answer(start(tiny), *prompts))


def test_only_the_prompt_that_does_not_fit_alone_is_an_error(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = ask("so be it " * 20, item="long")

    def wrap(forward: Callable[..., Any]) -> Callable[..., Any]:
        def failing(**kwargs: Any) -> Any:
            if kwargs["input_ids"].shape[1] > 100:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nmore")
            return forward(**kwargs)

        return failing

    wrapped_model(monkeypatch, wrap)
    completions = answer(start(tiny), long, *(ask(text) for text in TEXTS))
    failed = completions.pop(("long", 0))
    assert (failed.finish, failed.text) == ("error", "")
    assert failed.error == ("out of memory for a single prompt: CUDA out of memory. Tried to allocate 2 GiB")
    assert {each.finish for each in completions.values()} == {"length"}
    assert len(completions) == len(TEXTS)


def test_another_error_is_not_taken_for_a_lack_of_memory(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped_model(monkeypatch, fail_first(1, RuntimeError("shapes do not match")))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        answer(start(tiny), ask("hello"))


def test_a_set_stop_signal_lets_the_batch_in_flight_finish_and_starts_no_other(tiny: Path) -> None:
    stop = threading.Event()
    seen = []
    for completion in start(tiny, batch_size="3").generate([ask(text) for text in TEXTS], stop):
        seen.append(completion)
        stop.set()
    assert len(seen) == 3
    assert list(start(tiny).generate([ask("hello")], stop)) == []


def test_closing_the_iterator_early_ends_it(tiny: Path) -> None:
    backend = start(tiny, batch_size="2")
    running = backend.generate([ask(text) for text in TEXTS], threading.Event())
    first = next(running)
    assert isinstance(running, Iterator)
    running.close()  # type: ignore[attr-defined]
    assert next(running, None) is None
    again = answer(backend, ask(TEXTS[0]))
    assert len(again) == 1
    assert first.finish == "length"


def test_the_longest_prompts_come_first_within_a_window(tiny: Path) -> None:
    prompts = [ask(text) for text in sorted(TEXTS, key=len)]
    got = [
        each.prompt_tokens or 0 for each in start(tiny, batch_size="1").generate(prompts, threading.Event())
    ]
    assert got == sorted(got, reverse=True)
    assert got[0] > got[-1]


def test_no_prompts_load_no_weights(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hf_load, "load_model", None)
    assert list(start(tiny).generate([], threading.Event())) == []


def test_closing_twice_is_safe_and_generating_again_loads_again(tiny: Path) -> None:
    backend = start(tiny)
    first = texts(answer(backend, ask("hello")))
    backend.close()
    backend.close()
    assert texts(answer(backend, ask("hello"))) == first


@pytest.mark.parametrize("name", ["phi-tiny", "phi-tiny-plain"])
def test_a_packaged_checkpoint_answers(name: str) -> None:
    backend = hf.open(find_model(name), BackendOptions())
    completion = answer(backend, ask("What is 2 + 3?", max_tokens=200))["What is 2 + 3?", 0]
    assert completion.finish == "stop"
    assert completion.text
    assert backend.warnings == ()
