"""What did another tool say of this answer? Hands on the verdict that was imported with it.

The key's extra holds it: recorded_verdict, recorded_score, recorded_answer, recorded_explanation. Each
imported answer has a key of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from phi4eval.graders.verdicts import grades_of
from phi4eval.types import VERDICTS, Grade, Key

VERSION = "1"
GRADES_TRUNCATED = True

_grade = grades_of(f"recorded@{VERSION}")


def grade(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    """The recorded verdict; `ungradable` where the other tool gave none. Options: none."""
    verdict, score = key.extra.get("recorded_verdict"), _share(key.extra.get("recorded_score", ""))
    if verdict not in VERDICTS or score is None:
        return _grade("ungradable", "none_recorded", "the other tool gave no verdict of its own")
    made = _grade(verdict, "recorded", key.extra.get("recorded_explanation", "as the other tool said"))
    answer = key.extra.get("recorded_answer")
    at = text.rfind(answer) if answer else -1
    return Grade(
        verdict=made.verdict,
        score=score,
        extracted=answer,
        span=(at, at + len(answer)) if answer and at >= 0 else None,
        rule=made.rule,
        explanation=made.explanation,
        grader=made.grader,
        flags=("partial_credit",) if 0 < score < 1 else (),
    )


def _share(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None
