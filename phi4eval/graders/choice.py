"""Which option does the answer commit to?

Exactly one of the prompt's letters, or the text or value of exactly one option in place of its letter. Where
both are given and differ, the letter wins and the grade carries `letter_value_conflict`. Two letters are a
hedge, and wrong. `blank` (AMC: a deliberate 1.5 points) is `no_answer` with rule `deliberate_blank`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from phi4eval.graders.chosen import chosen_option, first_line, first_sentence, placed
from phi4eval.graders.concluded import concluded_option, lists_options, worded_option
from phi4eval.graders.empty import is_echo, is_refusal
from phi4eval.graders.ending import is_undecided
from phi4eval.graders.extract import EXPLICIT, Candidate, final_statement
from phi4eval.graders.options import LETTERS, options_named, plain
from phi4eval.graders.spoken import revised_letter, spoken_letter
from phi4eval.types import Grade, Key, Verdict

VERSION = "10"

_BEHIND = re.compile(r"([^()]{1,200}?)[,;]?\s(?:\(|which is (?:option|choice|answer) \(?)([A-Z])\)?")
"""The letter behind its value: `12 (B)`."""
_NAME = f"choice@{VERSION}"
_WORD = re.compile(
    r"[>→⇒]?\s?(?:(?:most |very )?(?:likely|probably|definitely|clearly|certainly|obviously|surely)\s)?"
    r"(?:(?:the |correct |final |right |best |a |o |la |el )*(?:option|choice|answer|letter|statement"
    r"|response|alternative|opción|letra|lettre|lettera|opzione|opção|alternativa|réponse|respuesta|antwort|buchstabe"
    r"|вариант|буква|选项|選項|選択肢|선택지|보기)s?(?:\s(?:number|no\.))?\s?(?:is\s|[:=])?\s?)?",
    re.IGNORECASE,
)
_LETTER = re.compile(
    r"[(\[{<]{0,2}\s?([A-Za-z])\s?(?:[)\]}>.:：]{1,2}|(?=$)|(?=\s?[,;=–—-]\s)|(?=[,;]$)"
    r"|(?=\s(?:because|since|as|which|is|and not|not|here|only|\())|(?=[,，、]?\s?[\u0370-\uffff]))(.*)",
    re.DOTALL,
)
_SEVERAL = re.compile(
    r"[(\[]?([A-Za-z])[)\].:]?(?:\s?(?:,|/|&|\bor\b|\band\b|\band/or\b|,\s?or"
    r"|,\s?and|,?\s?\bbut)\s?(?:(?:then|also|maybe|possibly|perhaps|even)\s)?[(\[]?([A-Za-z])[)\].:]?(?![a-zA-Z]))+"
    r"(?!\s(?:is|was|would be|isn)\b['’t ]{0,3}(?:wrong|incorrect|not|false|too)).*",
    re.IGNORECASE | re.DOTALL,
)
_DENIED_LIST = re.compile(
    r"\b(?:is|are|was)(?: not|n['’]t)\s\(?[A-Z]\)?,\s\(?[A-Z]\)?(?:,|\s(?:or|nor|and)\s)"
)
"""`is not A, C, or D`: what follows the first comma is no answer."""
_SPACED = re.compile(r"([A-Z])(?:\s([A-Z]))+(?:\s(?:are|is|都|是)\b.*)?", re.DOTALL)
_ARTICLE = re.compile(r"^(?:la|el|le|die|der|das|a|o|il)\s(?=\(?[A-Z]\)?$)")
"""`la bonne réponse est la C`"""
_ALONE = re.compile(r"[-:(\[{ ]{0,3}([A-Za-z])[)\]}.:?! -]{0,3}")
_VAGUE = re.compile(
    r"(?:something|some|one|among|between|in|whichever|therefore|what|found)\b", re.IGNORECASE
)
"""A statement that there is an answer, which does not say it: `one of the following`."""
_BULLET = re.compile(r"^[-•:>]\s{0,3}(?=[(\[]?[A-Z](?![a-zA-Z]))")
_SAID = re.compile(
    r"(?:i(?:['’]d| would| will)?\s(?:choose|pick|select|say|prefer|guess|go with|go for)"
    r"|my (?:answer|choice|pick)(?: is|:))\s\(?([a-z])\)?[.!]?"
    r"|([a-z]) is (?:right|correct|the answer)[.!]?",
    re.IGNORECASE,
)
"""`i choose a`, in whatever case."""
_INSTEAD = re.compile(r"\b(?:rather than|instead of|not|unlike|because|since)\b", re.IGNORECASE)
_LABEL = re.compile(r"[(\[]?[A-Z][)\].:]{1,2}\s")
_LABELS = re.compile(r"(?<![\w'’])([A-Z])\)?[,.:)]\s")
_SMALL = re.compile(r"\(?([a-z])\)\s+\S|.{0,300}[.!?]\s([b-h])$")
"""A small letter that begins a text of one line with its bracket, or that ends it by itself."""
_LINE = re.compile(r"\(?([A-Z])(?:\)|\.|:)?(?:\s+(.{1,1000}))?")


def grade(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    """Judge a text against the letter of the right option.

    Options: letters (default: as many of A, B, C... as key.choices has, else ABCDE). A gold outside the
    letters is `ungradable`.
    """
    letters = _letters(key, options)
    found = final_statement(text)
    if found is not None and _DENIED_LIST.search(
        text[max(found.span[0] - 60, 0) : found.span[0]] + found.text[:40]
    ):
        found = None
    stated = judge(found, key, options) if found is not None else None
    if stated is not None and found is not None and found.rule in EXPLICIT and not _names_nothing(stated):
        revised = revised_letter(text, found.span[0], letters)
        return judge(revised, key, options) if revised is not None else stated
    unstated = _unstated(text, letters, key)
    if unstated is not None and (found is None or unstated.span[0] >= found.span[0]):
        return judge(unstated, key, options)
    if stated is not None and found is not None:
        worded = worded_option(found.text, key.choices, letters) if _names_nothing(stated) else None
        vague = found.rule not in EXPLICIT or _VAGUE.match(found.text)
        if worded is None and not (_names_nothing(stated) and vague):
            return stated
        if worded is not None:
            worded = msgspec.structs.replace(worded, span=found.span)
            return _weak(judge(worded, key, options))
    if is_refusal(text):
        return _grade("refused", "refusal", "the model declined to answer")
    if (weak := concluded_option(text, key.choices, letters)) is not None:
        return _weak(judge(weak, key, options))
    return _grade("no_answer", "none", "no option is stated as the answer")


def _unstated(text: str, letters: str, key: Key) -> Candidate | None:
    """The option that a text without a labelled answer commits to, in a sentence or by a line of its own."""
    choices = key.choices
    if is_undecided(text):
        return None
    spoken = spoken_letter(text, letters) or _last_line(text, letters, choices)
    first = first_line(text, choices, letters)
    if first is not None:
        # what follows a first line that answers explains it, unless it takes the answer back
        return revised_letter(text, first.span[1], letters) or first
    chosen = chosen_option(text, choices, letters, key.problem)
    stated = [each for each in (spoken, chosen) if each is not None]
    if not stated:
        return first_sentence(text, choices, letters)
    return max(stated, key=lambda each: each.span[1])


def judge(found: Candidate, key: Key, options: Mapping[str, str]) -> Grade:
    """The grade of one extracted statement."""
    letters, gold = _letters(key, options), key.gold.strip().strip("()").upper()
    if gold not in letters or len(gold) != 1:
        return _grade("ungradable", "gold", f'the gold "{key.gold[:40]}" is none of the letters {letters}')
    return _judge(found, gold, letters, key.choices)


def _weak(judged: Grade) -> Grade:
    return msgspec.structs.replace(judged, flags=(*judged.flags, "weak_extraction"))


def _names_nothing(grade: Grade) -> bool:
    return grade.rule.endswith("/no_option")


def _letters(key: Key, options: Mapping[str, str]) -> str:
    return options.get("letters") or LETTERS[: len(key.choices) or 5]


def _judge(found: Candidate, gold: str, letters: str, choices: Sequence[str]) -> Grade:
    value = plain(found.line or found.text)
    if value.lower() in ("blank", "leave blank", "leave it blank", "left blank"):
        return _grade(
            "no_answer", "deliberate_blank", "the model left the question blank on purpose", found, "blank"
        )
    # what a letter labels is compared without it, below
    whole = options_named(value, choices, letters) if len(value) > 3 and not _LABEL.match(value) else []
    if len(whole) == 1:
        return _decided(
            whole[0], gold, f"{found.rule}/value", found, f"the text of option {whole[0]} was given"
        )
    if hedge := _hedged(value, letters, choices) or _several_values(value, choices, letters):
        return _grade("incorrect", f"{found.rule}/hedge", f"more than one option is named: {hedge}", found)
    letter, rest = read_letter(value, letters)
    if letter is None and (place := placed(value, choices, letters)):
        return _decided(place, gold, f"{found.rule}/place", found, f"option {place} was named by its number")
    named = options_named(rest if letter else value, choices, letters)
    if letter is None:
        named = named or options_named(plain(found.text), choices, letters)
        if len(named) != 1:
            why = "names no option" if not named else f"fits the options {', '.join(named)}"
            return _grade(
                "no_answer", f"{found.rule}/no_option", f'the stated answer "{value[:60]}" {why}', found
            )
        (letter,) = named
        return _decided(letter, gold, f"{found.rule}/value", found, f"the value of option {letter} was given")
    flags = ("letter_value_conflict",) if named and letter not in named else ()
    return _decided(letter, gold, f"{found.rule}/letter", found, f"option {letter} was stated", flags)


def _decided(
    letter: str, gold: str, rule: str, found: Candidate, how: str, flags: tuple[str, ...] = ()
) -> Grade:
    same = letter == gold
    explanation = f"{how}, and the key is {gold}"
    return _grade("correct" if same else "incorrect", rule, explanation, found, letter, flags)


def read_letter(value: str, letters: str) -> tuple[str | None, str]:
    """The letter that a plain value begins with, and what follows it: `(B) 12` is ("B", "12").

    A lower-case letter counts only alone or in brackets; a word that begins with a letter never does.
    """
    value = _ARTICLE.sub("", _WORD.sub("", value, count=1) if _WORD.match(value) else value)
    match = _LETTER.fullmatch(value.strip())
    if match is None and (behind := _BEHIND.fullmatch(value.strip())) and behind[2] in letters:
        return behind[2], behind[1]
    if match is None:
        return None, value
    letter, rest = match[1], match[2].strip(" .,:;)-–—=")
    if letter.islower() and rest and not re.match(r"[(\[]|[a-z][).:]", value):
        return None, value
    return (letter.upper(), rest) if letter.upper() in letters else (None, value)


def _hedged(value: str, letters: str, choices: Sequence[str]) -> str | None:
    """The letters of a hedge such as `A or B`, unless that text is itself an option."""
    bare = _WORD.sub("", value, count=1)
    meant = _INSTEAD.split(value, maxsplit=1)[0]
    labelled = sorted({label[1] for label in _LABELS.finditer(meant) if label[1] in letters})
    if len(labelled) > 1 and _all_named(meant, labelled, choices, letters):
        return ", ".join(labelled)
    several = _SEVERAL.fullmatch(bare) or _SPACED.fullmatch(bare)
    # `E, a movie`: beside a capital letter, a small one is a word
    if several is not None and several[1].isupper() and several[2].islower():
        return None
    if several is None or options_named(value, choices, letters):
        return None
    named = re.findall(
        r"(?<![A-Za-z])([A-Z])(?![a-zA-Z'’])", several[0].upper() if len(value) < 20 else several[0]
    )
    distinct = sorted({letter for letter in named if letter in letters})
    return ", ".join(distinct) if len(distinct) > 1 else None


def _all_named(value: str, labelled: Sequence[str], choices: Sequence[str], letters: str) -> bool:
    """Does each letter stand with its own option's text? `B, city or town; D, strip mall; or E, Vermont`."""
    said = value.lower()
    return all(
        letters.index(letter) < len(choices)
        and re.search(
            rf"\b{letter.lower()}\)?[,.:)]\s?{re.escape(plain(choices[letters.index(letter)]).lower())}", said
        )
        for letter in labelled
    )


