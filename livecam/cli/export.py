"""`livecam export`: makes other kinds of files from existing moments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecam import contract
from livecam.cli.values import count
from livecam.contract import EXPORTS
from livecam.errors import InputError, UsageError
from livecam.limits import FILES_ONLY, check_limits
from livecam.text import visible

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from livecam.cli.reporter import Reporter
    from livecam.library.exporting import Export
    from livecam.photos.inputs import Input, Problem, Remark


def add(commands: Any) -> None:
    """Add the command: its name, options and help."""
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
    export.add_argument(
        "--jobs", type=count, metavar="N", help="inputs at a time (default: one per core)"
    )
    export.add_argument("--json", action="store_true", help="print one JSON event per input")
    export.set_defaults(run=run, check=check)


def check(args: argparse.Namespace) -> None:
    """Raise UsageError for arguments that are missing, or too many."""
    if args.pair is not None and args.paths:
        raise UsageError("--pair names both files; no others can be named with it")
    if args.pair is not None:
        args.to = args.to or "live-photo"
    elif not args.paths:
        raise UsageError("name what to export from: files or folders")
    elif args.to is None:
        raise UsageError("say what to make with --to", f"one of: {', '.join(EXPORTS)}")


def run(args: argparse.Namespace) -> int:
    """Export from everything that was named; the exit code."""
    check_limits(FILES_ONLY)
    from livecam.cli.reporter import Reporter, jobs_for, peeked
    from livecam.library.exporting import Export, export_all
    from livecam.photos.inputs import discover
    from livecam.ui import native_output

    found = [_pair(*args.pair)] if args.pair else _moments(discover(args.paths))
    first, found = peeked(found)
    paths = args.pair or args.paths
    with native_output.redirected(None) as errors:
        told = Reporter("exporting", errors, paths, is_many=len(first) > 1, as_json=args.json)
        is_empty = True
        with told:
            for one in export_all(found, args.to, args.out, jobs_for(args.jobs, first)):
                is_empty = False
                if isinstance(one, Export):
                    _tell(one, args.to, told)
                else:
                    told.found(one)
        if is_empty:
            raise InputError("there is no moment here", "name Live Photos, Motion Photos or movies")
        if told.count > 1 and not args.json:
            told.print(told.summary("exported"))
    return int(told.exit_code())


def _pair(photo: Path, movie: Path) -> Input:
    """Two files that a person says belong together, in any order. Raises UsageError, InputError."""
    from livecam.photos.inputs import Input
    from livecam.photos.pairs import MOVIES, STILLS

    if photo.suffix.lower() in MOVIES:
        photo, movie = movie, photo
    if photo.suffix.lower() not in STILLS or movie.suffix.lower() not in MOVIES:
        raise UsageError("--pair takes a photo (JPEG, HEIC) and a movie (MOV, MP4)")
    for path in (photo, movie):
        if not path.is_file():
            raise InputError(f"there is no {path}")
    return Input("live-photo", (photo, movie))


def _moments(
    found: Iterable[Input | Problem | Remark],
) -> Iterator[Input | Problem | Remark]:
    return (one for one in found if getattr(one, "kind", "") != "pictures")


def _tell(made: Export, target: contract.Target, told: Reporter) -> None:
    source = made.source
    told.advance(len(source.files))
    if made.error is not None:
        told.fail(str(source.file), made.error)
        return
    told.done += not made.is_skipped
    told.skipped += made.is_skipped
    outputs = tuple(map(str, made.outputs))
    if told.as_json:
        file = str(source.file.resolve())
        event: contract.Event = (
            contract.Skipped(file, source.kind, outputs)
            if made.is_skipped
            else contract.Exported(file, target, outputs, made.note)
        )
        print(event.to_json(), flush=True)
        return
    for path in outputs:
        told.print(f"{'done before:' if made.is_skipped else 'saved'} {visible(path)}")
    if made.note:
        told.print(f"  {visible(made.note)}")
