"""Look for benchmark items in a corpus, show what was found, or write a clean copy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from phi4eval.cli.console import (
    fields,
    paragraph,
    printable,
    show,
    show_json,
    tell,
    terminal_width,
    warn,
    wrapped,
)
from phi4eval.cli.shared.completion import complete_models, complete_tasks
from phi4eval.cli.shared.options import Session, SubVerbs, common, pass_session, results_option, split_pairs
from phi4eval.errors import DataError, NothingMatchedError, UsageError, did_you_mean

if TYPE_CHECKING:
    from phi4eval.contamination import Finding, ItemRow, ScanItem, ScanSummary
    from phi4eval.contamination.clean import CleanSummary, Drop
    from phi4eval.contamination.records import RuleName


@click.group(cls=SubVerbs)
@common
def command() -> None:
    """Look for benchmark items in a corpus, show what was found, or write a clean copy."""


@command.command()
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...")
@click.option(
    "--tasks",
    "-t",
    default="",
    metavar="NAMES",
    shell_complete=complete_tasks,
    help="Tasks or suites whose items to look for.",
)
@click.option(
    "--items", "items_file", metavar="FILE.jsonl", help="Rows {item_id, question, answer?, choices?}."
)
@click.option(
    "--data", multiple=True, metavar="TASK=FILE", callback=split_pairs, help="A task's data from a file."
)
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    help="Folder for findings, items and summary; resumes what is there.",
)
@click.option(
    "--rule", "rules", default="align", show_default=True, metavar="RULES", help="align, phi4, gpt3, palm."
)
@click.option("--text-field", default="text", show_default=True, metavar="F", help="Column with the text.")
@click.option("--id-field", default="id", show_default=True, metavar="F", help="Column that names documents.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option(
    "--executor",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Processes of this machine, or Ray Data.",
)
@click.option("--clean-to", metavar="DIR", help="Also write a copy of CORPUS without the leaked documents.")
@click.option(
    "--fail-on", default="", metavar="VERDICTS", help="End with 1 where an item has one of these: exact,near"
)
@common
@pass_session
def scan(
    session: Session,
    *,
    corpora: tuple[str, ...],
    tasks: str,
    items_file: str | None,
    data: dict[str, str],
    out: str,
    rules: str,
    text_field: str,
    id_field: str,
    workers: int,
    executor: Literal["local", "ray"],
    clean_to: str | None,
    fail_on: str,
) -> None:
    """Look for items in CORPUS: files, folders or globs of .jsonl, .gz, .zst, .parquet, .txt, or hf:NAME.

    The same command run again goes on where it stopped.
    """
    from phi4eval.contamination import VERDICTS, PartDone, ScanRequest, run_scan
    from phi4eval.contamination.items import read_items

    stop_on = [verdict for verdict in fail_on.split(",") if verdict]
    for verdict in stop_on:
        if verdict not in VERDICTS:
            raise UsageError(
                f'there is no verdict "{verdict}"', did_you_mean(verdict, VERDICTS, ", ".join(VERDICTS))
            )
    items = read_items(Path(items_file)) if items_file else []
    items += _task_items(tasks, data) if tasks else []
    request = ScanRequest(
        corpora=corpora,
        out=out,
        rules=cast("tuple[RuleName, ...]", tuple(rule.strip() for rule in rules.split(","))),
        text_field=text_field,
        id_field=id_field,
        workers=workers,
        executor=executor,
    )

    def on_progress(state: PartDone) -> None:
        tell(f"part {state.done:,} of {state.parts:,}: {state.bytes:,} bytes of text")

    session.resumable = True
    summary = run_scan(items, request, on_progress=on_progress)
    if clean_to is not None:
        _write_clean(corpora, out, clean_to, "doc", text_field)
    if session.json:
        show_json("contamination", {"summary": summary, "out": out, "clean": clean_to})
    else:
        show(_summary_lines(summary, out))
    if any(summary.verdicts[verdict] for verdict in stop_on):
        raise click.exceptions.Exit(1)


def _task_items(names: str, data: dict[str, str]) -> list[ScanItem]:
    from phi4eval.contamination.items import scan_item
    from phi4eval.task import expand, load_dataset

    return [
        scan_item(item) for task in expand([names]) for item in load_dataset(task, data.get(task.name)).items
    ]


def _summary_lines(summary: ScanSummary, out: str) -> list[str]:
    verdicts = ", ".join(f"{count:,} {name}" for name, count in summary.verdicts.items() if count)
    damaged = sum(not file.complete for file in summary.files)
    pairs: list[tuple[str, Any]] = [
        ("items", f"{summary.items:,}: {verdicts}"),
        ("documents", f"{summary.documents:,}, {summary.dirty_documents:,} of them with a leak"),
        ("text", f"{summary.text_bytes:,} bytes in {len(summary.files):,} files"),
        ("read", f"{summary.share_read:.2%} of the corpus; {damaged:,} files not to their end"),
        (
            "problems",
            f"{summary.problem_count:,} (listed in summary.json)" if summary.problem_count else "none",
        ),
        ("rules", ", ".join(summary.rules)),
        ("written to", out),
    ]
    return fields(pairs, width=terminal_width())


@command.command("show")
@click.argument("item_id", metavar="ITEM")
@click.option("--findings", "folder", required=True, metavar="DIR", help="The --out folder of a scan.")
@common
@pass_session
def show_item(session: Session, *, item_id: str, folder: str) -> None:
    """Show an item's verdict with its evidence, word by word."""
    import msgspec

    from phi4eval.contamination import ItemRow

    path = Path(folder) / "items.jsonl"
    try:
        rows = [msgspec.json.decode(line, type=ItemRow) for line in path.read_bytes().splitlines()]
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(
            f"cannot read {path}: {error}", "give the --out folder of `contamination scan`"
        ) from error
    row = next((row for row in rows if row.item_id == item_id), None)
    if row is None:
        hint = did_you_mean(item_id, [row.item_id for row in rows], f"{path} lists all")
        raise NothingMatchedError(f'there is no item "{item_id}" in this scan', hint)
    if session.json:
        show_json("contamination-item", {"item": row})
    else:
        show(_item_lines(row))


