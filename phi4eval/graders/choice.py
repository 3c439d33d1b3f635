"""Which option does the answer commit to?

Exactly one of the prompt's letters, or the text or value of exactly one option in place of its letter. Where
both are given and differ, the letter wins and the grade carries `letter_value_conflict`. Two letters are a
hedge, and wrong. `blank` (AMC: a deliberate 1.5 points) is `no_answer` with rule `deliberate_blank`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from phi4eval.graders.empty import is_echo, is_refusal
from phi4eval.graders.extract import EXPLICIT, Candidate, final_statement
from phi4eval.graders.normal import plain_value, squeezed
from phi4eval.graders.numbers import parse_number
from phi4eval.graders.wording import in_digits
from phi4eval.types import Grade, Key, Verdict

VERSION = "3"

_WIDE_BRACKETS = str.maketrans("（）［］", "()[]")
_ASSIGNED = re.compile(r"^[a-zA-Z]\s?=\s?")
_BEHIND = re.compile(r"([^()]{1,200}?)[,;]?\s(?:\(|which is (?:option|choice|answer) \(?)([A-Z])\)?")
"""The letter behind its value: `12 (B)`."""
_NAME = f"choice@{VERSION}"
_MARKS = re.compile(
    r"\\(?:quad|qquad|hspace\{[^{}]*\}|[,;:! ~])|[*_`\"“”‘]|(?<!\w)['’]"
    r"|['’](?!\w)|\\?\\?\\\[|\\?\\\]"
)
_WORD = re.compile(
    r"(?:the |correct |final |right |best )*(?:option|choice|answer|letter|statement"
    r"|alternative)s?\s?(?:is\s|[:=])?\s?",
    re.IGNORECASE,
)
_LETTER = re.compile(
    r"[(\[{<]?\s?([A-Za-z])\s?(?:[)\]}>.:：]{1,2}|(?=$)|(?=\s?[,;=–—-]\s)|(?=[,;]$)"
    r"|(?=\s(?:because|since|as|which|is|and not|not|here|only|\()))(.*)",
    re.DOTALL,
)
_SEVERAL = re.compile(
    r"[(\[]?([A-Za-z])[)\].:]?(?:\s?(?:,|/|&|\bor\b|\band\b|\band/or\b|,\s?or"
    r"|,\s?and)\s?[(\[]?([A-Za-z])[)\].:]?(?![a-zA-Z]))+"
    r"(?!\s(?:is|was|would be|isn)\b['’t ]{0,3}(?:wrong|incorrect|not|false|too)).*",
    re.IGNORECASE | re.DOTALL,
)
_PROSE = re.compile(
    r"(?i:\b(?:option|choice|answer|letter)\s{1,3}"
    r"(?:(?:is|must be)\s{1,3}(?:(?:therefore|thus|then|clearly|simply)\s{1,3})?"
    r"|:\s{1,3})?"
    r"|^(?:hence|thus|so|therefore|i think|i believe|i guess),?\s{1,3}"
    r"(?:it is |it['’]s )?(?=\([A-Z]\)\W{0,3}$)"
    r"|\b(?:choose|chose|select|pick|go with|going with|settle on|opt for)\s{1,3}"
    r"(?:option\s|choice\s|answer\s)?)[*_$]{0,3}(?:\\(?:text|textbf|mathrm|mathbf)\{)?"
    # "A" and "I" are words too: not in front of a lower-case word that does not go on about the choice
    r"(?:\(([A-Za-z])\)|([B-HJ-Z]|[AI](?!\s+(?!is\b|because\b|as\b|since\b|and\b|which\b)[a-z]))(?![\w'’]))"
    r"|\(([A-Z])\)\s{0,2}(?:is|would be)\s{1,2}(?:the\s)?(?:correct|right|best|answer|true)"
    r"|(?<![\w'’])([A-Z])\s(?:is|would be)\s(?:the\s)?(?:correct|right|best|answer)",
    re.MULTILINE,
)
_NEGATION = re.compile(
    r"(?:\bnot|n['’]t|\bneither|\beliminate[sd]?|\bwrong|\bincorrect"
    r"|\brule[sd]? out)[^\w.!?]{0,3}(?:\w+[^\w.!?]{1,3}){0,3}$",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"[)\]}*.$]{0,4}\s{0,3}(?:(?:is|was|are|would|would be|can|could|does|seems)\s{0,2})?(?:\w+\s{1,2})?"
    r"(?:not\b|n['’]t\b|incorrect|wrong|false|eliminated|impossible|invalid|too\b|out\b)",
    re.IGNORECASE,
)
_LINE = re.compile(r"\(?([A-Z])(?:\)|\.|:)?(?:\s+(.{1,1000}))?")


def grade(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    """Judge a text against the letter of the right option.

    Options: letters (default: as many of A, B, C... as key.choices has, else ABCDE). A gold outside the
    letters is `ungradable`.
    """
    letters = _letters(key, options)
    found = final_statement(text)
    stated = judge(found, key, options) if found is not None else None
    if stated is not None and found is not None and found.rule in EXPLICIT and not _names_nothing(stated):
        return stated
    spoken = _spoken(text, letters) or _last_line(text, letters, key.choices)
    if spoken is not None and (found is None or spoken.span[0] >= found.span[0]):
        return judge(spoken, key, options)
    if stated is not None:
        return stated
    if is_refusal(text):
        return _grade("refused", "refusal", "the model declined to answer")
    return _grade("no_answer", "none", "no option is stated as the answer")


def judge(found: Candidate, key: Key, options: Mapping[str, str]) -> Grade:
    """The grade of one extracted statement."""
    letters, gold = _letters(key, options), key.gold.strip().strip("()").upper()
    if gold not in letters or len(gold) != 1:
        return _grade("ungradable", "gold", f'the gold "{key.gold[:40]}" is none of the letters {letters}')
    return _judge(found, gold, letters, key.choices)


def letter_of(gold: str, choices: Sequence[str]) -> str | None:
    """A gold as its letter: itself, or that of the option whose text or value it is; or None."""
    bare = _plain(gold).strip("(). ").upper()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(choices)]
    if len(bare) == 1 and bare.isalpha() and (not choices or bare in letters):
        return bare
    named = _options_named(_plain(gold), choices, letters)
    return named[0] if len(named) == 1 else None


def _names_nothing(grade: Grade) -> bool:
    return grade.rule.endswith("/no_option")


def _letters(key: Key, options: Mapping[str, str]) -> str:
    return options.get("letters") or "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(key.choices) or 5]


def _judge(found: Candidate, gold: str, letters: str, choices: Sequence[str]) -> Grade:
    value = _plain(found.line or found.text)
    if value.lower() in ("blank", "leave blank", "leave it blank", "left blank"):
        return _grade(
            "no_answer", "deliberate_blank", "the model left the question blank on purpose", found, "blank"
        )
    whole = _options_named(value, choices, letters) if len(value) > 3 else []
    if len(whole) == 1:
        return _decided(
            whole[0], gold, f"{found.rule}/value", found, f"the text of option {whole[0]} was given"
        )
    if hedge := _hedged(value, letters, choices) or _several_values(value, choices, letters):
        return _grade("incorrect", f"{found.rule}/hedge", f"more than one option is named: {hedge}", found)
    letter, rest = read_letter(value, letters)
    named = _options_named(rest if letter else value, choices, letters)
    if letter is None:
        named = named or _options_named(_plain(found.text), choices, letters)
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
    value = _WORD.sub("", value, count=1) if _WORD.match(value) else value
    match = _LETTER.fullmatch(value.strip())
    if match is None and (behind := _BEHIND.fullmatch(value.strip())) and behind[2] in letters:
        return behind[2], behind[1]
    if match is None:
        return None, value
    letter, rest = match[1], match[2].strip(" .,:;)-–—=")
    if letter.islower() and rest and not value.startswith(("(", "[")):
        return None, value
    return (letter.upper(), rest) if letter.upper() in letters else (None, value)


def _plain(text: str) -> str:
    value = _MARKS.sub(" ", plain_value(text.translate(_WIDE_BRACKETS)).replace("\\\\", " "))
    while len(value) > 2 and value[0] == "{" and value[-1] == "}":
        value = value[1:-1]
    value = re.sub(r"[{}]", " ", value) if "\\" not in value else value
    return " ".join(value.split()).strip(" .,;:")


def _hedged(value: str, letters: str, choices: Sequence[str]) -> str | None:
    """The letters of a hedge such as `A or B`, unless that text is itself an option."""
    several = _SEVERAL.fullmatch(_WORD.sub("", value, count=1))
    if several is None or _options_named(value, choices, letters):
        return None
    named = re.findall(
        r"(?<![A-Za-z])([A-Z])(?![a-zA-Z'’])", several[0].upper() if len(value) < 20 else several[0]
    )
    distinct = sorted({letter for letter in named if letter in letters})
    return ", ".join(distinct) if len(distinct) > 1 else None


def _several_values(value: str, choices: Sequence[str], letters: str) -> str | None:
    """The letters of a hedge between option values such as `3 or 0.5`."""
    parts = re.split(r",?\s(?:or|and)\s|,\s", value)
    if not 1 < len(parts) <= len(letters):
        return None
    named = [_options_named(part.strip(), choices, letters) for part in parts]
    distinct = sorted({letters for letters, *more in filter(None, named) if not more})
    return ", ".join(distinct) if all(named) and len(distinct) > 1 else None


def _options_named(value: str, choices: Sequence[str], letters: str) -> list[str]:
    """Letters of the options whose text or number the value is."""
    if not value:
        return []
    wanted = _key(value)
    number = parse_number(in_digits(_ASSIGNED.sub("", plain_value(value))))
    exact = [letter for letter, choice in zip(letters, choices, strict=False) if _plain(choice) == value]
    if len(exact) == 1:
        return exact
    return [
        letter
        for letter, choice in zip(letters, choices, strict=False)
        if _key(_plain(choice)) == wanted
        or (number is not None and parse_number(in_digits(plain_value(choice))) == number)
    ]


def _key(text: str) -> str:
    return (
        re.sub(r"^(?:the|an|a|it)(?=[a-z])", "", squeezed(text).lower())
        if " " in text.strip()
        else squeezed(text).lower()
    )


def _spoken(text: str, letters: str) -> Candidate | None:
    """The last "option B", "I choose (B)", "B is correct" in the last 2,000 characters, if not denied."""
    start = max(len(text) - 2000, 0)
    found = None
    for said in _PROSE.finditer(text, start):
        letter = next(group for group in said.groups() if group)
        denied = _DENIED.match(text, said.end()) is not None
        if (
            letter.upper() in letters
            and not denied
            and not _NEGATION.search(text, max(said.start() - 60, 0), said.start(said.lastindex or 0))
        ):
            span = said.span(said.lastindex or 0)
            found = Candidate(text=letter.upper(), span=span, rule="spoken")
    return found


def _last_line(text: str, letters: str, choices: Sequence[str]) -> Candidate | None:
    """A last line that is an option: its letter alone, its letter with its text, or its text alone."""
    stripped = text.rstrip()
    start = stripped.rfind("\n") + 1
    line = _WORD.sub("", _plain(stripped[start:][:2000]), count=1)
    if is_echo(line):
        return None
    span = (start, len(stripped))
    match = _LINE.fullmatch(line)
    if (
        match
        and match[1] in letters
        and (match[2] is None or match[1] in _options_named(match[2], choices, letters))
    ):
        return Candidate(text=line, span=span, rule="last_line")
    if (len(line) == 1 and line.upper() in letters) or len(_options_named(line, choices, letters)) == 1:
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
