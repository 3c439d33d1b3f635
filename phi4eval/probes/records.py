"""What is a probe asked, and what does it say?"""

from __future__ import annotations

from typing import Literal

import msgspec

ProbeName = Literal["twin", "min-k", "min-k++", "completion", "order", "cdd"]
PROBES: tuple[ProbeName, ...] = ("twin", "min-k", "min-k++", "completion", "order", "cdd")
"""All probes, in the order in which they are shown."""

Found = Literal["caught", "no sign", "too weak to tell", "control failed", "not possible"]


class Familiarity(msgspec.Struct, frozen=True, kw_only=True):
    """A probe's statistic for one item (or shard of items) and for its controls.

    name: the item's id. original, controls: higher is more familiar; at least two controls.
    """

    name: str
    original: float
    controls: tuple[float, ...]


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """One probe of one task.

    value: mean over units (items, shards) of the share of controls that are less familiar than the original,
    minus the share that are more so: 0 by chance, 1 if the original always wins; with a reference model, half
    the difference of the two models' values. interval: 95 %. p: one-sided; p_holm: adjusted for all probes
    and tasks of the command. control_value, control_p: the same with one control in the original's place: it
    must find nothing. detectable: the value that this probe finds 80 times of 100 at level alpha. effect:
    mean difference of the statistic, in `unit`. found: what it comes to. note: why it is not possible, or
    what to know.
    """

    probe: ProbeName
    task: str
    statistic: str
    unit: str
    units: int
    controls: int
    value: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    p_holm: float | None = None
    control_value: float | None = None
    control_p: float | None = None
    detectable: float | None = None
    effect: float | None = None
    alpha: float
    found: Found
    note: str | None = None


class ProbeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to probe. twins: controls of each item. samples, max_tokens: of CDD. shard: items in a shard."""

    probes: tuple[ProbeName, ...] = ("twin", "min-k", "min-k++", "completion", "order")
    twins: int = 4
    samples: int = 20
    max_tokens: int = 100
    shard: int = 4
    alpha: float = 0.01
    seed: int = 0
