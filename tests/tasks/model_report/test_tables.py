import dataclasses

import pandas as pd
import pytest

from tasks.model_report import corruptions, scores
from tasks.model_report.tables import Table, TableCell
from tests.tasks.model_report import fabricated


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in line] for line in table.lines]


def test_headline_figures_stand_beside_those_under_corruption(found) -> None:
    lines = {line[0]: line[1:] for line in texts(scores.headline(found))}
    clean, corrupted = found.figures["clean"], found.figures["corrupted"]
    accuracy = 100 * clean["accuracy"]["value"]
    assert lines["accuracy"][0].startswith(f"{accuracy:.1f} % (")
    assert lines["balanced error"][2].startswith(f"{100 * corrupted['mean_balanced_error']['value']:.1f} % (")
    assert lines["balanced error"][0].startswith(f"{100 * (1 - clean['balanced_accuracy']['value']):.1f} % (")
    assert lines["macro F1"][1:] == ["–", "–"]


def test_the_confusion_matrix_has_every_row_once(found) -> None:
    lines = texts(scores.confusion(found))
    counts = pd.crosstab(found.predictions.rows["label"], found.predictions.rows["predicted"])
    for true, *cells in lines:
        assert cells == [str(counts.get(name, {}).get(true, 0)) for name in fabricated.CLASSES]


def test_the_diagonal_is_of_another_colour_than_errors(found) -> None:
    table = scores.confusion(found)
    tones = {(k, j): cell.tone for k, line in enumerate(table.lines) for j, cell in enumerate(line[1:])}
    assert {place for place, tone in tones.items() if tone} == {(k, k) for k in range(len(fabricated.CLASSES))}
    assert all(cell.heat is None for line in table.lines for cell in line if cell.text == "0")


def test_a_class_without_test_rows_has_no_figures(found) -> None:
    figures = {**found.figures, "per_class": {"ig": {"support": 0, "precision": None, "recall": None, "f1": None}}}
    lines = texts(scores.per_class(dataclasses.replace(found, figures=figures)))
    assert lines[3] == ["ig", "untested", "–", "–", "–", "–", ""]
    assert lines[0][1] == "–"


def test_a_slice_with_too_few_rows_says_so(found) -> None:
    (line,) = [line for line in texts(scores.slices(found)) if line[1] == "grey"]
    assert line[3] == "–"
    assert line[6] == "4 rows, fewer than 20"


def test_slices_come_by_where_the_images_are_from_and_classes_last(found) -> None:
    names = list(dict.fromkeys(line[0] for line in texts(scores.slices(found))))
    assert names == ["delivery", "acquisition batch", "sharpness", "class"]


def test_wrong_answers_by_class_and_sharpness_add_up(found) -> None:
    cells = [cell for line in texts(scores.crossed(found)) for cell in line[1:] if cell]
    parts = [tuple(map(int, cell.split(" of "))) for cell in cells]
    assert sum(rows for _, rows in parts) == len(found.predictions.rows)
    assert sum(wrong for wrong, _ in parts) == (found.predictions.truth != found.predictions.predicted).sum() > 0


def test_the_suite_has_the_worst_kind_first_and_means(found) -> None:
    table = corruptions.heat(found)
    lines = texts(table)
    assert lines[0][0] == "stain deposit"
    assert lines[11][0] == "mean of the kinds"
    cells = found.corruptions.set_index(["kind", "severity"])["balanced_error"]
    assert lines[0][1:6] == [f"{100 * cells['stain_deposit', s]:.1f}" for s in range(1, 6)]
    assert float(lines[0][6]) == pytest.approx(100 * cells["stain_deposit"].mean(), abs=0.05)
    means = [float(line[6]) for line in lines[:11]]
    assert means == sorted(means, reverse=True)
    assert float(lines[11][6]) == pytest.approx(
        100 * found.figures["corrupted"]["mean_balanced_error"]["value"], abs=0.05
    )
    assert max(cell.heat or 0 for line in table.lines for cell in line) == 1
    assert "accuracy" in table.lines[0][1].title


def test_a_suite_without_lines_and_one_without_figures(found) -> None:
    assert texts(corruptions.heat(dataclasses.replace(found, corruptions=found.corruptions.head(0)))) == []
    empty = found.corruptions.assign(balanced_error=float("nan"))
    assert [line[0] for line in texts(corruptions.heat(dataclasses.replace(found, corruptions=empty)))][-2:] == [
        "clean, no corruption",
        "mixed corruptions, as in the contest",
    ]


def test_markdown_leaves_out_what_is_drawn_and_escapes() -> None:
    line = [TableCell("a|b*c"), TableCell("", drawn=TableCell("").drawn + "<svg/>"), TableCell("3")]
    table = Table("t", "T", ["name", "bar", "rows"], [line], texts=(0, 1))
    assert table.markdown == "| name | rows |\n| --- | ---: |\n| a\\|b\\*c | 3 |"
    assert Table("t", "T", ["name", "rows"], []).markdown.splitlines()[2] == "| – | – |"
