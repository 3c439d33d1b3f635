"""Where in a text does the model state its final answer?

The policy, in order; positions are character offsets in the text given:

1. An explicit statement is a closed `\\boxed{...}` (or `\\fbox`), a labelled line (`Answer: 5`, also bold and
   in the languages of MGSM), an `<answer>` tag, a GSM8K `####` line, or the sentence "the answer is 5".
   The last one wins: a model may correct itself. A sentence after a box overrides it only with a plain value.
2. Boxes joined by nothing but "or", "and", commas or spaces are one list. Of nested boxes the outer counts.
3. A template echo (`$ANSWER`, an empty box, dots) is no statement. An unclosed box is none, and hides
   what follows it: a number in cut-off LaTeX is not an answer.
4. Without any explicit statement `unstated` looks for a formula or a number (`last_*` rules).

All patterns are linear in the text: bounded or disjoint quantifiers only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from phi4eval.graders.anchors import FOREIGN, HASHES, LABEL, NEGATED, POLITE, STATEMENT, TAG, TEMPTED
from phi4eval.graders.empty import is_echo

CHARACTERS = 100_000
"""Only this many last characters are searched; a final answer stands at the end."""
BOXES = 1_000
"""More boxes than this are noise, and none of them is an answer."""
STATEMENTS = 100
"""Only this many last statements of a kind are looked at."""
VALUE = 2_000
"""Longest text taken as one answer."""

EXPLICIT = frozenset(
    {
        "box",
        "box_list",
        "answer_line",
        "answer_tag",
        "hashes",
        "statement",
        "deliberate_blank",
        "closed_fence",
    }
)
"""Rules that take a statement the model meant as final; only these count in a text that was cut off."""
CLOSED = frozenset({"box", "box_list", "answer_tag", "deliberate_blank", "closed_fence"})
"""Of these, the ones that show their own end."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A stated answer: its text, its [start, end) span, the rule that found it.

    line: the statement's words up to the end of the line, for graders that compare whole option texts.
    exclaimed: an exclamation mark behind the number was taken for the end of a sentence.
    """

    text: str
    span: tuple[int, int]
    rule: str
    line: str = ""
    exclaimed: bool = False


BOX = re.compile(r"\\(?:boxed|fbox|framebox)(?![a-zA-Z])[ \t]{0,8}")
_BRACE = re.compile(r"\\[\\{}]|[{}]")
_JOINED = re.compile(
    r"[\s$.&*]{0,20}(?:\\[)\]]\s{0,4})?(?:,|;|\\q?quad|(?:\\text\s?\{\s?)?\b(?:and|or)\b\s?\}?)"
    r"[\s$,;.&*]{0,20}(?:(?:\\text\s?\{\s?)?\b(?:and|or)\b\s?\}?[\s$]{0,8}(?:\\q?quad\s?)?)?(?:\\[(\[])?[\s$]{0,8}(?:[a-zA-Z](?:_\d)?\s?=\s?)?"
)
_STOP = re.compile(
    r"(?:[.?]|(?<!\d)!)(?=\s+[A-Z\"“(]|\s*$)|\n\s*\n|[,;]?\s{1,3}(?:because|since|which|where|so that"
    r"|as required|as desired|as claimed|as expected|hence)\b"
    r"|,\s(?:and\s|but\s)?not\s|,?\sor\s(?:about|approximately|roughly)\b"
    r"|\.?\s{1,3}I hope\b|。|;\s(?=[A-Z][a-z])|,\swith\s|(?<=[a-z]):\s",
)
_NUMBER = re.compile(r"(?<![\w.}\])^{\\])[-−]?\\?\$?\d(?:[\d,]*\d)?(?:\.\d+)?(?:\s?/\s?\d+)?")
MATH = re.compile(
    r"(?<!\\)\$\$((?:[^$\\]|\\.){1,2000})\$\$|(?<![\\$])\$((?:[^$\\\n]|\\.|\n(?!\s*\n)){1,2000})\$"
    r"|\\\(([^\n]{1,2000}?)\\\)|\\\[((?:[^$]|(?<=\\)\$){1,2000}?)\\\]"
    r"|\\begin\{(align|gather|eqnarray|equation|multline)(\*?)\}(.{1,2000}?)\\end\{\5\6\}",
    re.DOTALL,
)
_PHRASE = re.compile(
    r"(?:[A-Za-z][\w'’-]{0,20}[ \t]{1,2}){1,10}(?:is|are|was|equals|be)[ \t]{1,2}(?=[-−]?[\d(\\])", re.ASCII
)
"""Words in front of a value: `the sum is 9`."""
_EXCLAIMED = re.compile(r"[-+]?[\d.,/]*\d%?!{1,3}")
_ASCII_ANCHORS = (
    "ntwoord",
    "awaban",
    "ibu",
    "dpowied",
    "ntwort",
    "espuesta",
    "isposta",
    "esposta",
    "rgebnis",
)
_WHICH_IS = re.compile(
    r"the\s(?:sum|product|difference|quotient|smallest|largest|greatest|least|number|square|first|last)\b"
    r"(?:[^.\n]|\.(?=\d)){3,200}?,\swhich\s(?:is|equals|comes to|gives)\s(?=[-$\\\d])"
)
"""`the product of $120$ and $24$, which is` in front of a value."""
_LEADING = re.compile(r"([-+]?\d[\d.,/]*%?)\s?(?:\(|with\b|for\b|when\b|at\b|[,;])")
_DECIMAL_COMMA = re.compile(r"[-−]?\d+,\d{1,2}")
_MARKUP = re.compile(r"(?:\s?<(?![A-Z]>)/?[a-zA-Z]{1,10}\s?/?>){1,8}$")
_OPEN, _CLOSE = ' \t\r\n*_`"“”‘’', ' \t\r\n*_`"“”’,;:。'


def final_statement(text: str) -> Candidate | None:
    """The last committed explicit statement of an answer (rule in EXPLICIT), else a `result` sentence."""
    offset = max(len(text) - CHARACTERS, 0)
    tail = text[offset:]
    boxes, broken = find_boxes(tail)
    tail = tail[:broken]
    box = _last_box(tail, boxes)
    # behind a box only what follows it can count, which is little of a long text
    begin = box.span[1] if box is not None else 0
    stated = [found for found in _statements(tail, begin) if not is_echo(found.text)]
    explicit = [found for found in stated if found.rule != "result"]
    if box is not None:
        explicit = [found for found in explicit if found.span[0] >= box.span[1] and _overrides(found)]
    best = max(explicit, key=lambda found: found.span[0], default=None) or box
    best = best or max(stated, key=lambda found: found.span[0], default=None)
    return None if best is None else moved(best, offset)


def find_boxes(text: str) -> tuple[list[tuple[int, int, int, int]], int]:
    """All closed outermost boxes as (start, end, body start, body end), and where an unclosed one begins.

    One pass over the braces, whatever their nesting.
    """
    heads = list(BOX.finditer(text))
    if not heads:
        return [], len(text)
    closing = _matching_braces(text, heads[0].start())
    found: list[tuple[int, int, int, int]] = []
    for head in heads:
        start, body = head.start(), head.end()
        if found and start < found[-1][1]:
            continue
        if text[body : body + 1] == "{":
            if body not in closing:
                return found, start
            end = closing[body]
            found.append((start, end + 1, body + 1, end))
        elif text[body : body + 1].isalnum():
            found.append((start, body + 1, body, body + 1))
    return found, len(text)


def _matching_braces(text: str, begin: int) -> dict[int, int]:
    pairs, opened = {}, []
    for brace in _BRACE.finditer(text, begin):
        if brace[0] == "{":
            opened.append(brace.start())
        elif brace[0] == "}" and opened:
            pairs[opened.pop()] = brace.start()
    return pairs


def statements(text: str) -> Iterator[Candidate]:
    """Every place where an answer is stated, boxes first, for showing: not only the one that counts."""
    boxes, broken = find_boxes(text)
    for start, end, body, close in boxes[-STATEMENTS:]:
        yield Candidate(text=text[body:close][:VALUE], span=(start, end), rule="box")
    yield from _statements(text[:broken])


def _last_box(text: str, boxes: list[tuple[int, int, int, int]]) -> Candidate | None:
    if len(boxes) > BOXES:
        return None
    boxes = [box for box in boxes if not is_echo(text[box[2] : box[3]])]
    if not boxes:
        return None
    group = [boxes[-1]]
    for box in reversed(boxes[:-1]):
        if not _JOINED.fullmatch(text[box[1] : group[0][0]]):
            break
        group.insert(0, box)
    # one character over the limit is kept, so that a cut text is never taken for the whole answer
    bodies = [text[box[2] : box[3]].strip()[: VALUE + 1] for box in group]
    span = (group[0][0], group[-1][1])
    if len(set(bodies)) == 1:
        return Candidate(text=bodies[0], span=span, rule="box")
    return Candidate(text=", ".join(bodies), span=span, rule="box_list")


def _statements(text: str, begin: int = 0) -> Iterator[Candidate]:
    for tag in TAG.finditer(text, begin):
        found = candidate(text, *tag.span(tag.lastindex or 1), "answer_tag")
        if tag["json"]:
            found = msgspec.structs.replace(found, text=found.text.replace("\\\\", "\\"))
        yield found
    for mark in HASHES.finditer(text, begin):
        yield candidate(text, mark.end(), _line_end(text, mark.end()), "hashes")
    for label in list(LABEL.finditer(text, begin))[-STATEMENTS:]:
        yield _line_value(text, label.end())
    for said in list(STATEMENT.finditer(text, begin))[-STATEMENTS:]:
        doubted = TEMPTED.search(text, max(said.start() - 60, 0), said.start())
        if not doubted and not NEGATED.match(text, said.end()):
            rule = "statement" if said["answer"] else "result"
            worked = _WHICH_IS.match(text, said.end())
            start = worked.end() if worked else said.end()
            yield _exclaimed(_with_line(text, start, _reduced(text, start, _sentence_end(text, start), rule)))
    if not text.isascii() or any(text.find(word, begin) >= 0 for word in _ASCII_ANCHORS):
        yield from _foreign(text, begin)


def _foreign(text: str, begin: int) -> Iterator[Candidate]:
    """Sentences such as `答案是 8。` in the languages of MGSM."""
    for said in list(FOREIGN.finditer(text, begin))[-STATEMENTS:]:
        found = _reduced(text, said.end(), _sentence_end(text, said.end()), "statement")
        value = POLITE.sub("", found.text)
        if _DECIMAL_COMMA.fullmatch(value):
            value = value.replace(",", ".")
        found = msgspec.structs.replace(
            found, text=value, span=(found.span[0], found.span[0] + len(value)), line=value
        )
        yield found


def _exclaimed(found: Candidate) -> Candidate:
    """In a sentence an exclamation mark behind a plain number ends the sentence; `$5!$` is a factorial."""
    if not _EXCLAIMED.fullmatch(found.text):
        return found
    value = found.text.rstrip("!")
    return msgspec.structs.replace(
        found, text=value, span=(found.span[0], found.span[0] + len(value)), exclaimed=True
    )


def _with_line(text: str, start: int, found: Candidate) -> Candidate:
    return msgspec.structs.replace(found, line=text[start : _line_end(text, start)].strip())


def _line_value(text: str, start: int) -> Candidate:
    """The rest of a labelled line; if that is empty, the next line, or the display formula that follows."""
    if not text[start : _line_end(text, start)].strip(_OPEN):
        start += len(text[start : start + 40]) - len(text[start : start + 40].lstrip())
    for opener, closer in (("$$", "$$"), ("\\[", "\\]")):
        if text.startswith(opener, start):
            end = text.find(closer, start + 2, start + VALUE)
            if end > 0:
                return candidate(text, start + 2, end, "answer_line")
    end = _line_end(text, start)
    if text[start:end].count("$") % 2:  # a formula with a line break inside
        close = text.find("$", end, end + 300)
        if close > 0 and "\n\n" not in text[end:close]:
            return candidate(text, start, close + 1, "answer_line")
    end = min(end, _sentence_end(text, start))
    return _with_line(text, start, _reduced(text, start, end, "answer_line"))


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start, start + VALUE)
    return end if end >= 0 else min(len(text), start + VALUE)


def _sentence_end(text: str, start: int) -> int:
    """Where the value ends: a full stop, a paragraph, or a reason that follows; never inside a formula."""
    limit = min(len(text), start + VALUE)
    position = start
    while stop := _STOP.search(text, position, limit):
        formula = next((m for m in MATH.finditer(text, start, limit) if m.end() > stop.start()), None)
        if formula is None or formula.start() >= stop.start():
            return stop.start()
        position = formula.end()
    return limit


def _reduced(text: str, start: int, end: int, rule: str) -> Candidate:
    """A value with the prose around its formula taken away: `the number $5$ .` is `5`."""
    formulas = list(MATH.finditer(text, start, end))
    if not formulas:
        if phrase := _PHRASE.match(text, start, end):
            start = phrase.end()
        return candidate(text, start, end, rule)
    first, last = formulas[0], formulas[-1]
    before = text[start : first.start()].strip(_OPEN)
    if number := _LEADING.match(before):
        return candidate(text, start, text.index(number[1], start) + len(number[1]), rule)
    between = text[first.start() : last.end()]
    if len(formulas) > 1 and (len(between) > 200 or not is_list(text, formulas)):
        return candidate(text, *(formulas[0] if not before else last).span(), rule)
    after = text[last.end() : end].strip(_CLOSE + ".")
    if len(after.split()) > 2 or after.startswith(("(", "\\")):
        end = last.end()
    return candidate(text, start if before in ("", "-") or len(before) <= 8 else first.start(), end, rule)


def is_list(text: str, formulas: list[re.Match[str]]) -> bool:
    """Formulas with nothing but commas, "and" and "or" between them."""
    gaps = (text[left.end() : right.start()] for left, right in pairwise(formulas))
    return all(gap.strip(" ,;*") in ("", "and", "or", ", and", ", or") for gap in gaps)


def candidate(text: str, start: int, end: int, rule: str) -> Candidate:
    """A candidate without white space, quotes and markdown at its ends."""
    value = text[start:end]
    start += len(value) - len(value.lstrip(_OPEN))
    value = _MARKUP.sub("", value.strip(_OPEN))
    while (
        value
        and (value[-1] in _CLOSE or value[-1] == ".")
        and value[-2:-1] != "\\"
        and not value.endswith("..")
    ):
        value = value[:-1]
    return Candidate(text=value[:VALUE], span=(start, start + len(value)), rule=rule)


def _overrides(found: Candidate) -> bool:
    """A statement after a box counts only if it is a plain value, not a sentence about the box."""
    if found.rule in ("answer_tag", "hashes"):
        return True
    value = found.text
    return bool(value) and (
        len(value) <= 2
        or MATH.fullmatch(value) is not None
        or _NUMBER.fullmatch(value) is not None
        or re.fullmatch(r"\(?[A-Za-z]\)?(?:[).:] .{0,80})?", value) is not None
    )


def moved(found: Candidate, offset: int) -> Candidate:
    """The candidate of a text that began `offset` characters later."""
    start, end = found.span
    return msgspec.structs.replace(found, span=(start + offset, end + offset)) if offset else found
