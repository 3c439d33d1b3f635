"""The pages in a real browser, from the disk: what a reader clicks, types, sees, prints and hears."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.watched import watched

PAGES = (
    "index.html",
    "tasks/index.html",
    "tasks/sums.html",
    "tasks/gpqa.html",
    "tasks/mmlu.html",
    "grids/sums.html",
    "models/index.html",
    "models/able.html",
    "models/phi-4-published.html",
    "compare/index.html",
    "compare/able--poor.html",
    "contamination.html",
    "runs/index.html",
    "changes.html",
    "data/index.html",
    "method.html",
)
BACKGROUND = r"getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number)"
VIOLATIONS = """axe.run().then(
    result => result.violations.map(v => [v.id, v.nodes.map(node => node.html).slice(0, 3)])
)"""
FRACTION = """(() => {
    const box = document.querySelector("mfrac").getBoundingClientRect();
    return [box.width, box.height];
})()"""
TOUCH = """
for (const d of document.querySelectorAll("details")) d.open = true;
const kinds = ["mouseover", "focus", "toggle", "animationstart", "load", "error", "begin"];
for (const node of document.querySelectorAll("main *"))
    for (const kind of kinds) node.dispatchEvent(new Event(kind, {bubbles: true}));
"""
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def every_kind(site: Path) -> list[str]:
    """A page of every kind."""
    item = next((site / "items" / "sums").glob("q1-*.html")).relative_to(site)
    hidden = next((site / "items" / "gpqa").glob("q1-*.html")).relative_to(site)
    run = sorted(path for path in (site / "runs").glob("*.html") if path.name != "index.html")[0].relative_to(
        site
    )
    return [*PAGES, str(item), str(hidden), str(run)]


def names(page: Any, table: str) -> list[str]:
    """The rows' first cells as they stand, hidden ones left out."""
    found: list[str] = page.eval_on_selector_all(
        f"{table} tbody tr",
        "rows => rows.filter(r => !r.hidden).map(r => r.cells[0].querySelector('a').textContent)",
    )
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_kind_of_page_opens_quietly_and_fits(
    browser: Any, site: Path, scheme: str, size: dict[str, int]
) -> None:
    with watched(browser, site, viewport=size, color_scheme=scheme) as seen:
        for path in every_kind(site):
            page = seen.open(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
            seen.verify()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_axe_finds_nothing(browser: Any, axe: str, site: Path, scheme: str, size: dict[str, int]) -> None:
    with watched(browser, site, viewport=size, color_scheme=scheme) as seen:
        for path in every_kind(site):
            page = seen.open(path)
            page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
            page.evaluate(axe)
            found = page.evaluate(VIOLATIONS)
            assert found == [], path


def test_a_column_sorts_both_ways_and_back(browser: Any, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("tasks/sums.html")
        assert names(page, "#board") == ["able", "fair", "poor"]
        button = page.locator("#board th[data-c=score] button")
        button.click()
        assert names(page, "#board") == ["able", "fair", "poor"]
        assert page.locator("#board th[data-c=score]").get_attribute("aria-sort") == "descending"
        button.click()
        assert names(page, "#board") == ["poor", "fair", "able"]
        assert page.locator("#board th[data-c=score]").get_attribute("aria-sort") == "ascending"
        button.click()
        assert page.locator("#board th[data-c=score]").get_attribute("aria-sort") is None
        assert names(page, "#board") == ["able", "fair", "poor"]
        seen.verify()


def test_a_column_of_names_sorts_by_the_alphabet_first(browser: Any, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("models/index.html")
        page.locator("#models th[data-c=model] button").click()
        found = names(page, "#models")
        assert found == sorted(found)
        assert len(found) > 5


def test_a_view_is_an_address_and_the_back_button_works(browser: Any, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("tasks/sums.html")
        page.locator("#board th[data-c=score] button").click()
        page.locator("#board th[data-c=score] button").click()
        address = page.url
        assert address.endswith("#sort=board.score.asc")
        page.go_back()
        assert names(page, "#board") == ["able", "fair", "poor"]
        page.go_back()
        assert "#" not in page.url
        page.go_forward()
        page.go_forward()
        assert names(page, "#board") == ["poor", "fair", "able"]
    with watched(browser, site) as again:
        page = again.page
        page.goto(address)
        assert names(page, "#board") == ["poor", "fair", "able"]
        again.verify()


def test_a_filter_hides_rows_counts_them_and_is_part_of_the_address(browser: Any, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("index.html")
        page.locator("[data-filter=from]").select_option("published")
        assert page.url.endswith("#from=published")
        shown = names(page, "table[data-sort]")
        assert "able" not in shown
        assert "phi-4" in shown
        page.locator("[data-filter=q]").fill("GPT-4o")
        assert set(names(page, "table[data-sort]")) == {"gpt-4o", "gpt-4o-mini"}
        assert "shown" in page.locator("[data-count]").text_content()
        page.reload()
        assert set(names(page, "table[data-sort]")) == {"gpt-4o", "gpt-4o-mini"}
        page.locator("[data-clear]").click()
        assert "able" in names(page, "table[data-sort]")
        assert "#" not in page.url
        seen.verify()


def test_the_grid_shows_where_models_disagree(browser: Any, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("grids/sums.html")
        everything = names(page, "#grid")
        page.locator("[data-filter=show]").select_option("differs")
        fewer = names(page, "#grid")
        assert 0 < len(fewer) < len(everything)
        assert "q0" not in fewer
        seen.verify()


def test_two_runs_stand_beside_each_other_and_lead_to_where_they_disagree(browser: Any, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open(every_kind(site)[-3])
        assert page.locator("section[data-run]:visible").count() == 3
        page.locator("[data-side=a]").select_option(label=label_of(page, "able"))
        assert page.locator("section[data-run]:visible").count() == 1
        page.locator("[data-side=b]").select_option(label=label_of(page, "poor"))
        assert page.locator("section[data-run]:visible").count() == 2
        here = page.url
        page.locator("#apart").click()
        page.wait_for_url("**/q2-*")
        assert page.locator("section[data-run]:visible").count() == 2
        assert page.locator("section[data-run]:visible .v-correct").count() == 1
        page.go_back()
        assert page.url == here
        page.locator("a[rel=next]").click()
        assert page.locator("section[data-run]:visible").count() == 2
        seen.verify()


def label_of(page: Any, model: str) -> str:
    """The choice that stands for a model's run."""
    labels: list[str] = page.locator("[data-side=a] option").all_text_contents()
    return next(label for label in labels if label.startswith(model))


def test_strange_addresses_change_nothing(browser: Any, site: Path) -> None:
    with watched(browser, site) as seen:
        for fragment in (
            "sort=board.nothing.asc", "sort=x", "sort=board.score", "sort=__proto__.constructor.asc",
            "q=<img>", "from=%00", "a=x&b=y", "%E0%A4%A", "sort=" + "a" * 5_000,
            "from='\"></script><script>1</script>",
        ):  # fmt: skip
            page = seen.open("index.html")
            page.goto(f"file://{site}/tasks/sums.html#{fragment}")
            assert page.locator("h1").count() == 1
            seen.verify()


def test_everything_is_reached_by_keyboard(browser: Any, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("tasks/sums.html")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        reached = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.outerHTML.slice(0, 60)"))
            if page.evaluate("document.activeElement.closest('th')?.dataset.c") == "score":
                break
        page.keyboard.press("Enter")
        page.keyboard.press("Space")
        assert names(page, "#board") == ["poor", "fair", "able"]
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
        seen.verify()


def test_without_javascript_everything_is_there_and_no_dead_control(browser: Any, site: Path) -> None:
    with watched(browser, site, java_script_enabled=False) as seen:
        seen.page.goto(f"file://{site}/tasks/sums.html")
        assert seen.page.locator("#board tbody tr").count() >= 3
        assert not seen.page.locator("[data-script]").first.is_visible()
        assert seen.page.locator("th button").count() == 0


def test_dark_mode_is_dark_and_light_is_light(browser: Any, site: Path) -> None:
    shades = {}
    for scheme in ("light", "dark"):
        with watched(browser, site, color_scheme=scheme) as seen:
            page = seen.open("index.html")
            shades[scheme] = page.evaluate(BACKGROUND)
    assert min(shades["light"]) > 200
    assert max(shades["dark"]) < 60


def test_print_shows_the_table_whole_and_no_controls(browser: Any, site: Path) -> None:
    with watched(browser, site, viewport=PHONE) as seen:
        page = seen.open("tasks/sums.html")
        page.emulate_media(media="print")
        assert not page.locator(".tools").first.is_visible()
        assert not page.locator("nav").first.is_visible()
        assert page.evaluate("getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"


def test_formulas_are_drawn_as_mathematics(browser: Any, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open(every_kind(site)[-3])
        wide, high = page.evaluate(FRACTION)
        assert 0 < wide < high
        assert (
            page.evaluate("document.querySelector('math').namespaceURI")
            == "http://www.w3.org/1998/Math/MathML"
        )
        seen.verify()


def test_an_injected_script_is_stopped_by_the_policy(browser: Any, site: Path, tmp_path: Path) -> None:
    """The second wall: were something to slip through the escaping, the browser would not run it."""
    text = (site / "method.html").read_text(encoding="utf-8")
    evil = (
        "<script>window.__hits.push(1)</script><img src=x onerror=window.__hits.push(1)>"
        "<script src='https://example.invalid/x.js'></script><p style='color:red'>x</p>"
        "<iframe src='https://example.invalid/'></iframe><base href='https://example.invalid/'>"
    )
    (tmp_path / "method.html").write_text(text.replace("</main>", f"{evil}</main>"), encoding="utf-8")
    with watched(browser, tmp_path) as seen:
        page = seen.open("method.html")
        assert page.evaluate("window.__hits") == []
        assert len(page.evaluate("window.__blocked")) >= 4
        assert page.evaluate("document.baseURI").startswith("file://")


def test_no_payload_runs_however_one_touches_it(browser: Any, hostile: Path) -> None:
    with watched(browser, hostile) as seen:
        for file in sorted(hostile.rglob("*.html")):
            page = seen.open(str(file.relative_to(hostile)))
            page.evaluate(TOUCH)
            seen.verify()


def test_axe_finds_nothing_on_pages_of_payloads(browser: Any, axe: str, hostile: Path) -> None:
    pages = [*sorted(hostile.glob("*.html")), *sorted((hostile / "tasks").glob("*.html"))]
    pages += [
        *sorted((hostile / "models").glob("*.html"))[:3],
        *sorted((hostile / "items" / "odd").glob("*.html"))[:6],
    ]
    with watched(browser, hostile) as seen:
        for file in pages:
            page = seen.open(str(file.relative_to(hostile)))
            page.evaluate(axe)
            found = page.evaluate(VIOLATIONS)
            assert found == [], file
