from pathlib import Path

import pytest
import yaml

from tasks import params
from tasks.gate.settings import Gate


@pytest.fixture
def written(rules):
    return rules().model_dump()


def load(tmp_path: Path, section: dict) -> Gate:
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump({"gate": section}))
    return params.load(Gate, file)


def test_the_rules_are_read_as_written(tmp_path, written, rules) -> None:
    assert load(tmp_path, written) == rules()


@pytest.mark.parametrize(
    ("part", "key", "value", "said"),
    [
        (
            "non_inferiority_margins",
            "recall",
            1.2,
            "gate.non_inferiority_margins.recall: Input should be less than or equal to 1, got 1.2",
        ),
        ("non_inferiority_margins", "clean", -0.1, "gate.non_inferiority_margins.clean"),
        ("superiority_margins", "worst", 0.1, "gate.superiority_margins.worst: unknown key"),
        ("minimums", "mixed", None, "gate.minimums.mixed"),
        (None, "level", 0.3, "gate.level"),
        (None, "resamples", 10, "gate.resamples"),
        (None, "min_rows", 0, "gate.min_rows"),
    ],
    ids=["more than all", "negative", "unknown", "empty", "low level", "few resamples", "no rows"],
)
def test_a_rule_out_of_range_is_an_error_with_its_path(tmp_path, written, part, key, value, said) -> None:
    (written[part] if part else written)[key] = value
    with pytest.raises(ValueError, match=said):
        load(tmp_path, written)
