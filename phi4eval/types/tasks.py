"""What is asked: a task as its file defines it, and its items with their gold answers."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How tokens are drawn. Temperature 0 is greedy decoding.

    reasoning_effort: how hard a model that can choose should think, in its provider's words; thinking_tokens:
    the budget of its thinking. UNSET leaves both to the model, and out of every hash.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()
    reasoning_effort: str | UnsetType = UNSET
    thinking_tokens: int | UnsetType = UNSET


class SourceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Where a task's rows come from.

    kind: `hub` (path = dataset id, config = its configuration), `file` (path relative to the task
    file, or absolute), `package` (path = import name of an installed package that carries the data).
    password: of an encrypted zip; published on purpose by the data set's authors, so no secret.
    """

    kind: Literal["hub", "file", "package"]
    path: str
    config: str | None = None
    split: str = "test"
    revision: str | None = None
    password: str | None = None
    gated: bool = False
    terms_url: str | None = None


class GraderSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A grader by name with its options (plain strings, so that they hash and print)."""

    name: str
    options: dict[str, str] = {}


class ExampleSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Worked examples shown before each question, drawn from a file that lies beside the task's data file.

    count for each row, drawn by one `random.Random(seed)` row after row, without replacement within a row.
    """

    file: str
    count: int
    seed: int


class FileLayout(msgspec.Struct, frozen=True, kw_only=True):
    """How published files of a task look that have no header line.

    columns: names of a .tsv file's cells. name_column: filled with what stands behind the last `_` of each
    file's name, so that one folder (or .zip) of such files is one data set.
    """

    columns: tuple[str, ...]
    name_column: str | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark as a YAML file defines it.

    template, target, choices: Jinja over a row's columns (lm-eval's doc_to_text, doc_to_target and
    doc_to_choice).
    fields: canonical column -> the names under which published files carry it, tried in order.
    choice_order: `fixed` as in the data; `hash` shuffled by seed_for per item and repeat; `random0` the
    report protocol's one `random.Random(0)` drawn row by row over the repeated list.
    key_fields: columns that graders get beside the gold, in Key.extra; anything but text as JSON.
    examples, layout: see ExampleSpec and FileLayout.
    output_type: `generate_until`, or `multiple_choice`: the likeliest choice is the answer, each scored as
    the continuation of prompt and target_delimiter.
    scoring: `accuracy`, `amc` (6 / 1.5 / 0 points out of 150) or `pass_at_k`.
    publish: `scores-only` tasks never show item text on a page.
    """

    name: str
    version: str
    title: str
    description: str
    sources: tuple[SourceSpec, ...]
    template: str
    target: str
    choices: str | tuple[str, ...] | None = None
    output_type: Literal["generate_until", "multiple_choice"] = "generate_until"
    target_delimiter: str = " "
    fields: dict[str, tuple[str, ...]] = {}
    id_field: str | None = None
    cluster_field: str | None = None
    paper_field: str | None = None
    subset_field: str | None = None
    key_fields: tuple[str, ...] = ()
    examples: ExampleSpec | None = None
    layout: FileLayout | None = None
    sampling: Sampling = Sampling()
    repeats: int = 1
    choice_order: Literal["fixed", "hash", "random0"] = "fixed"
    protocol: str = "own"
    grader: GraderSpec
    protocol_grader: GraderSpec | None = None
    scoring: Literal["accuracy", "amc", "pass_at_k"] = "accuracy"
    pass_at: tuple[int, ...] = ()
    publish: Literal["full", "scores-only"] = "full"
    sample: bool = False
    tags: tuple[str, ...] = ()
    licence: str | None = None
    published: str | None = None
    paper: str | None = None
    notes: tuple[str, ...] = ()
    path: str = ""


class DatasetInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows a run really used. fingerprint: hash over the canonical rows in order."""

    source: str
    revision: str | None
    fingerprint: str
    rows: int


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One question with its gold answer.

    index: position in the whole data set (not in a limited run): the report's choice order depends on it.
    hash: of the canonical row; pairs the same item across runs.
    choices: option texts in the data's own order, () for free-form items. gold: the expected answer; for a
    multiple-choice item the index of the right choice as a decimal string.
    """

    task: str
    id: str
    index: int
    hash: str
    row: dict[str, Any]
    gold: str
    choices: tuple[str, ...] = ()
    cluster: str | None = None
    paper: str | None = None
    subset: str | None = None


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """All items of a task, and where they came from."""

    info: DatasetInfo
    items: tuple[Item, ...]
