"""Judge a candidate run against a baseline: pass, fail, inconclusive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from phi4eval.cli.console import printable, show, show_json, tell, terminal_width
from phi4eval.cli.shared.options import Session, SubVerbs, common, pass_session, results_option, split_pairs
from phi4eval.errors import UsageError

if TYPE_CHECKING:
    from phi4eval.gate.verdict import GateVerdict
    from phi4eval.types import Manifest

SETTINGS = ("tasks", "task", "items", "prompt", "sampling", "grader")


@click.group(cls=SubVerbs, invoke_without_command=True)
@click.option("--baseline", metavar="RUN", help="A run; last[:N]; or published: report[:MODEL].")
@click.option("--candidate", metavar="RUN", help="The run to judge: path, id or a part of it.")
@click.option("--policy", metavar="FILE", help="gate.yaml; without one: no regression on any task.")
@click.option(
    "--accept", type=click.Choice(SETTINGS), multiple=True, help="A difference of settings that is meant."
)
@click.option("--scan", metavar="PATH", help="A contamination scan, or a run with one joined.")
@click.option("--junit", metavar="FILE", help="Write JUnit XML.")
@click.option("--summary", metavar="FILE", help="Append Markdown, as to $GITHUB_STEP_SUMMARY.")
@click.option("--comment", metavar="FILE", help="Write the body of a pull request comment.")
@click.option("--badge", metavar="FILE", help="Write an SVG badge.")
@click.option("--annotate", is_flag=True, help="Print GitHub annotations on stderr.")
@click.option("--strict", is_flag=True, help="Exit 6 where the verdict is inconclusive.")
@click.option("--regrade", is_flag=True, help="Where graders differ, grade both runs again first.")
@click.option("--sequential", is_flag=True, help="Run --model only as far as the verdict needs.")
@click.option("--model", metavar="NAME", help="With --sequential: the candidate, as for run.")
@click.option("--tasks", metavar="NAMES", multiple=True, help="With --sequential: the baseline's by default.")
@click.option("--backend", metavar="NAME", default="auto", help="With --sequential: as for run.")
@click.option("--base-url", metavar="URL", help="With --sequential: as for run.")
@click.option(
    "--data", metavar="TASK=FILE", multiple=True, callback=split_pairs, help="With --sequential: as for run."
)
@click.option("--seed", metavar="N", type=click.IntRange(min=0), default=0, help="Of the order of items.")
@click.option("--power", is_flag=True, help="Say which drops this gate would catch, and judge nothing.")
@results_option
@common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    baseline: str | None,
    candidate: str | None,
    policy: str | None,
    accept: tuple[str, ...],
    scan: str | None,
    junit: str | None,
    summary: str | None,
    comment: str | None,
    badge: str | None,
    annotate: bool,
    strict: bool,
    regrade: bool,
    sequential: bool,
    power: bool,
    results: str,
    **asked: Any,
) -> None:
    """Judge a candidate run against a baseline.

    Exit codes: 0 pass (and inconclusive, with a warning), 1 fail, 3 incomplete, 6 inconclusive with --strict,
    7 invalid: the two do not measure the same thing.
    """
    if ctx.invoked_subcommand is not None:
        return
    session = ctx.ensure_object(Session)
    judged = ("--model", asked["model"]) if sequential else ("--candidate", candidate)
    for name, value in (("--baseline", baseline), judged):
        if value is None:
            raise UsageError(f"missing option '{name}'", f"{ctx.command_path} --help shows how it is used")
    if power:
        _show_power(session, str(baseline), str(candidate), policy, results)
        return
    shared: dict[str, Any] = {
        "baseline": str(baseline),
        "policy": policy,
        "accept": accept,
        "strict": strict,
    }
    if sequential:
        verdict = _sequential(session, results=results, **shared, **asked)
    else:
        from phi4eval.gate.decide import gate_runs

        verdict = gate_runs(candidate=str(candidate), scan=scan, results=results, **shared)
        if regrade and _graded_unlike(verdict):
            _regrade(verdict)
            verdict = gate_runs(candidate=str(candidate), scan=scan, results=results, **shared)
    _write(verdict, junit=junit, summary=summary, comment=comment, badge=badge)
    _print(verdict, session, annotate=annotate)
    raise click.exceptions.Exit(verdict.exit_code)


def _graded_unlike(verdict: GateVerdict) -> bool:
    """Whether the verdict is invalid, and other graders are among the reasons."""
    unlike = any(d.setting == "grader" for d in verdict.differences) and "grader" not in verdict.accepted
    return verdict.outcome == "invalid" and unlike


def _regrade(verdict: GateVerdict) -> None:
    """Grade the stored completions of both runs again; completions stay as they are, no model is asked."""
    from phi4eval.engine import regrade

    for name in (verdict.baseline, verdict.candidate):
        _, changed = regrade(name.path)
        tell(f"{printable(name.label)} graded again: {changed:,} verdicts changed")


def _sequential(
    session: Session,
    *,
    baseline: str,
    results: str,
    model: str,
    tasks: tuple[str, ...],
    backend: str,
    base_url: str | None,
    data: dict[str, str],
    seed: int,
    **shared: Any,
) -> GateVerdict:
    """Run the candidate as the baseline was run, as far as the verdict needs; a line a look on stderr."""
    from phi4eval.cli.shared.interrupt import Interrupt
    from phi4eval.sequential_gate import gate_sequentially
    from phi4eval.store import find_run, load_run
    from phi4eval.types import RunRequest

    before = load_run(find_run(baseline, results)).manifest
    request = RunRequest(
        model=model,
        tasks=tasks or _names(before),
        backend=backend,
        base_url=base_url,
        data=data,
        seed=before.seed,
        results=results,
        **_as_asked(before),
    )
    session.resumable = True
    with Interrupt() as stop:
        return gate_sequentially(
            request,
            baseline=baseline,
            seed=seed,
            stop=stop,
            on_batch=lambda task, seen, all_: tell(f"{printable(task)}: {seen:,} of {all_:,} items seen"),
            **shared,
        )


def _names(before: Manifest) -> tuple[str, ...]:
    """The names of the baseline's tasks, where names alone find them again."""
    from phi4eval.task import is_packaged

    names = tuple(made.task.name for made in before.tasks)
    lost = [name for name in names if not is_packaged(name)]
    if lost:
        raise UsageError(
            f"the baseline's {', '.join(lost)} came from a task file, and a run does not keep its path",
            "name all tasks again: --tasks FILE.yaml",
        )
    return names


