"""Linux's cameras through its own interface, V4L2: the list of them, their modes, their frames.

System errors on opening become CameraErrors here, each with a hint for its cause.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import re
import select
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from livecam.capture import v4l2_abi as abi
from livecam.capture.devices import Device
from livecam.capture.modes import COMPRESSED, USUAL_SIZE_WH, Mode
from livecam.errors import CameraError
from livecam.timebase import NS_PER_S, now_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livecam.frame import Bytes

CODECS = {
    "MJPG": "mjpeg",
    "JPEG": "mjpeg",
    "H264": "h264",
    "HEVC": "hevc",
    "YUYV": "yuyv422",
    "UYVY": "uyvy422",
    "YVYU": "yvyu422",
    "NV12": "nv12",
    "NV21": "nv21",
    "NV16": "nv16",
    "YU12": "yuv420p",
    "422P": "yuv422p",
    "GREY": "gray",
    "RGB3": "rgb24",
    "BGR3": "bgr24",
    "BGR4": "bgr0",
    "RGB4": "0rgb",
    "RGBP": "rgb565le",
    "XR24": "bgr0",
    "AR24": "bgra",
    "BX24": "0rgb",
}
"""V4L2's FourCC of each pixel format that livecam reads, and FFmpeg's name for it."""

SYSFS = Path("/sys/class/video4linux")
MOST_BUFFERS, LEAST_BUFFERS = 32, 4
BUFFER_BYTES = 64_000_000
"""What all of the driver's buffers may take: sixteen pictures, half a second, at 1080p, where a
driver reserves 4 MB for each JPEG."""
STEPPED_SIZES_WH = (USUAL_SIZE_WH, (1920, 1080), (3840, 2160), (2560, 1440), (800, 600), (640, 480))
"""The sizes to choose from where a camera accepts any size."""
STEPPED_RATES_HZ = (60, 30, 15)


def list_devices() -> list[Device]:
    """Cameras in the order of their numbers, without their metadata and output nodes."""
    paths = [f"/dev/{path.name}" for path in SYSFS.glob("video*")]
    found = [device for path in paths if (device := read_device(path)) is not None]
    return sorted(found, key=lambda device: device.index)


def plugged_in() -> frozenset[tuple[str, int]]:
    """The nodes of cameras and the like, and when each was made or changed last."""
    found = set()
    with contextlib.suppress(OSError), os.scandir("/dev") as entries:
        for entry in entries:
            if entry.name.startswith("video"):
                with contextlib.suppress(OSError):
                    found.add((entry.name, entry.stat().st_ctime_ns))
    return frozenset(found)


def read_device(path: str) -> Device | None:
    """The camera at a path, or None where it is something else."""
    known = SYSFS / Path(path).name
    try:
        with _opened(path) as fd:
            capability = abi.Capability()
            fcntl.ioctl(fd, abi.QUERYCAP, capability)
    except PermissionError:
        # A node that may not be opened counts as a camera; of a USB camera only the first node.
        card, port = _read(known / "name"), ""
        if not card or _read(known / "index") not in ("", "0"):
            return None
    except OSError:
        return None
    else:
        caps = capability.capabilities
        if caps & abi.CAP_DEVICE_CAPS:
            caps = capability.device_caps
        if not caps & abi.CAP_CAPTURE or not caps & abi.CAP_STREAMING or caps & abi.CAP_M2M:
            return None
        card = capability.card.decode(errors="replace")
        port = capability.bus_info.decode(errors="replace")
    number = re.search(r"(\d+)$", path)
    index = int(number[1]) if number else -1
    return Device(index, _short(card), path, _serial(known), card, port)


def sound_card_of(path: str) -> int | None:
    """Number of the sound card in the same USB device as a camera; None where there is none."""
    usb_device = SYSFS / Path(path).name / "device" / ".."
    numbers = [card.name.removeprefix("card") for card in usb_device.glob("*/sound/card*")]
    return next((int(number) for number in sorted(numbers) if number.isdigit()), None)


def list_modes(path: str) -> tuple[Mode, ...]:
    """What a camera offers in formats that livecam reads. Raises CameraError."""
    try:
        with _opened(path) as fd:
            found = [
                Mode(CODECS[code], size_wh, *_rates(fd, code, size_wh))
                for code in _formats(fd)
                if code in CODECS
                for size_wh in _sizes(fd, code)
            ]
    except OSError as err:
        raise open_error(path, path, err) from err
    return tuple(dict.fromkeys(found))


def formats_of(path: str) -> tuple[str, ...]:
    """FourCCs of all formats that a camera offers, of those too that livecam does not read."""
    try:
        with _opened(path) as fd:
            return tuple(_formats(fd))
    except OSError as err:
        raise open_error(path, path, err) from err


@dataclass(frozen=True)
class Agreed:
    """The mode that a camera was set to, as its driver reports it."""

    codec: str
    size_wh: tuple[int, int]
    rate_hz: Fraction
    stride: int
    """Bytes from row to row; 0 for what is compressed."""
    bt709: bool
    """Whether the YCbCr matrix is that of BT.709, not of BT.601."""
    full_range: bool


@dataclass(frozen=True)
class Buffer:
    """One picture as the driver handed it over, copied."""

    data: Bytes
    """1-D uint8."""
    sequence: int
    """The driver's own number."""
    stamp_ns: int
    is_monotonic: bool
    """Whether `stamp_ns` is a time of the monotonic clock."""
    arrived_ns: int


