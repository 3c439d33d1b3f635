"""Labelled responses by strangers' hands, for grading_quality.py: worked solutions with their box taken away.

    python benchmarks/grading_rows.py DATA --out DIR [--half dev|test|both]

DATA is a directory with benchmark files as their projects publish them; those that are there are used:

math_test.jsonl    solutions with one box, unboxed; a second row against the gold with one digit changed, a
                   third against the last other number of the solution
gsm8k_test.jsonl   answers without `<<...>>` and `####`, against the gold and the last other number
aqua_test.jsonl    rationales as they stand, against the right letter and another one
grading/qwen_outputs.jsonl    a model's responses, unboxed, with their labels

Writes one file a source. A row belongs to the half that a hash of its problem says: rules may be made by
looking at `dev`, and are measured on `test`. No label is made by a grader.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]

NUMBER = re.compile(r"(?<![\w^_{.])-?\d[\d,]*(?:\.\d+)?(?![\w}])")


def read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def last_box(text: str) -> tuple[int, int, str] | None:
    """Start, end and content of the last box."""
    start = max(text.rfind("\\boxed{"), text.rfind("\\fbox{"))
    if start < 0:
        return None
    body, depth = text.index("{", start), 0
    for place in range(body, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return start, place + 1, text[body + 1 : place]
    return None


def unboxed(text: str) -> str:
    while box := last_box(text):
        text = text[: box[0]] + box[2] + text[box[1] :]
    return text


def other_number(text: str, gold: str) -> str | None:
    """The last number of a text that is not the gold's: what a grader takes that reads the wrong one."""
    golds = {value(found[0]) for found in NUMBER.finditer(gold)}
    others = [found[0] for found in NUMBER.finditer(text) if value(found[0]) not in golds]
    return others[-1] if others else None


def value(number: str) -> float:
    return float(number.replace(",", ""))


def with_a_digit_changed(gold: str, chance: random.Random) -> str | None:
    places = [found.start() for found in re.finditer(r"\d", gold)]
    if not places:
        return None
    place = chance.choice(places)
    return gold[:place] + str((int(gold[place]) + chance.randint(1, 9)) % 10) + gold[place + 1 :]


def math(rows: list[Row], chance: random.Random) -> Iterator[Row]:
    for number, row in enumerate(rows):
        solution = row["solution"]
        box = last_box(solution)
        if box is None or solution.count("\\boxed") + solution.count("\\fbox") != 1:
            continue
        text, gold = unboxed(solution), box[2]
        golds = [(gold, True), (with_a_digit_changed(gold, chance), False)]
        if re.fullmatch(r"-?\d+", gold):
            golds.append((other_number(text, gold), False))
        yield from _rows(f"ms{number}", text, golds, problem=row["problem"])


def gsm8k(rows: list[Row], chance: random.Random) -> Iterator[Row]:
    for number, row in enumerate(rows):
        text, _, gold = row["answer"].partition("####")
        text, gold = re.sub(r"<<.*?>>", "", text).strip(), gold.strip()
        golds = [(gold, True), (other_number(text, gold), False)]
        yield from _rows(f"gs{number}", text, golds, problem=row["question"])


def aqua(rows: list[Row], chance: random.Random) -> Iterator[Row]:
    for number, row in enumerate(rows):
        choices = [option.partition(")")[2] for option in row["options"]]
        wrong = chance.choice([letter for letter in "ABCDE" if letter != row["correct"]])
        golds = [(row["correct"], True), (wrong, False)]
        yield from _rows(f"aq{number}", row["rationale"], golds, choices=choices, problem=row["question"])


def outputs(rows: list[Row], chance: random.Random) -> Iterator[Row]:
    for row in rows:
        problem = str(row["id"]).split("-")[1]
        yield from _rows(problem, unboxed(row["prediction"]), [(row["gold"], bool(row["label"]))])


def _rows(name: str, text: str, golds: list[tuple[str | None, bool]], **more: Any) -> Iterator[Row]:
    half = "test" if hashlib.sha256(name.encode()).digest()[-1] % 2 else "dev"
    for number, (gold, label) in enumerate(golds):
        if gold is not None:
            yield {
                "id": f"{name}-{number}",
                "half": half,
                "gold": gold,
                "prediction": text,
                "label": label,
                "form": "response",
                **more,
            }


SOURCES = {
    "math_test.jsonl": math,
    "gsm8k_test.jsonl": gsm8k,
    "aqua_test.jsonl": aqua,
    "grading/qwen_outputs.jsonl": outputs,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--half", choices=["dev", "test", "both"], default="both")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, source in SOURCES.items():
        path = options.data / name
        if not path.exists():
            print(f"{name}: not there")
            continue
        rows = [
            row for row in source(read(path), random.Random(name)) if options.half in ("both", row["half"])
        ]
        target = options.out / f"unboxed_{path.name}"
        target.write_text("".join(json.dumps(row) + "\n" for row in rows))
        print(f"{target}: {len(rows)} rows, {sum(row['label'] for row in rows)} right")


if __name__ == "__main__":
    main()
