"""Files as livecam and others write them, for tests that read files."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import av
import numpy as np

import livecam
from livecam.formats.boxes import Box, find_box, find_boxes
from livecam.media.save import SavedFiles
from livecam.media.save_options import SaveOptions
from tests.support.frames import moment, tone

FRAMES = 24
"""Frames of a saved moment: enough for a choice, and few enough to be scored in many tests."""
PAIR_S = FRAMES / 30


def saved(
    folder: Path, form: SaveOptions | None = None, frames: int = FRAMES, *, is_scored: bool = False
) -> SavedFiles:
    """A moment of the drawn person, on disk; its record is kept only if `is_scored`.

    It is made once and then copied, but a second one in the same folder is made anew.
    """
    first = _taken(form or SaveOptions(), frames)
    paths = dict.fromkeys((first.movie, first.photo, first.scores, first.motion_photo))
    if any((folder / path.name).exists() for path in paths if path is not None):
        files = _take(folder, form or SaveOptions(), frames)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        copied = {path: Path(shutil.copy2(path, folder)).resolve() for path in paths if path}
        files = SavedFiles(
            copied[first.movie], copied[first.photo], copied[first.scores],
            copied.get(first.motion_photo),
        )  # fmt: skip
    if not is_scored:
        files.scores.unlink()
    return files


@functools.cache
def _taken(form: SaveOptions, frames: int) -> SavedFiles:
    folder = Path(tempfile.mkdtemp(prefix="livecam-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return _take(folder, form, frames)


def _take(folder: Path, form: SaveOptions, frames: int) -> SavedFiles:
    it = moment([i / 30 for i in range(frames)], sound=tone(frames / 30), size_wh=(320, 240))
    return livecam.save(it, livecam.score(it), folder, form)


def numbered_movie(path: Path, times_s: list[float], size=(64, 48), **stream_options) -> Path:
    """A movie whose frames are flat and each a little brighter than the one before."""
    from fractions import Fraction

    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "1", **stream_options})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 600)
        for i, t_s in enumerate(times_s):
            image = np.full((size[1], size[0], 3), level(i), np.uint8)
            picture = av.VideoFrame.from_ndarray(image, "bgr24")
            picture.pts, picture.time_base = round(600 * t_s), Fraction(1, 600)
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return path


def level(index: int) -> int:
    """How bright frame `index` of `numbered_movie` is."""
    return 20 + 5 * (index % 46)


def tracks(movie: bytes) -> list[Box]:
    """The `trak` boxes of a movie."""
    moov = find_box(movie, b"moov")
    return [found for found in find_boxes(movie, moov.body, moov.end) if found.type == b"trak"]


def media_data(movie: bytes) -> list[bytes]:
    """The content of each `mdat`."""
    return [movie[b.body : b.end] for b in find_boxes(movie) if b.type == b"mdat"]
