"""A reader finds the tests of a module by its path, or in tests/README.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import livecam

ROOT, TESTS = Path(livecam.__file__).parent, Path(__file__).parent
ROW = re.compile(r"\| `([\w/]+\.py)` \| ((?:`[\w/]+\.py`(?:, )?)+) \|")
ELSEWHERE = {
    row[1]: re.findall(r"`([\w/]+\.py)`", row[2])
    for row in ROW.finditer((TESTS / "README.md").read_text("utf-8"))
}
MODULES = [
    path.relative_to(ROOT)
    for path in sorted(ROOT.rglob("*.py"))
    if path.name not in ("__init__.py", "__main__.py")
]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_modules_tests_are_where_a_reader_looks(module):
    own = TESTS / module.parent / f"test_{module.name}"
    named = ELSEWHERE.get(module.as_posix(), [])
    assert own.exists() != bool(named), "in the file of its name, or else in the README's table"
    assert all((TESTS / one).is_file() for one in named)


def test_the_table_names_no_module_that_is_gone():
    assert ELSEWHERE.keys() <= {module.as_posix() for module in MODULES}
