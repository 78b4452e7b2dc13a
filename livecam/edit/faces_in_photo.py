"""Puts better faces from a photo's own movie into the photo, and leaves all else as it was."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms

from livecam.disk.new_files import NewFiles
from livecam.edit.rekey import MOST_PHOTO, quicktime, unique_id
from livecam.edit.still import encode_still, new_tags
from livecam.enhance.transplant import transplant
from livecam.errors import InputError, LivecamError
from livecam.extras import install
from livecam.formats import heic, jpeg_blocks
from livecam.formats.files import read_whole
from livecam.formats.live_photo_edit import rekeyed_movie
from livecam.formats.motion_photo_new import PADDING, motion_xmp
from livecam.formats.still import SUFFIX, kind_of
from livecam.formats.still_edit import with_changed_exif
from livecam.formats.xmp import with_motion
from livecam.photos.pictures import read_picture
from livecam.timebase import to_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from livecam.enhance.best_take import BestTake
    from livecam.formats.exif_edit import ExifEditor
    from livecam.formats.still import Still
    from livecam.formats.tags import Composite
    from livecam.frame import Bytes
    from livecam.photos.pick import OpenMovie, Pick
    from livecam.quality.finder import Finder

    MakeMotion = Callable[[bytes | None], bytes | None]

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
}  # fmt: skip
"""How to turn an upright picture back to its stored form, by EXIF orientation."""
ORIENTATION = 0x0112


def with_better_faces(
    pick: Pick, movie: OpenMovie, identifier: str, finder: Finder, *, rekeys: bool
) -> tuple[NewFiles | None, str]:
    """The photo with faces from its movie's frames; None if no face is better there, and why.

    With `rekeys` the photo is half of a new pair, or has its movie behind it; otherwise it is a
    single picture. Raises InputError.
    """
    if pick.photo is None:
        return None, ""
    take, upright = _composed(pick, movie, finder)
    frames = pick.photo.frames

    def time_s(position: int) -> float:
        return to_s(frames[position].t_ns)

    if take is None or take.image_bgr is None:
        return None, "" if take is None else take.note(time_s)
    composite = take.composite(len(frames) + 1, time_s)
    whole = read_whole(pick.input.file, MOST_PHOTO)
    end = movie.motion.photo_end if movie.motion is not None else len(whole)
    motion = _motion(movie) if rekeys and movie.motion is not None else None
    still, note = _written(whole[:end], upright, take.image_bgr, identifier, composite, motion)
    note = "; ".join(filter(None, (take.note(time_s), note)))
    kind = kind_of(still)
    if not rekeys:
        alone = _changed(still, lambda tags: tags.remove_identifier())
        return NewFiles({SUFFIX[kind]: alone}, note), ""
    if movie.motion is not None:
        # Keep all that was behind the photo if its kind stays; otherwise the movie only.
        behind = whole[end:]
        if kind != movie.motion.kind:
            behind = whole[movie.motion.start : movie.motion.end]
        return NewFiles({f".MP{SUFFIX[kind].lower()}": still + behind}, note), ""
    paired = with_changed_exif(still, lambda tags: tags.set_identifier(identifier))
    if paired is None:
        raise InputError(f"{pick.input.file.name}: its EXIF has no room for an identifier")
    still = paired
    still_s = movie.still_s if movie.still_s is not None else 0.0
    clip = rekeyed_movie(quicktime(pick.input.files[-1]), still_s, identifier)
    return NewFiles({".MOV": clip, SUFFIX[kind]: still}, note), ""


def _motion(movie: OpenMovie) -> Callable[[Still], MakeMotion]:
    """A function that takes the kind of photo, and returns what adds the movie's tags to XMP."""
    found = movie.motion
    assert found is not None
    still_us, length = round((movie.still_s or 0.0) * 1e6), found.end - found.start

    def of(kind: Still) -> MakeMotion:
        def motion(packet: bytes | None) -> bytes | None:
            if packet is None:
                return motion_xmp(still_us, length, kind)
            return with_motion(packet, still_us, length, f"image/{kind}", PADDING[kind])

        return motion

    return of


def _composed(pick: Pick, movie: OpenMovie, finder: Finder) -> tuple[BestTake | None, Bytes]:
    assert pick.photo is not None
    frames, reader = pick.photo.frames, movie.reader
    upright = read_picture(pick.input.file)
    if pick.score.basis != "faces":
        return None, upright

    def picture(position: int) -> Bytes:
        return reader.picture(frames[position].index)

    try:
        take = transplant(upright, pick.photo.score, frames, pick.size_wh, picture, finder)
    except (LivecamError, ValueError):
        return None, upright  # a failed retouch must not cost the photo
    return take, upright


def _written(
    photo: bytes,
    before: Bytes,
    after: Bytes,
    identifier: str,
    composite: Composite | None,
    motion: Callable[[Still], MakeMotion] | None,
) -> tuple[bytes, str]:
    """The photo's file with the composed picture in it, and a note for the user.

    `motion` makes the XMP of a Motion Photo; it is used if the whole photo is encoded again.
    """

    def describe(tags: ExifEditor) -> None:
        tags.set_unique_id(unique_id(identifier))
        tags.drop_thumbnail()
        if composite is not None:
            tags.set_composite(composite)

    if kind_of(photo) == "jpeg" and jpeg_blocks.is_installed():
        try:
            return _changed(_with_new_blocks(photo, before, after), describe), ""
        except InputError:
            pass
    kind = kind_of(photo) if heic.is_installed() else "jpeg"
    tags = new_tags(photo, (after.shape[1], after.shape[0]), unique_id(identifier))
    describe(tags)
    still, lost = encode_still(after, tags, kind, photo, motion(kind) if motion else None)
    note = "the photo was encoded as a whole"
    if kind == "jpeg" and not jpeg_blocks.is_installed():
        note = f"the photo was encoded as a whole: {install('blocks')} changes the face only"
    return still, "; ".join(filter(None, (lost, note)))


def _with_new_blocks(photo: bytes, before: Bytes, after: Bytes) -> bytes:
    """The JPEG with only those blocks encoded again that differ. Raises InputError."""
    with Image.open(io.BytesIO(photo), formats=("JPEG",)) as image:
        if image.mode != "RGB":
            raise InputError("it is not in colour")
        stored = image.copy()
        profile = image.info.get("icc_profile")
        turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
    mask = Image.fromarray((before != after).any(axis=2))
    new = Image.fromarray(after[:, :, ::-1])
    if profile:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(new, ImageCms.createProfile("sRGB"), own)
        except (ImageCms.PyCMSError, OSError) as err:
            raise InputError("its colours cannot be followed") from err
        assert converted is not None
        new = converted
    if turn is not None:
        new, mask = new.transpose(turn), mask.transpose(turn)
    result = np.array(stored)
    changed = np.asarray(mask)
    result[changed] = np.asarray(new)[changed]
    return jpeg_blocks.with_changed(photo, changed, result)


def _changed(photo: bytes, change: Callable[[ExifEditor], None]) -> bytes:
    return with_changed_exif(photo, change) or photo
