"""Two places of a project, and a remote beside them: a folder, and a server that speaks S3."""

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from operations.project import dvc_file, listing
from operations.storage import remote, traffic
from tests.support import crowning, recording

IDENTITY = {f"GIT_{role}_{what}": "t@t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


def run(root: Path, *words: str) -> None:
    subprocess.run(words, cwd=root, check=True, capture_output=True)


def add(root: Path, name: str, files: int = 2) -> None:
    for number in range(files):
        (root / f"data/raw/{name}/ig/{number}").parent.mkdir(parents=True, exist_ok=True)
        (root / f"data/raw/{name}/ig/{number}").write_text(f"{name} {number}")
    dvc_file.add(root, name)
    recording.nothing(root / f"data/deliveries/{name}.yaml")
    listing.append(root, name)


@pytest.fixture(scope="module")
def made(made_toy: Path, tmp_path_factory, environment) -> Path:
    """A folder with the project (the toy and a delivery that nobody can draw again) and its remote `store`, all pushed.

    No stage of that delivery has run. The remote's address is a relative one, so a copy of all of it is on its own.
    """
    world = tmp_path_factory.mktemp("made")
    root = Path(shutil.copytree(made_toy, world / "project", symlinks=True))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**environment, **IDENTITY}.items():
            patch.setenv(name, value)
        add(root, "own")
        assert remote.add(root, "../store") == (
            f"the remote is {world / 'store'}. Next: git add .dvc/config, and hemaflow remote push"
        )
        run(root, "git", "add", "-A")
        run(root, "git", "commit", "-qm", "All of it")
        assert remote.push(root).endswith(f" files -> {world / 'store'}")
    return world


@pytest.fixture
def world(made: Path, tmp_path: Path, environment, monkeypatch) -> Path:
    for name, value in {**environment, **IDENTITY, **KEYS}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(traffic, "FIRST_PAUSE", 0.5)
    return Path(shutil.copytree(made, tmp_path / "world", symlinks=True))


def cloned(world: Path) -> Path:
    """A checkout with nothing of the data."""
    run(world, "git", "clone", "-q", str(world / "project"), "clone")
    return world / "clone"


def data(root: Path) -> dict[str, bytes]:
    """Every file below data that git does not have."""
    kept = subprocess.run(["git", "ls-files", "data"], cwd=root, check=True, capture_output=True, text=True)
    files = {str(file.relative_to(root)): file for file in (root / "data").rglob("*") if file.is_file()}
    return {path: file.read_bytes() for path, file in files.items() if path not in kept.stdout.split("\n")}


def test_another_clone_gets_all_of_it(world: Path):
    project, clone = world / "project", cloned(world)
    assert "verify = true" in (clone / ".dvc/config").read_text()
    assert remote.push(project) == f"0 files -> {world / 'store'}"
    assert data(clone) == {}
    assert int(remote.pull(clone).split()[0]) > 20
    assert data(clone) == data(project)
    assert remote.push(clone) == f"0 files -> {world / 'store'}"
    assert remote.not_backed_up(clone) == []


def test_another_remote_takes_its_place_unless_the_local_configuration_says_otherwise(world: Path):
    project = world / "project"
    assert f"the remote is {world / 'other'} instead of {world / 'store'}." in remote.add(project, str(world / "other"))
    assert f"url = {world / 'other'}" in (project / ".dvc/config").read_text()
    assert (world / "other").is_dir()
    assert list((world / "other").iterdir()) == []
    (project / ".dvc/config.local").write_text("[core]\nremote = mine\n['remote \"mine\"']\nurl = /mnt/mine\n")
    with pytest.raises(OSError, match=r"the remote is still /mnt/mine: \.dvc/config\.local comes before"):
        remote.add(project, "../store")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("data/store", "inside the project"),
        ("s3://me:secret@cells", "user or password"),
        ("/proc/store", "nothing can be written to /proc/store: No such file"),
    ],
    ids=["inside", "secret", "not writable"],
)
def test_a_remote_that_cannot_be_one_leaves_the_project_as_it_is(world: Path, url, message):
    with pytest.raises((ValueError, OSError), match=message):
        remote.add(world / "project", url)
    run(world / "project", "git", "diff", "--exit-code")


