"""Which option does a text choose in a form that only choices take?

In its first line with an explanation behind it, in a line that a sentence leads to (`The statement is:`),
by its words (`I'd say the nucleus`), in the word order of other languages, or by its place (`option 2`, `③`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from phi4eval.graders.concluded import named_in
from phi4eval.graders.empty import is_echo
from phi4eval.graders.extract import Candidate
from phi4eval.graders.options import options_named, plain

TAIL = 2_000
"""Only this many last characters are read, and as many first ones for a first line."""

_LABEL = re.compile(r"[\s>#*_-]{0,8}[(\[]?([A-Z])(?:[)\].:]{1,2}|[*_]{1,2}\s?[:–—-]|\s[–—-](?=\s))")
_LABELLED = re.compile(r"[(\[]?([A-Z])(?:[)\].:]{1,2}|(?=$)|\s?[–—-](?=\s))\s{0,3}(.{0,1000})")
_SMALL = re.compile(r"\(?([a-z])[).]\s{1,3}(.{2,1000})")
_LEADS = re.compile(
    r"(?:^|\n)[^\n]{0,400}\b(?:is|are|be|option|choice|answer|statement|therefore|thus|hence|conclusion)\b"
    r"[^\n:]{0,200}:[*_ ]{0,4}\n\s{0,4}([^\n]{1,1000})",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"[\s\S]{0,4}\b(?:this|that|it|which) (?:is|was|cannot|can['’]t) ?(?:not|in|wrong|false)",
    re.IGNORECASE,
)
_BY_WORDS = re.compile(
    r"\b[Ii](?:['’]d| would|['’]ll| will)? (?:say|pick|choose|select|answer|guess|go (?:with|for)|opt for)"
    r"(?:\s(?:that|with|it['’]s))?\s([^.;!?\n]{2,300})"
    r"|\b(?i:answer|conclusion) is that\s([^.;!?\n]{2,300})"
    r"|\b(?:is|be|are)\s(the (?:first|second|third|fourth|fifth|last) (?:one|option|choice|statement|answer))"
    r"(?=[.!\s]*(?:\Z|\n))"
    r"|\b(?i:(?:correct|right|best|only|valid) (?:option|choice|alternative|statement)"
    r" (?:is|would be|must be)):?\s([^.;!?\n]{2,300})"
    r"|\b(?i:so|hence|thus|therefore),?\s([^.;!?\n,]{1,60}?)\sit is(?=[.!\s]*(?:\Z|\n))"
    r"|\bAntwort(?: ist)?, dass\s([^.;!?\n]{2,300})"
)
_ASIDE = re.compile(r",?\s(?:although|though|but|because|since|as|rather|over|instead|even|not)\b|,\s")
_INVERTED = re.compile(
    r"\b(?:ist|lautet|wäre)\s(?:(?:also|daher|somit|deshalb)\s)?(?:die|das)\s(?:(?:richtige|korrekte|beste|gesuchte)\s)?"
    r"(?:antwort|lösung|option|wahl|ergebnis)[:,]?\s{1,3}(?!dass\b|nicht\b)((?:(?!\.\s)[^\n]){1,300})",
    re.IGNORECASE,
)
_NOUNS = (
    r"(?:opción|alternativa|respuesta|letra|opção|resposta|risposta|opzione|lettera|réponse|lettre|option)"
)
_ROMANCE = re.compile(
    rf"\b{_NOUNS}\s(?:[a-zà-ÿ]{{1,12}}\s)?(?:es|é|è|est)\s(?:(?:la|el|le|a|o)\s)?(?:{_NOUNS}\s)?"
    r"(?:\(?([a-z])\)|([A-Z])(?![\w'’]))"
    rf"|\b{_NOUNS}\s\(?([A-Z])\)?\s(?:es|é|è|est|está)\s(?:la\s|a\s)?(?:corret[ao]|correct[ao]|correcte|corretta)\b"
)
_QUOTED = re.compile(
    r"['\"](?:sol|solution|ans|answer|choice|option|prediction|pred|label|selected)['\"]\s?:\s?'\(?([A-Za-z])\)?'"
)
_SENTENCE = re.compile(r"\s{0,4}((?:\w|[ ,'’()*-]){3,120})\.[*_]{0,2}\s{1,2}(?=[A-Z])")
_PLACE = re.compile(
    r"(?:(?:the )?(?:option|choice|answer|number|statement|no\.|nr\.|opción|вариант|选项)\s?(?:is )?)?"
    r"[(\[#]?(\d{1,2})[)\].:]{0,2}(?:\s(?P<rest>.{1,300}))?",
    re.IGNORECASE,
)
_BEST = re.compile(
    r"^[\s>#*_-]{0,8}[(\[]?([A-Z])[)\].:][^\n]{1,200}?\b(?:this|it|which|that) (?:is|would be)"
    r" (?:likely |probably |clearly )?the (?:most (?:likely|probable|appropriate|accurate|plausible)"
    r"|best|correct|right)\b[^\n]{0,200}",
    re.IGNORECASE | re.MULTILINE,
)
_NOT = re.compile(r"\b(?:not|never|but)\b|n['’]t\b", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:option|choice) (\d{1,2})[:.,]? ?\((.{1,300})\)", re.IGNORECASE)
"""`Option 2 (10)`: place and text agree, so that options may be numbers."""
_STEM = re.compile(
    r"\b[Ww]hich (?:one |ones )?(?:of (?:the following|these|them)(?:\s[a-z]+){0,4}?\s)?"
    r"((?:is|are|was|were|does|do|can|could|would|will|has|have|must|should)\s[^?:\n]{3,200})"
)
"""What a problem asks of its options: `is NOT a property of bitmap graphics`."""
_SENTENCE_OF = re.compile(r"\s{0,4}(?:[^.!?\n]|\.(?=\d)){3,600}[.!]?")
_BOLD = re.compile(r"\*\*([^*\n]{3,300})\*\*(?!\s?:)(?<!:\*\*)")
_TURNED = re.compile(r"\b(?:but|however|although|though|instead|rather|actually)\b|n['’]t\b", re.IGNORECASE)
_TRUTHS = re.compile(r"(?:true|false),\s?(?:true|false)")
_JUDGED = r"\b[^.\n]{0,100}?(?<!not )(?<!n['’]t )\b(true|false|correct|incorrect|holds|fails|valid|invalid)\b"
_FIRST = re.compile(rf"\b(?:(?:statement |S)(?:1|I|one)|first(?: statement)?){_JUDGED}", re.IGNORECASE)
_SECOND = re.compile(rf"\b(?:(?:statement |S)(?:2|II|two)|second(?: statement)?){_JUDGED}", re.IGNORECASE)
_BOTH = re.compile(
    r"\b(?:(both)(?: of the)?(?: statements)?|(neither)(?: of the)?(?: statements?)?)"
    r" (?:(?:are|is)(?: indeed)? (true|false|correct)|holds?)\b",
    re.IGNORECASE,
)
_TRUE = frozenset({"true", "correct", "holds", "valid"})
_RINGED = "①②③④⑤⑥⑦⑧⑨⑩"


def chosen_option(text: str, choices: Sequence[str], letters: str, problem: str) -> Candidate | None:
    """The last option that the text chooses behind a lead, by its words, or in another word order."""
    begin = max(len(text) - TAIL, 0)
    found = [
        candidate
        for candidate in (
            _introduced(text, begin, choices, letters),
            _by_words(text, begin, choices, letters),
            _inverted(text, begin),
            _quoted(text, begin, letters),
            _romance(text, begin, letters),
            _superlative(text, begin, letters),
            _two_statements(text, begin, choices, letters),
            _as_asked(text, begin, choices, letters, problem),
            _completed(text, choices, letters, problem),
            _in_bold(text, begin, choices, letters),
        )
        if candidate is not None
    ]
    return max(found, key=lambda candidate: candidate.span[0], default=None)


_NUMERIC = re.compile(r"\d")


def first_line(text: str, choices: Sequence[str], letters: str) -> Candidate | None:
    """A first line that is an option's letter or its words, where an explanation follows it."""
    lines = [line for line in text[:TAIL].split("\n") if line.strip()]
    if len(lines) < 2:
        return None
    letter = _labelled(lines[0], choices, letters) or _in_small(lines[0], choices, letters)
    if letter is None and _NUMERIC.search(lines[0]) is None:
        whole = [options_named(plain(line), choices, letters) for line in lines[:2]]
        letter = whole[0][0] if len(whole[0]) == 1 and not whole[1] else None
    behind = _LABEL.match(lines[1])
    # the first line of a list of options answers nothing
    if letter is None or (behind and behind[1] in letters and behind[1] != letter) or _SMALL.match(lines[1]):
        return None
    start = text.index(lines[0])
    return Candidate(text=letter, span=(start, start + len(lines[0])), rule="first_line")


