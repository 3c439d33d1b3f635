"""A plan as text: what was resolved, what will be spent, and the first prompt as the model sees it."""

from __future__ import annotations

from phi4eval.cli.console import fields, printable, quoted, table
from phi4eval.cli.views.numbers import count, dollars, percent
from phi4eval.costs import total_cost
from phi4eval.types import Fingerprint, ModelSpec, Plan, PlannedTask


def plan_lines(plan: Plan, *, width: int) -> list[str]:
    """Model and run, then a row a task."""
    return [
        *model_lines(plan.model, plan.fingerprint, width=width),
        *_run_lines(plan, width),
        "",
        *task_table(plan, width=width),
        *_cost_lines(plan, width),
    ]


def model_lines(model: ModelSpec, fingerprint: Fingerprint, *, width: int) -> list[str]:
    """What --model was resolved to."""
    weights = model.weights or model.api_model
    if weights and model.revision:
        weights += f" @ {model.revision}"
    backend = (
        fingerprint.backend
        if not fingerprint.weights
        else f"{fingerprint.backend}, weights {fingerprint.weights}"
    )
    endpoint = fingerprint.identity.get("endpoint")
    return fields(
        [
            ("model", model.name if not weights or weights == model.name else f"{model.name} ({weights})"),
            ("backend", f"{backend} at {endpoint}" if endpoint else backend),
        ],
        width=width,
    )


def _run_lines(plan: Plan, width: int) -> list[str]:
    stored = sum(task.stored for task in plan.tasks)
    total = sum(task.manifest.samples for task in plan.tasks)
    state = f"continues at {count(stored)} of {count(total)} samples" if stored else "new"
    if stored >= total:
        state = "finished before"
    return fields([("run    ", f"{plan.directory} ({state})")], width=width)


def _cost_lines(plan: Plan, width: int) -> list[str]:
    """What the rest will cost, and what need not be paid; nothing where there is nothing to say."""
    cached = sum(task.cached for task in plan.tasks)
    expected = total_cost(task.expected_cost for task in plan.tasks)
    most = total_cost(task.cost for task in plan.tasks)
    request = plan.request
    limits = [
        *([] if request.max_cost is None else [f"stops at {dollars(request.max_cost)}"]),
        *([] if request.max_tokens_total is None else [f"stops at {count(request.max_tokens_total)} tokens"]),
    ]
    about = "" if expected is None else f"about {dollars(expected)}, "
    spend = [] if most is None else [f"{about}{dollars(most)} at most"]
    lines = fields(
        [
            ("cache  ", f"holds {count(cached)} of the missing samples" if cached else None),
            ("cost   ", "; ".join(spend + limits)),
        ],
        width=width,
    )
    return ["", *lines] if lines else []


def task_table(plan: Plan, *, width: int) -> list[str]:
    """What each task will ask for; detects: the difference to another such run found 80 times of 100."""
    header = ("task", "items x samples", "stored", "prompt <=", "tokens <=", "detects")
    rows = [
        (
            f"{task.manifest.task.name} (sample)" if task.manifest.task.sample else task.manifest.task.name,
            f"{count(task.manifest.items)} x {task.manifest.repeats}",
            count(task.stored),
            "unknown" if task.longest_prompt is None else count(task.longest_prompt),
            count(task.max_tokens_total),
            percent(task.detectable, 0 if task.detectable >= 0.1 else 1),
        )
        for task in plan.tasks
    ]
    return table(header, rows, width=width, wrap=0, right=(1, 2, 3, 4, 5))


def prompt_lines(task: PlannedTask, *, width: int) -> list[str]:
    """The first prompt of a task, as rendered where the backend tokenizes here, with its first tokens."""
    prompt, tokens = task.example, task.example_tokens
    lines = [f"first prompt of {printable(task.manifest.task.name)}, item {printable(prompt.item)}:"]
    if tokens is None:
        for message in prompt.messages:
            lines += [f"  [{message.role}]", *quoted(message.content)]
        return [*lines, "  (the endpoint applies its own chat template; its tokens are not known here)"]
    lines += quoted(tokens.text)
    head = " ".join(f"[{printable(token)}]" for token in tokens.head)
    return [*lines, *fields([("  tokens", count(tokens.count)), ("  begins", head)], width=width)]
