"""Reads untrusted files: only regular ones, piece by piece, and never past their end.

No memory map: if another program shortened the file, livecam would be killed (SIGBUS).
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, TypeVar, overload

from livecam.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Facts = TypeVar("Facts")

BUFFER_BYTES = 16_384
"""What is read lies close together, except for jumps from one box to the next."""
SMALL_BYTES = 1 << 18
"""Files up to this size are read at once: access is then ten times as fast."""


class FileBytes:
    """A file that can be indexed and sliced like bytes. Large files are read only where needed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        self._whole = b""
        if self._size <= SMALL_BYTES:
            file.seek(0)
            self._whole = file.read(self._size)

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> int: ...

    @overload
    def __getitem__(self, at: slice) -> bytes: ...

    def __getitem__(self, at: int | slice) -> int | bytes:
        """The bytes of a slice, or one byte as an int. Raises IndexError for an index past the end.

        Raises InputError where the file has become shorter than it was.
        """
        if isinstance(at, int):
            at = range(self._size)[at]
            return self[at : at + 1][0]
        start, stop, _ = at.indices(self._size)
        size = max(0, stop - start)
        if self._whole:
            found = self._whole[start:stop]
        else:
            self._file.seek(start)
            found = self._file.read(size)
        if len(found) < size:
            raise InputError("it was cut short while it was read")
        return found


Data: TypeAlias = bytes | bytearray | FileBytes
"""What formats are read from: bytes, or a file that is sliced like bytes."""


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read it. Raises OSError, and InputError for a pipe, a folder or a device."""
    # Opening a pipe would otherwise wait for somebody to write into it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError("it is not a regular file")
    return os.fdopen(descriptor, "rb", BUFFER_BYTES)


def read_file(path: Path, read: Callable[[Data], Facts]) -> Facts:
    """What `read` finds in a file. Raises InputError, which then names the file."""
    try:
        with open_regular(path) as file:
            data = FileBytes(file)
            if len(data) == 0:
                raise InputError("the file is empty")
            return read(data)
    except (OSError, ValueError) as err:
        reason = getattr(err, "strerror", None) or err
        raise InputError(f"cannot read {path.name}: {reason}") from err
    except InputError as err:
        raise InputError(f"{path.name}: {err.message}", err.hint) from err


def read_whole(path: Path, most: int | None = None) -> bytes:
    """All of a file. Raises OSError, and InputError for more than `most` bytes."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if most is not None and size > most:
            raise InputError(f"its {size / 1e6:.0f} million bytes are too many")
        return file.read()
