"""A question is asked once however many samples ask it, and every sample gets its answer."""

from __future__ import annotations

from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.completion_cache import FILE, CompletionCache
from phi4eval.reuse import Reuse
from phi4eval.types import Completion, Draw, Prompt

from .test_completion_cache import FINGERPRINT, done, prompt_of, silent


def answered(prompt: Prompt, draw: Draw, **changes: object) -> Completion:
    text = f"{prompt.messages[0].content} #{draw.sample}"
    completion = done(text, task=prompt.task, item=prompt.item, sample=draw.sample, seed=draw.seed)
    return msgspec.structs.replace(completion, prompt_hash=prompt.hash, **changes)


def carry_out(reuse: Reuse, prompts: list[Prompt]) -> tuple[list[Completion], int]:
    """All completions of these prompts, and how many had to be asked for."""
    found, asked = reuse.split(prompts)
    draws = [(prompt, draw) for prompt in asked for draw in prompt.draws]
    for prompt, draw in draws:
        completion = answered(prompt, draw)
        found += [completion, *reuse.keep(completion)]
    reuse.close()
    return found, len(draws)


def reuse_of(path: Path, seed: int = 0) -> Reuse:
    return Reuse(CompletionCache(path / FILE, silent), FINGERPRINT, seed)


def test_a_second_run_asks_nothing_and_says_where_its_answers_come_from(tmp_path: Path) -> None:
    prompts = [prompt_of(f"{n} + 1?", draws=3) for n in range(4)]
    prompts = [msgspec.structs.replace(prompt, item=f"q{n}") for n, prompt in enumerate(prompts)]
    first, asked = carry_out(reuse_of(tmp_path), prompts)
    assert (len(first), asked) == (12, 12)
    assert reuse_of(tmp_path).count(prompts) == 12
    again, asked = carry_out(reuse_of(tmp_path), prompts)
    assert asked == 0
    assert all(each.from_cache for each in again)
    assert [msgspec.structs.replace(each, from_cache=False) for each in again] == first


def test_another_seed_and_more_repeats_are_asked_for(tmp_path: Path) -> None:
    carry_out(reuse_of(tmp_path), [prompt_of(draws=2)])
    assert carry_out(reuse_of(tmp_path, seed=1), [prompt_of(draws=2)])[1] == 2
    assert carry_out(reuse_of(tmp_path), [prompt_of(draws=5)])[1] == 3


def test_failures_are_not_kept_and_twins_of_a_failure_fail(tmp_path: Path) -> None:
    one, two = prompt_of(task="math500"), prompt_of(task="math")
    reuse = reuse_of(tmp_path)
    _, asked = reuse.split([one, two])
    assert [prompt.task for prompt in asked] == ["math500"]
    (twin,) = reuse.keep(answered(one, one.draws[0], finish="error", error="HTTP 500", text=""))
    assert (twin.task, twin.finish, twin.error) == ("math", "error", "HTTP 500")
    reuse.close()
    assert reuse_of(tmp_path).count([one]) == 0


def test_without_a_cache_everything_is_asked() -> None:
    reuse = Reuse(None, FINGERPRINT, 0)
    prompts = [prompt_of(), prompt_of(task="math")]
    assert reuse.split(prompts) == ([], prompts)
    assert reuse.keep(done()) == []
    assert reuse.count(prompts) == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.booleans()), max_size=8))
def test_every_sample_is_answered_once_and_with_its_own_question(
    rows: list[tuple[str, int, bool]],
) -> None:
    import tempfile

    prompts = [
        msgspec.structs.replace(prompt_of(text, draws=draws, task="t" if same else "u"), item=str(number))
        for number, (text, draws, same) in enumerate(rows)
    ]
    with tempfile.TemporaryDirectory() as place:
        got, asked = carry_out(reuse_of(Path(place)), prompts)
    wanted = {
        (p.task, p.item, d.sample): f"{p.messages[0].content} #{d.sample}" for p in prompts for d in p.draws
    }
    assert {(c.task, c.item, c.sample): c.text for c in got} == wanted
    assert len(got) == len(wanted)
    assert asked == len(set(wanted.values()))
