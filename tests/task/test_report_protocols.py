"""MMLU, MGSM, DROP and SimpleQA: are prompts, examples and files those of simple-evals at a8e85cc?"""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest
import pyzipper

from phi4eval.errors import DataError
from phi4eval.prompts import render_prompts
from phi4eval.task import find_task, load_dataset
from phi4eval.types import Key, Prompt

from .made import write_rows


def asked(name: str, data: str) -> list[tuple[Prompt, Key]]:
    task = find_task(name)
    dataset = load_dataset(task, data)
    return render_prompts(
        task,
        dataset.items,
        rows=dataset.info.rows,
        repeats=1,
        sampling=task.sampling,
        seed=0,
        system=None,
    )


def text_of(pair: tuple[Prompt, Key]) -> str:
    return pair[0].messages[0].content


# ---------------------------------------------------------------- MMLU

MMLU = """\
Answer the following multiple choice question. The last line of your response should be of the following \
format: 'Answer: $LETTER' (without quotes) where LETTER is one of ABCD. Think step by step before answering.

Which one?

A) w
B) x
C) y
D) z"""


def test_mmlu_is_asked_in_the_order_of_the_data(tmp_path: Path) -> None:
    row = {"question": "Which one?", "choices": ["w", "x", "y", "z"], "answer": 2, "subject": "astronomy"}
    ((prompt, key),) = asked("mmlu", write_rows(tmp_path / "x.jsonl", [row]))
    assert prompt.messages[0].content == MMLU
    assert (key.gold, key.order) == ("C", (0, 1, 2, 3))


# ---------------------------------------------------------------- MGSM

INSTRUCTIONS = {
    "en": (
        "Solve this math problem. Give the reasoning steps before giving the final "
        'answer on the last line by itself in the format of "Answer:". Do not add '
        'anything other than the integer answer after "Answer:".'
    ),
    "de": (
        "Löse dieses Mathematikproblem. Gib die Schritte zur Begründung an, bevor du die "
        'endgültige Antwort in der letzten Zeile alleine im Format "Antwort:" gibst. '
        'Füge nichts anderes als die ganzzahlige Antwort nach "Antwort:" hinzu.'
    ),
    "fr": (
        "Résolvez ce problème de mathématiques. Donnez les étapes de raisonnement avant "
        "de fournir la réponse finale sur la dernière ligne elle-même dans le format de "
        '"Réponse:". N\'ajoutez rien d\'autre que la réponse entière après "Réponse:".'
    ),
    "sw": (
        "Suluhisha tatizo hili la hesabu. Toa hatua za mantiki kabla ya kutoa jibu la "
        'mwisho kwenye mstari wa mwisho peke yake katika muundo wa "Jibu:". Usiongeze '
        'chochote kingine isipokuwa jibu la integer baada ya "Jibu:".'
    ),
    "zh": (
        '解决这个数学问题。在最后一行给出答案前，请提供推理步骤。最后一行应该以 "答案: " '
        '的形式独立给出答案。在 "答案：" 后不要添加除整数答案之外的任何内容。'
    ),
}
LANGUAGES = ("bn", "de", "en", "es", "fr", "ja", "ru", "sw", "te", "th", "zh")


