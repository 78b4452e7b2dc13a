"""Finds the faces of one frame after the other, and measures them.

Looking for faces of any size takes tens of milliseconds, so it is done once in a while; in between
the landmarker looks where each face was. A face that is lost is looked for again.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from livecam.errors import LivecamError
from livecam.faces.detector import FEW_CROPS, PRESENCE_CROPS, BlazeFace
from livecam.faces.face import distance, overlap
from livecam.faces.landmarker import FEW_LOOKS, FaceLandmarker
from livecam.faces.model import (
    MissingModelError,
    find_model,
    mediapipe_is_installed,
    model_of,
)
from livecam.quality.measures import (
    FaceReading,
    FrameReading,
    SceneReading,
    read_face,
    read_scene,
    upside_down,
    without_sides,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livecam.faces.centerface import CenterFace
    from livecam.faces.face import Box, Face
    from livecam.faces.model import AnyModel
    from livecam.frame import Bytes, Frame

READ_WIDTH = 640
"""Frames are measured at a half, a quarter or an eighth of their size, but at least this wide."""
FACE_PIXELS = 144
"""Frames are not reduced so far that the smallest face becomes narrower than this: its sharpness is
measured at 192 pixels, and a quarter less loses nothing that a person sees."""

DETECT_EVERY_NS = 1_500_000_000
"""From one search of the whole picture to the next."""
PRESENCE_EVERY_NS = 90_000_000
"""Time between measurements of a face's presence: no hand comes within a tenth of a second."""
SEARCH_AGAIN_NS, SEARCH_AGAIN_FRAMES = 190_000_000, 3
"""If a face is lost, or none is known, the next search comes after this time and after this many
frames, whichever is later: a search takes as long as three frames."""
FORGET_AFTER_NS = 400_000_000
"""Time after which a lost face is no longer looked for in its old place."""
ANOTHER_SIZE = 1.5
"""A face found after a jump is looked at again if it is this many times wider or narrower than the
one that was there before."""
LONG_AGO_NS = -(1 << 62)
MAX_FACES = 40
"""A class photograph. More are not scored, the smallest first."""

_LOADING = threading.Lock()
"""Two threads that import MediaPipe at the same time may each find half a module."""

NO_SCENE = SceneReading(0.0, 0.0, 0.0, 0.0, np.zeros((90, 160), np.uint8))


@dataclass(frozen=True)
class _Seen:
    """Where a face was last, in pixels of the full-size frame."""

    box: Box
    seen_ns: int = LONG_AGO_NS
    is_lost: bool = False
    presence: float = 1.0
    presence_ns: int = LONG_AGO_NS
    """When `presence` was measured."""


@dataclass
class _Sight:
    """One frame that is looked at, and who is found in it."""

    image_bgr: Bytes
    scale: float
    """Pixels of the full-size frame per pixel of this picture."""
    t_ns: int
    well: bool
    """Whether each face is looked at several times."""
    mirror_bgr: Bytes | None = None
    """The same picture mirrored, if each face is looked at there too."""
    found: list[Face] = field(default_factory=list)
    seen: list[_Seen] = field(default_factory=list)
    """The faces that are found, and those that are lost for a moment."""


class Finder(Protocol):
    """Measures frames one after the other."""

    problem: str
    """Why no faces are looked for; "" while they are."""

    def load(self) -> None:
        """Load now. Raises ModelError."""

    def start(self) -> None:
        """The next frame belongs to another moment."""

    def resume(self, t_ns: int, boxes: Sequence[Box]) -> None:
        """The next frame is near the one at `t_ns`, in which faces were in these boxes."""

    def read(self, frame: Frame) -> FrameReading:
        """Measure one frame. Raises ModelError."""

    def close(self) -> None:
        """Free the models."""


MakeFinder = Callable[[], Finder]


