"""What is read of a model's folder without its network; that `load` refuses spoilt ones, test_model.py shows."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tasks import model_folder

ROOT = Path(__file__).parents[2]


def write(folder: Path, files: object) -> None:
    (folder / model_folder.WEIGHTS).write_bytes(b"weights")
    (folder / model_folder.DESCRIPTION).write_text(json.dumps({"digest": "abc", "files": files}))


def test_it_needs_no_network() -> None:
    script = "import sys; from tasks import model_folder; assert not {'tensorflow', 'keras'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_one_module_names_the_files_of_a_model() -> None:
    names = re.compile(
        f"[\"'/]{re.escape(model_folder.DESCRIPTION)}[\"']|[\"']{re.escape(model_folder.TRAINING_IDS)}[\"']"
    )
    code = [file for folder in ("tasks", "flows", "operations") for file in (ROOT / folder).rglob("*.py")]
    assert [file.name for file in code if names.search(file.read_text())] == ["model_folder.py"]


@pytest.mark.parametrize("content", [None, b"\xff", b"[]", b"{}"], ids=["absent", "bytes", "list", "without"])
def test_a_folder_without_a_digest_has_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / model_folder.DESCRIPTION).write_bytes(content)
    assert model_folder.digest(tmp_path) is None


def test_files_as_the_description_says_pass(tmp_path: Path) -> None:
    (tmp_path / "any").write_bytes(b"weights")
    write(tmp_path, {model_folder.WEIGHTS: model_folder.stored(tmp_path / "any").model_dump()})
    model_folder.check_files(tmp_path, model_folder.described(tmp_path))
    assert model_folder.digest(tmp_path) == "abc"


@pytest.mark.parametrize("files", [[1], {"x": {"sha256": "a"}}, {"x": 3}], ids=["list", "no length", "number"])
def test_digests_of_another_form_are_one_line(tmp_path: Path, files: object) -> None:
    write(tmp_path, files)
    with pytest.raises(ValueError, match=r"model.json: files: expected sha256 and bytes of each$"):
        model_folder.check_files(tmp_path, model_folder.described(tmp_path))
