"""Sets the signal handlers of one run, and restores those that were there before it."""

from __future__ import annotations

import signal
from typing import Any


class Signals:
    """Handlers from `catch` to `restore`. Main thread only."""

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}

    def catch(self, name: str, handler: Any) -> None:
        """Handle a signal such as "SIGINT", where the system has it."""
        number = getattr(signal, name, None)  # Windows has only two of them
        if number is not None:
            self._before[number] = signal.signal(number, handler)

    def restore(self) -> None:
        """Restore the handlers that were there before. May be called twice."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
