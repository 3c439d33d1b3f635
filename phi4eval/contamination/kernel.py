"""Which tokens and which seeds does a document have? The compiled half of the scan, over UTF-8 bytes.

`read_tokens` gives exactly what tokens.tokenize gives, about two hundred times as fast.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from phi4eval.contamination.compiled import compiled
from phi4eval.contamination.tokens import (
    APOSTROPHE,
    BREAK,
    DIGIT,
    EXPANDS,
    FNV_OFFSET,
    FNV_PRIME,
    LETTER,
    MARKUP,
    SEPARATOR,
    SOLO,
    TABLE_SIZE,
    VANISHES,
)

Array = np.ndarray[Any, Any]
Tables = tuple[Array, Array, Array, Array, Array]
Out = tuple[Array, Array, Array, Array]
Open = tuple[np.uint64, int, int, int]

_OFFSET = np.uint64(FNV_OFFSET)
_PRIME = np.uint64(FNV_PRIME)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_ZERO = np.uint64(0)
_HIGH = np.uint64(32)
_ONE = np.uint64(1)
_SIX = np.uint64(6)
_TWELVE = np.uint64(12)
_SIXTY_THREE = np.uint64(63)
_BREAK = np.uint64(BREAK)
_CODE = np.uint64(127)
_IS_DIGIT = np.uint64(128)


@compiled
def mix(value: np.uint64) -> np.uint64:
    """Spread a hash over all of its bits."""
    value = (value ^ (value >> _SHIFT)) * _MIX
    return value ^ (value >> _HIGH)


@compiled
def pattern(mixed: np.uint64) -> np.uint64:
    """The three bits that a mixed key sets in its word of a bitmap."""
    one, two, three = mixed & _SIXTY_THREE, mixed >> _SIX & _SIXTY_THREE, mixed >> _TWELVE & _SIXTY_THREE
    return _ONE << one | _ONE << two | _ONE << three


@compiled
def may_hold(words: Array, shift: np.uint64, mixed: np.uint64) -> bool:
    """Whether a mixed key may be among those of a bitmap: most that are not there end here."""
    wanted = pattern(mixed)
    return bool(words[mixed >> shift] & wanted == wanted)


@compiled
def decode(data: Array, at: int, end: int) -> tuple[int, int]:
    """The code point at a byte that is not ASCII, and its length; a stray byte is a separator of length 1."""
    first = int(data[at])
    if first >= 0xF0 and at + 3 < end:
        high = (first & 7) << 18 | (int(data[at + 1]) & 63) << 12
        return high | (int(data[at + 2]) & 63) << 6 | (int(data[at + 3]) & 63), 4
    if 0xE0 <= first < 0xF0 and at + 2 < end:
        return (first & 15) << 12 | (int(data[at + 1]) & 63) << 6 | (int(data[at + 2]) & 63), 3
    if 0xC0 <= first < 0xE0 and at + 1 < end:
        return (first & 31) << 6 | (int(data[at + 1]) & 63), 2
    return 32, 1


@compiled
def action_at(data: Array, at: int, end: int, action: Array) -> int:
    """The action of the code point at a byte."""
    code = int(data[at])
    if code >= 128:
        code, _ = decode(data, at, end)
    if code < TABLE_SIZE:
        return int(action[code])
    return VANISHES if 0xE0000 <= code < 0xE1000 else SEPARATOR


@compiled
def is_letter(byte: int) -> bool:
    """An ASCII letter."""
    return 65 <= byte <= 90 or 97 <= byte <= 122


@compiled
def tag_end(data: Array, at: int, end: int) -> int:
    """Where the HTML tag at a `<` ends; `at` where there is none."""
    i = at + 1
    if i < end and data[i] == 47:
        i += 1
    name = i
    while i < end and i - name < 16 and (is_letter(data[i]) or (i > name and 48 <= data[i] <= 57)):
        i += 1
    if i == name or i >= end:
        return at
    if not (
        data[i] == 32 or data[i] == 9 or data[i] == 10 or data[i] == 13 or data[i] == 47 or data[i] == 62
    ):
        return at
    limit = min(end, i + 512)
    equals, blank = False, True
    while i < limit and data[i] != 60 and data[i] != 62:
        byte = data[i]
        equals = equals or byte == 61
        blank = blank and (byte == 32 or byte == 9 or byte == 10 or byte == 13 or byte == 47)
        i += 1
    return i + 1 if i < end and data[i] == 62 and (equals or blank) else at


@compiled
def is_apostrophe(data: Array, at: int, end: int) -> bool:
    """Whether the name of an entity, bytes [at, end), is one of an apostrophe's."""
    if data[at] == 35:
        value = 0
        if data[at + 1] == 120 or data[at + 1] == 88:
            for i in range(at + 2, end):
                digit = int(data[i])
                value = value * 16 + (digit - 48 if digit < 58 else (digit & 95) - 55)
        else:
            for i in range(at + 1, end):
                value = value * 10 + int(data[i]) - 48
        return value == 39 or value == 8217
    name = 0
    for i in range(at, end):
        name = name * 256 + int(data[i])
    return name == 0x61706F73 or name == 0x727371756F  # apos, rsquo


