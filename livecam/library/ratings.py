"""A photo's score as a rating, in an XMP file beside it: the photo itself is not touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livecam.disk.new_files import NewFiles, write_new
from livecam.errors import InputError
from livecam.quality.explain import WORDS

if TYPE_CHECKING:
    from pathlib import Path

MOST = 5
"""Stars in XMP (Adobe's XMP Specification, part 1, xmp:Rating: -1 for rejected, 0 to 5)."""
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
    if any(photo.with_name(f"{name}.xmp").exists() for name in (photo.name, photo.stem)):
        return None
    files = NewFiles({".xmp": PACKET.format(stars=stars(score)).encode()})
    (path,) = write_new(files, photo.parent, photo.name)
    return path
