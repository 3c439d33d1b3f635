"""Twins differ in their numbers only; statistics read what the scorer says; CDD compares sampled answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.errors import IncompleteError
from phi4eval.probes.familiarity import by_answers, by_order
from phi4eval.probes.records import ProbeRequest, ProbeResult
from phi4eval.probes.run import Model, Probed, probe_tasks
from phi4eval.probes.statistics import mean_logprob, min_k, min_k_plus, peakedness, within
from phi4eval.probes.twins import halves, renumbered
from phi4eval.protocols import StopSignal
from phi4eval.types import (
    Completion,
    ContinuationScore,
    Dataset,
    DatasetInfo,
    Fingerprint,
    Item,
    Prompt,
    PromptTokens,
    TokenScores,
)
from tests.runs import made_task

TEXTS = {
    "a": "Mia has 12 apples and eats 5.",
    "b": "A train of 8 cars carries 96 people.",
    "c": "Which word is longer?",
    "d": "Add 7 and 43.",
}


def test_twins_have_other_numbers_of_as_many_digits() -> None:
    twins = renumbered(TEXTS, count=3, seed=0)
    assert twins["c"] == []
    for name, many in twins.items():
        assert len(set(many)) == len(many) in (0, 3)
        for twin in many:
            assert twin != TEXTS[name]
            assert re.sub(r"\d", "0", twin) == re.sub(r"\d", "0", TEXTS[name])
            assert set(re.findall(r"\d+", twin)) <= set(re.findall(r"\d+", " ".join(TEXTS.values())))
    assert twins == renumbered(TEXTS, count=3, seed=0)
    assert twins != renumbered(TEXTS, count=3, seed=1)


@given(st.text(max_size=60))
def test_halves_are_the_text(text: str) -> None:
    assert "".join(halves(text)) == text.strip()


def scores(*logprobs: float | None, means: bool = True) -> TokenScores:
    n = len(logprobs)
    return TokenScores(
        token_ids=tuple(range(n)),
        tokens=("x",) * n,
        logprobs=logprobs,
        means=(None, *(-2.0,) * (n - 1)) if means else None,
        deviations=(None, *(0.5,) * (n - 1)) if means else None,
    )


def test_statistics_of_a_text() -> None:
    made = scores(None, -1.0, -2.0, -3.0, -4.0, -10.0)
    assert mean_logprob(made) == -4.0
    assert min_k(made) == -10.0
    assert min_k_plus(made) == -16.0
    assert min_k(made, share=0.4) == -7.0
    assert min_k_plus(scores(None, -1.0, means=False)) is None
    assert mean_logprob(scores(None)) is None


def distance(one: Sequence[str], other: Sequence[str]) -> int:
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        above, row = row, [i]
        for j, b in enumerate(other, start=1):
            row.append(min(above[j - 1] + (a != b), above[j] + 1, row[j - 1] + 1))
    return row[-1]


WORDS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=7)


@given(WORDS, WORDS, st.integers(0, 8))
def test_the_band_knows_the_edit_distance(one: list[str], other: list[str], most: int) -> None:
    assert within(one, other, most) == (distance(one, other) <= most)


def test_peakedness_is_the_share_of_samples_near_the_greedy_answer() -> None:
    greedy = " ".join("abcdefghijklmnopqrst")  # 20 words: one edit is allowed
    assert peakedness(greedy, [greedy, greedy.replace("c", "x"), greedy.replace("c d", "x y"), "z"]) == 0.5


class Recalling:
    """Finds texts likely that hold what it has read, and answers alike where it knows the question."""

    fingerprint = Fingerprint(backend="test", model="m", weights="w")
    warnings: tuple[str, ...] = ()

    def __init__(self, *known: str, context: int | None = None, fails: bool = False) -> None:
        self.known = known
        self.context = context
        self.fails = fails

    def _level(self, text: str) -> float:
        noise = (sum(map(ord, text)) % 97) / 97
        return -2.0 + 0.2 * noise + any(known in text for known in self.known)

    def score(self, texts: Sequence[str]) -> Iterator[TokenScores]:
        for text in texts:
            yield scores(None, *[self._level(text)] * 10, means=False)

    def score_continuations(self, pairs: Sequence[tuple[str, str]]) -> Iterator[ContinuationScore]:
        for first, second in pairs:
            level = self._level(first + second)
            yield ContinuationScore(logprob=3 * level, logprobs=(level,) * 3, greedy=level > -1.5, bytes=9)

    def tokens(self, prompt: Prompt) -> PromptTokens | None:
        return None

    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        for prompt in prompts:
            knows = any(known in prompt.messages[-1].content for known in self.known)
            for draw in prompt.draws:
                text = "the very same words" if knows else f"words {draw.seed} of {draw.sample}"
                yield Completion(
                    task=prompt.task, item=prompt.item, sample=draw.sample, text=text,
                    finish="error" if self.fails else "stop", prompt_hash=prompt.hash,
                )  # fmt: skip

    def close(self) -> None:
        return


QUESTIONS = [
    f"A shelf holds {k + 11} books and {97 - k} of them are lent out. How many stay?" for k in range(40)
]


def probed(questions: Sequence[str] = QUESTIONS, first: int = 0) -> Probed:
    items = tuple(
        Item(task="sums", id=f"q{k}", index=first + k, hash=str(k), row={"problem": text}, gold="1")
        for k, text in enumerate(questions)
    )
    info = DatasetInfo(source="test", revision=None, fingerprint="f", rows=first + len(items))
    return Probed(made_task(), Dataset(info=info, items=items), items)


def probes(model: Recalling, *names: str, task: Probed | None = None) -> dict[str, ProbeResult]:
    request = ProbeRequest(probes=names)  # type: ignore[arg-type]
    made = probe_tasks(Model(model, model), [task or probed()], request)
    return {result.probe: result for result in made}


def test_a_model_that_recalls_the_items_is_caught_by_every_probe_of_texts() -> None:
    made = probes(Recalling(*QUESTIONS), "twin", "min-k", "completion", "cdd")
    assert {name: result.found for name, result in made.items()} == dict.fromkeys(made, "caught")
    assert made["completion"].note == "40 second halves written to the last token"
    assert made["twin"].effect == pytest.approx(1.0, abs=0.1)


def test_a_model_that_recalls_nothing_is_not() -> None:
    made = probes(Recalling(), "twin", "min-k", "completion", "cdd", "order")
    assert "caught" not in {result.found for result in made.values()}


def test_a_model_that_recalls_the_files_order_is_caught_by_it() -> None:
    pages = ["\n\n".join(QUESTIONS[at : at + 2]) for at in range(0, 40, 4)]
    assert probes(Recalling(*pages), "order")["order"].found == "caught"


def test_a_selection_has_no_order_to_recall() -> None:
    made = probes(Recalling(), "order", task=probed(first=5))["order"]
    assert (made.found, made.note) == ("not possible", "only the first items of a file have its order")


def test_shards_that_do_not_fit_the_context_are_left_out() -> None:
    texts = [*QUESTIONS[:8], "x" * 3000, *QUESTIONS[8:11]]
    found = by_order(Recalling(), texts, shard=4, orders=3, seed=0, context=512)
    assert [each.name for each in found] == ["0", "1"]


def test_a_backend_without_the_whole_vocabulary_has_no_min_k_plus() -> None:
    made = probes(Recalling(*QUESTIONS), "min-k++")["min-k++"]
    assert (made.found, made.note) == ("not possible", "the backend does not see the whole vocabulary")


def test_items_without_numbers_need_twins_of_the_users() -> None:
    words = [
        "Which river is the longer one of these, and why so",
        "Who wrote the letter, and to whom was it sent",
    ]
    questions = [f"{words[k % 2]} {chr(97 + k)}?" for k in range(20)]
    task = probed(questions)
    assert probes(Recalling(*questions), "twin", task=task)["twin"].found == "not possible"
    forms = ("Say {}", "Please: {}")
    brought = {
        f"q{k}": tuple(form.format(text.lower()) for form in forms[:: 1 - 2 * (k // 2 % 2)])
        for k, text in enumerate(questions)
    }
    made = probes(Recalling(*questions), "twin", task=task._replace(twins=brought))["twin"]
    assert (made.found, made.controls) == ("caught", 2)


def test_a_failed_answer_ends_the_probe() -> None:
    with pytest.raises(IncompleteError, match="an answer of q0 failed"):
        by_answers(
            Recalling(fails=True), {"q0": ["a", "b", "c"]}, samples=2, max_tokens=5, seed=0, task="sums"
        )


def test_results_are_the_same_again() -> None:
    one, other = (probes(Recalling(*QUESTIONS[:20]), "twin", "order") for _ in range(2))
    assert msgspec.json.encode(one) == msgspec.json.encode(other)