@compiled
def entity_end(data: Array, at: int, end: int) -> int:
    """Where the HTML entity at a `&` ends; `at` where there is none."""
    i = at + 1
    if i >= end:
        return at
    if data[i] != 35:
        name = i
        while i < end and i - name < 8 and (is_letter(data[i]) or (i > name and 48 <= data[i] <= 57)):
            i += 1
        return i + 1 if i - name >= 2 and i < end and data[i] == 59 else at
    i += 1
    hexadecimal = i < end and (data[i] == 120 or data[i] == 88)
    if hexadecimal:
        i += 1
    name, longest = i, 6 if hexadecimal else 7
    while i < end and i - name < longest:
        byte = data[i]
        if not (48 <= byte <= 57 or (hexadecimal and (65 <= byte <= 70 or 97 <= byte <= 102))):
            break
        i += 1
    return i + 1 if i > name and i < end and data[i] == 59 else at


@compiled
def command_at(data: Array, at: int, end: int, commands: Array) -> tuple[int, np.uint64]:
    """(end of the LaTeX command at a backslash, hash of the token it becomes or 0); (at, 0): an ordinary
    one.
    """
    i, value = at + 1, _OFFSET
    while i < end and i - at <= 16 and is_letter(data[i]):
        value = (value ^ np.uint64(data[i])) * _PRIME
        i += 1
    if i == at + 1 or (i < end and is_letter(data[i])):
        return at, _ZERO
    for row in range(commands.shape[0]):
        if commands[row, 0] == value:
            return i, commands[row, 1]
    return at, _ZERO


@compiled
def read_markup(
    data: Array, at: int, end: int, commands: Array, action: Array, state: int
) -> tuple[int, np.uint64, bool]:
    """What stands at a `<`, `&` or `\\`: (where it ends, hash of a token it becomes or 0, word goes on)."""
    byte = data[at]
    if byte == 92:
        after, becomes = command_at(data, at, end, commands)
        return (after, becomes, False) if after > at else (at + 1, _ZERO, False)
    if byte == 60:
        after = tag_end(data, at, end)
        return (after, _ZERO, False) if after > at else (at + 1, _ZERO, False)
    after = entity_end(data, at, end)
    if after == at:
        return at + 1, _ZERO, False
    joins = state == LETTER and after < end and is_apostrophe(data, at + 1, after - 1)
    return after, _ZERO, joins and action_at(data, after, end, action) == LETTER


@compiled
def put(out: Out, n: int, value: np.uint64, start: int, stop: int, state: int) -> int:
    """Write the open token, if there is one; returns the number of tokens then."""
    if state == SEPARATOR:
        return n
    hashes, starts, ends, digits = out
    hashes[n], starts[n], ends[n], digits[n] = value, start, stop, state == DIGIT
    return n + 1


@compiled
def read_expansion(
    expansions: Array, first: int, action: Array, out: Out, n: int, begins: int, stops: int, word: Open
) -> tuple[int, Open]:
    """Read a character that becomes several, at bytes [begins, stops); returns tokens then, and the open
    one.
    """
    value, start, stop, state = word
    i = first
    while expansions[i] != 0:
        code = int(expansions[i])
        what = int(action[code])
        if what != LETTER and what != DIGIT and what != SOLO:
            what = SEPARATOR
        if what == SOLO or what != state:
            n = put(out, n, value, start, stop, state)
            value, start = _OFFSET, begins
        if what != SEPARATOR:
            value = (value ^ np.uint64(code)) * _PRIME
            stop = stops
        state = what
        i += 1
    return n, (value, start, stop, state)


