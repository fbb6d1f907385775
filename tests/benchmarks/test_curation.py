import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import curation, truth
from benchmarks.targets import Claim, table

# kind, of, name, id, label, batch, reason, partner's row
ROWS = [
    ("cell", None, "A", "a", "ba", "yellow", "", None),
    ("cell", None, "B", "b", "ba", "grey", "", None),
    ("cell", None, "C", "c", "ba", "yellow", "outlier", None),
    ("cell", None, "A2", "a", "eo", "yellow", "exact-copy", 0),
    ("exact", 0, "", "a", "ba", "yellow", "exact-copy", 0),
    ("near-turned", 1, "", "d", "ba", "grey", "", None),  # stays beside its original
    ("near-turned", 2, "", "e", "ba", "grey", "", None),  # stays for its original, which is not bluish
    ("cell", None, "D", "f", "ba", "yellow", "near-copy", 0),  # is no copy of it
    ("cell", None, "K1", "k1", "ba", "yellow", "", None),
    ("cell", None, "K2", "k2", "ba", "yellow", "recropped-copy", 8),  # both show one cell, which truth does not know
    ("outlier", None, "", "x", "ba", "yellow", "outlier", None),
    ("outlier", None, "", "y", "ba", "yellow", "near-copy", 10),
    ("outlier", None, "", "z", "ba", "yellow", "", None),
    ("cell", None, "L", "l", "ba", "grey", "outlier", None),
    ("exact-other-label", 15, "", "m", "eo", "yellow", "label-conflict", 15),
    ("cell", None, "M", "m", "ba", "yellow", "label-conflict", 14),
    ("near-brighter", 17, "", "o", "ba", "yellow", "blank", None),
    ("cell", None, "N", "n", "eo", "yellow", "label-conflict", 15),  # contradicts an image that it is no copy of
]
KNOWN = pd.DataFrame({"first": ["K2", "nowhere"], "second": ["K1", "A"]})
PAIRS = pd.DataFrame(
    {"first": ["a", "b", "k1", "x", "a", "z", "k1"], "second": ["f", "d", "k2", "elsewhere", "l", "b", "y"]}
)


def known() -> pd.DataFrame:
    columns = list(zip(*ROWS, strict=True))
    return pd.DataFrame({"row": range(len(ROWS)), "kind": columns[0], "of": columns[1], "name": columns[2]})


def rows() -> pd.DataFrame:
    table = pd.DataFrame([row[3:7] for row in ROWS], columns=["id", "label", "acquisition_batch", "drop_reason"])
    partner = ["" if row[7] is None else f"set/x.npz#{row[7]}" for row in ROWS]
    sources = [f"x.npz#{row}" for row in range(len(ROWS))]
    places = {"delivery": "set", "source": sources, "row": range(len(ROWS)), "duplicate_of": partner}
    return table.assign(kept=table["drop_reason"] == "", **places)


def figures(both: pd.DataFrame) -> dict[str, float]:
    return {claim.what: claim.figure for claim in curation.claims(both, PAIRS)}


@pytest.mark.parametrize(
    ("what", "figure"),
    [
        ("outlier images found", 2 / 3),
        ("exact copies found", 1),
        ("near-turned copies found", 1 / 2),
        ("exact-other-label copies found", 1),
        ("identical images in the set itself found, of 1", 1),
        ("pairs wrongly joined", 5),
        ("pairs joined that known_pairs.csv says are right", 1),
        ("pairs joined among outliers", 1),
        ("true cells lost, of 8", 2),
        ("bluish cells lost, of 2", 1),
        ("true cells lost to a label conflict", 2),
    ],
)
def test_figures(what: str, figure: float) -> None:
    both = truth.merged(rows(), known(), KNOWN)
    assert figures(both)[what] == pytest.approx(figure)


