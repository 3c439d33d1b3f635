"""What does a gate demand? The schema of gate.yaml; every error has its file, line and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from phi4eval.comparison.settings import INVALIDATING, Setting
from phi4eval.errors import did_you_mean
from phi4eval.gate.verdict import Level
from phi4eval.types import Verdict
from phi4eval.yaml_positions import Document, KeyPath, convert, error_at, read_yaml

Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Below: TypeAlias = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Alpha: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=0.25)]
Positive: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]
Accepted: TypeAlias = Literal["tasks", "task", "items", "prompt", "sampling", "grader"]

DETECT = 0.05
"""Drop that a no-regression rule must be able to rule out before it says pass, beyond its margin."""


class NoRegression(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
                   tag="no-regression", tag_field="rule"):  # fmt: skip
    """Fails where a drop of more than margin is shown. Passes where a drop of `detect` or more is excluded.

    margin, detect: shares of 1 (0.01 is one point of a percent scale, 1.5 of AMC's 150). prove: passes only
    where a drop beyond the margin itself is excluded (non-inferiority).
    """

    tasks: list[str] = []
    margin: Below = 0.0
    detect: Below | None = None
    prove: bool = False
    alpha: Alpha | None = None
    level: Level = "error"

    @property
    def excluded(self) -> float:
        """The drop that must be excluded for a pass."""
        if self.prove:
            return self.margin
        return min(1.0, self.margin + DETECT) if self.detect is None else self.detect


class AtLeast(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
              tag="at-least", tag_field="rule"):  # fmt: skip
    """The candidate's score, by the lower end of its interval. score: share of 1; points: AMC, of 150."""

    task: str
    score: Share | None = None
    points: Annotated[float, msgspec.Meta(ge=0, le=150)] | None = None
    alpha: Alpha | None = None
    level: Level = "error"


class Rate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
           tag="rate", tag_field="rule"):  # fmt: skip
    """Share of the candidate's samples with a verdict, as observed; `truncated` is every cut off answer."""

    verdict: Verdict
    at_most: Share
    tasks: list[str] = []
    level: Level = "error"


class ItemsMustPass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
                    tag="items-must-pass", tag_field="rule"):  # fmt: skip
    """These items must have at least this mean score over their samples."""

    task: str
    items: Annotated[list[str], msgspec.Meta(min_length=1)]
    score: Share = 1.0
    level: Level = "error"


class Tokens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
             tag="tokens", tag_field="rule"):  # fmt: skip
    """Mean completion tokens a sample: at_most in tokens, or growth as a factor over the baseline's."""

    at_most: Positive | None = None
    growth: Positive | None = None
    tasks: list[str] = []
    level: Level = "error"


class Cost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
           tag="cost", tag_field="rule"):  # fmt: skip
    """Mean cost of a sample. prompt, completion: price of a million tokens, in the currency of at_most.

    Without them, what the run recorded, in US dollars.
    """

    at_most: Positive
    prompt: Annotated[float, msgspec.Meta(ge=0)] | None = None
    completion: Annotated[float, msgspec.Meta(ge=0)] | None = None
    tasks: list[str] = []
    level: Level = "error"


class Contamination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
                    tag="contamination", tag_field="rule"):  # fmt: skip
    """Share of a task's items that a scan found in a training corpus; needs a scan."""

    at_most: Share = 0.0
    tasks: list[str] = []
    level: Level = "error"


Rule: TypeAlias = NoRegression | AtLeast | Rate | ItemsMustPass | Tokens | Cost | Contamination
KINDS: Mapping[str, type[msgspec.Struct]] = {
    "no-regression": NoRegression,
    "at-least": AtLeast,
    "rate": Rate,
    "items-must-pass": ItemsMustPass,
    "tokens": Tokens,
    "cost": Cost,
    "contamination": Contamination,
}


class Exempt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An item left out until a date (the last day on which it is), and why."""

    task: str
    item: str
    reason: Annotated[str, msgspec.Meta(min_length=1)]
    until: str


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rules: Annotated[list[Rule], msgspec.Meta(min_length=1)]
    alpha: Alpha = 0.025
    max_error_rate: Share = 0.0
    accept: list[Accepted] = []
    quarantine: list[Exempt] = []


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A checked policy. places: file:line of each rule. alpha: one-sided, over all error-level rules."""

    name: str
    rules: tuple[Rule, ...]
    places: tuple[str, ...]
    alpha: float = 0.025
    max_error_rate: float = 0.0
    accept: tuple[Setting, ...] = ()
    quarantine: tuple[Exempt, ...] = ()
    document: Document | None = None


DEFAULT = Policy(name="built-in policy", rules=(NoRegression(),), places=("",))
"""What a gate without a policy file demands: no regression on any task of the baseline."""


