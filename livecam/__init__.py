"""True Live Photos from any webcam.

    import livecam

    with livecam.open_source("demo") as source, livecam.Recorder(source) as recorder:
        recorder.wait_until_armed()
        moment = recorder.press().moment.result()
    score = livecam.score(moment)
    files = livecam.save(moment, score, "recordings")

Everything public is named here. A name is imported when it is first used, so that importing livecam
loads none of the large libraries.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livecam.cameras import open_source
    from livecam.capture.portaudio import SystemMicrophone
    from livecam.capture.ring import FrameRing
    from livecam.capture.source import CameraMode, CameraRequest, FrameSource
    from livecam.errors import (
        CameraError,
        InputError,
        LivecamError,
        MicrophoneError,
        ModelError,
        OutputError,
        UsageError,
    )
    from livecam.frame import Frame, PixelFormat
    from livecam.library.single import pick, rekey
    from livecam.live.live_score import LiveScore, LiveScorer
    from livecam.live.recorder import Press, Recorder
    from livecam.media.save import SavedFiles, save
    from livecam.media.save_options import SaveOptions
    from livecam.moment import Moment
    from livecam.photos.pick import Pick
    from livecam.quality.choice import MomentScore
    from livecam.quality.finder import FaceFinder
    from livecam.quality.score import FaceScore, FrameScore
    from livecam.quality.scoring import score

_HOME = {
    "livecam.frame": ("Frame", "PixelFormat"),
    "livecam.cameras": ("open_source",),
    "livecam.capture.portaudio": ("SystemMicrophone",),
    "livecam.library.single": ("pick", "rekey"),
    "livecam.live.live_score": ("LiveScore", "LiveScorer"),
    "livecam.live.recorder": ("Press", "Recorder"),
    "livecam.capture.ring": ("FrameRing",),
    "livecam.capture.source": ("CameraMode", "CameraRequest", "FrameSource"),
    "livecam.moment": ("Moment",),
    "livecam.errors": (
        "CameraError",
        "InputError",
        "LivecamError",
        "MicrophoneError",
        "ModelError",
        "OutputError",
        "UsageError",
    ),
    "livecam.media.save": ("SavedFiles", "save"),
    "livecam.media.save_options": ("SaveOptions",),
    "livecam.photos.pick": ("Pick",),
    "livecam.quality.choice": ("MomentScore",),
    "livecam.quality.finder": ("FaceFinder",),
    "livecam.quality.score": ("FaceScore", "FrameScore"),
    "livecam.quality.scoring": ("score",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "CameraError",
    "CameraMode",
    "CameraRequest",
    "FaceFinder",
    "FaceScore",
    "Frame",
    "FrameRing",
    "FrameScore",
    "FrameSource",
    "InputError",
    "LiveScore",
    "LiveScorer",
    "LivecamError",
    "MicrophoneError",
    "ModelError",
    "Moment",
    "MomentScore",
    "OutputError",
    "Pick",
    "PixelFormat",
    "Press",
    "Recorder",
    "SaveOptions",
    "SavedFiles",
    "SystemMicrophone",
    "UsageError",
    "open_source",
    "pick",
    "rekey",
    "save",
    "score",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("livecam")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'livecam' has no attribute '{name}'")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
