"""A page under watch: what it asked for, logged, threw, blocked or ran is written down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WATCH = """
window.__hits = [];
window.__blocked = [];
for (const name of ["alert", "confirm", "prompt", "print", "open"])
    window[name] = () => window.__hits.push(name);
document.addEventListener(
    "securitypolicyviolation",
    event => window.__blocked.push(event.violatedDirective + " " + event.blockedURI)
);
"""


class Watched:
    """A browser page and all that it did. Only files of the site may be asked for."""

    def __init__(self, page: Any, root: Path) -> None:
        self.page = page
        self.root = root
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.add_init_script(WATCH)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", self._dialog)

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, path: str) -> Any:
        """Go to a page of the site; returns the browser's page."""
        self.page.goto(f"file://{self.root}/{path}")
        return self.page

    def verify(self) -> None:
        """Nothing was logged, thrown, blocked, run or asked for that should not."""
        assert self.complaints == []
        assert self.page.evaluate("[window.__hits, window.__blocked]") == [[], []]
        foreign = [url for url in self.requests if not url.startswith(f"file://{self.root}/")]
        assert foreign == []


@contextmanager
def watched(browser: Any, root: Path, **options: Any) -> Iterator[Watched]:
    """A fresh page with its own state, offline."""
    context = browser.new_context(offline=True, **options)
    try:
        yield Watched(context.new_page(), root)
    finally:
        context.close()
