"""Corpora with known leaks: items planted in unrelated text, unchanged or edited in a known way.

Used by contamination_quality.py and contamination_speed.py. Every document holds at most one planted item,
and its truth says which, under which edit, and at which characters.
"""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from phi4eval.contamination import ScanItem
from phi4eval.contamination.tokens import tokenize


class Planted(NamedTuple):
    """One document and what was planted in it; item is "" for background alone."""

    doc_id: str
    text: str
    kind: str
    item: str
    start: int
    end: int


MADE_UP = (
    "The ferry leaves the harbour before sunrise, and by noon the islands lie behind it like a row "
    "of sleeping cats.",
    "Nobody in the village remembered who had planted the walnut trees along the canal, but everyone "
    "had an opinion.",
    "A good carpenter measures with the eye first and with the rule afterwards; the second only "
    "confirms the first.",
    "When the museum reopened, the guards had been given new coats, and the oldest painting had been "
    "given a new wall.",
    "Rain fell on the tin roof of the station all evening, which the stationmaster said was the only "
    "music he liked.",
    "She wrote the letter three times, burned it twice, and finally sent a postcard with a picture "
    "of a lighthouse.",
    "The committee could not agree on a colour for the bridge, so it stayed grey for another eleven winters.",
    "Most of what we know about the old kitchen garden comes from a ledger in which the cook wrote "
    "down his debts.",
    "Configuration files are read from the current directory first and then from the parent "
    "directories in turn.",
    "If the connection is lost while a message is being sent, the client waits for a moment and then "
    "tries again.",
)
"""Background for the tests; real measurements take --background."""


def load_items(paths: Sequence[Path]) -> list[ScanItem]:
    """Items of JSON lines files with question or problem, choices or options, answer or solution.

    One of each question: benchmarks share some (MMLU's mathematics holds items of MATH).
    """
    items: list[ScanItem] = []
    seen: set[str] = set()
    lines = [
        (path, *each) for path in paths for each in enumerate(path.read_text(encoding="utf-8").splitlines())
    ]
    for path, number, line in lines:
        row = json.loads(line)
        question = row.get("question") or row.get("problem") or ""
        choices = row.get("choices") or row.get("options") or ()
        key = " ".join(token.text for token in tokenize(question))
        if key in seen or not key:
            continue
        seen.add(key)
        items.append(
            ScanItem(
                item_id=f"{path.stem}/{number}",
                question=question,
                choices=tuple(map(str, choices)) if isinstance(choices, list) else (),
                answer=row.get("solution") or str(row.get("answer", "")),
            )
        )
    return items


