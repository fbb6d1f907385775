"""A look at the drop folder that ends by SIGKILL at a chosen step."""

import inspect
import os
import signal
from pathlib import Path
from typing import Any

NEVER = 1_000_000


def die_at(step: int, counter: str, root: str, also_children: bool = True) -> None:
    """Have this process, and those of its group, end by SIGKILL at a step, counted over all of them in a file.

    A step is whatever is about to change something below `root`; where a file is opened to be written there is a
    second one right after, while it is empty.
    """
    import os
    import signal
    import sys
    import threading

    changes = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
    inside, width = threading.local(), 300  # of a line, by which the size tells the number of them
    descriptor = os.open(counter, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def count(what: object) -> None:
        os.write(descriptor, repr(what).encode()[:width].ljust(width) + b"\n")
        if os.fstat(descriptor).st_size != step * (width + 1):
            return
        os.killpg(0, signal.SIGKILL) if also_children else os.kill(os.getpgid(0), signal.SIGKILL)

    def look(event: str, path: object, more: tuple) -> None:
        if isinstance(path, str | bytes):
            if os.fsdecode(path).startswith("/") and not os.fsdecode(path).startswith(root):
                return
            if event in changes:
                count((event, path, *more))
            elif event == "open" and more[1] & (os.O_WRONLY | os.O_RDWR):
                count((event, path))
                if more[1] & os.O_TRUNC or (more[1] & os.O_CREAT and not os.path.lexists(path)):
                    count_opened(path, more[1])

    def count_opened(path: str | bytes, flags: int) -> None:
        if os.fstat(descriptor).st_size == (step - 1) * (width + 1):
            os.close(os.open(path, flags | os.O_CREAT, 0o666))
        count(("opened", path))

    def hook(event: str, arguments: tuple) -> None:
        if getattr(inside, "hook", False) or not arguments:
            return
        inside.hook = True
        try:
            count((event, arguments[0])) if event == "subprocess.Popen" else look(event, arguments[0], arguments[1:])
        finally:
            inside.hook = False

    sys.addaudithook(hook)


def killed(step: int, project: Any, also_children: bool = True) -> list[str]:
    """Have a look in a process group of its own, which ends at the step; the steps up to that."""
    counter = project.root.parent / "steps"
    counter.unlink(missing_ok=True)
    child = os.fork()
    if not child:
        os.setsid()
        _have_python_die(project.root.parent, step, counter, project.root, also_children)
        die_at(step, str(counter), str(project.root), also_children)
        project.look()
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == (0 if step == NEVER else -signal.SIGKILL)
    return [line.strip() for line in counter.read_text().splitlines()]


def _have_python_die(folder: Path, *arguments: Any) -> None:
    """The same for what this process starts."""
    call = f"die_at({', '.join(repr(str(each) if isinstance(each, Path) else each) for each in arguments)})\n"
    (folder / "sitecustomize.py").write_text(f"{inspect.getsource(die_at)}\n\n{call}")
    os.environ["PYTHONPATH"] = f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
