"""How is a data set read that is published as several files, or as files without a header line?

MGSM is a folder of mgsm_bn.tsv, mgsm_de.tsv and so on, two cells a line and no header: a folder, a .zip of
one and a single one of its files are all read. Worked examples come from a second file beside the first.
"""

from __future__ import annotations

import random
from pathlib import Path

from phi4eval.errors import DataError
from phi4eval.task.files import Row, read_rows, read_text_files
from phi4eval.types import ExampleSpec, FileLayout, Task

EXAMPLES = "examples"
"""The column that a task's worked examples fill."""


def has_layout(path: Path) -> bool:
    """Whether the path is a folder, a zip or a file without a header line."""
    return path.is_dir() or path.name.lower().endswith((".tsv", ".zip"))


def read_laid_out(path: Path, layout: FileLayout) -> list[Row]:
    """The rows of all .tsv files of a folder or zip, by name, or of one such file. Raises DataError."""
    rows: list[Row] = []
    for name, text in read_text_files(path, ".tsv"):
        rest: dict[str, str] = {}
        if layout.name_column is not None:
            rest[layout.name_column] = Path(name).stem.rpartition("_")[2]
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            cells = line.strip().split("\t")
            if len(cells) != len(layout.columns):
                raise DataError(
                    f'"{name}" line {number}: {len(cells)} cells where {len(layout.columns)} were expected',
                    f"each line is {', '.join(layout.columns)}, parted by tabs, without a header",
                )
            rows.append({**dict(zip(layout.columns, cells, strict=True)), **rest})
    if not rows:
        raise DataError(f'"{path}" has no rows', "pass the folder of the .tsv files, or one of them")
    return rows


def with_examples(task: Task, rows: list[Row], data: Path) -> list[Row]:
    """Each row with its worked examples, from the file beside the data file. Raises DataError."""
    spec = task.examples
    assert spec is not None
    path = data.parent / spec.file
    if not path.is_file():
        raise DataError(
            f"{task.name} shows {spec.count} worked examples, and {path} does not exist",
            f"put {spec.file} beside {data.name}",
        )
    shown = read_rows(path)
    if len(shown) < spec.count:
        raise DataError(f"{path} has {len(shown)} rows", f"{task.name} shows {spec.count} of them a question")
    return drawn(spec, rows, shown)


def drawn(spec: ExampleSpec, rows: list[Row], shown: list[Row]) -> list[Row]:
    """Rows with their examples: one generator, drawn row after row, as the protocol's code reads."""
    rng = random.Random(spec.seed)
    return [{**row, EXAMPLES: rng.sample(shown, spec.count)} for row in rows]
