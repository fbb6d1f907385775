"""How strong each change of the recipes `base` and `heavy` is at magnitude 1, for both engines.

Set by eye on real cells (`hemaflow preview`): at magnitude 0.3 a person tells the cell at once, at 1 hardly.
"""

ROTATION = 0.5
"""Base: turns to either side. Heavy turns by any angle."""
TRANSLATION = 0.3
"""Share of the side, down and across."""
ZOOM = 0.5
"""Share by which an image grows or shrinks."""
SHEAR = 0.4
"""Pixels across for each pixel down, and down for each across."""
BRIGHTNESS = 0.5
"""Share of the range from black to white."""
CONTRAST = 0.8
"""Share by which the distance from mid grey grows or shrinks; of saturation, that from grey of the same light."""
SATURATION = 0.8
HUE = 0.25
"""Turns of the colour circle to either side."""
CHANNEL = 0.2
"""Share of the range by which each channel moves by itself."""
GREY = 0.3
"""Share of images that lose their colour."""
BLUR = 0.025
"""Standard deviation as a share of the side."""
NOISE = 0.2
"""Standard deviation as a share of the range."""
GRID = 0.6
"""Side of each square of the grid as a share of the distance between two."""
GRIDDED = 0.5
"""Share of images that get a grid; not a strength."""
PERIODS = (3.0, 6.0)
"""How many squares of the grid lie along a side; not a strength."""
FILL = 128.0
"""What masks put in the place of an image: mid grey, as far from the bright background as from a nucleus."""
