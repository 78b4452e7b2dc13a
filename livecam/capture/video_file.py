"""A video file, played in real time as if it were a camera."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import av
import numpy as np

from livecam.capture.av_stream import AvStream
from livecam.capture.source import BlockingSource, CameraMode
from livecam.errors import InputError, MicrophoneError
from livecam.formats.ffmpeg import open_movie, reason
from livecam.frame import Frame
from livecam.timebase import NS_PER_S, now_ns

if TYPE_CHECKING:
    from pathlib import Path

    from av.audio.frame import AudioFrame
    from av.container import InputContainer

    from livecam.capture.microphone import Microphone
    from livecam.capture.sound_ring import SoundRing

SOUND_RATE_HZ = 48_000


class VideoFile(BlockingSource):
    """Each frame comes when it is due; the file's own sound comes with it."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises InputError."""
        super().__init__()
        self.path = path
        self.name = path.name
        try:
            self._stream = AvStream(_open(path))
        except av.FFmpegError as err:
            raise InputError(f"{path} is damaged: {err.strerror}") from err
        self.mode = CameraMode(
            self._stream.size_wh,
            self._stream.rate_hz,
            self._stream.pixel_format,
            self._stream.codec,
            "file",
        )
        self._first_stamp_ns = 0
        self._start_ns: int | None = None
        self._sound = _has_sound(path)
        self._started = threading.Event()

    def _next_frame(self, index: int) -> Frame | None:
        try:
            picture = self._stream.next()
        except av.FFmpegError as err:
            raise InputError(f"{self.path} is damaged: {err.strerror}") from err
        if picture is None:
            return None
        stamp_ns = picture.stamp_ns
        if stamp_ns is None:
            stamp_ns = int(index * NS_PER_S / self.mode.rate_hz)
        if self._start_ns is None:
            self._start_ns, self._first_stamp_ns = now_ns(), stamp_ns
            self._started.set()
        due_ns = self._start_ns + stamp_ns - self._first_stamp_ns
        if self._closed.wait(max(0, due_ns - now_ns()) / NS_PER_S):
            return None
        pixel_format = self.mode.pixel_format
        return Frame(index, due_ns, now_ns(), pixel_format, picture.size_wh, picture.data)

    def microphone(self) -> Microphone | None:
        """The file's sound, if it has any."""
        return _FileSound(self) if self._sound else None

    def close(self) -> None:
        """Close the file; its sound ends with it."""
        self.stop_waiting()
        super().close()

    def _release(self) -> None:
        self._stream.close()

    def stop_waiting(self) -> None:
        """Let `sound_start` return even if no frame has been read."""
        self._started.set()

    def sound_start(self) -> tuple[int, int] | None:
        """Wait for the first frame: its monotonic time and its time in the file, or None."""
        self._started.wait()
        return None if self._start_ns is None else (self._start_ns, self._first_stamp_ns)


class _FileSound:
    """A `Microphone` that plays a file's sound into the ring, in step with its frames."""

    rate_hz = SOUND_RATE_HZ
    channels = 1

    def __init__(self, file: VideoFile) -> None:
        self.name = file.name
        self._file = file
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._problem = ""

    def start(self, ring: SoundRing) -> None:
        try:
            container = _open(self._file.path)
        except InputError as err:
            raise MicrophoneError(err.message) from err
        self._thread = threading.Thread(target=self._run, args=(container, ring), name="file-sound")
        self._thread.start()

    def problem(self) -> str:
        return self._problem

    def close(self) -> None:
        self._closed.set()
        self._file.stop_waiting()
        if self._thread is not None:
            self._thread.join()

    def _run(self, container: InputContainer, ring: SoundRing) -> None:
        start = self._file.sound_start()
        if start is None:
            return
        start_ns, first_stamp_ns = start
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SOUND_RATE_HZ)
        with container:
            try:
                for decoded in container.decode(audio=0):
                    for block in resampler.resample(decoded):
                        end_ns = start_ns - first_stamp_ns + _end_ns(block)
                        if self._closed.wait(max(0, end_ns - now_ns()) / NS_PER_S):
                            return
                        samples = np.ascontiguousarray(block.to_ndarray(), np.int16)
                        ring.append(samples.reshape(-1, 1), end_ns)
            except av.FFmpegError as err:
                self._problem = f"the sound of {self.name} is damaged: {err.strerror}"


def _end_ns(block: AudioFrame) -> int:
    seconds = (block.pts or 0) * (block.time_base or 0) + block.samples / SOUND_RATE_HZ
    return int(seconds * NS_PER_S)


def _open(path: Path) -> InputContainer:
    try:
        return open_movie(path)
    except (av.FFmpegError, OSError, InputError) as err:
        raise InputError(f"cannot read {path}: {reason(err)}", "is it a video?") from err


def _has_sound(path: Path) -> bool:
    with _open(path) as container:
        return bool(container.streams.audio)