class Stream:
    """An open camera that sends pictures. One thread reads; any may interrupt."""

    def __init__(self, device: Device, mode: Mode, rate_hz: Fraction) -> None:
        """Set the mode, and begin. Raises CameraError."""
        self._device = device
        self._maps: list[mmap.mmap] = []
        self._wake_read, self._wake_write = os.pipe()
        self._fd = -1
        try:
            self._fd = os.open(device.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            self.agreed = self._agree(mode, rate_hz)
            self._begin()
        except OSError as err:
            self.close()
            raise open_error(device.path, device.name, err) from err
        except CameraError:
            self.close()
            raise

    def next(self, timeout_s: float) -> Buffer | None:
        """Wait for a whole picture; None if it does not come in time, or once interrupted.

        Pictures that the driver received with an error are skipped. Raises OSError when the camera
        is gone.
        """
        deadline_ns = now_ns() + int(timeout_s * NS_PER_S)
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while True:
            buffer = self._take()
            if buffer is not None:
                return buffer
            left_ms = max(0, deadline_ns - now_ns()) / 1e6
            events = dict(poll.poll(left_ms))
            if not events or self._wake_read in events:
                return None
            if events[self._fd] & (select.POLLHUP | select.POLLNVAL):
                raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
            if events[self._fd] & select.POLLERR:
                # No more pictures come, for a reason that only the next call tells.
                buffer = self._take()
                if buffer is None:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                return buffer

    def interrupt(self) -> None:
        """Let a `next` that waits return; later ones do not wait either."""
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"x")

    def close(self) -> None:
        """Release the camera. May be called twice; no `next` may be under way."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                fcntl.ioctl(self._fd, abi.STREAMOFF, ctypes.c_int(abi.CAPTURE))
        for mapped in self._maps:
            mapped.close()
        self._maps.clear()
        for fd in (self._fd, self._wake_read, self._wake_write):
            if fd >= 0:
                os.close(fd)
        self._fd = self._wake_read = self._wake_write = -1

    def _agree(self, mode: Mode, rate_hz: Fraction) -> Agreed:
        code = next(code for code in _formats(self._fd) if CODECS.get(code) == mode.codec)
        asked = abi.Format(type=abi.CAPTURE)
        fcntl.ioctl(self._fd, abi.G_FMT, asked)
        pix = asked.fmt.pix
        pix.width, pix.height = mode.size_wh
        pix.pixelformat, pix.field = _number(code), 0
        pix.bytesperline = pix.sizeimage = 0
        pix.colorspace = pix.ycbcr_enc = pix.quantization = pix.xfer_func = 0
        pix.priv, pix.flags = abi.PIX_FMT_PRIV_MAGIC, 0
        fcntl.ioctl(self._fd, abi.S_FMT, asked)
        codec = CODECS.get(_code(pix.pixelformat), "")
        if codec != mode.codec:
            raise CameraError(
                f"{self._device.name} gives {codec or 'something else'} in place of {mode}"
            )
        bt709, full_range = _colours(pix)
        self._size_image = int(pix.sizeimage)
        return Agreed(
            codec,
            (int(pix.width), int(pix.height)),
            self._agree_rate(rate_hz),
            0 if codec in COMPRESSED else int(pix.bytesperline),
            bt709,
            full_range,
        )

    def _agree_rate(self, rate_hz: Fraction) -> Fraction:
        """Ask for a rate; return the driver's answer, or the rate asked for if it gives none."""
        asked = abi.StreamParameters(type=abi.CAPTURE)
        asked.timeperframe = abi.Fraction(rate_hz.denominator, rate_hz.numerator)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._fd, abi.S_PARM, asked)
            return _rate(asked.timeperframe) or rate_hz
        return rate_hz

    def _begin(self) -> None:
        fitting = BUFFER_BYTES // max(self._size_image, 1)
        count = max(LEAST_BUFFERS, min(MOST_BUFFERS, fitting))
        request = abi.RequestBuffers(count=count, type=abi.CAPTURE, memory=abi.MMAP)
        fcntl.ioctl(self._fd, abi.REQBUFS, request)
        for index in range(request.count):
            buffer = abi.Buffer(index=index, type=abi.CAPTURE, memory=abi.MMAP)
            fcntl.ioctl(self._fd, abi.QUERYBUF, buffer)
            self._maps.append(
                mmap.mmap(self._fd, buffer.length, mmap.MAP_SHARED, offset=buffer.offset)
            )
            fcntl.ioctl(self._fd, abi.QBUF, buffer)
        fcntl.ioctl(self._fd, abi.STREAMON, ctypes.c_int(abi.CAPTURE))

    def _take(self) -> Buffer | None:
        """The next whole picture; None if none is there yet. Raises OSError."""
        while True:
            buffer = abi.Buffer(type=abi.CAPTURE, memory=abi.MMAP)
            try:
                fcntl.ioctl(self._fd, abi.DQBUF, buffer)
            except BlockingIOError:
                return None
            arrived_ns = now_ns()
            taken: Buffer | None = None
            if buffer.bytesused and not buffer.flags & abi.BUF_FLAG_ERROR:
                # Copied at once, so that the driver gets its buffer back as early as possible.
                mapped = memoryview(self._maps[buffer.index])[: buffer.bytesused]
                taken = Buffer(
                    np.frombuffer(mapped, np.uint8).copy(),
                    int(buffer.sequence),
                    buffer.seconds * NS_PER_S + buffer.microseconds * 1000,
                    buffer.flags & abi.BUF_FLAG_CLOCK_MASK == abi.BUF_FLAG_CLOCK_MONOTONIC,
                    arrived_ns,
                )
                mapped.release()
            fcntl.ioctl(self._fd, abi.QBUF, buffer)  # clears the fields of `buffer` too
            if taken is not None:
                return taken


