"""Wait for something that nobody announces."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

PAUSE_S = 0.05
"""Between two looks: to ask without a pause takes the processor from whoever is waited for."""

_Seen = TypeVar("_Seen")


def until(look: Callable[[], _Seen], what: str, timeout_s: float = 60.0) -> _Seen:
    """Look again and again until there is something to see; `what` is said if there never is."""
    deadline = time.monotonic() + timeout_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"never seen: {what}"
        threading.Event().wait(PAUSE_S)
    return seen
