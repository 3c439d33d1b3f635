"""A sound site passes, and each thing that a check looks for is found when it is wrong."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from phi4eval.errors import StoreError, UsageError
from phi4eval.site import check as checking
from phi4eval.site.build import build_site
from phi4eval.site.check import check_site
from tests.site.made import two_runs


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound")
    two_runs(root / "runs", items=3)
    build_site(out=root / "out", results=root / "runs")
    return root / "out"


@pytest.fixture
def site(sound: Path, tmp_path: Path) -> Path:
    shutil.copytree(sound, tmp_path / "site")
    return tmp_path / "site"


def edit(site: Path, path: str, change: Callable[[str], str]) -> None:
    """Change a page and its entry, as a build with a fault would have written it."""
    data = change((site / path).read_text(encoding="utf-8")).encode()
    (site / path).write_bytes(data)
    listing = json.loads((site / "site.json").read_text(encoding="utf-8"))
    listing["files"][path] = {"sha": hashlib.sha256(data).hexdigest(), "size": len(data), "key": ""}
    (site / "site.json").write_text(json.dumps(listing), encoding="utf-8")


def test_a_site_as_it_was_built_has_no_problem(sound: Path) -> None:
    found = check_site(sound)
    assert found.problems == ()
    assert found.pages > 10
    assert found.links > 100
    assert 0 < found.index <= found.heaviest[1]


def test_many_pages_are_checked_by_several_processes(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = check_site(sound)
    monkeypatch.setattr(checking, "_PARALLEL", 1)
    assert check_site(sound) == alone


END = "</main>"
FAULTS = [
    ('<a href="nowhere.html">x</a>', "no such file"),
    ('<a href="../../../../etc/passwd">x</a>', "no such file"),
    ('<a href="#nowhere">x</a>', "no such place"),
    ('<a href="index.html#nowhere">x</a>', "no such place"),
    ('<a href="https://example.org/">x</a>', "leads out of the site"),
    ('<a href="//example.org/">x</a>', "leads out of the site"),
    ('<a href="/etc/passwd">x</a>', "leads out of the site"),
    ('<a href="javascript:alert(1)">x</a>', "leads out of the site"),
    ('<a href="JaVaScRiPt:alert(1)">x</a>', "leads out of the site"),
    ('<a href="data:text/html,x">x</a>', "leads out of the site"),
    ('<img alt="x" src="https://example.org/a.png">', "holds img"),
    ('<iframe title="x" src="index.html"></iframe>', "holds iframe"),
    ('<form><button type="submit">x</button></form>', "holds form"),
    ("<script>alert(1)</script>", "script that its policy does not allow"),
    ("<style>a{}</style>", "style that its policy does not allow"),
    ('<p style="color:red">x</p>', "an attribute style"),
    ('<p onclick="alert(1)">x</p>', "an attribute onclick"),
    ('<svg aria-hidden="true" onload="alert(1)"></svg>', "an attribute onload"),
    ('<p id="main">x</p>', "stands there 2 times"),
    ('<p aria-labelledby="nobody">x</p>', "is no id"),
    ("<h1>again</h1>", "one h1"),
    ("<table><tbody><tr><th>x</th></tr></tbody></table>", "no scope"),
    ("<p><b>x</p></b>", "HTML: "),
    ('<p title="a" title="b">x</p>', "HTML: duplicate-attribute"),
    ("<math><p>x</p></math>", "HTML: "),
    ("<p>a &notanentity; b</p>", "HTML: "),
    ("<div>", "HTML: "),
    ("x" * 200_000, "weighs"),
]


@pytest.mark.parametrize(("fault", "what"), FAULTS, ids=[fault[:40] for fault, _ in FAULTS])
def test_a_fault_in_a_page_is_found(site: Path, fault: str, what: str) -> None:
    edit(site, "index.html", lambda text: text.replace(END, fault + END))
    found = check_site(site)
    assert any(what in problem.what and problem.path == "index.html" for problem in found.problems), (
        found.problems
    )


WHOLE = [
    (lambda text: text.replace("default-src &#39;none&#39;", "default-src *"), "no content policy"),
    (
        lambda text: text.replace("script-src ", "script-src &#39;unsafe-inline&#39; "),
        "no content policy",
    ),
    (lambda text: text.replace('<html lang="en">', "<html>"), "no lang"),
    (lambda text: text.replace("</script>", "/" * 13_000 + "</script>"), "its script weighs"),
    (lambda text: text.replace("</style>", "a" * 11_000 + "</style>"), "its style weighs"),
]


@pytest.mark.parametrize(("change", "what"), WHOLE, ids=[what for _, what in WHOLE])
def test_a_fault_in_the_frame_is_found(site: Path, change: Callable[[str], str], what: str) -> None:
    edit(site, "method.html", change)
    assert any(what in problem.what for problem in check_site(site).problems)


def test_a_changed_a_missing_and_a_foreign_file_are_found(site: Path) -> None:
    (site / "method.html").write_text("changed", encoding="utf-8")
    (site / "changes.html").unlink()
    (site / "runs" / "extra.html").write_text("foreign", encoding="utf-8")
    found = {problem.path: problem.what for problem in check_site(site).problems}
    assert found["runs/extra.html"] == "is no file of this site"
    assert found["changes.html"].startswith("cannot be read")
    assert "method.html" in found


def test_a_folder_without_a_site_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no site"):
        check_site(tmp_path)
    (tmp_path / "site.json").write_text("[]", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be read"):
        check_site(tmp_path)
