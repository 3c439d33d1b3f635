"""Which option does a text conclude with, where none is called the answer?

The only one judged right, the value or the words of one in the last sentence, or the one letter it names.
All of these are weak: a grade by them says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from phi4eval.graders.ending import SENTENCE, TAIL, concludes_nothing, conclusion
from phi4eval.graders.extract import Candidate
from phi4eval.graders.options import COMPARED, SUBSCRIPTS, options_named, plain
from phi4eval.graders.unstated import last_value
from phi4eval.graders.valued import valued_option
from phi4eval.graders.wording import in_digits

_LEADING_WORD = re.compile(r"^(?:the|an?|it|they|there)\s+")
_HEDGE = re.compile(
    r"\b(?:might|may|could|perhaps|possibly|maybe|unsure|guess|if|would|tempting)\b", re.IGNORECASE
)
_CONTINUES = re.compile(
    r"\s*(?:then|also|additionally|similarly|likewise|moreover|in addition)\b"
    r"|[^\n]{1,400}\b(?:also|as well|too)[.!]?\s*$",
    re.IGNORECASE,
)
"""A sentence that adds to the one before it is no conclusion."""
_PART = re.compile(r"\s(?:out )?of (?:the|these|those|all|them)\b")
"""`5 of the 20` is a part that was counted."""
_BOUND = re.compile(r"\b(?:below|above|(?:less|greater|more|fewer) than|exceeds?)\s\$?$", re.IGNORECASE)
_PREPOSITION = re.compile(r"\b(?:to|of|by|with|from|at|between|through|in|than|per|over|and)\s{1,3}\W?$")
_SYMBOL = re.compile(r"(?<![\w'’])(?:[b-hj-z]|[K-Z])(?![\w'’])")
LONG = 12
"""An option of so many characters can only be meant as the option."""
_NOUN_BEHIND = re.compile(
    r"\s(?!(?:is|are|was|has|have|because|since|as|which|where|when|and|with|would|by|for)\b|[a-z]+s\b)[a-z]"
)
"""`Group A` in `Group A blood` is not that option."""
_SUPERLATIVE = re.compile(
    r"\b(?:most (?!of\b)\w+|best|closest)\b",
    re.IGNORECASE,
)
_RECOMMENDS = re.compile(
    r"\bI would (?:therefore |thus |then )?(?:recommend|choose|pick|say|suggest|use|call)\b"
)
_HENCE, _IF = re.compile(r"\b(?:so|therefore|thus|hence)\b", re.IGNORECASE), re.compile(r"\bif\b")
_CONDITION = re.compile(r"\b(?:would|if)\b", re.IGNORECASE)
"""`The most likely cause would be X` says X."""
_WOULD = re.compile(r"\b(?:would|could|if)\b", re.IGNORECASE)
_RELATIVE = re.compile(
    r",\s(?:who|which|whose|whereas|while|unlike|as opposed to|(?:and |but )?not)\b", re.IGNORECASE
)
_DENIAL = re.compile(
    r"(?:\bnot|n['’]t|\bnever|\bneither|\bnor|\brather than|\binstead of|\bwrong|\bunlike)"
    r"(?:\s(?!but\b)\w+){0,2}\s$",
    re.IGNORECASE,
)
_VERDICTS = re.compile(
    r"(?<![\w'’])\(?([A-Z])[).:*_]{1,4}\s{0,3}(?:(?:[^\n.:]{0,80}[:.,–—-]\s{0,3})?((?:yes|no|true|false|correct"
    r"|incorrect|right|wrong)\b(?!\s\w))|[^\n✅✓✔❌✗✘]{0,120}([✅✓✔❌✗✘])"
    r"|[^\n]{0,200}?\b(?:this|it)(?: \w+){0,2} is (not )?((?:in)?correct)\b)"
    r"|(?<![\w'’])([A-Z])[\s|]{0,4}([✅✓✔❌✗✘])",
    re.IGNORECASE,
)
_YES = frozenset({"yes", "true", "correct", "right", "✅", "✓", "✔"})
_OPTION_LINE = re.compile(r"[\s*_-]{0,8}\(?([A-Z])[).:]\**\s{1,4}\S")
_SILENT = frozenset(
    re.findall(
        r"\w+",
        "be is are was were will would shall should remain stay becom the a an it there of in at to and",
    )
)
"""Stems that say nothing of an option."""
_DENIALS = frozenset({"not", "never", "neither", "nor", "cannot"})
_ENDING = re.compile(r"(?<=\w{3})(?:es|ed|ing|s|d|e)$")
_NO = re.compile(r"\b(?:not|never|neither|nor|wrong|incorrect|false|than|unlike|instead|cannot)\b|n['’]t\b")
_CONSEQUENCE = re.compile(
    r"\b(?:so|hence|therefore|thus|i\.e\.|making|means(?! of))\b,?\s(?!that\b)", re.IGNORECASE
)
_FORMULA = re.compile(r"(?=.{1,14}$)[A-Z][A-Za-z\d()+-]*[A-Z\d][A-Za-z\d()+-]*")
"""An option such as NaCl, DNA or HI, which only counts in its own case."""
_MENTION = re.compile(r"(?<![\w'’$\\^_=+/(-])(?<![=+^/] )\(?([A-Z])\)?(?![\w'’$^_=+/(-]|\s[=+^/<>-])")
_LOWER_BEHIND = re.compile(
    r"\s+(?!(?:is|was|must|has|would|seems|fits|works|because|as|since|and|or|which)\b)[a-z]"
)
_ENDS = (
    r"(?!\w)(?=[\s$*)\]]{0,4}(?:[.,;!]|$"
    r"|\b(?:because|since|as|not|which|is|are|was|would|will|time|overall|on|in|for|complexity|per)\b)))"
)
"""What may stand behind a formula that is an option: nothing that makes it part of a longer one."""
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

    The value that the last sentence concludes with, or the one option whose words stand in it undenied; what
    only explains that sentence, and courtesies behind it, are set aside. None where the sentence hedges.
    """
    tail = text[-TAIL:].rstrip()
    if found := _judged_right(tail, len(text.rstrip()) - len(tail), letters):
        return found
    text = conclusion(text)
    tail = text[-TAIL:]
    offset = len(text) - len(tail)
    sentence = SENTENCE.search(tail)
    if sentence is None or not choices or lists_options(tail):
        return None
    if concludes_nothing(sentence[0]) or _is_hedged(sentence[0], choices):
        return None
    value = last_value(text)
    if (
        value is not None
        and value.span[1] > offset + sentence.start()
        and (value.text.endswith("%") or not _PART.match(text, value.span[1]))
        and not _BOUND.search(text[: value.span[0]][-40:])
        and not _equals_behind(text, value.span[1])
    ):
        stated = plain(value.text)
        for part in (stated, stated.rpartition("=")[2].strip()):
            named = options_named(part, choices, letters)
            # `x = 0` is no option in words
            if len(named) == 1 and (part == stated or re.search(r"[\d\\]", choices[letters.index(named[0])])):
                return msgspec.structs.replace(value, text=part, line="")
    if span := valued_option(sentence[0], choices, letters):
        start, end = span[0] + sentence.start(), span[1] + sentence.start()
        return Candidate(
            text=in_digits(tail[start:end].strip(" .!?")),
            span=(start + offset, end + offset),
            rule="last_value",
        )
    return worded_option(text, choices, letters) or _only_letter(sentence, offset, choices, letters)


