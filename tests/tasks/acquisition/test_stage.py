from pathlib import Path

import pytest

from tasks import acquired as entry
from tasks.acquired import Acquisition
from tasks.acquisition import stage


def test_a_file_for_each_delivery_and_a_change_changes_one(tmp_path: Path) -> None:
    listing = tmp_path / "deliveries.yaml"
    listing.write_text('deliveries: ["a", "2024.11"]\n')
    stage.main(listing, tmp_path / "before")
    listing.write_text('deliveries: ["a", "2024.11"]\nacquisition: {"2024.11": {depth: 12, scale: 5}}\n')
    stage.main(listing, tmp_path / "after")
    assert (tmp_path / "before/a.json").read_bytes() == (tmp_path / "after/a.json").read_bytes()
    assert entry.read(tmp_path / "before/2024.11.json") == Acquisition()
    assert entry.read(tmp_path / "after/2024.11.json") == Acquisition(depth=12, scale=5.0)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{b: {depth: 12}}", "acquisition: 'b' is not among the deliveries"),
        ("{a: {depth: 7}}", r"acquisition.a: depth must be 8 to 32 bits or \"0..1\", got 7"),
        ("{a: {crop: 100, scale: 2}}", "acquisition.a: crop and scale say the same"),
        ("{a: {side: 100}}", "acquisition.a.side: Extra inputs are not permitted, got 100"),
        ("{a: {crop: '100'}}", "acquisition.a.crop: .* valid integer, got '100'"),
        ("[a]", r"acquisition: expected a mapping of deliveries, got \['a'\]"),
    ],
)
def test_what_must_not_be_there_is_named(tmp_path: Path, said: str, message: str) -> None:
    (tmp_path / "deliveries.yaml").write_text(f'deliveries: ["a"]\nacquisition: {said}\n')
    with pytest.raises(ValueError, match=message):
        stage.main(tmp_path / "deliveries.yaml", tmp_path / "out")


def test_the_side_of_the_crop() -> None:
    assert Acquisition().side(200, 10.0) == (200, False)
    assert Acquisition(crop=120).side(200, 10.0) == (120, True)
    assert Acquisition(scale=20.0).side(200, 10.0) == (400, True)
    with pytest.raises(ValueError, match="scale needs ingest.crop"):
        Acquisition(scale=20.0).side(0, 10.0)


def test_what_a_person_states() -> None:
    assert entry.stated("12", 100, None) == Acquisition(depth=12, crop=100)
    for given, message in (
        (("x", None, None), "expected 8 to 32"),
        ((None, 1, None), "crop: .*8"),
        ((None, 9, 1.0), "say the same"),
    ):
        with pytest.raises(ValueError, match=message):
            entry.stated(*given)
