"""What `livecam pick` tells a person: a table for one input, a line each for many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from livecam.photos.frames import evenly
from livecam.quality.explain import explain, faults, word_for
from livecam.text import visible

if TYPE_CHECKING:
    from rich.text import Text

    from livecam.photos.inputs import Input
    from livecam.photos.pick import Pick
    from livecam.picking import Outcome
    from livecam.quality.score import FrameScore

SHOWN_FRAMES = 12
"""Rows of the table; --json tells of all frames."""

KINDS = {
    "live-photo": "Live Photo",
    "motion-photo": "Motion Photo",
    "video": "movie",
    "pictures": "pictures",
}


def table(chosen: Pick) -> Table:
    """The frames with their scores, the best and the present key photo marked."""
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    is_set = chosen.input.kind == "pictures"
    rows.add_column("")
    rows.add_column("picture" if is_set else "time", justify="left" if is_set else "right")
    rows.add_column("frame", justify="right")
    rows.add_column("score", justify="right")
    for name in ("", "faces", "what pulls it down", ""):
        rows.add_column(name, justify="right" if name == "faces" else "left", no_wrap=True)
    for frame in shown(chosen):
        rows.add_row(*_row(chosen, frame), style="bold" if frame is chosen.key else "")
    return rows


def _row(chosen: Pick, frame: FrameScore) -> tuple[str | Text, ...]:
    is_set = chosen.input.kind == "pictures"
    present = chosen.present is not None and chosen.present.index == frame.index
    name = chosen.input.files[frame.index].name if is_set else f"{frame.t_ns / 1e9:.3f} s"
    return (
        ">" if frame is chosen.key else "",
        escape(visible(name)),
        str(frame.index),
        f"{frame.score:.3f}",
        word_for(frame.score),
        str(len(frame.faces)),
        ", ".join(faults(frame)),
        "present key photo" if present else "",
    )


def explanations(chosen: Pick) -> list[str]:
    """A sentence for each frame of the table."""
    is_set = chosen.input.kind == "pictures"
    lines = []
    for frame in shown(chosen):
        name = chosen.input.files[frame.index].name if is_set else f"{frame.t_ns / 1e9:.3f} s"
        lines.append(f"{visible(name)}: {explain(frame, chosen.key)}")
    return lines


def shown(chosen: Pick, count: int = SHOWN_FRAMES) -> list[FrameScore]:
    """Some of the frames, evenly spaced, the best and the present key photo always among them."""
    frames = chosen.score.frames
    if len(frames) <= count:
        return list(frames)
    wanted = {chosen.score.key}
    if chosen.present is not None:
        wanted |= {i for i, f in enumerate(frames) if f.index == chosen.present.index}
    for i in evenly(len(frames), max(1, count - len(wanted))):
        wanted.add(i)
    return [frames[i] for i in sorted(wanted)]


def headline(chosen: Pick) -> str:
    """What the input is, and what was looked at."""
    frames, source = chosen.score.frames, chosen.input
    if source.kind == "pictures":
        what = "a picture" if len(frames) == 1 else f"{len(frames)} pictures"
        name = source.file.name if len(frames) == 1 else str(source.file.parent)
        text = f"{name}: {what}"
    else:
        text = (
            f"{source.file.name}: {KINDS[source.kind]} of {chosen.duration_s:.3f} s, "
            f"{len(frames)} frames looked at"
        )
    return visible(text + _basis(chosen))


def _basis(chosen: Pick) -> str:
    if chosen.score.note:
        return f"; {chosen.score.note}: judged by focus, steadiness and light"
    if chosen.score.basis == "frame":
        return "; no face found: judged by focus, steadiness and light"
    return ""


def verdict(chosen: Pick) -> str:
    """The choice in a line."""
    if chosen.input.kind == "pictures":
        place = chosen.input.files[chosen.key.index].name
    else:
        place = f"{chosen.key_s:.3f} s (frame {chosen.key.index})"
    text = f"best: {place}, {chosen.key.score:.3f} {word_for(chosen.key.score)}"
    if chosen.by_hand:
        text = text.replace("best", "chosen by hand", 1)
    if chosen.present is not None:
        now = chosen.present
        text += (
            ", which is the present key photo"
            if chosen.keeps_present
            else f"; present key photo: {now.time_s:.3f} s, {now.score:.3f} {word_for(now.score)}"
        )
    return visible(text)


def line(outcome: Outcome) -> str:
    """One of many inputs in a line."""
    name = visible(display_name(outcome.source))
    if outcome.is_skipped:
        return f"{name}: done before ({visible(outcome.outputs[-1].name)})"
    assert outcome.pick is not None
    face = "" if outcome.pick.score.basis == "faces" else " (no face)"
    return f"{name}: {verdict(outcome.pick)}{face}"


def display_name(source: Input) -> str:
    """The name of an input, of a set of pictures that of its folder."""
    if source.kind == "pictures" and len(source.files) > 1:
        return f"{source.file.parent}: {len(source.files)} pictures"
    return str(source.file.name)
