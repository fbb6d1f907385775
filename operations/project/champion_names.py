"""Where git and DVC have the champion: the pointer, the folders of which it names one, and the tags."""

from pathlib import Path

POINTER = Path("data/champion.dvc")
FOLDER = Path("data/champions")
TAGS = "champion/*"
