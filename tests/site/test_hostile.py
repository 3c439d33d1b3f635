"""Whatever a model, a data set, a task file or a scan says stays text on a page."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from phi4eval.site.check import check_site
from phi4eval.site.mathml import _ELEMENTS
from phi4eval.site.names import slug, visible
from phi4eval.site.page import island
from tests.site.hostile import build_hostile
from tests.site.payloads import PAYLOADS

SVG, MATHML = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1998/Math/MathML}"
HTML = "{http://www.w3.org/1999/xhtml}"
OURS = """
    html head meta title style body a header div nav ul li main p h1 h2 h3 footer script span table thead
    tbody tr th td small caption button label input select option dl dt dd pre code ol details summary section
    mark strong del ins figure
"""
DRAWN = "svg path rect title desc text circle g"
ATTRIBUTES = """
    lang charset http-equiv content name class href id scope aria-label aria-labelledby aria-current
    aria-hidden role tabindex type value hidden rel open viewBox preserveAspectRatio d x y width height
    autocomplete text-anchor cx cy r
    data-c data-v data-row data-from data-sort data-first data-filter data-script data-clear
    data-count data-show data-run data-side data-keep
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_hostile(tmp_path_factory.mktemp("hostile"))


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 80


def test_a_site_of_payloads_passes_the_check(site: Path) -> None:
    assert check_site(site).problems == ()


def test_no_payload_becomes_an_element_or_an_attribute(site: Path) -> None:
    import html5lib

    for file in sorted(site.rglob("*.html")):
        tree = html5lib.parse(file.read_text(encoding="utf-8"))
        scripts = 0
        for node in tree.iter():
            tag = str(node.tag)
            if tag.startswith(MATHML):
                name = tag.removeprefix(MATHML)
                assert name == "math" or name in _ELEMENTS, (file, tag)
                continue
            known = (DRAWN if tag.startswith(SVG) else OURS).split()
            assert tag.removeprefix(SVG).removeprefix(HTML) in known, (file, tag)
            assert set(map(str, node.attrib)) <= set(ATTRIBUTES.split()), (file, tag, node.attrib)
            scripts += tag == f"{HTML}script" and node.get("type") != "application/json"
        assert scripts == 1, file


def test_every_payload_is_shown_as_text(site: Path) -> None:
    import html5lib

    pages = sorted((site / "items" / "odd").glob("*.html"))
    shown = set()
    for file in pages:
        tree = html5lib.parse(file.read_text(encoding="utf-8"))
        texts = [
            "".join(node.itertext())
            for node in tree.iter()
            if node.get("class") == "text" or str(node.tag) == f"{HTML}pre"
        ]
        shown |= {
            payload for payload in PAYLOADS if visible(payload).strip() in {text.strip() for text in texts}
        }
    assert [payload for payload in PAYLOADS if payload not in shown] == []


def test_no_hiding_character_reaches_a_page(site: Path) -> None:
    hiding = "\u202e\u2066\u2069\u200b\u200d\ufeff\x00\x1b\u2028\u2029\u00ad\u061c\U000e0041\r"
    for file in sorted(site.rglob("*.html")):
        text = file.read_bytes().decode("utf-8")
        assert [hex(ord(char)) for char in hiding if char in text] == [], file


def test_no_template_of_theirs_is_run(site: Path) -> None:
    page = next((site / "items" / "odd").glob("*7-7*.html")).read_text(encoding="utf-8")
    assert "{{ 7 * 7 }}" in page or "${7*7}" in page or "#{7*7}" in page


def test_no_cell_of_a_csv_file_is_a_formula(site: Path) -> None:
    for file in site.rglob("*.csv"):
        for row in csv.reader(io.StringIO(file.read_text(encoding="utf-8"))):
            assert [cell for cell in row if cell[:1] in ("=", "+", "@", "\t", "\r")] == []
            assert [
                cell for cell in row if cell.startswith("-") and not cell[1:].replace(".", "").isdigit()
            ] == []


def test_file_names_are_plain_and_tell_payloads_apart(site: Path) -> None:
    names = [slug(payload) for payload in PAYLOADS]
    assert len({name.lower() for name in names}) == len(PAYLOADS)
    for file in site.rglob("*"):
        assert set(file.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_."), file
    assert slug("CON") != slug("con") != "con"


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_nothing_ends_a_json_island(payload: str) -> None:
    import msgspec

    text = str(island({payload: [payload]}))
    assert not set(text) & set("<>&\u2028\u2029")
    assert msgspec.json.decode(text) == {payload: [payload]}
