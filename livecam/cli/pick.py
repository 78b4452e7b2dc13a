"""`livecam pick`: the best frame of files that already exist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecam.cli.values import add_model, add_retouch, count, frame_count, seconds, share
from livecam.errors import UsageError
from livecam.limits import check_limits

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add the command: its name, options and help."""
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
        help="look at N evenly spaced frames, or at 'all' (default: at some, and then at all "
        "around the best; at every frame of a movie of up to 5 s in which nobody is)",
    )
    pick.add_argument(
        "--min-gain",
        type=share,
        metavar="SCORE",
        help="keep the photo of a Live or Motion Photo unless a frame scores SCORE more (0.2) "
        "and shows somebody well whose eyes are shut in the photo, or who is turned away, blurred "
        "or missing there",
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
    pick.add_argument(
        "--dry-run", action="store_true", help="say what would change, and write no picture"
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
        help="append one JSON line per input to FILE; inputs already in FILE are skipped",
    )
    pick.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="work on a Dask cluster whose workers see the same files (extra 'cluster')",
    )
    pick.add_argument(
        "--jobs", type=count, metavar="N", help="inputs at a time (default: one per core)"
    )
    pick.add_argument("--json", action="store_true", help="print one JSON event per input")
    add_model(pick)
    pick.set_defaults(run=run, check=check)


def check(args: argparse.Namespace) -> None:
    """Raise UsageError for options that exclude each other."""
    is_written = args.out is not None or args.dry_run
    if args.rekey and not is_written:
        raise UsageError("--rekey writes a new pair", "say where with --out DIR")
    if args.enhance and not is_written:
        raise UsageError("--enhance makes a better picture", "say where with --out DIR")
    if args.best_take and not is_written:
        raise UsageError("--best-take composes a picture", "say where with --out DIR")
    if args.at is not None and args.at < 0:
        raise UsageError("--at counts seconds from the start of the movie")
    if args.dask is not None and (args.show or (args.sheet and args.report is None)):
        raise UsageError("--show and --sheet need the pictures here", "leave out --dask")
    if args.json and args.show:
        raise UsageError("--json and --show exclude each other")


def run(args: argparse.Namespace) -> int:
    """Pick from everything that was named; the exit code."""
    check_limits()
    from livecam.cli.pick_reporter import run_picking

    return run_picking(args)
