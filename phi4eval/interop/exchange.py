"""Which reader or writer takes this file or format?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from phi4eval.errors import DataError, NothingMatchedError, StoreError, UsageError, did_you_mean
from phi4eval.interop import inspect_log, lm_eval_results
from phi4eval.interop.build import Imported, write_run
from phi4eval.interop.every_eval_ever import write_every_eval_ever
from phi4eval.interop.lm_eval_layout import write_lm_eval
from phi4eval.interop.model_index import write_model_index
from phi4eval.interop.options import ExportOptions
from phi4eval.interop.records import ForeignRun
from phi4eval.interop.tables import write_csv, write_parquet
from phi4eval.store import Run, load_run

FORMATS: Mapping[str, Callable[[Run, Path, ExportOptions], list[Path]]] = {
    "lm-eval": write_lm_eval,
    "every-eval-ever": write_every_eval_ever,
    "model-index": write_model_index,
    "parquet": write_parquet,
    "csv": write_csv,
}
"""Formats of export."""


def import_runs(
    path: str | Path,
    *,
    results: str | Path = "results/runs",
    metric: str | None = None,
    graders: Mapping[str, str] | None = None,
) -> list[Imported]:
    """Make runs of what lm-eval or Inspect wrote: a file, or a directory with any number of them.

    metric: the metric or scorer kept as the tool's own verdict, None: the first. graders: task -> grader of
    ours. Every file is read before the first run is written. Raises NothingMatchedError where there is
    nothing to import, DataError for what is broken.
    """
    runs = [reader(metric) for reader in _readers(Path(path))]
    return [write_run(run, results, graders=_of(run, graders or {}, runs)) for run in runs]


def _of(run: ForeignRun, graders: Mapping[str, str], runs: list[ForeignRun]) -> dict[str, str]:
    """The graders named for this run's tasks; a task that no run has is passed on to be complained about."""
    anywhere = {task.name for each in runs for task in each.tasks}
    mine = {task.name for task in run.tasks}
    return {task: grader for task, grader in graders.items() if task in mine or task not in anywhere}


def _readers(path: Path) -> list[Callable[[str | None], ForeignRun]]:
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if file.is_file()]
        chosen = [file for file in files if lm_eval_results.is_results(file)]
        chosen += [file for file in files if file not in chosen and _may_be_log(file)]
        if not chosen:
            raise NothingMatchedError(
                f"nothing to import in {path}",
                "lm-eval writes results_DATE.json with samples_TASK_DATE.jsonl, Inspect .eval or .json logs",
            )
    elif path.is_file():
        chosen = [path]
    else:
        raise UsageError(f"{path} does not exist", "give a file or directory that lm-eval or Inspect wrote")
    return [_reader(file) for file in chosen]


def _may_be_log(file: Path) -> bool:
    """A .eval file, or a .json file whose beginning has the fields of Inspect's header."""
    if file.suffix == ".eval":
        return True
    if file.suffix != ".json":
        return False
    with file.open("rb") as stream:
        head = stream.read(4096)
    return b'"version"' in head and b'"eval"' in head and b'"status"' in head


def _reader(file: Path) -> Callable[[str | None], ForeignRun]:
    if lm_eval_results.is_results(file):
        return lambda metric: lm_eval_results.read_results(file, metric=metric)
    if inspect_log.is_log(file):
        return lambda metric: inspect_log.read_log(file, metric=metric)
    raise DataError(
        f"{file} is no format that can be imported",
        "lm-eval's results_DATE.json, or Inspect's .eval or .json log",
    )


def export_run(
    run: str | Path,
    *,
    format: str,
    out: str | Path,
    with_texts: bool = False,
    developer: str | None = None,
) -> list[Path]:
    """Write a run in another tool's format; returns the files.

    run: a run directory. format: one of FORMATS. with_texts, developer: as in ExportOptions.
    Raises UsageError for an unknown format, StoreError where the files cannot be written.
    """
    if format not in FORMATS:
        raise UsageError(
            f'no export format "{format}"', did_you_mean(format, FORMATS, f"there are {', '.join(FORMATS)}")
        )
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        options = ExportOptions(with_texts=with_texts, developer=developer)
        return FORMATS[format](load_run(run), folder, options)
    except OSError as error:
        raise StoreError(
            f"cannot write in {folder}: {error.strerror or error}", "choose another --out"
        ) from error
