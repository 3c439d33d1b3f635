"""Which part of a completion is the answer, and which was thinking aloud?

Reasoning models put their thinking between tags in the same text, or (OpenAI's harmony format) in a channel
of its own. What stands inside is never graded: a
number tried and rejected there is not an answer. Positions in the remaining text can be walked back to the
completion as it came, so that a grade points at the original.
"""

from __future__ import annotations

import re
from bisect import bisect_right

import msgspec

_TAG = re.compile(
    r"<(?:(?P<a>/)?(?:think(?:ing)?|thought|reasoning|seed:think|scratchpad)\s{0,8}"
    r"|\|(?:begin|(?P<b>end))_of_thought\||\|(?:start|(?P<c>end))_thinking\|)>"
    r"|◁(?P<d>/)?think▷|\[(?P<e>/)?think\]",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"<\|(?:im_end|eot_id|eom_id|end_of_text|endoftext|end_of_turn|eos)\|>|<end_of_turn>|</s>"
    r"|<｜end▁of▁sentence｜>",
    re.IGNORECASE,
)
"""What a chat template ends a turn with: what follows is no longer the model's answer."""

_NEXT = re.compile(r"\n\s{0,4}\n[\s#*]{0,6}(?:Question|Problem|Q|User|Human)\s?\d{0,3}\s?[:.]\s")
_ANSWERED = re.compile(r"\banswer\b|####|\\boxed", re.IGNORECASE)
"""A base model goes on with the next question of its prompt; what it makes up is no answer."""
_WORKED_OUT = re.compile(
    r"=\s?\$?\d[^\n]*\n[^\n]*\d[^\n]*[.!]\s*\Z"
    r"|=\s?\$?\d[\d.,]*(?:\s[a-zA-Z]{1,15}){0,4}\s*\Z"
)
"""Lines of arithmetic and a sentence with a number."""
_CHANNEL = re.compile(r"<\|channel\|>\s{0,8}(\w{1,32})[^<]{0,200}<\|message\|>")
_CHANNEL_END = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
_BARE = re.compile(r"analysis(?=[A-Z])")
_BARE_FINAL = "assistantfinal"


SHORT = 40
"""A text of so many characters in front of a next question is an answer."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A completion's text without its thinking.

    starts: offsets in `text` where a kept piece begins; origins: the same places in the completion.
    unclosed: a thinking block was opened and never closed, so what follows it is thinking too.
    """

    text: str
    starts: tuple[int, ...]
    origins: tuple[int, ...]
    unclosed: bool

    def original(self, span: tuple[int, int] | None) -> tuple[int, int] | None:
        """A span of `text` as offsets in the completion; its end never runs into the next block."""
        if span is None:
            return None
        start, end = span
        return self._origin(start), (self._origin(end - 1) + 1 if end > start else self._origin(start))

    def _origin(self, offset: int) -> int:
        piece = max(bisect_right(self.starts, offset) - 1, 0)
        return self.origins[piece] + offset - self.starts[piece]


def split_thinking(text: str) -> Answer:
    """The text outside `<think>` and `<thinking>` blocks, or the text of the `final` channel.

    Several blocks are all removed. A closing tag without an opening one means that the prompt's template
    opened it: everything before is thinking. The first closing tag ends a block, however often it was opened.
    """
    if _CHANNEL.search(text) or _BARE.match(text):
        return _answer(text, *_final_channel(text))
    return _answer(text, *_outside_tags(text))


def _final_channel(text: str) -> tuple[list[tuple[int, int]], bool]:
    """What the model said in the channel `final`; unclosed: it was still in another one at the end."""
    kept, unclosed = [], False
    if _BARE.match(text):
        # the server dropped the markers and left the channels' names
        found = text.find(_BARE_FINAL)
        return ([], True) if found < 0 else ([(found + len(_BARE_FINAL), len(text))], False)
    for channel in _CHANNEL.finditer(text):
        end = _CHANNEL_END.search(text, channel.end())
        stop = end.start() if end else len(text)
        if channel[1] == "final":
            kept.append((channel.end(), stop))
        unclosed = end is None and channel[1] != "final"
    return kept, unclosed


def _this_turn(text: str, kept: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pieces up to the first end of a turn, or a next question, that something stands before."""
    for place, (start, end) in enumerate(kept):
        for stop in _TURN.finditer(text, start, end):
            if place or text[start : stop.start()].strip():
                return [*kept[:place], (start, stop.start())]
        for following in _NEXT.finditer(text, start, end):
            said = text[start : following.start()].strip()
            if said and (len(said) <= SHORT or _ANSWERED.search(said) or _WORKED_OUT.search(said)):
                return [*kept[:place], (start, following.start())]
    return kept


def _outside_tags(text: str) -> tuple[list[tuple[int, int]], bool]:
    kept: list[tuple[int, int]] = []
    position, opened = 0, False
    for tag in _TAG.finditer(text):
        if tag.lastgroup:
            if not opened:
                kept.clear()
            position, opened = tag.end(), False
        elif not opened:
            kept.append((position, tag.start()))
            opened = True
    if not opened:
        kept.append((position, len(text)))
    kept = _this_turn(text, kept)
    return kept or [(position, position)], opened


def _answer(text: str, kept: list[tuple[int, int]], unclosed: object) -> Answer:
    pieces = [(start, end) for start, end in kept if end > start] or [(len(text), len(text))]
    starts, total = [], 0
    for start, end in pieces:
        starts.append(total)
        total += end - start
    return Answer(
        text="".join(text[start:end] for start, end in pieces),
        starts=tuple(starts),
        origins=tuple(start for start, _ in pieces),
        unclosed=bool(unclosed),
    )
