"""What a browser can show of a moment: JPEGs of HEIC, H.264 of HEVC, filmstrips, faces, scores."""

from __future__ import annotations

import io
import json
import math
import tempfile
import threading
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from PIL import Image

from livecam.errors import InputError, OutputError
from livecam.formats.ffmpeg import AUDIO_BIT_RATE, reason
from livecam.formats.ffmpeg import open_movie as open_with_ffmpeg
from livecam.formats.files import read_file
from livecam.formats.movie_facts import is_quicktime
from livecam.library.applying import proposal
from livecam.media.record import DECIMALS, judged_record
from livecam.photos.frames import evenly
from livecam.photos.judged import best_of, judge, key_of, read_record, record_of
from livecam.photos.pick import open_movie
from livecam.photos.pictures import picture_size, read_picture
from livecam.quality.explain import explain, word_for
from livecam.quality.finder import FaceFinder
from livecam.text import visible
from livecam.timebase import to_s

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.audio.stream import AudioStream
    from av.container import OutputContainer

    from livecam.faces.model import AnyModel
    from livecam.frame import Bytes
    from livecam.library.applying import Wish
    from livecam.page.cache import Cache
    from livecam.page.index import Entry
    from livecam.photos.frames import MovieReader
    from livecam.photos.pick import Pick

MADE = "2"
"""Version of the cached files; those of another version are made again."""
THUMBNAIL, SHOWN = 480, 2048
"""Longest sides of a tile's picture and of the large one."""
STRIP_HEIGHT, FACE_SIDE, MOST_CELLS = 90, 128, 240
"""Height of a frame in the filmstrip and side of a face, in pixels; most frames in it."""
FACE_ROOM = 0.35
"""Around a face, in shares of its box."""
COLUMNS = 10
"""Cells per row of a filmstrip: browsers decode no picture that is 30,000 pixels wide."""
JPEG_QUALITY = 85
MOST_PROXY_S = 120.0
MOST_PROXY_W, PROXY = 1280, {"preset": "veryfast", "crf": "23"}
"""Longer side and encoder options of the H.264 copy of a movie that a browser cannot play."""
PLAYED_SUFFIXES = (".mov", ".mp4", ".m4v")
AT_ONCE = 2
"""Pictures and movies made at a time: the browser needs the rest of the machine to show them."""


