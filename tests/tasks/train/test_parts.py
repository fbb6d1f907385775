import numpy as np
import pytest

from tasks.splits import Part
from tasks.train import parts

NAMES = ["a", "b", "c"]
LABELS = np.array([0] * 6 + [1] * 3 + [2] * 2)


def part(labels: np.ndarray = LABELS) -> Part:
    places = np.stack([np.zeros(len(labels), np.int64), np.arange(len(labels))], axis=1)
    return Part(places, labels, [f"{k:02}" for k in range(len(labels))])


def test_weights_make_classes_count_the_same() -> None:
    weights = parts.class_weights(LABELS, NAMES, "class_weights")
    assert weights.dtype == np.float32
    assert weights * np.bincount(LABELS) == pytest.approx(len(LABELS) / 3)


@pytest.mark.parametrize("imbalance", ["none", "under_sampling"])
def test_without_weights_each_image_counts_the_same(imbalance: str) -> None:
    assert parts.class_weights(LABELS, NAMES, imbalance).tolist() == [1, 1, 1]


@pytest.mark.parametrize("imbalance", ["none", "class_weights", "under_sampling"])
def test_a_class_without_images_is_named(imbalance: str) -> None:
    with pytest.raises(ValueError, match="class b: no image of it in train, expected at least one of each of 3"):
        parts.class_weights(np.array([0, 0, 2]), NAMES, imbalance)


def test_under_sampling_leaves_as_many_of_each_class_as_the_rarest_has() -> None:
    drawn = parts.under_sampled(part(), NAMES, 0)
    assert np.bincount(drawn.labels).tolist() == [2, 2, 2]
    assert len(set(drawn.ids)) == 6
    assert (np.diff(drawn.places[:, 1]) > 0).all()
    assert [f"{row:02}" for row in drawn.places[:, 1]] == list(drawn.ids)


def test_under_sampling_follows_from_the_seed() -> None:
    one, same, other = (list(parts.under_sampled(part(), NAMES, seed).ids) for seed in (1, 1, 4))
    assert one == same
    assert one != other


@pytest.mark.parametrize(("share", "counts"), [(1.0, [6, 3, 2]), (0.5, [3, 2, 1]), (0.01, [1, 1, 1])])
def test_a_share_is_one_of_each_class(share: float, counts: list[int]) -> None:
    assert np.bincount(parts.share(part(), share, 0).labels).tolist() == counts
