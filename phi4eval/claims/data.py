"""Which claims are there? The claims file beside the published scores, decoded and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from phi4eval.comparison.published import PublishedScore, read_published
from phi4eval.data_files import baselines_root
from phi4eval.errors import UsageError, did_you_mean
from phi4eval.yaml_positions import KeyPath, convert, error_at, read_yaml

Kind = Literal["reproduced", "above", "below", "on_par", "count", "size", "between", "untestable"]
SUFFIX = "claims"

_NEEDS: dict[str, tuple[str, ...]] = {
    "reproduced": ("task",),
    "above": ("task", "others"),
    "below": ("task", "others"),
    "on_par": ("task", "others"),
    "count": ("tasks", "others", "wins"),
    "size": ("parameters",),
    "between": ("task", "pair"),
    "untestable": ("reason",),
}


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One claim. Which of the later fields it has depends on its kind.

    reproduced: our score of `task` is the published one. above, below, on_par: against the published scores
    (or runs) of `others`. count: ahead of others[0] on `wins` of `tasks`. size: of the weights. between: the
    first model of `pair` is above the second, both measured. untestable: never measured here, for `reason`.
    """

    id: str
    kind: Kind
    text: str
    origin: Literal["report", "article", "project"]
    source: str
    mark: Literal["checked", "unverified"]
    task: str | None = None
    others: list[str] = []
    tasks: list[str] = []
    pair: list[str] = []
    wins: int | None = None
    parameters: float | None = None
    reason: str | None = None


class Noise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far two labs with one protocol were apart: points at most, and by task as far as known."""

    points: float
    why: str
    seen: dict[str, float] = {}


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The published evaluation's settings, as far as they are known."""

    temperature: float
    max_tokens: int
    weights: str
    template: str


class Contradiction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something published that does not fit the claims `about`."""

    about: list[str]
    text: str


class ClaimsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is written."""

    name: str
    title: str
    source: str
    subject: str
    table: str
    noise: Noise
    items: dict[str, int]
    setup: Setup
    claims: list[Claim]
    contradictions: list[Contradiction] = []

    def scores(self) -> dict[str, dict[str, PublishedScore]]:
        """The published table that the claims are about, by task and model."""
        return read_published(self.table)


def read_claims(name: str = SUFFIX) -> ClaimsFile:
    """The packaged claims file of that name, or a .yaml file. Raises UsageError with its place."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else baselines_root() / f"{name}.yaml"
    if not path.is_file():
        known = [file.stem for file in baselines_root().glob(f"*{SUFFIX}.yaml")]
        raise UsageError(f'no claims "{name}"', did_you_mean(name, known, f"there are {', '.join(known)}"))

    def known_keys(at: KeyPath) -> set[str]:
        kinds: dict[str, type[msgspec.Struct]] = {
            "noise": Noise,
            "setup": Setup,
            "claims": Claim,
            "contradictions": Contradiction,
        }
        return set((kinds.get(str(at[0]), Noise) if at else ClaimsFile).__struct_fields__)

    document = read_yaml(path)
    file = convert(document, ClaimsFile, known=known_keys)
    seen: set[str] = set()
    for number, claim in enumerate(file.claims):
        mark = document.mark(("claims", number))
        missing = [field for field in _NEEDS[claim.kind] if not getattr(claim, field)]
        if missing:
            raise error_at(mark, f'claim "{claim.id}": a claim of kind {claim.kind} needs {missing[0]}')
        if claim.kind == "between" and len(claim.pair) != 2:
            raise error_at(mark, f'claim "{claim.id}": pair names two models')
        if claim.id in seen:
            raise error_at(mark, f'two claims are called "{claim.id}"')
        seen.add(claim.id)
    return file
