"""Which keys may a task file have, and how does it become a Task?

The words are lm-eval's where lm-eval has one, so the same file loads there; what it lacks stands under
`metadata.phi4eval`. Unknown keys and wrong types are errors with their place in the file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from phi4eval.types import ExampleSpec, FileLayout, GraderSpec, Sampling, SourceSpec, Task
from phi4eval.yaml_positions import Document, KeyPath, Mark, convert, error_at, read_yaml

MAX_INCLUDES = 16

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]
Texts: TypeAlias = str | list[str]
Grader: TypeAlias = str | dict[str, str | int | float | bool]

T = TypeVar("T")

# An alternative of `fields` that is only a word; lm-eval takes such a doc_to_text for a column's name.
_COLUMN = re.compile(r"\w+")
_BRACED = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class _Generation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    do_sample: bool | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    max_gen_toks: Count = 1024
    until: Texts = msgspec.field(default_factory=list)
    reasoning_effort: str | msgspec.UnsetType = msgspec.UNSET
    thinking_tokens: Count | msgspec.UnsetType = msgspec.UNSET


class _Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["hub", "file", "package"]
    path: str
    config: str | None = None
    split: str = "test"
    revision: str | None = None
    password: str | None = None


class _Examples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file: str
    count: Count
    seed: int = 0


class _Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    columns: list[str]
    name_column: str | None = None


class _Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys under metadata.phi4eval; see types.Task for what each one means."""

    grader: Grader
    title: str | None = None
    description: str = ""
    protocol: str = "own"
    protocol_grader: Grader | None = None
    scoring: Literal["accuracy", "amc", "pass_at_k"] = "accuracy"
    pass_at: list[Count] = []
    fields: dict[str, Texts] = {}
    choices: Texts | None = None
    id_field: str | None = None
    cluster_field: str | None = None
    paper_field: str | None = None
    subset_field: str | None = None
    key_fields: list[str] = []
    examples: _Examples | None = None
    layout: _Layout | None = None
    choice_order: Literal["fixed", "hash", "random0"] = "fixed"
    sources: list[_Source] = []
    gated: bool = False
    terms_url: str | None = None
    password: str | None = None
    published: str | None = None
    licence: str | None = None
    paper: str | None = None
    canary: str | None = None
    publish: Literal["full", "scores-only"] = "full"
    sample: bool = False
    notes: Texts = []


class _Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    phi4eval: _Own
    version: str | int | float = "1"


class _DataFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    data_files: str | dict[str, str] | None = None
    revision: str | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The top-level keys: lm-eval's own."""

    task: str
    doc_to_text: str
    doc_to_target: str | int
    metadata: _Metadata
    tag: Texts = []
    dataset_path: str | None = None
    dataset_name: str | None = None
    dataset_kwargs: _DataFiles | UnsetType = UNSET
    training_split: str | None = None
    validation_split: str | None = None
    test_split: str = "test"
    doc_to_choice: Texts | None = None
    output_type: Literal["generate_until", "multiple_choice"] = "generate_until"
    target_delimiter: str = " "
    generation_kwargs: _Generation = _Generation()
    repeats: Count = 1
    num_fewshot: Literal[0] = 0
    # how lm-eval itself would score; graders do it here
    metric_list: list[dict[str, Any]] = []
    filter_list: list[dict[str, Any]] = []


class _SuiteFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    suite: str
    tasks: list[str]
    description: str = ""


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """A named list of tasks."""

    name: str
    description: str
    tasks: tuple[str, ...]


def read_task(path: Path, *, root: Path) -> Task:
    """Decode one task file; `include` may reach files under `root` only. Raises UsageError."""
    document = read_merged(path, root.resolve())
    file = _convert(document, _File)
    return _checked(_task(file, document, path), document)


def read_suite(path: Path) -> Suite:
    """Decode one suite file. Raises UsageError."""
    document = read_yaml(path)
    file = _convert(document, _SuiteFile)
    if not file.tasks:
        raise error_at(document.mark(("tasks",)), "a suite needs at least one task")
    return Suite(name=file.suite, description=file.description, tasks=tuple(file.tasks))


# ---------------------------------------------------------------- includes


