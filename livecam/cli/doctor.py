"""`livecam doctor`: what works on this machine and what does not, on one screen."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from livecam import contract
from livecam.cli.values import add_model
from livecam.disk.publish import write_file
from livecam.errors import ExitCode, LivecamError, UsageError
from livecam.limits import check_limits
from livecam.text import visible
from livecam.ui import native_output

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from livecam.faces.model import FaceModel

Verdict = Literal["ok", "warn", "fail"]

CV2_PROVIDERS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
PUBLIC = ("python", "opencv", "model", "encoders", "memory", "display")
"""Findings whose texts name no person, folder, camera or address."""
ENCODERS = ("libx264", "aac")
LOW_SPACE_BYTES = 500_000_000
FRAME_BYTES = 3840 * 2160 * 3 // 2
"""Bytes of a raw 4K frame."""


@dataclass(frozen=True)
class Finding:
    """One line of the report. "fail" means that the main job cannot run."""

    name: str
    verdict: Verdict
    text: str


def add(commands: Any) -> None:
    """Add the command: its name, options and help."""
    doctor = commands.add_parser(
        "doctor",
        help="say what works on this machine and what does not",
        description="Says what works on this machine, what does not, and what would help.",
    )
    add_model(doctor, "check")
    doctor.add_argument(
        "--out", type=Path, default=Path("recordings"), metavar="DIR", help="the folder to check"
    )
    doctor.add_argument(
        "--benchmark",
        action="store_true",
        help="press three times on the camera and say what was lost, how soon the files were "
        "there, and which tier fits",
    )
    doctor.add_argument(
        "--camera", metavar="CAMERA", help="the one to try (the first that gives pictures)"
    )
    doctor.add_argument(
        "--report",
        metavar="FILE",
        help="write what a bug report needs, and nothing private, into FILE (- prints it)",
    )
    doctor.add_argument("--json", action="store_true", help="print one JSON event per line")
    doctor.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report, with `--benchmark` that of a trial too; 1 if the main job cannot run."""
    check_limits()
    from livecam.faces.model import FaceModel

    model, out, camera = FaceModel(args.model, args.face_runtime), args.out, args.camera
    if args.report is not None:
        return report(model, out, camera, args.report)
    with native_output.redirected(None):
        findings = [_guarded(name, check) for name, check in _checks(model, out, camera).items()]
    if args.json:
        for finding in findings:
            event = contract.Finding(finding.name, finding.verdict, finding.text)
            print(event.to_json())
        failed = any(finding.verdict == "fail" for finding in findings)
        return int(ExitCode.FAILURE if failed else ExitCode.OK)
    for finding in findings:
        print(f"{finding.verdict:<5} {finding.name:<11} {visible(finding.text)}")
    failed = any(finding.verdict == "fail" for finding in findings)
    print("livecam cannot run here" if failed else "livecam can run here")
    if args.benchmark and not failed:
        from livecam.cli.trial import run_trial

        with native_output.redirected(None):
            lines = run_trial(camera)
        print("\n".join(lines))
    return int(ExitCode.FAILURE if failed else ExitCode.OK)


def report(model: FaceModel, out: Path, camera: str | None, target: str) -> int:
    """Write what a report of a bug needs; `target` is a file, or - for standard output.

    No names of people, folders, cameras or addresses: where a text may hold one, only the verdict.
    """
    from livecam.media.record import versions

    with native_output.redirected(None):
        findings = [_guarded(name, check) for name, check in _checks(model, out, camera).items()]
    lines = [f"{name} {version}" for name, version in versions().items() if version]
    lines += [
        f"{finding.verdict} {finding.name}"
        + (f": {finding.text}" if finding.name in PUBLIC and finding.verdict != "fail" else "")
        for finding in findings
    ]
    lines.append(f"cores {os.cpu_count()}, machine {platform.machine()}")
    text = "\n".join(lines) + "\n"
    if target == "-":
        print(text, end="")
        return int(ExitCode.OK)
    path = Path(target)
    if path.exists():
        raise UsageError(f"{path} exists already", "livecam overwrites nothing")
    write_file(path, text.encode())
    print(f"written to {visible(str(path))}: look through it before you send it")
    return int(ExitCode.OK)


def _checks(model: FaceModel, out: Path, camera: str | None) -> dict[str, Callable[[], Finding]]:
    return {
        "python": _python,
        "opencv": _opencv,
        "camera": lambda: _camera(camera),
        "microphone": _microphone,
        "model": lambda: _model(model),
        "encoders": _encoders,
        "folder": lambda: _folder(out),
        "spool": lambda: _spool(out),
        "memory": _memory,
        "trash": lambda: _trash(out),
        "display": _display,
    }


