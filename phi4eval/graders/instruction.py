"""Does a response follow the instructions of its prompt? IFEval, by the checkers that lm-eval carries.

`key.extra` has prompt, instruction_id_list and kwargs (both as JSON). Right is a response that follows all of
them as it stands (prompt level, strict). A response that only the loose check takes, which also looks at it
without its first or last line and without asterisks, is wrong and carries `loose_only`.

Needs langdetect, immutabledict and nltk (pip install 'phi4eval[ifeval]'). Two kinds of instructions also
need nltk's English sentence data, which no package carries: python -m nltk.downloader punkt_tab.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from phi4eval.errors import MissingError
from phi4eval.graders.verdicts import grades_of
from phi4eval.types import Grade, Key

VERSION = "1"

_grade = grades_of(f"instruction@{VERSION}")

SENTENCE_DATA = frozenset({"length_constraints:number_sentences", "change_case:capital_word_frequency"})
"""Instructions whose checkers split text with nltk's trained data."""
_DATA = "tokenizers/punkt_tab"


def grade(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    """Check a response against every instruction of its prompt. No options.

    `ungradable` for instructions that are not known; `error`, which is no score, where what a checker needs
    is not installed.
    """
    names = msgspec.json.decode(key.extra["instruction_id_list"], type=list[str])
    kwargs = [_plain(each) for each in msgspec.json.decode(key.extra["kwargs"], type=list[dict[str, Any]])]
    try:
        checkers = _checkers()
    except MissingError as missing:
        return _grade("error", "not_installed", f"{missing.message}: {missing.hint}")
    unknown = [name for name in names if name not in checkers.registry]
    if unknown or len(kwargs) != len(names):
        return _grade("ungradable", "key", f"no checker for {', '.join(unknown) or 'this row of arguments'}")
    if SENTENCE_DATA & set(names) and not _has_data():
        needs = ", ".join(sorted(SENTENCE_DATA & set(names)))
        return _grade(
            "error", "not_installed", f"{needs} needs nltk's data: python -m nltk.downloader punkt_tab"
        )
    asked = checkers.utils.InputExample(
        key=0, instruction_id_list=names, prompt=key.extra["prompt"], kwargs=kwargs
    )
    strict = checkers.utils.test_instruction_following_strict(asked, text)
    followed = strict.follow_instruction_list
    broken = [name for name, done in zip(names, followed, strict=True) if not done]
    if not broken:
        return _grade("correct", "strict", f"all {len(names)} instructions are followed")
    loose = checkers.utils.test_instruction_following_loose(asked, text)
    found = _grade("incorrect", "strict", f"not followed: {', '.join(broken)} ({len(names)} in all)")
    only_loose = ("loose_only",) if loose.follow_all_instructions else ()
    return msgspec.structs.replace(found, flags=(f"followed_{sum(followed)}_of_{len(names)}", *only_loose))


def _plain(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments without the empty ones that a table's columns leave."""
    return {name: value for name, value in kwargs.items() if value is not None}


def preload() -> None:
    """Load the checkers before the first response is on the clock; what is missing is told by its grade."""
    with contextlib.suppress(MissingError):
        _checkers()


class _Checkers(msgspec.Struct, frozen=True):
    utils: Any
    registry: Mapping[str, Any]


@cache
def _checkers() -> _Checkers:
    """lm-eval's checkers. Importing them must not fetch anything: they do so at rank 0 only."""
    before = os.environ.get("LOCAL_RANK")
    os.environ["LOCAL_RANK"] = "1"
    try:
        from langdetect import DetectorFactory
        from lm_eval.tasks.ifeval import instructions_registry, utils
    except ImportError as error:
        raise MissingError(
            f"IFEval's checkers need a package that is not installed: {error.name}",
            "pip install 'phi4eval[ifeval]'",
        ) from error
    finally:
        if before is None:
            del os.environ["LOCAL_RANK"]
        else:
            os.environ["LOCAL_RANK"] = before
    DetectorFactory.seed = 0  # its guesses are drawn
    return _Checkers(utils, instructions_registry.INSTRUCTION_DICT)


@cache
def _has_data() -> bool:
    import nltk

    try:
        nltk.data.find(_DATA)
    except LookupError:
        return False
    return True
