"""Is the right choice the one that the model finds most likely?

For tasks with `output_type: multiple_choice`, whose completions say how likely each choice is (likelihoods).
The first of equally likely choices counts, as with lm-eval's argmax.
"""

from __future__ import annotations

from collections.abc import Mapping

from phi4eval import likelihoods
from phi4eval.graders.extract import Candidate
from phi4eval.graders.verdicts import grades_of
from phi4eval.types import Grade, Key

VERSION = "1"

_grade = grades_of(f"likelihood@{VERSION}")

NORMS = ("none", "characters", "bytes", "tokens")
"""What a choice's log-probability is divided by: lm-eval's acc, acc_norm and acc_bytes, and per token."""


def grade(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    """Judge a text of likelihoods. Options: norm, one of NORMS (`none`)."""
    norm = options.get("norm", "none")
    if norm not in NORMS:
        return _grade("ungradable", "option", f'norm "{norm[:40]}" is none of {", ".join(NORMS)}')
    found = likelihoods.read(text)
    if found is None or len(found) != len(key.choices):
        return _grade("ungradable", "form", f"not the likelihoods of {len(key.choices)} choices")
    scores = [each.logprob / (1 if norm == "none" else getattr(each, norm)) for each in found]
    best = max(range(len(scores)), key=lambda at: scores[at])
    letter = likelihoods.LETTERS[best]
    told = f"{letter} is the likeliest with {scores[best]:.4f}"
    if norm != "none":
        told += f" per {norm.removesuffix('s')}"
    right = letter == key.gold
    if not right and key.gold in likelihoods.LETTERS[: len(scores)]:
        told += f"; the right choice {key.gold} has {scores[likelihoods.LETTERS.index(key.gold)]:.4f}"
    start = text.index(f"{letter} ")
    shown = Candidate(text=letter, span=(start, start + 1), rule="likelihood")
    return _grade("correct" if right else "incorrect", f"likelihood/{norm}", told, shown)
