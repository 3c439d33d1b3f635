"""One module a kind of page; each turns the site's records into pages."""

from __future__ import annotations

from typing import Any

import msgspec


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page before it is rendered. path: in the site. values: what its template shows;
    data: the bytes of a file that is no page.

    key: a hash over all that the page depends on, by which a build knows that it need not be made again; ""
    makes it anew each time.
    """

    path: str
    title: str = ""
    template: str = ""
    values: dict[str, Any] = {}
    data: bytes | None = None
    key: str = ""