@compiled
def signed(value: Any) -> Any:
    """A number as the other half of the kernel takes it; numba would make both kinds together a float."""
    return np.int64(value)


@compiled
def read_simple(
    data: Array, first: int, begin: int, end: int, simple: Array, out: Out, tokens: int, word: Open
) -> tuple[int, int, Open]:
    """Read ASCII words and what separates them from byte `first` on, up to the first byte that needs more
    care; returns where that stands, the tokens then and the open one.

    A loop of its own and unsigned numbers, for which no index is checked for being negative: a quarter
    faster.
    """
    hashes, starts, ends, digits = out
    value, start, stop, state = word
    i, zero, last, n = np.uint64(first), np.uint64(begin), np.uint64(end), np.uint64(tokens)
    while i < last:
        known = np.uint64(simple[data[i]])
        if known == _ZERO:
            break
        what = SEPARATOR if known == _BREAK else DIGIT if known > _CODE else LETTER
        if what != state and state != SEPARATOR:
            hashes[n], starts[n], ends[n], digits[n] = value, start, stop, state == DIGIT
            n += _ONE
        if what == SEPARATOR:
            state = SEPARATOR
            i += _ONE
            continue
        if what != state:
            state, value, start = what, _OFFSET, signed(i - zero)
        kind = known & _IS_DIGIT
        while True:
            value = (value ^ (known & _CODE)) * _PRIME
            i += _ONE
            if i == last:
                break
            known = np.uint64(simple[data[i]])
            if known <= _BREAK or known & _IS_DIGIT != kind:
                break
        stop = signed(i - zero)
    return signed(i), signed(n), (value, start, stop, state)


@compiled
def read_tokens(data: Array, begin: int, end: int, tables: Tables, out: Out) -> int:
    """Write the tokens of bytes [begin, end) into four arrays; returns how many there are.

    out: hashes (uint64), starts and ends (int32, byte offsets from `begin`), digits (uint8, 1 for a number),
    each with room for 2 * (end - begin) + 2 tokens.
    """
    action, folded, expansions, commands, simple = tables
    n, state, value, start, stop = 0, SEPARATOR, _OFFSET, 0, 0
    i = begin
    while True:
        i, n, (value, start, stop, state) = read_simple(
            data, i, begin, end, simple, out, n, (value, start, stop, state)
        )
        if i >= end:
            break
        code, size = int(data[i]), 1
        if code >= 128:
            code, size = decode(data, i, end)
        what = int(action[code]) if code < TABLE_SIZE else SEPARATOR
        after = i + size
        if what in (LETTER, DIGIT):
            if what != state:
                n = put(out, n, value, start, stop, state)
                state, value, start = what, _OFFSET, i - begin
            value = (value ^ np.uint64(folded[code])) * _PRIME
            stop = after - begin
        elif what == SEPARATOR:
            if code < 0xE0000 or code >= 0xE1000:
                n = put(out, n, value, start, stop, state)
                state = SEPARATOR
        elif what == EXPANDS:
            word = (value, start, stop, state)
            n, (value, start, stop, state) = read_expansion(
                expansions, int(folded[code]), action, out, n, i - begin, after - begin, word
            )
        elif what == SOLO:
            n = put(out, n, value, start, stop, state)
            n = put(out, n, (_OFFSET ^ np.uint64(folded[code])) * _PRIME, i - begin, after - begin, LETTER)
            state = SEPARATOR
        elif what == APOSTROPHE:
            if state != LETTER or after >= end or action_at(data, after, end, action) != LETTER:
                n = put(out, n, value, start, stop, state)
                state = SEPARATOR
        elif what == MARKUP:
            after, becomes, joins = read_markup(data, i, end, commands, action, state)
            if not joins:
                n = put(out, n, value, start, stop, state)
                state = SEPARATOR
                if becomes != _ZERO:
                    n = put(out, n, becomes, i + 1 - begin, after - begin, LETTER)
        i = after
    return put(out, n, value, start, stop, state)


@compiled
def read_many(data: Array, offsets: Array, tables: Tables, out: Out, at: Array) -> int:
    """The tokens of many texts one after the other; writes where each one's tokens begin into `at`."""
    hashes, starts, ends, digits = out
    n = 0
    for text in range(offsets.shape[0] - 1):
        rest = (hashes[n:], starts[n:], ends[n:], digits[n:])
        n += read_tokens(data, offsets[text], offsets[text + 1], tables, rest)
        at[text + 1] = n
    return n
