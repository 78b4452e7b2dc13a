"""What the page of `livecam booth` may ask of the run that feeds it, and its server in a thread."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecam.cli.hook import SavedHook
from livecam.errors import LivecamError
from livecam.quality.explain import word_for

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from livecam.cli.undo import Undo
    from livecam.contract import Saved
    from livecam.frame import Frame
    from livecam.live.session import Session


PRINT_S = 10.0
"""How long the end of a booth waits for its printer's command."""


class RunningBooth:
    """The page of one run: what it may ask of the run, and its server in a thread."""

    def __init__(
        self,
        args: argparse.Namespace,
        session: Session,
        changes: Undo,
        set_automatic: Callable[[bool | None], bool],
    ) -> None:
        """Listen, and open the browser. Raises UsageError, LivecamError.

        `set_automatic` switches the automatic shutter, or only tells, and returns whether it is on.
        """
        from livecam.page.booth import BoothPage
        from livecam.page.serving import listen, open_browser, server_of

        self._session, self._changes, self._set_automatic = session, changes, set_automatic
        self._printer: SavedHook | None = None
        if args.print is not None:
            self._printer = SavedHook(args.print, session.fail, "--print")
        listening, place, hosts = listen(args.host, args.port)
        self._temporary = tempfile.TemporaryDirectory(prefix="livecam-", ignore_cleanup_errors=True)
        guests = place if args.host is not None else ""
        self._page = BoothPage(self, guests, hosts, Path(self._temporary.name))
        self._server, self._listening = server_of(self._page.app), listening
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="booth"
        )
        self._thread.start()
        address = place + self._page.door.entrance
        session.notice(f"the booth is at {address}")
        self._door = None if args.no_open else open_browser(address)

    def saved(self, event: Saved) -> None:
        """Show a new photo."""
        self._page.add(event)

    def close(self) -> None:
        """End the page."""
        self._server.should_exit = True
        self._thread.join()
        self._listening.close()
        if self._printer is not None:
            self._printer.finish()
            self._printer.join(PRINT_S)  # it may still read a strip
        self._temporary.cleanup()
        if self._door is not None:
            self._door.unlink(missing_ok=True)

    # For the page, from its threads

    def newest(self) -> Frame | None:
        """The newest picture."""
        return self._session.recorder.ring.newest()

    def state(self) -> dict[str, Any]:
        """What the page shows of the run, as plain data."""
        session, live, work = self._session, self._session.live, self._session.work()
        return {
            "is_armed": session.recorder.is_armed and not session.is_ending,
            "is_lost": session.recorder.outage is not None,
            "shots": work.shots,
            "waiting": work.pending + work.scoring,
            "is_automatic": self._set_automatic(None),
            "prints": self._printer is not None,
            "score": live.score if live is not None else None,
            "word": word_for(live.score) if live is not None else "",
            "faces": live.faces if live is not None else 0,
            "complaint": live.complaints[0] if live is not None and live.complaints else "",
        }

    def press(self) -> None:
        """Take a photo now."""
        self._session.press()

    def set_automatic(self, is_on: bool) -> None:
        """Take photos by itself, or no longer."""
        self._set_automatic(is_on)

    def remove(self, saved: Saved) -> None:
        """Put a photo into the trash; the owner can bring it back with `u`. Raises OutputError."""
        self._changes.remove(saved)

    def print(self, saved: Saved, strip: Path) -> None:
        """Print it by the owner's command. Raises LivecamError if there is none."""
        if self._printer is None:
            raise LivecamError("no command prints here", "--print CMD")
        self._printer.run(saved, {"strip": str(strip)})
