"""The terminal as a device: keys as they are pressed, and everything put back afterwards."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from livecam.ui._terminal_win32 import Keyboard, enable_escapes, suspend
else:
    from livecam.ui._terminal_posix import Keyboard, enable_escapes, suspend

__all__ = ["Keyboard", "enable_escapes", "suspend"]
