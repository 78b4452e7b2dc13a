"""Google's Motion Photo 1.0: a photo that says in XMP that a movie follows, and the movie.

The specification is developer.android.com/media/platform/motion-photo-format. If the scores of the
frames are known, they are stored as Top Shot does, in a track of type
`application/motionphoto-image-meta`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from livecam.formats.boxes import box, full_box
from livecam.formats.jpeg import XMP_HEADER, insert_segment
from livecam.formats.remux import remuxed
from livecam.formats.tracks import NewTrack, handler, with_track
from livecam.formats.xmp import item_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from livecam.formats.still import Still

_TIMESCALE = 1_000_000
_SCORES_MIME = b"application/motionphoto-image-meta\0"
_MODEL_VERSION = 1

PADDING: dict[Still, int] = {"jpeg": 0, "heic": 8}
"""In a HEIC the movie lies in a box, whose header counts as the photo's padding."""

_XMP = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Camera="http://ns.google.com/photos/1.0/camera/"
    xmlns:Container="http://ns.google.com/photos/1.0/container/"
    xmlns:Item="http://ns.google.com/photos/1.0/container/item/"
    Camera:MotionPhoto="1"
    Camera:MotionPhotoVersion="1"
    Camera:MotionPhotoPresentationTimestampUs="{still_us}">
   <Container:Directory>
    <rdf:Seq>
     {primary}
     {movie}
    </rdf:Seq>
   </Container:Directory>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def motion_photo(
    photo: bytes,
    movie: Path | bytes,
    still_s: float,
    scores: Sequence[tuple[float, float]] = (),
) -> bytes:
    """A JPEG and a movie as one file.

    `scores` are pairs of score (0..1) and time in the movie (seconds), one for each frame; empty if
    they are not known. The movie is copied into an MP4, not encoded again. Raises InputError.
    """
    video = motion_video(movie, still_s, scores)
    xmp = motion_xmp(round(still_s * _TIMESCALE), len(video))
    return insert_segment(photo, XMP_HEADER + xmp, behind_exif=True) + video


def motion_video(
    movie: Path | bytes, still_s: float, scores: Sequence[tuple[float, float]] = ()
) -> bytes:
    """The movie of a Motion Photo: an MP4, with a track of `scores` if there are any."""
    video = remuxed(movie, "mp4")
    if scores:
        video = with_track(video, _scores_track(scores, round(still_s * _TIMESCALE)))
    return video


def _scores_track(scores: Sequence[tuple[float, float]], still_us: int) -> NewTrack:
    """The track that Top Shot keeps its scores in."""
    return NewTrack(
        handler=handler(b"\0\0\0\0", b"meta", 0, b"livecam", pascal=False),
        media_header=full_box(b"nmhd"),
        description=box(b"mett", bytes(6), struct.pack(">H", 1), b"\0", _SCORES_MIME),
        sample=image_metadata(scores, still_us),
        reference=full_box(b"url ", flags=1),
    )


def motion_xmp(still_us: int, length: int, still: Still = "jpeg") -> bytes:
    """The XMP of a photo that is followed by a movie of `length` bytes."""
    primary = item_text("Primary", f"image/{still}", 0, PADDING[still])
    movie = item_text("MotionPhoto", "video/mp4", length)
    return _XMP.format(still_us=still_us, primary=primary, movie=movie).encode()


def append_movie(photo: bytes, video: bytes, still: Still) -> bytes:
    """A photo that already has this XMP, and the movie behind it."""
    return photo + (box(b"mpvd", video) if still == "heic" else video)


def image_metadata(scores: Sequence[tuple[float, float]], still_us: int) -> bytes:
    """The sample of Top Shot's track: the still's score, then those of all frames.

    Descriptors as in a Pixel's own files: C0 { C1 { version, C3, C2 { count, C3... } } }, where C3
    is a score (float32) and a time in microseconds (int64).
    """
    frames = [_frame(score, round(t_s * _TIMESCALE)) for score, t_s in scores]
    still = min(scores, key=lambda pair: abs(pair[1] * _TIMESCALE - still_us))
    version = struct.pack(">I", _MODEL_VERSION)
    every = _descriptor(0xC2, struct.pack(">I", len(frames)), *frames)
    return _descriptor(0xC0, _descriptor(0xC1, version, _frame(still[0], still_us), every))


def _frame(score: float, t_us: int) -> bytes:
    return bytes((0xC3, 12)) + struct.pack(">fq", score, t_us)


def _descriptor(tag: int, *content: bytes) -> bytes:
    """Tag and expandable size in four bytes, as ISO/IEC 14496-1 writes them."""
    body = b"".join(content)
    size = [len(body) >> shift & 0x7F | (0x80 if shift else 0) for shift in (21, 14, 7, 0)]
    return bytes((tag, *size)) + body
