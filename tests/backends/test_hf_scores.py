"""Are log-probabilities those of a direct computation with transformers, in any batch?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from phi4eval.backends import BackendOptions, hf_load, hf_scores, open_scorer
from phi4eval.backends.hf import HfBackend
from phi4eval.errors import UsageError
from phi4eval.models import find_model
from phi4eval.protocols import Scorer
from tests.backends.tiny_phi import CONTEXT, save_tiny_phi, start

TEXTS = ("What is 23 + 45?", "a", "Answer: 68", "What is 23 + 45?", "é 日本 " * 7, "12 * 3 = 36. " * 9)
NEAR = 1e-4
"""Single precision through 8 layers; rows of another width add in another order."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def phi() -> Scorer:
    return open_scorer("hf", find_model("phi-tiny"), BackendOptions())


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_phi(tmp_path_factory.mktemp("checkpoints") / "tiny", bos=True)


def direct(directory: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with hf_load.quiet():
        return (
            AutoTokenizer.from_pretrained(directory),
            AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32),
        )


def phi_directory() -> Path:
    import phi4eval.models

    return Path(phi4eval.models.__file__).parent / "phi-tiny"


def distributions(model: Any, ids: list[int]) -> torch.Tensor:
    """log p [positions, vocabulary] for ids[1:], by one plain forward pass."""
    with torch.inference_mode():
        result: torch.Tensor = model(torch.tensor([ids])).logits[0, :-1].double().log_softmax(-1)
    return result


def test_every_token_has_the_log_probability_of_a_direct_forward_pass(phi: Scorer) -> None:
    tokenizer, model = direct(phi_directory())
    for text, scores in zip(TEXTS, phi.score(TEXTS), strict=True):
        ids = tokenizer(text)["input_ids"]
        assert list(scores.token_ids) == ids
        assert len(scores.tokens) == len(scores.logprobs) == len(ids)
        assert scores.logprobs[0] is None
        expected = distributions(model, ids)
        for at, token in enumerate(ids[1:], start=1):
            assert scores.logprobs[at] == pytest.approx(expected[at - 1, token].item(), abs=NEAR)


def test_mean_and_deviation_are_those_of_the_next_token_distribution(phi: Scorer) -> None:
    _, model = direct(phi_directory())
    (scores,) = phi.score(["What is 23 + 45?"])
    assert scores.means is not None
    assert scores.deviations is not None
    assert (scores.means[0], scores.deviations[0]) == (None, None)
    for at, logp in enumerate(distributions(model, list(scores.token_ids)), start=1):
        mean = sum(math.exp(each) * each for each in logp.tolist())
        square = sum(math.exp(each) * each * each for each in logp.tolist())
        assert scores.means[at] == pytest.approx(mean, abs=NEAR)
        assert scores.deviations[at] == pytest.approx(math.sqrt(max(0, square - mean**2)), abs=NEAR)


def test_tokens_read_as_the_text(phi: Scorer) -> None:
    (scores,) = phi.score(["What is 23 + 45?"])
    assert "".join(scores.tokens).endswith("What is 23 + 45?")


def test_a_right_sum_is_likelier_than_a_wrong_one(phi: Scorer) -> None:
    right, wrong = phi.score(["7 + 5 = 12", "7 + 5 = 11"])
    assert right.logprobs[-1] is not None
    assert wrong.logprobs[-1] is not None
    assert right.logprobs[-1] > wrong.logprobs[-1] + 2


