"""Finds faces of any size, roughly: boxes for the landmarker to look into.

The landmarker alone loses faces below a tenth of the picture's width. By default MediaPipe's
short-range detector (BlazeFace, 128x128, which lies inside the landmarker's own model file) looks
at the whole picture and at overlapping squares of it: tiles must be square, since the detector
squeezes what it is given. On five group photographs it finds all 24 faces that CenterFace finds, at
sizes down to 28 pixels. Where CenterFace's weights are installed they are used instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livecam.faces.crops import crop_around, square_tiles
from livecam.faces.face import shifted, without_doubles
from livecam.faces.model import AnyModel, model_of
from livecam.faces.nets import open_detector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.faces.face import Box
    from livecam.frame import Bytes

TILE_SHARES = (1.0, 0.4)
"""Sides of the squares as shares of the picture's shorter side: at 720p, faces from 45 pixels on
(288 / 128 * 20) fill enough of what the detector sees."""

SURE = 0.5
"""Score from which a detection in a tile is looked at again."""
PRESENT = 0.6
"""Score on its own crop from which a detection counts: real faces of group photos read 0.73 and
more, a vinyl record 0.7, cups and blurred lamps 0.4 to 0.65."""

PRESENCE_CROP = 1.2
"""Width of the crop in widths of the face: tight, so that what covers the face counts."""
PRESENCE_CROPS = tuple(
    (width, *shift)
    for width in (1.1, 1.2, 1.3)
    for shift in ((0.0, 0.0), (0.03, 0.02), (-0.03, -0.02))
)
"""Crops of a picture that stands alone: width, and shift to the right and down, in widths of the
face. With a single crop, a shift by a pixel changes the part made of the score by up to 0.04."""
FEW_CROPS = PRESENCE_CROPS[::4]
"""Three of them: each width and each shift once."""
_SIDE = 128
LEAST = 0.1
"""Score from which the detector reports a face: low, since the score itself serves as a measure."""


class BlazeFace:
    """The short-range detector, on tiles; and how sure it is of a single face."""

    def __init__(self, model: AnyModel = None) -> None:
        """Load it from the landmarker's file. Raises ModelError."""
        self._net = open_detector(model_of(model), LEAST)

    def boxes(self, image_bgr: Bytes) -> list[Box]:
        """Faces in the whole picture and its tiles: 1.4 ms a tile, 28 tiles at 16:9."""
        height, width = image_bgr.shape[:2]
        tiles = [tile for share in TILE_SHARES for tile in square_tiles((width, height), share)]
        return self._boxes_in(image_bgr, [(0.0, 0.0, float(width), float(height)), *tiles])

    def near_boxes(self, image_bgr: Bytes) -> list[Box]:
        """Faces that fill a good part of the picture: one look at the whole of it."""
        height, width = image_bgr.shape[:2]
        return self._boxes_in(image_bgr, [(0.0, 0.0, float(width), float(height))])

    def _boxes_in(self, image_bgr: Bytes, tiles: list[Box]) -> list[Box]:
        found: list[tuple[float, Box]] = []
        for left, top, right, bottom in tiles:
            piece = image_bgr[round(top) : round(bottom), round(left) : round(right)]
            for score, (x1, y1, x2, y2) in self._net.detect(piece):
                if score >= SURE:
                    found.append((score, (x1 + left, y1 + top, x2 + left, y2 + top)))
        return [
            box for _, box in without_doubles(found) if self.presence(image_bgr, box) >= PRESENT
        ]

    def presence_well(
        self, image_bgr: Bytes, box: Box, crops: Sequence[Sequence[float]] = PRESENCE_CROPS
    ) -> float:
        """`presence` as the mean of several looks; about 13 ms."""
        looks = [
            self.presence(image_bgr, shifted(box, right, down), width)
            for width, right, down in crops
        ]
        return float(np.mean(looks))

    def presence(self, image_bgr: Bytes, box: Box, factor: float = PRESENCE_CROP) -> float:
        """How sure the detector is that a box holds a face, 0..1; about 1.4 ms."""
        crop = crop_around(image_bgr, box, factor, _SIDE, _SIDE)
        if crop is None:
            return 0.0
        return max((score for score, _ in self._net.detect(crop.image_bgr)), default=0.0)

    def close(self) -> None:
        """Free the model."""
        self._net.close()
