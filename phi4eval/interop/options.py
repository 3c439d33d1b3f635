"""What may an export hold, and whom does it name?"""

from __future__ import annotations

import msgspec

from phi4eval.store import Run


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What every writer is told.

    with_texts: also the items, answers and golds of tasks whose authors ask that items are not put online.
    developer: who made the model, where its weights' name does not say.
    """

    with_texts: bool = False
    developer: str | None = None

    def withheld(self, run: Run) -> frozenset[str]:
        """Tasks of a run whose texts stay out."""
        if self.with_texts:
            return frozenset()
        return frozenset(made.task.name for made in run.manifest.tasks if made.task.publish != "full")


def model_id(run: Run, developer: str | None) -> tuple[str, str]:
    """(developer, model): from weights named `developer/model`, else as told, else `unknown`."""
    weights = run.manifest.model.weights or run.manifest.fingerprint.model
    owner, slash, model = weights.partition("/")
    if slash and owner and model and "/" not in model and not owner.startswith("."):
        return developer or owner, model
    return developer or "unknown", run.manifest.model.name
