"""Reads a log of Inspect: a .json file, or a .eval archive with one entry a sample."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from phi4eval.errors import DataError, did_you_mean
from phi4eval.interop.reading import Archive, decode, digest_of, read_bytes
from phi4eval.interop.records import (
    ForeignRun,
    ForeignSample,
    ForeignTask,
    Recorded,
    recorded_score,
    reported_score,
)
from phi4eval.types import Finish, Interval, Message, Sampling, Verdict

TOOL = "inspect"
SUFFIXES = (".eval", ".json")

_VALUES: dict[str, tuple[Verdict, float]] = {
    "C": ("correct", 1.0),
    "I": ("incorrect", 0.0),
    "P": ("incorrect", 0.5),
    "N": ("no_answer", 0.0),
}
"""Inspect's letters: correct, incorrect, partial, no answer."""
_FINISHES: dict[str, Finish] = {
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "filter",
}


class _Score(msgspec.Struct, frozen=True):
    value: Any = None
    answer: str | None = None
    explanation: str | None = None


class _Part(msgspec.Struct, frozen=True):
    """A part of a message: text, reasoning, or something that is no text."""

    type: str = "text"
    text: str | None = None
    reasoning: str | None = None


class _ChatMessage(msgspec.Struct, frozen=True):
    role: str
    content: str | list[_Part] = ""


class _Choice(msgspec.Struct, frozen=True):
    message: _ChatMessage
    stop_reason: str = "stop"


class _Usage(msgspec.Struct, frozen=True):
    input_tokens: int | None = None
    output_tokens: int | None = None


class _Output(msgspec.Struct, frozen=True):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    time: float | None = None


class _Error(msgspec.Struct, frozen=True):
    message: str = ""


class _Sample(msgspec.Struct, frozen=True):
    id: int | str
    epoch: int
    input: str | list[_ChatMessage]
    target: str | list[str] = ""
    choices: list[str] | None = None
    messages: list[_ChatMessage] = []
    output: _Output = _Output()
    scores: dict[str, _Score] | None = None
    metadata: dict[str, Any] = {}
    error: _Error | None = None


class _Dataset(msgspec.Struct, frozen=True):
    name: str | None = None
    location: str | None = None
    samples: int | None = None


class _Generate(msgspec.Struct, frozen=True):
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop_seqs: list[str] | None = None


class _Eval(msgspec.Struct, frozen=True):
    task: str
    model: str
    created: str
    task_version: int | str = 0
    dataset: _Dataset = _Dataset()
    model_generate_config: _Generate = _Generate()
    packages: dict[str, str] = {}


class _Metric(msgspec.Struct, frozen=True):
    value: float | None = None


class _EvalScore(msgspec.Struct, frozen=True):
    name: str
    metrics: dict[str, _Metric] = {}


class _EvalResults(msgspec.Struct, frozen=True):
    scores: list[_EvalScore] = []


class _Header(msgspec.Struct, frozen=True):
    """The log without its samples."""

    version: int
    status: str
    eval: _Eval
    results: _EvalResults | None = None


class _Log(msgspec.Struct, frozen=True):
    samples: list[_Sample] | None = None


def is_log(path: Path) -> bool:
    """Whether a file's name may be that of a log of Inspect."""
    return path.suffix in SUFFIXES


def read_log(path: Path, *, metric: str | None = None) -> ForeignRun:
    """One log: one task of one model.

    metric: the scorer whose values are kept as the tool's own verdict; None: the first. A log without samples
    has its reported score only. Raises DataError for a log that is cut off, of another version, or with a
    score that is no share of 1.
    """
    header, samples = _read_archive(path) if path.suffix == ".eval" else _read_json(path)
    scorer = _scorer(header, samples, path, metric)
    found = sorted(samples, key=lambda sample: (str(sample.id), sample.epoch))
    config = header.eval.model_generate_config
    task = ForeignTask(
        name=header.eval.task.rpartition("/")[2] or header.eval.task,
        version=str(header.eval.task_version),
        samples=tuple(_convert(sample, scorer, path) for sample in found),
        sampling=Sampling(
            temperature=config.temperature or 0.0,
            top_p=1.0 if config.top_p is None else config.top_p,
            max_tokens=config.max_tokens or Sampling().max_tokens,
            stop=tuple(config.stop_seqs or ()),
        ),
        dataset=header.eval.dataset.name or header.eval.dataset.location or header.eval.task,
        metric=scorer,
        reported=None if samples else _reported(header, scorer, path),
        items=header.eval.dataset.samples or 0,
        notes=tuple(_notes(header)),
    )
    version = header.eval.packages.get("inspect_ai", "unknown version")
    return ForeignRun(
        tool=TOOL,
        tool_version=version,
        model=header.eval.model,
        created=header.eval.created,
        digest=digest_of([path]),
        seed=max(0, config.seed or 0),
        tasks=(task,),
        versions={"inspect_ai": version},
    )


def _reported(header: _Header, scorer: str | None, path: Path) -> Interval:
    """The score that a log without samples gives: a scorer's accuracy, or its mean."""
    scores = header.results.scores if header.results else []
    found = next((score.metrics for score in scores if score.name == scorer), {})
    name = next((name for name in ("accuracy", "mean") if name in found), None)
    if name is None:
        raise DataError(f"{path} holds neither samples nor a score", "log the samples (log_samples)")
    error = found["stderr"].value if "stderr" in found else None
    where = f"{path}: {scorer}/{name}"
    return reported_score(found[name].value, error, header.eval.dataset.samples or 0, where=where)


