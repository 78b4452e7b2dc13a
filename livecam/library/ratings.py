"""A photo's score as a rating, in an XMP file beside it: the photo itself is not touched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livecam.disk.new_files import NewFiles, write_new
from livecam.disk.publish import write_error
from livecam.errors import InputError
from livecam.quality.explain import WORDS

if TYPE_CHECKING:
    from pathlib import Path

MOST = 5
"""Stars in XMP (Adobe's XMP Specification, part 1, xmp:Rating: -1 for rejected, 0 to 5)."""
MOST_BYTES = 1_000_000
"""Of an XMP file that are looked at; a large one holds a history of edits behind the rating."""
_RATING = re.compile(rb"xmp:Rating\s*(?:=\s*[\"']|>)\s*([1-5])\b")
"""As an attribute or as an element."""
PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="livecam">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="{stars}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


def stars(score: float) -> int:
    """5 for a great photo, 4 for a good one, 3 for a fair one, 2 for a poor one."""
    return next(MOST - i for i, (least, _) in enumerate(WORDS) if round(score, 2) >= least)


def write_rating(photo: Path, score: float) -> Path | None:
    """Write `PHOTO.EXT.xmp`; None where the photo has an XMP file, by either of its usual names.

    digiKam, darktable, Immich and PhotoPrism read this name. Raises InputError, OutputError.
    """
    if not photo.is_file():
        raise InputError(f"{photo} is not there any more")
    return None if sidecar_of(photo) is not None else _write(photo, stars(score))


def sidecar_of(photo: Path) -> Path | None:
    """The XMP file that lies beside a photo, by either of its usual names."""
    names = (f"{photo.name}.xmp", f"{photo.stem}.xmp")
    return next((path for name in names if (path := photo.with_name(name)).is_file()), None)


def rating_of(photo: Path) -> int:
    """The stars in the XMP file beside a photo, whoever wrote it; 0 if there are none."""
    sidecar = sidecar_of(photo)
    if sidecar is None:
        return 0
    try:
        with sidecar.open("rb") as file:
            found = _RATING.search(file.read(MOST_BYTES))
    except OSError:
        return 0
    return int(found[1]) if found is not None else 0


def rate(photo: Path, wanted: int) -> None:
    """Give a photo stars, or with 0 take away those that livecam has written.

    Raises InputError if the photo has an XMP file of another program, which is left alone, and
    OutputError.
    """
    sidecar = sidecar_of(photo)
    if sidecar is not None:
        ours = [PACKET.format(stars=n).encode() for n in range(1, MOST + 1)]
        if sidecar.read_bytes() not in ours:
            raise InputError(f"{sidecar.name} is another program's", "rate the photo there")
        try:
            sidecar.unlink()
        except OSError as err:
            raise write_error(sidecar, err) from err
    if wanted:
        _write(photo, wanted)


def _write(photo: Path, wanted: int) -> Path:
    files = NewFiles({".xmp": PACKET.format(stars=wanted).encode()})
    (path,) = write_new(files, photo.parent, photo.name)
    return path