def _equals_behind(text: str, place: int) -> bool:
    """Does an equals sign with a value follow? Then the value before it is not the one arrived at."""
    return re.search(r"(?<![<>=!≠])=\s?[^\s=.]", text[place:]) is not None


def worded_option(text: str, choices: Sequence[str], letters: str) -> Candidate | None:
    """The one option whose words or formula stand undenied in the last sentence, or most of them."""
    tail = text[-TAIL:].rstrip()
    sentence = SENTENCE.search(tail)
    if sentence is None or _CONTINUES.match(sentence[0]):
        return None
    offset = len(text.rstrip()) - len(tail)
    return _option_in(sentence, offset, choices, letters) or _own_words_in(sentence, offset, choices, letters)


def named_in(said: str, choices: Sequence[str], letters: str) -> list[str]:
    """The letter of the only option whose words stand undenied in a clause, in a list; or an empty one."""
    span = _named_once(said, choices, letters)
    return [] if span is None else options_named(plain(said[span[0] : span[1]]), choices, letters)


def lists_options(text: str) -> bool:
    """Is the last line an option behind the line of an earlier one? Then the options were only repeated."""
    lines = [_OPTION_LINE.match(line) for line in text[-TAIL:].rstrip().split("\n") if line.strip()][-2:]
    letters = [line[1] for line in lines if line is not None]
    return len(letters) == 2 and letters[0] < letters[1]


