"""Where git and DVC have the champion: its `.dvc` file, and the tags of all that there were."""

from pathlib import Path

POINTER = Path("data/champion.dvc")
TAGS = "champion/*"
