"""The page of the report's claims says what the ledger says, and links its runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from phi4eval.claims import make_ledger
from phi4eval.comparison.scores import read_scores
from phi4eval.site.build import build_site
from phi4eval.site.check import check_site
from phi4eval.store import Run
from tests.gate.made import Spec, line, stored


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    root = tmp_path_factory.mktemp("claims")
    run = Path(stored(root / "runs", Spec(name="mmlu", lines=(line(40, 60),), rows=14042), model="phi-4"))
    build_site(run, out=root / "out")
    return root / "out", Run(run)


def test_every_claim_stands_there_with_the_ledgers_verdict(built: tuple[Path, Run]) -> None:
    folder, run = built
    page = (folder / "report.html").read_text(encoding="utf-8")
    ledger = make_ledger([read_scores(run)])
    verdicts = {row.id: row.verdict for row in ledger.rows}
    assert verdicts["mmlu"] == "undecided"
    for name, verdict in verdicts.items():
        row = page.partition(f'<a href="#{name}">')[2].partition("</tr>")[0]
        assert f">{verdict}</span>" in row, name
        assert f'<h2 id="{name}">' in page


def test_a_number_outside_its_range_says_what_differs_and_links_the_run(built: tuple[Path, Run]) -> None:
    folder, run = built
    section = (folder / "report.html").read_text(encoding="utf-8").partition('<h2 id="mmlu">')[2]
    section = section.partition("<h2")[0]
    assert "100 of 14,042 items were asked" in section
    assert f'<a href="runs/{run.manifest.run_id}.html">' in section


def test_the_page_passes_the_sites_own_check(built: tuple[Path, Run]) -> None:
    folder, _ = built
    assert [problem for problem in check_site(folder).problems if problem.path == "report.html"] == []
    assert (folder / "report.html").stat().st_size < 100_000


def test_without_a_run_of_phi_4_every_claim_is_not_measured(tmp_path: Path) -> None:
    run = stored(tmp_path / "runs", Spec(name="mmlu", lines=("10",)), model="phi-tiny")
    build_site(run, out=tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "26 not measured" in page
    assert "no run of phi-4 on mmlu" in page
