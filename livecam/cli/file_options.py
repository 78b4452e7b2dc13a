"""The options of `pick` and `export`, which work on files that exist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecam.cli.values import add_model, add_retouch, count, frame_count, port, seconds
from livecam.contract import EXPORTS
from livecam.errors import UsageError

if TYPE_CHECKING:
    import argparse


def add_pick(commands: Any) -> None:
    """`livecam pick`."""
    pick = commands.add_parser(
        "pick",
        help="find the best frame of Live Photos, Motion Photos, movies or pictures that exist",
        description="Scores the frames of each input and picks the best. Without --out nothing is "
        "written; the input is never changed.",
        epilog="exit codes: 0 all inputs were used, with or without a face; 1 some were not; "
        "2 wrong usage; 4 none was.",
        allow_abbrev=False,
    )
    pick.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="a Live Photo (either half), a Motion Photo, a movie, pictures, or a folder; loose "
        "pictures named together, or lying in one folder, are one set",
    )
    pick.add_argument(
        "--frames",
        type=frame_count,
        metavar="N",
        help="look at N evenly spaced frames, or at 'all' (default: all of a movie of up to 5 s, "
        "of a longer one some and then all around the best)",
    )
    pick.add_argument(
        "--at", type=seconds, metavar="SECONDS", help="choose by hand: the nearest frame"
    )
    pick.add_argument(
        "--out", type=Path, metavar="DIR", help="write the best frame as a picture into DIR"
    )
    pick.add_argument(
        "--rekey",
        action="store_true",
        help="write a new Live Photo or Motion Photo with the choice as its key photo instead",
    )
    pick.add_argument(
        "--explain", action="store_true", help="say in a sentence why each frame is best or not"
    )
    add_retouch(pick)
    pick.add_argument("--show", action="store_true", help="draw the frames in the terminal")
    pick.add_argument(
        "--sheet",
        type=Path,
        metavar="FILE",
        help="draw them as one picture; of many inputs, with --report, the fifty that would gain "
        "most",
    )
    pick.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="add a JSON line an input to FILE; what it holds already is not done again",
    )
    pick.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="work on a Dask cluster whose workers see the same files (extra 'cluster')",
    )
    pick.add_argument("--jobs", type=count, metavar="N", help="inputs at a time (one a core)")
    pick.add_argument("--json", action="store_true", help="print one JSON event an input")
    add_model(pick)
    pick.set_defaults(run=run_pick)


def add_export(commands: Any) -> None:
    """`livecam export`."""
    export = commands.add_parser(
        "export",
        help="make a still, a clip, an effect or the other format of moments that exist",
        description="Makes new files of each Live Photo, Motion Photo or movie; the input is never "
        "changed. The effects are Live Photos that Apple's Photos knows as Loop, Bounce and Long "
        "Exposure.",
        epilog="exit codes: 0 all inputs were used; 1 some were not; 2 wrong usage; 4 none was.",
        allow_abbrev=False,
    )
    export.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files or folders")
    export.add_argument("--to", choices=EXPORTS, help="what to make")
    export.add_argument(
        "--pair",
        nargs=2,
        type=Path,
        metavar=("PHOTO", "MOVIE"),
        help="two files that go together, though they do not say so: makes a Live Photo of them, "
        "or what --to says",
    )
    export.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to save")
    export.add_argument("--jobs", type=count, metavar="N", help="inputs at a time (one a core)")
    export.add_argument("--json", action="store_true", help="print one JSON event an input")
    export.set_defaults(run=run_export)


def add_review(commands: Any) -> None:
    """`livecam review`."""
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
        "--port", type=port, default=0, metavar="N", help="of the page (any free one)"
    )
    review.add_argument(
        "--host", metavar="ADDRESS",
        help="serve other machines too, by this address of yours: whoever has the printed address "
        "sees the folder, and may change it",
    )  # fmt: skip
    review.add_argument("--no-open", action="store_true", help="do not open the browser")
    add_model(review)
    review.set_defaults(run=run_review)


def check_pick(args: argparse.Namespace) -> None:
    """Raise UsageError for options that exclude each other."""
    if args.rekey and args.out is None:
        raise UsageError("--rekey writes a new pair", "say where with --out DIR")
    if args.enhance and args.out is None:
        raise UsageError("--enhance makes a better picture", "say where with --out DIR")
    if args.best_take and args.out is None:
        raise UsageError("--best-take composes a picture", "say where with --out DIR")
    if args.at is not None and args.at < 0:
        raise UsageError("--at counts seconds from the start of the movie")
    if args.dask is not None and (args.show or (args.sheet and args.report is None)):
        raise UsageError("--show and --sheet need the pictures here", "leave out --dask")
    if args.json and args.show:
        raise UsageError("--json and --show exclude each other")


def check_export(args: argparse.Namespace) -> None:
    """Raise UsageError for what is missing, or too much."""
    if args.pair is not None and args.paths:
        raise UsageError("--pair names both files; no others can be named with it")
    if args.pair is not None:
        args.to = args.to or "live-photo"
    elif not args.paths:
        raise UsageError("name what to export from: files or folders")
    elif args.to is None:
        raise UsageError("say what to make with --to", f"one of: {', '.join(EXPORTS)}")


def run_pick(args: argparse.Namespace) -> int:
    """`livecam pick`."""
    from livecam.cli.pick import run

    return run(args)


def run_export(args: argparse.Namespace) -> int:
    """`livecam export`."""
    from livecam.cli.export import run

    return run(args)


def run_review(args: argparse.Namespace) -> int:
    """`livecam review`."""
    from livecam.cli.review import run

    return run(args)