def test_suspects_count_among_what_curation_kept() -> None:
    both = truth.merged(rows(), known().replace({"kind": {"outlier": "foreign-coins.png"}}), KNOWN)
    listed = both.loc[[0, 10, 12], ["delivery", "source"]]  # a cell, one that curation dropped, one that it kept
    assert {claim.what: claim.figure for claim in curation.suspects(both, listed)} == {
        "foreign-coins.png suspects, of 1 kept": 1,
        "cells among suspects, of 5 kept": 1,
    }
    assert curation.suspects(both, listed.iloc[:2])[0].figure == 0


def test_the_order_of_the_rows_is_irrelevant() -> None:
    shuffled = truth.merged(rows().sample(frac=1, random_state=0), known(), KNOWN)
    assert figures(shuffled) == figures(truth.merged(rows(), known(), KNOWN))


def test_what_a_person_looks_at_goes_by_name() -> None:
    assert curation.details(truth.merged(rows(), known(), KNOWN), PAIRS) == [
        "joined, wrong: D and A",
        "joined, wrong: N and M",
        "joined, wrong: A and L",
        "joined, wrong: outlier 12 and B",
        "joined, wrong: K1 and outlier 11",
        "joined, known: K2 and K1",
        "one image under labels ba, eo: A = A2",
        "lost, near-copy: D",
        "lost, outlier: L, bluish",
    ]


def test_copies_are_called_after_what_they_are_made_of() -> None:
    called = truth.merged(rows(), known(), KNOWN)["called"]
    assert called[[0, 4, 5, 12]].tolist() == ["A", "exact of A", "near-turned of B", "outlier 12"]


def test_a_copy_that_stays_beside_an_identical_image_is_not_found() -> None:
    table = rows().assign(kept=lambda found: found["kept"] | (found["row"] == 4))
    both = truth.merged(table, known(), KNOWN)
    assert figures(both)["exact copies found"] == 0


def test_a_copy_that_stays_for_its_identical_original_is_found() -> None:
    table = rows().assign(kept=lambda found: (found["kept"] | (found["row"] == 4)) & (found["row"] != 0))
    assert figures(truth.merged(table, known(), KNOWN))["exact copies found"] == 1


def test_a_truth_of_another_delivery_is_told() -> None:
    with pytest.raises(ValueError, match="18 rows of truth, 17 of them in the table: not the same delivery"):
        truth.merged(rows().iloc[1:], known(), KNOWN)


def test_reads_the_truth_of_a_replica(tmp_path: Path) -> None:
    given = [{"kind": "cell", "file": "ba/BA_1.jpg"}, {"kind": "exact", "of": 0}, {"kind": "noise"}]
    (tmp_path / "truth.json").write_text(json.dumps(given))
    found = truth.read(tmp_path / "truth.json")
    assert found["name"].tolist() == ["BA_1", "", ""]
    assert found["kind"].tolist() == ["cell", "exact", "noise"]
    assert found["of"].fillna(-1).tolist() == [-1, 0, -1]
    assert found["row"].tolist() == [0, 1, 2]


def test_reads_the_truth_of_the_demo(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text(
        "source,label,kind,of,batch\nba/1.png,ba,cell,,main\nba/2.png,ba,near,ba/1.png,main\n"
    )
    found = truth.read(tmp_path / "truth.csv")
    both = truth.merged(rows().iloc[:2].assign(source=["ba/1.png", "ba/2.png"]), found, KNOWN)
    assert both["called"].tolist() == ["ba/1.png", "near of ba/1.png"]
    assert both["cell"].tolist() == ["ba/1.png"] * 2


@pytest.mark.parametrize(
    ("claim", "line"),
    [
        (Claim("rate", 1.6, 1.5), "rate         1.6  at least 1.5      pass"),
        (Claim("rate", 1.4, 1.5), "rate         1.4  at least 1.5      MISSED"),
        (Claim("time", 1.5, 1.5, most=True), "time         1.5  at most 1.5       pass"),
        (Claim("time", 1.6, 1.5, most=True), "time         1.6  at most 1.5       MISSED"),
        (Claim("pairs", 3, None), "pairs           3"),
    ],
    ids=["reached", "missed", "just held", "exceeded", "without target"],
)
def test_a_line_says_whether_the_target_is_met(claim: Claim, line: str) -> None:
    assert table([claim]) == line
