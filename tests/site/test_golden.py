"""What a page of each kind says, as files to read in a review; UPDATE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from phi4eval.site.build import build_site
from tests.site.made import two_runs

FOLDER = Path(__file__).parents[1] / "golden" / "site"
PAGES = ("index.html", "tasks/sums.html", "compare/able--poor.html", "models/able.html", "grids/sums.html")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("golden")
    two_runs(root / "runs", items=8)
    build_site(out=root / "out", results=root / "runs", baselines=())
    return root / "out"


@pytest.mark.parametrize("path", [*PAGES, "items"])
def test_a_page_reads_as_in_its_golden_file(site: Path, path: str) -> None:
    page = next((site / "items" / "sums").glob("q1-*.html")) if path == "items" else site / path
    text = page.read_text(encoding="utf-8")
    found = re.search(r"<main.*</main>", text, flags=re.DOTALL)
    assert found is not None
    file = FOLDER / f"{path.replace('/', '-').removesuffix('.html')}.html"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(found[0] + "\n", encoding="utf-8")
    assert found[0] + "\n" == file.read_text(encoding="utf-8")
