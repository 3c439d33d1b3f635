"""Look for benchmark items in a corpus, show what was found, or write a clean copy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

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
from phi4eval.cli.shared.completion import complete_tasks
from phi4eval.cli.shared.options import Session, SubVerbs, common, pass_session, results_option, split_pairs
from phi4eval.errors import DataError, NothingMatchedError, UsageError, did_you_mean

if TYPE_CHECKING:
    from phi4eval.contamination import Finding, ItemRow, ScanItem, ScanSummary
    from phi4eval.contamination.clean import Drop
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
    )

    def on_progress(state: PartDone) -> None:
        tell(f"part {state.done:,} of {state.parts:,}: {state.bytes:,} bytes of text")

    session.resumable = True
    summary = run_scan(items, request, on_progress=on_progress)
    if session.json:
        show_json("contamination", {"summary": summary, "out": out})
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
    from phi4eval.contamination.clean import clean_corpus, read_findings, read_scanned

    findings = [finding for finding in read_findings(Path(folder)) if finding.rule == "align"]
    done = clean_corpus(
        corpora,
        findings,
        Path(out),
        drop=cast("Drop", drop),
        text_field=text_field,
        scanned=read_scanned(Path(folder)),
    )
    if session.json:
        show_json("contamination-clean", {"summary": done, "out": out})
        return
    cut = f"{done.cut_records:,} of {done.records:,} records, {done.cut_characters:,} characters"
    show(fields([("files", f"{done.files:,}"), ("cut", cut), ("written to", out)], width=terminal_width()))


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