class Views:
    """Makes and caches what a browser shows. Safe from any thread.

    All returned paths are in the cache, except a movie that a browser plays as it is.
    """

    def __init__(self, cache: Cache, model: AnyModel = None) -> None:
        self._cache = cache
        self._finder = FaceFinder(model)
        self._scoring = threading.Lock()
        self._making = threading.Semaphore(AT_ONCE)
        self._picks: dict[str, Pick] = {}
        self._is_closing = threading.Event()

    def close(self) -> None:
        """Stop scoring, and free the models."""
        self._is_closing.set()
        with self._scoring:
            self._finder.close()

    # Scores

    def pick(self, entry: Entry) -> Pick:
        """How its frames were judged. Raises InputError, ModelError."""
        with self._scoring:
            found = self._picks.pop(entry.stamp, None)
            if found is None:
                found = judge(entry.source, self._finder, self._is_closing.is_set)
            self._picks[entry.stamp] = found  # the newest last
            while len(self._picks) > 8:
                del self._picks[next(iter(self._picks))]
        return found

    def facts(self, entry: Entry) -> dict[str, Any]:
        """Everything that the page says of a moment. Raises InputError, ModelError, OSError."""

        def make(path: Path) -> None:
            path.write_text(json.dumps(self._facts(entry)), "utf-8")

        name = f"{entry.stamp}-{MADE}-facts.json"
        facts: dict[str, Any] = json.loads(self._cache.get(name, make).read_text("utf-8"))
        return facts

    def _facts(self, entry: Entry) -> dict[str, Any]:
        pick = self.pick(entry)
        score, best = pick.score, best_of(pick)
        path = record_of(entry.source)
        record = (read_record(path) if path is not None else None) or {}
        camera, composed = record.get("camera"), record.get("composed")
        with open_movie(entry.source) as movie:
            next(movie.reader.frames([0]))
            size_wh = movie.reader.size_wh
        return {
            "id": entry.id,
            "kind": entry.kind,
            "files": [visible(path.name) for path in entry.files],
            "duration_s": round(pick.duration_s, DECIMALS),
            "size_wh": size_wh,
            "photo_wh": picture_size(entry.source.file) if key_of(pick) is not None else None,
            "basis": score.basis,
            "note": score.note,
            "reasons": {score.key: score.reason},
            "camera": visible(str(camera.get("name", "")) if isinstance(camera, dict) else ""),
            "shutter_s": record.get("shutter_s"),
            "composed": str(composed.get("note", "")) if isinstance(composed, dict) else "",
            "key": key_of(pick),
            "best": best,
            "alternatives": list(score.alternatives),
            "cells": _cells(pick),
            "frames": [
                {
                    "time_s": round(to_s(frame.t_ns), DECIMALS),
                    "word": word_for(frame.score),
                    "why": explain(frame, score.frames[best]),
                    "offered": frame.offered,
                    **judged_record(frame),
                }
                for frame in score.frames
            ],
        }

    # Pictures

    def thumbnail(self, entry: Entry) -> Path:
        """A small JPEG of the key photo. Raises InputError, OSError."""
        return self._jpeg(entry, "thumb", lambda: _fit(self._photo(entry), THUMBNAIL))

    def photo(self, entry: Entry) -> Path:
        """A large JPEG of the key photo. Raises InputError, OSError."""
        return self._jpeg(entry, "photo", lambda: _fit(self._photo(entry), SHOWN))

    def frame(self, entry: Entry, position: int) -> Path:
        """A large JPEG of a judged frame. Raises InputError, OSError."""

        def draw() -> Image.Image:
            index = self._frame(self.pick(entry), position).index
            with open_movie(entry.source) as movie:
                return _fit(movie.reader.picture(index), SHOWN)

        return self._jpeg(entry, f"frame{position}", draw)

    def better(self, entry: Entry, wish: Wish) -> Path:
        """A large JPEG of what a moment's photo would become. Raises InputError, OSError."""
        self.better_facts(entry, wish)
        return self._jpeg(entry, _better(wish), lambda: self._proposal(wish)[0])

    def better_facts(self, entry: Entry, wish: Wish) -> dict[str, Any]:
        """Its size, and what a person should know of it. Raises InputError, OSError."""

        def make(path: Path) -> None:
            image, size_wh, note = self._proposal(wish)
            self._jpeg(entry, _better(wish), lambda: image)
            now_wh = picture_size(entry.source.file)
            path.write_text(
                json.dumps({"now_wh": now_wh, "size_wh": size_wh, "note": note}), "utf-8"
            )

        name = f"{entry.stamp}-{MADE}-{_better(wish)}.json"
        facts: dict[str, Any] = json.loads(self._cache.get(name, make).read_text("utf-8"))
        return facts

    def _proposal(self, wish: Wish) -> tuple[Image.Image, tuple[int, int], str]:
        with self._scoring:
            files = proposal(wish, self._finder)
        suffix, photo = next(one for one in files.content.items() if one[0] != ".MOV")
        with tempfile.TemporaryDirectory(prefix="livecam-") as folder:
            path = Path(folder) / f"photo{suffix}"
            with path.open("wb") as file:
                if callable(photo):
                    photo(file)
                else:
                    file.write(photo)
            image_bgr = read_picture(path)
        height, width = image_bgr.shape[:2]
        return _fit(image_bgr, SHOWN), (width, height), visible(files.note)

    def strip(self, entry: Entry) -> Path:
        """The filmstrip as one JPEG, row by row. Raises InputError, OSError."""

        def draw() -> Image.Image:
            pick = self.pick(entry)
            wanted = [pick.score.frames[at].index for at in _cells(pick)]
            with open_movie(entry.source) as movie:
                cells = [_cell(image) for image in _pictures(movie.reader, wanted)]
            return _grid(cells)

        return self._jpeg(entry, "strip", draw)

    def face(self, entry: Entry, person: int) -> Path:
        """One person's face in each cell of the filmstrip, in one JPEG.

        Raises InputError, OSError.
        """

        def draw() -> Image.Image:
            pick = self.pick(entry)
            boxes = {}
            for at in _cells(pick):
                frame = pick.score.frames[at]
                box = next((f.box_xyxy for f in frame.faces if f.person == person), None)
                boxes[frame.index] = box
            if not any(boxes.values()):
                raise InputError("there is no such person")
            with open_movie(entry.source) as movie:
                pictures = _pictures(movie.reader, list(boxes))
                pairs = zip(boxes.values(), pictures, strict=True)
                return _grid([_face(image, box) for box, image in pairs])

        return self._jpeg(entry, f"face{person}", draw)

    def _frame(self, pick: Pick, position: int) -> Any:
        if not 0 <= position < len(pick.score.frames):
            raise InputError("there is no such frame")
        return pick.score.frames[position]

    def _photo(self, entry: Entry) -> Bytes:
        if entry.kind != "video":
            try:
                return read_picture(entry.files[0])
            except (InputError, OutputError):
                pass  # HEIC without the library for it: the movie has the same frame
        with open_movie(entry.source) as movie:
            still_s = movie.reader.duration_s / 2 if movie.still_s is None else movie.still_s
            return movie.reader.picture(movie.reader.nearest(still_s).index)

    def _jpeg(self, entry: Entry, what: str, draw: Any) -> Path:
        def make(path: Path) -> None:
            with self._making:
                out = io.BytesIO()
                draw().save(out, "JPEG", quality=JPEG_QUALITY)
                path.write_bytes(out.getvalue())

        return self._cache.get(f"{entry.stamp}-{MADE}-{what}.jpg", make)

    # Movies

    def movie(self, entry: Entry) -> Path:
        """A movie that a browser can play: the original, or a copy. Raises InputError, OSError."""
        with open_movie(entry.source) as movie:
            codec, pixels = movie.reader.codec, movie.reader.pixel_format
            duration_s = movie.reader.duration_s
        plays = codec == "h264" and pixels in ("yuv420p", "yuvj420p")
        path = entry.files[-1]
        if entry.kind != "motion-photo" and plays and path.suffix.lower() in PLAYED_SUFFIXES:
            return path
        if duration_s > MOST_PROXY_S:
            raise InputError(f"a movie of {duration_s:.0f} s is too long to be made playable here")

        def make(target: Path) -> None:
            with self._making, open_movie(entry.source) as movie:
                source: Path | bytes = path
                if movie.motion is not None:
                    source = path.read_bytes()[movie.motion.start : movie.motion.end]
                if plays and isinstance(source, bytes):
                    target.write_bytes(source)
                else:
                    _encode(source, movie.reader, target)

        return self._cache.get(f"{entry.stamp}-{MADE}-movie.mp4", make)


