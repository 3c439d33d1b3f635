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
from phi4eval.types.runs import (
    SCHEMA,
    Fingerprint,
    Interval,
    Manifest,
    ModelSpec,
    Plan,
    PlannedTask,
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
    "SCHEMA",
    "VERDICTS",
    "Completion",
    "ContinuationScore",
    "Dataset",
    "DatasetInfo",
    "Draw",
    "Fingerprint",
    "Finish",
    "Grade",
    "GraderSpec",
    "Interval",
    "Item",
    "Key",
    "Manifest",
    "Message",
    "ModelSpec",
    "Plan",
    "PlannedTask",
    "Progress",
    "Prompt",
    "PromptTokens",
    "Record",
    "Role",
    "RunRequest",
    "Sampling",
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
