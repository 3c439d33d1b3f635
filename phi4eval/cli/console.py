"""How text reaches the terminal: printable strings, colour, tables, JSON, and the two streams.

stdout carries the result, stderr everything else. Every string that is not this program's own (a model's
output, a name, an error) passes through printable() or paragraph() before it is shown.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TextIO

import msgspec

from phi4eval.types import SCHEMA

Style = Literal["bold", "dim", "red", "green", "yellow", "reverse"]

_SGR: Mapping[Style, str] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "reverse": "7",
}
# CSI, OSC (ended by BEL or ST), the other string sequences, and two-character escapes
_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[ -/]*[0-~]"
)


class OutputClosed(Exception):
    """Whoever read our output went away (`| head`); there is nobody left to tell."""


# ---------------------------------------------------------------- strings


def printable(text: object) -> str:
    """A foreign string on one line: ANSI sequences removed, every other control character made visible."""
    return "".join(_visible(char) for char in _ANSI.sub("", str(text)))


def paragraph(text: str) -> list[str]:
    """A foreign text as lines; line ends and tabs keep their meaning, all else as in printable()."""
    clean = _ANSI.sub("", text).replace("\r\n", "\n").expandtabs(4)
    return [printable(line) for line in clean.split("\n")]


def quoted(text: str) -> list[str]:
    """A foreign text as lines behind a bar, so that none of it passes for our own words."""
    return [f"  | {line}" if line else "  |" for line in paragraph(text)]


def _visible(char: str) -> str:
    """A character, or its escape where it would move the cursor, or reorder or hide text."""
    if char == " " or char.isprintable():
        return char
    if char in "\u00a0\u2009\u202f\u3000":
        return " "
    code = ord(char)
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


def cells(text: str) -> int:
    """How many terminal columns a printable string takes; East Asian wide characters take two."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def clipped(text: str, width: int) -> str:
    """At most `width` columns of a printable string, with an ellipsis where something was cut."""
    if cells(text) <= width:
        return text
    kept = ""
    for char in text:
        if cells(kept + char) > width - 1:
            break
        kept += char
    return kept.rstrip() + "…"


def wrapped(text: str, width: int) -> list[str]:
    """A printable string broken at spaces, and inside a word only where the word alone is too long."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if cells(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        while cells(line) > width:
            head = _head(line, width)
            lines.append(head)
            line = line[len(head) :]
    lines.append(line)
    return lines


def _head(text: str, width: int) -> str:
    """The part of a long word that fits, up to a hyphen, slash or underscore in its later half."""
    end = 1
    while end < len(text) and cells(text[: end + 1]) <= width:
        end += 1
    at = max(text.rfind(mark, 0, end) for mark in "-/_") + 1
    return text[:at] if at > end // 2 else text[:end]


# ---------------------------------------------------------------- tables


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    width: int,
    wrap: int,
    right: Sequence[int] = (),
) -> list[str]:
    """Aligned columns under a header; column `wrap` is broken over lines where the row is wider than `width`.

    Nothing is cut off: what is piped into another program must be whole. Cells are made printable here.
    Plain text of our own and not rich's, whose import alone would take a fifth of the start-up budget.
    """
    body = [[printable(cell) for cell in row] for row in rows]
    grid = [list(header), *body]
    widths = [max(cells(row[i]) for row in grid) for i in range(len(header))]
    rest = sum(widths) - widths[wrap] + 2 * (len(header) - 1)
    widths[wrap] = max(min(widths[wrap], width - rest), min(widths[wrap], 12))
    lines: list[str] = []
    for row in [list(header), ["-" * w for w in widths], *body]:
        broken = wrapped(row[wrap], widths[wrap])
        for number, part in enumerate(broken):
            shown = [part if i == wrap else cell if number == 0 else "" for i, cell in enumerate(row)]
            lines.append(
                "  ".join(
                    _padded(c, w, i in right) for i, (c, w) in enumerate(zip(shown, widths, strict=True))
                ).rstrip()
            )
    return lines


def _padded(text: str, width: int, right: object) -> str:
    space = " " * max(0, width - cells(text))
    return space + text if right else text + space


def fields(pairs: Iterable[tuple[str, object]], *, width: int) -> list[str]:
    """`name  value` lines with the values aligned and wrapped; pairs without a value are left out."""
    shown = [(name, printable(value)) for name, value in pairs if value is not None and value != ""]
    indent = max((cells(name) for name, _ in shown), default=0) + 2
    lines: list[str] = []
    for name, value in shown:
        first, *more = wrapped(value, max(20, width - indent))
        lines.append(name.ljust(indent) + first)
        lines.extend(" " * indent + part for part in more)
    return lines


# ---------------------------------------------------------------- streams


def terminal_width() -> int:
    """Columns to fill: the terminal's (or COLUMNS), 80 for a pipe, never under 40."""
    return max(40, shutil.get_terminal_size((80, 24)).columns)


def is_terminal(stream: TextIO) -> bool:
    """Whether a person may be watching this stream with a terminal that understands cursor movement."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def styled(text: str, style: Style, stream: TextIO | None = None) -> str:
    """Text in a style, where the stream (stdout) is a terminal and NO_COLOR is not set."""
    if os.environ.get("NO_COLOR") or not is_terminal(stream or sys.stdout):
        return text
    return f"\x1b[{_SGR[style]}m{text}\x1b[0m"


def show(lines: Iterable[str] | str) -> None:
    """Print lines of the result on stdout."""
    _write(sys.stdout, lines)


def tell(lines: Iterable[str] | str) -> None:
    """Print lines that are not the result on stderr."""
    _write(sys.stderr, lines)


def warn(text: str) -> None:
    """One warning on stderr."""
    tell(f"{styled('warning:', 'yellow', sys.stderr)} {printable(text)}")


def _write(stream: TextIO, lines: Iterable[str] | str) -> None:
    text = lines if isinstance(lines, str) else "\n".join(lines)
    try:
        stream.write(text + "\n")
        stream.flush()
    except BrokenPipeError as error:
        raise OutputClosed from error


def output_is_open() -> bool:
    """False where stdout is a pipe that nobody reads any more."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLOUT)
    return not any(event & select.POLLERR for _, event in poll.poll(0))


def show_json(kind: str, content: Mapping[str, Any]) -> None:
    """The one object that --json prints: schema, kind and the content's fields, keys sorted."""
    value = {"schema": SCHEMA, "kind": kind, **{name: plain(part) for name, part in content.items()}}
    show(msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2).decode())


def plain(value: Any) -> Any:
    """Records as dictionaries, with lone surrogates (file names that are no UTF-8) escaped for JSON."""
    built = msgspec.to_builtins(value)
    return _encodable(built)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(part) for part in value]
    return value
