"""What other programs rely on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from livecam import contract
from livecam.contract_schema import schema
from livecam.errors import ExitCode

SCHEMA = schema()
LIMITS = ("const", "enum", "minimum", "maximum", "minItems", "maxItems")
EVENT = {**SCHEMA, "$ref": "#/$defs/event"}
CAMERA = contract.Camera("c", (1280, 720), 30.0, "mjpeg", "jpeg", "v4l2")
EVENTS = [
    contract.Ready(CAMERA, None, "switched off", 1.5, 1.5, "/x"),
    contract.Armed(),
    contract.CameraLost("lost HD Webcam", "was it unplugged?"),
    contract.MicrophoneLost("the microphone default stopped"),
    contract.MicrophoneBack("default", 4.2),
    contract.CameraBack(CAMERA, 4.2),
    contract.Notice("the movie was encoded again: no room", 1),
    contract.Shot(1, "2026-05-17T12:00:00.000+02:00"),
    contract.Scoring(1),
    contract.Saved(
        1, "/x/a.MOV", "/x/a.JPG", "/x/a.json", contract.Key(3, 0.1, 0.91234), "faces", "why", 1, 1
    ),
    contract.Recovered("/x/a.MOV", "/x/a.JPG", "/x/a.json"),
    contract.Error("no camera found", "try --camera demo", 3),
    contract.Picked(
        "/x/a.JPG",
        ("/x/a.JPG", "/x/a.MOV"),
        "live-photo",
        2.0,
        "faces",
        "",
        "why",
        ({"index": 3, "time_s": 0.1, "score": 0.9, "parts": {"focus": 1.0}, "faces": []},),
        contract.Key(3, 0.1, 0.9),
        contract.PresentKey(0.2, 0.8),
        ("/o/a_key.JPG",),
        "",
    ),
    contract.Skipped("/x/a.JPG", "pictures", ("/o/a_key.JPG",)),
    contract.Exported("/x/a.JPG", "gif", ("/o/a.gif",), ""),
    contract.Applied("/x/a.JPG", ("/x/a_key.JPG",), "", False),
    contract.PickError("/x/a.JPG", "it is damaged", 4),
    contract.Result(
        "A" * 36, ("/x/a.JPG",), "live-photo", contract.Key(3, 0.1, 0.9),
        contract.PresentKey(0.2, 0.8), 0.1, ("/o/a_key.JPG",), "",
    ),
    contract.Result("", ("/x/a.JPG",), "video", None, None, None, (), "", "it is damaged"),
    contract.LibrarySummary(10, 3, ({"files": ("/x/a.JPG",), "gain": 0.5},)),
    contract.Checked(
        ("/x/a.JPG", "/x/a.MOV"), "Live Photo", False, None, 0.5, 2.0, ("the movie is late",),
        ({"program": "Immich", "takes": "no", "why": "an identifier is missing"},),
    ),
    contract.Device("camera", 0, "HD Webcam", ("1280x720 mjpeg 30 Hz",)),
    contract.Preview("http://127.0.0.1:8100/x/live", "http://127.0.0.1:8100/x/score"),
    contract.Live(True, 0.71, 1, ("no smile",)),
    contract.Control("mains", 1, 1, 0, 2, 1, ("0 Disabled", "1 50 Hz", "2 60 Hz")),
    contract.Finding("python", "ok", "3.12.1"),
    contract.Setting("", "before", 2.5, "default"),
    contract.Summary(90, 0, 1, 1),
]  # fmt: skip


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_is_one_line_that_fits_the_schema(event):
    line = event.to_json()
    assert "\n" not in line
    jsonschema.validate(json.loads(line), EVENT)
    assert json.loads(line)["v"] == 1


def test_every_event_of_the_schema_has_a_class_and_the_other_way_round():
    refs = [ref["$ref"].rpartition("/")[2] for ref in SCHEMA["$defs"]["event"]["oneOf"]]
    named = {SCHEMA["$defs"][ref]["properties"]["event"]["const"] for ref in refs}
    assert len(refs) == len(contract.Event.__subclasses__())
    assert (
        named == {cls.event for cls in contract.Event.__subclasses__()} == {e.event for e in EVENTS}
    )


def test_an_unknown_field_does_not_fit():
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"v": 1, "event": "armed", "more": 1}, EVENT)


def test_exit_codes_keep_their_meaning():
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0, "FAILURE": 1, "USAGE": 2, "NO_CAMERA": 3, "NO_INPUT": 4,
        "HANGUP": 129, "INTERRUPTED": 130, "TERMINATED": 143,
    }  # fmt: skip


def promises(of: dict, path: str) -> Iterator[str]:
    """One line for each thing that a value of this schema is promised to be."""
    if "$ref" in of:
        of = {**SCHEMA["$defs"][of["$ref"].rpartition("/")[2]], **of}
    kind = of.get("type", "")
    limits = [f"{name} {of[name]}" for name in LIMITS if name in of]
    kinds = [kind] if isinstance(kind, str) else sorted(kind)
    yield " ".join(filter(None, [path, *kinds, *limits]))
    for one in of.get("oneOf", ()):
        yield from promises(one, f"{path}?")
    for name, one in of.get("properties", {}).items():
        here = f"{path}.{name}"
        yield from promises(one, here + ("" if name in of["required"] else " (may be left out)"))
    if "items" in of:
        yield from promises(of["items"], f"{path}[]")
    if isinstance(of.get("additionalProperties"), dict):
        yield from promises(of["additionalProperties"], f"{path}[name]")


def test_what_was_promised_once_is_promised_still():
    """`promised.txt` grows with the contract: no line of it is ever changed or taken away."""
    now = {
        line
        for ref in (*SCHEMA["$defs"]["event"]["oneOf"], {"$ref": "#/$defs/moment"})
        for line in promises(ref, ref["$ref"].rpartition("/")[2])
    }
    then = set((Path(__file__).with_name("promised.txt")).read_text().splitlines())
    assert sorted(then - now) == [], "a promise is broken"
    assert sorted(now - then) == [], "a new promise: add it to promised.txt"


def test_texts_below_fields_and_classes_are_the_schemas():
    saved = SCHEMA["$defs"]["saved"]
    assert saved["description"] == "A moment is on disk."
    assert saved["properties"]["movie"]["description"] == "absolute path"
    assert (
        "not looked at itself"
        in (SCHEMA["$defs"]["moment_frame"]["properties"]["estimated"]["description"])
    )
    without = {
        name for name, one in SCHEMA["$defs"].items() if name != "event" and not one["description"]
    }
    assert not without