def load_background(paths: Sequence[Path], *, words: int = 220) -> list[str]:
    """Different passages of about `words` words from text, Markdown and HTML files."""
    passages: list[str] = []
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if file.suffix not in (".txt", ".md", ".rst", ".html"):
                continue
            text = file.read_text(encoding="utf-8", errors="replace")
            if file.suffix == ".html":
                text = html.unescape(re.sub(r"(?s)<(script|style|nav).*?</\1>|<[^>]+>", " ", text))
            tokens = re.sub(r"[ \t]+", " ", text).split(" ")
            passages += [" ".join(tokens[i : i + words]) for i in range(0, len(tokens) - words // 2, words)]
    return list(dict.fromkeys(passages))


# ---------------------------------------------------------------- edits that keep every word


def _punctuation(text: str, draw: random.Random) -> str:
    return re.sub(
        r"(?<!\d)[,.;:!?](?!\d)", lambda m: draw.choice(["", " -", "…", "!", ";"]), text.replace("'", "’")
    )


def _spacing(text: str, draw: random.Random) -> str:
    return re.sub(r" +", lambda m: draw.choice(["  ", "\t", " \n ", "\u00a0", "   "]), text)


def _latex_spacing(text: str, draw: random.Random) -> str:
    spaced = re.sub(r"(?<=[=+<>])|(?=[=+<>])", lambda m: draw.choice([r"\,", r"\;", " ", r"\quad "]), text)
    return spaced.replace("(", r"\left(").replace(")", r"\right)").replace(r"\frac", r"\dfrac")


def _latex_delimiters(text: str, draw: random.Random) -> str:
    return re.sub(r"\$([^$]+)\$", draw.choice([r"\\(\1\\)", r"$$\1$$", r"\\[\1\\]"]), text)


def _wrapped(text: str, draw: random.Random) -> str:
    width = draw.choice([28, 40, 60])
    return re.sub(rf"(.{{{width}}}\S*) ", r"\1\n", text)


def _prefixed(text: str, draw: random.Random) -> str:
    mark = draw.choice(["> ", "# ", "// ", "| ", "* "])
    return mark + _wrapped(text, draw).replace("\n", "\n" + mark)


def _html(text: str, draw: random.Random) -> str:
    words = html.escape(text).split(" ")
    for at in draw.sample(range(len(words)), k=min(3, len(words))):
        tag = draw.choice(["b", "i", "em", "span"])
        words[at] = (
            f'<{tag} class="q">{words[at]}</{tag}>' if tag == "span" else f"<{tag}>{words[at]}</{tag}>"
        )
    return "<p>" + " ".join(words).replace(". ", ".<br/> ") + "</p>"


def _unicode(text: str, draw: random.Random) -> str:
    def wide(match: re.Match[str]) -> str:
        if match[0].startswith("\\"):
            return match[0]
        return "".join(chr(ord(c) + 0xFEE0) if draw.random() < 0.3 else c for c in match[0])

    text = re.sub(r"\\[A-Za-z]+|[A-Za-z0-9]", wide, text)
    return text.replace("fi", "ﬁ").replace("fl", "ﬂ").replace("-", "‐")


def _invisible(text: str, draw: random.Random) -> str:
    return "".join(
        c + (draw.choice("\u200b\u200d\u00ad\ufeff") if c.isalpha() and draw.random() < 0.1 else "")
        for c in text
    )


def _markdown(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    for at in draw.sample(range(len(words)), k=min(4, len(words))):
        mark = draw.choice(["**", "*", "_", "`"])
        words[at] = f"{mark}{words[at]}{mark}"
    return "### " + " ".join(words)


# ---------------------------------------------------------------- edits that change words


def _edited(share: float) -> Callable[[str, random.Random], str]:
    def edit(text: str, draw: random.Random) -> str:
        words = text.split()
        count = max(1, round(share * len(words))) if share else 1
        for at in draw.sample(range(len(words)), k=min(count, len(words))):
            action = draw.choice(["replace", "replace", "drop", "insert"]) if share else "replace"
            other = draw.choice(_OTHER_WORDS)
            words[at] = {"replace": other, "drop": "", "insert": f"{words[at]} {other}"}[action]
        return " ".join(word for word in words if word)

    return edit


_OTHER_WORDS = sorted({w for line in MADE_UP for w in re.findall(r"[a-z]{4,}", line)})


def _interleaved(text: str, draw: random.Random) -> str:
    words, parts = text.split(), []
    while words:
        size = draw.randint(6, 12)
        parts.append(" ".join(words[:size]))
        words = words[size:]
    fillers = [" ".join(draw.choice(MADE_UP).split()[: draw.randint(4, 12)]) for _ in parts]
    return " ".join(f"{part} {filler}" for part, filler in zip(parts, fillers, strict=True))


def _half(first: int) -> Callable[[str, random.Random], str]:
    def edit(text: str, draw: random.Random) -> str:
        words = text.split()
        middle = (len(words) + 1) // 2
        return " ".join(words[:middle] if first else words[middle:])

    return edit


def _numbers(text: str, draw: random.Random) -> str:
    def other(match: re.Match[str]) -> str:
        while (value := str(draw.randint(2, 10 ** len(match[0]) + 8))) == match[0]:
            continue
        return value

    return re.sub(r"\d+", other, text)


def _shuffled(text: str, draw: random.Random) -> str:
    words = text.split()
    draw.shuffle(words)
    return " ".join(words)


EXACT: dict[str, Callable[[str, random.Random], str]] = {
    "verbatim": lambda text, draw: text,
    "case": lambda text, draw: draw.choice([text.upper(), text.lower(), text.title()]),
    "spacing": _spacing,
    "punctuation": _punctuation,
    "LaTeX spacing": _latex_spacing,
    "LaTeX delimiters": _latex_delimiters,
    "wraps": _wrapped,
    "line prefixes": _prefixed,
    "HTML": _html,
    "unicode forms": _unicode,
    "invisible characters": _invisible,
    "markdown": _markdown,
}
EDITED: dict[str, Callable[[str, random.Random], str]] = {
    "one word": _edited(0),
    "10 % of words": _edited(0.1),
    "25 % of words": _edited(0.25),
    "interleaved": _interleaved,
    "first half": _half(1),
    "second half": _half(0),
}
NO_LEAK: dict[str, Callable[[str, random.Random], str]] = {"numbers changed": _numbers, "shuffled": _shuffled}


def plant(
    items: Sequence[ScanItem], background: Sequence[str], *, per_kind: int, clean: int, seed: int
) -> Iterator[Planted]:
    """Documents with one planted item each, `per_kind` of every edit, then `clean` without any."""
    draw = random.Random(seed)
    number = 0
    for kind, edit in {**EXACT, **EDITED, **NO_LEAK}.items():
        fits = [
            item for item in items if kind != "numbers changed" or len(re.findall(r"\d+", item.question)) >= 2
        ]
        for item in draw.sample(fits, k=min(per_kind, len(fits))):
            before, after = draw.choice(background), draw.choice(background)
            planted = edit(item.question, draw).strip()
            start = len(before) + 2
            text = f"{before}\n\n{planted}\n\n{after}"
            yield Planted(f"d{number}", text, kind, item.item_id, start, start + len(planted))
            number += 1
    for at in range(clean):
        text = (
            background[at % len(background)]
            if at < len(background)
            else "\n".join(draw.sample(background, k=2))
        )
        yield Planted(f"d{number}", text, "background", "", 0, 0)
        number += 1
