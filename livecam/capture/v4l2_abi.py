"""The part of Linux's camera interface (V4L2) that livecam speaks: structures and call numbers.

From the kernel's `include/uapi/linux/videodev2.h`, whose contents never change. No library does
this for us: linuxpy, which is maintained, is under the GPL, and FFmpeg hides what is needed most,
the driver's own count of frames and the colours it declares.
"""

from __future__ import annotations

import ctypes

CAPTURE = 1
"""V4L2_BUF_TYPE_VIDEO_CAPTURE: single-planar."""
MMAP = 1

CAP_CAPTURE = 0x1
CAP_M2M = 0x4000 | 0x8000
"""Memory to memory: a codec, not a camera."""
CAP_STREAMING = 0x04000000
CAP_DEVICE_CAPS = 0x80000000
"""`device_caps` describes this node; `capabilities` all nodes of the device together."""

BUF_FLAG_ERROR = 0x40
"""The driver received the picture with an error; it is not to be trusted."""
BUF_FLAG_CLOCK_MASK = 0xE000
BUF_FLAG_CLOCK_MONOTONIC = 0x2000

DISCRETE, CONTINUOUS, STEPWISE = 1, 2, 3
"""How sizes and intervals are listed."""

PIX_FMT_PRIV_MAGIC = 0xFEEDCAFE
"""In `priv`: the colour fields at the end of a format are used."""


def _io(direction: int, number: int, structure: type[ctypes._CData]) -> int:
    # The encoding of x86, Arm and RISC-V.
    return direction << 30 | ctypes.sizeof(structure) << 16 | ord("V") << 8 | number


_WRITE, _READ = 1, 2


class Fraction(ctypes.Structure):
    """A time in seconds, as a fraction."""

    _fields_ = (("numerator", ctypes.c_uint32), ("denominator", ctypes.c_uint32))


class Capability(ctypes.Structure):
    """What a node is."""

    _fields_ = (
        ("driver", ctypes.c_char * 16),
        ("card", ctypes.c_char * 32),
        ("bus_info", ctypes.c_char * 32),
        ("version", ctypes.c_uint32),
        ("capabilities", ctypes.c_uint32),
        ("device_caps", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32 * 3),
    )


