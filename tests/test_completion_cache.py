"""No answer of one question is given to another, none that was kept is lost, and no damage costs a run."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.completion_cache import (
    FILE,
    CompletionCache,
    cache_groups,
    cache_path,
    cached_completions,
    clear_cache,
    completion_keys,
)
from phi4eval.errors import StoreError
from phi4eval.types import Completion, Draw, Fingerprint, Message, Prompt, Sampling

FINGERPRINT = Fingerprint(backend="api", model="m", weights=None, identity={"endpoint": "h/v1", "model": "m"})


def prompt_of(text: str = "1 + 1?", draws: int = 1, task: str = "sums", **sampling: object) -> Prompt:
    return Prompt(
        task=task,
        item="q",
        messages=(Message(role="user", content=text),),
        sampling=msgspec.convert(sampling, Sampling),
        draws=tuple(Draw(sample=n, seed=n) for n in range(draws)),
        hash="h",
    )


def done(text: str = "2", **changes: object) -> Completion:
    fields = {"task": "sums", "item": "q", "sample": 0, "text": text, "finish": "stop", "prompt_hash": "h"}
    return msgspec.convert({**fields, "prompt_tokens": 3, "completion_tokens": 1, **changes}, Completion)


def key_of(prompt: Prompt, fingerprint: Fingerprint = FINGERPRINT, seed: int = 0) -> bytes:
    (key,) = completion_keys(fingerprint, prompt, seed)
    return key


def silent(text: str) -> None:
    raise AssertionError(text)


def filled(path: Path, warn: Callable[[str], None] = silent) -> CompletionCache:
    cache = CompletionCache(path, warn, clock=lambda: 1_700_000_000.0)
    cache.keep(key_of(prompt_of()), done(), FINGERPRINT)
    return cache


# ---------------------------------------------------------------- keys

IDENTITIES = st.dictionaries(st.sampled_from(["endpoint", "model", "body"]), st.text(max_size=3), max_size=2)
QUESTIONS = st.fixed_dictionaries(
    {
        "backend": st.sampled_from(["api", "vllm"]),
        "model": st.sampled_from(["a", "b"]),
        "weights": st.sampled_from([None, "1", "2"]),
        "identity": IDENTITIES,
        "messages": st.lists(
            st.tuples(st.sampled_from(["system", "user"]), st.text(max_size=3)), min_size=1, max_size=2
        ),
        "temperature": st.sampled_from([0.0, 0.5]),
        "top_p": st.sampled_from([0.9, 1.0]),
        "max_tokens": st.integers(1, 3),
        "stop": st.sampled_from([(), ("a",), ("a", "b"), ("ab",)]),
        "effort": st.sampled_from([msgspec.UNSET, "low", "high"]),
        "thinking": st.sampled_from([msgspec.UNSET, 1, 2]),
        "seed": st.integers(0, 2),
        "sample": st.integers(0, 2),
    }
)


def key_for(question: dict[str, object], task: str = "sums") -> bytes:
    fingerprint = msgspec.convert(
        {name: question[name] for name in ("backend", "model", "weights", "identity")}, Fingerprint
    )
    sampling = Sampling(
        temperature=question["temperature"],  # type: ignore[arg-type]
        top_p=question["top_p"],  # type: ignore[arg-type]
        max_tokens=question["max_tokens"],  # type: ignore[arg-type]
        stop=question["stop"],  # type: ignore[arg-type]
        reasoning_effort=question["effort"],  # type: ignore[arg-type]
        thinking_tokens=question["thinking"],  # type: ignore[arg-type]
    )
    prompt = Prompt(
        task=task,
        item=f"of {task}",
        messages=tuple(Message(role=role, content=text) for role, text in question["messages"]),  # type: ignore
        sampling=sampling,
        draws=(Draw(sample=question["sample"], seed=len(task)),),  # type: ignore[arg-type]
        hash=task,
    )
    (key,) = completion_keys(fingerprint, prompt, question["seed"])  # type: ignore[arg-type]
    return key


@given(QUESTIONS, QUESTIONS)
def test_two_questions_have_one_key_only_if_they_are_the_same(
    one: dict[str, object], other: dict[str, object]
) -> None:
    assert (key_for(one) == key_for(other)) == (one == other)


@given(QUESTIONS, st.data())
def test_any_one_change_changes_the_key(question: dict[str, object], data: st.DataObject) -> None:
    other = data.draw(QUESTIONS)
    name = data.draw(st.sampled_from(sorted(question)))
    changed = {**question, name: other[name]}
    assert (key_for(changed) == key_for(question)) == (changed == question)


@given(QUESTIONS)
def test_tasks_that_ask_the_same_share_the_key(question: dict[str, object]) -> None:
    assert key_for(question, "math500") == key_for(question, "math")


def test_repeats_never_collapse() -> None:
    assert len(set(completion_keys(FINGERPRINT, prompt_of(draws=64), 0))) == 64


def test_other_choices_are_another_question() -> None:
    asked = prompt_of()
    keys = {
        key_of(msgspec.structs.replace(asked, continuations=continuations))
        for continuations in ((), (" A",), (" A", " B"), (" A B",))
    }
    assert len(keys) == 4


# ---------------------------------------------------------------- the file


def test_what_is_kept_is_found_by_the_next_process(tmp_path: Path) -> None:
    filled(tmp_path / "deep" / FILE).close()
    later = CompletionCache(tmp_path / "deep" / FILE, silent)
    key, other = key_of(prompt_of()), key_of(prompt_of("2 + 2?"))
    assert later.find([key, other]) == {key: done()}
    assert later.held([key, other]) == {key}
    later.close()
    later.close()


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    cache = CompletionCache(tmp_path / FILE, silent)
    assert cache.find([key_of(prompt_of())]) == {}
    cache.close()
    assert list(tmp_path.iterdir()) == []


def test_the_first_answer_stays(tmp_path: Path) -> None:
    cache = filled(tmp_path / FILE)
    cache.keep(key_of(prompt_of()), done("three"), FINGERPRINT)
    cache.close()
    assert cached_completions(tmp_path / FILE, "m", 5) == (done(),)


def test_many_keys_are_looked_up(tmp_path: Path) -> None:
    keys = list(completion_keys(FINGERPRINT, prompt_of(draws=1203), 0))
    cache = CompletionCache(tmp_path / FILE, silent)
    for sample, key in enumerate(keys[:1200]):
        cache.keep(key, done(sample=sample), FINGERPRINT)
    cache.close()
    again = CompletionCache(tmp_path / FILE, silent)
    assert sorted(each.sample for each in again.find(keys).values()) == list(range(1200))
    assert len(again.held(keys)) == 1200
    again.close()


@pytest.mark.parametrize("content", [b"no database at all, and long enough to be read as one" * 40, b"short"])
def test_a_damaged_file_costs_a_warning_and_is_removed_by_clear(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE
    path.write_bytes(content)
    said: list[str] = []
    cache = filled(path, said.append)
    assert cache.find([key_of(prompt_of())]) == {}
    cache.close()
    assert len(said) == 1
    assert "phi4eval cache clear" in said[0]
    assert path.read_bytes() == content
    with pytest.raises(StoreError, match="cannot be read"):
        cache_groups(path)
    assert clear_cache(path) == -1
    assert cache_groups(path) == ()


def test_a_place_that_cannot_be_written_costs_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said: list[str] = []
    filled(tmp_path / "file" / FILE, said.append).close()
    assert "cannot be used" in said[0]


def test_a_newer_cache_is_left_alone(tmp_path: Path) -> None:
    filled(tmp_path / FILE).close()
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("pragma user_version = 99")
    db.close()
    said: list[str] = []
    assert CompletionCache(tmp_path / FILE, said.append).find([key_of(prompt_of())]) == {}
    assert "newer phi4eval" in said[0]


def test_a_body_of_another_version_is_as_good_as_none(tmp_path: Path) -> None:
    filled(tmp_path / FILE).close()
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("update completions set body = ?", (b'{"odd": 1}',))
    db.commit()
    db.close()
    assert CompletionCache(tmp_path / FILE, silent).find([key_of(prompt_of())]) == {}


def test_a_full_disk_costs_a_warning(tmp_path: Path) -> None:
    filled(tmp_path / FILE).close()
    said: list[str] = []
    cache = CompletionCache(tmp_path / FILE, said.append)
    cache.find([])
    assert cache._db is not None
    cache._db.execute("pragma max_page_count = 1")  # SQLite's own "database or disk is full"
    for sample, key in enumerate(completion_keys(FINGERPRINT, prompt_of(draws=50), 1)):
        cache.keep(key, done("x" * 4096, sample=sample), FINGERPRINT)
    cache.close()
    assert "full" in said[0]


WRITER = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.test_completion_cache import FINGERPRINT, done, prompt_of, silent
from phi4eval.completion_cache import CompletionCache, completion_keys
cache = CompletionCache(Path({path!r}), silent)
keys = list(completion_keys(FINGERPRINT, prompt_of(draws=100000), int(sys.argv[1])))
said = False
for sample, key in enumerate(keys):
    cache.keep(key, done("x" * 3000, sample=sample), FINGERPRINT)
    if sample % 20 == 0 and not said and cache.held(keys[: sample + 1]):
        said = True
        print("writing", flush=True)
"""


