"""acquisition: a file for each delivery that says how its pictures were acquired, so that a change re-runs that alone.

DVC re-runs a stage when a file changes that it reads, and data/deliveries.yaml changes with every delivery.
"""

from pathlib import Path

import yaml

from tasks import acquired, command
from tasks.acquired import Acquisition


def main(listing: Path, out: Path) -> None:
    """Write NAME.json for each listed delivery: what the list says about it, {} for nothing."""
    document = yaml.safe_load(listing.read_text())
    found = acquired.entries(document)
    out.mkdir(parents=True)
    for name in document["deliveries"]:
        acquired.write(out / f"{name}.json", found.get(name, Acquisition()))
    print(f"{len(document['deliveries'])} deliveries, {len(found)} with a depth or scale of their own")


if __name__ == "__main__":
    command.run(main)
