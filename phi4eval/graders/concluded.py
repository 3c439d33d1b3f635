"""Which option does a text conclude with, where none is called the answer?

The only one judged right, the value or the words of one in the last sentence, or the one letter it names.
All of these are weak: a grade by them says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from phi4eval.graders.extract import Candidate
from phi4eval.graders.options import COMPARED, options_named, plain
from phi4eval.graders.unstated import last_value

TAIL = 2_000
"""Only this many last characters are read."""

_LEADING_WORD = re.compile(r"^(?:the|an?|it|they|there)\s+")
_HEDGE = re.compile(
    r"\b(?:might|may|could|perhaps|possibly|maybe|unsure|guess|if|were|would)\b", re.IGNORECASE
)
_DENIAL = re.compile(
    r"(?:\bnot|n['’]t|\bnever|\bneither|\bnor|\brather than|\binstead of|\bwrong|\bunlike)"
    r"(?:\s(?!but\b)\w+){0,2}\s$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?:[^.!?\n]|(?<=\b[A-Z])\.(?=\s)|\.(?=\w)){1,1000}[.!?\s]{0,20}$")
_VERDICTS = re.compile(
    r"(?<![\w'’])\(?([A-Z])[).:]{1,2}\s{0,3}(?:(?:[^\n.:]{0,80}[:.–—-]\s{0,3})?((?:yes|no|true|false|correct"
    r"|incorrect|right|wrong)\b(?!\s\w))|[^\n✅✓✔❌✗✘]{0,120}([✅✓✔❌✗✘]))"
    r"|(?<![\w'’])([A-Z])\s?([✅✓✔❌✗✘])",
    re.IGNORECASE,
)
_YES = frozenset({"yes", "true", "correct", "right", "✅", "✓", "✔"})
_OPTION_LINE = re.compile(r"[\s*_-]{0,8}\(?([A-Z])[).:]\**\s{1,4}\S")
_SILENT = frozenset(
    re.findall(r"\w+", "be is are was were remain stay becom the a an it there of in at to and")
)
"""Stems that say nothing of an option."""
_ENDING = re.compile(r"(?<=\w{3})(?:es|ed|ing|s|d|e)$")
_NO = re.compile(r"\b(?:not|never|neither|nor|wrong|incorrect|false|than|unlike|instead|cannot)\b|n['’]t\b")
_CONSEQUENCE = re.compile(r"\b(?:so|hence|therefore|thus|i\.e\.|making|means)\b,?\s(?!that\b)", re.IGNORECASE)
_FORMULA = re.compile(r"(?=.{1,14}$)[A-Z][A-Za-z\d()+-]*[A-Z\d][A-Za-z\d()+-]*")
"""An option such as NaCl, DNA or HI, which only counts in its own case."""
_MENTION = re.compile(r"(?<![\w'’$\\^_=+/-])(?<![=+^/] )\(?([A-Z])\)?(?![\w'’$^_=+/-]|\s[=+^/<>-])")
_LOWER_BEHIND = re.compile(
    r"\s+(?!(?:is|was|must|has|would|seems|fits|works|because|as|since|and|or|which)\b)[a-z]"
)
_NAMED_THING = re.compile(
    r"\b(?:points?|vitamins?|fig(?:ure)?s?\.?|types?|groups?|cases?|sets?|matri(?:x|ces)|events?|nodes?|angles?"
    r"|vert(?:ex|ices)|class(?:es)?|grades?|plans?|hepatitis|states?|lines?|planes?|areas?|at|from|let|blocks?|mass(?:es)?"
    r"|planets?)\s{1,3}\W?$",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\b(?:wrong|incorrect|false|no|not|cannot|never|neither|nor|unlikely|tempting|distractor|trap|except"
    r"|anything but|let\s(?!me\b|us\b)|fails?|eliminat\w*|excluded?|ruled? out|too"
    r"|impossible|invalid|can)\b|n['’]t\b",
    re.IGNORECASE,
)


def concluded_option(text: str, choices: Sequence[str], letters: str) -> Candidate | None:
    """An option that nobody called the answer: the only one judged right, or the one the text ends with.

    The value that the last sentence concludes with, or the one option whose words stand in it undenied. None
    where the sentence hedges.
    """
    tail = text[-TAIL:].rstrip()
    offset = len(text.rstrip()) - len(tail)
    if found := _judged_right(tail, offset, letters):
        return found
    sentence = _SENTENCE.search(tail)
    if sentence is None or not choices or _HEDGE.search(sentence[0]) or lists_options(tail):
        return None
    value = last_value(text)
    if value is not None and value.span[1] > offset + sentence.start():
        stated = plain(value.text)
        for part in (stated, stated.rpartition("=")[2].strip()):
            if len(options_named(part, choices, letters)) == 1:
                return msgspec.structs.replace(value, text=part, line="")
    return worded_option(text, choices, letters) or _only_letter(sentence, offset, letters)


def worded_option(text: str, choices: Sequence[str], letters: str) -> Candidate | None:
    """The one option whose words or formula stand undenied in the last sentence, or most of them."""
    tail = text[-TAIL:].rstrip()
    sentence = _SENTENCE.search(tail)
    if sentence is None:
        return None
    offset = len(text.rstrip()) - len(tail)
    return _option_in(sentence, offset, choices, letters) or _own_words_in(sentence, offset, choices, letters)


def lists_options(text: str) -> bool:
    """Is the last line an option behind the line of an earlier one? Then the options were only repeated."""
    lines = [_OPTION_LINE.match(line) for line in text[-TAIL:].rstrip().split("\n") if line.strip()][-2:]
    letters = [line[1] for line in lines if line is not None]
    return len(letters) == 2 and letters[0] < letters[1]


def _judged_right(tail: str, offset: int, letters: str) -> Candidate | None:
    """`A) no. B) no. C) yes. D) no.`"""
    verdicts = {
        (m[1] or m[4]).upper(): ((m[2] or m[3] or m[5]).lower() in _YES, m.span(4 if m[4] else 1))
        for m in _VERDICTS.finditer(tail)
    }
    right = [letter for letter, (yes, _) in verdicts.items() if yes and letter in letters]
    if len(right) != 1 or len(verdicts) < 2:
        return None
    start, end = verdicts[right[0]][1]
    return Candidate(text=right[0], span=(start + offset, end + offset), rule="judged_right")


def _only_letter(sentence: re.Match[str], offset: int, letters: str) -> Candidate | None:
    """The only letter that the last sentence names, if nothing in the sentence doubts or denies."""
    said = sentence[0]
    if _DOUBT.search(said):
        return None
    named = [
        mention
        for mention in _MENTION.finditer(said)
        if mention[1] in letters
        and not (mention[1] in "AI" and mention[0] == mention[1] and _LOWER_BEHIND.match(said, mention.end()))
    ]
    if (
        len(named) > 3
        or len({mention[1] for mention in named}) != 1
        or _NAMED_THING.search(said[: named[-1].start()])
    ):
        return None
    start, end = named[-1].span(1)
    shift = offset + sentence.start()
    return Candidate(text=named[-1][1], span=(start + shift, end + shift), rule="last_letter")


def _option_in(
    sentence: re.Match[str], offset: int, choices: Sequence[str], letters: str
) -> Candidate | None:
    clauses = list(_CONSEQUENCE.finditer(sentence[0]))
    # what is concluded in its last clause counts before what only stands in it
    for start in (clauses[-1].end(), 0) if clauses else (0,):
        if span := _named_once(sentence[0][start:], choices, letters):
            first, last = span[0] + start + sentence.start(), span[1] + start + sentence.start()
            return Candidate(
                text=sentence.string[first:last], span=(first + offset, last + offset), rule="last_option"
            )
    return None


def _named_once(said: str, choices: Sequence[str], letters: str) -> tuple[int, int] | None:
    """Where the only option that a sentence names undenied stands in it."""
    found: dict[str, tuple[int, int]] = {}
    options = {letter: _stems(choice) for letter, choice in zip(letters, choices, strict=False)}
    for letter, choice in zip(letters, choices, strict=False):
        if (pattern := _pattern_of(choice)) is None:
            continue
        for match in re.finditer(pattern, said):
            behind = re.match(r",?\s(?:and|or)\s((?:\w+\s){0,2}\w+)", said[match.end() :])
            if behind and any(
                _stems(behind[1]) & (stems - options[letter])
                for other, stems in options.items()
                if other != letter
            ):
                return None
            if not _DENIAL.search(said, max(match.start() - 40, 0), match.start()):
                found[letter] = match.span()
    longest = {
        letter: span
        for letter, span in found.items()
        if not any(a <= span[0] and span[1] <= b and (a, b) != span for a, b in found.values())
    }
    return next(iter(longest.values())) if len(longest) == 1 else None


def _pattern_of(choice: str) -> str | None:
    """How an option stands in prose: its words, or its formula with any spacing and markup."""
    if _FORMULA.fullmatch(bare := plain(choice)):
        return rf"(?<![\w-]){re.escape(bare)}(?![\w-])"
    key = _LEADING_WORD.sub("", plain(choice).lower())
    if re.fullmatch(r"\d{1,4}(?::\d{1,4}){1,3}(?: [ap]m)?", key):
        return rf"(?i:(?<![\w:]){key.replace(':', ' ?(?::|to) ?')}(?![\w:]))"
    if re.search(r"[(^]", key) and 3 < len(key) <= COMPARED:
        signs = re.sub(r"[\s$\\{}]", "", key)
        return r"(?i:(?<![\w\\])" + r"[\s$\\{}]{0,4}".join(map(re.escape, signs)) + r"(?!\w))"
    if not re.search(r"[a-z]{3}", key) or "\\" in key:
        return None
    return rf"(?i:(?<!\w){re.escape(key)}(?!\w))"


def _own_words_in(
    sentence: re.Match[str], offset: int, choices: Sequence[str], letters: str
) -> Candidate | None:
    """The one option whose telling words are those, or most, of such words in a sentence without a denial.

    `The force is unchanged.` for "The force remains unchanged". Words that all options share tell nothing.
    """
    if not choices or _NO.search(sentence[0].lower()):
        return None
    options = {letter: _stems(choice) for letter, choice in zip(letters, choices, strict=False)}
    telling = frozenset().union(*options.values()) - frozenset.intersection(*options.values())
    said = _stems(sentence[0]) & telling
    named = [
        letter
        for letter, stems in options.items()
        if said <= (own := stems & telling) and 2 * len(said) >= len(own)
    ]
    exact = [letter for letter in named if options[letter] & telling == said]
    named = exact if len(exact) == 1 else named
    if len(named) != 1 or not any(len(stem) > 3 and stem.isalpha() for stem in said):
        return None
    start, end = sentence.span()
    return Candidate(text=named[0], span=(start + offset, end + offset), rule="last_words")


def _stems(text: str) -> frozenset[str]:
    return frozenset(
        stem for word in re.findall(r"\w+", text.lower()) if (stem := _ENDING.sub("", word)) not in _SILENT
    )