def _better(wish: Wish) -> str:
    """What the picture of a wish is called: another frame of the same moment is another picture."""
    return f"better{wish.index}"


def is_quicktime_file(path: Path) -> bool:
    """Whether to call it video/quicktime rather than video/mp4."""
    return path.suffix.lower() == ".mov" and read_file(path, is_quicktime)


def _cells(pick: Pick) -> list[int]:
    """Positions of the frames in the filmstrip: all, or `MOST_CELLS` of them evenly spaced."""
    return evenly(len(pick.score.frames), MOST_CELLS)


def _pictures(reader: MovieReader, wanted: Sequence[int]) -> Iterator[Bytes]:
    return (image for _, image in reader.pictures(wanted))


def _image(image_bgr: Bytes) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(image_bgr[:, :, ::-1]))


def _fit(image_bgr: Bytes, side: int) -> Image.Image:
    image = _image(image_bgr)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return image


def _cell(image_bgr: Bytes) -> Image.Image:
    height, width = image_bgr.shape[:2]
    size = (max(1, round(width * STRIP_HEIGHT / height)), STRIP_HEIGHT)
    return _image(image_bgr).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _face(image_bgr: Bytes, box: tuple[int, int, int, int] | None) -> Image.Image:
    if box is None:
        return Image.new("RGB", (FACE_SIDE, FACE_SIDE))
    left, top, right, bottom = box
    half = max(right - left, bottom - top) * (0.5 + FACE_ROOM)
    x, y = (left + right) / 2, (top + bottom) / 2
    around = (round(x - half), round(y - half), round(x + half), round(y + half))
    return _image(image_bgr).crop(around).resize((FACE_SIDE, FACE_SIDE), Image.Resampling.BILINEAR)


