from pathlib import Path

import pytest

from tasks.delivery import record
from tasks.delivery.record import Acquisition, Record

NAMES = ["no", "1", "24e1117", "NK/T cell", 'a "b"', "é", "e\u0301", "= x", "\u2028"]
ODD = record.of(NAMES, ["no", "1", "1", ""], 3)


@pytest.mark.parametrize(
    "made",
    [Record(), ODD, record.of([], []), Record(depth=12, crop=120), Record(depth="0..1", scale=3.5)],
    ids=["drawn", "odd names", "no class", "a depth and a crop", "fractions and a scale"],
)
def test_what_is_written_is_read(tmp_path: Path, made: Record) -> None:
    (tmp_path / "a.yaml").write_text(record.text(made))
    assert record.read(tmp_path / "a.yaml") == made
    assert record.parsed(made.model_dump()) == made


def test_names_keep_their_order_and_their_counts() -> None:
    assert ODD.names == NAMES
    assert [each.images for each in ODD.classes] == [1, 2, 0, 0, 0, 0, 0, 0, 0]
    assert Record().names is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("depth: 7", 'depth must be 8 to 32 bits or "0..1", got 7'),
        ("depth: x", "depth: "),
        ("{crop: 100, scale: 2}", "crop and scale say the same"),
        ("side: 100", "side: Extra inputs are not permitted, got 100"),
        ("crop: '100'", "crop: .* valid integer, got '100'"),
        ("scale: 0", "scale: .* greater than or equal to 0.01, got 0"),
        ("classes: [ig]", "classes.0: .*got 'ig'"),
        ("classes: [{name: no, images: 1}]", "classes.0"),
        ("classes: [{name: ig, images: 1}, {name: ig, images: 1}]", "a name comes twice"),
        ("[a]", "expected a mapping, got list"),
        ("a: [", "while parsing"),
    ],
)
def test_what_must_not_be_there_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ValueError, match=f"^{tmp_path}/a.yaml: .*{message}"):
        record.read(tmp_path / "a.yaml")


def test_the_side_of_the_crop() -> None:
    assert Acquisition().side(200, 10.0) == (200, False)
    assert Acquisition(crop=120).side(200, 10.0) == (120, True)
    assert Acquisition(scale=20.0).side(200, 10.0) == (400, True)
    with pytest.raises(ValueError, match="scale needs ingest.crop"):
        Acquisition(scale=20.0).side(0, 10.0)


def test_what_a_person_states() -> None:
    assert record.stated("12", 100, None) == Acquisition(depth=12, crop=100)
    for given, message in (
        (("x", None, None), "expected 8 to 32"),
        ((None, 1, None), "crop: .*8"),
        ((None, 9, 1.0), "say the same"),
    ):
        with pytest.raises(ValueError, match=message):
            record.stated(*given)
