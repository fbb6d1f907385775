"""Small stand-ins for medmnistc and imagecorruptions, of their age: what NumPy 2 no longer has is in them."""

from benchmarks.published import scoring
from tasks.corruptions import benchmark

KINDS = [scoring.NAMES.get(kind, kind) for kind in benchmark.KINDS]

FILTER = """
import random
import numpy as np
import torchvision.transforms.functional as TF

class Noise:
    def apply(self, img, severity=-1, augmentation=False):
        print("this is no image")
        img = np.fromstring(np.array(img).tobytes(), np.uint8).reshape(*img.size, 3)
        if img.shape != (224, 224):
            return np.clip(img + np.random.normal(0, [1, 2, 3, 4, 5][severity], img.shape), 0, 255).astype(np.uint8)

class Bubble:
    def apply(self, img, severity=-1, augmentation=False):
        img = np.array(img)
        img[random.randint(0, 9), :] = 255 - severity
        return img
"""
REGISTRY = f"""
from .filter import Bubble, Noise
CORRUPTIONS_DS = {{"bloodmnist": {{kind: Bubble() if kind == "bubble" else Noise() for kind in {KINDS}}}}}
"""
IMAGENET = """
import numpy as np
import skimage as sk
from skimage.filters import gaussian
from pkg_resources import resource_filename

def glass_blur(x, severity=1):
    c = [(0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)][severity - 1]
    x = np.uint8(gaussian(np.array(x) / 255., sigma=c[0], multichannel=True) * 255)
    x_shape = np.array(x).shape

    # locally shuffle pixels
    for i in range(c[2]):
        for h in range(x_shape[0] - c[1], c[1], -1):
            for w in range(x_shape[1] - c[1], c[1], -1):
                dx, dy = np.random.randint(-c[1], c[1], size=(2,))
                h_prime, w_prime = h + dy, w + dx
                # swap
                x[h, w], x[h_prime, w_prime] = x[h_prime, w_prime], x[h, w]

    return np.clip(gaussian(x / 255., sigma=c[0], multichannel=True), 0,
                   1) * 255

def impulse_noise(x, severity=1):
    c = [.03, .06, .09, 0.17, 0.27][severity - 1]
    x = sk.util.random_noise(np.array(x) / 255., mode='s&p', amount=c)
    return np.clip(x, 0, 1) * 255

def frost(x, severity=1):
    if severity == 2:
        raise RuntimeError("too warm")
    layer = np.full(np.array(x).shape, float(open(resource_filename(__name__, './frost.txt')).read()), dtype=np.float_)
    return np.clip(x + layer * severity, 0, 255)
"""
