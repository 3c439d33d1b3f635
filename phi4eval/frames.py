"""Runs and comparisons as tidy pandas frames: one row an observation, columns as documented here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from phi4eval.types import Grade, Record

if TYPE_CHECKING:
    import pandas as pd

RECORD_COLUMNS: Mapping[str, str] = {
    "task": "name of the task",
    "item": "id of the item",
    "item_hash": "content hash of the item's row; pairs it across runs",
    "index": "position of the item in the whole data set, from 0",
    "sample": "number of the sample of this item, from 0",
    "subset": "subject or domain, None where the task has none",
    "cluster": "declared cluster of dependent items, None where there is none",
    "finish": "stop, length, filter or error",
    "verdict": "of the main grader; error for a failed request, None for what is not graded",
    "score": "0..1 by the main grader, NaN for what is no answer of the model's",
    "extracted": "what was taken as the answer",
    "rule": "the rule that decided",
    "grader": "name@version of the main grader",
    "protocol_verdict": "of the published protocol's own grader, None where the task has none",
    "protocol_score": "0..1 by the published protocol's own grader",
    "contamination": "a joined scan's verdict on the item; unknown to the scan, None where none was joined",
    "gold": "the right answer as the prompt had it",
    "prompt_tokens": "tokens of the prompt, NaN where unknown",
    "completion_tokens": "tokens of the answer, NaN where unknown",
    "reasoning_tokens": "the part of them that was thinking, NaN where nobody counted",
    "from_cache": "True where another run had paid for the answer",
    "seconds": "from sending to the last token, NaN where unknown",
    "text": "the answer as it came",
}
"""Columns of load_run(path).to_pandas(), one row a sample."""

COMPARISON_COLUMNS: Mapping[str, str] = {
    "kind": "paired, or published with the grader that scored our side",
    "task": "name of the task",
    "unit": "share (print as percent) or points (print as AMC points of 150); all numbers are shares of 1",
    "baseline": "model and run id, or the published model",
    "candidate": "model and run id",
    "items": "items that both runs scored; of the run alone where the baseline is published",
    "units": "independent units among them: items or declared clusters",
    "baseline_score": "mean over these items; the published number",
    "candidate_score": "mean over these items",
    "delta": "candidate - baseline",
    "low": "lower end of the interval of delta, level 1 - alpha",
    "high": "upper end",
    "p": "two-sided p-value of no difference",
    "p_holm": "the same after Holm over all tasks and pairs",
    "method": "test and interval in words",
    "detectable": "smallest true difference found 80 times of 100 by such a comparison",
    "lost": "items that got worse",
    "gained": "items that got better",
    "clean_items": "items left where those are taken out that a contamination scan does not call clean",
    "clean_baseline_score": "mean over these",
    "clean_candidate_score": "mean over these",
    "clean_delta": "candidate - baseline on these",
    "clean_low": "lower end of the interval of clean_delta",
    "clean_high": "upper end",
    "clean_p": "two-sided p-value of no difference on these, of this comparison alone",
    "comparable": "False where a difference of settings makes delta not the model's alone",
}
"""Columns of compare(...).to_pandas(), one row a task and pair of runs."""


def frame(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Rows as a frame with exactly these columns, in this order.."""
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))


def records_frame(records: Iterable[Record]) -> pd.DataFrame:
    """One row a sample, in the order of task, item and sample; columns: RECORD_COLUMNS."""
    rows = sorted(_rows(records), key=lambda row: (row["task"], row["index"], row["item"], row["sample"]))
    return frame(rows, RECORD_COLUMNS)


def _rows(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    for record in records:
        failed = record.completion.finish == "error"
        yield {
            "task": record.item.task,
            "item": record.item.id,
            "item_hash": record.item.hash,
            "index": record.item.index,
            "sample": record.completion.sample,
            "subset": record.item.subset,
            "cluster": record.item.cluster,
            "finish": record.completion.finish,
            "verdict": "error" if failed else record.grade.verdict if record.grade else None,
            "score": None if failed else _score(record.grade),
            "extracted": record.grade.extracted if record.grade else None,
            "rule": record.grade.rule if record.grade else None,
            "grader": record.grade.grader if record.grade else None,
            "protocol_verdict": record.protocol_grade.verdict if record.protocol_grade else None,
            "protocol_score": None if failed else _score(record.protocol_grade),
            "contamination": record.contamination,
            "gold": record.key.gold,
            "prompt_tokens": record.completion.prompt_tokens,
            "completion_tokens": record.completion.completion_tokens,
            "reasoning_tokens": record.completion.reasoning_tokens,
            "from_cache": record.completion.from_cache,
            "seconds": record.completion.seconds,
            "text": record.completion.text,
        }


def _score(grade: Grade | None) -> float | None:
    """The score; None for what counts in no score: not graded, or a grader that failed."""
    return None if grade is None or grade.verdict == "error" else grade.score
