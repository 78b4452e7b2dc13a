"""`livecam review`: look through moments and choose other key photos."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import socket
import threading
from typing import TYPE_CHECKING

from livecam.errors import InputError, LivecamError, UsageError
from livecam.quality.model import FaceModel
from livecam.review.cache import Cache, default_folder
from livecam.review.desk import Desk
from livecam.review.library import Library
from livecam.review.views import Views
from livecam.text import visible
from livecam.ui import native_output

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

LOOPBACK = "127.0.0.1"
EXTRA = "pip install 'livecam[review]'"


def run(args: argparse.Namespace) -> int:
    """Look through one file in the terminal, or a folder in a browser; the exit code."""
    path: Path = args.path
    if not path.exists():
        raise InputError(f"there is no {path}")
    model = FaceModel(args.model, args.face_runtime)
    if not path.is_dir():
        if args.static is not None:
            raise UsageError("--static is for a folder")
        from livecam.ui.review import run as look

        return look(path, model)
    with native_output.redirected(None) as errors, _opened(path, model) as (library, views):
        if args.static is not None:
            from livecam.review.static import write

            def say(text: str) -> None:
                print(f"livecam: {visible(text)}", file=errors)

            library.refresh()
            count = write(library, views, args.static, say)
            print(f"{count} moments are in {args.static}; open {args.static / 'index.html'}")
            return 0
        return _serve(args, library, views)


@contextlib.contextmanager
def _opened(folder: Path, model: FaceModel) -> Iterator[tuple[Library, Views]]:
    kept = default_folder()
    try:
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = hashlib.blake2b(str(folder.resolve()).encode(errors="surrogateescape"))
        library = Library(folder, kept / f"{name.hexdigest()[:32]}.sqlite")
    except OSError as err:
        raise LivecamError(f"the cache in {kept} cannot be used: {err.strerror}") from err
    views = Views(Cache(kept / "files"), model)
    try:
        yield library, views
    finally:
        views.close()


def _serve(args: argparse.Namespace, library: Library, views: Views) -> int:
    try:
        import segno  # noqa: F401 - so that it is missed now, not halfway
        import uvicorn

        from livecam.review.server import application
    except ImportError as err:
        raise LivecamError(
            f"the page needs the extra 'review' ({err.name} is missing)",
            f"{EXTRA}, or name one file to look at it in the terminal",
        ) from err
    host: str = args.host or LOOPBACK
    try:
        listening = socket.create_server((host, args.port), family=_family(host))
    except OSError as err:
        raise LivecamError(f"cannot listen on {host}:{args.port}: {err.strerror}") from err
    port = listening.getsockname()[1]
    names = {host, *(["localhost", "[::1]"] if host in (LOOPBACK, "::1", "localhost") else [])}
    token = secrets.token_urlsafe(24)
    desk = Desk()
    app = application(library, views, desk, token, frozenset(f"{n}:{port}" for n in names))
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/?token={token}"
    ending = threading.Event()
    looking = threading.Thread(target=library.refresh, args=(ending.is_set,), name="look")
    server = uvicorn.Server(
        uvicorn.Config(
            app, log_level="error", access_log=False, lifespan="off", ws="none",
            server_header=False, timeout_graceful_shutdown=2,
        )
    )  # fmt: skip
    print(f"{visible(str(library.folder))} is at {address}", flush=True)
    print("Ctrl-C ends it", flush=True)
    if args.host is not None:
        _show_code(address)
    elif not args.no_open:
        _open_browser(address)
    looking.start()
    try:
        server.run(sockets=[listening])
    finally:
        ending.set()
        looking.join()
        desk.close()
        listening.close()
    return 0


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _show_code(address: str) -> None:
    """A QR code for a phone; only where the user binds to an address of the network on purpose."""
    import segno

    segno.make(address, error="l").terminal(compact=True)
    print("whoever has this address sees the folder, and may change it", flush=True)


def _open_browser(address: str) -> None:
    """Show the page; where there is no browser, the address was printed."""
    import webbrowser

    # Text browsers would take over the terminal.
    with contextlib.suppress(webbrowser.Error):
        browser = webbrowser.get()
        if not isinstance(browser, webbrowser.GenericBrowser) or isinstance(
            browser, webbrowser.BackgroundBrowser
        ):
            threading.Thread(target=browser.open, args=(address,), daemon=True).start()