def first_sentence(text: str, choices: Sequence[str], letters: str) -> Candidate | None:
    """A first sentence that is an option's words alone: `Sound. It is a wave that needs a medium.`"""
    first = _SENTENCE.match(text[:TAIL])
    if first is None or _NUMERIC.search(first[1]):
        return None
    following = _SENTENCE.match(text[:TAIL], first.end())
    if following is not None and options_named(plain(following[1]), choices, letters):
        return None
    named = options_named(plain(first[1]), choices, letters)
    return Candidate(text=named[0], span=first.span(1), rule="first_line") if len(named) == 1 else None


def placed(value: str, choices: Sequence[str], letters: str) -> str | None:
    """The letter of an option named by its number, where no option is or has a number: `option 2`, `③`."""
    for place, ring in enumerate(_RINGED[: len(choices)]):
        if value.startswith(ring) and (
            not value[1:].strip() or letters[place] in options_named(plain(value[1:]), choices, letters)
        ):
            return letters[place]
    named = _NUMBERED.fullmatch(value)
    if named is not None and 0 < int(named[1]) <= len(choices):
        letter = letters[int(named[1]) - 1]
        return letter if letter in options_named(plain(named[2]), choices, letters) else None
    match = _PLACE.fullmatch(value)
    if match is None or any(re.search(r"\d", choice) for choice in choices):
        return None
    place = int(match[1]) - 1
    if not 0 <= place < len(choices):
        return None
    rest = match["rest"]
    return (
        letters[place] if not rest or letters[place] in options_named(plain(rest), choices, letters) else None
    )


