import pytest

from operations.retraining.retraining import Retraining

SENTENCES = {
    "champion/3 is the model of this run: better": Retraining("r", "promoted", "better", "champion/3"),
    "kept champion/2: worse": Retraining("r", "kept", "worse", "champion/2"),
    "there is no champion yet: below a minimum": Retraining("r", "kept", "below a minimum"),
    "nothing to train on: the same rows": Retraining("r", "unchanged", "the same rows", "champion/2"),
    "left to another run: jolly-newt waits": Retraining("r", "collapsed", "jolly-newt waits"),
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentences(sentence: str) -> None:
    assert str(SENTENCES[sentence]) == sentence
    assert SENTENCES[sentence].markdown().startswith(f"**{sentence[0].upper()}{sentence[1:]}.**\n")


def test_names_of_states() -> None:
    states = [each.state for each in SENTENCES.values()]
    assert states == ["Completed", "Completed", "Completed", "Unchanged", "Collapsed"]


def test_a_page() -> None:
    told = Retraining(
        "20240101", "promoted", "better", "champion/3", ["smears"], "12 new", "Promoted: better", "c0ffee"
    )
    told.left, told.pushed = [f"edit-{k}" for k in range(10)], ["3 files -> /mnt/store"]
    told.not_backed_up = ["git's commits"]
    assert told.markdown("## Stages").split("\n\n") == [
        "**Champion/3 is the model of this run: better.**",
        "\n".join(
            [
                "- New deliveries: smears",
                "- Run: `hemaflow explain 20240101` tells it",
                "- Commit: `c0ffee`",
                "- Changed, and not the run's to commit: "
                "edit-0, edit-1, edit-2, edit-3, edit-4, edit-5, edit-6, edit-7 and 2 more",
                "- Pushed: 3 files -> /mnt/store",
                "- Not backed up: git's commits",
            ]
        ),
        "## The gate",
        "Promoted: better",
        "## What came",
        "12 new",
        "## Stages\n",
    ]


def test_what_is_held_is_told_with_the_way_back_and_names_the_state() -> None:
    told = Retraining("r", "unchanged", "the same rows", "champion/2", held={"smears": "48 of 100 labels contradicted"})
    assert told.state == "Held"
    assert str(told) == (
        "nothing to train on: the same rows; held smears: 48 of 100 labels contradicted; "
        "to take it back: hemaflow release smears --why REASON"
    )
    assert "- `smears`: 48 of 100 labels contradicted. `hemaflow release smears --why REASON` takes it back" in (
        told.markdown().splitlines()
    )
