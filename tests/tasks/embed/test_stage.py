from pathlib import Path

import numpy as np

from tasks import lite0, store
from tasks.embed import stage
from tasks.embed.settings import Embed


def test_features_are_the_network_s_row_by_row(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    (tmp_path / "in").mkdir()
    np.save(tmp_path / "in" / store.PIXELS, pictures)
    stage.main(Embed(batch=2), tmp_path / "in", Path("data/pretrained"), tmp_path / "out")
    found = np.load(tmp_path / "out" / store.FEATURES)
    network = lite0.build(32, Path("data/pretrained") / lite0.WEIGHTS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, network(pictures.astype(np.float32), training=False), rtol=1e-4, atol=1e-4)