def _item_lines(row: ItemRow) -> list[str]:
    width = terminal_width()
    pairs: list[tuple[str, Any]] = [
        ("item", row.item_id),
        ("verdict", row.verdict),
        ("side", row.side),
        ("meaning", row.wording),
        ("documents", f"{row.documents:,}"),
        *((f"rule {name}", said) for name, said in row.rules.items()),
    ]
    lines = fields(pairs, width=width)
    for finding in row.evidence:
        lines += ["", *_finding_lines(finding, width)]
    return lines


def _finding_lines(finding: Finding, width: int) -> list[str]:
    how = finding.measures
    place = f"{finding.file}, record {finding.record + 1}, characters {finding.start:,}-{finding.end:,}"
    pairs: list[tuple[str, Any]] = [("document", finding.doc_id), ("place", place)]
    if how is not None:
        agreed = f"{how.matched} of {how.length} words, longest run {how.run}, numbers {how.numbers:.0%}"
        pairs.append(("agreement", f"{finding.verdict}, {finding.score:.2f}: {agreed}"))
    lines = fields(pairs, width=width)
    words = " ".join(words if sign == "=" else f"[{sign}{words}{sign}]" for sign, words in finding.diff)
    lines += [f"  {line}" for line in wrapped(printable(words), width - 2)]
    return [
        *lines,
        *(f"  | {line}" for part in paragraph(finding.excerpt) for line in wrapped(part, width - 4)),
    ]


@command.command()
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...")
@click.option(
    "--findings", "folder", required=True, metavar="DIR", help="The --out folder of the corpus's scan."
)
@click.option("--out", required=True, metavar="DIR2", help="Folder for the copy and its cuts.jsonl.")
@click.option(
    "--drop",
    type=click.Choice(["doc", "span"]),
    default="doc",
    show_default=True,
    help="What is cut: whole documents, or the found characters.",
)
@click.option("--text-field", default="text", show_default=True, metavar="F", help="Column with the text.")
@common
@pass_session
def clean(
    session: Session, *, corpora: tuple[str, ...], folder: str, out: str, drop: str, text_field: str
) -> None:
    """Write CORPUS again without what was found in it; cuts.jsonl lists everything that was cut."""
    done = _write_clean(corpora, folder, out, cast("Drop", drop), text_field)
    if session.json:
        show_json("contamination-clean", {"summary": done, "out": out})
        return
    cut = f"{done.cut_records:,} of {done.records:,} records, {done.cut_characters:,} characters"
    rows = [("files", f"{done.files:,}"), ("cut", cut)]
    if done.damaged:
        rows.append(("damaged", f"{len(done.damaged)} files, copied as far as they could be read"))
    rows += [("", each) for each in done.damaged[:10]] + [("written to", out)]
    show(fields(rows, width=terminal_width()))


