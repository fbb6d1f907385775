import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from operations.pipeline.runner import StageFailedError
from operations.registry import champion as registry
from operations.retraining import rescore
from tasks import model_folder, predictions
from tests.support import crowning


@pytest.fixture
def champion(toy: Path) -> Path:
    """A toy with a champion that gets six of ten images right."""
    return make_champion(toy)


def test_without_a_champion_there_is_nothing_to_judge(toy: Path) -> None:
    assert rescore.rescore(toy) is None
    assert rescore.decide(toy, None).first


def test_the_champion_is_judged_on_the_challenger_s_rows(champion: Path) -> None:
    found = rescore.rescore(champion)
    assert found is not None
    assert (found.champion, found.outcome) == ("champion/1", "ran")
    theirs, ours = predictions.read(found.scores or Path()), predictions.read(champion / rescore.SCORES)
    assert theirs.rows["id"].tolist() == ours.rows["id"].tolist()
    right = [(each.rows["label"] == each.rows["predicted"]).mean() for each in (theirs, ours)]
    assert right[0] < 0.7 < right[1]
    assert rescore.decide(champion, found).promote


def test_what_was_judged_is_not_judged_again(champion: Path) -> None:
    first = rescore.rescore(champion)
    (champion / "toy.py").write_text("raise SystemExit('judged again')")
    second = rescore.rescore(champion)
    assert first is not None
    assert second is not None
    assert (second.outcome, second.scores) == ("cached", first.scores)


def other_model(root: Path) -> None:
    make_champion(root, skill="0.7")


def other_lock(what: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        text = (root / "dvc.lock").read_text()
        head, tail = text.split("\n  evaluate:\n")
        place = tail.index(what)
        changed = tail[:place] + tail[place:].replace(old, new, 1)
        assert changed != tail
        (root / "dvc.lock").write_text(f"{head}\n  evaluate:\n{changed}")

    return edit


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        pytest.param(other_model, "ran", id="another champion"),
        pytest.param(other_lock("path: data/clean", "md5: ", "md5: f"), "ran", id="other rows"),
        pytest.param(other_lock("path: toy.py", "md5: ", "md5: f"), "ran", id="other code"),
        pytest.param(other_lock("cmd:", "toy.py", "./toy.py"), "ran", id="another command"),
        pytest.param(other_lock("path: data/model", "md5: ", "md5: f"), "cached", id="another challenger"),
    ],
)
def test_what_the_judgement_follows_from(champion: Path, change: Callable[[Path], None], outcome: str) -> None:
    rescore.rescore(champion)
    change(champion)
    again = rescore.rescore(champion)
    assert again is not None
    assert again.outcome == outcome


def test_the_same_model_is_not_judged_twice(champion: Path) -> None:
    """A training that changed nothing: the evaluation that is there is the champion's."""
    crowning.named(champion, model_folder.digest(champion / "data/model") or "")
    found = rescore.rescore(champion)
    assert found is not None
    assert (found.outcome, found.scores) == ("the same model", champion / rescore.SCORES)
    assert "better nowhere that counts" in rescore.decide(champion, found).sentence()


def saw_a_test_row(root: Path) -> None:
    rows = predictions.read(root / rescore.SCORES).rows
    with (folder(root) / "training_ids.txt").open("a") as seen:
        seen.write(f"{rows['id'].iloc[0]}\n")


def knows(root: Path, *classes: str) -> None:
    file = folder(root) / "model.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "classes": classes}))


def knows_other_classes(root: Path) -> None:
    knows(root, "monocyte", "basophil")


def test_a_champion_that_does_not_know_a_class_yet_can_be_replaced(champion: Path) -> None:
    """It knows monocytes, which the class list has no longer, and no platelets, which came later."""
    knows(champion, "ig", "monocyte")
    found = rescore.rescore(champion)
    assert found is not None
    assert found.outcome == "ran"
    assert found.scores
    assert set(predictions.read(found.scores).rows["label"]) == {"ig"}
    decision = rescore.decide(champion, found)
    assert decision.promote
    assert (decision.new, decision.gone) == (("platelet",), ("monocyte",))
    assert decision.sentence().endswith(
        "; compared on the classes that both know (only the challenger knows platelet, only the champion knows "
        "monocyte)"
    )


