"""Moments on disk as they came from the camera, while their files are still being made.

A run that is killed loses none of them: the next run in the same folder, or `livecam recover`,
finishes them. Each is a QuickTime movie, which players can open, and a JSON file with what a movie
cannot hold. The movie has the camera's own JPEGs (or JPEGs made of its frames) and uncompressed
sound.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

import av
import numpy as np

from livecam.capture.sound_ring import SoundClip
from livecam.capture.source import CameraMode
from livecam.disk import own
from livecam.disk.claim import Claim, hold
from livecam.disk.publish import rename_new, write_error
from livecam.errors import InputError, OutputError
from livecam.formats.jpeg import size_of
from livecam.formats.json_text import MOST_BYTES, parse_json
from livecam.frame import Frame, PixelFormat, Turn
from livecam.media.movie import write_motion_jpeg
from livecam.moment import Moment
from livecam.timebase import WallClock, to_ns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = ".livecam-unfinished"
"""In the folder of the results; readable by its owner only, since nobody has seen the moments yet.
If something else has that name, a number is appended."""
FOLDERS = re.compile(rf"{re.escape(FOLDER)}(-\d+)?")
RUN = re.compile(r"([0-9a-f]{32})(?:-(\d+)(?:-(\d+))?\.(?:mov|json|part)|\.lock)")
"""Our files in it: a run's claim (`.lock`), and its moments by number and version."""
JPEG_QUALITY = 95
"""Quality of the JPEGs that are made if the camera sends none."""
THREADS = 4
"""Threads that make them: more than small machines have cores, to get a share of a busy machine."""
VERSION = 1
LONGEST_NS = to_ns(120)
"""Longest moment that is read: `--before` and `--after` allow 30 s, but a camera may be late."""
LARGEST_SIDE = 16_384


def folder_for(out: Path) -> Path:
    """The folder in `out` that a run may use: one of ours, or a name that is still free."""
    names = itertools.chain([FOLDER], (f"{FOLDER}-{number}" for number in itertools.count(2)))
    paths = (out / name for name in names)
    return next(path for path in paths if own.is_folder(path) or not os.path.lexists(path))


def strange(out: Path) -> list[Path]:
    """Paths with the name of such a folder that are not ours: links, files, another user's."""
    return [path for path in _called_so(out) if not own.is_folder(path)]


def _called_so(out: Path) -> list[Path]:
    found = (path for path in out.glob(f"{FOLDER}*") if FOLDERS.fullmatch(path.name))
    return sorted(found)


