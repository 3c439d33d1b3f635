"""What flows through phi4eval: one frozen record per stage, from a task file to a summary.

The order of the classes is the order of the pipeline:
Task -> Item -> Prompt + Key -> Completion -> Grade -> Record -> Manifest -> Summary.
Nothing here is changed after creation; `msgspec.structs.replace` makes a changed copy.
"""

from __future__ import annotations

from phi4eval.types.answers import (
    VERDICTS,
    Completion,
    Draw,
    Finish,
    Grade,
    Key,
    Message,
    Prompt,
    PromptTokens,
    Record,
    Role,
    StoredGrade,
    StoredPrompt,
    Verdict,
)
from phi4eval.types.contamination import (
    CLEAN,
    LEAKS,
    OVERLAPS,
    DateEvidence,
    Exposure,
    ItemOverlap,
    ItemVerdict,
    Overlap,
    RunContamination,
    RunVerdict,
    ScanFacts,
)
from phi4eval.types.figures import SCHEMA, Interval
from phi4eval.types.runs import (
    Fingerprint,
    Manifest,
    ModelSpec,
    Plan,
    PlannedTask,
    Price,
    Progress,
    RunRequest,
    Summary,
    TaskManifest,
    TaskSummary,
)
from phi4eval.types.scores import ContinuationScore, TokenScores
from phi4eval.types.tasks import (
    Dataset,
    DatasetInfo,
    GraderSpec,
    Item,
    Sampling,
    SourceSpec,
    Task,
)

__all__ = [
    "CLEAN",
    "LEAKS",
    "OVERLAPS",
    "SCHEMA",
    "VERDICTS",
    "Completion",
    "ContinuationScore",
    "Dataset",
    "DatasetInfo",
    "DateEvidence",
    "Draw",
    "Exposure",
    "Fingerprint",
    "Finish",
    "Grade",
    "GraderSpec",
    "Interval",
    "Item",
    "ItemOverlap",
    "ItemVerdict",
    "Key",
    "Manifest",
    "Message",
    "ModelSpec",
    "Overlap",
    "Plan",
    "PlannedTask",
    "Price",
    "Progress",
    "Prompt",
    "PromptTokens",
    "Record",
    "Role",
    "RunContamination",
    "RunRequest",
    "RunVerdict",
    "Sampling",
    "ScanFacts",
    "SourceSpec",
    "StoredGrade",
    "StoredPrompt",
    "Summary",
    "Task",
    "TaskManifest",
    "TaskSummary",
    "TokenScores",
    "Verdict",
]