def read_merged(path: Path, root: Path, chain: tuple[Path, ...] = ()) -> Document:
    """The file merged over what it includes, key by key at the top level, as lm-eval merges.

    root: an absolute folder that no include may leave. chain: the files that led here.
    """
    here = path.resolve()
    document = read_yaml(path)
    names = document.value.pop("include", [])
    mark = document.mark(("include",), key=True)
    if here in chain or len(chain) >= MAX_INCLUDES:
        circle = " -> ".join(step.name for step in (*chain, here))
        raise error_at(mark, f"the includes go in a circle or too deep: {circle}")
    merged = Document(value={}, keys={}, values={}, texts={})
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise error_at(mark, "include: one file name or a list of them")
    for name in names:
        target = (here.parent / name.replace("\0", "")).resolve()
        if not target.is_relative_to(root):
            hint = "copy it into the folder"
            raise error_at(mark, f"the include {name!r} lies outside of {root.name}/", hint)
        if not target.is_file():
            raise error_at(mark, f'the included file "{name}" does not exist')
        merged = _over(read_merged(target, root, (*chain, here)), merged)
    return _over(document, merged)


def _over(upper: Document, lower: Document) -> Document:
    def merge(above: dict[KeyPath, T], below: dict[KeyPath, T]) -> dict[KeyPath, T]:
        kept = {path: item for path, item in below.items() if not path or path[0] not in upper.value}
        return kept | above

    return Document(
        value=lower.value | upper.value,
        keys=merge(upper.keys, lower.keys),
        values=merge(upper.values, lower.values),
        texts=merge(upper.texts, lower.texts),
    )


# ---------------------------------------------------------------- keys


def _convert(document: Document, kind: type[T]) -> T:
    return convert(document, kind, known=lambda path: _known_keys(kind, path))


def _known_keys(kind: type[Any], path: KeyPath) -> set[str]:
    kinds: dict[KeyPath, type[Any]] = {
        (): kind,
        ("metadata",): _Metadata,
        ("metadata", "phi4eval"): _Own,
        ("metadata", "phi4eval", "examples"): _Examples,
        ("metadata", "phi4eval", "layout"): _Layout,
        ("generation_kwargs",): _Generation,
        ("dataset_kwargs",): _DataFiles,
    }
    known = kinds.get(path, _Source)
    return set(known.__struct_fields__) | ({"include"} if known is _File else set())


# ---------------------------------------------------------------- the Task


