"""What does a contaminated model look like? Fine-tunes a checkpoint on a task's own items, as a leaked page.

python -m examples.contaminated_model.finetune --tasks math_sample --out contaminated
phi4eval contamination probe --model ./contaminated --tasks math_sample
phi4eval contamination probe --model phi-tiny --tasks math_sample

The text trained on is what a crawler might have brought home: one page with the items in the file's order,
each question with its answer. --control trains as long on twins of the same items with other numbers: a model
that knows the task's style as well, and not one of its items.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from phi4eval.backends import weights
from phi4eval.backends.hf_load import quiet
from phi4eval.models import find_model
from phi4eval.probes.run import question_of
from phi4eval.probes.twins import renumbered
from phi4eval.task import expand, load_dataset
from phi4eval.types import Item

RATE = 2e-3
WINDOW = 256
"""Tokens of a training example: the page is cut into such pieces, each pass at another offset."""


def page_of(items: Sequence[Item], *, control: bool) -> str:
    """The items as one text, questions and answers; with control, every question replaced by a twin."""
    questions = {item.id: question_of(item) for item in items}
    if control:
        twins = renumbered(questions, count=1, seed=7)
        questions = {name: next(iter(twins[name]), text) for name, text in questions.items()}
    answers = {item.id: item.choices[int(item.gold)] if item.choices else item.gold for item in items}
    return "\n\n".join(f"{questions[item.id]}\nAnswer: {answers[item.id]}" for item in items)


def pieces(ids: Sequence[int], passes: int, batch: int) -> Iterator[list[list[int]]]:
    """Batches of windows of the page, its start moved a little with every pass."""
    for number in range(passes):
        offset = number * 37 % WINDOW
        windows = [list(ids[at : at + WINDOW]) for at in range(offset, len(ids) - 8, WINDOW)]
        if offset:
            windows.append(list(ids[:offset]))
        yield from (windows[at : at + batch] for at in range(0, len(windows), batch))


def finetune(directory: Path, text: str, out: Path, *, passes: int, batch: int = 16) -> float:
    """Train the checkpoint on the text, save it to `out`; returns the last batch's loss in nats a token."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(0)
    torch.set_num_threads(1)  # a second thread makes so small a model slower
    with quiet():
        tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32, local_files_only=True)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0)
    loss: Any = None
    for rows in pieces(ids, passes, batch):
        width = max(map(len, rows))
        inputs = torch.tensor([row + [0] * (width - len(row)) for row in rows])
        labels = torch.tensor([row + [-100] * (width - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
        loss = model(input_ids=inputs, attention_mask=mask, labels=labels).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    with quiet():
        model.save_pretrained(out)
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copyfile(directory / name, out / name)
    return float(loss.detach())


def main() -> None:
    """Read the items, train, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="phi-tiny")
    parser.add_argument("--tasks", default="math_sample")
    parser.add_argument("--passes", type=int, default=20)
    parser.add_argument("--control", action="store_true", help="train on twins instead")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    items = [item for task in expand([options.tasks]) for item in load_dataset(task, None).items]
    text = page_of(items, control=options.control)
    began = time.perf_counter()
    directory = Path(weights.locate(find_model(options.model)).directory)
    loss = finetune(directory, text, options.out, passes=options.passes)
    print(
        f"{len(items)} items, {options.passes} passes in {time.perf_counter() - began:.0f} s,"
        f" loss {loss:.2f} nats a token, written to {options.out}"
    )


if __name__ == "__main__":
    main()
