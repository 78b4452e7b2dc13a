"""Looks closely at one face after the other, in crops around where each should be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from livecam.faces.crops import crop_around
from livecam.faces.face import Face, distance, shifted
from livecam.faces.model import AnyModel, model_of
from livecam.faces.nets import open_landmarks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.faces.face import Box
    from livecam.frame import Bytes

CROP = 1.6
"""Width of the crop around a face, in widths of the face: the landmarker then finds all faces that
CenterFace finds on the group photographs."""
LOOKS = tuple(
    (width, *shift)
    for width in (1.45, 1.6, 1.8)
    for shift in ((0.0, 0.0), (0.06, 0.04), (-0.06, -0.04))
)[::2]
"""Crops of a picture that stands alone: width, and shift to the right and down, in widths of the
face; the same are looked at in a mirror. Under a shift by one pixel a single look moves the score
of the clips' frames by up to 0.04 (standard deviation), three by up to 0.03, these with their
mirror images by at most 0.01 (`tests/benchmarks/damage.py`)."""
FEW_LOOKS = LOOKS[::2]
"""Three of them: each width and each shift once."""
SURE_LOOKS = 7 / 9
"""Share of the looks that must see a face: of ten, faces of the group photographs are seen in all,
two of 220 portraits in eight, a vinyl record on the wall in five."""
REACH = 0.7
"""How far from the box, in widths, a face may be and still be the one that was looked for."""
LEAST_SIDE, MOST_SIDE = 256, 512
"""Pixels of that crop: small faces are enlarged, large ones reduced (the model sees 256)."""


class FaceLandmarker:
    """A face's landmarks, blendshapes and pose. One thread at a time."""

    def __init__(self, model: AnyModel = None, max_faces: int = 2) -> None:
        """Load the model (60 to 150 ms). Raises ModelError."""
        self._nets = open_landmarks(model_of(model), max_faces)

    def look_well(
        self, image_bgr: Bytes, box: Box, looks: Sequence[Sequence[float]] = LOOKS
    ) -> Face | None:
        """The mean of several looks, steadier under shifts by a pixel; None if too few see it."""
        found = self._looks(image_bgr, box, looks)
        return _mean(found) if len(found) >= SURE_LOOKS * len(looks) else None

    def look_both_ways(self, image_bgr: Bytes, mirror_bgr: Bytes, box: Box) -> Face | None:
        """The same in a picture and in its mirror image; None if too few looks of both see it."""
        left, top, right, bottom = box
        width = image_bgr.shape[1]
        found = self._looks(image_bgr, box, LOOKS)
        others = self._looks(mirror_bgr, (width - right, top, width - left, bottom), LOOKS)
        if not found or not others or len(found) + len(others) < SURE_LOOKS * 2 * len(LOOKS):
            return None
        return replace(_mean(found), mirrored=_mean(others))

    def _looks(self, image_bgr: Bytes, box: Box, looks: Sequence[Sequence[float]]) -> list[Face]:
        seen = (self.look(image_bgr, shifted(box, right, down), w) for w, right, down in looks)
        return [face for face in seen if face is not None]

    def look(self, image_bgr: Bytes, box: Box, factor: float = CROP) -> Face | None:
        """The face in a box of a (H, W, 3) uint8 BGR picture; about 9 ms."""
        crop = crop_around(image_bgr, box, factor, LEAST_SIDE, MOST_SIDE)
        if crop is None:
            return None
        scale = 1 / crop.scale
        found = [face.moved(scale, crop.left, crop.top) for face in self.find(crop.image_bgr)]
        nearest = min(found, key=lambda face: distance(face.box, box), default=None)
        # A neighbour's face that is also in the crop is somebody else.
        return nearest if nearest is not None and distance(nearest.box, box) < REACH else None

    def find(self, image_bgr: Bytes) -> list[Face]:
        """Faces in a (H, W, 3) uint8 BGR picture, the largest first. About 9 ms."""
        return self._nets.find(image_bgr)

    def close(self) -> None:
        """Free the model."""
        self._nets.close()


def _mean(found: list[Face]) -> Face:
    names = found[0].blendshapes
    return Face(
        np.mean([face.landmarks for face in found], axis=0, dtype=np.float32),
        {name: float(np.mean([face.blendshapes[name] for face in found])) for name in names},
        _mean_angles(found),
    )


def _mean_angles(faces: list[Face]) -> tuple[float, float, float]:
    yaw, pitch, roll = (float(value) for value in np.mean([f.angles_deg for f in faces], axis=0))
    return yaw, pitch, roll