def open_error(path: str, name: str, err: OSError) -> CameraError:
    """The error for a camera that cannot be opened, with a hint for its cause."""
    reason = os.strerror(err.errno).lower() if err.errno else str(err)
    return CameraError(f"cannot open {name}: {reason}", _hint(path, err.errno or 0))


def _hint(path: str, number: int) -> str:
    match number:
        case errno.EBUSY:
            return "close other programs that use it"
        case errno.EACCES | errno.EPERM:
            return _rights_hint(path)
        case errno.ENODEV | errno.ENXIO | errno.ENOENT:
            return "was it unplugged?"
        case errno.ENOSPC:
            return "plug it into another USB port, or ask for less with --size"
        case errno.ENOTTY | errno.EISDIR:
            return "it is no camera; 'livecam devices' lists those there are"
        case errno.EIO:
            return "it sends no picture; unplug it and plug it in again"
    return "see 'livecam devices' for what it offers"


def _rights_hint(path: str) -> str:
    """What the user is missing: membership in a group, a new login, or something else."""
    import grp
    import pwd

    try:
        status = Path(path).stat()
        group, user = grp.getgrgid(status.st_gid), pwd.getpwuid(os.geteuid()).pw_name
    except (OSError, KeyError):
        return f"you may not read and write {path}"
    if status.st_mode & 0o060 != 0o060 or status.st_gid == 0:
        return f"you may not read and write {path}"
    if status.st_gid in os.getgroups():
        return "another rule forbids it, such as that of a sandbox or container"
    if user in group.gr_mem:
        return f"you are in the group {group.gr_name} from your next login on"
    return f"add yourself to the group {group.gr_name}: sudo usermod -aG {group.gr_name} {user}"


