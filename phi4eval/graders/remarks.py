"""Which sentences behind an answer say nothing of it: a check, a comparison, a remark, the question again?

A value in such a sentence is taken only where no earlier sentence has one. All patterns are bounded.
"""

from __future__ import annotations

import re

_OPENS = re.compile(
    r"[\s*_(>-]*(?:(?:to|we(?: can| may| could)?|you (?:can|may)|let['’]?s|as an?|quick|sanity"
    r"|double|numerical|final)[ -]){0,4}"
    r"(?:check|verif|confirm|not(?:e|ic)|remark|let me|i hope|feel free|please|confidence|here|indeed"
    r"|another way (?:to see|of seeing)|it is (?:interesting|worth)"
    r"|this (?:is|holds|result is|answer is|formula is) (?:valid|true|defined)"
    r"|interestingly|surprisingly|incidentally|by the way"
    r"|alternatively|(?:for|at) (?:these|this|that) (?:values?|choices?|points?)"
    r"|some (?:define|authors|books)"
    r"|an example of|(?:the|this) (?:main point|interested reader|identity comes|graph of)"
    r"|th(?:is|ese|at) (?:can(?:not|['’]t)|could not) be (?:simplified|reduced)"
    r"|numerically|(?:for|an?|one) example|(?:for|by|as a) comparison|in contrast|where\b"
    r"|the (?:same )?(?:bound|minimum|maximum|value) is (?:also )?(?:attained|achieved|reached)"
    r"|equality (?:occurs|holds|is)"
    r"|this (?:checks|works|matches|agrees|confirms(?! that (?:there|the answer))"
    r"|is (?:\w+\s){0,3}(?:times|more|less|larger|smaller|greater))"
    r"|(?:substitut|plug|test)\w+[^\n]{0,200}\b(?:original|check|true|holds|satisf\w+|works|correct|✓|✔))"
    r"(?!.{0,400}\b(?:so|thus|hence|giving|therefore"
    r"|we (?:find|see|get)\b.*(?:roots?|solutions?|angle))\b)",
    re.IGNORECASE,
)
"""How a remark begins, unless it goes on to conclude."""
_ASIDE = re.compile(r"\s*\([A-Z][a-z]{0,12}[\s,][^\n]{1,400}\)[\s.]*$")
"""A sentence in parentheses."""
_SAYS = re.compile(
    r"\b(?:(?:is|are) consistent|looks? reasonable|makes sense|confirmation|checks out"
    r"|which (?:agrees|matches|confirms)|which (?:is|equals) indeed|indeed satisf\w+)\b"
    # `the 600 we would get for a pyramid`; `so you would have 7 left` concludes
    r"|[\d$)}]\s(?:we|you|one) would (?:get|have|obtain|need)\b"
    r"|\b(?:we|you|one) would have to\b[^.\n]{0,120}\bbut\b|\?[\s*_)]*$",
    re.IGNORECASE,
)
_NEARLY = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|nearly|almost)|≈|\\approx)\s{0,2}(?:an?\s|the\s)?\$?$",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"(?:\n|(?<=[.!?*])\s)\s{0,4}(?:\([A-Z\d][^()\n]{1,400}\)"
    r"|(?:Note(?: that)?|Notice|(?:Be )?[Cc]areful|Beware|A student who|I (?:initially|first|originally)\b)"
    r"[^\n]{1,300}"
    r"|The [^.\n]{1,60}(?:\.(?=\d)[^.\n]{1,60})? can be (?:ignored|discarded|disregarded)\.?)\s*\Z"
)
"""A last sentence in parentheses, or about a mistake that one could make."""
_SENTENCES = re.compile(r"\([A-Z][a-z]{0,12}[\s,]")
_ENDED = re.compile(r"[.!?\])$][\s*]{0,3}\Z|\n\s{0,2}\Z")
_ASIDES = re.compile(
    r"[\s*_(>-]{0,6}(?:(?:as an?|for|a|quick|sanity|double|numerical|final)[ -]){0,4}"
    r"(?:sanity|check\b|verification|comparison|another way (?:to see|of seeing)|interestingly|incidentally"
    r"|it is (?:interesting|worth)|this (?:is|holds) (?:valid|true|defined) (?:where|when|for|as))",
    re.IGNORECASE,
)
"""How a last paragraph begins that says nothing new."""
_FIRST = re.compile(r"(?:[^.!?\n]|\.(?=\w)){1,600}[.!?]?")
_NOTE = re.compile(
    r"\n[\s*_#>(-]{0,6}(?:(?:quick|sanity|double)[ -])?"
    r"(?:remark|note|check(?:ing)?|verification|observation|aside"
    r"|does (?:it|this) (?:work|check)|is (?:it|this) right)"
    r"[^\n:.?]{0,30}[:.?]",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(
    r"(?:^|[.!?]\s{1,3}|\n\s{0,4})[*_]{0,2}"
    r"(?:so|therefore|thus|hence|in conclusion|finally|wait|the answer)\b",
    re.IGNORECASE,
)
_ROUNDED = re.compile(r"\b(?:rounded|to the nearest|rounding)\b", re.IGNORECASE)


def is_remark(text: str, start: int, end: int) -> bool:
    """Whether a sentence checks, compares, remarks or asks."""
    return any(pattern.match(text, start, end) for pattern in (_OPENS, _ASIDE)) or (
        _SAYS.search(text, start, end) is not None
    )


def without_remarks(text: str, tail: int) -> str:
    """A text without up to two remarks that end it, looked for in its last `tail` characters."""
    for _ in range(2):
        remark = _BEHIND.search(text, max(len(text) - tail, 0))
        if remark is None or not text[: remark.start()].strip():
            break
        text = text[: remark.start()].rstrip()
    return text


def without_aside(text: str) -> str:
    """A text without the parentheses of whole sentences that end it: `(Note that it is. It ...)`."""
    if not text.endswith((")", ").")):
        return text
    depth = 0
    for place in range(len(text) - 1, max(len(text) - 1_500, 0), -1):
        depth += {")": 1, "(": -1}.get(text[place], 0)
        if depth == 0 and text[place] == "(":
            whole = text.endswith(".)") and len(text) - place > 20
            aside = (whole or _SENTENCES.match(text, place)) and _ENDED.search(text, max(place - 4, 0), place)
            return text[:place].rstrip() if aside else text
    return text


def without_notes(text: str) -> str:
    """A text without last paragraphs that begin with a remark, and without a labelled note or check.

    All that follows a label goes with it (`*Check:* three make 21. ...`), unless it concludes.
    """
    for _ in range(2):
        start = text.rfind("\n\n")
        first = _FIRST.match(text, start + 2) if start > 0 else None
        if (
            first is None
            or not re.search(r"\d", text[:start])
            or not _ASIDES.match(text, first.start(), first.end())
            or _CONCLUDES.search(text, first.end())
        ):
            break
        text = text[:start].rstrip()
    note = next(reversed(list(_NOTE.finditer(text, max(len(text) - 1_500, 0)))), None)
    if note is None or not re.search(r"\d", text[: note.start()]):
        return text
    if "\n\n" in text[note.end() :] or _CONCLUDES.search(text, note.end()):
        return text
    return text[: note.start()].rstrip()


def is_rounded(text: str, start: int, place: int) -> bool:
    """Whether the value at `place` is called rounded: an exact one in an earlier sentence is the answer."""
    asked = _ROUNDED.search(text, start, place) is not None
    return not asked and _NEARLY.search(text, max(place - 16, start), place) is not None
