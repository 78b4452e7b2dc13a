"""Makes files of a choice: a new Live Photo or Motion Photo with that key photo, or a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livecam.disk.new_files import NewFiles
from livecam.edit.still import describe_by_movie, encode_still, new_tags
from livecam.enhance.retouch import AS_IT_IS, REACH, Retouch, Retouched, retouch
from livecam.errors import InputError
from livecam.extras import install
from livecam.formats import heic
from livecam.formats.files import read_whole
from livecam.formats.live_photo_edit import MAX_BYTES, rekeyed_movie
from livecam.formats.motion_photo_new import PADDING, append_movie, motion_xmp
from livecam.formats.movie_facts import is_quicktime
from livecam.formats.remux import remuxed
from livecam.formats.still import SUFFIX, exif_of, kind_of
from livecam.formats.xmp import with_motion
from livecam.photos.pictures import picture_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livecam.formats.still import Still
    from livecam.formats.tags import Composite
    from livecam.frame import Bytes
    from livecam.photos.pick import OpenMovie, Pick

SAMSUNGS, SAMSUNGS_END = "Samsung's own data behind the picture is left out", b"SEFT"
"""What is said of a trailer that belongs to the old file, and how it ends."""
MOST_PHOTO = 300_000_000
"""Most bytes of a photo, which includes the movie of a Motion Photo."""


def rekeyed_pair(
    pick: Pick, movie: OpenMovie, identifier: str, wanted: Retouch = AS_IT_IS
) -> NewFiles:
    """A new Live Photo with the chosen frame as its photo. Raises InputError."""
    photo_path, movie_path = pick.input.files
    photo = read_whole(photo_path, MOST_PHOTO)
    made = _retouched(pick, movie, wanted)
    written, note = _writable(kind_of(photo))
    image = _image(made, pick, movie)
    still, lost = paired_still(image, photo, identifier, written, made.composite)
    new_movie = rekeyed_movie(quicktime(movie_path), pick.key_s, identifier)
    note = _joined(_loss(pick, image), made.note, lost, note)
    return NewFiles({".MOV": new_movie, SUFFIX[written]: still}, note)


def quicktime(path: Path) -> bytes:
    """The movie for a Live Photo: a QuickTime file as it is, any other copied into QuickTime.

    Raises InputError, also for a movie over `MAX_BYTES`.
    """
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path.name} is too large to be half of a Live Photo")
    data = read_whole(path)
    return data if is_quicktime(data) else remuxed(data, "mov")


def paired_still(
    image: Bytes,
    photo: bytes | None,
    identifier: str,
    kind: Still,
    composite: Composite | None = None,
) -> tuple[bytes, str]:
    """A picture as the photo of a Live Photo, with an old photo's metadata; and what of it is lost.

    Raises UsageError for HEIC without the extra.
    """
    tags = new_tags(photo, (image.shape[1], image.shape[0]), unique_id(identifier))
    tags.set_identifier(identifier)
    if composite is not None:
        tags.set_composite(composite)
    return encode_still(image, tags, kind, photo)


def rekeyed_motion_photo(
    pick: Pick, movie: OpenMovie, identifier: str, wanted: Retouch = AS_IT_IS
) -> NewFiles:
    """A new Motion Photo with the chosen frame as its photo, its movie byte for byte the same."""
    assert movie.motion is not None
    whole = read_whole(pick.input.file, MOST_PHOTO)
    video = whole[movie.motion.start : movie.motion.end]
    kind: Still = movie.motion.kind
    made = _retouched(pick, movie, wanted)
    image = _image(made, pick, movie)
    written, note = _writable(kind)
    note = _joined(_loss(pick, image), made.note, note)
    tags = new_tags(whole, (image.shape[1], image.shape[0]), unique_id(identifier))
    if made.composite is not None:
        tags.set_composite(made.composite)
    still_us = round(pick.key_s * 1e6)

    def motion(packet: bytes | None) -> bytes | None:
        if packet is None:
            return motion_xmp(still_us, len(video), written)
        return with_motion(packet, still_us, len(video), f"image/{written}", PADDING[written])

    photo, lost = encode_still(image, tags, written, whole[: movie.motion.photo_end], motion)
    note = _joined(note, lost, SAMSUNGS if whole.endswith(SAMSUNGS_END) else "")
    return NewFiles({_motion_suffix(written): append_movie(photo, video, written)}, note)


def best_picture(
    pick: Pick, movie: OpenMovie | None, identifier: str, wanted: Retouch = AS_IT_IS
) -> NewFiles:
    """The chosen frame as a single picture; for a set of pictures, a copy of the chosen file."""
    if movie is None or (pick.keeps_present and not pick.by_hand):
        # A picture of a set, or the present photo: copied with all its metadata.
        path = pick.input.files[pick.key.index] if movie is None else pick.input.file
        note = "a photo that stays as it is is not enhanced" if wanted.enhance else ""
        if wanted.finder is not None:
            note = _joined(note, "a best take is composed of a movie's frames only")
        return NewFiles({path.suffix: path.read_bytes()}, note)
    made = _retouched(pick, movie, wanted)
    image = _image(made, pick, movie)
    size_wh = (image.shape[1], image.shape[0])
    photo = read_whole(pick.input.file, MOST_PHOTO) if pick.input.kind != "video" else None
    tags = new_tags(photo, size_wh, unique_id(identifier))
    tags.remove_identifier()
    if photo is None or exif_of(photo) is None:
        describe_by_movie(tags, movie.reader, pick.key_s)
    if made.composite is not None:
        tags.set_composite(made.composite)
    still, lost = encode_still(image, tags, "jpeg", photo)
    return NewFiles({SUFFIX["jpeg"]: still}, _joined(made.note, lost))


def _loss(pick: Pick, image: Bytes) -> str:
    """How many megapixels are lost with a smaller picture, as part of a sentence; "" if none."""
    size_wh = pick.photo.size_wh if pick.photo is not None else picture_size(pick.input.file)
    if size_wh is None:
        return ""
    before, now = (w * h / 1e6 for w, h in (size_wh, image.shape[1::-1]))
    return f"{before:.1f} megapixels become {now:.1f}" if now < before else ""


def _retouched(pick: Pick, movie: OpenMovie, wanted: Retouch) -> Retouched:
    """The result of retouching the chosen frame."""
    reader, key = movie.reader, pick.key.index

    def around() -> Iterator[Bytes]:
        near = range(max(0, key - REACH), min(len(reader.times), key + REACH + 1))
        return (image for _, image in reader.pictures([i for i in near if i != key]))

    def picture(position: int) -> Bytes:
        return reader.picture(pick.score.frames[position].index)

    return retouch(pick.score, picture, around, wanted)


def _image(made: Retouched, pick: Pick, movie: OpenMovie) -> Bytes:
    return movie.reader.picture(pick.key.index) if made.image_bgr is None else made.image_bgr


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _writable(kind: Still) -> tuple[Still, str]:
    """The kind of photo that can be written here, and a note if it is not `kind`."""
    if kind == "jpeg" or heic.is_installed():
        return kind, ""
    return "jpeg", f"the photo became a JPEG: {install('heic')}"


def _motion_suffix(kind: Still) -> str:
    return ".MP.jpg" if kind == "jpeg" else ".MP.heic"


def unique_id(identifier: str) -> str:
    """EXIF's ImageUniqueID: 128 bits in hexadecimal."""
    return identifier.replace("-", "").lower()