def _notes(header: _Header) -> Iterator[str]:
    if header.status != "success":
        yield f"the log's status is {header.status}"
    if header.eval.model_generate_config.temperature is None:
        yield "the log names no temperature: the provider's default was used; 0 stands for it here"
    for score in header.results.scores if header.results else ():
        for name, each in score.metrics.items():
            yield f"inspect reported {score.name}/{name} = {each.value}"


def _read_json(path: Path) -> tuple[_Header, list[_Sample]]:
    data = read_bytes(path)
    header = decode(data, _Header, str(path))
    return header, decode(data, _Log, str(path)).samples or []


def _read_archive(path: Path) -> tuple[_Header, list[_Sample]]:
    archive = Archive(path)
    try:
        # a log that was stopped has only its beginning
        first = "header.json" if "header.json" in archive.names() else "_journal/start.json"
        data = archive.read(first)
        header = (
            decode(data, _Header, f"{path}: {first}")
            if first == "header.json"
            else _started(decode(data, dict[str, Any], f"{path}: {first}"), f"{path}: {first}")
        )
        names = [name for name in archive.names() if name.startswith("samples/") and name.endswith(".json")]
        return header, [decode(archive.read(name), _Sample, f"{path}: {name}") for name in names]
    finally:
        archive.close()


def _started(start: dict[str, Any], where: str) -> _Header:
    try:
        return msgspec.convert({**start, "status": "interrupted"}, _Header)
    except msgspec.ValidationError as error:
        raise DataError(f"{where}: {error}", "is it a log of Inspect?") from error


def _scorer(header: _Header, samples: list[_Sample], path: Path, wanted: str | None) -> str | None:
    named = [score.name for score in header.results.scores] if header.results else []
    known = list(dict.fromkeys([*named, *(name for sample in samples for name in sample.scores or {})]))
    if wanted is None:
        return known[0] if known else None
    if wanted in known:
        return wanted
    raise DataError(
        f'{path} has no scorer "{wanted}"',
        did_you_mean(wanted, known, f"it has {', '.join(known) or 'none'}"),
    )


def _convert(sample: _Sample, scorer: str | None, path: Path) -> ForeignSample:
    where = f"{path}: sample {sample.id}, epoch {sample.epoch}"
    if sample.epoch < 1:
        raise DataError(f"{where}: epochs count from 1", "is it a log of Inspect?")
    choice = sample.output.choices[0] if sample.output.choices else None
    text, reasoning = _content(choice.message) if choice else ("", None)
    error = None if choice and sample.error is None else (sample.error or _Error("no answer")).message
    usage = sample.output.usage or _Usage()
    score = (sample.scores or {}).get(scorer or "")
    return ForeignSample(
        item=str(sample.id),
        sample=sample.epoch - 1,
        messages=_asked(sample),
        gold=sample.target if isinstance(sample.target, str) else (sample.target or [""])[0],
        text=text,
        choices=tuple(sample.choices or ()),
        finish="error" if error is not None else _FINISHES.get(choice.stop_reason if choice else "", "stop"),
        error=error,
        reasoning=reasoning,
        recorded=None if score is None or error is not None else _recorded(score, scorer or "", where),
        prompt_tokens=usage.input_tokens,
        completion_tokens=usage.output_tokens,
        seconds=sample.output.time,
        row={k: v for k, v in sample.metadata.items() if isinstance(v, str | int | float | bool)},
    )


def _asked(sample: _Sample) -> tuple[Message, ...]:
    """The messages before the answer; the input alone where the log has no conversation."""
    before = list(sample.messages)
    while before and before[-1].role == "assistant":
        before.pop()
    if not before:
        before = (
            [_ChatMessage(role="user", content=sample.input)]
            if isinstance(sample.input, str)
            else list(sample.input)
        )
    return tuple(Message(role=_role(one.role), content=_content(one)[0]) for one in before)


def _role(role: str) -> Any:
    # what a tool said is shown to people as the user's turn; nothing is ever asked with these messages
    return role if role in ("system", "user", "assistant") else "user"


def _content(message: _ChatMessage) -> tuple[str, str | None]:
    """(text, reasoning) of a message."""
    if isinstance(message.content, str):
        return message.content, None
    texts = [part.text or "" for part in message.content if part.type == "text"]
    thoughts = [part.reasoning or "" for part in message.content if part.type == "reasoning"]
    return "\n".join(texts), "\n".join(thoughts) or None


def _recorded(score: _Score, scorer: str, where: str) -> Recorded | None:
    value = score.value
    told = f"inspect: {scorer} = {value!r}"
    if isinstance(value, str) and value in _VALUES:
        verdict, share = _VALUES[value]
        return Recorded(verdict=verdict, score=share, answer=score.answer, explanation=told)
    if isinstance(value, bool | int | float) and not (isinstance(value, float) and math.isnan(value)):
        return recorded_score(float(value), where=f"{where}: {scorer}", answer=score.answer, explanation=told)
    return None  # lists, dictionaries and free texts are no verdict
