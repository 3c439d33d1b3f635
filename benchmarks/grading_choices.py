"""Which option does a response commit to? Ours beside lm-eval's two extractors and math-verify's.

    python benchmarks/grading_choices.py [FILE.jsonl ...]

Without a file: tests/cases/blind_choices.jsonl, on which our grader has since been mended. A file has rows
{"options", "letter", "text"}, `letter` being what the response commits to, null where it commits to nothing.
Each response is graded with its own letter as the gold, and with one other, the one that a grader misreads if
it misreads. Printed: how many responses it reads right (that letter and no other), how many pairs it judges
right, and how often it takes the wrong gold for right.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from phi4eval.graders import choice  # noqa: E402
from phi4eval.types import Key  # noqa: E402

Row = dict[str, Any]
Reader = Callable[[Row], str | None]
"""The letter that a grader reads in a row's text, or None."""


def ours(row: Row) -> str | None:
    """Our grader, asked with each letter as the gold."""
    options = tuple(row["options"])
    for letter in "ABCDEFGHIJ"[: len(options)]:
        if choice.grade(row["text"], Key(gold=letter, choices=options), {}).verdict == "correct":
            return letter
    return None


def lm_eval_flexible() -> Reader:
    """lm-eval's flexible-extract of MMLU flan CoT: the last letter in brackets, or an option's text."""
    from lm_eval.filters.extraction import MultiChoiceRegexFilter

    extract = MultiChoiceRegexFilter(
        regex_pattern=r"(\([A-Z]\))", group_select=-1, ignore_case=True, ignore_punctuation=True
    )
    return lambda row: _letter(extract.apply([[row["text"]]], [{"choices": row["options"]}])[0][0])


def lm_eval_mmlu_pro() -> Reader:
    """lm-eval's custom-extract of MMLU-Pro."""
    from lm_eval.filters.extraction import RegexFilter

    extract = RegexFilter(regex_pattern=r"answer is \(?([ABCDEFGHIJ])\)?")
    return lambda row: _letter(extract.apply([[row["text"]]], [{}])[0][0])


def math_verify() -> Reader:
    """math-verify with its extraction of strings, for the letters of the options."""
    from math_verify import StringExtractionConfig, parse

    def read(row: Row) -> str | None:
        letters = tuple("ABCDEFGHIJ"[: len(row["options"])])
        found = parse(row["text"], [StringExtractionConfig(strings=letters)], parsing_timeout=None)
        return _letter(str(found[0]) if found else "")

    return read


def _letter(text: str) -> str | None:
    bare = text.strip("() ").upper()
    return bare if len(bare) == 1 and bare.isalpha() else None


def line(name: str, rows: list[Row], read: Reader) -> str:
    """One grader's row of the table."""
    right = pairs = agreed = wrong = false = 0
    for row in rows:
        letters = "ABCDEFGHIJ"[: len(row["options"])]
        said, meant = read(row), row["letter"]
        right += said == meant
        # the other gold is the letter that was misread, where one was: the hardest one there is
        misread = said is not None and said in letters and said != meant
        other = said if misread else next(each for each in letters if each != meant)
        for gold in (meant, other) if meant else (other,):
            pairs, agreed = pairs + 1, agreed + ((said == gold) == (gold == meant))
        wrong, false = wrong + 1, false + (said == other)
    return (
        f"  {name:20} read right {right}/{len(rows)} ({right / len(rows):.1%})"
        f"   pairs {agreed / pairs:.1%}   false positives {false}/{wrong} ({false / wrong:.1%})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", default=[str(ROOT / "tests" / "cases" / "blind_choices.jsonl")])
    readers = {
        "phi4eval": ours,
        "lm-eval flexible": lm_eval_flexible(),
        "lm-eval mmlu_pro": lm_eval_mmlu_pro(),
        "math-verify strings": math_verify(),
    }
    for name in parser.parse_args().files:
        rows = [json.loads(text) for text in Path(name).read_text().splitlines()]
        print(
            f"{Path(name).name}: {len(rows)} responses,"
            f" {sum(not row['letter'] for row in rows)} without a choice"
        )
        for reader, read in readers.items():
            print(line(reader, rows, read), flush=True)


if __name__ == "__main__":
    main()
