"""Is there an answer at all? Placeholders of the prompt, and refusals."""

from __future__ import annotations

import re

_ECHO = re.compile(
    r"(?:\$?\\?(?:text)?\{?\$?(?:ANSWER|LETTER)\$?\}?\$?|[\[<({]?\s?(?:your |the |final |my "
    r"|insert )?(?:final )?(?:answer|letter|number|value)(?: here)?\s?[\])>}]?"
    r"|[.…_?\s]{1,20}|\\[lc]?dots|[\[<({][.…]{1,3}[\])>}]|)",
    re.IGNORECASE,
)
_WRAPPED = re.compile(r"\\(?:boxed|text|textbf|mathrm|fbox)\s?\{(.*)\}", re.DOTALL)
_REFUSAL = re.compile(
    r"\b(?:as an ai\b|i(?:['’]m| am) (?:sorry|unable|not able)|i (?:cannot|can['’]?t|can not"
    r"|won['’]t) (?:help|assist|provide|answer|solve|do|comply|fulfil|fulfill|determine|access|continue"
    r"|see)"
    r"|i (?:cannot|can['’]?t|won['’]t) (?:give|tell|share|reveal)(?: you)? (?:the|an|any|direct) answers?\b"
    r"|i must decline|i decline to)",
    re.IGNORECASE,
)


def is_echo(value: str) -> bool:
    """The prompt's own placeholder, or nothing at all, in place of an answer."""
    if len(value) < 100 and (inner := _WRAPPED.fullmatch(value.strip(" \t\n$"))):
        return is_echo(inner[1])
    return len(value) < 60 and _ECHO.fullmatch(value.strip(" \t\n*`'\"")) is not None


def is_refusal(text: str) -> bool:
    """The model declines in so many words, within the first 1,000 characters."""
    return _REFUSAL.search(text[:1000]) is not None
