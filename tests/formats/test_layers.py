"""Every file format lies below all that uses it."""

from __future__ import annotations

import ast
from pathlib import Path

import livecam

ROOT = Path(livecam.__file__).parent
BELOW_FORMATS = {"livecam.errors", "livecam.text", "livecam.formats"}


def imported(path: Path) -> set[str]:
    """Modules of livecam that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("livecam"):
            found.add(node.module)
    return found


def test_formats_know_nothing_of_cameras_moments_or_scores():
    files = list((ROOT / "formats").glob("*.py"))
    assert len(files) > 10
    for path in files:
        above = {
            name for name in imported(path) if ".".join(name.split(".")[:2]) not in BELOW_FORMATS
        }
        assert not above, path.name


def test_no_two_modules_that_write_movies_import_each_other():
    media = {f"livecam.media.{path.stem}": imported(path) for path in (ROOT / "media").glob("*.py")}

    def reached(name: str, seen: frozenset[str]) -> set[str]:
        assert name not in seen, "a circle"
        return {name}.union(*(reached(n, seen | {name}) for n in media[name] if n in media))

    for name in media:
        reached(name, frozenset())
