"""Have a model judge the answers of a run whose protocol asks one, and keep what it said.

Replaces the stand-in: until then the protocol grades of such a run carry `judge_stand_in`. Every prompt
and reply is kept in the run directory (judgements.jsonl), and each grade says if the symbolic one agrees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from phi4eval.backends import BackendOptions, open_backend, resolve_backend
from phi4eval.errors import IncompleteError, NothingMatchedError
from phi4eval.graders.fact_judge import fact_grade, fact_prompt, read_letter
from phi4eval.graders.judge import judge_prompt, judged_grade, read_reply
from phi4eval.graders.pool import GradeJob, GradePool
from phi4eval.lines import LineWriter
from phi4eval.models import api_model, find_model
from phi4eval.protocols import Backend
from phi4eval.seeds import seed_for
from phi4eval.store import Run, RunWriter, SampleKey
from phi4eval.summary import summarise_again
from phi4eval.types import Completion, Fingerprint, Grade, GraderSpec, Prompt, Record, StoredGrade


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. undecided: replies that were neither yes nor no. path: prompts and replies."""

    model: str
    samples: int
    right: int
    agree: int
    differ: int
    undecided: int
    path: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """One line of judgements.jsonl."""

    task: str
    item: str
    sample: int
    judge: Fingerprint
    prompt: Prompt
    reply: str
    said_yes: bool | None
    symbolic: Grade


class _Never:
    def is_set(self) -> bool:
        return False


def judge_run(path: Path, *, model: str, backend: str = "auto", base_url: str | None = None) -> Judged:
    """Judge every sample of a run whose task's protocol grader is simple_evals with rule math or simpleqa.

    Raises NothingMatchedError if the run has none, and IncompleteError after storing the rest if requests
    failed. The run's summary is written anew.
    """
    options = BackendOptions(base_url=base_url)
    spec = api_model(model, base_url) if backend == "api" or base_url else find_model(model)
    opened = open_backend(resolve_backend(backend, spec, options), spec, options)
    try:
        return judge_with(opened, path)
    finally:
        opened.close()


def judge_with(judge: Backend, path: Path) -> Judged:
    """As judge_run, by a backend that is open already."""
    run = Run(path)
    rules = judged_rules(run)
    records = {_key(record): record for record in _to_judge(run, rules)}
    if not records:
        raise NothingMatchedError(
            f"no task of {path} has a protocol that asks a judge",
            "that is simple_evals with rule math or simpleqa",
        )
    prompts = [_prompt(record, rules[record.item.task]) for record in records.values()]
    symbolic = _stand_ins(records.values(), rules)
    grades: list[Grade] = []
    failed = 0
    before = run.summary
    with RunWriter(path, run.manifest, tuple(run.prompts())) as writer:
        notes = LineWriter(path / "judgements.jsonl")
        offsets = {key: offset for key, (offset, _) in run.completion_index().items()}
        try:
            asked = {
                SampleKey(prompt.task, prompt.item, prompt.draws[0].sample): prompt for prompt in prompts
            }
            for reply in judge.generate(prompts, _Never()):
                key = SampleKey(reply.task, reply.item, reply.sample)
                if reply.finish == "error":
                    failed += 1
                    continue
                text = records[key].completion.text
                rule = rules[key.task]
                judged = fact_grade if rule == "simpleqa" else judged_grade
                grade = judged(text, reply.text, symbolic[key], judge.fingerprint.model)
                note = _note(asked[key], reply, symbolic[key], judge.fingerprint, rule)
                notes.append(msgspec.json.encode(note))
                writer.add_grade(
                    StoredGrade(
                        task=key.task, item=key.item, sample=key.sample, role="protocol", grade=grade,
                        offset=offsets[key],
                    )
                )  # fmt: skip
                grades.append(grade)
        finally:
            notes.close()
        writer.write_summary(summarise_again(writer.run, before))
    if failed:
        raise IncompleteError(
            f"{failed} of {len(prompts)} requests to the judge failed; their stand-in grades were kept",
            "the same command judges again",
        )
    return _counted(grades, judge.fingerprint.model, path / "judgements.jsonl")


def judged_rules(run: Run) -> dict[str, str]:
    """Tasks of a run whose published protocol asks a judge, with the rule of simple_evals that says so."""
    return {
        made.task.name: spec.options["rule"]
        for made in run.manifest.tasks
        if (spec := made.task.protocol_grader)
        and spec.name == "simple_evals"
        and spec.options.get("rule") in ("math", "simpleqa")
    }


def _to_judge(run: Run, rules: Mapping[str, str]) -> Iterator[Record]:
    for record in run.records():
        if record.item.task in rules and record.completion.finish not in ("error", "filter"):
            yield record


def _key(record: Record) -> SampleKey:
    return SampleKey(record.completion.task, record.completion.item, record.completion.sample)


def _prompt(record: Record, rule: str) -> Prompt:
    done = record.completion
    seed = seed_for(done.seed, done.task, done.item, "judge", done.sample)
    ask = fact_prompt if rule == "simpleqa" else judge_prompt
    return ask(done.text, record.key, task=done.task, item=done.item, sample=done.sample, seed=seed)


def _stand_ins(records: Iterable[Record], rules: Mapping[str, str]) -> dict[SampleKey, Grade]:
    """The stand-in's opinion: the protocol's own extraction, compared without a model."""
    with GradePool() as pool:
        for record in records:
            done = record.completion
            pool.submit(
                GradeJob(
                    task=done.task, item=done.item, sample=done.sample, role="protocol", completion=done,
                    key=record.key,
                    spec=GraderSpec(name="simple_evals", options={"rule": rules[done.task]}),
                )
            )  # fmt: skip
        return {SampleKey(each.task, each.item, each.sample): each.grade for each in pool.drain()}


def _note(prompt: Prompt, reply: Completion, symbolic: Grade, judge: Fingerprint, rule: str) -> Judgement:
    return Judgement(
        task=reply.task,
        item=reply.item,
        sample=reply.sample,
        judge=judge,
        prompt=prompt,
        reply=reply.text,
        said_yes=read_letter(reply.text) == "A" if rule == "simpleqa" else read_reply(reply.text),
        symbolic=symbolic,
    )


def _counted(grades: list[Grade], model: str, path: Path) -> Judged:
    return Judged(
        model=model,
        samples=len(grades),
        right=sum(grade.verdict == "correct" for grade in grades),
        agree=sum("judge_agrees" in grade.flags for grade in grades),
        differ=sum("judge_differs" in grade.flags for grade in grades),
        undecided=sum("judge_unclear" in grade.flags for grade in grades),
        path=str(path),
    )
