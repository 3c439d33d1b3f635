"""What is a word of a text? The tables of the two token rules, and the slow reference tokenizer.

Two rules: ALIGN, this project's own, which sees through spelling of the same words; and WORDS, the
`re.split(r"\\W+", text.lower())` that fits the Phi-4 report's worked example, for the published rules.

ALIGN: a token is a run of letters or a run of digits. Case, full-width forms, ligatures, mathematical
alphabets, superscripts and accents are folded (NFKD, case folding, combining marks dropped). HTML tags and
entities separate; zero-width characters, soft hyphens and apostrophes inside a word vanish; LaTeX commands
that only set size, spacing or font are no words, and \\dfrac is \\frac. A character of a script written
without spaces (Han, kana, Thai, Lao, Khmer, Burmese) is a token by itself.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rule = Literal["align", "words"]

TOKENS_VERSION = f"1/{unicodedata.unidata_version}"
"""Part of every index digest: another Unicode release may fold a character otherwise."""

SEPARATOR, VANISHES, LETTER, DIGIT, SOLO, EXPANDS, APOSTROPHE, MARKUP = range(8)
"""What one code point does. MARKUP: `<`, `&` and `\\`, which may begin something longer."""

NUMBER, WORD, SHORT = 1, 2, 3
"""Kind of a token: digits; letters, three or more; fewer."""

BREAK = 1
"""In the table of bytes: one that separates words, and nothing else."""

TABLE_SIZE = 0x30000
"""Code points with an entry; above, only the invisible ones of plane 14 are known."""

FNV_OFFSET = 0xCBF29CE484222325
FNV_PRIME = 0x100000001B3
MASK = (1 << 64) - 1

_DROPPED = """
left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm quad qquad
displaystyle textstyle scriptstyle limits nolimits thinspace enspace hfill hfil noindent smallskip medskip
bigskip text mathrm mathbf mathit mathsf mathtt textbf textit textrm texttt emph rm bf it mbox operatorname
boldsymbol hspace vspace phantom hphantom vphantom allowbreak newline par
"""
_DROPPED_COMMANDS = frozenset(_DROPPED.split())
SAME_COMMANDS = {"dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "dbinom": "binom", "tbinom": "binom"}
"""LaTeX commands that set the same thing in another size."""

_TAG = re.compile(rb"</?[A-Za-z][A-Za-z0-9]{0,15}(?=[ \t\r\n/>])([^<>]{0,511})>")
_ENTITY = re.compile(rb"&(?:([A-Za-z][A-Za-z0-9]{1,7})|#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6}));")
_COMMAND = re.compile(rb"\\([A-Za-z]{1,16})(?![A-Za-z])")
_NO_SPACES = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0x20000, 0x2FFFF),
)

_NUMBERS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million
"""
NUMBER_WORDS = frozenset(_NUMBERS.split())
"""Numbers in letters: changing one of them makes another problem, as changing a digit does."""


class Token(NamedTuple):
    """One token: its folded spelling, its hash, its bytes [start, end) in the UTF-8 text, and its kind."""

    text: str
    hash: int
    start: int
    end: int
    kind: int


class Tables(NamedTuple):
    """A token rule as arrays, for the kernel.

    action: uint8 per code point. folded: int32 per code point, the code point it becomes, or where its
    expansion begins. expansions: int32, runs that end with 0. commands: uint64 pairs (hash of the command's
    letters, hash of the token it becomes, 0 = none). bytes: uint8 per byte, for the ASCII letters and digits
    what they become, 128 more for digits; BREAK for separators; 0 for what the other tables are asked about.
    """

    action: NDArray[Any]
    folded: NDArray[Any]
    expansions: NDArray[Any]
    commands: NDArray[Any]
    bytes: NDArray[Any]


def hash_token(text: str) -> int:
    """FNV-1a over code points, 64 bits."""
    value = FNV_OFFSET
    for char in text:
        value = ((value ^ ord(char)) * FNV_PRIME) & MASK
    return value


def fold(char: str) -> str:
    """What a character becomes under ALIGN, before separators are told from letters."""
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return "".join(c for c in spread if unicodedata.category(c)[0] != "M" and unicodedata.category(c) != "Cf")


def _align_action(char: str) -> tuple[int, str]:
    """The action of one code point under ALIGN and the characters that it becomes."""
    if char in "<&\\":
        return MARKUP, char
    if char in "'\u2019\u02bc":
        return APOSTROPHE, char
    category = unicodedata.category(char)
    if category == "Cf":
        return VANISHES, ""
    if category in ("Cn", "Co", "Cs"):
        return SEPARATOR, ""
    if category == "Lo" and not unicodedata.decomposition(char):
        return _simple_action(char), char
    folded = fold(char)
    if not folded:
        return VANISHES if category[0] == "M" else SEPARATOR, ""
    if len(folded) > 1:
        return (EXPANDS, folded) if any(_simple_action(c) for c in folded) else (SEPARATOR, "")
    action = _simple_action(folded)
    value = unicodedata.decimal(folded, None)
    return action, str(int(value)) if value is not None else folded


def _simple_action(char: str) -> int:
    code = ord(char)
    category = unicodedata.category(char)
    if category == "Nd":
        return DIGIT
    if category[0] != "L":
        return SEPARATOR
    return SOLO if any(low <= code <= high for low, high in _NO_SPACES) else LETTER


def _words_action(char: str) -> tuple[int, str]:
    """The action of one code point under WORDS."""
    if not (char.isalnum() or char == "_"):
        return SEPARATOR, ""
    lower = char.lower()
    return (LETTER, lower) if len(lower) == 1 else (EXPANDS, "".join(c for c in lower if c.isalnum()))


