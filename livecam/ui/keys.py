"""Finds keys in what a terminal sends: typed characters, escape sequences, pasted text."""

from __future__ import annotations

import re

PASTE_ON, PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l"
"""Bracketed paste: the terminal marks pasted text, which is then not taken for keys."""
_PASTE_BEGINS, _PASTE_ENDS = "\x1b[200~", "\x1b[201~"

_SEQUENCE = re.compile(
    r"""
    \x1b\[[0-?]*[ -/]*[@-~]   # CSI (ECMA-48, 5.4): arrows, function keys, reports
  | \x1bO[ -~]                # SS3: arrows and F1 to F4 of some terminals
  | \x1b[PX^_\]][^\x07\x1b]*(?:\x07|\x1b\\)   # strings: answers to what was asked
    """,
    re.VERBOSE,
)
_BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O|[PX^_\]][^\x07\x1b]*\x1b?)?\Z")
"""The beginning of a sequence whose rest is still to come."""
ALONE_NS = 50_000_000
"""The bytes of a sequence come together; an Escape that stays alone longer is the key itself."""


NAMES = {
    "A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end", "1~": "home",
    "4~": "end", "7~": "home", "8~": "end",
}  # fmt: skip
"""Keys by the end of what they send (xterm, the Linux console, rxvt)."""


class KeyReader:
    """Takes what a terminal sends, piece by piece, and gives the keys in it, one character each.

    Keys that send sequences are left out, or with `named` some of them have names, such as "left".
    A key that comes in the same read as a sequence is never lost.
    """

    def __init__(self, *, named: bool = False) -> None:
        self._named = named
        self._rest = ""
        self._rest_ns = 0
        self._pasting = False

    def feed(self, text: str, t_ns: int) -> list[str]:
        """The keys in the next piece, which was read at `t_ns`."""
        if self._rest and t_ns - self._rest_ns > ALONE_NS:
            self._rest = ""
        text, self._rest = self._rest + text, ""
        keys: list[str] = []
        while text:
            if self._pasting:
                _, end, after = text.partition(_PASTE_ENDS)
                if not end:
                    # The end mark of the paste may be cut in two.
                    self._keep(text[-len(_PASTE_ENDS) + 1 :], t_ns)
                    break
                text, self._pasting = after, False
            elif not text.startswith("\x1b"):
                keys.append(text[0])
                text = text[1:]
            elif found := _SEQUENCE.match(text):
                self._pasting = found[0] == _PASTE_BEGINS
                if self._named and found[0][1] in "[O" and found[0][2:] in NAMES:
                    keys.append(NAMES[found[0][2:]])
                text = text[found.end() :]
            elif _BEGUN.match(text):
                self._keep(text, t_ns)
                break
            else:
                text = text[1:]  # Escape itself; what follows was typed after it, or with Alt
        return keys

    def _keep(self, text: str, t_ns: int) -> None:
        self._rest, self._rest_ns = text, t_ns
