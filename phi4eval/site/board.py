"""Who stands where? Runs, published tables and a scan become models, tasks and ranks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from phi4eval.comparison.published import (
    PublishedComparison,
    PublishedScore,
    compare_published,
    read_published,
)
from phi4eval.comparison.settings import SettingDifference, setting_differences
from phi4eval.comparison.words import Unit
from phi4eval.leaks import Scan
from phi4eval.models import list_models
from phi4eval.site.gather import items_of, read_run
from phi4eval.site.names import slug
from phi4eval.site.pairing import make_pairs
from phi4eval.site.records import Entry, ItemPage, Measured, RunPage, Site, TaskBoard
from phi4eval.stats.rank import Rank, rank_models
from phi4eval.store import Run
from phi4eval.types import Item, ItemOverlap, RunContamination, ScanFacts, Task

ALPHA = 0.05
SHARED = 0.9
"""A model is ranked on a task if it has a score on this share of the items of the model with most."""


def make_site(
    runs: Sequence[Run],
    *,
    baselines: Sequence[str],
    scan: Scan | None,
    title: str,
    left_out: Sequence[tuple[str, str]] = (),
) -> Site:
    """Everything that the pages show. UsageError for an unknown baseline, StoreError for a broken run."""
    pages = [read_run(run, scan) for run in runs]
    items = {page.slug: items_of(run) for page, run in zip(pages, runs, strict=True)}
    tables = [read_published(name) for name in baselines]
    entries = (*_measured_entries(pages), *_published_entries(tables))
    pairs, pairs_left_out = make_pairs(entries, pages)
    return Site(
        title=title,
        entries=entries,
        tasks=tuple(_boards(pages, entries, items)),
        runs=tuple(pages),
        pairs=pairs,
        pairs_left_out=pairs_left_out,
        baselines=tuple(baselines),
        scans=_scans(pages),
        left_out=tuple(left_out),
    )


def _scans(pages: Sequence[RunPage]) -> tuple[ScanFacts, ...]:
    """Every scan that is known, once, in the order of the runs."""
    return tuple({page.joined.scan.digest: page.joined.scan for page in pages if page.joined}.values())


def counting(results: Iterable[Measured], created: dict[str, str]) -> Measured:
    """The result that stands for a model: complete before incomplete, more samples, then the newest."""
    return max(results, key=lambda m: (m.summary.complete, m.manifest.samples, created[m.run], m.run))


def _measured_entries(pages: Sequence[RunPage]) -> list[Entry]:
    groups: dict[tuple[str, str | None], list[RunPage]] = defaultdict(list)
    for page in pages:
        groups[page.manifest.model.name, page.manifest.fingerprint.weights].append(page)
    names = [name for name, _ in groups]
    created = {page.slug: page.manifest.created for page in pages}
    entries = []
    for (name, weights), found in groups.items():
        found.sort(key=lambda page: (page.manifest.created, page.slug))
        by_task: dict[str, list[Measured]] = defaultdict(list)
        for page in found:
            for task, measured in page.measured.items():
                if measured.score is not None:
                    by_task[task].append(measured)
        shown = name if names.count(name) == 1 else f"{name} @ {(weights or 'unknown')[:8]}"
        entries.append(
            Entry(
                slug=slug(shown),
                name=shown,
                spec=found[-1].manifest.model,
                weights=weights,
                backend=found[-1].manifest.fingerprint.backend,
                measured={task: counting(results, created) for task, results in sorted(by_task.items())},
                runs=tuple(page.slug for page in found),
            )
        )
    return sorted(entries, key=lambda entry: entry.name)


def _published_entries(tables: Sequence[dict[str, dict[str, PublishedScore]]]) -> list[Entry]:
    known = {spec.name: spec for spec in list_models()}
    scores: dict[str, dict[str, PublishedScore]] = defaultdict(dict)
    for table in tables:
        for task, by_model in table.items():
            for model, score in by_model.items():
                scores[model][task] = score
    return [
        Entry(slug=f"{slug(model)}-published", name=model, spec=known.get(model), published=found)
        for model, found in scores.items()
    ]


def _boards(
    pages: Sequence[RunPage],
    entries: Sequence[Entry],
    items: dict[str, dict[str, dict[str, Item]]],
) -> list[TaskBoard]:
    ours = {task for entry in entries for task in entry.measured}
    theirs = {task for entry in entries for task in entry.published}
    boards = [_measured_board(task, pages, entries, items) for task in sorted(ours)]
    boards += [_published_board(task, entries) for task in sorted(theirs - ours)]
    # benchmarks before sample sets, tasks that were run before those that are only published
    return sorted(boards, key=lambda b: (b.task is not None and b.task.sample, b.task is None))


def _published_board(name: str, entries: Sequence[Entry]) -> TaskBoard:
    unit: Unit = "points" if name == "amc" else "share"
    task = _packaged(name)
    return TaskBoard(slug=slug(name), name=name, title=task.title if task else name, task=task, unit=unit)


def _packaged(name: str) -> Task | None:
    from phi4eval.errors import Phi4evalError
    from phi4eval.task import find_task

    try:
        return find_task(name)
    except Phi4evalError:
        return None


def _measured_board(
    name: str,
    pages: Sequence[RunPage],
    entries: Sequence[Entry],
    items: dict[str, dict[str, dict[str, Item]]],
) -> TaskBoard:
    measured = sorted(
        (entry.measured[name] for entry in entries if name in entry.measured),
        key=lambda m: (-(m.score.mean if m.score else 0.0), m.label),
    )
    every = [page.measured[name] for page in pages if name in page.measured]
    newest = max(pages, key=lambda page: (name in page.measured, page.manifest.created, page.slug))
    ranks, common = rank_results(measured)
    task = newest.measured[name].manifest.task
    return TaskBoard(
        slug=slug(name),
        name=name,
        title=task.title,
        task=task,
        unit=measured[0].unit,
        items=_items(name, every, items, {page.slug: page.joined for page in pages}),
        measured=tuple(measured),
        every=tuple(every),
        ranks=ranks,
        common=common,
        differences=_differences(name, measured, pages),
        against=tuple(_against(name, measured, pages, entries)),
    )


def rank_results(measured: Sequence[Measured]) -> tuple[dict[str, Rank], int]:
    """Ranks by run on the items that all ranked runs scored, and how many these are; nothing for one run."""
    scored = {
        m.run: {key: item for key, item in m.scores.items.items() if item.score is not None} for m in measured
    }
    if not scored:
        return {}, 0
    most = max(scored.values(), key=len)
    ranked = [run for run, found in scored.items() if len(found.keys() & most.keys()) >= SHARED * len(most)]
    keys = [key for key in most if all(key in scored[run] for run in ranked)]
    if len(ranked) < 2 or not keys:
        return {}, 0
    named = any(most[key].cluster for key in keys)
    clusters = [most[key].cluster or most[key].id for key in keys] if named else None
    table = [[scored[run][key].score or 0.0 for key in keys] for run in ranked]
    return dict(zip(ranked, rank_models(table, clusters, alpha=ALPHA), strict=True)), len(keys)


def _items(
    name: str,
    every: Sequence[Measured],
    items: dict[str, dict[str, dict[str, Item]]],
    joined: dict[str, RunContamination | None],
) -> tuple[ItemPage, ...]:
    found: dict[str, Item] = {}
    leaks: dict[str, tuple[ItemOverlap, ScanFacts]] = {}
    for measured in every:
        scan = joined[measured.run]
        known = scan.of(name) if scan else {}
        for id_, cell in measured.cells.items():
            found.setdefault(cell.key, items[measured.run][name][id_])
            if scan is not None and id_ in known:
                leaks.setdefault(cell.key, (known[id_], scan.scan))
    return tuple(
        ItemPage(
            slug=_item_slug(item, key),
            key=key,
            item=item,
            leak=leaks[key][0] if key in leaks else None,
            scan=leaks[key][1] if key in leaks else None,
        )
        for key, item in sorted(found.items(), key=lambda row: (row[1].index, row[1].id, row[0]))
    )


def _item_slug(item: Item, key: str) -> str:
    """Of the id and the content: two versions of a data set may call two questions by one name."""
    return f"{slug(item.id)}-{slug(key)[:8]}"


def _differences(
    name: str, measured: Sequence[Measured], pages: Sequence[RunPage]
) -> tuple[SettingDifference, ...]:
    by_slug = {page.slug: page.scores for page in pages}
    made: dict[str, SettingDifference] = {}
    for other in measured[1:]:
        for difference in setting_differences(by_slug[measured[0].run], by_slug[other.run]):
            if difference.task == name and difference.invalidates:
                made.setdefault(f"{other.label}: {difference.sentence()}", difference)
    return tuple(made.values())


def _against(
    name: str, measured: Sequence[Measured], pages: Sequence[RunPage], entries: Sequence[Entry]
) -> list[PublishedComparison]:
    published = {entry.name: entry.published[name] for entry in entries if name in entry.published}
    by_slug = {page.slug: page.scores for page in pages}
    made = []
    for result in measured:
        score = published.get(result.model) or published.get("phi-4")
        if score is not None:
            made += compare_published(by_slug[result.run], {name: score}, alpha=ALPHA)
    return made


def runs_under(results: str | Path) -> tuple[list[Run], list[tuple[str, str]]]:
    """All runs of a directory, oldest first, and the names of those that cannot be read, with the reason."""
    from phi4eval.site.gather import find_runs

    runs, broken = [], []
    for run, name, reason in find_runs(results):
        if run is None:
            broken.append((name, reason))
        else:
            runs.append(run)
    return sorted(runs, key=lambda run: (run.manifest.created, run.manifest.run_id)), broken
