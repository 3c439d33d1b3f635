"""Reads lm-eval's --output_path with --log_samples: results_DATE.json, samples_TASK_DATE.jsonl."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from phi4eval.errors import DataError, did_you_mean
from phi4eval.interop.reading import decode, digest_of, json_lines, read_bytes
from phi4eval.interop.records import (
    ForeignRun,
    ForeignSample,
    ForeignTask,
    Recorded,
    recorded_score,
    reported_score,
)
from phi4eval.types import Message, Sampling

TOOL = "lm-eval"
RESULTS = re.compile(r"results_(.+)\.json")
OURS = "phi4eval"
"""Column of a doc in which our own export keeps what lm-eval's layout has no place for."""
_CODE_COLUMNS = frozenset({"test", "tests", "test_list", "entry_point"})


class _Results(msgspec.Struct, frozen=True, rename={"sizes": "n-samples"}):
    """The part of results_DATE.json that is used."""

    results: dict[str, dict[str, Any]]
    configs: dict[str, dict[str, Any]]
    versions: dict[str, Any] = {}
    config: dict[str, Any] = {}
    sizes: dict[str, dict[str, Any]] = {}
    date: float | None = None
    model_name: str | None = None
    lm_eval_version: str | None = None
    transformers_version: str | None = None


class _Ours(msgspec.Struct, frozen=True):
    """What our own export adds to a doc."""

    item: str
    samples: list[int]
    choices: list[str] = []


class _Line(msgspec.Struct, frozen=True):
    """The part of a line of samples_TASK_DATE.jsonl that is used, beside the metrics by their names."""

    doc_id: int | str
    doc: dict[str, Any]
    target: Any
    arguments: Any
    resps: list[Any]
    filtered_resps: list[Any]
    filter: str = "none"
    metrics: list[str] = []


def is_results(path: Path) -> bool:
    """Whether a file's name is that of lm-eval's results."""
    return RESULTS.fullmatch(path.name) is not None


def read_results(path: Path, *, metric: str | None = None) -> ForeignRun:
    """One invocation of lm-eval with all of its tasks.

    metric: `exact_match` or `exact_match,flexible-extract`, whose values are kept as the tool's own verdict;
    None: the first that the results name. A task whose samples were not logged has its reported score only.
    Raises DataError for a file that is cut off or of another layout.
    """
    results = decode(read_bytes(path), _Results, str(path))
    stamp = RESULTS.fullmatch(path.name)
    date = stamp[1] if stamp else ""
    files = {name: path.with_name(f"samples_{name}_{date}.jsonl") for name in results.configs}
    if not files:
        raise DataError(f"{path} names no tasks in configs", "is it a results file of lm-eval?")
    tasks = tuple(
        _task(name, file, results, path, metric)
        if file.is_file()
        else _scores_only(name, results, path, metric)
        for name, file in sorted(files.items())
    )
    there = [file for _, file in sorted(files.items()) if file.is_file()]
    return ForeignRun(
        tool=TOOL,
        tool_version=results.lm_eval_version or "unknown version",
        model=_model(results),
        created=_created(results, path),
        digest=digest_of([path, *there]),
        seed=_number(results.config.get("random_seed")),
        tasks=tasks,
        weights=str(results.config.get("model_sha") or "") or None,
        versions=_versions(results),
    )


def _versions(results: _Results) -> dict[str, str]:
    found = {"lm-eval": results.lm_eval_version, "transformers": results.transformers_version}
    return {name: version for name, version in found.items() if version}


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _model(results: _Results) -> str:
    # of the arguments only the name is taken: they may hold keys
    arguments = results.config.get("model_args")
    if isinstance(arguments, str):
        arguments = dict(part.partition("=")[::2] for part in arguments.split(","))
    named = arguments if isinstance(arguments, dict) else {}
    name = results.model_name or named.get("pretrained") or named.get("model") or results.config.get("model")
    return str(name or "unknown").rstrip("/").rpartition("/")[2] or "unknown"


