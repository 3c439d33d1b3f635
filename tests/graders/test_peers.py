"""Other projects' graders are used as installed, and what they lack is named."""

from __future__ import annotations

import pytest

from phi4eval.errors import MissingError, UsageError
from phi4eval.graders import peers
from phi4eval.types import Key


def test_an_older_parser_that_minerva_math_asserts_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def asserting(text: str, gold: str) -> bool:
        raise AssertionError("`sympy` and `antlr4-python3-runtime==4.11` are required")

    monkeypatch.setattr(peers, "_minerva", asserting)
    with pytest.raises(MissingError, match=r"antlr4-python3-runtime==4\.11"):
        peers.grade("Answer: 5", Key(gold="5"), {"peer": "minerva_math"})


def test_a_peer_that_is_not_known_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no peer grader"):
        peers.grade("Answer: 5", Key(gold="5"), {"peer": "minerva"})
