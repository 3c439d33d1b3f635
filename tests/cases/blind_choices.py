"""Choices on questions of public tests, written as different models write, before the grader saw them.

blind_choices.jsonl holds a response a line: {"set", "options", "letter", "text"}; the set "near" was written
beside the rules, as near-misses of the others. `letter` is what the response commits to, null where that is
nothing; "problem" in short where the reading depends on it; `"read": false` where the grader does not read it
yet. What the first runs said of each set is in benchmarks/README.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple


class Response(NamedTuple):
    """One response and the letter of the option that it commits to."""

    options: tuple[str, ...]
    letter: str | None
    text: str
    problem: str
    read: bool

    @property
    def letters(self) -> str:
        """The letters of its options."""
        return "ABCDEFGHIJ"[: len(self.options)]


RESPONSES = [
    Response(tuple(row["options"]), row["letter"], row["text"], row.get("problem", ""), row.get("read", True))
    for row in map(json.loads, Path(__file__).with_suffix(".jsonl").read_text().splitlines())
]
