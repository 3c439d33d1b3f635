"""What do all pages have in common? Head, content policy, navigation and foot, around a body.

    page = render("history.html", path="history.html", title="Scores over checkpoints", chart=...)

renders templates/history.html, which extends `base.html`; `document` does the same for a body made
elsewhere. Every string that is put into a template is escaped and its hiding characters are made visible;
only markup made by this room (markupsafe.Markup) goes in as it is. Links are relative: `root` leads from a
page to the site's folder.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

import phi4eval
from phi4eval.comparison import words
from phi4eval.seeds import canonical_json
from phi4eval.site import charts, phrases
from phi4eval.site.evidence import clipped
from phi4eval.site.gather import as_share
from phi4eval.site.names import visible
from phi4eval.types import LEAKS, VERDICTS

if TYPE_CHECKING:
    from jinja2 import Environment

_ROOM = Path(__file__).parent
NAVIGATION = (
    ("index.html", "Leaderboard"),
    ("tasks/index.html", "Tasks"),
    ("models/index.html", "Models"),
    ("compare/index.html", "Compare"),
    ("report.html", "Report"),
    ("contamination.html", "Contamination"),
    ("runs/index.html", "Runs"),
    ("changes.html", "Changes"),
    ("data/index.html", "Data"),
    ("method.html", "Method"),
)
"""Path and name of every page in the head's list, in its order."""


def render(template: str, *, path: str, title: str, **values: Any) -> str:
    """A page from a template of this room. path: of the page in the site, such as `tasks/gpqa.html`."""
    made = environment().get_template(template)
    return made.render(path=path, root="../" * path.count("/"), title=title, shell=shell(), **values)


def document(*, path: str, title: str, body: Iterable[Markup]) -> str:
    """A page from parts that are markup already."""
    return render("plain.html", path=path, title=title, body=Markup("").join(body))


@lru_cache(maxsize=1)
def shell() -> Mapping[str, Any]:
    """What the frame of every page needs: style, script, the policy with their hashes, the navigation."""
    style = read_asset("site.css")
    script = read_asset("site.js")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{inline_hash(style)}'",
            f"script-src 'sha256-{inline_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return {
        "style": Markup(style),
        "script": Markup(script),
        "policy": policy,
        "navigation": NAVIGATION,
        "version": phi4eval.__version__,
    }


def read_asset(name: str) -> str:
    """A file of this room's static folder, comments and indents left out."""
    lines = (_ROOM / "static" / name).read_text(encoding="utf-8").splitlines()
    kept = [line.strip() for line in lines]
    return "\n".join(line for line in kept if line and not line.startswith(("//", "/*")))


def inline_hash(text: str) -> str:
    """The hash by which a content policy allows an inline script or style."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The only template environment of the pages: our own files, everything escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_ROOM / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    made.filters["island"] = island
    made.globals |= {
        "phrases": phrases,
        "words": words,
        "bar": charts.cell_bar,
        "stack": charts.verdict_stack,
        "delta_bar": charts.delta_bar,
        "clipped": clipped,
        "share": as_share,
        "verdicts": VERDICTS,
        "leaks": LEAKS,
    }
    return made


def _finalized(value: Any) -> Any:
    if isinstance(value, Markup):
        return value
    return visible(value) if isinstance(value, str) else value


def island(value: Any) -> Markup:
    """JSON for a script element of type application/json: nothing in it can end the element."""
    text = canonical_json(value).decode("utf-8", "backslashreplace")
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)


def sources_digest() -> str:
    """A hash over all of this room: what was rendered by other code is rendered again."""
    made = hashlib.sha256()
    for file in sorted(_ROOM.rglob("*")):
        if file.suffix in (".py", ".html", ".css", ".js"):
            made.update(str(file.relative_to(_ROOM)).encode() + b"\0" + file.read_bytes())
    return made.hexdigest()
