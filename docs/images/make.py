"""Make the README's pictures: python docs/images/make.py SITE, for a site of phi-tiny and phi-tiny-plain.

Needs chromium and playwright (`make test-browser` installs the latter). Pages are shown as they are.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SHOTS = (
    ("leaderboard", "tasks/phi_tiny_math.html", "light", 1120, 760),
    ("item", "items/phi_tiny_math/*math-4-*.html", "light", 1120, 900),
    ("compare", "compare/phi-tiny--phi-tiny-plain.html", "dark", 1120, 900),
)


def main() -> None:
    """Write one picture a page, beside this file."""
    site, here = Path(sys.argv[1]).resolve(), Path(__file__).parent
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, pattern, scheme, width, height in SHOTS:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.goto(f"file://{next(site.glob(pattern))}")
            page.screenshot(path=here / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
