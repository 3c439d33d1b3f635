"""The loop stores before it asks on, continues where it stopped, and never grades an exception."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from phi4eval.engine import PreparedRun, regrade
from phi4eval.errors import NothingMatchedError, Phi4evalError, StoreError
from phi4eval.leaks import Scan
from phi4eval.planning import Work
from phi4eval.protocols import StopSignal
from phi4eval.reuse import Reuse
from phi4eval.store import load_run
from phi4eval.types import (
    Completion,
    Fingerprint,
    GraderSpec,
    ModelSpec,
    Plan,
    Progress,
    Prompt,
    PromptTokens,
    RunRequest,
    ScanFacts,
    StoredPrompt,
)
from phi4eval.verify import verify_run

from .runs import made_completion, made_manifest, made_prompts, made_task

Answer = Callable[[Prompt, int], Completion]


class Scripted:
    """A backend that answers from a function, one draw at a time, and counts what it was asked."""

    def __init__(self, answer: Answer, *, before: Callable[[int], None] | None = None) -> None:
        self.fingerprint = Fingerprint(backend="test", model="made-up", weights="w")
        self.context: int | None = None
        self.asked: list[tuple[str, int]] = []
        self.closed = False
        self.warnings: tuple[str, ...] = ()
        self._answer = answer
        self._before = before

    def tokens(self, prompt: Prompt) -> PromptTokens | None:
        return None

    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        for prompt in prompts:
            for draw in prompt.draws:
                if stop.is_set():
                    return
                if self._before:
                    self._before(len(self.asked))
                self.asked.append((prompt.item, draw.sample))
                yield self._answer(prompt, draw.sample)

    def close(self) -> None:
        self.closed = True


TASK = made_task(protocol_grader=GraderSpec(name="simple_evals", options={"rule": "math"}))
PROMPTS = made_prompts(TASK, items=5, repeats=2)
BY_ITEM = {stored.prompt.item: stored for stored in PROMPTS}
MANIFEST = made_manifest((TASK, PROMPTS))


def right(prompt: Prompt, sample: int) -> Completion:
    return made_completion(BY_ITEM[prompt.item], sample, f"It is.\nAnswer: {BY_ITEM[prompt.item].key.gold}")


def failing(prompt: Prompt, sample: int) -> Completion:
    return made_completion(BY_ITEM[prompt.item], sample, "", finish="error", error="HTTP 503")


def prepared(
    tmp_path: Path, backend: Scripted, prompts: tuple[StoredPrompt, ...] = PROMPTS, scan: Scan | None = None
) -> PreparedRun:
    request = RunRequest(model="made-up", tasks=("sums",), results=str(tmp_path))
    plan = Plan(
        request=request,
        model=ModelSpec(name="made-up"),
        fingerprint=backend.fingerprint,
        run_id=MANIFEST.run_id,
        directory=str(tmp_path / "run"),
        tasks=(),
    )
    return PreparedRun(Work(plan, MANIFEST, prompts, backend, Reuse(None, backend.fingerprint, 0)), scan)


def test_a_run_ends_with_every_sample_stored_graded_twice_and_summed_up(tmp_path: Path) -> None:
    backend = Scripted(right)
    with prepared(tmp_path, backend) as run:
        summary = run.execute(command="phi4eval run --model made-up")
    assert backend.closed
    assert summary.complete
    assert summary.tasks[0].score is not None
    assert summary.tasks[0].score.mean == 1.0
    assert summary.tasks[0].protocol_score is not None
    records = list(load_run(tmp_path / "run").records())
    assert len(records) == 10
    assert all(r.grade and r.protocol_grade and r.grade.verdict == "correct" for r in records)
    assert load_run(tmp_path / "run").summary == summary
    assert verify_run(tmp_path / "run") == ()
    assert "phi4eval run --model made-up" in (tmp_path / "run" / "command.txt").read_text()


def test_each_completion_is_on_disk_before_the_next_is_asked_for(tmp_path: Path) -> None:
    lines: list[int] = []

    def count(asked: int) -> None:
        lines.append((tmp_path / "run" / "completions.jsonl").read_bytes().count(b"\n"))

    with prepared(tmp_path, Scripted(right, before=count)) as run:
        run.execute()
    assert lines == list(range(10))


def test_an_interrupted_run_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    def break_at_six(asked: int) -> None:
        if asked == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), prepared(tmp_path, Scripted(right, before=break_at_six)) as run:
        run.execute()
    second = Scripted(right)
    with prepared(tmp_path, second) as run:
        summary = run.execute()
    assert len(second.asked) == 4
    assert summary.complete
    assert len(list(load_run(tmp_path / "run").completions())) == 10
    assert verify_run(tmp_path / "run") == ()


def test_a_finished_run_asks_nothing_and_changes_no_byte(tmp_path: Path) -> None:
    with prepared(tmp_path, Scripted(right)) as run:
        first = run.execute()
    before = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir() if p.suffix in (".json", ".jsonl")}
    backend = Scripted(failing)
    with prepared(tmp_path, backend) as run:
        assert run.execute() == first
    assert backend.asked == []
    assert before == {
        p.name: p.read_bytes() for p in (tmp_path / "run").iterdir() if p.suffix in (".json", ".jsonl")
    }


def test_failed_samples_make_the_run_incomplete_and_are_asked_again(tmp_path: Path) -> None:
    def one_fails(prompt: Prompt, sample: int) -> Completion:
        return failing(prompt, sample) if prompt.item == "q3" and sample == 1 else right(prompt, sample)

    with prepared(tmp_path, Scripted(one_fails)) as run:
        summary = run.execute()
    assert not summary.complete
    assert summary.tasks[0].counts["error"] == 1
    assert summary.tasks[0].counts["incorrect"] == 0
    backend = Scripted(right)
    with prepared(tmp_path, backend) as run:
        summary = run.execute()
    assert backend.asked == [("q3", 1)]
    assert summary.complete
    assert summary.tasks[0].counts["correct"] == 10


def test_stop_finishes_what_is_in_flight_and_the_next_run_continues(tmp_path: Path) -> None:
    stop = threading.Event()

    def set_at_three(asked: int) -> None:
        if asked == 3:
            stop.set()

    with prepared(tmp_path, Scripted(right, before=set_at_three)) as run:
        summary = run.execute(stop=stop)
    assert not summary.complete
    assert summary.tasks[0].done == 4
    assert summary.tasks[0].counts["correct"] == 4
    with prepared(tmp_path, Scripted(right)) as run:
        assert run.execute().complete


def test_what_came_before_a_fatal_error_is_kept(tmp_path: Path) -> None:
    def no_key(asked: int) -> None:
        if asked == 2:
            raise StoreError("the endpoint wants a key")

    with pytest.raises(StoreError), prepared(tmp_path, Scripted(right, before=no_key)) as run:
        run.execute()
    assert len(list(load_run(tmp_path / "run").completions())) == 2


def test_a_backend_that_answers_twice_is_stopped(tmp_path: Path) -> None:
    def always_the_first(prompt: Prompt, sample: int) -> Completion:
        return right(PROMPTS[0].prompt, 0)

    with (
        pytest.raises(Phi4evalError, match="twice or unasked"),
        prepared(tmp_path, Scripted(always_the_first)) as run,
    ):
        run.execute()


def test_a_backend_that_forgets_samples_is_found_out(tmp_path: Path) -> None:
    class Forgetful(Scripted):
        def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
            yield right(prompts[0], 0)

    with (
        pytest.raises(Phi4evalError, match="9 samples unanswered"),
        prepared(tmp_path, Forgetful(right)) as run,
    ):
        run.execute()


def test_regrading_needs_no_model_and_restores_lost_grades(tmp_path: Path) -> None:
    with prepared(tmp_path, Scripted(right)) as run:
        summary = run.execute()
    again, changed = regrade(str(tmp_path / "run"))
    assert (again, changed) == (summary, 0)
    (tmp_path / "run" / "grades.jsonl").unlink()
    again, changed = regrade(str(tmp_path / "run"))
    assert again == summary
    assert verify_run(tmp_path / "run") == ()


def test_regrading_replaces_the_grades_of_another_version_and_counts_the_changes(tmp_path: Path) -> None:
    with prepared(tmp_path, Scripted(right)) as run:
        run.execute()
    grades = tmp_path / "run" / "grades.jsonl"
    older = (
        grades.read_text()
        .replace('"verdict":"correct"', '"verdict":"incorrect"')
        .replace("integer@", "integer@0")
    )
    grades.write_text(older)
    summary, changed = regrade(str(tmp_path / "run"))
    assert changed == 20
    assert summary.tasks[0].counts["correct"] == 10


def test_progress_is_reported_and_ends_at_the_total(tmp_path: Path) -> None:
    seen: list[Progress] = []
    with prepared(tmp_path, Scripted(right)) as run:
        run.execute(on_progress=seen.append)
    assert (seen[-1].done, seen[-1].graded, seen[-1].total) == (10, 10, 10)
    assert seen[-1].score is not None


def test_what_a_backend_comes_to_warn_of_is_passed_on_once(tmp_path: Path) -> None:
    backend = Scripted(right)
    backend.warnings = ("known before",)

    def warn_at_two(asked: int) -> None:
        if asked == 2:
            backend.warnings += ("going on with smaller batches",)

    backend._before = warn_at_two
    seen: list[Progress] = []
    with prepared(tmp_path, backend) as run:
        run.execute(on_progress=seen.append)
    assert [progress.notice for progress in seen if progress.notice] == ["going on with smaller batches"]


def test_a_grader_that_does_not_work_fails_before_any_token(tmp_path: Path) -> None:
    task = made_task(grader=GraderSpec(name="no_such_grader"))
    manifest = made_manifest((task, PROMPTS))
    backend = Scripted(right)
    with pytest.raises(Phi4evalError, match="no_such_grader"), prepared(tmp_path, backend) as run:
        PreparedRun(run._work._replace(manifest=manifest)).execute()
    assert backend.asked == []


def test_a_scan_of_other_items_stops_a_run_before_anything_is_asked(tmp_path: Path) -> None:
    facts = ScanFacts(
        digest="d", index="i", tokens="1", rule="align", rules=("align",), corpora=(), files=0,
        documents=0, text_bytes=0, bytes_read=0, bytes_total=0,
    )  # fmt: skip
    backend = Scripted(right)
    run = prepared(tmp_path, backend, scan=Scan(facts=facts, rows={}))
    with pytest.raises(NothingMatchedError, match="knows no item"):
        run.execute()
    assert backend.asked == []