def _formats(fd: int) -> Iterator[str]:
    """FourCC of each pixel format."""
    for index in range(256):
        asked = abi.FormatDescription(index=index, type=abi.CAPTURE)
        try:
            fcntl.ioctl(fd, abi.ENUM_FMT, asked)
        except OSError as err:
            if err.errno == errno.EINVAL:
                return
            raise
        yield _code(asked.pixelformat)


def _sizes(fd: int, code: str) -> Iterator[tuple[int, int]]:
    for index in range(1024):
        asked = abi.FrameSize(index=index, pixel_format=_number(code))
        try:
            fcntl.ioctl(fd, abi.ENUM_FRAMESIZES, asked)
        except OSError as err:
            if err.errno in (errno.EINVAL, errno.ENOTTY):
                break
            raise
        if asked.type == abi.DISCRETE:
            yield asked.values[0], asked.values[1]
            continue
        low_w, high_w, step_w, low_h, high_h, step_h = asked.values
        for width, height in (*STEPPED_SIZES_WH, (high_w, high_h)):
            fits = low_w <= width <= high_w and low_h <= height <= high_h
            if (
                fits
                and not (width - low_w) % max(step_w, 1)
                and not (height - low_h) % max(step_h, 1)
            ):
                yield width, height
        return
    else:
        return
    if index == 0:
        # A driver that lists no sizes has only the present one.
        present = abi.Format(type=abi.CAPTURE)
        fcntl.ioctl(fd, abi.G_FMT, present)
        yield present.fmt.pix.width, present.fmt.pix.height


def _rates(
    fd: int, code: str, size_wh: tuple[int, int]
) -> tuple[tuple[Fraction, ...], tuple[Fraction, Fraction] | None]:
    """Frames a second, the highest first, and between which two any other is taken as well."""
    found: set[Fraction] = set()
    between = None
    width, height = size_wh
    for index in range(256):
        asked = abi.FrameInterval(
            index=index, pixel_format=_number(code), width=width, height=height
        )
        try:
            fcntl.ioctl(fd, abi.ENUM_FRAMEINTERVALS, asked)
        except OSError:
            break
        if asked.type == abi.DISCRETE:
            found.add(_rate(asked.values[0]) or Fraction(0))
            continue
        highest, lowest = _rate(asked.values[0]), _rate(asked.values[1])
        if highest and lowest:
            usual = {Fraction(rate) for rate in STEPPED_RATES_HZ if lowest <= rate <= highest}
            found |= usual or {highest}
            between = lowest, highest
        break
    return tuple(sorted((rate for rate in found if rate), reverse=True)), between


def _rate(interval: abi.Fraction) -> Fraction | None:
    if not interval.numerator or not interval.denominator:
        return None
    # Drivers count in units of 100 ns: 333,333 of them are meant to be a thirtieth of a second.
    return Fraction(interval.denominator, interval.numerator).limit_denominator(1001)


def _colours(pix: abi.PixFormat) -> tuple[bool, bool]:
    """Whether the matrix is BT.709's, and whether the range is full.

    What the driver leaves unset follows from the colour space: V4L2_MAP_YCBCR_ENC_DEFAULT and
    V4L2_MAP_QUANTIZATION_DEFAULT of videodev2.h. USB cameras that say nothing mean sRGB, BT.601.
    """
    jpeg, rec709, dci_p3 = 7, 3, 12
    xv709, enc709 = 4, 2
    if pix.ycbcr_enc:
        bt709 = pix.ycbcr_enc in (enc709, xv709)
    else:
        bt709 = pix.colorspace in (rec709, dci_p3)
    full = pix.quantization == 1 if pix.quantization else pix.colorspace == jpeg
    return bt709, full


def _code(number: int) -> str:
    return int(number & 0x7FFFFFFF).to_bytes(4, "little").decode("latin-1").strip()


def _number(code: str) -> int:
    return int.from_bytes(code.ljust(4).encode("latin-1"), "little")


def _short(card: str) -> str:
    """A camera's name; USB drivers give it as `Name: Name`, where the second may be cut off."""
    first, _, second = card.partition(": ")
    return first if second and first.startswith(second) else card


def _serial(device: Path) -> str:
    """Serial number of a USB device: a file of the device above the camera's interface; or ""."""
    return _read(device / "device" / ".." / "serial")


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


@contextlib.contextmanager
def _opened(path: str) -> Iterator[int]:
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
