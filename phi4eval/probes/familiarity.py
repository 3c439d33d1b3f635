"""How familiar is each item, and each of its controls? The probes' statistics, from a scorer or a backend."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from phi4eval.errors import IncompleteError
from phi4eval.probes.records import Familiarity, ProbeName
from phi4eval.probes.statistics import peakedness
from phi4eval.probes.twins import halves
from phi4eval.protocols import Backend, Scorer
from phi4eval.seeds import content_hash, seed_for
from phi4eval.types import Completion, Draw, Message, Prompt, Sampling, TokenScores

Statistic = Callable[[TokenScores], float | None]


class _Never:
    def is_set(self) -> bool:
        return False


def by_text(
    scorer: Scorer,
    texts: Mapping[str, str],
    twins: Mapping[str, Sequence[str]],
    statistics: Mapping[ProbeName, Statistic],
) -> dict[ProbeName, list[Familiarity]]:
    """Each statistic of every text that has twins; one pass through the model for all of them."""
    names = [name for name in texts if twins.get(name)]
    flat = [text for name in names for text in (texts[name], *twins[name])]
    scored = iter(scorer.score(flat))
    found: dict[ProbeName, list[Familiarity]] = {label: [] for label in statistics}
    for name in names:
        rows = [next(scored) for _ in range(1 + len(twins[name]))]
        for label, statistic in statistics.items():
            values = [statistic(row) for row in rows]
            if (each := familiarity(name, values)) is not None:
                found[label].append(each)
    return found


def familiarity(name: str, values: Sequence[float | None]) -> Familiarity | None:
    """The first value as the original's, the others as its controls'; None where one is missing."""
    known = [value for value in values if value is not None]
    if len(known) != len(values) or len(known) < 3:
        return None
    return Familiarity(name=name, original=known[0], controls=tuple(known[1:]))


def by_completion(
    scorer: Scorer, texts: Mapping[str, str], twins: Mapping[str, Sequence[str]]
) -> tuple[list[Familiarity], int]:
    """Mean log-probability of each text's second half after its first, and how many the model writes itself.

    The second: greedy decoding from the first half alone would give the second half, to the last token.
    """
    names = [name for name in texts if twins.get(name) and halves(texts[name])[1].strip()]
    pairs = [halves(text) for name in names for text in (texts[name], *twins[name])]
    scored = iter(scorer.score_continuations(pairs))
    found, written = [], 0
    for name in names:
        rows = [next(scored) for _ in range(1 + len(twins[name]))]
        written += rows[0].greedy
        each = familiarity(name, [row.logprob / max(1, len(row.logprobs)) for row in rows])
        if each is not None:
            found.append(each)
    return found, written


def by_order(
    scorer: Scorer, texts: Sequence[str], *, shard: int, orders: int, seed: int, context: int | None
) -> list[Familiarity]:
    """Log-probability of shards of items in the file's order, and in `orders` random ones.

    Oren et al. 2023, arXiv 2310.17623: whoever did not see the file has no reason to prefer its order. Shards
    that would not fit the context (taken as two characters a token, which is on the safe side) are left out.
    """
    shards: list[tuple[str, list[str]]] = []
    for number, rows in enumerate(batched_lists(texts, shard)):
        if len(rows) < shard or (context and sum(map(len, rows)) > 2 * context):
            continue
        draw = random.Random(seed_for(seed, "order", number))
        shuffled: dict[str, None] = {}
        original = "\n\n".join(rows)
        for _ in range(20 * orders):
            other = "\n\n".join(draw.sample(rows, len(rows)))
            if other != original and len(shuffled) < orders:
                shuffled[other] = None
        if len(shuffled) == orders:
            shards.append((original, list(shuffled)))
    scored = iter(scorer.score([text for original, others in shards for text in (original, *others)]))
    found = []
    for number, (_, others) in enumerate(shards):
        rows_scored = [next(scored) for _ in range(1 + len(others))]
        values = [sum(value or 0.0 for value in row.logprobs) for row in rows_scored]
        if (each := familiarity(str(number), values)) is not None:
            found.append(each)
    return found


def batched_lists(texts: Sequence[str], size: int) -> Iterator[list[str]]:
    """The texts in groups of `size`, the last one smaller."""
    return (list(texts[at : at + size]) for at in range(0, len(texts), size))


def by_answers(
    backend: Backend,
    prompts: Mapping[str, Sequence[str]],
    *,
    samples: int,
    max_tokens: int,
    seed: int,
    task: str,
) -> list[Familiarity]:
    """CDD: how much the sampled answers agree with the greedy one, for each prompt and its twins'.

    prompts: by item, the user message of the original and of its twins. IncompleteError where an answer
    failed.
    """
    asked: list[Prompt] = []
    for name, texts in prompts.items():
        for number, text in enumerate(texts):
            asked += _prompts(task, f"{name}#{number}", text, samples, max_tokens, seed)
    answers: dict[str, dict[int, str]] = {}
    for completion in backend.generate(asked, _Never()):
        _keep(completion, answers)
    found = []
    for name, texts in prompts.items():
        peaks = [
            peakedness(rows[0], [text for sample, text in rows.items() if sample])
            for rows in (answers.get(f"{name}#{number}", {0: ""}) for number in range(len(texts)))
        ]
        if (each := familiarity(name, peaks)) is not None:
            found.append(each)
    return found


def _prompts(task: str, item: str, text: str, samples: int, max_tokens: int, seed: int) -> list[Prompt]:
    messages = (Message(role="user", content=text),)
    made = []
    for temperature, draws in ((0.0, range(1)), (0.8, range(1, samples + 1))):
        sampling = Sampling(temperature=temperature, max_tokens=max_tokens)
        made.append(
            Prompt(
                task=task,
                item=item,
                messages=messages,
                sampling=sampling,
                draws=tuple(Draw(sample=n, seed=seed_for(seed, task, item, "cdd", n)) for n in draws),
                hash=content_hash([messages, sampling]),
            )
        )
    return made


def _keep(completion: Completion, answers: dict[str, dict[int, str]]) -> None:
    if completion.finish == "error":
        raise IncompleteError(
            f"an answer of {completion.item.partition('#')[0]} failed: {completion.error}",
            "the probe stores nothing: run it again",
        )
    answers.setdefault(completion.item, {})[completion.sample] = completion.text
