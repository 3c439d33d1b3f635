"""Does a task file become the Task it describes, and is a wrong one explained?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from phi4eval.errors import UsageError
from phi4eval.task.schema import read_suite, read_task
from phi4eval.types import GraderSpec, Sampling, SourceSpec

from .made import CHOICE, MINIMAL, made_task, write_task


def test_a_small_file_gives_a_task_with_documented_defaults(tmp_path: Path) -> None:
    task = made_task(tmp_path)
    assert (task.name, task.version, task.title, task.protocol) == ("toy", "1.10", "toy", "own")
    assert task.sources == (SourceSpec(kind="file", path="rows.jsonl"),)
    assert task.sampling == Sampling()
    assert task.grader == GraderSpec(name="text")
    assert task.choices is None
    assert Path(task.path) == tmp_path / "toy.yaml"


def test_every_key_reaches_the_task(tmp_path: Path) -> None:
    task = made_task(
        tmp_path,
        """
task: full
tag: [a, b]
dataset_path: org/data
dataset_name: main
dataset_kwargs: {revision: abc}
test_split: train
doc_to_text: question
doc_to_target: 3
doc_to_choice: "{{ options }}"
generation_kwargs: {do_sample: true, temperature: 0.5, top_p: 0.9, max_gen_toks: 7, until: ["\\n\\n"]}
repeats: 3
num_fewshot: 0
metric_list: [{metric: exact_match}]
filter_list: [{name: x, filter: [{function: take_first}]}]
metadata:
  version: "2"
  phi4eval:
    title: Full
    description: all of it
    grader: {name: choice, letters: ABCD}
    protocol: p@1
    protocol_grader: {name: simple_evals, rule: mcq}
    scoring: pass_at_k
    pass_at: [1, 2]
    fields: {question: q, answer: [a, b]}
    id_field: key
    cluster_field: c
    paper_field: p
    subset_field: s
    choice_order: hash
    sources: [{kind: package, path: pack, config: data/x.jsonl}]
    gated: true
    terms_url: https://example.org/terms
    published: 2024-11-06
    licence: MIT
    paper: https://example.org/paper
    canary: do-not-train
    publish: scores-only
    sample: true
    notes: one note
