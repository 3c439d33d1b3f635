"""How long does a site of 1,000 items and 10 models take to build and to check, and what does it weigh?

    python benchmarks/site_build.py [items [models]]

Makes runs in a temporary folder: one math task, one sample an item, completions of about 1,500 characters
with a dozen formulas each. Bars: built in under a minute, index.html at most 150 kB, any page 300 kB, script
12 kB, style 10 kB.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from phi4eval.seeds import content_hash
from phi4eval.site.build import build_site
from phi4eval.site.check import INDEX_LIMIT, PAGE_LIMIT, SCRIPT_LIMIT, STYLE_LIMIT, check_site
from phi4eval.site.page import read_asset
from phi4eval.store import RunWriter, run_id
from phi4eval.task import find_task
from phi4eval.types import (
    Completion,
    DatasetInfo,
    Draw,
    Fingerprint,
    Grade,
    Item,
    Key,
    Manifest,
    Message,
    ModelSpec,
    Prompt,
    StoredGrade,
    StoredPrompt,
    TaskManifest,
)

T = TypeVar("T")
BAR = 60.0
STEP = (
    "We write $a_{{{i}}} = \\frac{{{i}}}{{{j}}}$, so that $x^2 + {i}x + {j} = 0$ and \\[x = \\frac{{-{i} \\pm"
    " \\sqrt{{{i}^2 - 4 \\cdot {j}}}}}{{2}}.\\] Hence the sum is $\\sum_{{k=1}}^{{{j}}} k = {j}$, as we"
    " wanted.\n\n"
)


def prompts(count: int) -> list[StoredPrompt]:
    """One prompt an item."""
    task = find_task("math500")
    made = []
    for i in range(count):
        problem = f"Let $f(x) = x^2 + {i}x$. Find $f({i % 17})$ and simplify $\\frac{{{i}}}{{12}}$."
        row = {"problem": problem, "solution": STEP.format(i=i, j=i + 1), "answer": str(i)}
        item = Item(task=task.name, id=f"item-{i}", index=i, hash=content_hash(row), row=row, gold=str(i))
        message = Message(role="user", content=problem)
        prompt = Prompt(
            task=task.name,
            item=item.id,
            messages=(message,),
            sampling=task.sampling,
            draws=(Draw(sample=0, seed=i),),
            hash=content_hash(problem),
        )
        made.append(StoredPrompt(prompt=prompt, key=Key(gold=item.gold), item=item))
    return made


def write_run(root: Path, name: str, asked: list[StoredPrompt], skill: float) -> None:
    """A run of a made-up model that is right on a share of the items."""
    task, chance = find_task("math500"), random.Random(name)
    made = TaskManifest(
        task=task,
        task_hash=content_hash(task),
        dataset=DatasetInfo(source="made", revision=None, fingerprint="f", rows=len(asked)),
        items=len(asked),
        samples=len(asked),
        item_set="s",
        prompt_hash="p",
        sampling=task.sampling,
        repeats=1,
    )
    fingerprint = Fingerprint(backend="made", model=name, weights=name)
    manifest = Manifest(
        run_id=run_id(fingerprint, 0, [made]),
        created="2026-01-01T00:00:00+00:00",
        model=ModelSpec(name=name),
        fingerprint=fingerprint,
        seed=0,
        tasks=(made,),
    )
    with RunWriter(root / name, manifest, asked) as writer:
        for i, stored in enumerate(asked):
            right = chance.random() < skill
            body = "".join(STEP.format(i=i + k, j=chance.randrange(2, 900)) for k in range(6))
            text = f"{body}Answer: {i if right else i + 1}"
            completion = Completion(
                task=task.name,
                item=stored.item.id,
                sample=0,
                text=text,
                finish="stop",
                prompt_hash=stored.prompt.hash,
                completion_tokens=len(text) // 3,
            )
            offset = writer.add_completion(completion)
            grade = Grade(
                verdict="correct" if right else "incorrect",
                score=float(right),
                extracted=str(i),
                span=(len(text) - len(str(i)), len(text)),
                rule="answer_line/number",
                explanation="made for a benchmark",
                grader="math@2",
            )
            writer.add_grade(
                StoredGrade(
                    task=task.name, item=stored.item.id, sample=0, role="main", grade=grade, offset=offset
                )
            )


def timed(what: str, work: Callable[[], T]) -> tuple[T, float]:
    """Run and print the seconds."""
    start, cpu = time.perf_counter(), time.process_time()
    done = work()
    seconds = time.perf_counter() - start
    print(f"{what}: {seconds:.1f} s, {time.process_time() - cpu:.1f} s of this process's CPU")
    return done, seconds


def main() -> None:
    """Build, build again, check."""
    items = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    models = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with tempfile.TemporaryDirectory() as folder:
        root, asked = Path(folder), prompts(items)
        for number in range(models):
            write_run(root / "runs", f"model-{number}", asked, 0.3 + 0.06 * number)
        out = root / "site"
        built, seconds = timed("build", lambda: build_site(out=out, results=root / "runs"))
        again, _ = timed("build again", lambda: build_site(out=out, results=root / "runs"))
        found, _ = timed("check", lambda: check_site(out))
        print(
            f"{items:,} items x {models} models: {built.pages:,} pages, {built.size:,} bytes; bar {BAR:.0f} s"
        )
        print(f"again: {again.rendered:,} pages written, {again.unchanged:,} left as they were")
        script, style = (len(read_asset(name).encode()) for name in ("site.js", "site.css"))
        print(f"index.html {found.index:,} of {INDEX_LIMIT:,} bytes")
        print(f"heaviest page {found.heaviest[0]} {found.heaviest[1]:,} of {PAGE_LIMIT:,} bytes")
        print(f"script {script:,} of {SCRIPT_LIMIT:,}, style {style:,} of {STYLE_LIMIT:,} bytes")
        reached = seconds < BAR and not found.problems
        print(f"problems: {len(found.problems)}; bars {'reached' if reached else 'MISSED'}")
        for problem in found.problems[:5]:
            print(f"  {problem.path}: {problem.what}")


if __name__ == "__main__":
    main()
