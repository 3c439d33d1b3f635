"""How is a whole corpus scanned on one machine? Parts to a process pool, results to a ledger, then the
report.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from phi4eval.contamination.corpus import Part, Reading, find_files, parts_of, read_part, weight_of
from phi4eval.contamination.hub import stream_hub
from phi4eval.contamination.index import Index, build_index
from phi4eval.contamination.index_file import load_index, map_index, save_index
from phi4eval.contamination.ledger import Entry, Ledger, entry, part_key
from phi4eval.contamination.records import RULES, RuleName, ScanItem
from phi4eval.contamination.report import ScanSummary, write_report
from phi4eval.contamination.scan import Scanned, empty_scan, scan_into
from phi4eval.errors import IncompleteError, UsageError, did_you_mean

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    import pyarrow as pa


class ScanRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan is asked. corpora: files, folders, globs, or `hf:NAME[:CONFIG][:SPLIT]`. out: a folder.

    id_field: documents that have it are named by it, the others `file:line` (lines from 1). evidence:
    findings kept with each item. executor: `local`, processes of this machine, or `ray`, Ray Data.
    """

    corpora: tuple[str, ...]
    out: str
    rules: tuple[RuleName, ...] = ("align",)
    text_field: str = "text"
    id_field: str | None = "id"
    workers: int = 1
    executor: Literal["local", "ray"] = "local"
    evidence: int = 3


class PartDone(msgspec.Struct, frozen=True, kw_only=True):
    """Progress: parts done of all, and text bytes of the last one."""

    done: int
    parts: int
    bytes: int


def run_scan(
    items: Sequence[ScanItem], request: ScanRequest, *, on_progress: Callable[[PartDone], None] | None = None
) -> ScanSummary:
    """Scan corpora for items and write findings, items and summary to `request.out`.

    What an interrupted scan with the same items, rules and fields left there is not done again. Raises
    UsageError for an unknown rule, DataError for a corpus without files, IncompleteError where a worker
    process died.
    """
    for rule in request.rules:
        if rule not in RULES:
            raise UsageError(
                f'there is no rule "{rule}"', did_you_mean(rule, RULES, f"rules: {', '.join(RULES)}")
            )
    hub = [corpus for corpus in request.corpora if corpus.startswith("hf:")]
    files = find_files([corpus for corpus in request.corpora if not corpus.startswith("hf:")])
    out = Path(request.out)
    parts = [part for file in files for part in parts_of(file)]
    if request.executor == "local" and request.workers > 1 and len(parts) > 1:
        _start_server()
    index = build_index(items, request.rules)
    save_index(index, out / "index")
    index = map_index(index, out / "index")
    _release_memory()
    keys = [
        part_key(part, index.digest, request.rules, request.text_field, request.id_field) for part in parts
    ]
    ledger = Ledger(out / "ledger.jsonl")
    try:
        done = ledger.keys()
        left = [(key, part) for key, part in zip(keys, parts, strict=True) if key not in done]
        finished = len(parts) - len(left)
        for made in _scan_parts(left, index, request):
            ledger.append(made)
            finished += 1
            if on_progress is not None:
                on_progress(PartDone(done=finished, parts=len(parts), bytes=made.text_bytes))
        streamed = [_scan_stream(name, index, request) for name in hub]
        order = {key: number for number, key in enumerate(keys)}
        entries = sorted(ledger.entries(set(keys)), key=lambda made: order[made.key])
        return write_report(out, index, [*entries, *streamed], request.rules, evidence=request.evidence)
    finally:
        ledger.close()


def _release_memory() -> None:
    """Give back to the system what building the index took (about 150 MB for 10,000 items)."""
    import ctypes

    with suppress(AttributeError, OSError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def _start_server() -> BaseContext:
    """The context in which workers are forked from a process that holds no thread and is warmed up."""
    from multiprocessing import forkserver, get_context

    context = get_context("forkserver")
    context.set_forkserver_preload(["phi4eval.contamination.warm"])
    forkserver.ensure_running()
    return context


def _scan_parts(left: list[tuple[str, Part]], index: Index, request: ScanRequest) -> Iterator[Entry]:
    if request.executor == "ray":
        from phi4eval.contamination.ray_scan import scan_parts

        yield from scan_parts(left, index, request) if left else ()
        return
    if request.workers <= 1 or len(left) <= 1:
        for key, part in left:
            yield scan_part(key, part, index, request)
        return
    from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    folder = str(Path(request.out).resolve() / "index")
    waiting: set[Future[Entry]] = set()
    with ProcessPoolExecutor(
        min(request.workers, len(left)), mp_context=_start_server(), initializer=end_with_parent
    ) as pool:
        # the heaviest first, or the last one of them would be waited for
        ordered = sorted(left, key=lambda each: weight_of(each[1]), reverse=True)
        try:
            for key, part in ordered:
                waiting.add(pool.submit(scan_part_in_worker, key, part, folder, index.digest, request))
                if len(waiting) >= 2 * request.workers:
                    ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in ready)
            while waiting:
                ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in ready)
        except BrokenProcessPool as error:
            raise IncompleteError(
                "a scanning process was killed, most likely for memory",
                "run the same command again: it goes on where it stopped; fewer --workers need less memory",
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def end_with_parent() -> None:
    """End this worker when the process that scans is gone, also where that was killed outright.

    The workers hold each other's end of the queue open, so none of them would see it close.
    """
    from multiprocessing import parent_process
    from multiprocessing.connection import wait
    from threading import Thread

    parent = parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(1)

    Thread(target=watch, daemon=True).start()


@lru_cache(maxsize=1)
def _mapped(folder: str, digest: str) -> Index:
    return load_index(Path(folder))


def scan_part_in_worker(key: str, part: Part, folder: str, digest: str, request: ScanRequest) -> Entry:
    """Scan one part in a process that maps the index from its file."""
    return scan_part(key, part, _mapped(folder, digest), request)


def scan_part(key: str, part: Part, index: Index, request: ScanRequest) -> Entry:
    """Read one part of a corpus and scan it: the unit of work of every executor."""
    reading, total = Reading(), empty_scan(index)
    for batch in read_part(part, request.text_field, request.id_field, reading):
        _scan_batch(total, batch.records, index, request, part.file)
    return entry(key, part, reading, total)


def _scan_stream(name: str, index: Index, request: ScanRequest) -> Entry:
    """A hub data set as one part; a stream has no ledger, an interrupted one begins again."""
    reading, total = Reading(), empty_scan(index)
    for batch in stream_hub(name, request.text_field, request.id_field, reading):
        _scan_batch(total, batch.records, index, request, name)
    reading.bytes = total.counts.bytes
    part = Part(file=name, kind="hub", size=reading.bytes, stamp="")
    return entry("", part, reading, total)


def _scan_batch(
    total: Scanned, records: pa.RecordBatch, index: Index, request: ScanRequest, file: str
) -> None:
    """Add a batch whose findings are told their file and line; nameless documents are named in the report."""
    before = len(total.findings)
    scan_into(total, records, index, text_field="text", id_field="id", rules=request.rules)
    lines, ids = records.column(2), records.column(1)
    total.findings[before:] = [
        msgspec.structs.replace(
            finding,
            file=file,
            record=lines[finding.record].as_py(),
            doc_id=finding.doc_id if ids[finding.record].is_valid else "",
        )
        for finding in total.findings[before:]
    ]


def default_workers() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
