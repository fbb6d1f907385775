"""The scale that an image file states: resolution tags of PNG, JPEG and TIFF, ImageJ's and OME's words.

Most files say 72 or 300 pixels per inch, which is about paper; only what can be a microscope's scale counts.
"""

import io
import re
from contextlib import suppress

from PIL import Image, TiffImagePlugin

LEAST, MOST = 0.5, 200.0
"""Pixels per micrometre that a microscope's camera may have."""
MICROMETRES = {"µm": 1.0, "μm": 1.0, "um": 1.0, "micron": 1.0, "microns": 1.0, r"\u00b5m": 1.0, "nm": 1e-3, "mm": 1e3}
"""By the words for units that ImageJ and OME write."""
PER_UNIT = {2: 25_400.0, 3: 10_000.0}
"""Micrometres in TIFF's units of resolution, inch and centimetre."""
X_RESOLUTION, RESOLUTION_UNIT, DESCRIPTION = 282, 296, 270
IMAGEJ = re.compile(r"^unit=(.+?)\s*$", re.MULTILINE)
OME = re.compile(r'PhysicalSizeX="([0-9.eE+-]+)"')
OME_UNIT = re.compile(r'PhysicalSizeXUnit="([^"]+)"')


def stated(data: bytes) -> float | None:
    """Pixels per micrometre by the file's header, None where it does not say or cannot be read."""
    with suppress(Exception), Image.open(io.BytesIO(data)) as image:  # decoders raise whatever they like
        found = _of_tiff(image) if isinstance(image, TiffImagePlugin.TiffImageFile) else _of_dpi(image)
        return found if found is not None and LEAST <= found <= MOST else None
    return None


def _of_dpi(image: Image.Image) -> float | None:
    dpi = image.info.get("dpi")
    return float(dpi[0]) / PER_UNIT[2] if dpi else None


def _of_tiff(image: TiffImagePlugin.TiffImageFile) -> float | None:
    # Pillow takes it for Latin-1, and OME writes UTF-8.
    description = str(image.tag_v2.get(DESCRIPTION, "")).encode("latin-1", "replace").decode(errors="replace")
    if found := OME.search(description):
        unit = OME_UNIT.search(description)
        return 1 / (float(found[1]) * MICROMETRES[unit[1] if unit else "µm"])
    resolution = image.tag_v2.get(X_RESOLUTION)
    if resolution is None:
        return None
    if description.startswith("ImageJ=") and (words := IMAGEJ.search(description)):
        return float(resolution) / MICROMETRES[words[1].lower()]
    return float(resolution) / PER_UNIT[image.tag_v2.get(RESOLUTION_UNIT, 2)]
