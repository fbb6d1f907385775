from pathlib import Path

from operations.settings import params_file


def test_what_dvc_rewrites_is_read_as_it_was_meant(in_toy: Path) -> None:
    """As `dvc exp run -S` does: it drops the quotes, and writes 3e-05, a word to YAML 1.1."""
    from dvc.utils.serialize import modify_yaml

    file = in_toy / "params.yaml"
    file.write_text(file.read_text().replace("{ig: [], ", '{"no": ["0"], "0": ["1e3"], ig: ["yes"], ', 1))
    with modify_yaml(file) as document:
        document["train"]["learning_rate"] = 3e-5
    assert "learning_rate: 3e-05" in file.read_text()
    assert "no: [" in file.read_text()
    values = params_file.read(in_toy)
    assert values["train"]["learning_rate"] == 3e-5
    assert values["classes"] == {"no": ["0"], "0": ["1e3"], "ig": ["yes"], "platelet": []}
