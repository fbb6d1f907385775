"""Keeps TensorFlow's remarks from whoever runs a stage; its errors come through.

TensorFlow 2.21 says that oneDNN is on, and that absl is not set up yet, in C++ while it is imported, whatever
TF_CPP_MIN_LOG_LEVEL is. So the standard error of this one import goes through `grep`: a process of its own, which still
passes on the last words of an import that ends the process.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

NAME = "tensorflow"
PATIENCE = 5.0
"""Seconds for the last lines to come through."""
REMARKS = r"^([IW][0-9]{4} |WARNING: All log messages before absl|To enable the following instructions)"
"""Lines of absl's levels I and W, and those that come with them; E and F are errors."""


class _Quiet(Loader):
    """Loads a module as its own loader does, without the remarks."""

    def __init__(self, loader: Any):
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As its own."""
        created: ModuleType | None = self.loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        """As its own, which the module knows as its loader then."""
        assert module.__spec__
        module.__spec__.loader = module.__loader__ = self.loader
        with without_remarks():
            self.loader.exec_module(module)


class _Finder(MetaPathFinder):
    """Finds TensorFlow, once."""

    def find_spec(self, name: str, *_others: Any) -> ModuleSpec | None:
        """The spec with the loader above, None for any other module."""
        if name != NAME:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec:
            spec.loader = _Quiet(spec.loader)
        return spec


@contextmanager
def without_remarks() -> Iterator[None]:
    """For the block, standard error loses the lines of REMARKS; without `grep` it is as it is."""
    kept = os.dup(2)
    try:
        grep = subprocess.Popen(["grep", "--line-buffered", "-vE", REMARKS], stdin=subprocess.PIPE, stdout=kept)
    except OSError:
        os.close(kept)
        yield
        return
    assert grep.stdin
    os.dup2(grep.stdin.fileno(), 2)
    grep.stdin.close()
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        with suppress(subprocess.TimeoutExpired):  # a child of the import may hold the pipe open
            grep.wait(PATIENCE)


def install() -> None:
    """Have it be so for an import of TensorFlow that is yet to come."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if NAME not in sys.modules:
        sys.meta_path.insert(0, _Finder())
