"""Whether tests may act as another user."""

import os
from pathlib import Path

NOBODY = 65534
SUPERUSER = os.geteuid() == 0


def _others() -> bool:
    """Not so in a user namespace of one's own, whose superuser can neither become another nor give files away."""
    file = Path("/proc/self/uid_map")
    if not file.exists():
        return True
    maps = [line.split() for line in file.read_text().splitlines()]
    return any(int(first) <= NOBODY < int(first) + int(count) for first, _, count in maps)


ALONE = SUPERUSER and not _others()
"""A superuser, and there is no other user: whom nothing is forbidden, and who cannot be anybody else."""