def _write_clean(
    corpora: tuple[str, ...], folder: str, out: str, drop: Drop, text_field: str
) -> CleanSummary:
    from phi4eval.contamination.clean import clean_corpus, read_findings, read_scanned

    return clean_corpus(
        corpora,
        [finding for finding in read_findings(Path(folder)) if finding.rule == "align"],
        Path(out),
        drop=drop,
        text_field=text_field,
        scanned=read_scanned(Path(folder)),
    )


@command.command("join")
@click.argument("run")
@click.option("--scan", "folder", required=True, metavar="DIR", help="The --out folder of a scan.")
@results_option
@common
@pass_session
def join_run(session: Session, *, run: str, folder: str, results: str) -> None:
    """Join a scan's verdicts into RUN (path, id or a part of it): scores with and without leaked items.

    Asks no model. A scan joined before is replaced.
    """
    from phi4eval.cli.shared.results import show_result
    from phi4eval.joining import join
    from phi4eval.store import find_run, load_run

    path = find_run(run, results)
    summary, joined = join(path, folder, command=session.command)
    if joined.altered:
        named = ", ".join(joined.altered[:3])
        warn(f"{len(joined.altered):,} items have other words in the scan and are not judged: {named}")
    show_result(summary, load_run(path), session)


@command.command()
@click.argument("run")
@results_option
@common
@pass_session
def report(session: Session, *, run: str, results: str) -> None:
    """Show RUN's scores on all, clean and leaked items, and how they move with the threshold of a leak."""
    from phi4eval.cli.views.exposure import exposure_texts, report_lines, sweep_lines
    from phi4eval.store import find_run, load_run
    from phi4eval.summary import summarise, sweeps

    found = load_run(find_run(run, results))
    if found.contamination is None:
        raise UsageError(
            f"no contamination scan was joined into {found.path}",
            f"phi4eval contamination join {found.manifest.run_id} --scan DIR",
        )
    summary, points = summarise(found), sweeps(found)
    if session.json:
        show_json("contamination-report", {"tasks": summary.tasks, "sweeps": points})
        return
    width = terminal_width()
    show(report_lines(summary.tasks, width=width))
    for text in exposure_texts(summary.tasks):
        show(["", *wrapped(printable(text), width)])
    show(["", "leaked from this share of an item on:", *sweep_lines(summary.tasks, points, width=width)])


@command.command()
@click.option(
    "--model",
    metavar="NAME",
    required=True,
    shell_complete=complete_models,
    help="Name (phi4eval models), path, or backend:id[@revision].",
)
@click.option(
    "--tasks",
    "-t",
    metavar="NAMES",
    required=True,
    shell_complete=complete_tasks,
    help="Tasks or suites whose items to ask about.",
)
@click.option(
    "--probes",
    metavar="NAMES",
    default="twin,min-k,min-k++,completion,order",
    show_default=True,
    help="twin, min-k, min-k++, completion, order, cdd.",
)
@click.option("--reference", metavar="NAME", help="A model that surely did not see the items: taken off.")
@click.option("--twins", type=click.IntRange(min=2), default=4, show_default=True, help="Controls an item.")
@click.option("--twins-file", metavar="FILE", help="Own twins: JSON lines {item, twins: [text, text, ...]}.")
@click.option("--samples", type=click.IntRange(min=2), default=20, show_default=True, help="Of cdd, an item.")
@click.option(
    "--alpha",
    type=click.FloatRange(0, 0.5, min_open=True),
    default=0.01,
    show_default=True,
    help="Error allowed over all probes and tasks.",
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="Only the first N items of each task.")
@click.option(
    "--data", multiple=True, metavar="TASK=FILE", callback=split_pairs, help="A task's data from a file."
)
@click.option("--backend", metavar="NAME", default="auto", show_default=True, help="hf or vllm.")
@click.option(
    "--backend-arg",
    multiple=True,
    metavar="NAME=VALUE",
    callback=split_pairs,
    help="A setting of the backend.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the twins.")
@click.option("--fail-on", type=click.Choice(["caught"]), help="End with 1 where a probe caught the model.")
@common
@pass_session
def probe(session: Session, /, *, fail_on: str | None, **options: Any) -> None:
    """Ask the model itself whether it has seen the items: no corpus needed.

    Every probe compares an item with controls that say the same with other numbers (or in another order), and
    prints what that comparison finds among the controls alone, and the least it could have found.
    """
    from phi4eval.cli.shared.probing import carry_out
    from phi4eval.cli.views.probes import probe_lines

    results = carry_out(**options)
    if session.json:
        show_json("contamination-probes", {"model": options["model"], "probes": results})
    else:
        show(probe_lines(results, width=terminal_width()))
    if fail_on and any(result.found == fail_on for result in results):
        raise click.exceptions.Exit(1)
