import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from tasks import command, params

HERE = Path(__file__).parents[2]


class Embed(params.Section):
    section: ClassVar[str] = "embed"
    batch: int


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(
        "embed: {batch: 3}\nsplit: {seed: 0, shares: {train: 0.5, val: 0.25, test: 0.25}}\n"
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a")
    return tmp_path


def run(main, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["tasks/demo/stage.py", "in", "out"])
    command.run(main, Embed)


def write(embed: Embed, source: Path, out: Path) -> None:
    out.write_text(str(embed.batch))


def test_settings_and_paths_reach_the_stage(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(write, monkeypatch)
    assert Path("out").read_text() == "3"


ENDS = """
import atexit, gc
from tasks import command, params

atexit.register(lambda: print(gc.get_freeze_count() > 0, len(gc.get_objects()) < 1000))

class Embed(params.Section):
    section = "embed"
    batch: int

command.run(lambda embed, source, out: None, Embed)
"""


def test_nothing_is_left_for_python_to_search_for_garbage_as_a_stage_ends(project: Path) -> None:
    words = [sys.executable, "-c", ENDS, "in", "out"]
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(HERE)}, capture_output=True, text=True)
    assert done.stdout == "True True\n", done.stderr


INTERRUPTED = """
import os, signal, sys, time
from tasks import command, params

class Embed(params.Section):
    section = "embed"
    batch: int

def main(embed, source, out):
    raise KeyboardInterrupt("the next run goes on") if sys.argv[2] == "words" else stop()

def stop():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)

stop() if sys.argv[2] == "imports" else command.run(main, Embed)
"""


@pytest.mark.parametrize(
    ("at", "said"),
    [
        pytest.param("imports", "demo: interrupted\n", id="while it imports"),
        pytest.param("out", "demo: interrupted\n", id="at work"),
        pytest.param("words", "demo: interrupted; the next run goes on\n", id="with words"),
    ],
)
def test_an_interrupt_is_told_in_one_line(project: Path, at: str, said: str) -> None:
    Path("demo").mkdir()
    Path("demo/stage.py").write_text(INTERRUPTED)
    words = [sys.executable, "demo/stage.py", "in", at]
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(HERE)}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, said)


