"""`livecam review`: look through moments and choose other key photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecam.cli.values import add_model, port
from livecam.errors import InputError, UsageError
from livecam.limits import check_limits
from livecam.text import counted, visible

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add the command: its name, options and help."""
    review = commands.add_parser(
        "review",
        help="look through moments, and choose other key photos",
        description="A folder is shown in your browser, by a server on this machine that nobody "
        "else can use (extra 'review'); a single moment in the terminal. A new key photo takes the "
        "place of the old one, which goes into the system's trash.",
        allow_abbrev=False,
    )
    review.add_argument(
        "path", nargs="?", type=Path, default=Path("recordings"), metavar="PATH",
        help="a folder, or one Live Photo, Motion Photo or movie (recordings)",
    )  # fmt: skip
    review.add_argument(
        "--static", type=Path, metavar="DIR",
        help="write the page as a new folder that opens from disk, to look at only",
    )  # fmt: skip
    review.add_argument(
        "--report", type=Path, metavar="FILE",
        help="what `livecam pick --report` has found in the folder: the page shows what would gain "
        "most, and what of it you choose is applied at once, and taken back at once",
    )  # fmt: skip
    review.add_argument(
        "--port", type=port, default=0, metavar="N", help="of the page (any free one)"
    )
    review.add_argument(
        "--host", metavar="ADDRESS",
        help="serve other machines too, by this address of yours: guests get an address of their "
        "own, by which they may look, play and download",
    )  # fmt: skip
    review.add_argument("--no-open", action="store_true", help="do not open the browser")
    add_model(review)
    review.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look through one file in the terminal, or a folder in a browser; the exit code."""
    check_limits()
    from livecam.faces.model import FaceModel
    from livecam.ui import native_output

    path: Path = args.path
    if not path.exists():
        raise InputError(f"there is no {path}")
    model = FaceModel(args.model, args.face_runtime)
    if not path.is_dir():
        if args.static is not None or args.report is not None:
            raise UsageError("--static and --report are for a folder")
        from livecam.ui.moment_view import run as look

        return look(path, model)
    if args.static is not None and args.report is not None:
        raise UsageError("--static writes a page to look at only", "leave out --report")
    from livecam.page.serving import opened, serve

    with native_output.redirected(None) as errors, opened(path, model) as (index, views):
        if args.static is None:
            from livecam.page.gains import Gains

            gains = Gains(args.report, index) if args.report is not None else None
            return serve(index, views, args.host, args.port, opens=not args.no_open, gains=gains)
        from livecam.page.static import write

        def say(text: str) -> None:
            print(f"livecam: {visible(text)}", file=errors)

        index.refresh()
        written = write(index, views, args.static, say)
        print(
            f"{args.static} holds {counted(written, 'moment')}; open {args.static / 'index.html'}"
        )
        return 0