def test_without_a_remote_and_with_one_that_is_gone(world: Path):
    project = world / "project"
    (world / "store").rename(world / "away")
    for does in (remote.push, remote.pull):
        with pytest.raises(OSError, match="store is not there: is it mounted?"):
            does(project)
    assert remote.not_backed_up(project) == [f"{world / 'store'} is not there: is it mounted?"]
    assert not (world / "store").exists()
    (project / ".dvc/config").write_text("")
    assert remote.configured(project) is None
    for does in (remote.push, remote.pull):
        with pytest.raises(ValueError, match="there is no remote: hemaflow remote add PATH, or s3://"):
            does(project)
    assert remote.not_backed_up(project) == [
        "there is no remote: hemaflow remote add PATH, or s3://BUCKET/PREFIX",
        "deliveries that are here alone: own",
        "the model in data/model is here alone",
    ]
    run(project, "git", "tag", "champion/1")
    assert remote.not_backed_up(project)[2] == "champions that are here alone: champion/1"


@pytest.mark.parametrize("state", ["missing", pytest.param("damaged", marks=pytest.mark.long)])
def test_what_the_remote_has_lost_or_damaged_is_noticed_and_named(world: Path, state):
    wanted = (world / "project/data/clean/made.txt").read_bytes()
    file = next(file for file in (world / "store").rglob("*") if file.is_file() and file.read_bytes() == wanted)
    file.chmod(0o644)
    file.write_bytes(b"X" * len(wanted))
    file.chmod(0o444)  # as DVC leaves it, by which it trusts a file of its cache
    if state == "missing":
        file.unlink()
    clone = cloned(world)
    with pytest.raises(OSError, match=f"is not whole: data/clean/made.txt is {state} there .{file}.") as caught:
        remote.pull(clone, ["data/clean"])
    assert {"missing": "files failed to download", "damaged": "targets:\ndata/clean"}[state] in str(caught.value)
    assert not (clone / "data/clean").exists()
    if state == "missing":  # where DVC's own push and status say that all is there
        assert remote.not_backed_up(world / "project") == ["data/clean: 1 files here alone"]
        assert remote.not_backed_up(clone) == ["data/clean: 1 files neither here nor there"]
        assert remote.push(world / "project").startswith("0 files")
    file.unlink(missing_ok=True)
    assert remote.push(world / "project", whole=True) == f"1 files -> {world / 'store'}"
    remote.pull(clone, ["data/clean"])
    assert (clone / "data/clean/made.txt").read_bytes() == wanted


def promote(root: Path, number: int) -> None:
    """A champion as a promotion leaves it, by hand."""
    crowning.versioned(root, f"champion/{number}", f"model {number}")
    run(root, "git", "add", "data/champion.dvc", ".dvc/config")
    run(root, "git", "commit", "-qm", f"Champion {number}")
    run(root, "git", "tag", "-a", "-m", "promoted", f"champion/{number}")


@pytest.mark.long
def test_champions_of_all_tags_go_to_the_remote_of_today(world: Path):
    project = world / "project"
    text = (project / ".dvc/config").read_text()
    (world / "former").mkdir()
    (project / ".dvc/config").write_text(text.replace("store", "former"))
    promote(project, 1)
    (project / ".dvc/config").write_text(text)
    promote(project, 2)
    assert remote.not_backed_up(project) == ["champion/1: 1 files here alone", "champion/2: 1 files here alone"]
    assert remote.push(project) == f"2 files -> {world / 'store'}"
    assert remote.not_backed_up(project) == ["champion/1: 1 files here alone"]
    assert remote.push(project, champions=True) == f"2 files -> {world / 'store'}"
    assert remote.not_backed_up(project) == []
    assert list((world / "former").iterdir()) == []


