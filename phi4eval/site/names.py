"""How do foreign strings become text and file names of a page?

Names, ids and outputs come from models, data sets and task files. On a page every character that could hide
or reorder text is shown as its code; in a file name only a-z, 0-9, _ and - are left.
"""

from __future__ import annotations

import hashlib
import re

_SHOWN = frozenset("\n\t")
# C0 and C1 controls, soft hyphen, bidi and zero-width controls, line separators, invisible operators, lone
# surrogates, byte order mark, interlinear marks, variation tags
_HIDING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202f"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_LONGEST = 40


def visible(text: str) -> str:
    """The text with every hiding character as `⟨U+202E⟩`; line ends and tabs stay."""
    text = text.replace("\r\n", "\n")
    return _HIDING.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def slug(text: str) -> str:
    """A file name for a foreign name: equal only for equal names, on file systems that ignore case too."""
    plain = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")[:_LONGEST].strip("-_")
    if plain == text and not _RESERVED.fullmatch(plain):
        return plain
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain}-{digest}" if plain else f"x-{digest}"
