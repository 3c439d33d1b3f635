"""How do the verdicts of a contamination scan get into a run? Written beside it, and its summary anew."""

from __future__ import annotations

from pathlib import Path

from phi4eval.leaks import join_scan, read_scan
from phi4eval.store import Run, RunWriter
from phi4eval.summary import summarise_again
from phi4eval.types import RunContamination, Summary


def join(directory: str | Path, scan: str | Path, *, command: str = "") -> tuple[Summary, RunContamination]:
    """Join a scan's folder into a run directory, in place of any scan joined before.

    Asks no model and changes no grade. Raises what leaks.read_scan and leaks.join_scan raise, StoreError for
    a run that is damaged or being written.
    """
    run = Run(Path(directory))
    before = run.summary
    joined = join_scan(run, read_scan(scan))
    with RunWriter(run.path, run.manifest, run.prompts()) as writer:
        writer.note_command(command or "phi4eval contamination join")
        writer.write_contamination(joined)
        summary = summarise_again(writer.run, before)
        writer.write_summary(summary)
    return summary, joined
