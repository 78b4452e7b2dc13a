"""The server of `--preview-port` in a thread, and what it tells of the run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from livecam import contract
from livecam.page.serving import listen, server_of

if TYPE_CHECKING:
    from livecam.live.session import Session


class RunningPreview:
    """Shows other programs on this machine what the camera sees, until it is closed."""

    def __init__(self, session: Session, port: int) -> None:
        """Listen on loopback, and say where. Raises LivecamError."""
        from livecam.page.preview import Preview

        self._session = session
        self._listening, place, hosts = listen(None, port)
        preview = Preview(session.recorder.ring.newest, self._live, hosts)
        self._server = server_of(preview)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listening]}, name="preview"
        )
        self._thread.start()
        address = place + preview.path
        session.send(contract.Preview(f"{address}/live", f"{address}/score"))

    def close(self) -> None:
        """End the server."""
        self._server.should_exit = True
        self._thread.join()
        self._listening.close()

    def _live(self) -> contract.Live:
        session, live = self._session, self._session.live
        return contract.Live(
            session.recorder.is_armed and not session.is_ending,
            None if live is None else round(live.score, 3),
            0 if live is None else live.faces,
            () if live is None else live.complaints,
        )