def test_a_class_that_was_renamed_since_is_one_that_the_champion_knows(champion: Path) -> None:
    params = champion / "params.yaml"
    params.write_text(params.read_text().replace("platelet: []", "platelet: [thrombocyte]"))
    knows(champion, "thrombocyte")
    assert rescore.refusal(champion, folder(champion)) is None
    knows(champion, "lymphocyte")
    assert "knows none of the test rows' classes" in str(rescore.refusal(champion, folder(champion)))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(saw_a_test_row, "the model has seen 1 of the 80 test rows in training", id="saw a test row"),
        pytest.param(
            knows_other_classes, "the model knows none of the test rows' classes, ig, platelet", id="other classes"
        ),
    ],
)
def test_a_champion_that_cannot_be_judged_stays(champion: Path, change: Callable[[Path], None], why: str) -> None:
    change(champion)
    found = rescore.rescore(champion)
    assert found is not None
    assert (found.outcome, found.scores) == ("refused", None)
    decision = rescore.decide(champion, found)
    assert decision.promote is False
    assert decision.sentence().startswith(f"Kept the champion: it cannot be judged on today's test rows: {why}")
    assert "promote --why ... --although" in decision.markdown()
    assert json.loads(json.dumps(decision.to_dict()))["sentence"] == decision.sentence()


def test_a_judgement_that_fails_says_why_and_leaves_nothing(champion: Path) -> None:
    toy = (champion / "toy.py").read_text()
    (champion / "toy.py").write_text("raise SystemExit('no room on the disk')")
    with pytest.raises(StageFailedError, match="evaluate of the champion ended with code 1(.|\n)*no room on the disk"):
        rescore.rescore(champion)
    (champion / "toy.py").write_text(toy)
    again = rescore.rescore(champion)
    assert again is not None
    assert again.outcome == "ran"


def test_a_killed_judgement_is_made_anew(champion: Path, steer: Any, environment: dict[str, str]) -> None:
    toy = (champion / "toy.py").read_text()
    (champion / "toy.py").write_text(toy + "\n(out / 'half').touch()\nwhile True:\n    time.sleep(0.1)\n")
    code = "from pathlib import Path; from operations.retraining import rescore; rescore.rescore(Path.cwd())"
    run = subprocess.Popen([sys.executable, "-c", code], cwd=champion, env=environment)
    until = time.monotonic() + 60
    while not list((champion / rescore.CACHE).glob("*/half")):
        assert time.monotonic() < until
        time.sleep(0.05)
    run.kill()
    run.wait()
    steer.await_no_process(champion)
    (champion / "toy.py").write_text(toy)
    again = rescore.rescore(champion)
    assert again is not None
    assert again.outcome == "ran"
    assert not list((champion / rescore.CACHE).glob("*/half"))


def test_only_the_last_few_are_kept(champion: Path) -> None:
    first = rescore.rescore(champion)
    assert first is not None
    for k in range(6):
        (champion / rescore.CACHE / f"older-{k}").mkdir()
        os.utime(champion / rescore.CACHE / f"older-{k}", (1e9 + k, 1e9 + k))
    rescore.rescore(champion)
    left = {path.name for path in (champion / rescore.CACHE).iterdir()}
    assert left == {(first.scores or Path()).name, "older-5", "older-4", "older-3"}


def test_a_command_that_names_no_model_is_an_error(champion: Path) -> None:
    text = (champion / "dvc.yaml").read_text()
    (champion / "dvc.yaml").write_text(
        text.replace("data/external data/model data/evaluation", "data/external data/evaluation")
    )
    with pytest.raises(ValueError, match="dvc.yaml: evaluate: expected data/model once in its command, got python toy"):
        rescore.rescore(champion)


def test_the_project_s_own_command_is_one_that_can_be_used() -> None:
    words = rescore.command(Path(__file__).parents[3], Path("data/champions/1-a"), Path("data/.state/x"))
    assert words[:3] == ["python", "-m", "tasks.evaluate.stage"]
    assert words[3:] == [
        "data/clean", "data/ingested", "data/external.yaml", "data/external", "data/champions/1-a", "data/.state/x"
    ]  # fmt: skip


def test_an_evaluation_that_is_not_up_to_date_decides_nothing(champion: Path, steer: Any) -> None:
    assert rescore.decide_on_latest(champion).promote
    (champion / "data/evaluation/scores/made.txt").write_text("edited")
    with pytest.raises(ValueError, match="data/evaluation/scores is not up to date, evaluate would run again"):
        rescore.decide_on_latest(champion)


def make_champion(root: Path, skill: str = "0.6") -> Path:
    place = crowning.named(root, f"digest of {skill}")
    shutil.copytree(root / "data/model", place, dirs_exist_ok=True)
    (place / "model.weights.h5").write_text(skill)
    return root


def folder(root: Path) -> Path:
    now = registry.current(root)
    assert now is not None
    return root / now.folder
