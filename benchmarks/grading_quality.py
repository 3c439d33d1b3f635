"""How often is a grader right? Ours beside math-verify, lm-eval's two for MATH, and inspect-ai's math().

    python benchmarks/grading_quality.py [FILE.jsonl ...] [--python PEER=PYTHON] [--show 20]

Without a file: our own case tables. A file has rows {"gold", "prediction", "form", "label", "choices"?,
"problem"?}. Prints, for each table and grader, accuracy, false positives among the wrong rows, and false
negatives among the right ones; --show prints ours' disagreements with the labels. Peers that are not
installed are named and left out;
--python runs a peer in another environment (`inspect_math=/path/to/python`). lm-eval's minerva_math needs an
older parser than math-verify's extra: docs/grading.md says how to give it one. A bare answer is given to the
peers as a formula, `$...$`, to minerva_math inside the last line that its prompt asks for. minerva_math reads
no other text, and hendrycks_math takes what stands between the first and the last dollar sign, box and all:
on boxed answers and responses the two show what their extraction does to other models' style.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from grading_peers import PEERS, verdicts  # noqa: E402

from phi4eval.grading import Judgement, Pair, grade_pair  # noqa: E402


def own_tables() -> dict[str, list[dict[str, Any]]]:
    """Our case tables as labelled rows."""
    from tests.cases import (
        blind_choices,
        choice_cases,
        equality_cases,
        fresh_answers,
        fresh_choices,
        fresh_responses,
        math_cases,
        option_cases,
        response_cases,
        unseen_choices_five,
        unseen_choices_four,
        unseen_choices_one,
        unseen_choices_three,
        unseen_choices_two,
    )

    unseen = (
        unseen_choices_one,
        unseen_choices_two,
        unseen_choices_three,
        unseen_choices_four,
        unseen_choices_five,
    )

    pairs = [(gold, text, True) for gold, text in math_cases.RIGHT]
    pairs += [(gold, text, False) for gold, text in math_cases.WRONG]
    pairs += [row for rows in equality_cases.CLASSES.values() for row in rows]
    responses = [*math_cases.RESPONSES, *(row for rows in response_cases.CLASSES.values() for row in rows)]
    letters: list[tuple[str, str, str, tuple[str, ...]]]
    letters = [(text, gold, verdict, choice_cases.CHOICES) for text, gold, verdict, _ in choice_cases.CASES]
    for classes, options in (
        (option_cases.CLASSES, option_cases.OPTIONS),
        (option_cases.TEN_CLASSES, option_cases.TEN),
    ):
        letters += [
            (text, gold, verdict, options) for rows in classes.values() for text, gold, verdict in rows
        ]
    return {
        "bare answers": [_row(gold, text, right, form="answer") for gold, text, right in pairs],
        "boxed answers": [_row(g, f"We get $\\boxed{{{p}}}$.", right) for g, p, right in pairs],
        "responses": [_row(gold, text, verdict == "correct") for gold, text, verdict in responses],
        "multiple choice": [
            _row(gold, text, verdict == "correct", choices=options)
            for text, gold, verdict, options in letters
        ],
        "fresh answers": [
            _row(*row, form="answer") for rows in fresh_answers.CLASSES.values() for row in rows
        ],
        "fresh responses": [_row(*row) for rows in fresh_responses.CLASSES.values() for row in rows],
        "fresh choices": [
            _row(*row, choices=options)
            for module in (fresh_choices, *unseen)
            for options, rows in module.CLASSES.values()
            for row in rows
        ],
        "blind choices": [
            _row(letter, each.text, letter == each.letter, choices=each.options)
            for each in blind_choices.RESPONSES
            for letter in sorted(
                {each.letter or "A", each.letters[-1 if each.letter != each.letters[-1] else 0]}
            )
        ],
    }


def _row(gold: str, text: str, label: bool, **more: Any) -> dict[str, Any]:
    return {"gold": gold, "prediction": text, "label": label, "form": "response", **more}


def ours(row: dict[str, Any]) -> Judgement:
    """Our judgement of a row; nothing but the pair, its form, its options and its problem is told."""
    return grade_pair(
        Pair(
            gold=row["gold"],
            prediction=row["prediction"],
            form=row["form"],
            choices=tuple(row.get("choices", ())),
            problem=row.get("problem", ""),
        )
    )


def _for_peer(row: dict[str, Any], peer: str) -> str:
    """The text as a peer wants it: a bare answer as a formula, for minerva_math inside its own last line."""
    text = str(row["prediction"])
    if row["form"] != "answer":
        return text
    formula = text if "$" in text else f"${text}$"
    if peer == "minerva_math":
        return f"Final Answer: The final answer is {formula}. I hope it is correct."
    return formula


def line(name: str, said: Sequence[bool], labels: Sequence[bool]) -> str:
    """One row of the table."""
    right = sum(a == b for a, b in zip(said, labels, strict=True))
    false_positives = sum(a and not b for a, b in zip(said, labels, strict=True))
    false_negatives = sum(b and not a for a, b in zip(said, labels, strict=True))
    wrong = labels.count(False)
    return (
        f"  {name:16}{right / len(labels):8.2%}"
        f"   FP {false_positives}/{wrong} ({false_positives / max(wrong, 1):.2%})"
        f"   FN {false_negatives}/{len(labels) - wrong}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*")
    parser.add_argument("--python", action="append", default=[], metavar="PEER=PYTHON")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--show", type=int, default=20)
    options = parser.parse_args()
    pythons = dict(text.split("=", 1) for text in options.python)
    tables = {
        Path(name).name: [json.loads(text) for text in Path(name).read_text().splitlines()]
        for name in options.files
    } or own_tables()
    for title, rows in tables.items():
        labels = [bool(row["label"]) for row in rows]
        print(f"{title}: {len(rows)} rows, {labels.count(True)} right")
        judged = [ours(row) for row in rows]
        print(line("phi4eval", [bool(each) for each in judged], labels))
        shown = [
            (row, each) for row, each in zip(rows, judged, strict=True) if bool(each) != bool(row["label"])
        ]
        for row, each in shown[: options.show]:
            print(f"      {row['label']!s:5} gold {row['gold']!r}: {each.explanation}")
            print(f"            {row['prediction'][-80:]!r}")
        for peer in filter(None, options.peers.split(",")):
            pairs = [(row["gold"], _for_peer(row, peer)) for row in rows]
            try:
                said = [right for right, _ in verdicts(peer, pairs, pythons.get(peer, sys.executable))]
            except RuntimeError as error:
                print(f"  {peer:16} not run: {error}")
                continue
            print(line(peer, said, labels), flush=True)


if __name__ == "__main__":
    main()