@pytest.mark.parametrize("room", [1, 3000, 10**9], ids=["one-a-batch", "few", "all"])
def test_scores_do_not_depend_on_the_batch(phi: Scorer, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    (alone,) = phi.score(TEXTS[-1:])
    monkeypatch.setattr(hf_scores, "LOGITS", room)
    monkeypatch.setattr(hf_scores, "SLICE", room)
    last = list(phi.score(TEXTS))[-1]
    assert last.token_ids == alone.token_ids
    assert last.logprobs[1:] == pytest.approx(alone.logprobs[1:], abs=NEAR)


def test_equal_texts_are_computed_once_and_given_twice(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    score = hf_scores._score_batch

    def counted(model: Any, rows: list[tuple[int, ...]], pad: int) -> Any:
        seen.extend(map(len, rows))
        return score(model, rows, pad)

    monkeypatch.setattr(hf_scores, "_score_batch", counted)
    first, second = start(tiny).score(["hello"] * 2)
    assert first == second
    assert len(seen) == 1


def test_the_tokenizers_own_bos_stands_in_front_once(tiny: Path) -> None:
    bare, written = start(tiny).score(["hello", "<|endoftext|>hello"])
    assert bare.token_ids == written.token_ids
    assert bare.token_ids.count(0) == 1
    assert bare.tokens[0] == "<|endoftext|>"


# ---------------------------------------------------------------- continuations


@pytest.mark.parametrize(
    ("before", "text", "pieces"),
    [
        ("What is 3 + 4?", "\n3 + 4 = 7", ("What is 3 + 4?", "\n3 + 4 = 7")),
        ("7 + 5 =", " 12", ("7 + 5 =", " 12")),  # " = " is one token: it would reach across
        ("7 + 5 = ", "12", ("7 + 5 =", " 12")),
        ("The", " answer is 12.", ("The", " answer is 12.")),
    ],
)
def test_a_continuation_has_the_sum_of_its_tokens_log_probabilities(
    phi: Scorer, before: str, text: str, pieces: tuple[str, str]
) -> None:
    tokenizer, model = direct(phi_directory())
    head, tail = (tokenizer(piece)["input_ids"] for piece in pieces)
    whole = tokenizer("".join(pieces))["input_ids"]
    if whole[: len(head)] == head:
        tail = whole[len(head) :]
    logp = distributions(model, head + tail)[-len(tail) :]
    (score,) = phi.score_continuations([(before, text)])
    expected = logp.gather(1, torch.tensor(tail)[:, None]).sum().item()
    assert score.logprob == pytest.approx(expected, abs=NEAR)
    assert score.greedy == (logp.argmax(-1).tolist() == tail)
    assert len(score.logprobs) == len(tail)
    assert score.bytes == len(text.encode())


def test_greedy_means_what_greedy_decoding_writes(phi: Scorer) -> None:
    assert isinstance(phi, HfBackend)
    from tests.backends.tiny_phi import answer, ask

    prompt = ask("What is 23 + 45?", max_tokens=8)
    written = answer(phi, prompt)[prompt.item, 0].text
    asked = phi.tokens(prompt).text
    pairs = [(asked, written), (asked, written[:-1] + "#")]
    assert [each.greedy for each in phi.score_continuations(pairs)] == [True, False]


def test_without_context_a_bos_stands_in_for_it(tiny: Path, tmp_path: Path) -> None:
    (whole,) = start(tiny).score(["hello"])
    adds_none = save_tiny_phi(tmp_path / "adds-none")
    for directory in (tiny, adds_none):
        (score,) = start(directory).score_continuations([("", "hello")])
        assert score.logprobs == pytest.approx(whole.logprobs[1:], abs=NEAR)


def test_a_pair_without_a_token_to_score_is_refused(tiny: Path) -> None:
    with pytest.raises(UsageError, match="no token for the continuation"):
        list(start(tiny).score_continuations([("hello", "")]))


# ---------------------------------------------------------------- what is refused


def test_a_text_longer_than_the_context_is_refused_before_anything_is_computed(tiny: Path) -> None:
    long = "1" * (CONTEXT + 1)
    with pytest.raises(UsageError, match=f"{CONTEXT + 2} tokens does not fit the {CONTEXT} tokens"):
        list(start(tiny).score(["hello", long]))
    with pytest.raises(UsageError, match=f"do not fit the {CONTEXT} tokens"):
        list(start(tiny).score_continuations([(long, "2")]))
    assert len(next(start(tiny).score(["1" * (CONTEXT - 1)])).logprobs) == CONTEXT


def test_an_empty_text_without_bos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is empty"):
        list(start(save_tiny_phi(tmp_path / "no-bos")).score([""]))


def test_a_backend_that_cannot_score_says_which_can(tmp_path: Path) -> None:
    file = tmp_path / "made.jsonl"
    file.write_text('{"id": "a", "completion": "b"}\n', encoding="utf-8")
    model = msgspec.structs.replace(find_model("phi-tiny"), weights=str(file))
    with pytest.raises(UsageError, match='"replay" gives no log-probabilities') as caught:
        open_scorer("replay", model, BackendOptions())
    assert "hf" in (caught.value.hint or "")