def write_mgsm(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for language in LANGUAGES:
        (folder / f"mgsm_{language}.tsv").write_text(f'a "{language}" one\t1,250\nb\t7\n', encoding="utf-8")
    return folder


def test_a_folder_of_mgsms_files_is_eleven_languages_each_with_its_instruction(tmp_path: Path) -> None:
    pairs = asked("mgsm", str(write_mgsm(tmp_path / "mgsm")))
    assert [key.extra["language"] for _, key in pairs] == [each for each in LANGUAGES for _ in range(2)]
    assert [key.gold for _, key in pairs] == ["1250", "7"] * 11
    texts = {key.extra["language"]: prompt.messages[0].content for prompt, key in pairs[::2]}
    for language, instruction in INSTRUCTIONS.items():
        assert texts[language] == f'{instruction}\n\na "{language}" one'
    assert len({text.partition("\n")[0] for text in texts.values()}) == 11


def test_mgsms_instructions_keep_the_slips_of_the_protocol(tmp_path: Path) -> None:
    texts = {
        key.extra["language"]: text_of((p, key)) for p, key in asked("mgsm", str(write_mgsm(tmp_path / "m")))
    }
    assert texts["ja"].startswith("の数学の問題を解いてください。")
    # one code point for yya, two for rra: as in the original, and lost by any Unicode normalisation
    assert "\u09a6\u09c7\u0993\u09df\u09be\u09b0" in texts["bn"]
    assert "\u099a\u09c2\u09a1\u09bc\u09be\u09a8\u09cd\u09a4" in texts["bn"]
    assert "করবেন না।.\n\n" in texts["bn"]


def test_one_file_of_mgsm_or_a_zip_of_them_is_read_too(tmp_path: Path) -> None:
    folder = write_mgsm(tmp_path / "mgsm")
    with pyzipper.AESZipFile(tmp_path / "mgsm.zip", "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"mgsm/{file.name}")
    assert [key.extra["language"] for _, key in asked("mgsm", str(folder / "mgsm_th.tsv"))] == ["th", "th"]
    assert [text_of(p) for p in asked("mgsm", str(tmp_path / "mgsm.zip"))] == [
        text_of(p) for p in asked("mgsm", str(folder))
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a\tb\tc\n", "line 1: 3 cells where 2"),
        ("only\n", "line 1: 1 cells where 2"),
        ("a\tx\n", "not an integer"),
    ],
)
def test_a_line_of_another_shape_is_named(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "mgsm_de.tsv").write_text(line, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        asked("mgsm", str(tmp_path / "mgsm_de.tsv"))


def test_an_empty_folder_and_a_broken_zip_are_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no rows"):
        asked("mgsm", str(tmp_path))
    (tmp_path / "x.zip").write_bytes(b"PK no zip")
    with pytest.raises(DataError, match="broken zip"):
        asked("mgsm", str(tmp_path / "x.zip"))


# ---------------------------------------------------------------- DROP


def drop_files(folder: Path) -> tuple[Path, list[dict[str, Any]], list[dict[str, Any]]]:
    def row(name: str, number: int) -> dict[str, Any]:
        return {
            "context": f"Passage: {name} {number}.\nQuestion: q{number}?\nAnswer:",
            "completion": f"{number} yards",
            "ref_text": f"{number}|{number} yards",
        }

    train = [row("train", number) for number in range(20)]
    dev = [row("dev", number) for number in range(4)]
    for name, rows in (("train", train), ("dev", dev)):
        with gzip.open(folder / f"drop_v0_{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.write("".join(json.dumps(each) + "\n" for each in rows))
    return folder / "drop_v0_dev.jsonl.gz", train, dev


def test_drop_shows_three_examples_drawn_row_after_row_and_ends_with_the_protocols_blanks(
    tmp_path: Path,
) -> None:
    data, train, dev = drop_files(tmp_path)
    rng = random.Random(42)
    expected = []
    for row in dev:  # the protocol's steps, one after the other
        text = (
            "You will be asked to read a passage and answer a question. Some examples of passages and Q&A are"
        )
        text += " provided below.\n\n# Examples"
        for example in rng.sample(train, 3):
            text += f"\n---\n{example['context']} {example['completion']}\n"
        text += (
            f"\n# Your Task\n\n---\n{row['context']} \n\nThink step by step, then write a line of the form"
        )
        text += ' "Answer: $ANSWER" at the end of your response.\n' + 20 * " "
        expected.append(text)
    pairs = asked("drop", str(data))
    assert [text_of(pair) for pair in pairs] == expected
    assert pairs[1][1].gold == "1|1 yards"


def test_drop_without_its_training_file_says_what_to_put_where(tmp_path: Path) -> None:
    data, _, _ = drop_files(tmp_path)
    (tmp_path / "drop_v0_train.jsonl.gz").unlink()
    with pytest.raises(DataError, match=r"drop_v0_train.jsonl.gz does not exist") as caught:
        asked("drop", str(data))
    assert caught.value.hint == "put drop_v0_train.jsonl.gz beside drop_v0_dev.jsonl.gz"


def test_a_limited_run_of_drop_gets_the_same_examples(tmp_path: Path) -> None:
    data, _, _ = drop_files(tmp_path)
    first, again = load_dataset(find_task("drop"), str(data)), load_dataset(find_task("drop"), str(data))
    assert first.info.fingerprint == again.info.fingerprint
    assert [len(item.row["examples"]) for item in first.items] == [3, 3, 3, 3]


# ---------------------------------------------------------------- SimpleQA


def test_simpleqa_asks_the_bare_question(tmp_path: Path) -> None:
    path = tmp_path / "simple_qa_test_set.csv"
    path.write_text('metadata,problem,answer\n"{""topic"": ""x""}","Who, and when?",Ada\n', encoding="utf-8")
    ((prompt, key),) = asked("simpleqa", str(path))
    assert (prompt.messages[0].content, key.gold, key.problem) == ("Who, and when?", "Ada", "Who, and when?")
