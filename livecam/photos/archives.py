"""Live Photos in an archive: `.livp`, a ZIP file of photo and movie, as Baidu's cloud makes it."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from livecam.errors import InputError
from livecam.photos.inputs import ARCHIVE, Input
from livecam.photos.pairs import MOVIES, STILLS

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_FILES, MOST_BYTES = 20, 500_000_000
"""Of an archive: two files of a few megabytes each is what they hold."""


def is_archive(source: Input) -> bool:
    """Whether photo and movie lie in one file."""
    return source.file.suffix.lower() == ARCHIVE


@contextmanager
def unpacked(source: Input) -> Iterator[Input]:
    """The input with photo and movie as files of a temporary folder, if it is an archive.

    Other inputs are given back as they are. Raises InputError.
    """
    if not is_archive(source):
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="livecam-") as folder:
        yield replace(source, files=_extracted(source.file, Path(folder)))


def _extracted(archive: Path, folder: Path) -> tuple[Path, Path]:
    """Photo and movie. Raises InputError."""
    try:
        with zipfile.ZipFile(archive) as files:
            content = [one for one in files.infolist() if not one.is_dir()]
            if len(content) > MOST_FILES or sum(one.file_size for one in content) > MOST_BYTES:
                raise InputError(f"{archive.name} holds more than a Live Photo")
            found = []
            for suffixes in (STILLS, MOVIES):
                fitting = [one for one in content if _suffix(one) in suffixes]
                if len(fitting) != 1:
                    raise InputError(f"{archive.name} does not hold one photo and one movie")
                path = folder / f"{archive.stem}{_suffix(fitting[0])}"
                path.write_bytes(files.read(fitting[0]))
                found.append(path)
            return found[0], found[1]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as err:
        raise InputError(f"{archive.name} cannot be unpacked: {err}") from err


def _suffix(one: zipfile.ZipInfo) -> str:
    return PurePosixPath(one.filename).suffix.lower()
