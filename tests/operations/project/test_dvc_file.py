import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from ruamel.yaml import YAML

from operations.process import lock
from operations.project import dvc_file
from tasks.delivery import raw
from tasks.delivery.intake import Intake


@pytest.fixture(scope="session")
def made_repository(tmp_path_factory, environment) -> Path:
    root = tmp_path_factory.mktemp("made") / "repository"
    root.mkdir()
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"]):
        subprocess.run(command, cwd=root, env=environment, check=True)
    return root


@pytest.fixture
def root(made_repository, tmp_path) -> Path:
    """A project with a folder data/raw/x of two files, unknown to DVC."""
    root = Path(shutil.copytree(made_repository, tmp_path / "project"))
    for name in "ab":
        (root / f"data/raw/x/ig/{name}").parent.mkdir(parents=True, exist_ok=True)
        (root / f"data/raw/x/ig/{name}").write_text(name)
    return root


def taken(root: Path) -> Intake:
    folder = root / "data/raw/x"
    return Intake(folder, raw.digest(folder), 2, {"ig": 1, "": 1}, 0)


def test_note_adds_the_facts_and_dvc_keeps_them_though_it_changes_the_rest(root):
    dvc_file.add(root, "x")
    dvc_file.note(root, "x", taken(root))
    meta = dvc_file.read(root, "x")["meta"]
    assert (meta["images"], meta["classes"]) == (2, {"ig": 1, "in no class": 1})
    assert dvc_file.digest(root, "x") == meta["digest"] == raw.digest(root / "data/raw/x")
    (root / "data/raw/x/ig/c").write_text("c")
    dvc_file.add(root, "x")
    assert dvc_file.read(root, "x")["meta"] == meta
    assert dvc_file.read(root, "x")["outs"][0]["nfiles"] == 3
    # The facts are those of an older state, so the digest is taken anew.
    assert dvc_file.digest(root, "x") == raw.digest(root / "data/raw/x") != meta["digest"]
    assert sorted(path.name for path in (root / "data/raw").iterdir()) == [".gitignore", "x", "x.dvc"]


def test_note_where_dvc_leaves_files_out(root):
    (root / "data/raw/x/ig/.dvc").mkdir()
    (root / "data/raw/x/ig/.dvc/config").touch()
    dvc_file.add(root, "x")
    with pytest.raises(ValueError, match=r"DVC versions \d of 3 files, see \.dvcignore and folders named \.dvc"):
        dvc_file.note(root, "x", taken(root))


def test_add_says_what_dvc_said(root):
    (root / ".dvc/config").write_text("[core\n")
    with pytest.raises(OSError, match=r"dvc add data/raw/x failed with exit code 251: ERROR: .*config file error"):
        dvc_file.add(root, "x")


def test_add_gives_dvc_the_lock_so_that_it_outlives_us(root, monkeypatch):
    program = root / "program"
    program.write_text(f"#!/bin/sh\nls -l /proc/$$/fd | grep -q {lock.FILE}\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    with lock.held(root, "add"):
        dvc_file.add(root, "x")
    with pytest.raises(OSError, match="exit code 1"):
        dvc_file.add(root, "x")


def test_digest_without_a_file_and_without_a_folder(root):
    assert dvc_file.digest(root, "x") == raw.digest(root / "data/raw/x")
    assert dvc_file.digest(root, "y") is None
    meta = {"digest": "noted", "md5": "1.dir"}
    dvc_file.place(root, "y").write_text(yaml.safe_dump({"outs": [{"md5": "1.dir"}], "meta": meta}))
    assert dvc_file.digest(root, "y") == "noted"
    dvc_file.place(root, "y").write_text(yaml.safe_dump({"outs": [{"md5": "2.dir"}], "meta": meta}))
    assert dvc_file.digest(root, "y") is None


@pytest.mark.parametrize("text", ["", "text", "outs: []", "outs: [{}]", "outs: [", "<<<<<<< HEAD\nouts:", "meta: 1"])
def test_read_of_what_dvc_has_not_written(root, text):
    dvc_file.place(root, "x").write_text(text)
    with pytest.raises(ValueError, match=r"x\.dvc: expected a file as `dvc add` writes it"):
        dvc_file.read(root, "x")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/a\n/x\n/b\n", "/a\n/b\n"),
        ("/a\n", "/a\n"),
        ("/xx\n/x.csv\n", "/xx\n/x.csv\n"),
        ("/x\n", None),
        (None, None),
    ],
    ids=["one of many", "not there", "others alike", "the last", "no file"],
)
def test_unignore(tmp_path, before, after):
    file = tmp_path / ".gitignore"
    if before is not None:
        file.write_text(before)
    dvc_file.unignore(tmp_path / "x")
    assert (file.read_text() if file.exists() else None) == after


NAMES = [
    *("24e1117", "12e3", "1e-3", "1.5", "0o17", "017", "0x1f", "0b1", "1_000", "2024-01-01"),
    *("no", "yes", "y", "on", "null", "true"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_text_to_yaml_1_1_and_1_2(root, name):
    (root / "data/raw/x").rename(root / "data/raw" / name)
    dvc_file.place(root, name).write_text(yaml.safe_dump({"outs": [{"md5": "1.dir", "nfiles": 2, "path": name}]}))
    dvc_file.note(root, name, Intake(root / "data/raw" / name, "d", 2, {name: 2}, 0))
    text = dvc_file.place(root, name).read_text()
    for document in (yaml.safe_load(text), YAML(typ="safe", pure=True).load(text)):
        assert document["outs"][0]["path"] == name
        assert document["meta"]["classes"] == {name: 2}


def test_dvc_works_on_beside_such_names(root, environment):
    for name in ("24e1117", "no", "0o17"):
        shutil.copytree(root / "data/raw/x", root / "data/raw" / name)
        dvc_file.add(root, name)
        dvc_file.note(root, name, Intake(root / "data/raw" / name, "d", 2, {"ig": 2}, 0))
    said = subprocess.run(["dvc", "status"], cwd=root, env=environment, capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")
    assert "up to date" in said.stdout