""",
    )
    package, hub = task.sources
    assert (package.kind, package.path, package.config) == ("package", "pack", "data/x.jsonl")
    assert (hub.path, hub.config, hub.split, hub.revision) == ("org/data", "main", "train", "abc")
    assert (hub.gated, hub.terms_url, package.gated) == (True, "https://example.org/terms", False)
    assert (task.template, task.target, task.choices) == ("{{question}}", "3", "options")
    assert task.sampling == Sampling(temperature=0.5, top_p=0.9, max_tokens=7, stop=("\n\n",))
    assert task.grader == GraderSpec(name="choice", options={"letters": "ABCD"})
    assert task.protocol_grader == GraderSpec(name="simple_evals", options={"rule": "mcq"})
    assert task.fields == {"question": ("q",), "answer": ("a", "b")}
    assert (task.scoring, task.pass_at, task.repeats, task.choice_order) == ("pass_at_k", (1, 2), 3, "hash")
    assert (task.id_field, task.cluster_field, task.paper_field, task.subset_field) == ("key", "c", "p", "s")
    assert (task.published, task.publish, task.sample) == ("2024-11-06", "scores-only", True)
    assert task.notes == ("one note", "canary: do-not-train")
    assert task.tags == ("a", "b")


def test_do_sample_false_is_greedy_whatever_the_temperature_says(tmp_path: Path) -> None:
    text = MINIMAL + "generation_kwargs: {do_sample: false, temperature: 0.7}\n"
    assert made_task(tmp_path, text).sampling.temperature == 0.0


WRONG = [
    ("grader: text", "gradr: text", 'unknown key "gradr"', 'did you mean "grader"?', "toy.yaml:9:5"),
    (
        "doc_to_text:",
        "doc_to_txt:",
        'unknown key "doc_to_txt"',
        'did you mean "doc_to_text"?',
        "toy.yaml:4:1",
    ),
    ("test: rows", "tset: rows", "no file for the test split", "", "toy.yaml:3:17"),
    ("data_files", "data_fils", 'unknown key "data_fils"', 'did you mean "data_files"?', "toy.yaml:3:18"),
    ("version: 1.10", "version: [1]", "metadata.version: expected", "", "toy.yaml:7:12"),
    ("task: toy", "task: 7", "task: expected `str`, got `int`", "", "toy.yaml:1:7"),
    ("task: toy", "task: ../toy", "letters, digits", "", "toy.yaml:1:7"),
    ("grader: text", "grader: {rule: x}", "a grader needs a name", "", "toy.yaml:9:13"),
    ("task: toy", "task: toy\nrepeats: 0", "repeats: expected", "", "toy.yaml:2:10"),
    ("task: toy", "task: toy\nnum_fewshot: 5", "num_fewshot: ", "", "toy.yaml:2:14"),
    ("task: toy", "task: toy\noutput_type: loglikelihood", "output_type: ", "", "toy.yaml:2:14"),
    ("task: toy", "task: toy\nprocess_docs: !function u.f", "no code ever runs", "", "toy.yaml:2:15"),
    ("task: toy", "task: toy\ndescription: x", 'unknown key "description"', "", "toy.yaml:2:1"),
    ("grader: text", "grader: text\n    choice_order: hash", "needs choices", "", "toy.yaml:10:19"),
    ("grader: text", "grader: text\n    scoring: amc", "amc needs choices", "", "toy.yaml:10:14"),
    ("grader: text", "grader: text\n    scoring: pass_at_k", "go together", "", "toy.yaml:10:14"),
    ("grader: text", "grader: text\n    pass_at: [1, 0]", "pass_at.1: expected", "", "toy.yaml:10:18"),
    ("grader: text", "grader: text\n    fields: {a: 3}", "fields: expected", "", "toy.yaml:10:13"),
    ("grader: text", "grader: text\n    sources: [{kind: web, path: x}]", "kind: ", "", "toy.yaml:10:22"),
    (
        "grader: text",
        "grader: text\n    sources: [{kind: hub, pth: x}]",
        '"pth"',
        'mean "path"?',
        "toy.yaml:10:27",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "words", "hint", "place"), WRONG, ids=[case[1][:40] for case in WRONG]
)
def test_a_wrong_file_is_shown_at_its_place_with_a_hint(
    tmp_path: Path, old: str, new: str, words: str, hint: str, place: str
) -> None:
    assert old in MINIMAL
    with pytest.raises(UsageError) as caught:
        made_task(tmp_path, MINIMAL.replace(old, new))
    assert words in caught.value.message
    assert place in caught.value.message
    assert " | " in caught.value.excerpt[0]
    assert hint in (caught.value.hint or "")


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'metadata\.phi4eval needs the key "grader"'):
        made_task(tmp_path, MINIMAL.replace("grader: text", "title: x"))
    with pytest.raises(UsageError, match='the file needs the key "doc_to_target"'):
        made_task(tmp_path, "\n".join(line for line in MINIMAL.splitlines() if "target" not in line))


def test_choices_may_be_a_column_or_templates(tmp_path: Path) -> None:
    assert made_task(tmp_path, CHOICE).choices == "options"
    text = CHOICE.replace("choices: options", 'choices: ["{{a}}", "{{b}}"]')
    assert made_task(tmp_path, text).choices == ("{{a}}", "{{b}}")


EVERY_KEY = """\
task: t
tag: a
include: []
dataset_path: p
dataset_name: n
dataset_kwargs: {revision: r}
test_split: test
doc_to_text: x
doc_to_target: y
doc_to_choice: [a, b]
generation_kwargs: {temperature: 1}
repeats: 1
metadata: {version: 1, phi4eval: {grader: text, fields: {a: b}, sources: [{kind: hub, path: p}], pass_at: []}}
"""
ODD = ["", "~", "5", "-1", "x", "[]", "[1]", "{}", "{a: 1}", "[[x]]", "{name: x}", "1.5", "yes", '"\\0"']


@pytest.mark.parametrize("line", EVERY_KEY.splitlines(), ids=lambda line: line.partition(":")[0])
def test_an_odd_value_anywhere_gives_a_task_or_a_shown_error(tmp_path: Path, line: str) -> None:
    for value in ODD:
        text = EVERY_KEY.replace(line, f"{line.partition(':')[0]}: {value}")
        try:
            assert made_task(tmp_path, text).name
        except UsageError as error:
            message = error.message
            assert re.search(r"toy\.yaml:\d+:\d+: ", message)


# ---------------------------------------------------------------- include


def test_an_include_is_merged_key_by_key_and_the_file_goes_first(tmp_path: Path) -> None:
    write_task(tmp_path, "repeats: 4\ngeneration_kwargs: {temperature: 0.5}\ntag: base\n", "_base.yaml")
    text = "include: _base.yaml\n" + MINIMAL + "generation_kwargs: {max_gen_toks: 9}\n"
    task = made_task(tmp_path, text)
    assert (task.repeats, task.tags) == (4, ("base",))
    assert task.sampling == Sampling(temperature=0.0, max_tokens=9)  # replaced as a whole, as lm-eval does


def test_an_error_in_an_included_file_names_that_file(tmp_path: Path) -> None:
    write_task(tmp_path, "\nrepeats: many\n", "_base.yaml")
    with pytest.raises(UsageError, match=r"_base\.yaml:2:10: repeats: expected"):
        made_task(tmp_path, "include: _base.yaml\n" + MINIMAL)


def test_an_include_may_not_leave_the_folder_go_in_circles_or_be_missing(tmp_path: Path) -> None:
    outside = write_task(tmp_path, "repeats: 2\n", "outside.yaml")
    inside = tmp_path / "tasks"
    inside.mkdir()
    for name in ("../outside.yaml", str(outside)):
        with pytest.raises(UsageError, match="lies outside of tasks/"):
            made_task(inside, f"include: {name}\n" + MINIMAL)
    with pytest.raises(UsageError, match=r"toy\.yaml:1:1: the includes go in a circle"):
        made_task(inside, "include: toy.yaml\n" + MINIMAL)
    with pytest.raises(UsageError, match=r'"_no\.yaml" does not exist'):
        made_task(inside, "include: [_no.yaml]\n" + MINIMAL)


def test_a_link_out_of_the_folder_is_no_way_out(tmp_path: Path) -> None:
    write_task(tmp_path, "repeats: 2\n", "outside.yaml")
    inside = tmp_path / "tasks"
    inside.mkdir()
    (inside / "_link.yaml").symlink_to(tmp_path / "outside.yaml")
    with pytest.raises(UsageError, match="lies outside"):
        made_task(inside, "include: _link.yaml\n" + MINIMAL)


# ---------------------------------------------------------------- suites


def test_a_suite_is_a_named_list(tmp_path: Path) -> None:
    suite = read_suite(write_task(tmp_path, "suite: s\ndescription: d\ntasks: [a, b]\n", "s.yaml"))
    assert (suite.name, suite.description, suite.tasks) == ("s", "d", ("a", "b"))


@pytest.mark.parametrize("text", ["suite: s\ntasks: []\n", "suite: s\ntask: [a]\n", "suite: s\ntasks: a\n"])
def test_a_wrong_suite_is_shown_at_its_place(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"s\.yaml:\d+:\d+: "):
        read_suite(write_task(tmp_path, text, "s.yaml"))


def test_reading_a_task_does_not_need_its_data(tmp_path: Path) -> None:
    assert read_task(write_task(tmp_path), root=tmp_path).name == "toy"
    assert not (tmp_path / "rows.jsonl").exists()