def _guarded(name: str, check: Callable[[], Finding]) -> Finding:
    """Run a check; if it breaks, that is a finding too."""
    try:
        return check()
    except (LivecamError, ImportError, OSError) as err:
        return Finding(name, "fail", str(err))


def _python() -> Finding:
    version, system = platform.python_version(), platform.platform(terse=True)
    return Finding("python", "ok", f"{version} on {system}, livecam {metadata.version('livecam')}")


def _opencv() -> Finding:
    import cv2

    found = []
    for name in CV2_PROVIDERS:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    if len(found) == 1:
        return Finding("opencv", "ok", f"{found[0]}, the only provider of cv2")
    if not found:
        return Finding("opencv", "warn", f"cv2 {cv2.__version__}, from outside Python's packages")
    text = f"{' and '.join(found)} overwrite each other: uninstall all but opencv-python"
    return Finding("opencv", "fail", text)


def _camera(camera: str | None) -> Finding:
    from livecam.cameras import open_source
    from livecam.capture.devices import list_devices

    if camera is None and not list_devices():
        return Finding("camera", "warn", "none found; --camera demo and network cameras work")
    try:
        with open_source(camera) as source:
            return Finding("camera", "ok", f"{source.name}, {source.mode.describe()}")
    except LivecamError as err:
        return Finding("camera", "fail", str(err))


def _microphone() -> Finding:
    from livecam.capture.portaudio import SystemMicrophone

    try:
        microphone = SystemMicrophone()
    except LivecamError as err:
        return Finding("microphone", "warn", f"{err}; movies will have no sound")
    return Finding("microphone", "ok", f"{microphone.name}, {microphone.rate_hz} Hz")


def _model(model: FaceModel) -> Finding:
    from livecam.faces.model import MissingModelError, mediapipe_is_installed, runtime_of

    runtime = runtime_of(model)
    try:
        from livecam.faces.landmarker import FaceLandmarker

        FaceLandmarker(model).close()
    except MissingModelError as err:
        # Where MediaPipe cannot be installed, nothing brings the model by itself.
        verdict: Verdict = "fail" if mediapipe_is_installed() else "warn"
        return Finding("model", verdict, f"{err}; until then pictures are chosen without faces")
    except LivecamError as err:
        return Finding("model", "fail", str(err))
    name = "mediapipe" if runtime == "mediapipe" else "opencv-python"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        version = "from outside Python's packages"
    return Finding("model", "ok", f"face landmarker, run by {name} {version}")


def _encoders() -> Finding:
    import av

    missing = [name for name in ENCODERS if name not in av.codecs_available]
    if missing:
        return Finding("encoders", "fail", f"PyAV {av.__version__} lacks {', '.join(missing)}")
    return Finding("encoders", "ok", f"{' and '.join(ENCODERS)} of PyAV {av.__version__}")


def _existing(out: Path) -> Path:
    """The folder, or the nearest one above it that exists: a check must change nothing."""
    return next(path for path in (out.resolve(), *out.resolve().parents) if path.exists())


def _folder(out: Path) -> Finding:
    folder = _existing(out)
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as err:
        return Finding("folder", "fail", f"cannot write to {folder}: {err.strerror}")
    text = f"{out} can be written, {free / 1e9:.1f} GB free"
    return Finding("folder", "ok" if free > LOW_SPACE_BYTES else "warn", text)


def _spool(out: Path) -> Finding:
    from livecam.live.spool import folder_for, strange

    used, others = folder_for(out), strange(out)
    if others:
        names = ", ".join(path.name for path in others)
        return Finding("spool", "warn", f"{names} in {out} is not ours; {used.name} is used")
    return Finding("spool", "ok", f"unfinished moments lie in {used} until their files are there")


def _memory() -> Finding:
    from livecam.memory import shared

    try:
        memory = shared(FRAME_BYTES)
    except OSError as err:
        text = f"there is no shared memory for raw frames ({err.strerror}): they are copied twice"
        return Finding("memory", "warn", text)
    memory.close()
    memory.unlink()
    return Finding("memory", "ok", "frames can be shared between processes")


def _trash(out: Path) -> Finding:
    from livecam.disk.trash import problem

    why = problem(_existing(out))
    if why:
        return Finding("trash", "warn", f"photos cannot be removed or changed in place: {why}")
    return Finding("trash", "ok", "what is removed or changed can be brought back")


def _display() -> Finding:
    if not sys.stdout.isatty():
        return Finding("display", "warn", "not a terminal here: livecam would print plain lines")
    depth = "24-bit" if os.environ.get("COLORTERM") in ("truecolor", "24bit") else "256"
    size = shutil.get_terminal_size()
    return Finding("display", "ok", f"terminal of {size.columns}x{size.lines}, {depth} colours")
