"""The system's microphone, through sounddevice and PortAudio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livecam.errors import MicrophoneError
from livecam.timebase import now_ns, to_ns

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from livecam.capture.sound_ring import SoundRing

LATENCY_S = 0.1
"""Lower latencies lose samples while Python holds its GIL; nothing here needs them."""
BLOCK_S = 0.01
LOST_AFTER_NS = to_ns(0.5)
"""An unplugged device raises no error: its callback just stops."""
MAX_LATENCY_S = BLOCK_S
"""The most that is subtracted for a device's latency. PortAudio reports the length of its buffer
(0.1 s here), but a sample waits only about one block: measured with flashes and beeps through
PulseAudio, subtracting all puts the sound 89 ms too early, subtracting nothing 11 ms too late."""

DEFAULT = "default"
"""What names the system's default microphone, even where a camera has its own."""
SOUND_SERVERS = ("default", "pulse", "pipewire")
"""ALSA's names of sound servers; each stands for the server's present microphone."""

_INSTALL_HINT = "on Debian and Ubuntu: apt install libportaudio2"


class SystemMicrophone:
    """A `Microphone` of this machine."""

    def __init__(self, device: str | None = None) -> None:
        """Find the default input, or one by index or name. Raises MicrophoneError."""
        self._sd = _sounddevice()
        try:
            wanted = int(device) if device is not None and device.isdigit() else device
            wanted = None if wanted == DEFAULT else wanted
            info: dict[str, Any] = self._sd.query_devices(wanted, "input")
        except (ValueError, self._sd.PortAudioError) as err:
            what = f"no microphone '{device}'" if device else "no microphone found"
            raise MicrophoneError(what, "see 'livecam devices'") from err
        self.name = str(info["name"])
        self.rate_hz = int(info["default_samplerate"])
        self.channels = 1
        self._asked, self._device = device, int(info["index"])
        self._ring: SoundRing | None = None
        self._stream: Any = None
        self._started_ns = 0

    def start(self, ring: SoundRing) -> None:
        """Begin to append blocks of int16. Raises MicrophoneError."""
        self._ring = ring
        try:
            self._stream = self._sd.InputStream(
                device=self._device,
                samplerate=self.rate_hz,
                channels=self.channels,
                dtype="int16",
                latency=LATENCY_S,
                blocksize=int(BLOCK_S * self.rate_hz),
                callback=self._on_block,
            )
            # Set before the stream starts: no block may come before its latency is known.
            ring.latency_ns = to_ns(min(max(float(self._stream.latency), 0.0), MAX_LATENCY_S))
            self._started_ns = now_ns()
            self._stream.start()
        except self._sd.PortAudioError as err:
            raise MicrophoneError(f"cannot open the microphone {self.name}", str(err)) from err

    def problem(self) -> str:
        """Why no sound comes just now, or "" while it does."""
        if self._ring is None:
            return ""
        last_ns = self._ring.last_arrival_ns()
        if now_ns() - max(last_ns, self._started_ns) <= LOST_AFTER_NS:
            return ""
        return f"the microphone {self.name} " + ("stopped" if last_ns else "gives no sound")

    def reopen(self) -> None:
        """Look for the device anew and open it. Raises MicrophoneError.

        PortAudio lists devices once, when it is initialised; so it is initialised anew.
        """
        ring = self._ring
        if ring is None:
            return
        self.close()
        self._sd._terminate()
        self._sd._initialize()
        found = SystemMicrophone(self._asked)
        self.name, self._device = found.name, found._device
        ring.break_off()
        self.start(ring)  # at the rate of the ring

    def close(self) -> None:
        """Stop the stream."""
        if self._stream is not None:
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
            self._stream = None

    def _on_block(self, block: npt.NDArray[np.int16], _n: int, _time: Any, _status: Any) -> None:
        # PortAudio's thread: copy, note the time, nothing else. Its own times and overflow flags
        # are not looked at: they are wrong on most systems, and the count of samples shows a loss.
        if self._ring is not None:
            self._ring.append(block, now_ns())


def microphone_in(camera: str, card: int | None = None) -> SystemMicrophone | None:
    """The microphone in a camera, by the number of its sound card in Linux or else by its name.

    None where there is none, or it cannot be opened: a sound server or another program may hold it.
    """
    try:
        sd, inputs = _sounddevice(), list_microphones()
    except MicrophoneError:
        return None
    same_card = [(i, name) for i, name in inputs if f"(hw:{card}," in name]
    same_name = [(i, name) for i, name in inputs if camera and camera.casefold() in name.casefold()]
    for index, name in same_card or same_name:
        try:
            found = SystemMicrophone(str(index))
            sd.check_input_settings(index, found.channels, "int16", samplerate=found.rate_hz)
        except (MicrophoneError, ValueError, sd.PortAudioError):
            continue
        # Its number may be another one once it was pulled out.
        found._asked = name.partition(" (hw:")[0]
        return found
    return None


def list_microphones() -> list[tuple[int, str]]:
    """Index and name of every input that is a device. Raises MicrophoneError without PortAudio."""
    sd = _sounddevice()
    try:
        usual = sd.default.hostapi
        return [
            (int(info["index"]), str(info["name"]))
            for info in sd.query_devices()
            # Windows knows each device once for each of its four sound systems.
            if info["max_input_channels"] > 0
            and info["hostapi"] == usual
            and is_device(str(info["name"]), str(sd.query_hostapis(usual)["name"]))
        ]
    except sd.PortAudioError as err:
        raise MicrophoneError(f"PortAudio cannot list microphones: {err}") from err


def is_device(name: str, system: str) -> bool:
    """False for the plug-ins that ALSA lists as well as devices: dmix, surround51 and others."""
    return system != "ALSA" or name in SOUND_SERVERS or "(hw:" in name


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as err:
        raise MicrophoneError("sounddevice is not installed") from err
    except OSError as err:  # PortAudio itself is missing
        raise MicrophoneError("PortAudio is not installed", _INSTALL_HINT) from err
    return sounddevice