class FormatDescription(ctypes.Structure):
    """One pixel format that a camera offers."""

    _fields_ = (
        ("index", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("description", ctypes.c_char * 32),
        ("pixelformat", ctypes.c_uint32),
        ("mbus_code", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32 * 3),
    )


class FrameSize(ctypes.Structure):
    """One size of a format. Discrete: width, height; stepwise: min, max and step of each."""

    _fields_ = (
        ("index", ctypes.c_uint32),
        ("pixel_format", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("values", ctypes.c_uint32 * 6),
        ("reserved", ctypes.c_uint32 * 2),
    )


class FrameInterval(ctypes.Structure):
    """One time between frames of a format and size. Stepwise: shortest, longest, step."""

    _fields_ = (
        ("index", ctypes.c_uint32),
        ("pixel_format", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("values", Fraction * 3),
        ("reserved", ctypes.c_uint32 * 2),
    )


class PixFormat(ctypes.Structure):
    """What was agreed on: the shape of pictures and their colours."""

    _fields_ = tuple(
        (name, ctypes.c_uint32)
        for name in (
            "width", "height", "pixelformat", "field", "bytesperline", "sizeimage", "colorspace",
            "priv", "flags", "ycbcr_enc", "quantization", "xfer_func",
        )
    )  # fmt: skip


class _FormatUnion(ctypes.Union):
    # The pointer stands for those in members that are left out here: it sets the alignment.
    _fields_ = (("pix", PixFormat), ("raw", ctypes.c_uint8 * 200), ("pointer", ctypes.c_void_p))


class Format(ctypes.Structure):
    """A format and what it is for."""

    _fields_ = (("type", ctypes.c_uint32), ("fmt", _FormatUnion))


class StreamParameters(ctypes.Structure):
    """The time from frame to frame."""

    _fields_ = (
        ("type", ctypes.c_uint32),
        ("capability", ctypes.c_uint32),
        ("capturemode", ctypes.c_uint32),
        ("timeperframe", Fraction),
        ("rest", ctypes.c_uint8 * 184),
    )


class RequestBuffers(ctypes.Structure):
    """How many buffers the driver is to allocate."""

    _fields_ = (
        ("count", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("memory", ctypes.c_uint32),
        ("capabilities", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
    )


class Buffer(ctypes.Structure):
    """One buffer: where it is, or which picture is in it."""

    _fields_ = (
        ("index", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("bytesused", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("field", ctypes.c_uint32),
        ("seconds", ctypes.c_long),
        ("microseconds", ctypes.c_long),
        ("timecode", ctypes.c_uint32 * 4),
        ("sequence", ctypes.c_uint32),
        ("memory", ctypes.c_uint32),
        ("offset", ctypes.c_ulong),
        ("length", ctypes.c_uint32),
        ("reserved2", ctypes.c_uint32),
        ("request_fd", ctypes.c_int32),
    )


class QueryControl(ctypes.Structure):
    """One control of a camera: exposure, focus, zoom."""

    _fields_ = (
        ("id", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("name", ctypes.c_char * 32),
        ("minimum", ctypes.c_int32),
        ("maximum", ctypes.c_int32),
        ("step", ctypes.c_int32),
        ("default_value", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32 * 2),
    )


class QueryMenu(ctypes.Structure):
    """One choice of a control that is a menu; of a menu of numbers the name is a number."""

    _pack_ = 1
    _fields_ = (
        ("id", ctypes.c_uint32),
        ("index", ctypes.c_uint32),
        ("name", ctypes.c_char * 32),
        ("reserved", ctypes.c_uint32),
    )


class ControlValue(ctypes.Structure):
    """A control's value."""

    _fields_ = (("id", ctypes.c_uint32), ("value", ctypes.c_int32))


NEXT_CONTROL = 0x80000000
"""Ask for the control after this one."""
CONTROL_DISABLED, CONTROL_READ_ONLY, CONTROL_INACTIVE, CONTROL_WRITE_ONLY = 0x1, 0x4, 0x10, 0x40
CONTROL_INTEGER, CONTROL_BOOLEAN, CONTROL_MENU, CONTROL_INTEGER_MENU = 1, 2, 3, 9

QUERYCAP = _io(_READ, 0, Capability)
ENUM_FMT = _io(_READ | _WRITE, 2, FormatDescription)
G_FMT = _io(_READ | _WRITE, 4, Format)
S_FMT = _io(_READ | _WRITE, 5, Format)
REQBUFS = _io(_READ | _WRITE, 8, RequestBuffers)
QUERYBUF = _io(_READ | _WRITE, 9, Buffer)
QBUF = _io(_READ | _WRITE, 15, Buffer)
DQBUF = _io(_READ | _WRITE, 17, Buffer)
STREAMON = _io(_WRITE, 18, ctypes.c_int)
STREAMOFF = _io(_WRITE, 19, ctypes.c_int)
G_PARM = _io(_READ | _WRITE, 21, StreamParameters)
S_PARM = _io(_READ | _WRITE, 22, StreamParameters)
G_CTRL = _io(_READ | _WRITE, 27, ControlValue)
S_CTRL = _io(_READ | _WRITE, 28, ControlValue)
QUERYCTRL = _io(_READ | _WRITE, 36, QueryControl)
QUERYMENU = _io(_READ | _WRITE, 37, QueryMenu)
ENUM_FRAMESIZES = _io(_READ | _WRITE, 74, FrameSize)
ENUM_FRAMEINTERVALS = _io(_READ | _WRITE, 75, FrameInterval)
