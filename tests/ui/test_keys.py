"""Keys out of what a terminal sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecam.ui.keys import KeyReader

MS = 1_000_000


def keys(*pieces: str, apart_ms: float = 1) -> str:
    reader = KeyReader()
    found = [reader.feed(text, int(i * apart_ms * MS)) for i, text in enumerate(pieces)]
    return "".join(key for part in found for key in part)


@pytest.mark.parametrize(
    ("pieces", "typed"),
    [
        (["   "], "   "),
        (["\x1b[A "], " "),
        ([" \x1b[A"], " "),
        (["\x1bOP \x1b[1;5C q"], "  q"),
        (["\x1b[", "A "], " "),
        (["\x1b", "[A "], " "),
        (["\x1b "], " "),
        (["\x1b]11;rgb:0000/0000/0000\x07 "], " "),
        (["\x1b]11;rgb:0000", "/0000/0000\x1b", "\\ "], " "),
        (["\x1b_Gi=31;OK\x1b\\ "], " "),
        (["\x1b[200~ q  p\n\x1b[201~ "], " "),
        (["\x1b[200~ q ", " p\x1b[20", "1~ "], " "),
        (["\x1b[200~ \x1b[A q \x1b[201~"], ""),
    ],
)
def test_what_was_typed(pieces, typed):
    assert keys(*pieces) == typed


def test_an_escape_that_stays_alone_is_a_key_of_its_own():
    assert keys("\x1b", "[", apart_ms=200) == "["


@given(st.lists(st.text("\x1b[]O ~0123;ApqG_\\\x07", max_size=12), max_size=6))
def test_nothing_breaks_it(pieces):
    keys(*pieces)


@given(st.text(" pqxyz", max_size=30))
def test_plain_keys_all_come_through(text):
    assert keys(*text) == text
