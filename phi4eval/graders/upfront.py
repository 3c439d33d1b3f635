"""Does a text answer in its first sentence, and only explain it then?

`The minimum value is 12. To see this, ...`: the value counts where nothing later concludes or takes it back.
All patterns are bounded.
"""

from __future__ import annotations

import re

from phi4eval.graders.asked import gives_value, what_is_asked

_FIRST = re.compile(r"\s{0,4}((?:[^.!?\n]|\.(?=\d)){3,300}(?:[.!](?:\*\*)?\s|\n))\s{0,4}(?=\S)")
_BOLD_LINE = re.compile(
    r"\s{0,4}(?=\*\*(?![\d]{1,2}[.)])[-−$\\(\d√][^*\n]{0,60}\*\*\n|[-\d]{1,12}\n\n)([^\n]{1,66})\n\s{0,4}(?=\S)"
)
"""Nothing but a value: `**333**`."""
_CLAUSE = re.compile(
    r"([^.:=\n]{3,80}\b(?:is|are|makes?|has|have|needs?|gets?|costs?|pays?|earns?|takes?)\s[^.:=\n]{0,30}\d"
    r"(?:[^.:=\n]|\.(?=\d)){0,60}):"
    r"\s(?=[^\n]{0,200}\d\s?[-+*/×÷]\s?[$€£]?\d)(?:[^.\n]|\.(?=\d)){3,400}=(?:[^.\n]|\.(?=\d)){1,200}\.?"
)
"""One sentence whose colon stands in front of the reasons: `he makes $480: 8 * 5 = 40 hours at $12`."""
_EXPLAINS = re.compile(
    r"[\s#*_]{0,6}(?:to see (?:this|why|how)|here(?:['’]s| is) (?:why|how|the|my|a)\b"
    r"|explanation\b|reason(?:ing)?\s?:|(?:proof|justification|working|derivation"
    r"|why|solution|steps?)[\s*_]{0,3}[:.?]|this is because\b"
    r"|let me explain\b)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"[*_\s]{0,3}the\s([^.\n]{3,160}?)\s(?:is|are|equals)\s", re.IGNORECASE)
_TAKEN_UP = re.compile(
    r"(?:^|[.!?]\s{1,3}|\n\s{0,4})[*_]{0,2}(?:so|therefore|thus|hence|in conclusion|consequently|finally)\b"
    r"|\b(?:wait|actually|scratch that|correction|my mistake|oops|hmm|i was wrong)\b",
    re.IGNORECASE,
)
"""A later conclusion, or a revision."""


def first_sentence(text: str, problem: str) -> tuple[int, int] | None:
    """The span of a first sentence that answers the problem, where the rest of the text explains it.

    It names what is asked for (of `What is the minimum value of`), or the text goes on with `To see why`.
    """
    if (alone := _BOLD_LINE.match(text)) and not _TAKEN_UP.search(text, alone.end()):
        return alone.span(1)
    if clause := _CLAUSE.fullmatch(text.strip()):
        begin = len(text) - len(text.lstrip())
        return begin, begin + clause.end(1)
    first = _FIRST.match(text)
    if first is None or _TAKEN_UP.search(text, first.end()):
        return None
    if gives_value(first[1], what_is_asked(problem).expression):
        return first.span(1)
    if _EXPLAINS.match(text, first.end()) or _names_what_is_asked(text, first, problem):
        return first.span(1)
    return None


def _names_what_is_asked(text: str, first: re.Match[str], problem: str) -> bool:
    subject = _SUBJECT.match(first[1])
    if subject is None:
        return False
    named, whole = _flat(subject[1]), _flat(problem)
    name = next((name for name in what_is_asked(problem).names if f"{named} ".startswith(f"{name} ")), None)
    if name is None or re.search(
        rf"\bthe {re.escape(name)}\b[^.\n]{{0,80}}\s(?:is|are|equals)\s", _flat(text[first.end() :])
    ):
        return False
    return (
        named == name or re.search(rf"{re.escape(named)}(?:[?.,]|\s(?:if|when|given)\b)", whole) is not None
    )


def _flat(text: str) -> str:
    return " ".join(text.lower().split())