def _action(rule: Rule, code: int) -> tuple[int, str]:
    if 0xD800 <= code <= 0xDFFF:
        return SEPARATOR, ""
    return _align_action(chr(code)) if rule == "align" else _words_action(chr(code))


# what texts hold is some thousand characters of the table's two hundred thousand
_known_action = cache(_action)


@cache
def tables(rule: Rule) -> Tables:
    """The arrays of a token rule (about 1 MB), kept on disk: making them takes a sixth of a second."""
    from phi4eval.contamination.compiled import kept_arrays

    return Tables(
        **kept_arrays(f"tables-{rule}-{unicodedata.unidata_version}", lambda: make_tables(rule)._asdict())
    )


def make_tables(rule: Rule) -> Tables:
    """The arrays of a token rule, from Python's Unicode tables."""
    import numpy as np

    action = np.zeros(TABLE_SIZE, np.uint8)
    folded = np.zeros(TABLE_SIZE, np.int32)
    expansions: list[int] = []
    for code in range(TABLE_SIZE):
        what, becomes = _action(rule, code)
        action[code] = what
        if what == EXPANDS:
            folded[code] = len(expansions)
            expansions.extend([*map(ord, becomes), 0])
        elif becomes:
            folded[code] = ord(becomes)
    pairs = [(name, "") for name in sorted(_DROPPED_COMMANDS)] + list(SAME_COMMANDS.items())
    commands = np.array([(hash_token(a), hash_token(b) if b else 0) for a, b in pairs], np.uint64)
    simple = np.zeros(256, np.uint8)
    for code in range(128):
        what = int(action[code])
        if what in (LETTER, DIGIT):
            simple[code] = folded[code] + (128 if what == DIGIT else 0)
        elif what == SEPARATOR:
            simple[code] = BREAK
    return Tables(action, folded, np.array([*expansions, 0], np.int32), commands, simple)


def kind_of(text: str) -> int:
    """The kind of a folded token."""
    return NUMBER if text[:1].isdigit() else WORD if len(text) >= 3 else SHORT


def decode(data: bytes, at: int) -> tuple[int, int]:
    """The code point at a byte of valid UTF-8, and its length in bytes."""
    first = data[at]
    size = 1 if first < 0x80 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    return ord(data[at : at + size].decode("utf-8", "replace")[:1] or " "), size


def tokenize(text: str | bytes, rule: Rule = "align") -> list[Token]:
    """All tokens of a text in order: the reference that the kernel is tested against, about 1 MB/s."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    reader = _Reader(rule)
    at = 0
    while at < len(data):
        at = reader.step(data, at)
    reader.close()
    return reader.tokens


class _Reader:
    """The open token while a text is read from left to right."""

    def __init__(self, rule: Rule) -> None:
        self.tokens: list[Token] = []
        self._rule: Rule = rule
        self._text, self._start, self._end, self._state = "", 0, 0, SEPARATOR

    def close(self) -> None:
        if self._text:
            self._emit(self._text, self._start, self._end)
        self._text, self._state = "", SEPARATOR

    def _emit(self, text: str, start: int, end: int) -> None:
        self.tokens.append(Token(text, hash_token(text), start, end, kind_of(text)))

    def _put(self, action: int, char: str, start: int, end: int) -> None:
        if action in (SOLO, SEPARATOR) or action != self._state:
            self.close()
        if action == SEPARATOR:
            return
        if not self._text:
            self._start, self._state = start, action
        self._text += char
        self._end = end

    def _action(self, code: int) -> tuple[int, str]:
        if code < TABLE_SIZE:
            return _known_action(self._rule, code)
        return (VANISHES if 0xE0000 <= code < 0xE1000 else SEPARATOR), ""

    def step(self, data: bytes, at: int) -> int:
        """Read what stands at a byte; returns where the next thing stands."""
        code, size = decode(data, at)
        action, becomes = self._action(code)
        after = at + size
        if action == VANISHES:
            return after
        if action == MARKUP:
            return self._step_markup(data, at)
        if action == APOSTROPHE:
            return self._apostrophe(data, after)
        if action == EXPANDS:
            for char in becomes:
                inner = self._action(ord(char))[0]
                self._put(inner if inner in (LETTER, DIGIT, SOLO) else SEPARATOR, char, at, after)
            return after
        self._put(action, becomes, at, after)
        return after

    def _apostrophe(self, data: bytes, after: int) -> int:
        joins = self._state == LETTER and after < len(data)
        if not (joins and self._action(decode(data, after)[0])[0] == LETTER):
            self.close()
        return after

    def _step_markup(self, data: bytes, at: int) -> int:
        found: re.Match[bytes] | None
        if found := _COMMAND.match(data, at):
            name = found[1].decode()
            self.close()
            if name in SAME_COMMANDS:
                self._emit(SAME_COMMANDS[name], at + 1, found.end())
            return found.end() if name in SAME_COMMANDS or name in _DROPPED_COMMANDS else at + 1
        if (found := _TAG.match(data, at)) and (b"=" in found[1] or not found[1].strip(b" \t\r\n/")):
            self.close()
            return found.end()
        if found := _ENTITY.match(data, at):
            value = int(found[2] or int(found[3] or b"0", 16))
            if value in (39, 8217) or found[1] in (b"apos", b"rsquo"):
                return self._apostrophe(data, found.end())
            self.close()
            return found.end()
        self.close()
        return at + 1
