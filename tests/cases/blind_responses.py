"""Whole responses without a box, written as different models write, before the grader saw them.

blind_responses.jsonl holds a response a line: {"set", "gold", "text", "right"}; "problem" in short where the
reading depends on it, and `"read": false` where a right one is not read yet. What the first runs said of each
set is in benchmarks/README.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple


class Response(NamedTuple):
    """One response, the gold of its problem, and whether it gives that."""

    gold: str
    text: str
    right: bool
    problem: str
    read: bool


RESPONSES = [
    Response(row["gold"], row["text"], row["right"], row.get("problem", ""), row.get("read", True))
    for row in map(json.loads, Path(__file__).with_suffix(".jsonl").read_text().splitlines())
]
