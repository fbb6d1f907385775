"""Corrupts images by medmnistc's and imagecorruptions' own code; runs in the environment of `environment.prepare`.

It says a line of JSON first: the kinds of each package, or the error that keeps it from starting. For each line of JSON
that comes in (package, kind, severity, seed, ids, shape), followed by that many bytes of RGB images, as many bytes of
corrupted images go out. It ends with its input.

Both packages are older than NumPy 2, so their source is changed as it is imported; nothing installed is edited. Three
changes are not for NumPy's sake: motion blur takes an image of grey levels at any side, not at 224 alone; impulse noise
draws from NumPy's seeded generator and not from the operating system; the loop of glass blur is compiled, as in the
package's own later source, since it takes a third of a second an image otherwise.
"""

import importlib.machinery
import json
import os
import random
import sys
import types
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

DATASET = "bloodmnist"
PATCHES = {
    "medmnistc.corruptions.filter": {
        "np.fromstring": "np.frombuffer",
        "img.shape != (224, 224)": "img.ndim == 3",
    },
    "imagecorruptions.corruptions": {
        "np.float_)": "np.float64)",
        "multichannel=True": "channel_axis=-1",
        "mode='s&p', amount=c)": "mode='s&p', amount=c, rng=np.random.randint(2**31))",
        "    # locally shuffle pixels\n": (
            "    return _blurred(_shuffled(x, x_shape, c), c)\n\n"
            "import numba\n@numba.njit\ndef _shuffled(x, x_shape, c):\n"
        ),
        "    return np.clip(gaussian(x / 255.,": (
            "    return x\n\ndef _blurred(x, c):\n    return np.clip(gaussian(x / 255.,"
        ),
    },
}
"""By module, each piece of its source and what takes its place."""
STUBS = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional", "pkg_resources")
"""Modules that are imported, of which nothing is called here but pkg_resources' path of a file."""

Corrupt = Callable[[Image.Image, int], Any]


class _Patched(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> types.CodeType:
        source = self.get_source(fullname)
        for old, new in PATCHES[fullname].items():
            if old not in source:
                raise ImportError(f"{fullname} is another version than expected: it lacks {old.strip()!r}")
            source = source.replace(old, new)
        return compile(source, self.path, "exec")


class _Finder:
    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        if name not in PATCHES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = _Patched(name, spec.origin)
        return spec


def _stubs() -> None:
    for name in STUBS:
        sys.modules[name] = types.ModuleType(name)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, sys.modules[name])
    sys.modules["pkg_resources"].resource_filename = lambda module, file: str(
        Path(sys.modules[module].__file__).parent / file
    )


def packages() -> dict[str, dict[str, Corrupt]]:
    """Functions of an image and a severity from 1 on, by package and kind."""
    _stubs()
    sys.meta_path.insert(0, _Finder)
    import imagecorruptions
    from medmnistc.corruptions.registry import CORRUPTIONS_DS

    def medmnistc(kind: str) -> Corrupt:
        return lambda image, severity: CORRUPTIONS_DS[DATASET][kind].apply(image, severity - 1)

    def imagenet(kind: str) -> Corrupt:
        return lambda image, severity: imagecorruptions.corrupt(np.asarray(image), severity, kind)

    return {
        "medmnistc": {kind: medmnistc(kind) for kind in CORRUPTIONS_DS[DATASET]},
        "imagecorruptions": {kind: imagenet(kind) for kind in imagecorruptions.get_corruption_names()},
    }


def seeder() -> Callable[[int], None]:
    """What seeds all generators that the packages draw from: Python's, NumPy's, and the one of compiled code."""
    import numba

    @numba.njit
    def compiled(number: int) -> None:
        np.random.seed(number)

    def seed(number: int) -> None:
        random.seed(number)
        np.random.seed(number)
        compiled(number)

    return seed


def number(*parts: object) -> int:
    """A seed of 32 bits, always the same for the same parts."""
    return zlib.crc32("/".join(map(str, parts)).encode())


@contextmanager
def answers() -> Iterator[BinaryIO]:
    """Standard output, to which nothing else is written meanwhile: the packages print."""
    with os.fdopen(os.dup(1), "wb") as pipe, Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        yield pipe


def serve(requests: BinaryIO, pipe: BinaryIO, found: dict[str, dict[str, Corrupt]]) -> None:
    """Answer until the input ends."""
    seed = seeder()
    for line in requests:
        asked = json.loads(line)
        images = np.frombuffer(requests.read(int(np.prod(asked["shape"]))), np.uint8).reshape(asked["shape"])
        corrupt, severity = found[asked["package"]][asked["kind"]], asked["severity"]
        for image, name in zip(images, asked["ids"], strict=True):
            seed(number(asked["seed"], asked["kind"], severity, name))
            changed = np.asarray(corrupt(Image.fromarray(image), severity))
            if changed.shape != image.shape or changed.dtype != np.uint8:
                raise ValueError(f"{asked['kind']}/{severity} gave {changed.dtype} of shape {changed.shape}")
            pipe.write(changed.tobytes())
        pipe.flush()


def main() -> None:
    with answers() as pipe:
        try:
            found = packages()
            start = {package: list(kinds) for package, kinds in found.items()}
        except ImportError as error:
            found, start = {}, {"error": " ".join(str(error).split())}
        pipe.write(json.dumps(start).encode() + b"\n")
        pipe.flush()
        if found:
            serve(sys.stdin.buffer, pipe, found)


if __name__ == "__main__":
    main()
