"""Runs a command under the project's lock, once what waits is listed: `python -m operations.locked COMMAND ...`."""

import os
import signal
import sys
from pathlib import Path

from operations.deliveries import admission
from operations.process import lock
from operations.project import records


def main(arguments: list[str]) -> None:
    """Become the command, with the lock: its exit code, signals and terminal are then its own.

    The descriptor stays open across exec, so the lock ends with the command.
    """
    if not arguments:
        sys.exit("usage: python -m operations.locked COMMAND ...")
    root = Path.cwd()
    with lock.held(root, " ".join(arguments)):
        try:
            admission.admit(root)
            records.check(root)
        except (ValueError, OSError) as error:
            sys.exit(str(error))
        for descriptor in lock.descriptors(root):
            os.set_inheritable(descriptor, True)
        # Python ignores it, and exec hands that on.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        try:
            os.execvp(arguments[0], arguments)
        except OSError as error:
            print(f"{arguments[0]}: {error.strerror}", file=sys.stderr)
            sys.exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
