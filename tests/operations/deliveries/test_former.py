"""Deliveries of before there were records of them. The project is files alone, without DVC."""

import shlex
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from hemaflow.__main__ import app
from operations import locked
from operations.project import records
from operations.settings.migrate import migrate
from tasks.delivery import record

META = {"digest": "d", "md5": "1.dir", "images": 3, "classes": {"ig": 1, "platelet": 2}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text("card: {shown: 1}\nclasses: {ig: [], platelet: [plt]}\n")
    (tmp_path / "data/raw/folders/plt").mkdir(parents=True)
    (tmp_path / "data/raw/folders/plt/a.png").write_bytes(b"")
    (tmp_path / "data/raw/numbers").mkdir()
    images = np.zeros((3, 1, 1, 3), np.uint8)
    np.savez(tmp_path / "data/raw/numbers/a.npz", images=images, labels=[0, 1, 1])
    (tmp_path / "data/raw/numbers.dvc").write_text(yaml.safe_dump({"outs": [{"md5": "1.dir"}], "meta": META}))
    (tmp_path / "data/deliveries.yaml").write_text("deliveries: [demo, folders, numbers]\ndrawn: [demo]\n")
    return tmp_path


def told(root: Path, name: str) -> list[tuple[str, int]] | None:
    classes = record.read(records.place(root, name)).classes
    return None if classes is None else [(each.name, each.images) for each in classes]


def test_each_gets_a_record_once(root: Path) -> None:
    with pytest.raises(ValueError, match="no record of 'demo', 'folders', 'numbers' in data/deliveries"):
        records.check(root)
    lines = migrate(root).splitlines()
    assert lines[1:4] == [
        "data/deliveries/demo.yaml: written, of a delivery that is drawn",
        "data/deliveries/folders.yaml: written, classes plt",
        "data/deliveries/numbers.yaml: written, label numbers, by today's order in params.yaml: 0 = ig, 1 = platelet",
    ]
    assert told(root, "demo") is None
    assert told(root, "folders") == [("plt", 1)]
    assert told(root, "numbers") == [("ig", 1), ("platelet", 2)]
    records.check(root)
    (root / "params.yaml").write_text("classes: {platelet: [], ig: []}\n")
    assert migrate(root).startswith("nothing to migrate")
    assert told(root, "numbers") == [("ig", 1), ("platelet", 2)]


@pytest.mark.parametrize("verb", ["add x", "hold demo --why so", "pipeline", "predict x", "review x keep --why so"])
def test_every_verb_names_the_way_out(root: Path, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    monkeypatch.chdir(root)
    Path("dvc.yaml").touch()
    done = CliRunner().invoke(app, shlex.split(verb))
    assert (done.exit_code, done.stderr.count("`hemaflow migrate` writes what is missing")) == (1, 1)


def test_make_repro_names_it_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    with pytest.raises(SystemExit, match="`hemaflow migrate` writes what is missing"):
        locked.main(["true"])


def test_an_order_that_contradicts_the_counts_of_then_is_refused(root: Path) -> None:
    text = "card: {shown: 1}\nclasses: {platelet: [plt], ig: []}\n"
    (root / "params.yaml").write_text(text)
    with pytest.raises(ValueError, match="'numbers' was added with ig 1, platelet 2, and .* has ig 2, platelet 1: put"):
        migrate(root)
    assert not (root / "data/deliveries").exists()
    assert (root / "params.yaml").read_text() == text


def test_content_that_is_not_here_is_asked_for(root: Path) -> None:
    (root / "data/raw/folders/plt/a.png").unlink()
    (root / "data/raw/folders/plt").rmdir()
    (root / "data/raw/folders").rmdir()
    with pytest.raises(FileNotFoundError, match=r"`dvc pull data/raw/folders.dvc`, then `hemaflow migrate`"):
        migrate(root)
