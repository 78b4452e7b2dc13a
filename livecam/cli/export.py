"""`livecam export`: something else made of moments that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livecam import contract
from livecam.edit.export import export
from livecam.edit.files import NewFiles, write_new
from livecam.errors import ExitCode, InputError, LivecamError
from livecam.media.publish import check_folder
from livecam.photos.inputs import Input, find_inputs
from livecam.photos.pick import open_movie
from livecam.text import visible
from livecam.ui import native_output

if TYPE_CHECKING:
    import argparse
    from pathlib import Path
    from typing import TextIO


def run(args: argparse.Namespace) -> int:
    """Export from everything that was named; the exit code."""
    found = find_inputs(args.paths)
    inputs = [source for source in found.inputs if source.kind != "pictures"]
    if not inputs and not found.errors:
        raise InputError("there is no moment here", "name Live Photos, Motion Photos or movies")
    check_folder(args.out)
    with native_output.redirected(None) as errors:
        failed = 0
        for path, error in found.errors:
            failed += 1
            _fail(str(path), error, errors, as_json=args.json)
        codes = set()
        for source in inputs:
            try:
                made, outputs = _export(source, args.to, args.out)
            except LivecamError as err:
                failed += 1
                codes.add(err.exit_code)
                _fail(str(source.file), err, errors, as_json=args.json)
                continue
            _tell(source, args.to, made, outputs, as_json=args.json)
    if failed < len(inputs) + len(found.errors):
        return int(ExitCode.FAILURE if failed else ExitCode.OK)
    return int(ExitCode.NO_INPUT if codes <= {ExitCode.NO_INPUT} else max(codes))


def _export(source: Input, target: str, out: Path) -> tuple[NewFiles, tuple[Path, ...]]:
    try:
        with open_movie(source) as movie:
            made = export(source, movie, target)
    except OSError as err:
        raise InputError(f"{source.file.name} cannot be read: {err.strerror}") from err
    except LivecamError as err:
        if not isinstance(err, InputError):
            raise
        name = source.file.name
        message = err.message if name in err.message else f"{name}: {err.message}"
        raise InputError(message, err.hint) from err
    except Exception as err:  # one file's fault must not stop the others
        raise LivecamError(f"{source.file.name}: livecam broke down: {err!r}") from err
    stem = source.file.stem.removesuffix(".MP")
    # The ending says what a GIF is; everything else shares its endings with other exports.
    name = stem if f".{target}" in made.content else f"{stem}_{target}"
    return made, write_new(made, out / source.below, name)


def _tell(
    source: Input, target: str, made: NewFiles, outputs: tuple[Path, ...], *, as_json: bool
) -> None:
    if as_json:
        file = str(source.file.resolve())
        event = contract.Exported(file, target, tuple(map(str, outputs)), made.note)
        print(event.to_json(), flush=True)
        return
    for path in outputs:
        print(f"saved {visible(str(path))}")
    if made.note:
        print(f"  {visible(made.note)}")


def _fail(file: str, error: LivecamError, errors: TextIO, *, as_json: bool) -> None:
    if as_json:
        event = contract.PickError(file, error.message, int(error.exit_code), error.hint)
        print(event.to_json(), flush=True)
    else:
        print(f"livecam: {visible(str(error))}", file=errors)
