"""Copies pictures and sound into another container, and encodes again only what must be.

For movies of other phones and for plain copies. An iPhone's own half of a Live Photo is never
rewritten this way: FFmpeg would empty its metadata tracks (see `livecam.formats.live_photo_edit`).
"""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

import av

from livecam.errors import InputError, OutputError
from livecam.formats.boxes import Box, find_box, find_boxes
from livecam.formats.ffmpeg import AUDIO_BIT_RATE, KEEPS_ALL, open_movie, reason, said_in
from livecam.formats.files import FileBytes, read_file
from livecam.formats.structure import is_movie
from livecam.formats.tracks import TIMESCALE

if TYPE_CHECKING:
    from pathlib import Path

    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

    from livecam.formats.files import Data

Container = Literal["mov", "mp4"]

_COPIED_SOUND = ("aac",)
"""What both containers may hold; a phone's uncompressed sound has no place in an MP4."""
_TAGS = {"h264": "avc1", "hevc": "hvc1"}
"""Apple's players take HEVC under hvc1 only; FFmpeg's own choice is hev1."""
_BOTH = ("h264", "hevc", "mpeg4", "mjpeg", "mpeg1video", "mpeg2video", "h263", "prores", "png")
_MP4_ONLY = ("vp9", "av1", "libdav1d")
"""Pictures that are copied into a QuickTime file, and those that only an MP4 may hold."""
_MATRIX_BYTES = 36
MARK = "livecam.made"
"""Metadata key under which a new movie says what it was made from, for a later run."""


def remuxed(movie: Path | bytes, container: Container, *, sound: bool = True) -> bytes:
    """The main picture track of a movie, and its sound, in a new file. Raises InputError."""
    out = io.BytesIO()
    _remux(movie, out, container, sound=sound)
    return out.getvalue()


def remux(
    movie: Path | bytes,
    target: BinaryIO,
    container: Container,
    *,
    sound: bool = True,
    mark: str = "",
) -> None:
    """Do the same, but write to a file and hold nothing in memory. Raises InputError, OSError.

    `mark` is written into the file, so that a later run can tell what it was made from.
    """
    _remux(movie, target, container, sound=sound, mark=mark)


def container_for(movie: Path | bytes) -> Container:
    """The container that can hold a movie's picture track unchanged. Raises InputError."""
    try:
        with open_movie(movie) as source:
            codec = _picture(source).codec_context.name
    except (av.FFmpegError, ValueError, OSError) as err:
        raise InputError(f"this movie cannot be read: {reason(err)}") from err
    if codec in _MP4_ONLY:
        return "mp4"
    if codec not in _BOTH:
        raise InputError(
            f"its picture ({codec}) has no place in a QuickTime or MP4 file",
            "gif, webp, loop and bounce can be made of it",
        )
    return "mov"


def _remux(
    movie: Path | bytes, out: BinaryIO, container: Container, *, sound: bool, mark: str = ""
) -> None:
    options = {"movie_timescale": str(TIMESCALE)} | KEEPS_ALL
    try:
        with (
            open_movie(movie) as source,
            av.open(out, "w", format=container, options=options) as target,
        ):
            target.metadata.update(said_in(source))
            if mark:
                target.metadata[MARK] = mark
            _copy(source, target, sound=sound)
    except (av.FFmpegError, ValueError) as err:
        raise InputError(f"this movie cannot be copied: {err}") from err
    _turn_as(out, movie)


def _picture(source: InputContainer) -> VideoStream:
    """The picture track with most frames: a Pixel writes a second one of one or two frames."""
    if not source.streams.video:
        raise InputError("there is no picture in this movie")
    return max(source.streams.video, key=lambda stream: stream.frames)


def _copy(source: InputContainer, target: OutputContainer, *, sound: bool) -> None:
    video = _picture(source)
    picture = target.add_stream_from_template(video, opaque=True)
    if video.codec_context.name in _TAGS:
        picture.codec_context.codec_tag = _TAGS[video.codec_context.name]
    heard = source.streams.audio[0] if sound and source.streams.audio else None
    copied: dict[int, Stream] = {video.index: cast("Stream", picture)}
    encoder: AudioStream | None = None
    if heard is not None and heard.codec_context.name in _COPIED_SOUND:
        copied[heard.index] = cast("Stream", target.add_stream_from_template(heard, opaque=True))
    elif heard is not None:
        encoder = target.add_stream("aac", rate=heard.rate)
        encoder.layout = "mono" if heard.codec_context.layout.nb_channels == 1 else "stereo"
        encoder.bit_rate = AUDIO_BIT_RATE
    wanted = [stream for stream in (video, heard) if stream is not None]
    start_s = _start_s(source, wanted)
    for packet in source.demux(*wanted):
        if packet.dts is None:
            continue
        shift = round(start_s / packet.time_base)
        packet.dts -= shift
        packet.pts = packet.dts if packet.pts is None else packet.pts - shift
        if packet.stream_index in copied:
            packet.stream = copied[packet.stream_index]
            target.mux(packet)
        elif encoder is not None:
            for frame in cast("list[av.AudioFrame]", packet.decode()):
                frame.pts = None  # let the encoder count: AVI's timestamps of MP3 are not in order
                target.mux(encoder.encode(frame))
    if encoder is not None:
        target.mux(encoder.encode(None))


def _start_s(source: InputContainer, streams: list[VideoStream | AudioStream]) -> Fraction:
    """The recording's first timestamp in seconds: not 0 for broadcast streams, say."""
    if "mov" in source.format.name:
        return Fraction(0)  # the edit list already says when tracks begin
    starts = [s.start_time * s.time_base for s in streams if s.start_time and s.time_base]
    return min(starts) if len(starts) == len(streams) else Fraction(0)


def _turn_as(out: BinaryIO, original: Path | bytes) -> None:
    """Give the picture track the original's matrix, which says how to turn it."""
    old = turn_matrix(original) if isinstance(original, bytes) else read_file(original, turn_matrix)
    new = _matrix_place(FileBytes(out))
    if old is not None and new is not None:
        out.seek(new)
        out.write(old)


def turn_matrix(movie: Data) -> bytes | None:
    """The picture track's matrix, which says how to turn it: nine big-endian numbers of 32 bits."""
    if not is_movie(movie):
        return None
    place = _matrix_place(movie)
    return None if place is None else bytes(movie[place : place + _MATRIX_BYTES])


def with_turn_matrix(movie: bytes, matrix: bytes) -> bytes:
    """The movie with this display matrix for its pictures. Raises OutputError if it has none."""
    place = _matrix_place(movie)
    if place is None:
        raise OutputError("the movie has no pictures to turn")
    return movie[:place] + matrix + movie[place + _MATRIX_BYTES :]


def _matrix_place(movie: Data) -> int | None:
    """Where the matrix of the first picture track lies."""
    moov = find_box(movie, b"moov")
    for track in find_boxes(movie, moov.body, moov.end) if moov is not None else ():
        if track.type == b"trak" and _is_picture(movie, track):
            header = find_box(movie, b"tkhd", within=track)
            if header is not None:
                return header.body + (52 if movie[header.body] == 1 else 40)
    return None


def _is_picture(movie: Data, track: Box) -> bool:
    handler = find_box(movie, b"mdia", b"hdlr", within=track)
    return handler is not None and bytes(movie[handler.body + 8 : handler.body + 12]) == b"vide"