def _labelled(line: str, choices: Sequence[str], letters: str) -> str | None:
    """The letter of a line that is an option's letter, alone or with that option's text."""
    label = _LABELLED.fullmatch(plain(line.strip(" \t#>-•")))
    if label is None or label[1] not in letters:
        return None
    rest = plain(label[2])
    return label[1] if not rest or label[1] in options_named(rest, choices, letters) else None


def _in_small(line: str, choices: Sequence[str], letters: str) -> str | None:
    """The letter of `a) The degree`, a small letter with its option's text."""
    label = _SMALL.fullmatch(plain(line))
    letter = label[1].upper() if label else ""
    named = options_named(plain(label[2]), choices, letters) if label and letter in letters else []
    return letter if letter in named else None


def _introduced(text: str, begin: int, choices: Sequence[str], letters: str) -> Candidate | None:
    for lead in reversed(list(_LEADS.finditer(text, begin))):
        start, end = lead.span(1)
        behind = _LABEL.match(text[end:].lstrip("\n"))
        if is_echo(lead[1]) or (behind is not None and behind[1] in letters) or _TAKEN_BACK.match(text, end):
            continue
        named = _labelled(lead[1], choices, letters)
        whole = [named] if named else options_named(plain(lead[1].strip(" \t#>-•")), choices, letters)
        if len(whole) == 1:
            return Candidate(text=whole[0], span=(start, end), rule="introduced")
    return None


def _by_words(text: str, begin: int, choices: Sequence[str], letters: str) -> Candidate | None:
    for said in reversed(list(_BY_WORDS.finditer(text, begin))):
        start, end = said.span(said.lastindex or 1)
        if re.search(
            r"(?:n['’]t|\bnot|\bnever|\bif)\s(?:\w+\s)?$", text[max(said.start() - 20, 0) : said.start()]
        ):
            continue
        clause = text[start:end]
        aside = _ASIDE.search(clause)
        for part in (clause, clause[: aside.start()] if aside else ""):
            named = options_named(plain(part), choices, letters) or named_in(part, choices, letters)
            if len(named) == 1:
                return Candidate(text=named[0], span=(start, start + len(part)), rule="by_words")
    return None


def _inverted(text: str, begin: int) -> Candidate | None:
    for said in reversed(list(_INVERTED.finditer(text, begin))):
        value = re.sub(r"\W+$", "", said[1]).strip()
        if value:
            return Candidate(text=value, span=said.span(1), rule="statement")
    return None


def _romance(text: str, begin: int, letters: str) -> Candidate | None:
    """`La opción correcta es la a)`, `A alternativa A está correta`, `la lettera B`."""
    for said in reversed(list(_ROMANCE.finditer(text, begin))):
        letter = said[said.lastindex or 1]
        if letter.upper() in letters:
            return Candidate(text=letter.upper(), span=said.span(said.lastindex or 1), rule="statement")
    return None


