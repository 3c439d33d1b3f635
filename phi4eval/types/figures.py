"""What the figures of every stage share: the version of their files, and an estimate with its interval."""

from __future__ import annotations

import msgspec

SCHEMA = 1
"""Version of everything written to a run directory. A reader refuses a larger one."""


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate with its 95 % interval. n: independent units (items or clusters). method: in words."""

    mean: float
    low: float
    high: float
    n: int
    method: str
