"""A real browser without network, where this machine has one; otherwise skipped, with the reason."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from phi4eval.site.build import build_site
from phi4eval.types import GraderSpec
from tests.runs import made_task
from tests.site.hostile import build_hostile
from tests.site.made import prompts_of, right_every, write_run

REQUIRED = os.environ.get("PHI4EVAL_BROWSER") == "require"
"""Set by `make test-browser`: then a missing browser is a failure."""
AXE = Path(__file__).parents[2] / ".browser" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


def missing(what: str) -> None:
    """Skip, or fail where a browser is required."""
    text = f"{what}: `make test-browser` runs these tests where chromium and npm are installed"
    if REQUIRED:
        pytest.fail(text)
    pytest.skip(text)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, headless."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing("no chromium on this machine")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        missing("playwright is not installed")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS.split(), headless=True)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    if not AXE.is_file():
        missing(f"{AXE.name} is not there")
    return AXE.read_text(encoding="utf-8")


def formulas(index: int) -> dict[str, str]:
    """A question with a formula."""
    return {
        "id": f"q{index}",
        "problem": f"What is $\\frac{{{index}}}{{2}} + {index}$?",
        "answer": str(2 * index),
        "solution": f"\\[x = \\boxed{{{2 * index}}}\\]",
    }


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models on two tasks, one of them a sample set, and the report's scores."""
    root = tmp_path_factory.mktemp("browsed")
    first = made_task(title="Sums")
    second = made_task("gpqa", title="GPQA", publish="scores-only", grader=GraderSpec(name="choice"))
    third = made_task("tries", title="Tries", sample=True)
    rows = [formulas(i) for i in range(24)]
    for model, every in (("able", 1), ("fair", 2), ("poor", 5)):
        write_run(
            root / "runs",
            model=model,
            tasks=[(task, prompts_of(task, rows)) for task in (first, second, third)],
            answers=right_every(every),
        )
    build_site(out=root / "site", results=root / "runs")
    return root / "site"


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of payloads."""
    return build_hostile(tmp_path_factory.mktemp("hostile"))
