"""Which part of a sentence says its value, and which part only gives a reason or a comparison?

`The area is 12, since 3 times 4 is 12`: what counts ends before "since". A reason that stands in front
(`so since 2x = 8, x = 4`), or after which the sentence goes on to conclude, cuts nothing off. All bounded.
"""

from __future__ import annotations

import re

_DIGIT = r"[\d$\\]"
_VALUE = (
    r"(?:[-−$(\\\d]|[a-zA-Z]\s?=|(?:the|an?|exactly|only|just|also|then|simply|equal to|therefore|thus)\s)"
)
_COMPARED = (
    r"(?!(?:just |only )?(?:a (?:hair|bit|little|tad|touch)|slightly|roughly|about|approximately|close|nearly"
    r"|almost)\b)"
    r"(?!(?:\\?\$?[\d.,]{1,12}\\?\$?\s)?(?:\w{1,15}\s)?(?:more|less|fewer|larger|smaller|greater|times|older"
    r"|younger|higher|lower|shorter|longer|taller|before|after|above|below|over|under|% of|percent of|of)\b)"
)
"""Not in front of a comparison: `which is 2 more than 3`."""
_CONCLUDING = (
    r"(?:gives|yields|equals|makes|is|are|has|means|implies|tells|leads|leaves|indicates|shows|results"
    r"|solves|factors|reduces|simplifies|produces|forces|comes|works out|must be|we)\s"
    r"(?:us\s|that\s|represented by\s|to\s|in\s|as\s|have\s|there\s(?:is|are)\s"
    r"|(?:area|length|volume|value|sum|size|order|degree)\s){0,3}"
)
_SAYS_MORE = r"(?![^.\n]{0,80}(?:\b(?:is|are|was|were|equals|makes|gives|leaves)\b|=\s?[\d$]))"
_REASON = re.compile(
    "|".join(
        (
            # `which gives 5` and `which, dividing by 6, solves to 5` go on
            r"[,;]?\swhich\b(?!(?:,[^,.\n]{1,40},)?\s(?:then\s|in turn\s|also\s)?"
            rf"{_CONCLUDING}{_COMPARED}{_VALUE})"
            # `of area 3 which can be formed is 48`
            rf"(?!\s(?:\w+\s){{1,6}}(?:is|are|equals)\s{_COMPARED}\$?\d)",
            r"[,;]?\s(?:because|since|after|before|while|whereas|where|when|whenever|once|assuming|compared"
            r"|if(?! and only)|given(?=\s(?:that|the|an?)\b)"
            r"|so that(?![^.\n]{0,60}(?:=|\\equiv|\b(?:is|are)\s\$?\d))"
            r"|for (?:all|any|every)"
            r"|rather than|instead of|(?:down|up) from|as (?:the|it|this)"
            r"|as (?:required|desired|claimed|expected)"
            r"|,? ?or (?:about|around|nearly|roughly|approximately))\b",
            r",?\ssuch that\b",
            rf"\sout of(?=\s(?:the\s|a total of\s)?{_DIGIT})",
            rf"\s(?:satisf(?:y|ies|ying)|contain(?:s|ing)?|of (?:the|these|those)(?=\s\$?\d))\b{_SAYS_MORE}",
            rf"\s(?:that|who)\s(?:are|have|do)\b{_SAYS_MORE}",
            r",\s(?:less|more|larger|smaller|greater|nicht|(?:e )?non|et non|y no)\s",
            r",?\s(?:and\s|but\s)?not\s(?=[-$\\\d])|,\s(?:and\s|but\s)?not\s",
            r",?\s(?:attained|achieved|reached|occurring (?:when|at|if|for)|as opposed to"
            r"|in contrast to|unlike|versus|have the property)\b",
            r",?\s(?:who\s|(?:and\s)?(?:this|it|which)\s"
            r"(?:happens|occurs|is (?:attained|achieved|reached))\b)",
            r",\san?\s(?:\w+\s){1,3}(?:less|more|fewer|smaller|larger)\sthan\b",
            r"\s(?:more|less|fewer)\sthan\s(?=[A-Z])",
            r"\s(?:larger|smaller|greater|bigger|longer|shorter|higher|lower|older|younger|taller|heavier)"
            rf"\sthan\b{_SAYS_MORE}",
            # `12, 3 more than` and `12 and Ann 3 fewer`
            r"(?:\s(?:and|y|et|und|e)\s(?=\w{2,20}\s\d)|,\s(?:that is\s|soit\s|o sea\s|ovvero\s)?(?=\d))"
            r"(?=(?:\w{2,20}\s)?\d{1,9}\s(?:(?:fewer|less|more)(?: \w{1,20})? than"
            r"|(?:fewer|less|menos|más|de moins|de plus|weniger|mehr|in meno)\b)(?!.{0,300}\d))",
            r",\s(?:exactly\s|just\s|only\s)?(?:twice|half|double|\w{3,6} times)\s(?:as|of|the|what)\b",
            # `49 is the first value with`
            r"(?<=[\d$})])\s(?:is|must be|are)\sthe\s(?:first|only|smallest|largest|least|greatest|closest"
            r"|nearest|lowest|highest|gcf|gcd|lcm)\b(?![^.\n]{0,100}(?:\b(?:is|equals|are)\s\$?-?\d|=\s?\$?\d))",
            r"\s(?:integers|numbers|multiples|primes)\sfrom\s(?=\$?[-−]?\d+\$?\sto\s)",
            r",\swith\s(?![^.\n]{1,80}\bbeing\s\$?-?\d)",
            r",?\s(?:for instance|for example|such as|including|e\.g\.)(?=[\s,])",
            r"[，、](?:比|而|因为|其中|不是|并非|多于|少于)",
            r"\s?(?:\\approx|≈)|\sapproximately\b",
        )
    ),
    re.IGNORECASE,
)
_ATTAINED = re.compile(
    r"[,;]?\s(?:and|with)\s(?:equality|the (?:maximum|minimum))\s"
    r"(?:(?:occurs|occurring|holds|holding|is (?:attained|achieved|reached))\b|(?:when|if|at|for)\s)",
    re.IGNORECASE,
)
"""Where an extreme is taken is not its value, whatever follows."""
_SAYS_VALUE = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty)\b",
    re.IGNORECASE,
)
_LED_IN = re.compile(
    r"(?:\b(?:so|and|but|then|that|thus|hence|therefore|have|only|exactly|precisely|true|minimi[sz]ed|maximi[sz]ed)|^)[\s,]{0,3}$",
    re.IGNORECASE,
)
"""In front of a reason that the main clause follows, or of a condition that is what was asked for."""
_CONDITION = re.compile(
    r"[,;]?\s(?:because|since|when|where|if|whenever|given|assuming|after|once|as)\b", re.IGNORECASE
)
_BEGINS_WITH_REASON = re.compile(r"(?:if|when|since|because|as|given|after)\b", re.IGNORECASE)
"""A sentence whose main clause is still to come."""
_PURPOSE = re.compile(r"\sto\s(?!get|obtain|find|give|reach|arrive)[a-z]{3,20}\s")
_NEEDED = re.compile(r"\b(?:need(?:s|ed)?|requires?d?|takes?|took)\b[^.\n]{0,120}\d", re.IGNORECASE)
"""`needs 132 spoons to make 16 cakes`: the purpose says no value."""
_FROM = re.compile(r"\b(?:from|of|by|in|to|after|at|on|for|with|under|over|through)$", re.IGNORECASE)
"""In front of "which": `from which x = 3`."""
_WHICH, _POINT = re.compile(r"[,;]?\swhich", re.IGNORECASE), re.compile(r"\s(?:point|time)\b")
_SUCH, _THEN_IS = re.compile(r"\bsuch that", re.IGNORECASE), re.compile(r"\b(?:is|are)\s\$?-?\d")
_WITH = re.compile(r",\swith\s(?:an?|the|its)\s(?:\w{1,12}\s){1,3}(?:of|equal to)\s\$?\d")
_POINTS = re.compile(r"\$?\([^()]{0,40}\)\$?")
"""`the side joining (3, 7) and (11, 1), with a length of 10`: behind points, what has the value."""
_RESUMES = (
    r",?\s(?:and\s)?(?:so(?! that)|thus|hence|therefore|it follows)\b",
    r",\s(?:giving|making|leaving|yielding|for a total of|of which|the \w+ of which|respectively)\b",
    r",\s(?:and\s)?(?:then|we|there|our|he|she|they|it|this"
    r"|(?:the|their|its|his|her)\s(?:\w+\s){1,6}?(?:is|are|equals|of which))\s",
    rf",?\swhich\s(?:is|means|gives|equals|implies|leaves|yields)\s{_COMPARED}",
    r",\sand\s\$[^$=]{1,40}=",
    r",\s(?:namely|i\.e\.|that is),?\s(?=[$\d])",
)
_RESUMED = re.compile(rf"(?:{'|'.join(_RESUMES)})[^.;\n]{{0,200}}{_DIGIT}", re.IGNORECASE)
"""Behind a reason: the sentence goes on with what follows from it."""
_SHOWN = re.compile(r"[^.:\d\n]{0,60}:\s{0,4}(?:\\\[|\$\$|\\begin)")
"""Behind a reason: what it leads to, in a line of its own."""
_COUNTED = re.compile(
    r"(?<!\bif )(?<!since )(?<!because )(?<!when )(?<!where )(?<!while )(?<!which )"
    r"\bthere\s(?:is|are|will be|must be|would be)\s(?:[a-z]{2,12}\s|a total of\s){0,2}(?=\*{0,2}[$\d\\])",
    re.IGNORECASE,
)
_LISTED = re.compile(r":\s|\bnamely\b|[=(]")
_NOUN_BEHIND = re.compile(r"(?:\d[\d,]*)?\s(?:[a-z]|[a-z-]+\s\$)")
"""`there are 20 pints in 2 gallons` says 20."""


