"""Text from elsewhere (names of files and cameras, metadata) on its way to a terminal."""

from __future__ import annotations

import unicodedata

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that change the direction of the text after them: `gpj.exe` may look like `exe.jpg`."""
_HIDDEN = ("Cc", "Cs", "Zl", "Zp")
"""Categories: controls (escapes begin with one), bytes that are no UTF-8, line, paragraph ends."""


def visible(text: str) -> str:
    r"""The text in one line; what would control a terminal is written out, as `\x1b`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char not in BIDI and unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how Python keeps a byte that is no UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def counted(count: int, word: str) -> str:
    """A number and its noun: "1 shot", "2 shots"."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
