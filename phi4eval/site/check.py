"""Is a folder of pages sound? Links, ids, policy, references, HTML, weights, and the list of files."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

import msgspec

from phi4eval.errors import StoreError, UsageError
from phi4eval.site.build import MANIFEST, SiteManifest
from phi4eval.site.page import inline_hash

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

INDEX_LIMIT, PAGE_LIMIT = 150_000, 300_000
SCRIPT_LIMIT, STYLE_LIMIT = 12_000, 10_000
"""Bytes of the first page, of any page, and of the script and the style in each of them."""

_HTML = "{http://www.w3.org/1999/xhtml}"
_LINKS = ("href", "src", "srcset", "action", "formaction", "poster", "data", "background", "cite", "ping")
_NAMES = ("aria-labelledby", "aria-describedby", "aria-controls", "for", "headers")
_NEVER = (
    "iframe",
    "object",
    "embed",
    "base",
    "form",
    "link",
    "img",
    "video",
    "audio",
    "applet",
    "frame",
    "portal",
)
_POLICY = re.compile(r"(script|style)-src 'sha256-([A-Za-z0-9+/=]+)'")
_PARALLEL = 64
"""Pages from which on the work is shared among processes: the parser is thorough, and slow."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong with a file. line: from 1, None where it is no single one."""

    path: str
    what: str
    line: int | None = None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check looked at and found. heaviest: path, bytes; index, size: bytes of index.html, of all."""

    pages: int
    files: int
    links: int
    heaviest: tuple[str, int]
    index: int
    size: int
    problems: tuple[Problem, ...]


class _Seen(NamedTuple):
    """One page, parsed: what is wrong with it alone, its ids, and where it points."""

    path: str
    problems: tuple[Problem, ...]
    ids: frozenset[str]
    links: tuple[str, ...]


def check_site(folder: str | Path) -> Checked:
    """Check every file of a built site. Raises UsageError where the folder holds none."""
    root = Path(folder)
    manifest = _manifest(root)
    problems = list(_files(root, manifest))
    names = sorted(path for path in manifest.files if path.endswith(".html") and (root / path).is_file())
    seen = list(_parsed(root, names))
    for page in seen:
        problems += page.problems
    targets = {page.path: page.ids for page in seen}
    problems += _broken_links(seen, targets, set(manifest.files))
    sizes = {path: (root / path).stat().st_size for path in manifest.files if (root / path).is_file()}
    pages = {path: size for path, size in sizes.items() if path.endswith(".html")}
    return Checked(
        pages=len(pages),
        files=len(sizes),
        links=sum(len(page.links) for page in seen),
        heaviest=max(pages.items(), key=lambda item: (item[1], item[0]), default=("", 0)),
        index=pages.get("index.html", 0),
        size=sum(sizes.values()),
        problems=tuple(sorted(problems, key=lambda p: (p.path, p.line or 0, p.what))),
    )


def _manifest(root: Path) -> SiteManifest:
    file = root / MANIFEST
    try:
        return msgspec.json.decode(file.read_bytes(), type=SiteManifest)
    except FileNotFoundError as error:
        raise UsageError(
            f"{root} holds no site of phi4eval", "phi4eval site build --out DIR makes one"
        ) from error
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(f"{file} cannot be read: {error}", "build the site again") from error


def _files(root: Path, manifest: SiteManifest) -> Iterator[Problem]:
    """Every file of the list is there as it was written and within its weight, and no other is."""
    for path, made in manifest.files.items():
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            yield Problem(path=path, what="lies outside the site")
            continue
        try:
            data = (root / path).read_bytes()
        except OSError as error:
            yield Problem(path=path, what=f"cannot be read: {error.strerror or error}")
            continue
        if hashlib.sha256(data).hexdigest() != made.sha:
            yield Problem(path=path, what="is not as the build wrote it")
        limit = INDEX_LIMIT if path == "index.html" else PAGE_LIMIT
        if path.endswith(".html") and len(data) > limit:
            yield Problem(path=path, what=f"weighs {len(data):,} bytes, at most {limit:,} are allowed")
    if "index.html" not in manifest.files:
        yield Problem(path="index.html", what="is not in the site")
    for file in sorted(root.rglob("*")):
        path = file.relative_to(root).as_posix()
        if not file.is_dir() and path != MANIFEST and path not in manifest.files:
            yield Problem(path=path, what="is no file of this site")


def _parsed(root: Path, names: list[str]) -> Iterator[_Seen]:
    if len(names) < _PARALLEL:
        yield from (look_at(root, name) for name in names)
        return
    with ProcessPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        yield from pool.map(look_at, [root] * len(names), names, chunksize=16)


def look_at(root: Path, path: str) -> _Seen:
    """Parse one page as a browser does; every parse error of the HTML standard is a problem."""
    import html5lib

    text = (root / path).read_bytes().decode("utf-8", "replace")
    parser = html5lib.HTMLParser()
    tree = parser.parse(text)
    problems = [
        Problem(path=path, line=place[0], what=f"HTML: {code}") for place, code, _ in parser.errors[:20]
    ]
    elements = list(tree.iter())
    ids = [name for element in elements if (name := element.get("id")) is not None]
    problems += [Problem(path=path, what=what) for what in _complaints(elements, ids)]
    links = tuple(
        str(element.get(name)) for element in elements for name in _LINKS if element.get(name) is not None
    )
    return _Seen(path, tuple(problems), frozenset(ids), links)


def _complaints(elements: list[Element], ids: list[str]) -> Iterator[str]:
    """What is wrong with a page by itself."""
    known = set(ids)
    yield from (f'id "{name}" stands there {n} times' for name, n in Counter(ids).items() if n > 1)
    tags = Counter(str(element.tag).removeprefix(_HTML) for element in elements)
    if tags["h1"] != 1 or tags["title"] != 1 or tags["main"] != 1:
        yield "a page has one title, one h1 and one main"
    yield from (f"holds {tag}, which these pages never do" for tag in _NEVER if tags[tag])
    yield from _policy(elements)
    for element in elements:
        tag = str(element.tag).removeprefix(_HTML)
        for name, value in element.attrib.items():
            name = str(name).rpartition("}")[2].lower()
            if name.startswith("on") or name in ("style", "srcdoc"):
                yield f"{tag} has an attribute {name}"
            if name in _NAMES:
                yield from (
                    f'{name} names "{word}", which is no id' for word in value.split() if word not in known
                )
        if tag == "html" and not element.get("lang"):
            yield "html has no lang"
        if tag == "th" and element.get("scope") not in ("col", "row"):
            yield "a table head has no scope"


def _policy(elements: Iterable[Element]) -> Iterator[str]:
    """The content policy allows exactly the script and the style that are there."""
    policy, scripts, styles = "", [], []
    for element in elements:
        tag = str(element.tag).removeprefix(_HTML)
        if tag == "meta" and (element.get("http-equiv") or "").lower() == "content-security-policy":
            policy = element.get("content") or ""
        elif tag == "meta" and (element.get("http-equiv") or "").lower() == "refresh":
            yield "sends the reader to another page"
        elif tag == "script" and element.get("type") != "application/json":
            scripts.append(element.text or "")
        elif tag == "style":
            styles.append(element.text or "")
    allowed = {(kind, digest) for kind, digest in _POLICY.findall(policy)}
    if "default-src 'none'" not in policy or "unsafe" in policy:
        yield "has no content policy that forbids everything else"
    for kind, texts, limit in (("script", scripts, SCRIPT_LIMIT), ("style", styles, STYLE_LIMIT)):
        yield from (
            f"holds a {kind} that its policy does not allow"
            for text in texts
            if (kind, inline_hash(text)) not in allowed
        )
        size = sum(len(text.encode()) for text in texts)
        if size > limit:
            yield f"its {kind} weighs {size:,} bytes, at most {limit:,} are allowed"


def _broken_links(
    seen: Iterable[_Seen], ids: dict[str, frozenset[str]], files: set[str]
) -> Iterator[Problem]:
    for page in seen:
        for link in dict.fromkeys(page.links):
            what = _wrong(page.path, link, ids, files)
            if what:
                yield Problem(path=page.path, what=f'link "{link}": {what}')


def _wrong(page: str, link: str, ids: dict[str, frozenset[str]], files: set[str]) -> str | None:
    """What is wrong with a link, None where it leads to a place of this site."""
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|/|\\", link):
        return "leads out of the site"
    place, _, fragment = link.partition("#")
    target = _resolved(page, unquote(place)) if place else page
    if target is None or target not in files:
        return "there is no such file"
    # name=value in a fragment is a state of the page, not a place in it
    if fragment and "=" not in fragment and unquote(fragment) not in ids.get(target, frozenset()):
        return "there is no such place in it"
    return None


@lru_cache(maxsize=50_000)
def _resolved(page: str, place: str) -> str | None:
    parts = list(PurePosixPath(page).parent.parts)
    for part in PurePosixPath(place).parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
