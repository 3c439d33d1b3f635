"""Was a benchmark item in this corpus, where, and how sure is that? Tokens, index, scan, rules, corpora,
reports.
"""

from __future__ import annotations

from phi4eval.contamination.index import Index, build_index
from phi4eval.contamination.job import PartDone, ScanRequest, run_scan
from phi4eval.contamination.records import RULES, VERDICTS, Finding, ItemRow, Measures, ScanItem
from phi4eval.contamination.report import ScanSummary
from phi4eval.contamination.scan import Counts, Scanned, scan
from phi4eval.types import LEAKS

__all__ = [
    "LEAKS",
    "RULES",
    "VERDICTS",
    "Counts",
    "Finding",
    "Index",
    "ItemRow",
    "Measures",
    "PartDone",
    "ScanItem",
    "ScanRequest",
    "ScanSummary",
    "Scanned",
    "build_index",
    "run_scan",
    "scan",
]
