"""How many formulas of a file of problems do the pages render, and how fast?

    python benchmarks/site_math.py math500.jsonl [completions.jsonl]

The first file has JSON lines with `problem` and `solution` (MATH-500's layout), the second (optional) lines
with a list `code` of completions. Prints the share of formulas that become MathML, the commonest reasons why
not, and formulas a second beside latex2mathml's own convert(), whose output is not safe to put on a page.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from phi4eval.site.mathml import mathml
from phi4eval.site.prose import pieces

BAR = 0.98


def formulas(texts: Iterable[str]) -> list[str]:
    """Every formula of the texts, in order."""
    return [piece.latex for text in texts for piece in pieces(text) if piece.latex is not None]


def rows(path: Path) -> list[dict[str, object]]:
    """The file's JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def measure(name: str, found: Sequence[str]) -> float:
    """Print the share rendered and the speeds; returns the share."""
    from latex2mathml.converter import convert

    mathml.cache_clear()
    start = time.perf_counter()
    made = [mathml.__wrapped__(formula) for formula in found]
    ours = time.perf_counter() - start
    start = time.perf_counter()
    failed = 0
    for formula in found:
        try:
            convert(formula)
        except Exception:
            failed += 1
    theirs = time.perf_counter() - start
    share = sum(one is not None for one in made) / len(found)
    print(f"{name}: {len(found):,} formulas, {share:.2%} rendered, the rest shown as source")
    print(
        f"  ours {len(found) / ours:,.0f} a second; latex2mathml.convert {len(found) / theirs:,.0f}", end=""
    )
    print(f" ({theirs / ours:.2f} of ours in speed; raised on {failed})")
    missed = [formula for formula, one in zip(found, made, strict=True) if one is None]
    commands = Counter(command for formula in missed for command in set(re.findall(r"\\[a-zA-Z]+", formula)))
    print(f"  not rendered, by command: {commands.most_common(8)}; e.g. {[m[:60] for m in missed[:3]]}")
    return share


def main() -> None:
    """Measure the files named on the command line."""
    problems = rows(Path(sys.argv[1]))
    texts = [str(row[part]) for row in problems for part in ("problem", "solution") if row.get(part)]
    share = measure(Path(sys.argv[1]).name, formulas(texts))
    print(f"  bar: at least {BAR:.0%}: {'reached' if share >= BAR else 'MISSED'}")
    if len(sys.argv) > 2:
        answers = [str(text) for row in rows(Path(sys.argv[2])) for text in row["code"]]  # type: ignore[attr-defined]
        measure(Path(sys.argv[2]).name, formulas(answers))


if __name__ == "__main__":
    main()
