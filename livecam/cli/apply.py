"""`livecam apply`: do what a report of `livecam pick` says, or take it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecam import contract
from livecam.errors import ExitCode, UsageError
from livecam.limits import FILES_ONLY, check_limits
from livecam.text import visible

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from livecam.library.applying import Applied


def add(commands: Any) -> None:
    """Add the command: its name, options and help."""
    apply = commands.add_parser(
        "apply",
        help="give Live and Motion Photos the better key photos that a report names",
        description="Reads what `livecam pick --report FILE` has found. The new pair or Motion "
        "Photo lies beside the old one, which is not touched; --undo takes all of it back. As with "
        "`pick --rekey`, faces of the movie come into the photo where that is enough.",
        epilog="exit codes: 0 all was done; 1 some was not; 2 wrong usage; 4 there is no report.",
    )
    apply.add_argument("report", type=Path, metavar="FILE", help="the report")
    apply.add_argument(
        "--only", nargs="+", default=[], metavar="PHOTO", help="only these, by name or path"
    )
    apply.add_argument(
        "--in-place", action="store_true",
        help="give the new files the old ones' names, and put the old ones into the trash",
    )  # fmt: skip
    apply.add_argument(
        "--ratings", action="store_true",
        help="change no photo, but write each one's score as 2 to 5 stars into an XMP file beside "
        "it, where there is none",
    )  # fmt: skip
    apply.add_argument("--undo", action="store_true", help="undo what was applied from FILE")
    apply.add_argument(
        "--dry-run", action="store_true", help="say what would change, and change nothing"
    )
    apply.add_argument("--json", action="store_true", help="print one JSON event per input")
    apply.set_defaults(run=run, check=check)


def check(args: argparse.Namespace) -> None:
    """Raise UsageError for options that exclude each other."""
    if args.undo and (args.only or args.in_place or args.dry_run or args.ratings):
        raise UsageError("--undo takes all of it back", "leave out everything else")
    if args.ratings and args.in_place:
        raise UsageError("--ratings changes no photo", "leave out --in-place")


def run(args: argparse.Namespace) -> int:
    """Apply the report, or undo it; 1 if something could not be done."""
    check_limits(FILES_ONLY)
    from livecam.ui import native_output

    if args.dry_run:
        return _say_what_would_change(args)
    done = failed = 0
    with native_output.redirected(None):
        for one in _done(args):
            _tell(one, as_json=args.json, is_undo=args.undo)
            failed += one.error is not None
            done += one.error is None and (args.undo or bool(one.outputs))
    if not args.json:
        what = "rated" if args.ratings else "with a new key photo"
        print(f"{done} {'as before' if args.undo else what}")
    return int(ExitCode.FAILURE if failed else ExitCode.OK)


def _done(args: argparse.Namespace) -> Iterator[Applied]:
    from livecam.library.applying import apply_all, rate_all, undo_all, wishes

    if args.undo:
        return undo_all(args.report)
    if args.ratings:
        return rate_all(args.report, args.only)
    wanted = wishes(args.report, args.only)
    return apply_all(wanted, args.report, in_place=args.in_place, given_up=lambda: False)


def _say_what_would_change(args: argparse.Namespace) -> int:
    from livecam.library.applying import rated, wishes
    from livecam.library.ratings import stars

    if args.ratings:
        lines = [
            f"{visible(str(photo))}: {stars(score)} stars, {score:.2f}"
            for _, photo, score in rated(args.report, args.only)
        ]
    else:
        lines = [
            f"{visible(str(wish.source.file))}: the frame at {wish.time_s:.3f} s, +{wish.gain:.2f}"
            for wish in wishes(args.report, args.only)
        ]
    print(*lines, f"{len(lines)} would change", sep="\n")
    return int(ExitCode.OK)


def _tell(one: Applied, *, as_json: bool, is_undo: bool) -> None:
    file = str(one.source.file)
    if one.error is not None:
        error = contract.PickError(
            file, one.error.message, int(one.error.exit_code), one.error.hint
        )
        print(error.to_json() if as_json else f"{visible(file)}: {visible(str(one.error))}")
        return
    if as_json:
        outputs = tuple(map(str, one.outputs))
        print(contract.Applied(file, outputs, one.note, is_undo).to_json(), flush=True)
        return
    for output in one.outputs:
        print(f"saved {visible(str(output))}")
    if is_undo:
        print(f"{visible(file)} is as it was")
    if one.note:
        print(f"  {visible(one.note)}")
