"""Which commands do the README and the docs show? Lines of their code blocks that begin with `phi4eval`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = (
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(ROOT.glob("examples/*/README.md")),
)
_FENCE = re.compile(r"^\s*```")
_COMMENT = re.compile(r"\s+#\s.*$")


class Shown(NamedTuple):
    """A command as a page shows it: the page, the line's number from 1, and its words after `phi4eval`."""

    page: str
    line: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: phi4eval {shlex.join(self.words)}"


def shown_commands() -> list[Shown]:
    """All of them, in the pages' order."""
    return [shown for page in PAGES for shown in _of(page)]


def _of(page: Path) -> Iterator[Shown]:
    inside, begun = False, ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if _FENCE.match(line):
            inside = not inside
            continue
        text = f"{begun} {line.strip()}".strip()
        if not inside or not text.removeprefix("$ ").startswith("phi4eval "):
            continue
        text = _COMMENT.sub("", text.removeprefix("$ "))
        if text.endswith("\\"):
            begun = text.removesuffix("\\").strip()
            continue
        begun = ""
        yield Shown(str(page.relative_to(ROOT)), number, tuple(shlex.split(text)[1:]))