def test_writers_killed_in_the_middle_leave_a_whole_file(tmp_path: Path) -> None:
    script = WRITER.format(root=str(Path(__file__).parents[1]), path=str(tmp_path / FILE))
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(number)], stdout=subprocess.PIPE, text=True)
        for number in range(3)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
    for writer in writers:
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        assert writer.stdout is not None
        writer.stdout.close()
    db = sqlite3.connect(tmp_path / FILE)
    assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    db.close()
    kept = cached_completions(tmp_path / FILE, "m", 10**6)
    assert kept
    assert all(each.text == "x" * 3000 for each in kept)
    filled(tmp_path / FILE).close()


# ---------------------------------------------------------------- looking into it


def test_it_is_listed_by_model_and_cleared_by_model(tmp_path: Path) -> None:
    path = tmp_path / FILE
    cache = filled(path)
    other = msgspec.structs.replace(FINGERPRINT, model="n")
    cache.keep(key_of(prompt_of(), other), done("4", completion_tokens=None), other)
    cache.close()
    groups = cache_groups(path)
    assert [(g.model, g.place, g.completions, g.completion_tokens) for g in groups] == [
        ("m", "h/v1", 1, 1),
        ("n", "h/v1", 1, 0),
    ]
    assert groups[0].last == 1_700_000_000
    assert clear_cache(path, "m") == 1
    assert [g.model for g in cache_groups(path)] == ["n"]
    assert clear_cache(path) == 1
    assert clear_cache(tmp_path / "none" / FILE) == 0


def test_its_place_is_the_user_s_cache_unless_the_environment_says_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PHI4EVAL_CACHE", str(tmp_path))
    assert cache_path() == tmp_path / FILE
    monkeypatch.delenv("PHI4EVAL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_path() == Path("/x/phi4eval") / FILE
