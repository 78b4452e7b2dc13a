"""Reads files through a memory map: only the pages that are looked at are fetched."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, TypeVar

from livecam.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livecam.media.boxes import Data

    Facts = TypeVar("Facts")


def read_mapped(path: Path, read: Callable[[Data], Facts]) -> Facts:
    """What `read` finds in a file. Raises InputError, which then names the file."""
    try:
        with path.open("rb") as file:
            if path.stat().st_size == 0:
                raise InputError("the file is empty")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return read(data)
    except (OSError, ValueError) as err:
        reason = getattr(err, "strerror", None) or err
        raise InputError(f"cannot read {path.name}: {reason}") from err
    except InputError as err:
        raise InputError(f"{path.name}: {err.message}", err.hint) from err
