"""One run of `livecam export`: many inputs, each made into something else and stored."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from livecam.disk.new_files import NewFiles, write_new
from livecam.disk.publish import check_folder
from livecam.edit.export import export
from livecam.errors import InputError, LivecamError
from livecam.formats.boxes import find_box
from livecam.formats.exif import image_id
from livecam.formats.files import read_file, read_whole
from livecam.formats.still import exif_of, read_still
from livecam.library.batch import in_order
from livecam.library.picking import Made
from livecam.photos.archives import is_archive, unpacked
from livecam.photos.inputs import Input, Problem, Remark
from livecam.photos.pairs import MOVIES, STILLS
from livecam.photos.pick import open_movie

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from livecam.formats.files import Data

_NAMESPACE = uuid.UUID("5d2f5f5e-9f0c-4a8e-8a56-0d9f7f0a3c11")
MOST_ANIMATION = 200_000_000
"""Most bytes of an animated picture that is searched for its mark."""
MOST_MOOV = 20_000_000


@dataclass(frozen=True)
class Export:
    """The result for one input: new files, an error, or nothing to do."""

    source: Input
    outputs: tuple[Path, ...] = ()
    note: str = ""
    error: LivecamError | None = None
    is_skipped: bool = False


def export_all(
    found: Iterable[Input | Problem | Remark], target: str, out: Path, jobs: int
) -> Iterator[Export | Problem | Remark]:
    """Export all inputs; yield results in order, with problems and remarks in their places.

    Raises OutputError if `out` cannot be written at all.
    """
    check_folder(out)
    made = Made()

    def work(one: Input | Problem | Remark) -> Export | Problem | Remark:
        return _outcome(one, target, out, made) if isinstance(one, Input) else one

    yield from in_order(found, work, jobs)


def _outcome(source: Input, target: str, out: Path, made: Made) -> Export:
    name = source.file.name
    try:
        identifier = _identifier(source, target)
        stem = source.file.stem.removesuffix(".MP")
        folder = (out / source.below).resolve()
        # GIF and WebP are told apart by suffix; other exports share suffixes, so add the target.
        new_name = stem if target in ("gif", "webp") else f"{stem}_{target}"
        before = [p for p in made.named(folder, new_name) if _is_marked(p, identifier)]
        if before:
            return Export(source, tuple(before), is_skipped=True)
        with unpacked(source) as own, open_movie(own) as movie:
            if is_archive(source) and target == "live-photo":
                files = NewFiles({p.suffix.upper(): p.read_bytes() for p in own.files[::-1]})
            else:
                files = export(own, movie, target, identifier)
        is_copy = target == "still" or is_archive(source)
        same = _same_content(files, made.named(folder, new_name)) if is_copy else None
        if same is not None:
            return Export(source, (same,), is_skipped=True)
        return Export(source, write_new(files, out / source.below, new_name), files.note)
    except OSError as err:
        return Export(source, error=InputError(f"{name} cannot be read: {err.strerror}"))
    except InputError as err:
        message = err.message if name in err.message else f"{name}: {err.message}"
        return Export(source, error=InputError(message, err.hint))
    except LivecamError as err:
        return Export(source, error=err)
    except Exception as err:  # noqa: BLE001 - one file's fault must not stop the others
        return Export(source, error=LivecamError(f"{name}: livecam broke down: {err!r}"))


def _identifier(source: Input, target: str) -> str:
    """The identifier of this export of this input, an upper-case UUID: the same in every run."""
    files = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in source.files]
    text = json.dumps([metadata.version("livecam"), target, files])
    return str(uuid.uuid5(_NAMESPACE, text)).upper()


def _is_marked(path: Path, identifier: str) -> bool:
    """Whether a file says that it was made under this identifier."""
    unique = identifier.replace("-", "").lower()
    suffix = path.suffix.lower()
    try:
        if suffix in STILLS:
            note = read_file(path, read_still).note
            if note is not None and note.identifier == identifier:
                return True
            block = read_file(path, exif_of)
            return block is not None and image_id(block) == unique
        if suffix in MOVIES:
            return identifier.encode() in read_file(path, _index)
        return unique.encode() in read_whole(path, MOST_ANIMATION)
    except (InputError, OSError):
        return False


def _index(data: Data) -> bytes:
    """The `moov` box, which holds a movie's metadata; empty if it is missing or too large."""
    moov = find_box(data, b"moov")
    if moov is None or moov.size > MOST_MOOV:
        return b""
    return bytes(data[moov.start : moov.end])


def _same_content(files: NewFiles, candidates: Iterable[Path]) -> Path | None:
    """A candidate with the same bytes: a camera's own photo carries no mark of an earlier run."""
    wanted = {content for content in files.content.values() if isinstance(content, bytes)}
    sizes = {len(content) for content in wanted}
    for path in candidates:
        if path.stat().st_size in sizes and path.read_bytes() in wanted:
            return path
    return None
