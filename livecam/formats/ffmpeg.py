"""Opening what comes from elsewhere with FFmpeg, which by itself would reach much further.

A play list or a "concat" script is a format to FFmpeg too, and makes it open other files and
addresses than the one that was named. So every opening names the formats and protocols that may be.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import av

from livecam.formats.files import open_regular

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import InputContainer

FILE_FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,gif,apng,webp_anim,mjpeg,m4v,h264,hevc,dv,ivf"
)
"""Movies, each in one file."""
STREAM_FORMATS = "rtsp,rtp,mpegts,flv,live_flv,matroska,mov,mpjpeg,mjpeg,mpeg,h264,hevc,ogg,asf"
"""What cameras send; no play lists."""
STREAM_PROTOCOLS = "http,https,tcp,udp,tls,rtp,rtsp,rtsps,srt,rtmp,rtmps,rtmpt"

AUDIO_BIT_RATE = 128_000
"""Of the AAC that livecam encodes, as phones do."""


def open_movie(movie: Path | bytes) -> InputContainer:
    """Open a file, or a movie in memory. Raises av.FFmpegError, OSError, InputError."""
    options = {"format_whitelist": FILE_FORMATS, "protocol_whitelist": "file"}
    # Titles of older cameras are in whatever their makers spoke.
    if isinstance(movie, bytes):
        return av.open(io.BytesIO(movie), "r", options=options, metadata_errors="replace")
    open_regular(movie).close()
    # PyAV releases the GIL while it reads a path, not while it reads an object of ours. With the
    # protocol in front, no name is taken for an address.
    return av.open(f"file:{movie}", "r", options=options, metadata_errors="replace")


OF_THE_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder")
"""Of what a movie says: what describes the file, and not the recording."""
OF_THE_PAIR = (
    "com.apple.quicktime.content.identifier",
    "com.apple.quicktime.live-photo.",
    "com.apple.quicktime.still-image-time",
)
"""What makes it half of a Live Photo: another movie is none, or half of another."""
APPLES_PLACE = "com.apple.quicktime.location.ISO6709"
KEEPS_ALL = {"movflags": "use_metadata_tags"}
"""For FFmpeg to write what a movie says under the names it has."""


def said_in(movie: InputContainer) -> dict[str, str]:
    """What a movie says of when, where and with what it was recorded, and of whatever else."""
    said = {
        name: value
        for name, value in movie.metadata.items()
        if name not in OF_THE_FILE and not name.startswith(OF_THE_PAIR)
    }
    if "location" in said:  # as Android writes it
        said.setdefault(APPLES_PLACE, said["location"])
    return said


def reason(err: Exception) -> str:
    """Why FFmpeg could not open or read something, for people."""
    if isinstance(err, av.ArgumentError):  # what it says of a format that is not among ours
        return "it is of an unknown kind"
    return str(getattr(err, "strerror", None) or err)


def open_stream(
    url: str, options: dict[str, str], timeout_s: tuple[float, float]
) -> InputContainer:
    """Open a camera's address; time-outs for opening and reading. Raises av.FFmpegError."""
    limits = {
        "format_whitelist": STREAM_FORMATS,
        "protocol_whitelist": STREAM_PROTOCOLS,
        "max_redirects": "0",  # those within the host are followed before
    }
    return av.open(url, options=options | limits, timeout=timeout_s, metadata_errors="replace")