def _created(results: _Results, path: Path) -> str:
    try:
        moment = datetime.fromtimestamp(results.date if results.date is not None else 0.0, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise DataError(f"{path}: date is {results.date}, no time") from error
    return moment.isoformat(timespec="seconds")


def _task(name: str, file: Path, results: _Results, path: Path, metric: str | None) -> ForeignTask:
    config = results.configs[name]
    chosen = _metric(name, results, path, metric)
    value_name, _, filter_name = (chosen or "").partition(",")
    wanted, samples = filter_name or None, []
    for number, raw in json_lines(file, dict[str, Any]):
        where = f"{file}:{number}"
        line = _convert(raw, where)
        # every filter has lines of its own for the same answers
        wanted = wanted or line.filter
        if line.filter == wanted:
            samples += _samples(line, raw.get(value_name) if value_name else None, value_name, where, config)
    if not samples:
        raise DataError(f"{file} has no sample of filter {wanted or 'none'}", f"metric: {chosen}")
    reported = results.results.get(name, {}).get(chosen or "")
    notes = [] if reported is None else [f"lm-eval reported {chosen} = {reported}"]
    if all(sample.recorded is None for sample in samples):
        notes.append("lm-eval's metric is not one value an answer: its verdicts are not kept")
    return ForeignTask(
        name=name,
        version=str(results.versions.get(name, "unknown")),
        samples=tuple(samples),
        sampling=_sampling(config),
        dataset=_dataset(config, name),
        metric=chosen,
        notes=tuple(notes),
    )


def _scores_only(name: str, results: _Results, path: Path, metric: str | None) -> ForeignTask:
    """A task without its samples file: what lm-eval reported of it."""
    config, found = results.configs[name], results.results.get(name, {})
    chosen = _metric(name, results, path, metric)
    if chosen is None:
        raise DataError(f"{path}: task {name} has neither samples nor a metric", "log the samples")
    value_name, _, filter_name = chosen.partition(",")
    size = results.sizes.get(name, {})
    items = _number(size.get("effective") or found.get("sample_len"))
    return ForeignTask(
        name=name,
        version=str(results.versions.get(name, "unknown")),
        samples=(),
        sampling=_sampling(config),
        dataset=_dataset(config, name),
        metric=chosen,
        reported=reported_score(
            found[chosen],
            found.get(f"{value_name}_stderr,{filter_name}"),
            items,
            where=f"{path}: {name}: {chosen}",
        ),
        items=items,
        repeats=_number(config.get("repeats")) or 1,
        notes=(f"lm-eval reported {chosen} = {found[chosen]}",),
    )


def _dataset(config: dict[str, Any], name: str) -> str:
    return ":".join(str(config[k]) for k in ("dataset_path", "dataset_name") if config.get(k)) or name


def _convert(raw: dict[str, Any], where: str) -> _Line:
    try:
        return msgspec.convert(raw, _Line)
    except msgspec.ValidationError as error:
        raise DataError(f"{where}: {error}", "is it a samples file of lm-eval?") from error


def _metric(name: str, results: _Results, path: Path, wanted: str | None) -> str | None:
    found = results.results.get(name, {})
    known = [key for key in found if "," in key and not key.partition(",")[0].endswith("_stderr")]
    if wanted is None:
        return known[0] if known else None
    for key in known:
        if wanted in (key, key.partition(",")[0]):
            return key
    raise DataError(
        f'{path}: task {name} has no metric "{wanted}"',
        did_you_mean(wanted, known, f"it has {', '.join(known) or 'none'}"),
    )


def _sampling(config: dict[str, Any]) -> Sampling:
    given = config.get("generation_kwargs")
    given = given if isinstance(given, dict) else {}
    until = given.get("until") or []
    stops = [until] if isinstance(until, str) else until if isinstance(until, list) else []
    greedy = given.get("do_sample") is False
    return Sampling(
        temperature=0.0 if greedy else _share(given.get("temperature"), 0.0),
        top_p=_share(given.get("top_p"), 1.0),
        max_tokens=_number(given.get("max_gen_toks") or given.get("max_tokens")) or 256,
        stop=tuple(str(stop) for stop in stops),
    )


def _share(value: Any, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else otherwise


def _samples(line: _Line, value: Any, metric: str, where: str, config: dict[str, Any]) -> list[ForeignSample]:
    requests = _requests(line.arguments, where)
    if str(config.get("output_type", "generate_until")) != "generate_until":
        return [_ranked(line, requests, value, metric, where)]
    answers = line.resps[0] if line.resps and isinstance(line.resps[0], list) else line.resps
    texts = [_text(answer, where) for answer in answers]
    # one value for the question: it is the answer's own where lm-eval kept all answers or there is one
    own = value if len(texts) == 1 else None
    kept = line.filtered_resps
    answer = str(kept[0]) if len(kept) == 1 and len(texts) == 1 else None
    ours = _ours(line, len(texts), where)
    return [
        ForeignSample(
            item=ours.item,
            sample=number,
            messages=requests[min(position, len(requests) - 1)][0],
            gold=_gold(line.target),
            text=text,
            choices=tuple(ours.choices),
            recorded=_recorded(own, metric, where, answer),
            row=_row(line.doc),
            gradable=not _CODE_COLUMNS & line.doc.keys(),
        )
        for position, (number, text) in enumerate(zip(ours.samples, texts, strict=True))
    ]


def _ours(line: _Line, texts: int, where: str) -> _Ours:
    """Item, sample numbers and options: as our own export kept them, else by the line's doc_id."""
    if OURS not in line.doc:
        return _Ours(item=str(line.doc_id), samples=list(range(texts)))
    try:
        ours = msgspec.convert(line.doc[OURS], _Ours)
    except msgspec.ValidationError as error:
        raise DataError(f"{where}: doc.{OURS}: {error}", "was the file changed by hand?") from error
    if len(ours.samples) != texts or min(ours.samples, default=0) < 0:
        raise DataError(f"{where}: doc.{OURS}.samples does not fit the {texts} answers")
    return ours


def _ranked(
    line: _Line, requests: list[tuple[tuple[Message, ...], str]], value: Any, metric: str, where: str
) -> ForeignSample:
    """A question whose options were ranked by log-likelihood: the answer is the option ranked first."""
    try:
        likelihoods = [float(pair[0]) for pair in line.filtered_resps]
    except (TypeError, ValueError, IndexError) as error:
        raise DataError(f"{where}: filtered_resps has no log-likelihoods", "is the file whole?") from error
    options = [option for _, option in requests][: len(likelihoods)]
    if not options:
        raise DataError(f"{where}: arguments has no options")
    best = max(range(len(options)), key=lambda index: likelihoods[index])
    return ForeignSample(
        item=str(line.doc_id),
        sample=0,
        messages=requests[0][0],
        gold=_gold(line.target),
        text=options[best].strip(),
        choices=tuple(option.strip() for option in options),
        recorded=_recorded(value, metric, where, options[best].strip()),
        row=_row(line.doc),
        gradable=False,
    )


def _requests(arguments: Any, where: str) -> list[tuple[tuple[Message, ...], str]]:
    """(messages, continuation) of every request of a question; both layouts that lm-eval has had."""
    if isinstance(arguments, dict):
        pairs = [(one.get("arg_0"), one.get("arg_1")) for one in arguments.values() if isinstance(one, dict)]
    elif isinstance(arguments, list):
        pairs = [
            (one[0], one[1] if len(one) > 1 else "") for one in arguments if isinstance(one, list) and one
        ]
    else:
        pairs = []
    if not pairs or not all(isinstance(context, str) for context, _ in pairs):
        raise DataError(f"{where}: arguments holds no prompt", "is it a samples file of lm-eval?")
    return [(_messages(str(context)), rest if isinstance(rest, str) else "") for context, rest in pairs]


def _messages(context: str) -> tuple[Message, ...]:
    """A prompt as lm-eval kept it: a text, or the JSON of a chat."""
    if context.startswith("[{"):
        try:
            return tuple(msgspec.json.decode(context, type=list[Message]))
        except msgspec.MsgspecError:
            pass  # a text that happens to begin so
    return (Message(role="user", content=context),)


def _text(answer: Any, where: str) -> str:
    if not isinstance(answer, str):
        raise DataError(f"{where}: resps holds no text", "is it a samples file of lm-eval?")
    return answer


def _gold(target: Any) -> str:
    if isinstance(target, list):
        return str(target[0]) if target else ""
    return str(target)


def _row(doc: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in doc.items() if isinstance(value, str | int | float | bool)}


def _recorded(value: Any, metric: str, where: str, answer: str | None) -> Recorded | None:
    if value is None or isinstance(value, list | dict):
        return None
    if not isinstance(value, int | float):
        raise DataError(f"{where}: {metric} is {value!r}, no number", "name another metric with --metric")
    told = f"lm-eval: {metric} = {float(value):g}"
    return recorded_score(float(value), where=f"{where}: {metric}", answer=answer, explanation=told)
