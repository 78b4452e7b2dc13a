"""A library, and a report of `livecam pick` that wants another frame of each moment in it."""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import tempfile
from pathlib import Path

from livecam.media.save_options import SaveOptions
from livecam.photos.inputs import find_inputs
from livecam.photos.pick import open_movie
from tests.support.files import saved


def reported_library(tmp_path: Path) -> tuple[Path, Path]:
    """The folder, two pairs and a Motion Photo, and the report: another frame of each is better.

    They are made once and then copied.
    """
    folder = tmp_path / "photos"
    shutil.copytree(_library(), folder)
    lines = []
    found = sorted(folder.glob("*.JPG")) + sorted(folder.glob("*.MP.jpg"))
    for photo in found:
        is_pair = not photo.name.endswith(".MP.jpg")
        names = [photo, photo.with_suffix(".MOV")] if is_pair else [photo]
        lines.append({
            "v": 1, "event": "result", "id": "A" * 8 + "-0000-0000-0000-" + "0" * 12,
            "files": list(map(str, names)), "kind": "live-photo" if is_pair else "motion-photo",
            "key": dict(zip(("index", "time_s"), _other(names[-1]), strict=True)) | {"score": 0.9},
            "present_key": {"time_s": 0.2, "score": 0.1}, "gain": 0.8, "outputs": [], "note": "",
            "error": "",
        })  # fmt: skip
    lines.append(lines[0] | {"files": [str(folder / "gone.JPG")], "gain": 0.0})
    report = tmp_path / "report.jsonl"
    report.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder, report


@functools.cache
def _library() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="livecam-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for form in (SaveOptions(), SaveOptions(), SaveOptions(motion="only")):
        saved(folder, form, frames=12)
    return folder


def _other(path: Path) -> tuple[int, float]:
    """Index and time of a frame that is not the key photo."""
    (source,) = find_inputs([path]).inputs
    with open_movie(source) as movie:
        assert movie.still_s is not None
        index = 1 if movie.reader.nearest(movie.still_s).index != 1 else 4
        return index, movie.reader.times[index].time_s