def main_clause(text: str, start: int, end: int, formulas: list[re.Match[str]]) -> int:
    """Where the part of a sentence ends that says its value: before a reason or a comparison behind it."""
    if (counted := _count(text, start, end, formulas)) is not None:
        return counted
    if (attained := _ATTAINED.search(text, start, end)) and _SAYS_VALUE.search(text, start, attained.start()):
        return attained.start()
    for reason in _REASON.finditer(text, start, end):
        before = text[start : reason.start()]
        if (
            any(m.start() < reason.start() < m.end() for m in formulas)
            or not _SAYS_VALUE.search(before)
            or (_CONDITION.match(reason[0]) and _LED_IN.search(before[-16:]))
            or (
                _WHICH.fullmatch(reason[0])
                and _FROM.search(before[-8:])
                and not _POINT.match(text, reason.end())
            )
            or (_WITH.match(text, reason.start()) and not re.search(r"\d", _POINTS.sub("", before)))
            or (_SUCH.search(reason[0]) and _is_open(before) and _THEN_IS.search(text, reason.end(), end))
            or (_BEGINS_WITH_REASON.match(before.lstrip()) and ", " not in before)
            or _RESUMED.search(text, reason.end(), end)
            or _SHOWN.match(text, reason.end(), end)
        ):
            continue
        return reason.start()
    purpose = _PURPOSE.search(text, start, end)
    if purpose and not formulas and _NEEDED.search(text, start, purpose.start()):
        return purpose.start()
    return end


def _is_open(before: str) -> bool:
    """Has the clause no value yet? `so the smallest $n$` such that."""
    return re.search(r"\d", re.split(r",\$?\s", before)[-1]) is None


def _count(text: str, start: int, end: int, formulas: list[re.Match[str]]) -> int | None:
    """Where the count ends that a sentence gives (`there are 20 pints in 2 gallons`), None without one."""
    said = next(reversed(list(_COUNTED.finditer(text, start, end))), None)
    if said is None:
        return None
    formula = next((m for m in formulas if m.start() == said.end()), None)
    behind = _NOUN_BEHIND.match(text, formula.end() if formula else said.end())
    if behind is None or _LISTED.search(text, behind.end(), end) or _RESUMED.search(text, behind.end(), end):
        return None
    return formula.end() if formula else behind.end() - 1


def without_figures(text: str) -> str:
    """The text with the source of its drawings (`[asy]`) blanked out, at the same offsets."""
    parts, start = [], 0
    while (begin := text.find("[asy]", start)) >= 0 and (close := text.find("[/asy]", begin)) >= 0:
        parts += [text[start:begin], "\n", " " * (close + len("[/asy]") - begin - 1)]
        start = close + len("[/asy]")
    return "".join((*parts, text[start:]))
