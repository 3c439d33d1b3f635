"""Which texts of a benchmark item are looked for, and what are its words?"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

import msgspec

from phi4eval.contamination.bulk import read_texts
from phi4eval.contamination.records import ScanItem
from phi4eval.errors import DataError, UsageError
from phi4eval.types import Item

_QUESTIONS = ("problem", "question", "prompt")
_ROW = "rows are {item_id, question, answer?, choices?}"


def scan_item(item: Item) -> ScanItem:
    """An item of a task as the checker wants it, named TASK/ID; a gold that is an option's number is no
    text.
    """
    question = next((str(item.row[name]) for name in _QUESTIONS if name in item.row), "")
    answer = None if item.choices else item.gold
    return ScanItem(item_id=f"{item.task}/{item.id}", question=question, choices=item.choices, answer=answer)


def question_digests(questions: Sequence[str]) -> list[str]:
    """Digests of the words of questions: the same for every spelling, spacing and markup of them."""
    tokens = read_texts([question.encode("utf-8", "replace") for question in questions], "align")
    return [
        blake2b(tokens.hashes[start:end].astype("<u8").tobytes(), digest_size=8).hexdigest()
        for start, end in pairwise(tokens.at.tolist())
    ]


def read_items(path: Path) -> list[ScanItem]:
    """The items of a JSON lines file. DataError where it cannot be read, UsageError names a wrong row."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}", "give a file of JSON lines") from error
    items = []
    for number, line in enumerate(lines, start=1):
        try:
            if line.strip():
                items.append(msgspec.json.decode(line, type=ScanItem))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}:{number}: {error}", _ROW) from error
    return items