def _as_asked(before: Manifest) -> dict[str, Any]:
    """Repeats and sampling of the baseline where all of its tasks share them; else as each task says."""
    shared: dict[str, set[Any]] = {
        "repeats": {made.repeats for made in before.tasks},
        **{
            name: {getattr(made.sampling, name) for made in before.tasks}
            for name in ("temperature", "top_p", "max_tokens")
        },
    }
    return {name: values.pop() if len(values) == 1 else None for name, values in shared.items()}


def _write(
    verdict: GateVerdict, *, junit: str | None, summary: str | None, comment: str | None, badge: str | None
) -> None:
    """The reports that were asked for; before anything is printed, so that a full disk is no verdict."""
    from phi4eval.gate import badge as badge_of
    from phi4eval.gate import junit as junit_of
    from phi4eval.gate import markdown

    for path, text in (
        (junit, junit_of.junit(verdict)),
        (comment, markdown.comment(verdict)),
        (badge, badge_of.badge(verdict)),
    ):
        if path is not None:
            _save(path, text, append=False)
    if summary is not None:
        _save(summary, markdown.step_summary(verdict), append=True)


def _save(path: str, text: str, *, append: bool) -> None:
    target = Path(path)
    try:
        with target.open("ab" if append else "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", "make its directory first, or choose another place"
        ) from error


def _print(verdict: GateVerdict, session: Session, *, annotate: bool) -> None:
    from phi4eval.cli.views.gate import verdict_lines
    from phi4eval.gate.annotations import annotation_lines

    if session.json:
        show_json("gate", {**msgspec.structs.asdict(verdict), "exit_code": verdict.exit_code})
    else:
        show(verdict_lines(verdict, width=terminal_width()))
    if annotate:
        tell(annotation_lines(verdict))


def _show_power(session: Session, baseline: str, candidate: str, policy: str | None, results: str) -> None:
    from phi4eval.cli.views.gate import power_lines
    from phi4eval.gate.power import gate_power

    made = gate_power(baseline=baseline, candidate=candidate, policy=policy, results=results)
    if session.json:
        show_json("gate-power", {"tasks": made})
    else:
        show(power_lines(made, width=terminal_width()))


@command.command()
@click.option("--dir", "folder", metavar="DIR", default=".", show_default=True, help="Where to write.")
@click.option("--force", is_flag=True, help="Write over files that exist.")
@common
@pass_session
def init(session: Session, *, folder: str, force: bool) -> None:
    """Write gate.yaml and a GitHub workflow to start from."""
    from phi4eval.gate.init import write_files

    written = [str(path) for path in write_files(folder, force=force)]
    if session.json:
        show_json("gate-init", {"files": written})
    else:
        show([f"wrote {path}" for path in written])