def _grid(cells: list[Image.Image]) -> Image.Image:
    width, height = cells[0].size
    rows = -(-len(cells) // COLUMNS)
    page = Image.new("RGB", (width * min(COLUMNS, len(cells)), height * rows))
    for i, cell in enumerate(cells):
        page.paste(cell, (i % COLUMNS * width, i // COLUMNS * height))
    return page


Packets = Any
"""Packets of one stream: PyAV's generic type for them would say no more."""


class _Sound:
    """A movie's sound as AAC, written along with the pictures."""

    def __init__(self, source: Path | bytes, out: OutputContainer) -> None:
        self._container, self._out = open_with_ffmpeg(source), out
        self._waiting: Iterator[tuple[float, Packets]] = iter(())
        self._next: tuple[float, Packets] | None = None
        if self._container.streams.audio:
            heard = self._container.streams.audio[0]
            stream = out.add_stream("aac", rate=heard.rate)
            stream.bit_rate = AUDIO_BIT_RATE
            stream.layout = "stereo" if heard.channels > 1 else "mono"
            self._waiting = self._packets(heard, stream)

    def write_up_to(self, time_s: float) -> None:
        """Write the sound up to this time in seconds. Raises av.FFmpegError."""
        while True:
            found = self._next or next(self._waiting, None)
            if found is None:
                self._container.close()
                return
            self._next = found if found[0] > time_s else None
            if self._next is not None:
                return
            self._out.mux(found[1])

    def _packets(self, heard: AudioStream, stream: AudioStream) -> Iterator[tuple[float, Packets]]:
        resampler = av.AudioResampler("fltp", stream.layout, stream.rate)
        position: int | None = None
        for block in self._container.decode(heard):
            # Counted from the first one on: what AVI says of MP3's times is not in order.
            position = (
                round((block.time or 0.0) * block.sample_rate) if position is None else position
            )
            block.pts, block.time_base = position, Fraction(1, block.sample_rate)
            begins_s = position / block.sample_rate
            position += block.samples
            yield begins_s, [p for part in resampler.resample(block) for p in stream.encode(part)]
        yield 0.0, stream.encode(None)


def _encode(source: Path | bytes, reader: MovieReader, target: Path) -> None:
    """Encode as H.264 and AAC, at most 1280 pixels on the longer side, with the same timestamps.

    Raises InputError.
    """
    try:
        with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as out:
            stream: Any = None
            sound = _Sound(source, out)
            for at, image in reader.pictures(range(len(reader.times))):
                if stream is None:
                    scale = min(1.0, MOST_PROXY_W / max(image.shape[:2]))
                    height, width = (max(2, round(s * scale)) // 2 * 2 for s in image.shape[:2])
                    stream = out.add_stream("libx264", options=PROXY)
                    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                    stream.codec_context.time_base = Fraction(1, 90_000)
                picture = av.VideoFrame.from_ndarray(image, format="bgr24")
                picture = picture.reformat(width, height, "yuv420p")
                picture.pts = round(at.time_s * 90_000)
                picture.time_base = Fraction(1, 90_000)
                out.mux(stream.encode(picture))
                sound.write_up_to(at.time_s)
            out.mux(stream.encode(None))
            sound.write_up_to(math.inf)
    except (av.FFmpegError, ValueError) as err:
        raise InputError(f"it cannot be made playable: {reason(err)}") from err