def _several_values(value: str, choices: Sequence[str], letters: str) -> str | None:
    """The letters of a hedge between option values such as `3 or 0.5`."""
    parts = re.split(r",?\s(?:or|and)\s|,\s", value)
    if not 1 < len(parts) <= len(letters):
        return None
    named = [options_named(part.strip(), choices, letters) for part in parts]
    distinct = sorted({letters for letters, *more in filter(None, named) if not more})
    return ", ".join(distinct) if all(named) and len(distinct) > 1 else None


def _last_line(text: str, letters: str, choices: Sequence[str]) -> Candidate | None:
    """A last line that is an option: its letter alone, its letter with its text, or its text alone."""
    stripped = text.rstrip()
    start = stripped.rfind("\n") + 1
    line = stripped[start:][:2000]
    if place := placed(plain(line), choices, letters):
        return Candidate(text=place, span=(start, len(stripped)), rule="last_line")
    if not start and (small := _SMALL.match(line)) and small[small.lastindex or 1].upper() in letters:
        return Candidate(text=small[small.lastindex or 1].upper(), span=(0, len(stripped)), rule="last_line")
    line = _WORD.sub("", _BULLET.sub("", plain(line)), count=1)
    if is_echo(line):
        return None
    if not line or lists_options(text):
        return None
    span = (start, len(stripped))
    match = _LINE.fullmatch(line)
    if (
        match
        and match[1] in letters
        # an option's text behind another's letter is a conflict, which the letter wins
        and (match[2] is None or options_named(match[2], choices, letters))
    ):
        return Candidate(text=line, span=span, rule="last_line")
    if (alone := _ALONE.fullmatch(line)) and alone[1].upper() in letters:
        return Candidate(text=alone[1].upper(), span=span, rule="last_line")
    if said := _SAID.fullmatch(line):
        return Candidate(text=said[said.lastindex or 1].upper(), span=span, rule="last_line")
    if len(options_named(line, choices, letters)) == 1:
        return Candidate(text=line, span=span, rule="last_line")
    return None


def _grade(
    verdict: Verdict,
    rule: str,
    explanation: str,
    found: Candidate | None = None,
    extracted: str | None = None,
    flags: tuple[str, ...] = (),
) -> Grade:
    return Grade(
        verdict=verdict,
        score=1.0 if verdict == "correct" else 0.0,
        extracted=extracted or (found.text if found else None),
        span=found.span if found else None,
        rule=rule,
        explanation=explanation,
        grader=_NAME,
        flags=flags,
    )
