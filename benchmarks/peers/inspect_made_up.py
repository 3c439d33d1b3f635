"""The made-up items of whole_command.py as a task of Inspect, graded by its own scorer for numbers."""

from inspect_ai import Task, task
from inspect_ai.dataset import FieldSpec, json_dataset
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import match
from inspect_ai.solver import generate


@task  # type: ignore[untyped-decorator]
def made_up(data: str) -> Task:
    """data: the file that whole_command.py writes."""
    items = json_dataset(data, FieldSpec(input="question", target="answer", id="id"))
    return Task(
        dataset=items,
        solver=generate(),
        scorer=match(numeric=True),
        config=GenerateConfig(temperature=0.5, max_tokens=256),
    )
