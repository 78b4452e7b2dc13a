"""Looks at the moments of a folder that nobody has opened yet, in turn, for their scores."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from livecam.errors import ModelError
from livecam.page.static import NO_ROOM

if TYPE_CHECKING:
    from livecam.page.index import Entry, Index
    from livecam.page.views import Views


class Looking:
    """A thread that is started and stopped from the page. Safe from any thread."""

    def __init__(self, index: Index, views: Views) -> None:
        self._index, self._views = index, views
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed: set[str] = set()
        """Stamps of moments that cannot be read; they are not tried again."""

    @property
    def is_on(self) -> bool:
        """Whether it is at work."""
        return self._thread is not None and self._thread.is_alive() and not self._ending.is_set()

    def start(self) -> None:
        """Begin, or go on."""
        with self._lock:
            if self.is_on:
                return
            if self._thread is not None:
                self._thread.join()
            self._ending.clear()
            self._thread = threading.Thread(target=self._work, name="look-at-all")
            self._thread.start()

    def stop(self) -> None:
        """Stop after the moment that is being looked at."""
        self._ending.set()

    def join(self) -> None:
        """Wait for the end after `stop`."""
        if self._thread is not None:
            self._thread.join()

    def look(self, entry: Entry) -> dict[str, Any]:
        """What the page says of one moment; its score is kept. Raises as `Views.facts`."""
        facts = self._views.facts(entry)
        at = facts["best"] if facts["key"] is None else facts["key"]
        self._index.learn(entry, facts["frames"][at]["score"], facts["duration_s"])
        return facts

    def told(self) -> list[int]:
        """For the page: whether it is at work, how many have a score, and how many cannot have."""
        scored = sum(entry.score is not None for entry in self._index.entries)
        return [int(self.is_on), scored, len(self._failed)]

    def _work(self) -> None:
        while not self._ending.is_set():
            entry = next(
                (one for one in self._index.entries
                 if one.score is None and one.stamp not in self._failed), None
            )  # fmt: skip
            if entry is None:
                return
            try:
                self.look(entry)
            except Exception as err:  # noqa: BLE001 - one moment's fault must not stop the others
                if why := _ends_all(err):
                    self._index.problems.append(f"not all moments were looked at: {why}")
                    return
                self._failed.add(entry.stamp)


def _ends_all(err: Exception) -> str:
    """Why the next moment would fare no better; "" if it may."""
    if isinstance(err, ModelError):
        return err.message
    if isinstance(err, OSError) and err.errno in NO_ROOM:
        return str(err.strerror).lower()
    return ""