def _superlative(text: str, begin: int, letters: str) -> Candidate | None:
    """The only option of a list that is judged the best: `D) Pneumonia: this is the most likely cause`."""
    judged = [line for line in _BEST.finditer(text, begin) if line[1] in letters and not _NOT.search(line[0])]
    if len({line[1] for line in judged}) != 1:
        return None
    return Candidate(text=judged[-1][1], span=judged[-1].span(1), rule="judged_right")


def _as_asked(text: str, begin: int, choices: Sequence[str], letters: str, problem: str) -> Candidate | None:
    """The only option of which the text says what the problem asks for: `C is NOT a property of bitmaps`."""
    stems = list(_STEM.finditer(problem[-TAIL:]))
    words = stems[-1][1].split()[:5] if stems else []
    if len(words) < 3:
        return None
    texts = {plain(choice): letter for letter, choice in zip(letters, choices, strict=False)}
    names = "|".join(re.escape(name) for name in [*texts, *letters] if 0 < len(name) <= 40)
    said = re.compile(
        rf"(?<![\w'’])(?<!and )(?<!or )\(?({names})\)?[*_]{{0,2}}\s(?i:"
        + r"\s".join(map(re.escape, words))
        + r")\b"
    )
    found = [(texts.get(match[1], match[1]), match.span(1)) for match in said.finditer(text, begin)]
    if len({letter for letter, _ in found}) != 1:
        return None
    return Candidate(text=found[-1][0], span=found[-1][1], rule="as_asked")


def _completed(text: str, choices: Sequence[str], letters: str, problem: str) -> Candidate | None:
    """The option with which the first sentence goes on from the problem's own words."""
    first, stem = _SENTENCE_OF.match(text[:TAIL]), " ".join(problem.split()).rstrip(" :.?_")
    if first is None or len(stem) < 10 or not " ".join(first[0].split()).lower().startswith(stem.lower()):
        return None
    named = options_named(plain(" ".join(first[0].split())[len(stem) :]), choices, letters)
    return Candidate(text=named[0], span=first.span(), rule="first_line") if len(named) == 1 else None


def _in_bold(text: str, begin: int, choices: Sequence[str], letters: str) -> Candidate | None:
    """The only option whose whole text the last line sets in bold, as no heading: `: **they are equal.**`."""
    start = max(text.rstrip().rfind("\n") + 1, begin)
    bold = [
        (named, run.span(1))
        for run in _BOLD.finditer(text, start)
        if len(named := options_named(plain(run[1]), choices, letters)) == 1
    ]
    if len(bold) != 1 or _NOT.search(text[max(bold[0][1][0] - 20, 0) : bold[0][1][0]]):
        return None
    if _TURNED.search(text, bold[0][1][1]):
        return None  # `it was thought to be **iron**, but it is tin`
    return Candidate(text=bold[0][0][0], span=bold[0][1], rule="in_bold")


def _two_statements(text: str, begin: int, choices: Sequence[str], letters: str) -> Candidate | None:
    """`Statement 1 is false. Statement 2 is true.` among options such as `False, True`."""
    truths = {choice.strip().lower(): letter for letter, choice in zip(letters, choices, strict=False)}
    if not choices or not all(_TRUTHS.fullmatch(choice) for choice in truths):
        return None
    both = list(_BOTH.finditer(text, begin))
    if both:
        said = both[-1]
        word = "true" if ((said[3] or "true").lower() != "false") == bool(said[1]) else "false"
        return _truth(truths.get(f"{word}, {word}"), said.span())
    found = [list(pattern.finditer(text, begin)) for pattern in (_FIRST, _SECOND)]
    if not all(found):
        return None
    last = [matches[-1] for matches in found]
    words = ["true" if match[1].lower() in _TRUE else "false" for match in last]
    return _truth(
        truths.get(", ".join(words)),
        (min(match.start() for match in last), max(match.end() for match in last)),
    )


def _truth(letter: str | None, span: tuple[int, int]) -> Candidate | None:
    return None if letter is None else Candidate(text=letter, span=span, rule="two_statements")


def _quoted(text: str, begin: int, letters: str) -> Candidate | None:
    for said in reversed(list(_QUOTED.finditer(text, begin))):
        if said[1].upper() in letters:
            return Candidate(text=said[1].upper(), span=said.span(1), rule="answer_tag")
    return None
