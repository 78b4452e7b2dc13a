"""The files of the page, and the row for each moment in its list."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from livecam.text import visible

if TYPE_CHECKING:
    from livecam.page.index import Entry

PAGES = {"app.js": "text/javascript", "style.css": "text/css", "icon.svg": "image/svg+xml"}
"""Files that the page needs beside `index.html`, and their media types."""


def page(name: str) -> str:
    """A file of the page."""
    return resources.files("livecam.page").joinpath("assets", name).read_text("utf-8")


def listed(entry: Entry) -> list[Any]:
    """A moment in the list: short, since there may be ten thousand."""
    name = visible(entry.files[0].name)
    facts = [entry.id, entry.stamp, entry.kind, name, entry.taken_s]
    return [*facts, entry.score, entry.duration_s, entry.stars]
