from dataclasses import replace

import pytest

from tasks.drift.drift import Difference, Drift, News, Share, Shift
from tasks.drift.markdown import markdown, sentence

COLOURS = (
    Difference("red, mean", 2.0, 1.0, 3.0, 0.3),
    Difference("blue, mean", -12.34, -13.0, -11.0, -1.5),
)
CALM = Shift("none", 41, 1245, 0.02, 0.4, 0.12)
DRIFT = Drift(
    names=("new",),
    news=(
        News("new", "a", came=60, new=41, copied=19, repeated=0, conflicting=0, outlier=0, unusable=0, other=0),
        News("new", "b|c", came=40, new=0, copied=38, repeated=0, conflicting=0, outlier=2, unusable=0, other=0),
    ),
    displaced=0,
    shares=(Share("a", 41, 245), Share("b|c", 0, 1000)),
    colours=COLOURS,
    class_shares=CALM,
    colour=CALM,
    embeddings=CALM,
)
FEW = Shift("", 1, 300, why="1 new and 300 training images, tested from 10 of each on")
MARKED, SLIGHT = (Shift(word, 41, 1245, 0.83, 0.001, 0.12) for word in ("marked", "slight"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "41 of 100 images are new; class shares as before; colour as before; embeddings as before."),
        (
            {"class_shares": SLIGHT, "colour": MARKED, "embeddings": MARKED},
            "41 of 100 images are new; class shares changed slightly; colour shifted markedly (blue, mean -12.3 grey "
            "levels, -13.0 to -11.0); embeddings shifted markedly (83 % of pairs told apart).",
        ),
        (
            {"class_shares": FEW, "colour": FEW, "embeddings": FEW, "colours": ()},
            "41 of 100 images are new; not compared: 1 new and 300 training images, tested from 10 of each on.",
        ),
        (
            {"class_shares": MARKED, "colour": FEW, "embeddings": FEW, "colours": ()},
            "41 of 100 images are new; class shares changed markedly; colour not compared (1 new and 300 training "
            "images, tested from 10 of each on); embeddings not compared (1 new and 300 training images, tested "
            "from 10 of each on).",
        ),
        (
            {"news": (News("new", "a", 1, 1, 0, 0, 0, 0, 0, 0),)},
            "1 of 1 image is new; class shares as before; colour as before; embeddings as before.",
        ),
    ],
    ids=["nothing", "all", "not compared", "shares alone", "one image"],
)
def test_the_sentence(changes, expected: str) -> None:
    assert sentence(replace(DRIFT, **changes)) == expected
    assert markdown(replace(DRIFT, **changes)).startswith(f"**{expected}**\n")


def lines(drift: Drift) -> list[str]:
    return markdown(drift).splitlines()


def test_tables_hold_what_there_is() -> None:
    told = lines(DRIFT)
    assert "| delivery | came | new | copied | outlier |" in told
    assert "| new | 100 | 41 | 57 | 2 |" in told
    assert "| a | 60 | 41 | 19 | 0 | 100.0 % | 19.7 % |" in told
    assert "| b\\|c | 40 | 0 | 38 | 2 | 0.0 % | 80.3 % |" in told
    assert "| colour | none | largest difference, in standard deviations | 0.020 | 0.120 | 0.4 | 41 | 1,245 |" in told
    assert "| blue, mean | -12.3 | -13.0 to -11.0 | -1.50 |" in told
    assert not [line for line in told if line.startswith("| all | 100 | 41 | 57 | 2 |") and line.count("|") == 6]


def test_several_deliveries_have_a_total() -> None:
    more = replace(DRIFT, names=("new", "x_y"), news=(*DRIFT.news, News("x_y", "a", 3, 3, 0, 0, 0, 0, 0, 0)))
    assert "| x\\_y | 3 | 3 | 0 | 0 |" in lines(more)
    assert "| all | 103 | 44 | 57 | 2 |" in lines(more)


def test_what_was_not_compared_has_no_figures() -> None:
    nothing = replace(DRIFT, class_shares=FEW, colour=FEW, embeddings=FEW, colours=())
    assert not any("grey levels" in line or "measured as" in line for line in lines(nothing))
    some = replace(DRIFT, colour=FEW, embeddings=FEW, colours=())
    assert f"| colour | not compared | {FEW.why} |  |  |  | 1 | 300 |" in lines(some)


@pytest.mark.parametrize(("displaced", "said"), [(0, False), (1, True), (3, True)], ids=str)
def test_what_others_lost_is_said(displaced: int, said: bool) -> None:
    told = markdown(replace(DRIFT, displaced=displaced))
    assert (f"{displaced} image{'s' if displaced > 1 else ''} of other deliveries dropped" in told) is said
