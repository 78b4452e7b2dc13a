"""`livecam export`: something else made of moments that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livecam import contract
from livecam.cli.reporter import Reporter, jobs_for, peeked
from livecam.errors import InputError, UsageError
from livecam.library.exporting import Export, export_all
from livecam.photos.inputs import Input, Problem, discover
from livecam.photos.pairs import MOVIES, STILLS
from livecam.text import visible
from livecam.ui import native_output

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from livecam.photos.inputs import Remark


def run(args: argparse.Namespace) -> int:
    """Export from everything that was named; the exit code."""
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
    """Two files that a person says belong together, in either order. Raises UsageError."""
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
    return (one for one in found if not (isinstance(one, Input) and one.kind == "pictures"))


def _tell(made: Export, target: str, told: Reporter) -> None:
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
