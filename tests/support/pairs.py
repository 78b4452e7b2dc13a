"""Live Photos made of clips: a still at full size, and a smaller movie of the same scene."""

from __future__ import annotations

import subprocess
from pathlib import Path

import av
import numpy as np
from PIL import Image

from livecam.formats.live_photo_edit import rekeyed_movie
from livecam.formats.remux import remuxed
from livecam.formats.still_edit import with_identifier
from livecam.formats.tags import new_identifier

Pictures = list[np.ndarray]


def frames_of(clip: Path, first: int, count: int) -> Pictures:
    """Some frames of a clip, (H, W, 3) uint8 BGR."""
    with av.open(str(clip)) as container:
        found = []
        for i, frame in enumerate(container.decode(video=0)):
            if i >= first + count:
                break
            if i >= first:
                found.append(frame.to_ndarray(format="bgr24"))
    return found


def live_photo(folder: Path, pictures: Pictures, still: int, smaller: float = 2.0) -> Path:
    """Write a Live Photo: a photo of one picture, a smaller movie of all. Returns the photo."""
    folder.mkdir(parents=True, exist_ok=True)
    height, width = pictures[0].shape[:2]
    size = [2 * round(side / smaller / 2) for side in (width, height)]
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-r", "30"]
    command += ["-s", f"{width}x{height}", "-i", "-", "-vf", f"scale={size[0]}:{size[1]}"]
    command += ["-pix_fmt", "yuv420p", "-crf", "16", str(folder / "made.mp4")]
    raw = b"".join(picture.tobytes() for picture in pictures)
    subprocess.run(command, input=raw, check=True)
    identifier = new_identifier()
    movie = remuxed((folder / "made.mp4").read_bytes(), "mov")
    (folder / "made.mp4").unlink()
    (folder / "IMG_0001.MOV").write_bytes(rekeyed_movie(movie, still / 30, identifier))
    photo = folder / "IMG_0001.JPG"
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Apple", "iPhone 15"
    Image.fromarray(pictures[still][:, :, ::-1]).save(photo, quality=95, exif=exif)
    named = with_identifier(photo.read_bytes(), identifier)
    assert named is not None
    photo.write_bytes(named)
    return photo