def unread(frame: Frame) -> FrameReading:
    """The reading of a frame that cannot be decoded or measured."""
    return FrameReading(frame.index, frame.t_ns, frame.warmup, False, False, (), NO_SCENE)


def blank(frame: Frame) -> FrameReading:
    """The reading of a frame that was not looked at."""
    return replace(unread(frame), whole=frame.is_whole())


class FaceFinder:
    """Loads its models when they are first needed; finds no faces where there are none.

    One thread at a time. Frames must come in order, except after `jump`; `start` begins another
    sequence.
    """

    def __init__(self, model: AnyModel = None) -> None:
        self._model = model
        self._landmarker: FaceLandmarker | None = None
        self._blaze: BlazeFace | None = None
        self._center: CenterFace | None = None
        self.problem = ""
        """Why no faces are looked for; "" while they are."""
        self._given_up: Callable[[], bool] | None = None
        self.start()

    def load(self) -> None:
        """Load now. Raises ModelError for a missing or altered model."""
        with _LOADING:
            self._load()

    def _load(self) -> None:
        if self._landmarker is not None or self.problem:
            return
        try:
            find_model(model_of(self._model).path)
        except MissingModelError as err:
            # Without MediaPipe no package brings the model, and livecam goes on without it; with
            # MediaPipe the installation is broken.
            if mediapipe_is_installed():
                raise
            self.problem = f"{err.message}: {err.hint}"
            return
        from livecam.faces.centerface import find_weights, shared

        self._blaze = BlazeFace(self._model)
        weights = find_weights()
        self._center = shared(weights) if weights is not None else None
        self._landmarker = FaceLandmarker(self._model)

    def start(self, *, alone: bool = False, roughly: bool = False) -> None:
        """Forget all faces: the next frame belongs to another moment.

        With `alone` each frame stands by itself, and its faces are looked at nine times; with
        `roughly` as well, three times.
        """
        self._alone, self._roughly = alone, roughly
        self._seen: list[_Seen] = []
        self._searched_ns, self._since_search = LONG_AGO_NS, SEARCH_AGAIN_FRAMES
        self._reduce: int | None = None
        self._has_jumped = False
        self._presence_every_ns = PRESENCE_EVERY_NS

    @contextlib.contextmanager
    def until(self, given_up: Callable[[], bool]) -> Iterator[None]:
        """Let `read` raise LivecamError as soon as `given_up` returns True."""
        self._given_up = given_up
        try:
            yield
        finally:
            self._given_up = None

    def jump(self) -> None:
        """The next frame is of the same moment, but not next to the last one.

        Faces are looked for where they were, and everywhere if one of them is not there.
        """
        self._has_jumped = True
        self._presence_every_ns = 0

    def resume(self, t_ns: int, boxes: Sequence[Box]) -> None:
        """The next frame is near the one at `t_ns`, in which faces were in these boxes.

        The boxes are in pixels of the full-size frame. No search for other faces is made at once.
        """
        self._seen = [_Seen(box, t_ns) for box in boxes]
        self._searched_ns, self._since_search = t_ns, 0
        self._has_jumped = False

    def read(self, frame: Frame, size_wh: tuple[int, int] | None = None) -> FrameReading:
        """Measure one frame: about 20 ms with one face in it.

        `size_wh` is the size of the original picture, if the frame is a reduced copy of one. Raises
        ModelError, and LivecamError if it was given up (`until`).
        """
        if self._given_up is not None and self._given_up():
            raise LivecamError("it was given up")
        self.load()
        reduce = self._reduce or reduce_for(frame.shown_wh[0])
        try:
            image = frame.bgr(reduce)
        except ValueError:
            return unread(frame)
        scale = frame.shown_wh[0] / image.shape[1]
        # On the first frame, one look decides the size to look at, and whether to look again.
        is_first = self._reduce is None
        found = self._find(image, scale, frame.t_ns, well=self._alone and not is_first)
        if found and is_first:
            self._reduce = self._reduction(frame, min(face.width for face in found) * scale)
            if self._reduce < reduce:
                image = frame.bgr(self._reduce)
                scale = frame.shown_wh[0] / image.shape[1]
            if self._reduce < reduce or self._alone:
                found = self._find(image, scale, frame.t_ns, well=self._alone)
        return FrameReading(
            index=frame.index,
            t_ns=frame.t_ns,
            warmup=frame.warmup,
            decoded=True,
            whole=frame.is_whole(),
            faces=self._read(image, found, size_wh or frame.shown_wh),
            scene=read_scene(image),
        )

    def _read(
        self, image_bgr: Bytes, found: Sequence[Face], size_wh: tuple[int, int]
    ) -> tuple[FaceReading, ...]:
        """Measure the faces that were found; those of a picture by itself in a mirror too."""
        readings = tuple(read_face(image_bgr, face, size_wh) for face in found)
        if not self._alone or self._roughly:
            return readings
        if not readings:
            return self._read_upside_down(image_bgr, size_wh)
        assert self._blaze is not None
        mirror = _mirrored(image_bgr)
        both = []
        for face, reading in zip(found, readings, strict=True):
            assert face.mirrored is not None
            sure = self._blaze.presence_well(mirror, face.mirrored.box, PRESENCE_CROPS)
            again = read_face(mirror, replace(face.mirrored, presence=sure), size_wh)
            both.append(without_sides(reading, again))
        return tuple(both)

    def _read_upside_down(
        self, image_bgr: Bytes, size_wh: tuple[int, int]
    ) -> tuple[FaceReading, ...]:
        """The faces near the camera of a picture that has none, if it stands on its head."""
        if self._landmarker is None or self._blaze is None:
            return ()
        turned = np.ascontiguousarray(image_bgr[::-1, ::-1])
        boxes = self._blaze.near_boxes(turned)
        found: list[FaceReading] = []
        for box in boxes:
            face = self._landmarker.look_well(turned, box, FEW_LOOKS)
            if face is None:
                continue
            sure = self._blaze.presence_well(turned, face.box, FEW_CROPS)
            reading = upside_down(read_face(turned, replace(face, presence=sure), size_wh), size_wh)
            if all(overlap(reading.box_xyxy, one.box_xyxy) < 0.2 for one in found):
                found.append(reading)
        return tuple(found)

    def close(self) -> None:
        """Free the models."""
        for part in (self._landmarker, self._blaze):
            if part is not None:
                part.close()
        self._landmarker = self._blaze = self._center = None

    def _reduction(self, frame: Frame, narrowest_px: float) -> int:
        """How far this sequence's frames may be reduced."""
        width = frame.shown_wh[0]
        fits = (
            r for r in (8, 4, 2) if width // r >= READ_WIDTH and narrowest_px / r >= FACE_PIXELS
        )
        return next(fits, 1)

    def _find(self, image_bgr: Bytes, scale: float, t_ns: int, *, well: bool) -> list[Face]:
        """Faces in a frame reduced by `scale`, the widest first; with `well`, by several looks."""
        if self._landmarker is None or self._blaze is None:
            return []
        mirror = _mirrored(image_bgr) if well and not self._roughly else None
        sight = _Sight(image_bgr, scale, t_ns, well, mirror)
        is_due = self._is_search_due(t_ns)
        for before in self._seen:
            self._look(sight, before.box, before)
        has_lost = len(sight.found) < max(1, len(self._seen))
        if is_due or (self._has_jumped and has_lost):
            self._searched_ns, self._since_search = t_ns, 0
            for where in self._new_boxes(sight):
                self._look(sight, where, None)
        self._seen, self._has_jumped = sight.seen, False
        return sorted(sight.found, key=lambda face: -face.width)[:MAX_FACES]

    def _look(self, sight: _Sight, where: Box, before: _Seen | None) -> None:
        """Look for one face in one box; `before` is the face that was there, if any."""
        assert self._landmarker is not None
        assert self._blaze is not None
        box = _scaled(where, 1 / sight.scale)
        if sight.mirror_bgr is not None:
            face = self._landmarker.look_both_ways(sight.image_bgr, sight.mirror_bgr, box)
        elif sight.well:
            face = self._landmarker.look_well(sight.image_bgr, box, FEW_LOOKS)
        else:
            face = self._landmarker.look(sight.image_bgr, box)
        if face is None:
            is_recent = before is not None and sight.t_ns - before.seen_ns < FORGET_AFTER_NS
            if before is not None and is_recent and not self._has_jumped:
                sight.seen.append(replace(before, is_lost=True))
            return
        if (
            self._has_jumped
            and not 1 / ANOTHER_SIZE < face.width / (box[2] - box[0]) < ANOTHER_SIZE
        ):
            # Somebody else, in a crop that was cut for another size.
            face = self._landmarker.look(sight.image_bgr, face.box) or face
        if any(_is_same(face, other) for other in sight.found):
            return
        if sight.well:
            crops = FEW_CROPS if self._roughly else PRESENCE_CROPS
            sure = self._blaze.presence_well(sight.image_bgr, face.box, crops)
            face, looked_ns = replace(face, presence=sure), sight.t_ns
        else:
            face, looked_ns = self._with_presence(sight.image_bgr, face, before, sight.t_ns)
        sight.found.append(face)
        box = _scaled(face.box, sight.scale)
        sight.seen.append(_Seen(box, sight.t_ns, False, face.presence, looked_ns))

    def _is_search_due(self, t_ns: int) -> bool:
        self._since_search += 1
        since_ns = abs(t_ns - self._searched_ns)  # a jump may go back
        if since_ns >= DETECT_EVERY_NS:
            return True
        lost = any(seen.is_lost for seen in self._seen) or not self._seen
        return lost and since_ns >= SEARCH_AGAIN_NS and self._since_search >= SEARCH_AGAIN_FRAMES

    def _with_presence(
        self, image_bgr: Bytes, face: Face, before: _Seen | None, t_ns: int
    ) -> tuple[Face, int]:
        """The face with its `presence`, and the time at which that was measured."""
        assert self._blaze is not None
        # A jump may go back, so that the time of the last look lies ahead.
        if before is not None and abs(t_ns - before.presence_ns) < self._presence_every_ns:
            return replace(face, presence=before.presence), before.presence_ns
        return replace(face, presence=self._blaze.presence(image_bgr, face.box)), t_ns

    def _new_boxes(self, sight: _Sight) -> list[Box]:
        """Boxes that a search finds besides the known faces, in pixels of the full-size frame."""
        assert self._blaze is not None
        known = [seen.box for seen in sight.seen]
        image_bgr, scale = sight.image_bgr, sight.scale
        if self._center is not None:
            # CenterFace finds no drawn faces, and none so near that they are cut off.
            found = self._center.boxes(image_bgr) + self._blaze.near_boxes(image_bgr)
        else:
            found = self._blaze.boxes(image_bgr)
        boxes = [_scaled(box, scale) for box in found]
        return [
            box for box in boxes
            if all(overlap(box, old) < 0.2 and distance(box, old) > 0.5 for old in known)
        ]  # fmt: skip


def _mirrored(image_bgr: Bytes) -> Bytes:
    return np.ascontiguousarray(image_bgr[:, ::-1])


def _is_same(a: Face, b: Face) -> bool:
    return distance(a.box, b.box) < 0.3


def _scaled(box: Box, scale: float) -> Box:
    left, top, right, bottom = box
    return left * scale, top * scale, right * scale, bottom * scale


def reduce_for(width: int) -> int:
    """The largest of 1, 2, 4, 8 that keeps a frame at least `READ_WIDTH` wide."""
    return next((r for r in (8, 4, 2) if width // r >= READ_WIDTH), 1)
