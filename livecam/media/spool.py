"""Moments on disk as they came from the camera, while their files are still being made.

A run that is killed loses none of them: the next one in the same folder, or `livecam recover`,
finishes them. Each is a QuickTime movie of the camera's own JPEGs with uncompressed sound, which
players open, and a JSON file with what a movie cannot say.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from livecam.capture.frame import Frame, PixelFormat
from livecam.capture.sound_ring import SoundClip
from livecam.capture.source import CameraMode
from livecam.clip.moment import Moment
from livecam.disk.claim import Claim, taken_over
from livecam.disk.publish import flush, private, write_error
from livecam.errors import InputError, OutputError
from livecam.media.movie import write_motion_jpeg
from livecam.timebase import WallClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = ".livecam-unfinished"
"""In the folder of the results; readable by its owner only, since nobody has seen these yet."""
JPEG_QUALITY = 95
"""Of cameras that send no JPEG."""
THREADS = 4
"""That encode them: more than there are cores, since the machine has other work when it is late."""
VERSION = 1


class Spool:
    """The unfinished moments of one run."""

    def __init__(self, out: Path) -> None:
        self._folder = out / FOLDER
        self._claim: Claim | None = None
        self._name = uuid.uuid4().hex

    def keep(self, moment: Moment) -> Path:
        """Put a moment on disk; where it is. Raises OutputError."""
        path = self._folder / f"{self._name}-{moment.id}.mov"
        hidden = path.with_suffix(".part")
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if self._claim is None:
                self._claim = Claim.take(self._folder / f"{self._name}.lock")
            described = private(path.with_suffix(".json"))
            described.write_text(json.dumps(_description(moment)), "utf-8")
            write_motion_jpeg(private(hidden), _as_jpegs(moment))
            # First the name, which is all that counts if livecam is killed; the flush, for a power
            # cut, takes long where the disk is busy.
            hidden.rename(path)
            flush(described)
            flush(path)
        except OSError as err:
            self.drop(path)
            raise write_error(self._folder.parent, err) from err
        except OutputError:
            self.drop(path)
            raise
        return path

    def drop(self, path: Path) -> None:
        """A moment is finished, or given up."""
        with contextlib.suppress(OSError):
            for suffix in (".mov", ".json", ".part"):
                path.with_suffix(suffix).unlink(missing_ok=True)

    def close(self) -> None:
        """Take the folder away if nothing is in it any more."""
        with contextlib.suppress(OSError):
            if self._claim is not None:
                self._claim.release()
                self._claim = None
            self._folder.rmdir()


@contextlib.contextmanager
def abandoned(out: Path) -> Iterator[list[Path]]:
    """The unfinished moments of runs that are dead, held against other livecams meanwhile.

    Drop each that is finished (`Spool.drop`).
    """
    folder = out / FOLDER
    with contextlib.ExitStack() as held:
        found: list[Path] = []
        for run in sorted({path.stem.partition("-")[0] for path in folder.glob("*.*")}):
            if not _take(folder / f"{run}.lock", held):
                continue
            movies = sorted(folder.glob(f"{run}-*.mov"), key=lambda path: path.stat().st_mtime_ns)
            found += movies
            for begun in folder.glob(f"{run}-*"):  # killed before it was whole
                if begun.with_suffix(".mov") not in movies:
                    begun.unlink(missing_ok=True)
        yield found
    with contextlib.suppress(OSError):
        folder.rmdir()


def _take(lock: Path, held: contextlib.ExitStack) -> bool:
    """Make sure that nobody else is at work on a run's moments."""
    if lock.exists():
        return held.enter_context(taken_over(lock))
    try:
        held.callback(Claim.take(lock).release)
    except OSError:
        return False
    return True


def read_moment(path: Path) -> Moment:
    """A moment that was put on disk. Raises InputError."""
    try:
        described = json.loads(path.with_suffix(".json").read_text("utf-8"))
        with av.open(str(path), format="mov") as container:
            jpegs = [bytes(packet) for packet in container.demux(video=0) if packet.size]
        return _moment(described, jpegs, _samples(path))
    except (OSError, LookupError, ValueError, TypeError, av.FFmpegError) as err:
        raise InputError(f"{path} is damaged: {err}") from err


def _as_jpegs(moment: Moment) -> Moment:
    if moment.mode.pixel_format is PixelFormat.JPEG:
        return moment
    import cv2

    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]

    def as_jpeg(frame: Frame) -> Frame:
        encoded = cv2.imencode(".jpg", frame.bgr(), quality)[1].reshape(-1)
        return replace(frame, pixel_format=PixelFormat.JPEG, data=encoded)

    # Side by side: until they are on disk, a kill loses them.
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
        "frames": [[f.index, f.t_ns, f.arrived_ns, f.warmup] for f in moment.frames],
        "sound": sound and [sound.rate_hz, sound.channels, sound.start_ns, sound.silence_ns],
        "sound_note": moment.sound_note,
    }


def _moment(described: dict[str, Any], jpegs: list[bytes], samples: Any) -> Moment:
    size_wh = (int(described["size_wh"][0]), int(described["size_wh"][1]))
    frames = tuple(
        Frame(
            index, t_ns, arrived_ns, PixelFormat.JPEG, size_wh, np.frombuffer(jpeg, np.uint8), warm
        )
        for (index, t_ns, arrived_ns, warm), jpeg in zip(described["frames"], jpegs, strict=True)
    )
    sound = None
    if described["sound"] is not None:
        rate_hz, channels, start_ns, silence_ns = described["sound"]
        sound = SoundClip(samples.reshape(-1, channels), rate_hz, start_ns, silence_ns)
    return Moment(
        id=described["id"],
        shutter_ns=described["shutter_ns"],
        frames=frames,
        sound=sound,
        sound_note=described["sound_note"],
        camera=described["camera"],
        make=described["make"],
        mode=CameraMode(
            size_wh,
            Fraction(*described["rate_hz"]),
            PixelFormat.JPEG,
            described["delivered"],
            described["backend"],
        ),
        numbered=described["numbered"],
        clock=WallClock(described["epoch_ns"]),
        end_ns=described["end_ns"],
    )


def _samples(path: Path) -> Any:
    with av.open(str(path), format="mov") as container:
        if not container.streams.audio:
            return np.zeros(0, np.int16)
        blocks = [block.to_ndarray().reshape(-1) for block in container.decode(audio=0)]
    return np.concatenate(blocks).astype(np.int16, copy=False)
