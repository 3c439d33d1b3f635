"""What do simple-evals' MMLU and MGSM take as the answer, in each of their languages?

Constants of openai/simple-evals as they stood at a8e85cc (2024-11-20), quoted because a changed byte changes
scores: common.py (MULTILINGUAL_ANSWER_REGEXES, the pattern around them, normalize_response,
normalize_extracted_answer) and mgsm_eval.py (LANG_TO_ANSWER_PREFIX, parse_answer). They were read in copies
of the repository of that time. The original's second prefix has an invisible character in it that could not
be verified and is left out; it can only matter for a text that has that character.
"""

from __future__ import annotations

import re

from phi4eval.graders.extract import Candidate

PREFIXES = (
    r"Answer\s*:", r"উত্তর\s*:", r"उत्तर\s*:", r"উত্তরঃ", r"উত্তর\s*:", r"Antwort\s*:", r"답변\s*:",
    r"정답\s*:", r"답\s*:", r"答案\s*：", r"答案\s*:", r"答\s*：", r"答\s*:", r"答复\s*：", r"答曰\s*：",
    r"الإجابة:", r"الجواب:", r"إجابة:", r"الإجابة النهائية:", r"الإجابة الصحيحة:",
    r"الإجابة الصحيحة هي:", r"الإجابة هي:", r"الجواب النهائي:", r"Respuesta\s*:", r"Risposta\s*:",
    r"答え\s*:", r"答え\s*：", r"回答\s*:", r"回答\s*：", r"解答\s*:", r"Jawaban\s*:", r"Réponse\s*:",
    r"Resposta\s*:", r"Jibu\s*:", r"Idahun\s*:", r"Ìdáhùn\s*:", r"Idáhùn\s*:", r"Àmọ̀nà\s*:",
    r"Àdáhùn\s*:", r"Ànúgọ\s*:", r"Àṣàyàn\s*:",
)  # fmt: skip
"""MMLU: tried in this order, the first that is followed by a letter decides."""

_LETTER = r"\s*([A-D]|[أ-د]|[অ]|[ব]|[ড]|[ঢ]|[Ａ]|[Ｂ]|[Ｃ]|[Ｄ])"
_PATTERNS = tuple(re.compile(f"(?i){prefix}{_LETTER}") for prefix in dict.fromkeys(PREFIXES))

REMOVED = (
    "**", "$\\boxed{", "}$", "\\$", "$\\text{", "$", "\\mathrm{", "\\{", "\\text", "\\(", "\\mathbf{", "{",
    "\\boxed",
)  # fmt: skip
"""MMLU: taken out of the text one after the other before the search."""

_LATIN = {
    "أ": "A", "ب": "B", "ج": "C", "د": "D", "অ": "A", "ব": "B", "ড": "C", "ঢ": "D",
    "Ａ": "A", "Ｂ": "B", "Ｃ": "C", "Ｄ": "D",
}  # fmt: skip

ANSWER_WORDS = {
    "bn": "উত্তর", "de": "Antwort", "en": "Answer", "es": "Respuesta", "fr": "Réponse", "ja": "答え",
    "ru": "Ответ", "sw": "Jibu", "te": "సమాధానం", "th": "คำตอบ", "zh": "答案",
}  # fmt: skip
"""MGSM: what stands before the answer, by language."""

_NUMBER = re.compile(r"\d+\.?\d*")


def find_mmlu_letter(text: str) -> Candidate | None:
    """The letter as MMLU's extraction takes it: markup removed first, then prefix after prefix.

    Its text is the Latin letter with its case kept (`b` scores nothing); its span is in the text as it came.
    """
    bare, places = _without_markup(text)
    for pattern in _PATTERNS:
        if match := pattern.search(bare):
            start = places[match.start(1)]
            letter = _LATIN.get(match[1], match[1])
            return Candidate(text=letter, span=(start, start + 1), rule="first_letter")
    return None


def find_mgsm_number(text: str, language: str) -> Candidate | None:
    """The last number after the last answer word, commas and trailing zeros removed; never with a sign.

    Where no number follows, nothing is found (the protocol then compares an empty text).
    """
    word = ANSWER_WORDS[language]
    before, found, after = text.rpartition(word)
    if not found:
        return None
    offset = len(before) + len(word)
    kept = [(char, offset + place) for place, char in enumerate(after) if char != ","]
    matches = list(_NUMBER.finditer("".join(char for char, _ in kept)))
    if not matches:
        return None
    last = matches[-1]
    number = last[0].rstrip(".")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    span = (kept[last.start()][1], kept[last.end() - 1][1] + 1)
    return Candidate(text=number, span=span, rule="last_number")


def _without_markup(text: str) -> tuple[str, list[int]]:
    """The text without REMOVED, and the place in `text` of each character that is left."""
    places = list(range(len(text)))
    for mark in REMOVED:
        kept: list[int] = []
        parts: list[str] = []
        start = 0
        while (found := text.find(mark, start)) >= 0:
            parts.append(text[start:found])
            kept += places[start:found]
            start = found + len(mark)
        parts.append(text[start:])
        text, places = "".join(parts), kept + places[start:]
    return text, places
