"""Writes logs with the real inspect-ai: run by the interpreter of its own environment, not by ours."""

import sys

from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import choice, match
from inspect_ai.solver import generate, multiple_choice


def answers(*texts: str):  # type: ignore[no-untyped-def]
    outputs = []
    for text in texts:
        output = ModelOutput.from_content("mockllm/model", text)
        # without usage the provider counts tokens, with a tokenizer that it would download
        output.usage = ModelUsage(input_tokens=7, output_tokens=5, total_tokens=12)
        outputs.append(output)
    return get_model("mockllm/model", custom_outputs=outputs, memoize=False)


def main(folder: str) -> None:
    questions = [Sample(id=f"s{i}", input=f"What is {i} + {i}?", target=str(2 * i)) for i in range(3)]
    options = [Sample(id=i, input=f"Pick {i}", choices=["a", "b", "c", "d"], target="B") for i in range(2)]
    for form in ("json", "eval"):
        sums = Task(
            dataset=MemoryDataset(questions), solver=generate(), scorer=match(), epochs=2, name="sums"
        )
        eval(
            sums,
            model=answers("It is 0", "It is 2", "It is 4.00", "It is 0", "It is 3", "No idea"),
            log_format=form,
            log_dir=folder,
            display="none",
            max_connections=1,
        )
        picks = Task(dataset=MemoryDataset(options), solver=multiple_choice(), scorer=choice(), name="picks")
        eval(
            picks,
            model=answers("ANSWER: B", "ANSWER: C"),
            log_format=form,
            log_dir=folder,
            display="none",
            max_connections=1,
        )


main(sys.argv[1])
