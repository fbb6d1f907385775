"""A project in small with a model to promote, and a stand-in for DVC, which takes a second a call."""

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from operations.registry import champion, champion_data, champion_record, switch

FILES = {
    "dvc.yaml": "stages: {}\n",
    "params.yaml": "classes: {ig: []}\n",
    "data/deliveries.yaml": 'deliveries: ["demo"]\n',
    "data/deliveries/demo.yaml": "depth: null\n",
    "data/.gitignore": "/model\n/evaluation\n",
    ".gitignore": "/data/.state/\n/data/runs/\n/data/champions\n",
    ".dvcignore": "data/.state\n",
}
TO_BE = ["arrays.npz", "champion.json", "decision.json", "evaluation/corruptions.parquet", "evaluation/metrics.json"]
TO_BE += ["model.json", "model.weights.h5", "provenance.json", "training_ids.txt"]
"""What a champion's folder holds."""


def project(root: Path) -> Path:
    """A git repository that DVC knows, everything committed, with the model `first` trained in it."""
    root.mkdir(parents=True)
    run(root, "git", "init", "-q", "-b", "main")
    run(root, "git", "config", "user.name", "Ada")
    run(root, "git", "config", "user.email", "ada@example.org")
    run(root, sys.executable, "-m", "dvc", "init", "-q")
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    run(root, "git", "add", "-A")
    run(root, "git", "commit", "-qm", "First")
    train(root, "first")
    return root


def train(root: Path, word: str) -> str:
    """Put a model in data/model, with scores and a run's record; its digest. As links of DVC's, none can be written."""
    files = {name: f"{word} {name}".encode() for name in ("model.weights.h5", "training_ids.txt", "arrays.npz")}
    stored = {name: {"sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)} for name, text in files.items()}
    description = {"format": "hemaflow-model/3", "files": stored, "digest": hashlib.sha256(word.encode()).hexdigest()}
    files["model.json"] = json.dumps(description).encode()
    figures = {"accuracy": 0.98765, "mixed_accuracy": 0.9, "ood_refused": None, "rows": 240}
    scores = {"metrics.json": json.dumps(figures).encode(), "corruptions.parquet": word.encode()}
    for folder, contents in {"data/model": files, "data/evaluation/scores": scores}.items():
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder).mkdir(parents=True)
        for name, content in contents.items():
            (root / folder / name).write_bytes(content)
            (root / folder / name).chmod(0o444)
    (root / "data/runs").mkdir(exist_ok=True)
    record(root, word).write_text(json.dumps({"id": word, "deliveries": ["demo"]}))
    return str(description["digest"])


def record(root: Path, word: str) -> Path:
    """The run's record."""
    return root / "data/runs" / f"{word}.json"


def crown(root: Path, word: str, why: str = "better", **options) -> champion.Champion:
    """Train a model and promote it."""
    train(root, word)
    candidate = champion.assemble(root, {"promote": True, "sentence": f"Promoted: {word}"}, record(root, word))
    return champion.promote(root, candidate, why, **options)


def agree(root: Path, tag: str) -> None:
    """Pointer, folder, git and DVC all say that it is this champion, and nothing is left of how it came."""
    now, text = champion.current(root), (root / champion.POINTER).read_text()
    assert now.tag == tag
    assert git(root, "show", f"HEAD:{champion.POINTER}") == text.strip()
    original = champion_record.parsed(git(root, "show", f"{tag}:{champion.POINTER}"))
    assert original == dataclasses.replace(now, back=None)
    assert json.loads((root / now.folder / "champion.json").read_text()) == champion_record.facts(now)
    assert sorted(contents(root / now.folder)) == TO_BE
    assert not (root / "data/champion.next").exists()


ABOUT = {"since": "2024-11-25T02:00:00Z", "why": "better", "who": "Ada", "replaced": None, "run": None}


def named(root: Path, model: str = "0" * 64, tag: str = "champion/1", run: str | None = None) -> Path:
    """Have the pointer name a champion, whose folder is given, with its champion.json; by hand, without DVC and git."""
    facts = {"tag": tag, **ABOUT, "run": run, "model": model}
    digest = hashlib.md5(f"{tag} {model}".encode()).hexdigest()
    text = champion_record.rendered(yaml.safe_dump({"outs": [{"md5": f"{digest}.dir"}]}), facts)
    (root / champion.POINTER).write_text(text)
    folder = root / champion_record.parsed(text).folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "champion.json").write_text(json.dumps(facts))
    return folder


def former(root: Path) -> None:
    """Have the champion that `promote` or `named` made lie as the former layout has it."""
    now = champion.current(root) or champion_record.parsed("")
    (root / now.folder).rename(root / champion_record.FORMER_FOLDER)
    document = yaml.safe_load((root / champion.POINTER).read_text())
    document["outs"][0]["path"] = champion_record.FORMER_FOLDER.name
    (root / champion.POINTER).write_text(yaml.safe_dump(document))


def versioned(root: Path, tag: str, content: str, replaced: str | None = None) -> Path:
    """The same with a folder of one file, model.json, that DVC versions."""
    with switch.building(root) as place:
        (place / "champion").mkdir()
        (place / "champion/model.json").write_text(content)
        text = champion_data.add(root, {"tag": tag, **ABOUT, "replaced": replaced, "model": "0" * 64})
    (root / champion.POINTER).write_text(text)
    return root / champion_record.parsed(text).folder


def stand_in(root: Path, *words: str) -> None:
    """What DVC does for `champion_data`, with a cache of whole folders in .dvc/tmp."""
    cache = root / ".dvc/tmp/stand-in"
    if words[0] == "add":
        folder = root / words[1]
        files = contents(folder)
        digest = hashlib.md5(repr(files).encode()).hexdigest()
        shutil.copytree(folder, cache / digest, dirs_exist_ok=True)
        out = {"md5": f"{digest}.dir", "size": sum(map(len, files.values())), "nfiles": len(files), "path": folder.name}
        folder.with_name(f"{folder.name}.dvc").write_text(yaml.safe_dump({"outs": [out]}))
    else:
        file = root / words[-1]
        digest = yaml.safe_load(file.read_text())["outs"][0]["md5"].removesuffix(".dir")
        shutil.copytree(cache / digest, file.with_suffix(""))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the folder by its path in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def run(root: Path, *words: str) -> str:
    """What a command says."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(words, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def git(root: Path, *words: str) -> str:
    """What git says."""
    return run(root, "git", *words).strip()