def _judged_right(tail: str, offset: int, letters: str) -> Candidate | None:
    """`A) no. B) no. C) yes. D) no.`"""
    verdicts = {}
    for m in _VERDICTS.finditer(tail):
        word = (m[2] or m[3] or m[5] or m[7]).lower()
        verdicts[(m[1] or m[6]).upper()] = ((word in _YES) != bool(m[4]), m.span(6 if m[6] else 1))
    right = [letter for letter, (yes, _) in verdicts.items() if yes and letter in letters]
    if len(right) != 1 or len(verdicts) < 2:
        return None
    start, end = verdicts[right[0]][1]
    return Candidate(text=right[0], span=(start + offset, end + offset), rule="judged_right")


def _is_hedged(said: str, choices: Sequence[str]) -> bool:
    """Whether a sentence hedges in words that are not an option's own."""
    for choice in choices:
        if len(bare := plain(choice)) >= LONG:
            said = re.sub(re.escape(bare), "", said, flags=re.IGNORECASE)
    said = _RECOMMENDS.sub("", said)
    if _SUPERLATIVE.search(said):
        said = _CONDITION.sub("", said)
    elif _HENCE.search(said):
        # a number that would be so is one; an option in words that would be may be one of several
        said = (_WOULD if all(re.search(r"\d", choice) for choice in choices) else _IF).sub("", said)
    return _HEDGE.search(said) is not None


def _only_letter(
    sentence: re.Match[str], offset: int, choices: Sequence[str], letters: str
) -> Candidate | None:
    """The only letter that the last sentence names, if nothing in the sentence doubts or denies."""
    said = sentence[0]
    # a scrap of a formula names no option
    if _DOUBT.search(said) or "^" in said or not re.search(r"[^\W\d_]{2}", said):
        return None
    named = [
        mention
        for mention in _MENTION.finditer(said)
        if mention[1] in letters
        and not (
            mention[1] in "AI"
            and mention[0] == mention[1]
            and _LOWER_BEHIND.match(said, mention.end())
            and not _NAMED_THING.search(said[: mention.start()])
        )
    ]
    if (
        len(named) > 3
        or len({mention[1] for mention in named}) != 1
        or (_NAMED_THING.search(said[: named[-1].start()]) and not _are_things(choices, letters))
        or (_PREPOSITION.search(said[: named[-1].start()]) and _SYMBOL.search(said))
    ):
        return None
    start, end = named[-1].span(1)
    shift = offset + sentence.start()
    return Candidate(text=named[-1][1], span=(start + shift, end + shift), rule="last_letter")


def _are_things(choices: Sequence[str], letters: str) -> bool:
    """Are the options themselves things named by their own letters? `Point A`, `Point B` in their order."""
    named = [re.fullmatch(r"(?:\w+ )?([A-Z])", plain(choice)) for choice in choices]
    return all(name is not None and name[1] == letter for name, letter in zip(named, letters, strict=False))


def _option_in(
    sentence: re.Match[str], offset: int, choices: Sequence[str], letters: str
) -> Candidate | None:
    clauses = list(_CONSEQUENCE.finditer(sentence[0]))
    # what is concluded in its last clause counts before what only stands in it
    for start in (clauses[-1].end(), 0) if clauses else (0,):
        said = sentence[0][start:]
        if span := _named_once(said, choices, letters) or _named_once(
            _RELATIVE.split(said)[0], choices, letters
        ):
            first, last = span[0] + start + sentence.start(), span[1] + start + sentence.start()
            return Candidate(
                text=sentence.string[first:last], span=(first + offset, last + offset), rule="last_option"
            )
    return None