def read_policy(path: str | Path) -> Policy:
    """Read and check a policy file. Raises UsageError with the place of what is wrong."""
    document = read_yaml(Path(path))
    file = convert(document, _File, known=lambda at: _known(document, at))
    for number, rule in enumerate(file.rules):
        _check_rule(document, ("rules", number), rule)
    for number, exempt in enumerate(file.quarantine):
        _check_date(document, ("quarantine", number, "until"), exempt.until)
        if not exempt.reason.strip():
            raise error_at(document.mark(("quarantine", number, "reason")), "a quarantine needs a reason")
    marks = [document.mark(("rules", number)) for number in range(len(file.rules))]
    return Policy(
        name=str(path),
        rules=tuple(file.rules),
        places=tuple(f"{mark.file}:{mark.line}" for mark in marks),
        alpha=file.alpha,
        max_error_rate=file.max_error_rate,
        accept=tuple(file.accept),
        quarantine=tuple(file.quarantine),
        document=document,
    )


def _known(document: Document, at: KeyPath) -> set[str]:
    """Keys that may stand at a place, for the hint beside one that may not."""
    if at[:1] == ("quarantine",):
        return set(Exempt.__struct_fields__)
    if at[:1] != ("rules",) or len(at) < 2:
        return set(_File.__struct_fields__)
    kind = document.value["rules"][at[1]].get("rule")
    return {"rule", *KINDS[kind].__struct_fields__}


def _check_rule(document: Document, at: KeyPath, rule: Rule) -> None:
    """What no single key can say."""

    def refuse(key: str, message: str, hint: str | None = None) -> None:
        raise error_at(document.mark((*at, key)), message, hint)

    if isinstance(rule, NoRegression):
        if rule.prove and rule.detect is not None:
            refuse("detect", "prove and detect exclude each other", "prove excludes the margin itself")
        if rule.prove and rule.margin == 0:
            refuse("prove", "prove needs a margin above 0", "no number of items proves that nothing changed")
        if rule.detect is not None and rule.detect <= rule.margin:
            refuse(
                "detect", "detect must be larger than margin", "margin: 0.01 and detect: 0.03, for example"
            )
    if isinstance(rule, AtLeast) and (rule.score is None) == (rule.points is None):
        refuse("task", "at-least needs either score (share of 1) or points (AMC, of 150)")
    if isinstance(rule, Cost) and (rule.prompt is None) != (rule.completion is None):
        refuse("rule", "cost needs both prices, prompt and completion, or neither")
    if isinstance(rule, Tokens) and rule.at_most is None and rule.growth is None:
        refuse("rule", "tokens needs at_most (tokens) or growth (factor over the baseline)")


def _check_date(document: Document, at: KeyPath, text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise error_at(document.mark(at), f'"{text}" is no date', "write it as 2026-12-31") from error


def tasks_of(rule: Rule, known: Sequence[str]) -> tuple[str, ...]:
    """The tasks that a rule is about, all known ones by default."""
    if isinstance(rule, AtLeast | ItemsMustPass):
        return (rule.task,)
    return tuple(rule.tasks) or tuple(known)


def check_names(policy: Policy, known: Sequence[str], items: Mapping[str, Sequence[str]]) -> None:
    """Refuse tasks that no run has and items that a task does not have: a typing error must not pass.

    known: tasks of the two runs. items: ids by task. Quarantined items that are gone are no error.
    """
    for number, rule in enumerate(policy.rules):
        for position, task in enumerate(tasks_of(rule, known)):
            if task not in known:
                single = isinstance(rule, AtLeast | ItemsMustPass)
                at: KeyPath = ("rules", number, "task") if single else ("rules", number, "tasks", position)
                _refuse(policy, at, f'no run has the task "{task}"', task, known)
        if isinstance(rule, ItemsMustPass):
            for position, item in enumerate(rule.items):
                if item not in items[rule.task]:
                    where: KeyPath = ("rules", number, "items", position)
                    _refuse(policy, where, f'{rule.task} has no item "{item}"', item, items[rule.task])
    for number, exempt in enumerate(policy.quarantine):
        if exempt.task not in known:
            text = f'no run has the task "{exempt.task}"'
            _refuse(policy, ("quarantine", number, "task"), text, exempt.task, known)


def _refuse(policy: Policy, at: KeyPath, message: str, word: str, known: Sequence[Any]) -> None:
    from phi4eval.errors import UsageError

    hint = did_you_mean(word, map(str, known), f"there are {', '.join(map(str, known[:5]))}")
    if policy.document is None:
        raise UsageError(f"{policy.name}: {message}", hint)
    raise error_at(policy.document.mark(at), message, hint)


assert set(Accepted.__args__) == set(INVALIDATING)  # type: ignore[attr-defined]
