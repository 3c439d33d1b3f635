"""How is a contract checked clause by clause, so that one broken clause does not hide the next?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from phi4eval.errors import Phi4evalError


class ContractError(AssertionError):
    """Clauses of a contract are broken; the message lists them. broken: clause -> what happened."""

    def __init__(self, what: str, broken: Mapping[str, str]) -> None:
        super().__init__(
            "\n".join([f"{what} breaks its contract:", *(f"- {k}: {v}" for k, v in broken.items())])
        )
        self.broken = dict(broken)


class Skipped(Exception):
    """Raised inside a clause that cannot be checked here; its message says why."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found. checked: clauses that hold. skipped: clause -> why it was not checked. observed:
    what is reported and not demanded, such as the share of answers that came the same twice."""

    checked: tuple[str, ...]
    skipped: dict[str, str]
    observed: dict[str, str] = {}


Clause = tuple[str, Callable[[], str | None]]
"""A sentence, and a function that fails by AssertionError or returns what it observed."""


def check(what: str, clauses: Iterable[Clause], skip: Mapping[str, str]) -> Report:
    """Check all clauses; ContractError if any is broken. skip: clause -> why the caller leaves it out."""
    clauses = list(clauses)
    if unknown := set(skip) - {name for name, _ in clauses}:
        raise ValueError(
            f"no such clause: {', '.join(sorted(unknown))}; there are: {[n for n, _ in clauses]}"
        )
    checked, skipped, observed, broken = [], dict(skip), {}, {}
    for name, clause in clauses:
        if name in skip:
            continue
        try:
            seen = clause()
        except Skipped as reason:
            skipped[name] = str(reason)
        except AssertionError as error:
            broken[name] = str(error) or "does not hold"
        except Phi4evalError as error:
            broken[name] = f"raised {type(error).__name__}: {error.message}"
        except Exception as error:  # whatever a stranger's code raises is a finding
            broken[name] = f"raised {type(error).__name__}: {error}"
        else:
            checked.append(name)
            if seen is not None:
                observed[name] = seen
    if broken:
        raise ContractError(what, broken)
    return Report(checked=tuple(checked), skipped=skipped, observed=observed)


def demand(holds: object, otherwise: str) -> None:
    """An assertion that also holds under python -O."""
    if not holds:
        raise AssertionError(otherwise)
