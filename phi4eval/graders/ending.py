"""Where does a text end, and does its last sentence conclude anything?

Courtesies, remarks and reasons behind the conclusion are set aside. A last sentence that was cut off, says
what to do next, takes back what it names or leaves the choice open concludes nothing.
"""

from __future__ import annotations

import re

from phi4eval.graders.remarks import without_remarks

TAIL = 2_000
"""Only this many last characters are read."""

SENTENCE = re.compile(
    r"(?:[^.!?\n]|(?:(?<=\b[A-Z])|(?<=\bMr)|(?<=\bMs)|(?<=\bMrs)|(?<=\bDr)|(?<=\bSt))\.(?=\s)|\.(?=\w)){1,1000}+"
    r"[.!?\s]{0,20}$"
)
"""The last sentence; a full stop inside a number or behind an initial is none."""
_COURTESY = re.compile(
    r"(?:\n|(?<=[.!?])\s)[\s*_>-]{0,8}(?:i hope|hope (?:this|that)|let me know|feel free"
    r"|if you (?:have|need|want|would)|please let|would you like|is there anything|good luck"
    r"|happy (?:to|studying))\b[^\n]{0,300}\s*\Z",
    re.IGNORECASE,
)
_REASON_BEHIND = re.compile(
    r"(?<=[.!?*])\s+(?:This|That|It)(?: is|['’]s| was)(?: mainly| primarily| simply)?"
    r" (?:because|since|due to)\b"
)
_OTHERS = re.compile(
    r"(?<=[.!?*])\s+The (?:others|(?:other|remaining) (?:\w+ )?(?:two|three|four|options?|choices?"
    r"|statements?|answers?))\b[^\n]{1,300}\Z"
    r"|(?<=[.!?*])\s+The\s[^.\n]{1,200}\binstead\.?\Z"
    r"|(?<=[.!?*])\s+[\"“][^\n→⇒]{1,200}"
    r"\b(?:would|is not|isn['’]t|cannot|does not|doesn['’]t)\b[^\n→⇒]{0,200}\Z"
)
"""`The other three describe water.`"""
_UNDECIDED = re.compile(
    r"\bback and forth\b|\b(?:can(?:not|['’]t)|could(?: not|n['’]t)) (?:decide|tell|determine|choose|pick"
    r"|say|be sure|single)|\bif\b[^.\n]{1,160}[;,] (?:but |and |while )?if\b"
    r"|\bnot (?:\w+ )?(?:sure|certain) (?:which|what|between)|\bundecided\b"
    r"|\b(?:without|not) (?:landing|deciding|settling)"
    r"|\b(?:hard|difficult) to (?:say|tell|decide|choose)\b",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"\b(?:an?|the|that|is|are|of|to|would|not|and|or|because|for|with|an? good|it|they|this|which|if|be)\s*$"
    r"|[=+×·/]\s*$"
)
"""A sentence that the token limit cut off."""
_TAKEN_BACK = re.compile(
    r"\b(?:but|although|though|however),?\s(?:it|this|that)\s(?:is|was)(?:\snot\b|n['’]t\b)"
    r"|\b(?:trap|distractor)\b|\b(?:was|were|is|are) (?:once |long )?thought to be\b"
    r"|\bnone of the (?:\w+ ){0,2}(?:options|choices|answers)\b"
    r"|\bnot (?:listed|offered|among|one of|in the list)\b"
    r"|\bbetween [^.\n]{1,30} and \W{0,3}\d"
    r"|\b(?:is|does|do|are)(?:n['’]t| not) (?:listed|offered|appear|match|given|available)\b",
    re.IGNORECASE,
)
"""What a sentence names is not what it answers."""
_STEP = re.compile(
    r"\s*(?:divide|multiply|add|subtract|use|let|note|recall|consider|suppose|solve|set|plug|substitute|assume)\b"
    r"(?![^\n]*(?:[=:]|\b(?:so|get|gives?|giving|yields?|obtain|to find)\b))"
    r"|[^\n]{1,300}\bwe (?:now )?(?:need|want) (?:to (?:find|calculate|determine|compute|know)\b|\w['’(])",
    re.IGNORECASE,
)
"""A sentence that says what to do next."""


def conclusion(text: str) -> str:
    """The text up to its last conclusion, without courtesies, remarks and reasons (`This is because`)."""
    text = text.rstrip()
    for _ in range(3):
        start = max(len(text) - TAIL, 0)
        courtesy = _COURTESY.search(text, start)
        if courtesy is None or not text[: courtesy.start()].strip():
            break
        text = text[: courtesy.start()].rstrip()
    text = without_remarks(text, TAIL)
    for behind in (_OTHERS, _REASON_BEHIND):
        if (aside := behind.search(text, max(len(text) - TAIL, 0))) is not None:
            text = text[: aside.start()].rstrip()
    return text


def is_undecided(text: str) -> bool:
    """Does the last sentence say that no choice was made? `I keep going back and forth.`"""
    sentence = SENTENCE.search(text[-TAIL:].rstrip())
    return sentence is not None and _UNDECIDED.search(sentence[0]) is not None


def concludes_nothing(sentence: str) -> bool:
    """Is a sentence cut off, a step, or one that takes back what it names?"""
    return (
        any(pattern.search(sentence) for pattern in (_CUT, _TAKEN_BACK)) or _STEP.match(sentence) is not None
    )