class Spool:
    """The unfinished moments of one run."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._folder: Path | None = None
        self._claim: Claim | None = None
        self._name = uuid.uuid4().hex

    def keep(self, moment: Moment, version: int = 0) -> Path:
        """Put a moment on disk; returns its path. Raises OutputError.

        If several versions of a moment are there, the highest one counts: drop the others.
        """
        path = None
        behind = f"-{version}" if version else ""
        try:
            path = self._open() / f"{self._name}-{moment.id}{behind}.mov"
            described, hidden = path.with_suffix(".json"), path.with_suffix(".part")
            with own.make_file(described) as file, own.make_file(hidden) as movie:
                file.write(json.dumps(_description(moment)).encode())
                write_motion_jpeg(movie, _as_jpegs(moment))
            # Rename first, which is enough if livecam is killed. The flush protects against a power
            # cut, and takes long on a busy disk.
            rename_new(hidden, path)
            for one in (described, path):
                with own.open_file(one, writable=True) as file:
                    os.fsync(file.fileno())
        except (OSError, OutputError) as err:
            if path is not None:
                self.drop(path)
            if isinstance(err, OSError):
                raise write_error(self._out, err) from err
            raise
        return path

    def drop(self, path: Path) -> None:
        """Remove a moment that is finished or given up."""
        with contextlib.suppress(OSError):
            for suffix in (".mov", ".json", ".part"):
                own.remove(path.with_suffix(suffix))

    def close(self) -> None:
        """Release the claim, and remove the folder if it is empty."""
        with contextlib.suppress(OSError):
            if self._claim is not None:
                self._claim.release()
                self._claim = None
            if self._folder is not None and own.is_folder(self._folder):
                self._folder.rmdir()

    def _open(self) -> Path:
        """Our folder, created when it is first needed. Raises OSError."""
        if self._folder is None or self._claim is None:
            folder = folder_for(self._out)
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            self._claim = Claim.take(folder / f"{self._name}.lock")
            self._folder = folder
        if not own.is_folder(self._folder):  # somebody has put a link in its place
            raise PermissionError(errno.EPERM, f"{self._folder.name} is not ours any more")
        return self._folder


@dataclass
class Abandoned:
    """What runs that were killed have left behind."""

    moments: list[Path] = field(default_factory=list)
    torn: int = 0
    """Moments that were written only in part."""


@contextlib.contextmanager
def abandoned(out: Path) -> Iterator[Abandoned]:
    """The unfinished moments of runs that were killed, claimed so that no other run takes them.

    Drop each one that is finished (`Spool.drop`).
    """
    folders = [folder for folder in _called_so(out) if own.is_folder(folder)]
    found = Abandoned()
    with contextlib.ExitStack() as held:
        for folder in folders:
            _find_in(folder, held, found)
        yield found
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _find_in(folder: Path, held: contextlib.ExitStack, found: Abandoned) -> None:
    names = [match for path in folder.iterdir() if (match := RUN.fullmatch(path.name))]
    for run in sorted({name[1] for name in names}):
        if not hold(folder / f"{run}.lock", held):
            continue
        mine = [name for name in names if name[1] == run and name[2]]
        newest: list[Path] = []
        for number in sorted({int(name[2]) for name in mine}):
            files = [name for name in mine if int(name[2]) == number]
            versions = [int(name[3] or 0) for name in files if name[0].endswith(".mov")]
            # Killed before it was whole, or between a version and the next one.
            for name in files:
                if int(name[3] or 0) not in versions or int(name[3] or 0) < max(versions):
                    own.remove(folder / name[0])
            found.torn += not versions and any(name[0].endswith(".part") for name in files)
            newest += [
                folder / name[0]
                for name in files
                if name[0].endswith(".mov") and int(name[3] or 0) == max(versions)
            ]
        found.moments += sorted(newest, key=lambda path: path.lstat().st_mtime_ns)


def read_moment(path: Path) -> Moment:
    """Read a moment that was put on disk. Raises InputError, with its path, if it is damaged."""
    try:
        with own.open_file(path.with_suffix(".json")) as file:
            described = parse_json(file.read(MOST_BYTES + 1))
        with own.open_file(path) as file:
            jpegs, samples = _jpegs(file), _samples(file)
        return _moment(described, jpegs, samples)
    except (OSError, LookupError, ValueError, TypeError, ArithmeticError, AttributeError) as err:
        why = getattr(err, "strerror", None) or str(err) or repr(err)
        raise InputError(f"{path} is damaged: {why}", "it is left where it is") from err
    except InputError as err:
        raise InputError(f"{path} is damaged: {err.message}", "it is left where it is") from err


def _as_jpegs(moment: Moment) -> Moment:
    if moment.mode.pixel_format is PixelFormat.JPEG:
        return moment
    import cv2

    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]

    def as_jpeg(frame: Frame) -> Frame:
        encoded = cv2.imencode(".jpg", frame.stored_bgr(), quality)[1].reshape(-1)
        return replace(frame, pixel_format=PixelFormat.JPEG, data=encoded)

    # In parallel: until they are on disk, a kill loses them.
    with ThreadPoolExecutor(THREADS, thread_name_prefix="spool") as pool:
        return replace(moment, frames=tuple(pool.map(as_jpeg, moment.frames)))


def _description(moment: Moment) -> dict[str, Any]:
    mode, sound = moment.mode, moment.sound
    return {
        "v": VERSION,
        "id": moment.id,
        "shutter_ns": moment.shutter_ns,
        "end_ns": moment.end_ns,
        "epoch_ns": moment.clock.epoch_ns,
        "camera": moment.camera,
        "make": moment.make,
        "size_wh": mode.size_wh,
        "rate_hz": [mode.rate_hz.numerator, mode.rate_hz.denominator],
        "delivered": mode.delivered,
        "backend": mode.backend,
        "numbered": moment.numbered,
        "orientation": moment.frames[0].turn.orientation,
        "frames": [[f.index, f.t_ns, f.arrived_ns, f.warmup] for f in moment.frames],
        "sound": sound and [sound.rate_hz, sound.channels, sound.start_ns, sound.silence_ns],
        "sound_note": moment.sound_note,
    }


def _moment(described: dict[str, Any], jpegs: list[bytes], samples: Any) -> Moment:
    """Build the moment. Raises InputError, ValueError and others for what we did not write."""
    width, height = (_number(side, 1, LARGEST_SIDE) for side in described["size_wh"])
    size_wh = width, height
    # A damaged picture of a camera may have no size: it only loses its own score.
    if any(size_of(jpeg) not in (None, size_wh) for jpeg in jpegs):
        raise InputError(f"its pictures are not of {width}x{height}")
    turn = Turn.of_orientation(_number(described.get("orientation", 1)))
    frames = tuple(
        Frame(
            _number(index), _number(t_ns), _number(arrived_ns), PixelFormat.JPEG, size_wh,
            np.frombuffer(jpeg, np.uint8), bool(warm), turn,
        )
        for (index, t_ns, arrived_ns, warm), jpeg in zip(described["frames"], jpegs, strict=True)
    )  # fmt: skip
    times = [frame.t_ns for frame in frames]
    if not times or max(times) - min(times) > LONGEST_NS:
        raise InputError("it has no frames, or their times are too far apart")
    sound = None
    if described["sound"] is not None:
        heard_hz, channels, start_ns, silence_ns = map(_number, described["sound"])
        clip = samples.reshape(-1, _number(channels, 1, 32))
        sound = SoundClip(clip, _number(heard_hz, 1000, 1_000_000), start_ns, silence_ns)
    rate_hz = Fraction(*map(_number, described["rate_hz"]))
    if not Fraction(1, 100) <= rate_hz <= 1000:
        raise InputError(f"{rate_hz} frames a second is not a valid rate")
    moment = Moment(
        id=_number(described["id"], 1),
        shutter_ns=_number(described["shutter_ns"]),
        frames=frames,
        sound=sound,
        sound_note=str(described["sound_note"]),
        camera=str(described["camera"]),
        make=str(described["make"]),
        mode=CameraMode(
            size_wh,
            rate_hz,
            PixelFormat.JPEG,
            str(described["delivered"]),
            str(described["backend"]),
        ),
        numbered=bool(described["numbered"]),
        clock=WallClock(_number(described["epoch_ns"])),
        end_ns=_number(described["end_ns"]),
    )
    for t_ns in (moment.shutter_ns, min(times), max(times)):
        moment.clock.at(t_ns)  # or else files could not be named after it
    return moment


def _number(value: Any, least: int = -(1 << 63), most: int = 1 << 63) -> int:
    """A whole number within limits. Raises InputError."""
    if type(value) is not int or not least <= value <= most:
        raise InputError(f"{str(value)[:40]!r} is no number that can stand there")
    return value


def _jpegs(file: BinaryIO) -> list[bytes]:
    with av.open(file, "r", format="mov") as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def _samples(file: BinaryIO) -> Any:
    file.seek(0)
    with av.open(file, "r", format="mov") as container:
        if not container.streams.audio:
            return np.zeros(0, np.int16)
        blocks = [block.to_ndarray().reshape(-1) for block in container.decode(audio=0)]
    return np.concatenate(blocks).astype(np.int16, copy=False)
