"""Files that appear whole or not at all, under names that nobody has used."""

from __future__ import annotations

import contextlib
import errno
import glob
import itertools
import os
import uuid
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Self

from livecam.disk.claim import Claim, taken_over
from livecam.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

PREFIX = "livecam"
MAX_TRIES = 10_000
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)
"""How file systems that know no hard links (exFAT, some network folders) refuse one."""


_UMASK = os.umask(0o077)
"""What the user keeps from others. It can only be read by setting it: here, where no other thread
makes files yet."""
os.umask(_UMASK)


def check_folder(folder: Path) -> None:
    """Make the folder, and make sure that it can be written. Raises OutputError."""
    # A name of its own: several threads, or machines that share the folder, may look at once.
    probe = folder / f".{PREFIX}-{uuid.uuid4().hex}.probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as err:
        raise OutputError(
            f"cannot write to {folder}: {err.strerror}", "choose another folder with --out DIR"
        ) from err


def name_at(when: datetime) -> str:
    """What files are called that belong to an instant, to the millisecond, in UTC."""
    at = when.astimezone(UTC)
    return f"{PREFIX}-{at:%Y%m%d-%H%M%S}-{at.microsecond // 1000:03}Z"


def complete_or_withdraw(folder: Path) -> None:
    """End what runs that were killed left half published.

    All files of a bundle are on disk before the first gets its name: so where one has it, the
    others get theirs; where none has, they may not be whole, and go.
    """
    for lock in sorted(folder.glob(f".{PREFIX}-*.lock")):
        with taken_over(lock) as is_ours:
            if not is_ours:
                continue
            name = lock.name.removeprefix(".").removesuffix(".lock")
            parts = sorted(folder.glob(f".{glob.escape(name)}.*.part"))
            is_begun = any(folder.glob(f"{glob.escape(name)}.*"))
            for part in parts:
                final = folder / part.name.removeprefix(".").removesuffix(".part")
                with contextlib.suppress(FileExistsError):
                    if is_begun:
                        rename_new(part, final)
                part.unlink(missing_ok=True)


@dataclass
class Bundle:
    """A set of files that come into being together.

    Each is first written under a hidden name in the same folder. `publish` then gives them their
    names. Left without `publish`, or failing on the way,
    nothing stays behind.
    """

    folder: Path
    name: str
    """What the files share; sorts by time."""
    _hidden: dict[Path, Path | None] = field(default_factory=dict)  # hidden to final
    _claim: Claim | None = None

    @classmethod
    def at(cls, folder: Path, when: datetime) -> Bundle:
        """Reserve a name made of the time in UTC, to the millisecond. Raises OutputError.

        UTC, because local time runs twice through an hour in autumn, and names must sort by time.
        A millisecond that is taken gives way to the next.
        """
        times = (when + timedelta(milliseconds=number) for number in range(MAX_TRIES))
        return cls._reserve(folder, (name_at(at) for at in times))

    @classmethod
    def named(cls, folder: Path, name: str) -> Bundle:
        """Reserve a name, or where it is taken the same with a number. Raises OutputError."""
        numbered = (f"{name}-{number}" for number in range(2, MAX_TRIES))
        return cls._reserve(folder, itertools.chain([name], numbered))

    @classmethod
    def _reserve(cls, folder: Path, names: Iterable[str]) -> Bundle:
        """The first of these names that no file has, nor anyone else at work."""
        for name in names:
            try:
                claim = Claim.take(folder / f".{name}.lock")
            except FileExistsError:
                continue
            except OSError as err:
                raise write_error(folder, err) from err
            if not any(folder.glob(f"{glob.escape(name)}.*")):
                return cls(folder, name, _claim=claim)
            claim.release()
        raise OutputError(f"there is no free name in {folder}")

    def path(self, suffix: str) -> Path:
        """The final path of one of the files."""
        return self.folder / f"{self.name}{suffix}"

    def hidden(self, suffix: str, *, publish: bool = True) -> Path:
        """Where to write the file that is to end in `suffix`, if it is to be published at all.

        The file is there, empty, and nobody else may read it. Raises OutputError.
        """
        try:
            hidden = private(self.folder / f".{self.name}{suffix}.part")
        except OSError as err:
            raise write_error(self.folder, err) from err
        self._hidden[hidden] = self.path(suffix) if publish else None
        return hidden

    def publish(self, order: Sequence[str]) -> None:
        """Give the files their names, in the order of these suffixes.

        Raises OutputError, and then none of them is there.
        """
        ranks = {self.path(suffix): rank for rank, suffix in enumerate(order)}
        named = [(hidden, final) for hidden, final in self._hidden.items() if final is not None]
        named.sort(key=lambda pair: ranks[pair[1]])
        born: list[Path] = []
        try:
            for hidden, _ in named:
                flush(hidden)
            for hidden, final in named:
                rename_new(hidden, final)
                born.append(final)
        except OSError as err:
            for path in born:
                path.unlink(missing_ok=True)
            raise write_error(self.folder, err) from err
        _flush_folder(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A disk that cannot be written any more keeps them; why is what was raised already.
        with contextlib.suppress(OSError):
            for hidden in self._hidden:
                hidden.unlink(missing_ok=True)
            if self._claim is not None:
                self._claim.release()


def write_file(path: Path, data: bytes) -> None:
    """Write a single file, whole or not at all, and never over another. Raises OutputError."""
    hidden = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        private(hidden).write_bytes(data)
        flush(hidden)
        rename_new(hidden, path)
    except OSError as err:
        raise OutputError(f"cannot write {path}: {err.strerror}", "name another file") from err
    finally:
        hidden.unlink(missing_ok=True)


def private(path: Path) -> Path:
    """Make a file that nobody else may read, whatever its folder allows. Raises OSError."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    return path


def rename_new(hidden: Path, final: Path) -> None:
    """Rename without ever replacing a file; others may read it as they may what the user makes.

    Raises OSError.
    """
    with contextlib.suppress(OSError):  # FAT and the like keep no rights of a file's own
        hidden.chmod(0o666 & ~_UMASK)
    if os.name == "nt":
        hidden.rename(final)  # fails there if the target exists
        return
    try:
        os.link(hidden, final)  # fails if the target exists; rename would replace it
    except OSError as err:
        if err.errno not in NO_LINKS:
            raise
        # The lock keeps other livecams off the name.
        if final.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final)) from None
        hidden.rename(final)
    else:
        hidden.unlink()


def flush(path: Path) -> None:
    """Make a file survive a power cut. Raises OSError."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the new names themselves survive a power cut, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # not every file system can
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_error(folder: Path, err: OSError) -> OutputError:
    """What went wrong while writing to a folder, in a user's words."""
    hint = (
        "free some space" if err.errno == errno.ENOSPC else "choose another folder with --out DIR"
    )
    return OutputError(f"cannot write to {folder}: {err.strerror or err}", hint)
