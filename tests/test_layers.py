"""Which room may know of which: a module imports from its own room and from those below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import livecam

ROOT = Path(livecam.__file__).parent
LAYERS = (
    ("errors", "text", "timebase", "memory", "extras"),
    ("directories", "contract", "limits"),
    ("contract_schema",),
    ("formats",),
    ("frame", "disk"),
    ("capture", "faces"),
    ("moment", "demo"),
    ("cameras", "quality"),
    ("enhance",),
    ("media",),
    ("photos",),
    ("edit",),
    ("live", "library"),
    ("ui", "page"),
    ("cli",),
    ("__init__", "__main__"),
)
"""The lowest first; rooms beside each other know nothing of each other."""
LEVELS = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}


def imported(path: Path) -> set[str]:
    """Modules of livecam that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "livecam":
            found |= {f"livecam.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("livecam."):
            found.add(node.module)
    return found


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


FILES = sorted(ROOT.rglob("*.py"))


def test_every_module_is_in_a_room():
    assert {room_of(path) for path in FILES} == set(LEVELS)


@pytest.mark.parametrize("room", LEVELS)
def test_a_room_knows_only_those_below_it(room):
    above = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in FILES
        if room_of(path) == room
        for name in imported(path)
        if (other := name.split(".")[1]) != room and LEVELS[other] >= LEVELS[room]
    }
    assert not above


def test_no_two_modules_of_a_room_import_each_other():
    graph = {
        ".".join(("livecam", *path.relative_to(ROOT).with_suffix("").parts)): imported(path)
        for path in FILES
    }
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name not in done:
            for other in graph.get(name, ()):
                visit(other, (*way, name))
            done.add(name)

    for name in graph:
        visit(name, ())