def test_a_wrong_setting_of_another_stage_is_told_before_this_one_works(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("out").write_text("of before")
    with Path("params.yaml").open("a") as file:
        file.write("dedupe: {max_distance: far}\n")
    with pytest.raises(SystemExit, match=r"demo: dedupe.max_distance: .* valid integer, got 'far'"):
        run(write, monkeypatch)
    assert Path("out").read_text() == "of before"


def test_the_settings_of_other_stages_are_no_code_of_this_one(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("tasks.train")]:
        monkeypatch.delitem(sys.modules, name)
    run(write, monkeypatch)
    assert "tasks.train.settings" not in sys.modules


def edit_input() -> None:
    Path("in/a.txt").write_text("b")


def add_input() -> None:
    Path("in/b.txt").write_text("b")


def remove_input() -> None:
    Path("in/a.txt").unlink()


def edit_params() -> None:
    Path("params.yaml").write_text("embed: {batch: 4}\n")


@pytest.mark.parametrize(
    ("edit", "name"),
    [
        (edit_input, "in/a.txt"),
        (add_input, "in/b.txt"),
        (remove_input, "in/a.txt"),
        (edit_params, "params.yaml:embed"),
    ],
    ids=["input-edited", "input-added", "input-removed", "params-edited"],
)
def test_a_stage_under_which_something_changed_fails(project, monkeypatch, edit, name) -> None:
    def main(embed: Embed, source: Path, out: Path) -> None:
        write(embed, source, out)
        edit()

    with pytest.raises(SystemExit, match=f"demo: changed while the stage ran.*{name}"):
        run(main, monkeypatch)


def test_another_stage_s_settings_may_change_meanwhile(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def main(embed: Embed, source: Path, out: Path) -> None:
        write(embed, source, out)
        Path("params.yaml").write_text(
            "embed: {batch: 3}\nsplit: {seed: 1, shares: {train: 0.5, val: 0.25, test: 0.25}}\n"
        )

    run(main, monkeypatch)
    assert Path("out").exists()


def test_loaded_code_that_changed_counts_and_unloaded_code_does_not() -> None:
    loaded, unloaded = str(Path(params.__file__)), str(Path(params.__file__).parent / "never_imported.py")
    assert command.changed({loaded: "1", unloaded: "1"}, {loaded: "2", unloaded: "2"}) == [loaded]


def test_a_template_counts_where_its_package_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    template = next((Path(params.__file__).parent / "data_report" / "templates").glob("*.html"))
    assert str(template) in command.fingerprint({}, [])
    monkeypatch.delitem(sys.modules, "tasks.data_report", raising=False)
    assert command.changed({str(template): "1"}, {str(template): "2"}) == []
    importlib.import_module("tasks.data_report")
    assert command.changed({str(template): "1"}, {str(template): "2"}) == [str(template)]


def test_a_large_file_is_watched_too(tmp_path: Path) -> None:
    file = tmp_path / "pixels.npy"
    file.write_bytes(bytes(command.CONTENT_LIMIT + 1))
    before = command.fingerprint({}, [file])
    file.write_bytes(bytes(command.CONTENT_LIMIT + 2))
    assert command.changed(before, command.fingerprint({}, [file])) == [str(file)]


def test_the_order_of_the_classes_counts() -> None:
    before, after = (command.fingerprint({"classes": one}, []) for one in ({"a": [], "b": []}, {"b": [], "a": []}))
    assert command.changed(before, after) == ["classes"]


def test_an_older_output_is_removed_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "out").mkdir()
    (project / "out" / "stale").write_text("x")
    run(write, monkeypatch)
    assert (project / "out").is_file()


def test_an_error_is_one_line_with_the_stage_s_name(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def main(embed: Embed, source: Path, out: Path) -> None:
        raise ValueError("no image is left")

    with pytest.raises(SystemExit, match=r"^demo: no image is left$"):
        run(main, monkeypatch)


def test_a_missing_input_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["tasks/demo/stage.py", "nowhere", "out"])
    with pytest.raises(SystemExit, match="demo: no such input: nowhere"):
        command.run(write, Embed)


def test_a_wrong_number_of_paths_names_those_expected(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["tasks/demo/stage.py", "in"])
    with pytest.raises(SystemExit, match=r"expected 2 paths \(source out\), got 1"):
        command.run(write, Embed)


def stateful(embed: Embed, source: Path, out: Path, state: Path) -> None:
    seen.append(state)
    state.mkdir(parents=True, exist_ok=True)
    (state / "half").write_text("half done")
    if fail:
        raise ValueError("killed")
    out.write_text("done")


seen: list[Path] = []
fail: list[int] = []


@pytest.fixture
def run_stateful(project: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs `stateful`; gives the state folder that it was handed."""

    def run_it(killed: bool = False) -> Path:
        fail[:] = [1] * killed
        monkeypatch.setattr(sys, "argv", ["tasks/demo/stage.py", "in", "out", "state"])
        if killed:
            with pytest.raises(SystemExit, match="killed"):
                command.run(stateful, Embed)
        else:
            command.run(stateful, Embed)
        return seen[-1]

    return run_it


def test_a_run_finds_the_state_that_an_interrupted_one_of_the_same_left(run_stateful) -> None:
    first = run_stateful(killed=True)
    assert (first / "half").exists()
    assert first.parent == Path("state")
    assert run_stateful() == first


def test_the_state_goes_when_the_run_is_done(run_stateful) -> None:
    folder = run_stateful()
    assert Path("out").read_text() == "done"
    assert not folder.exists()


@pytest.mark.parametrize("edit", [edit_input, add_input, edit_params], ids=["input-edited", "input-added", "params"])
def test_a_run_of_something_else_has_a_state_of_its_own(run_stateful, edit) -> None:
    first = run_stateful(killed=True)
    edit()
    second = run_stateful(killed=True)
    assert second != first
    assert (first / "half").exists()


def test_a_state_that_was_forgotten_long_ago_is_removed(run_stateful) -> None:
    first = run_stateful(killed=True)
    old = Path("state/demo-0123456789abcdef")
    old.mkdir()
    os.utime(old, (0, 0))
    assert run_stateful(killed=True) == first
    assert not old.exists()


def test_a_record_is_no_input_and_no_output(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def main(embed: Embed, source: Path, out: Path, record: Path) -> None:
        write(embed, source, out)
        record.write_text(f"{record.read_text()} and this")

    Path("took.json").write_text("that")
    monkeypatch.setattr(sys, "argv", ["tasks/demo/stage.py", "in", "out", "took.json"])
    command.run(main, Embed)
    assert Path("took.json").read_text() == "that and this"