def _named_once(said: str, choices: Sequence[str], letters: str) -> tuple[int, int] | None:
    """Where the only option that a sentence names undenied stands in it."""
    found: dict[str, tuple[int, int]] = {}
    attached, said = False, said.translate(SUBSCRIPTS)
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
            if re.search(r"\s\w$", match[0]) and _NOUN_BEHIND.match(said, match.end()):
                attached = True
            elif not _DENIAL.search(said, max(match.start() - 40, 0), match.start()):
                found[letter] = match.span()
    longest = {
        letter: span
        for letter, span in found.items()
        if not any(a <= span[0] and span[1] <= b and (a, b) != span for a, b in found.values())
    }
    return next(iter(longest.values())) if len(longest) == 1 and not attached else None


def _pattern_of(choice: str) -> str | None:
    """How an option stands in prose: its words, or its formula with any spacing and markup."""
    if _FORMULA.fullmatch(bare := plain(choice)):
        return rf"(?<![\w-]){re.escape(bare)}(?![\w-])"
    key = _LEADING_WORD.sub("", plain(choice).lower())
    if re.fullmatch(r"\d{1,4}(?::\d{1,4}){1,3}(?: [ap]m)?", key):
        return rf"(?i:(?<![\w:]){key.replace(':', ' ?(?::|to) ?')}(?![\w:]))"
    if re.search(r"[(^]", key) and 3 < len(key) <= COMPARED:
        signs = re.sub(r"[\s$\\{}]", "", key)
        return r"(?i:(?<![\w\\])" + r"[\s$\\{}]{0,4}".join(map(re.escape, signs)) + _ENDS
    if not re.search(r"[a-z]{3}", key) or "\\" in key:
        return None
    said = re.escape(key).replace("\\ and\\ ", ",?\\ and\\ ")
    said = re.sub("['’]", "['’]", said)
    if alone := re.fullmatch(r"(.+)\\ only", said):
        said = rf"(?:{said}|only\ {alone[1]})"
    return rf"(?i:(?<!\w){said}(?!\w))"


def _own_words_in(
    sentence: re.Match[str], offset: int, choices: Sequence[str], letters: str
) -> Candidate | None:
    """The one option whose telling words are those, or most, of such words in a sentence without a denial.

    `The force is unchanged.` for "The force remains unchanged". Words that all options share tell nothing.
    """
    if not choices or any(_repeats(choice) for choice in choices):
        return None
    denied = _NO.search(sentence[0].lower()) is not None
    options = {letter: _stems(choice) for letter, choice in zip(letters, choices, strict=False)}
    telling = frozenset().union(*options.values()) - frozenset.intersection(*options.values())
    said = _stems(sentence[0]) & telling
    named = [
        letter
        for letter, stems in options.items()
        if said <= (own := stems & telling)
        and 2 * len(_telling(said)) >= len(_telling(own))
        # a sentence with a denial can only be an option with one
        and (not denied or _NO.search(choices[letters.index(letter)].lower()))
    ]
    exact = [letter for letter in named if options[letter] & telling == said]
    named = exact if len(exact) == 1 else named
    if len(named) != 1 or not any(len(stem) > 3 and stem.isalpha() for stem in said - _DENIALS):
        return None
    start, end = sentence.span()
    return Candidate(text=named[0], span=(start + offset, end + offset), rule="last_words")


def _telling(stems: frozenset[str]) -> frozenset[str]:
    return frozenset(stem for stem in stems if len(stem) > 2) or stems


def _repeats(choice: str) -> bool:
    """`True, True`: its words as a set are not the option."""
    words = re.findall(r"\w+", choice.lower())
    return len(words) < 4 and len(set(words)) < len(words)


def _stems(text: str) -> frozenset[str]:
    return frozenset(
        stem for word in re.findall(r"\w+", text.lower()) if (stem := _ENDING.sub("", word)) not in _SILENT
    )
