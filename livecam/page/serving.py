"""Runs the server of the page until a signal ends it, and prints its address."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import signal
import socket
import sqlite3
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecam.disk import own
from livecam.edit.undo_stack import UndoStack
from livecam.errors import ExitCode, LivecamError, UsageError
from livecam.extras import install
from livecam.page.cache import Cache, default_folder
from livecam.page.index import Index
from livecam.page.looking import Looking
from livecam.page.views import Views
from livecam.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livecam.faces.model import FaceModel
    from livecam.page.gains import Gains

LOOPBACK = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::", "*")  # noqa: S104 - refused
HTTP_PORT = 80
LOOK_EVERY_S, LOOK_SHARE = 3.0, 20
"""Pause between two searches for new files: at least this many seconds, and this many times as long
as the last search took."""
CODES = {
    "SIGINT": ExitCode.INTERRUPTED, "SIGTERM": ExitCode.TERMINATED, "SIGHUP": ExitCode.HANGUP,
}  # fmt: skip
DOOR = (
    '<!doctype html><meta http-equiv="refresh" content="0; url={address}">'
    '<a href="{address}">livecam</a>'
)


@contextlib.contextmanager
def opened(folder: Path, model: FaceModel) -> Iterator[tuple[Index, Views]]:
    """What there is in a folder, and what can be shown of it. Raises LivecamError."""
    kept = default_folder()
    try:
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = hashlib.blake2b(str(folder.resolve()).encode(errors="surrogateescape"))
        index = Index(folder, kept / f"{name.hexdigest()[:32]}.sqlite")
    except (OSError, sqlite3.Error) as err:
        raise LivecamError(f"the cache in {kept} cannot be used: {err}") from err
    views = Views(Cache(kept / "files"), model)
    try:
        yield index, views
    finally:
        views.close()


def serve(
    index: Index,
    views: Views,
    named: str | None,
    port: int,
    *,
    opens: bool,
    gains: Gains | None = None,
) -> int:
    """Serve the page until a signal comes; the exit code.

    `named` is the address under which other machines reach this one; None serves this machine only.
    `port` 0 takes any free port. `opens` opens a browser. Raises UsageError, LivecamError.
    """
    require_extra(", or name one file to look at it in the terminal")
    from livecam.page.server import Door, application

    listening, place, names = listen(named, port)
    undo_stack, owner, guests = UndoStack(), Door(), Door(changes="")
    doors = [owner] if named is None else [owner, guests]
    temporary = tempfile.TemporaryDirectory(prefix="livecam-", ignore_cleanup_errors=True)
    looking = Looking(index, views)
    app = application(index, views, undo_stack, gains, looking, doors, names, Path(temporary.name))
    address = place + owner.entrance
    ending = threading.Event()
    refreshing = threading.Thread(target=_keep_looking, args=(index, ending), name="look")

    server = server_of(app)
    door = None
    # Before the address is printed: from then on, any signal leads to the cleanup below.
    with _ended_by_signals(server) as ended:
        print(f"{visible(str(index.folder))} is at {address}", flush=True)
        print("Ctrl-C ends it", flush=True)
        if named is not None:
            _show_code(place + guests.entrance)
        elif opens:
            door = open_browser(address)
        refreshing.start()
        try:
            server.run(sockets=[listening])
        finally:
            ending.set()
            looking.stop()
            views.close()
            looking.join()
            refreshing.join()
            if gains is not None:
                gains.close()
            undo_stack.close()
            listening.close()
            temporary.cleanup()
            if door is not None:
                door.unlink(missing_ok=True)
    return int(ended.code)


def require_extra(instead: str = "") -> None:
    """Raise LivecamError if the extra that serves pages is missing: now, not halfway.

    `instead` is what else the user could do.
    """
    try:
        import segno  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as err:
        raise LivecamError(
            f"the page needs the extra 'review' ({err.name} is missing)",
            install("review") + instead,
        ) from err


def listen(named: str | None, port: int) -> tuple[socket.socket, str, frozenset[str]]:
    """Listen on an address of this machine, or on loopback; port 0 takes any that is free.

    Returns the socket, the first part of its addresses, and the Host headers that are accepted.
    Raises UsageError, LivecamError.
    """
    host = (named or LOOPBACK).lower()
    if host in EVERYWHERE:
        raise UsageError(
            f"{host} is no address that other machines can reach", "name one of your own"
        )
    try:
        listening = socket.create_server((host, port), family=_family(host))
    except OSError as err:
        raise LivecamError(f"cannot listen on {host}:{port}: {err.strerror}") from err
    port = listening.getsockname()[1]
    return listening, f"http://{_bracketed(host)}:{port}", _names(host, port)


def server_of(app: Any) -> Any:
    """A uvicorn server that leaves signals to its caller; `run` it, and set `should_exit`."""
    import uvicorn

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Leave signals alone: uvicorn would raise them again and skip what follows."""
            yield

    return Server(
        uvicorn.Config(
            app, log_level="error", access_log=False, lifespan="off", ws="none",
            server_header=False, timeout_graceful_shutdown=2,
        )
    )  # fmt: skip