@pytest.mark.long
def test_a_push_that_was_killed_is_completed_by_the_next(world: Path):
    project, store = world / "project", world / "store"
    add(project, "large", 3000)
    before = len(list(store.rglob("*")))
    code = "from pathlib import Path; from operations.storage import remote; remote.push(Path.cwd())"
    pushing = subprocess.Popen([sys.executable, "-c", code], cwd=project)
    until = time.monotonic() + 60
    while len(list(store.rglob("*"))) < before + 50:
        assert time.monotonic() < until
    for process in (*psutil.Process(pushing.pid).children(recursive=True), psutil.Process(pushing.pid)):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    pushing.wait()
    assert sum(file.is_file() for file in store.rglob("*")) < before + 3000
    assert remote.not_backed_up(project)[0].startswith("data/raw: ")
    clone = cloned(world)
    remote.pull(clone)  # what was there stays whole
    remote.push(project)
    assert remote.not_backed_up(project) == []
    run(project, "git", "add", "-A")
    run(project, "git", "commit", "-qm", "Large")
    run(clone, "git", "pull", "-q")
    remote.pull(clone)
    assert data(clone) == data(project)


@contextlib.contextmanager
def serving(port: int):
    """Moto's S3, in this process."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


def make_bucket(url: str) -> None:
    import boto3

    boto3.client("s3", endpoint_url=url).create_bucket(Bucket="cells")


@pytest.mark.long
def test_a_bucket_as_the_remote(world: Path, caplog):
    from flows.server.server import free_port

    project, port = world / "project", free_port()
    with serving(port) as url:
        with pytest.raises(OSError, match="nothing can be written to s3://cells/blood: The specified bucket does not"):
            remote.add(project, "s3://cells/blood", endpoint_url=url)
        run(project, "git", "diff", "--exit-code")
        make_bucket(url)
        said = remote.add(project, "s3://cells/blood", endpoint_url=url, region="us-east-1")
        assert f"the remote is s3://cells/blood instead of {world / 'store'}" in said
        assert not {"key", "secret"} & set((project / ".dvc/config").read_text().split())
        assert len(remote.not_backed_up(project)) > 5
        assert int(remote.push(project, run_cache=True).split()[0]) > 20
        assert remote.not_backed_up(project) == []
        run(project, "git", "commit", "-qam", "Bucket")
        clone = cloned(world)
        remote.pull(clone)
        assert data(clone) == data(project)
        before = (clone / ".dvc/config").read_text()
        (clone / ".dvc/config").write_text(before.replace("s3://cells/", "s3://nowhere/"))
        began = time.monotonic()
        with pytest.raises(OSError, match="^dvc push with s3://nowhere/blood failed: The specified bucket does not"):
            remote.push(clone)
        assert time.monotonic() - began < 60
        (clone / ".dvc/config").write_text(before)
    add(project, "late")
    assert remote.not_backed_up(project)[0].startswith("s3://cells/blood cannot be asked: Could not connect")
    with pytest.raises(OSError, match="with s3://cells/blood failed, 2 tries: Could not connect to the endpoint"):
        remote.push(project, attempts=2)
    with come_back(port, caplog):
        remote.push(project, ["data/raw/late.dvc"], attempts=9)
        assert "try 1 of 9 failed" in caplog.text


@contextlib.contextmanager
def come_back(port: int, caplog):
    """The server, empty but for the bucket, once a push has failed."""
    import threading

    held, failed = contextlib.ExitStack(), threading.Event()

    def start() -> None:
        while "try 1 of 9 failed" not in caplog.text and not failed.wait(0.1):
            pass
        make_bucket(held.enter_context(serving(port)))

    thread = threading.Thread(target=start)
    thread.start()
    try:
        yield
    finally:
        failed.set()
        thread.join()
        held.close()
