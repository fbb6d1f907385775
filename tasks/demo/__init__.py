"""Synthetic stained smears with planted dirt of known truth, so that the first run needs no download."""