def _keep_looking(index: Index, ending: threading.Event) -> None:
    """Search the folder for changes again and again, with pauses that spare the disk."""
    while not ending.is_set():
        begin = time.monotonic()
        try:
            index.refresh(ending.is_set)
        except Exception as err:  # noqa: BLE001 - it would end the thread: report it
            index.problems.append(f"livecam broke down while it looked for moments: {err!r}")
        ending.wait(max(LOOK_EVERY_S, LOOK_SHARE * (time.monotonic() - begin)))


@contextlib.contextmanager
def _ended_by_signals(server: Any) -> Iterator[_Ended]:
    """Let signals end the server, so that the cleanup after it runs."""
    ended, before = _Ended(), {}

    def end(number: int, _: object) -> None:
        ended.code = CODES[signal.Signals(number).name]
        server.should_exit = True

    for name in CODES:
        number = getattr(signal, name, None)  # Windows has not all of them
        if number is not None:
            before[number] = signal.signal(number, end)
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class _Ended:
    """The exit code of the signal that ended the server."""

    code: ExitCode = ExitCode.OK


def _names(host: str, port: int) -> frozenset[str]:
    """The values of the Host header that are accepted."""
    local = (LOOPBACK, "::1", "localhost")
    hosts = {host, *(local if host in local else ())}
    names = {f"{_bracketed(name)}:{port}" for name in hosts}
    return frozenset(names | ({_bracketed(name) for name in hosts} if port == HTTP_PORT else set()))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _show_code(address: str) -> None:
    """Print a QR code for a phone; only if the user asked for an address of the network."""
    import segno

    print(f"guests may look, play and download at {address}", flush=True)
    segno.make(address, error="l").terminal(compact=True)
    print("whoever has the first address may change everything: it is the owner's", flush=True)


def open_browser(address: str) -> Path | None:
    """Open the page in a browser; None if there is none (the address was printed).

    The browser gets a file that only this user may read, and that redirects to the page: everybody
    on the machine can see the arguments of programs. Returns that file; the caller deletes it.
    """
    import webbrowser

    # Text browsers would take over the terminal.
    with contextlib.suppress(webbrowser.Error, OSError):
        browser = webbrowser.get()
        is_text = isinstance(browser, webbrowser.GenericBrowser)
        if not is_text or isinstance(browser, webbrowser.BackgroundBrowser):
            door = default_folder() / f"open-{secrets.token_hex(8)}.html"
            with own.make_file(door) as file:
                file.write(DOOR.format(address=address).encode())
            opening = threading.Thread(target=browser.open, args=(door.as_uri(),), daemon=True)
            opening.start()
            return door
    return None
