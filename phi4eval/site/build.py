"""How do runs become a folder of pages? Gather, render what changed, remove what is gone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

import phi4eval
from phi4eval.errors import StoreError, UsageError
from phi4eval.leaks import read_scan
from phi4eval.lines import write_atomically
from phi4eval.site.board import make_site, runs_under
from phi4eval.site.evidence import Reader
from phi4eval.site.names import slug
from phi4eval.site.page import render, sources_digest
from phi4eval.site.pages import (
    Page,
    changes,
    claims,
    compare,
    data,
    items,
    leaderboard,
    method,
    models,
    overlap,
    runs,
    tasks,
)
from phi4eval.site.records import Site
from phi4eval.site.tables import Scores
from phi4eval.store import Run, find_run

MANIFEST = "site.json"
TITLE = "phi4eval leaderboard"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a site. sha: of its bytes; key: of what it was made from ("" = made anew each time)."""

    sha: str
    size: int
    key: str = ""


class SiteManifest(msgspec.Struct, frozen=True, kw_only=True):
    """site.json: which program made which files. A folder that holds one may be built into again."""

    schema: int = 1
    program: str
    files: dict[str, Made]


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What a build did. left_out: runs that could not be read, with the reason."""

    out: str
    pages: int
    rendered: int
    unchanged: int
    removed: int
    size: int
    models: int
    tasks: int
    items: int
    runs: int
    left_out: tuple[tuple[str, str], ...] = ()


def build_site(
    *wanted: str | Path | Run,
    out: str | Path,
    results: str | Path = "results/runs",
    baselines: Sequence[str] = ("report",),
    contamination: str | Path | None = None,
    since: str | Path | None = None,
    title: str = TITLE,
    on_page: Callable[[int, int], None] | None = None,
) -> Built:
    """Write the pages of runs (directories, ids or parts of one; all under `results` if none) into a folder.

    baselines: names of published tables that stand beside the runs. contamination: the --out folder of a
    scan. since: an earlier build's folder, for the page of changes. on_page: called with pages done and
    pages planned. The same input gives the same bytes, and pages whose input has not changed are not made
    again. Raises UsageError for a folder that holds something else, NothingMatchedError for an unknown run,
    StoreError for a damaged one.
    """
    root = Path(out)
    old = _previous(root)
    chosen, broken = _runs(wanted, results)
    scan = None if contamination is None else read_scan(contamination)
    site = make_site(chosen, baselines=baselines, scan=scan, title=title, left_out=broken)
    before = None if since is None else changes.read_scores_file(since)
    reader = Reader({slug(run.manifest.run_id): run for run in chosen})
    planned = list(_planned(site, reader, before))
    # an interrupted build must be able to say which files are its own
    _write_manifest(
        root, {**old, **{page.path: Made(sha="", size=0) for page in planned if page.path not in old}}
    )
    files: dict[str, Made] = {}
    rendered = 0
    for done, page in enumerate(planned, start=1):
        kept = _kept(root, page, old)
        if kept is None:
            kept = _write(root, page)
            rendered += 1
        files[page.path] = kept
        if on_page is not None:
            on_page(done, len(planned))
    gone = [path for path in old if path not in files]
    for path in gone:
        _remove(root, path)
    _write_manifest(root, files)
    return Built(
        out=str(root),
        pages=len(files),
        rendered=rendered,
        unchanged=len(files) - rendered,
        removed=len(gone),
        size=sum(made.size for made in files.values()),
        models=len(site.entries),
        tasks=len(site.tasks),
        items=sum(len(board.items) for board in site.tasks),
        runs=len(site.runs),
        left_out=tuple(broken),
    )


def _runs(wanted: Sequence[str | Path | Run], results: str | Path) -> tuple[list[Run], list[tuple[str, str]]]:
    if not wanted:
        return runs_under(results)
    runs = [run if isinstance(run, Run) else Run(find_run(str(run), results)) for run in wanted]
    once = {run.manifest.run_id: run for run in runs}
    return sorted(once.values(), key=lambda run: (run.manifest.created, run.manifest.run_id)), []


def _planned(site: Site, reader: Reader, since: Scores | None) -> Iterator[Page]:
    code = sources_digest() + phi4eval.__version__
    yield from leaderboard.pages(site)
    yield from tasks.pages(site)
    yield from models.pages(site)
    yield from items.pages(site, reader, code=code)
    yield from compare.pages(site, reader, code=code)
    yield from claims.pages(site)
    yield from overlap.pages(site)
    yield from runs.pages(site)
    yield from changes.pages(site, since)
    yield from data.pages(site)
    yield from method.pages(site)


def _previous(root: Path) -> dict[str, Made]:
    """The files of an earlier build in this folder; UsageError where it holds anything else."""
    manifest = root / MANIFEST
    if manifest.is_file():
        try:
            return msgspec.json.decode(manifest.read_bytes(), type=SiteManifest).files
        except (OSError, msgspec.MsgspecError) as error:
            raise UsageError(f"{manifest} cannot be read: {error}", "give a new folder with --out") from error
    if root.exists() and (not root.is_dir() or list(root.iterdir())):
        raise UsageError(
            f"{root} is not empty and holds no site of phi4eval", "give a new folder, or an earlier site's"
        )
    return {}


def _kept(root: Path, page: Page, old: dict[str, Made]) -> Made | None:
    """What stands for a page that need not be made again: same input, and the file as it was written."""
    before = old.get(page.path)
    if not page.key or before is None or before.key != page.key:
        return None
    try:
        data = (root / page.path).read_bytes()
    except OSError:
        return None
    return before if hashlib.sha256(data).hexdigest() == before.sha else None


def _write(root: Path, page: Page) -> Made:
    data = page.data
    if data is None:
        text = render(page.template, path=page.path, title=page.title, **page.values)
        data = text.encode("utf-8", "replace")
    _put(root / page.path, data)
    return Made(sha=hashlib.sha256(data).hexdigest(), size=len(data), key=page.key)


def _put(file: Path, data: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    except OSError as error:
        raise StoreError(
            f"cannot write {file}: {error.strerror or error}",
            "free space or fix permissions, then build again: it goes on where it stopped",
        ) from error


def _write_manifest(root: Path, files: dict[str, Made]) -> None:
    made = SiteManifest(program=f"phi4eval {phi4eval.__version__}", files=dict(sorted(files.items())))
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot create {root}: {error.strerror}", "choose another place with --out"
        ) from error
    text = msgspec.json.format(msgspec.json.encode(made, order="sorted"), indent=1)
    write_atomically(root / MANIFEST, text + b"\n")


def _remove(root: Path, path: str) -> None:
    """Remove a page of an earlier build, and its folder if nothing else is in it."""
    file = root / path
    if ".." in Path(path).parts or Path(path).is_absolute():
        return  # a manifest that someone else wrote must not reach outside
    file.unlink(missing_ok=True)
    for folder in file.parents:
        if folder == root or list(folder.iterdir()):
            return
        folder.rmdir()
