"""What `livecam pick` tells a person: a table for one input, one line each for many."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Group
from rich.table import Table
from rich.text import Text

from livecam.photos.frames import evenly
from livecam.photos.present import spoilt
from livecam.quality.explain import explain, faults, word_for
from livecam.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.library.batch import Gain
    from livecam.library.picking import Outcome
    from livecam.photos.inputs import Input
    from livecam.photos.pick import Pick
    from livecam.quality.score import FrameScore

SHOWN_FRAMES = 12
"""Rows of the table; --json lists all frames."""

FAULTS = "what pulls it down"
COLOURS = {"great": "green", "good": "", "fair": "yellow", "poor": "red"}
MOST_NAMED = 5

KINDS = {
    "live-photo": "Live Photo",
    "motion-photo": "Motion Photo",
    "video": "movie",
    "pictures": "pictures",
}


def table(chosen: Pick, width: int) -> Group:
    """The frames with their scores, the best and the present key photo marked, `width` wide."""
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    is_set = chosen.input.kind == "pictures"
    frames = shown(chosen)
    cells = [_row(chosen, frame) for frame in frames]
    titles = ("", "picture" if is_set else "time", "frame", "score", "", "faces", FAULTS, "")
    widths = [max(map(cell_len, column)) for column in zip(titles, *cells, strict=True)]
    # Numbers are never cut. The list of faults is shortened first, and only then the name.
    spare = width - sum(widths) - 2 * (len(widths) - 1) - 1
    for column, least in ((6, len(FAULTS)), (1, 12)):
        room = max(min(least, widths[column]), widths[column] + min(0, spare))
        spare += widths[column] - room
        widths[column] = room
    for column, (title, room) in enumerate(zip(titles, widths, strict=True)):
        is_number = column in (2, 3, 5) or (column == 1 and not is_set)
        rows.add_column(title, justify="right" if is_number else "left", no_wrap=True,
                        width=room, overflow="ellipsis")  # fmt: skip
    for frame, texts in zip(frames, cells, strict=True):
        colour = COLOURS[word_for(frame.score)]
        styled = [Text(text, style=colour if i in (3, 4) else "") for i, text in enumerate(texts)]
        rows.add_row(*styled, style="bold" if frame is chosen.key else "")
    left_out = len(chosen.score.frames) - len(frames)
    if not left_out:
        return Group(rows)
    return Group(rows, Text(f"({left_out} more frames; --json lists all)", style="dim"))


def _row(chosen: Pick, frame: FrameScore) -> tuple[str, ...]:
    is_set = chosen.input.kind == "pictures"
    present = chosen.present is not None and chosen.present.index == frame.index
    name = chosen.input.files[frame.index].name if is_set else f"{frame.t_ns / 1e9:.3f} s"
    return (
        ">" if frame is chosen.key else "",
        visible(name),
        str(frame.index),
        # A frame that was not looked at has an estimated score.
        f"~{frame.score:.3f}" if frame.estimated else f"{frame.score:.3f}",
        word_for(frame.score),
        str(len(frame.faces)),
        ", ".join(faults(frame)),
        "present key photo" if present else "",
    )


GAINS_TITLE = "What would gain most: the present key photo, and the better frame beside it"


def gains(judged: int, better: int, largest: Sequence[Gain]) -> str:
    """What a whole library would gain, in a sentence."""
    text = f"{better} of {judged} would get a better key photo"
    if not largest:
        return text
    names = (f"{visible(Path(g.files[0]).name)} +{g.gain:.2f}" for g in largest[:MOST_NAMED])
    return f"{text}; most of all: {', '.join(names)}"


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
        looked = sum(not frame.estimated for frame in frames)
        told = f"{looked} of {len(frames)}" if looked < len(frames) else f"{looked}"
        text = (
            f"{source.file.name}: {KINDS[source.kind]} of {chosen.duration_s:.3f} s, "
            f"{told} frames looked at"
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
    photo, now = chosen.photo, chosen.present
    if photo is not None and chosen.keeps_present:
        judged = f"{photo.score.score:.3f} {word_for(photo.score.score)}"
        text = f"the photo stays{_size(photo.size_wh)}, {judged}: {photo.stays}"
    elif photo is not None:
        judged = f"{photo.score.score:.3f} {word_for(photo.score.score)}"
        faults = ", ".join(spoilt(photo.score)) or "somebody is missing"
        text += f"{_size(chosen.size_wh)}; the photo{_size(photo.size_wh)}, {judged}: {faults}"
    elif now is not None and chosen.keeps_present:
        text += ", which is the present key photo"
    elif now is not None:
        text += f"; present key photo: {now.time_s:.3f} s, {now.score:.3f} {word_for(now.score)}"
    return visible(text)


def _size(size_wh: tuple[int, int]) -> str:
    return f" ({size_wh[0]}x{size_wh[1]})"


def line(outcome: Outcome) -> str:
    """One of many inputs in a line."""
    name = visible(display_name(outcome.source))
    if outcome.is_skipped:
        made = f" ({visible(outcome.outputs[-1].name)})" if outcome.outputs else ""
        return f"{name}: done before{made}"
    assert outcome.pick is not None
    face = "" if outcome.pick.score.basis == "faces" else " (no face)"
    return f"{name}: {verdict(outcome.pick)}{face}"


def display_name(source: Input) -> str:
    """The name of an input; for a set of pictures, its folder and their number."""
    if source.kind == "pictures" and len(source.files) > 1:
        return f"{source.file.parent}: {len(source.files)} pictures"
    return str(source.file.name)
