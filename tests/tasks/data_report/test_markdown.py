import pytest

from tasks.data_report.markdown import markdown
from tasks.data_report.summary import summary


def test_a_sentence_and_the_tables(full) -> None:
    text = markdown(summary(full(["a", "b"], {"b": ("outliers", "part-lost", "")})))
    assert text.startswith("**2 rows came, 1 kept, 1 dropped.**")
    assert (
        "| dropped by | reason | rows |\n| --- | --- | ---: |\n| outliers | part lost | 1 |\n|  | dropped | 1 |" in text
    )
    assert "| class | came | kept | dropped | part lost |" in text
    assert "| ig | 2 | 1 | 1 | 1 |\n| all | 2 | 1 | 1 | 1 |" in text


def test_a_class_or_batch_that_is_none_has_a_name(full) -> None:
    assert "| none | 1 | 1 | 0 |" in markdown(summary(full(["a"], acquisition_batch="")))


@pytest.mark.parametrize(
    ("label", "cell"),
    [("a|b", "a\\|b"), ("<script>", "&lt;script>"), ("a_b*", "a\\_b\\*"), ("a\nb", "a b"), ("[x](y)", "\\[x\\](y)")],
)
def test_names_from_outside_stay_text(full, label, cell) -> None:
    assert f"| {cell} | 1 |" in markdown(summary(full(["a"], label=label)))


def test_nothing_dropped(full) -> None:
    assert "| dropped by | reason | rows |\n| --- | --- | ---: |\n|  | dropped | 0 |" in markdown(summary(full(["a"])))