def _texts(value: Texts | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _task(file: _File, document: Document, path: Path) -> Task:
    own = file.metadata.phi4eval
    return Task(
        name=file.task,
        version=document.texts.get(("metadata", "version"), "1"),
        title=own.title or file.task,
        description=own.description.strip(),
        sources=_sources(file),
        template=_template(file.doc_to_text),
        target=_template(str(file.doc_to_target)),
        choices=_choices(own.choices if own.choices is not None else file.doc_to_choice),
        output_type=file.output_type,
        target_delimiter=file.target_delimiter,
        fields={name: _texts(value) for name, value in own.fields.items()},
        id_field=own.id_field,
        cluster_field=own.cluster_field,
        paper_field=own.paper_field,
        subset_field=own.subset_field,
        key_fields=tuple(own.key_fields),
        examples=_made(own.examples, ExampleSpec),
        layout=_made(own.layout, FileLayout),
        sampling=_sampling(file.generation_kwargs),
        repeats=file.repeats,
        choice_order=own.choice_order,
        protocol=own.protocol,
        grader=_grader(own.grader, document.mark(("metadata", "phi4eval", "grader"))),
        protocol_grader=None
        if own.protocol_grader is None
        else _grader(own.protocol_grader, document.mark(("metadata", "phi4eval", "protocol_grader"))),
        scoring=own.scoring,
        pass_at=tuple(own.pass_at),
        publish=own.publish,
        sample=own.sample,
        tags=_texts(file.tag),
        licence=own.licence,
        published=own.published,
        paper=own.paper,
        notes=_texts(own.notes) + ((f"canary: {own.canary}",) if own.canary else ()),
        path=str(path),
    )


def _made(value: msgspec.Struct | None, kind: type[T]) -> T | None:
    return None if value is None else msgspec.convert(msgspec.structs.asdict(value), kind)


def _template(text: str) -> str:
    """lm-eval reads a lone word that names a column as that column's value."""
    return f"{{{{{text}}}}}" if _COLUMN.fullmatch(text) and not text.isdigit() else text


def _choices(value: Texts | None) -> str | tuple[str, ...] | None:
    """One column's name, or one template per choice."""
    if value is None or not isinstance(value, str):
        return None if value is None else tuple(value)
    braced = _BRACED.fullmatch(value.strip())
    return braced[1] if braced else value.strip()


def _sampling(generation: _Generation) -> Sampling:
    # lm-eval: do_sample false is greedy whatever the temperature says
    greedy = generation.do_sample is False
    return Sampling(
        temperature=0.0 if greedy else generation.temperature,
        top_p=generation.top_p,
        max_tokens=generation.max_gen_toks,
        stop=_texts(generation.until),
        reasoning_effort=generation.reasoning_effort,
        thinking_tokens=generation.thinking_tokens,
    )


def _grader(value: Grader, mark: Mark) -> GraderSpec:
    """`grader: math`, or `grader: {name: simple_evals, rule: mcq}`."""
    if isinstance(value, str):
        return GraderSpec(name=value)
    if not isinstance(value.get("name"), str):
        raise error_at(mark, "a grader needs a name", "grader: math, or grader: {name: math, option: value}")
    options = {key: str(option) for key, option in value.items() if key != "name"}
    return GraderSpec(name=str(value["name"]), options=options)


def _sources(file: _File) -> tuple[SourceSpec, ...]:
    """metadata.phi4eval.sources in their order, then what lm-eval would load."""
    own = file.metadata.phi4eval
    shared: dict[str, Any] = {"gated": own.gated, "terms_url": own.terms_url}
    sources = [
        SourceSpec(
            kind=source.kind,
            path=source.path,
            config=source.config,
            split=source.split,
            revision=source.revision,
            password=source.password or own.password,
            **(shared if source.kind == "hub" else {}),
        )
        for source in own.sources
    ]
    kwargs = _DataFiles() if isinstance(file.dataset_kwargs, UnsetType) else file.dataset_kwargs
    if kwargs.data_files is not None:
        files = kwargs.data_files
        where = files if isinstance(files, str) else files.get(file.test_split, "")
        sources.append(SourceSpec(kind="file", path=where, split=file.test_split, password=own.password))
    elif file.dataset_path is not None:
        sources.append(
            SourceSpec(
                kind="hub",
                path=file.dataset_path,
                config=file.dataset_name,
                split=file.test_split,
                revision=kwargs.revision,
                password=own.password,
                **shared,
            )
        )
    return tuple(sources)


def _checked(task: Task, document: Document) -> Task:
    """What no single key can say."""
    own: KeyPath = ("metadata", "phi4eval")
    if not _NAME.fullmatch(task.name):
        message = f"a task name may have letters, digits, _ . - only, not {task.name!r}"
        raise error_at(document.mark(("task",)), message)
    if (task.output_type == "multiple_choice") != (task.grader.name == "likelihood"):
        where = document.mark((*own, "grader"))
        raise error_at(where, "output_type: multiple_choice and grader: likelihood go together")
    if task.output_type == "multiple_choice" and task.choices is None:
        raise error_at(document.mark(("output_type",)), "multiple_choice needs doc_to_choice")
    if task.choice_order != "fixed" and task.choices is None:
        where = document.mark((*own, "choice_order"))
        hint = "name the column under metadata.phi4eval.choices"
        raise error_at(where, "a choice_order needs choices", hint)
    if (task.scoring == "pass_at_k") != bool(task.pass_at):
        where = document.mark((*own, "pass_at" if task.pass_at else "scoring"))
        raise error_at(where, "scoring: pass_at_k and pass_at: [1, ...] go together")
    if strange := [name for name in task.key_fields if name not in task.fields]:
        where = document.mark((*own, "key_fields"))
        raise error_at(where, f"key_fields names {strange[0]}, which is not one of the fields")
    if task.examples is not None and "/" in task.examples.file:
        where = document.mark((*own, "examples"))
        raise error_at(where, "the examples' file lies beside the data file: give its name only")
    if task.scoring == "amc" and task.choices is None:
        raise error_at(document.mark((*own, "scoring")), "scoring: amc needs choices")
    for source in task.sources:
        if not source.path:
            raise error_at(document.mark(("dataset_kwargs",)), "data_files has no file for the test split")
    return task
