"""Opens untrusted movies and streams with FFmpeg, limited to known formats and protocols.

A play list or a "concat" script is a format to FFmpeg too, and makes it open other files and
addresses than the one that was named. So every call lists the formats and protocols it allows.
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
    # Titles written by older cameras may be in any text encoding.
    if isinstance(movie, bytes):
        return av.open(io.BytesIO(movie), "r", options=options, metadata_errors="replace")
    open_regular(movie).close()
    # PyAV releases the GIL while it reads from a path, but not from a Python object. The prefix
    # "file:" keeps FFmpeg from taking a name for an address.
    return av.open(f"file:{movie}", "r", options=options, metadata_errors="replace")


OF_THE_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder")
"""Metadata keys that describe the file, not the recording."""
OF_THE_PAIR = (
    "com.apple.quicktime.content.identifier",
    "com.apple.quicktime.live-photo.",
    "com.apple.quicktime.still-image-time",
)
"""How keys begin that make a movie half of a Live Photo: they are not copied to a new movie."""
APPLES_PLACE = "com.apple.quicktime.location.ISO6709"
KEEPS_ALL = {"movflags": "use_metadata_tags"}
"""Makes FFmpeg write metadata under the key names that it already has."""


def said_in(movie: InputContainer) -> dict[str, str]:
    """A movie's metadata without the keys of the file and of the pair, for a new movie."""
    said = {
        name: value
        for name, value in movie.metadata.items()
        if name not in OF_THE_FILE and not name.startswith(OF_THE_PAIR)
    }
    if "location" in said:  # as Android writes it
        said.setdefault(APPLES_PLACE, said["location"])
    return said


def reason(err: Exception) -> str:
    """Why FFmpeg could not open or read something, in words for the user."""
    if isinstance(err, av.ArgumentError):  # what FFmpeg raises for a format that is not in our list
        return "it is of an unknown kind"
    return str(getattr(err, "strerror", None) or err)


def open_stream(
    url: str, options: dict[str, str], timeout_s: tuple[float, float]
) -> InputContainer:
    """Open a camera's address. Raises av.FFmpegError.

    `timeout_s` are the time-outs for opening and for reading, in seconds.
    """
    limits = {
        "format_whitelist": STREAM_FORMATS,
        "protocol_whitelist": STREAM_PROTOCOLS,
        "max_redirects": "0",  # redirects within the host were followed before this call
    }
    return av.open(url, options=options | limits, timeout=timeout_s, metadata_errors="replace")
