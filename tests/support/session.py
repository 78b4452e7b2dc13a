"""A session for a test, and the events that it sends."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from livecam import contract
from livecam.capture.source import FrameSource
from livecam.live.session import Options, Session
from livecam.quality.finder import MakeFinder


@contextlib.contextmanager
def running(
    source: FrameSource, finder: MakeFinder | None = None, **options: Any
) -> Iterator[tuple[Session, Told]]:
    told = Told()
    session = Session(source, None, Options(**options), told, make_finder=finder)
    session.start()
    try:
        yield session, told
    finally:
        session.finish()
        session.join(60)
        session.close()


class Told:
    """The events of a session, which can be waited for."""

    def __init__(self) -> None:
        self.events: list[contract.Event] = []
        self._news = threading.Condition()

    def __call__(self, event: contract.Event) -> None:
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def wait_for(self, kind: type[contract.Event], count: int = 1) -> list[contract.Event]:
        def found() -> list[contract.Event]:
            return [event for event in self.events if isinstance(event, kind)]

        with self._news:
            assert self._news.wait_for(lambda: len(found()) >= count, 60), self.events
            return found()
