"""A run as a table of samples: Parquet for programs, CSV for people and spreadsheets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from phi4eval.interop.options import ExportOptions
from phi4eval.lines import write_atomically
from phi4eval.store import Run

if TYPE_CHECKING:
    import pandas as pd

TEXTS = ("text", "gold", "extracted", "protocol_extracted")
"""Columns that may hold the text of an item or of an answer to it."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_parquet(run: Run, out: Path, options: ExportOptions) -> list[Path]:
    """samples.parquet: frames.RECORD_COLUMNS, one row a sample, every string as it is."""
    path = out / "samples.parquet"
    data = _frame(run, options).to_parquet(index=False)
    write_atomically(path, data)
    return [path]


def write_csv(run: Run, out: Path, options: ExportOptions) -> list[Path]:
    """samples.csv: the same in UTF-8; texts that a spreadsheet would run as a formula begin with '."""
    path = out / "samples.csv"
    frame = _frame(run, options)
    for name in frame.columns:
        if frame[name].dtype.kind == "O" or str(frame[name].dtype) in ("str", "string"):
            frame[name] = frame[name].map(_inert, na_action="ignore")
    write_atomically(path, frame.to_csv(index=False, lineterminator="\n").encode("utf-8", "backslashreplace"))
    return [path]


def _frame(run: Run, options: ExportOptions) -> pd.DataFrame:
    frame = run.to_pandas()
    hidden = frame["task"].isin(options.withheld(run))
    for name in TEXTS:
        if name in frame.columns:
            frame.loc[hidden, name] = None
    return frame


def _inert(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
