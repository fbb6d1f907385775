"""`review` of operations/deliveries/review.py, with the edits of review_file.py. The project is a folder of tables."""

import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest

from operations.deliveries.review import review
from operations.deliveries.review_file import FILE
from operations.process import lock
from operations.project import listing
from tasks import reasons, store
from tasks.dedupe import overrules
from tests.support import recording

HEADER = "delivery,source,id,review_decision,who,why\n"
TWICE, MIXED, BROKEN, ALIKE = "aaaaaaaa11111111" * 2, "bbbbbbbb22222222" * 2, "cc" * 16, "aaaaaaaa33333333" * 2
ROWS = [
    ("d", "ig/x.png", TWICE, "ig", ""),
    ("d", "ig/m.png", MIXED, "ig", ""),
    ("d", "ig/u.png", BROKEN, "ig", "unreadable"),
    ("d", "ig/a, b.png", ALIKE, "ig", ""),
    ("e", "ig/x.png", TWICE, "ig", ""),
    ("e", "platelet/m.png", MIXED, "platelet", ""),
]


@pytest.fixture
def root(tmp_path, table) -> Path:
    """A project with the deliveries d and e, ingested, and an empty review file."""
    for name in ("d", "e"):
        _, sources, ids, labels, why = zip(*(row for row in ROWS if row[0] == name), strict=True)
        facts = {"height": 96, "width": 96, "file_bytes": 9, "acquisition_batch": "yellow"}
        built = table(sources, name, id=ids, label=labels, **facts)
        broken = pd.Series(why) == "unreadable"
        store.write_rows(tmp_path / "data/ingested" / name, reasons.drop(built, broken, reasons.UNREADABLE))
    (tmp_path / "dvc.yaml").write_text("")
    (tmp_path / listing.FILE).write_text("deliveries: [d, e]\n")
    for name in ("d", "e"):
        recording.nothing(tmp_path / f"data/deliveries/{name}.yaml")
    (tmp_path / FILE).write_text(HEADER)
    return tmp_path


def lines(root: Path) -> list[str]:
    return (root / FILE).read_text().removeprefix(HEADER).splitlines()


@pytest.mark.parametrize(
    ("about", "verdict", "line"),
    [
        (TWICE, "keep", f"d,,{TWICE},keep,Ann,so"),
        (TWICE[:9].upper(), "drop", f"d,,{TWICE},drop,Ann,so"),
        ("e/ig/x.png", "keep", f"e,ig/x.png,{TWICE},keep,Ann,so"),
        ("e/platelet/m.png", "keep", f"e,platelet/m.png,{MIXED},keep,Ann,so"),
        (MIXED, "drop", f"d,,{MIXED},drop,Ann,so"),
        (BROKEN, "drop", f"d,,{BROKEN},drop,Ann,so"),
        ("d/ig/a, b.png", "drop", f'd,"ig/a, b.png",{ALIKE},drop,Ann,so'),
    ],
    ids=["image", "prefix", "file", "file-of-two-labels", "drop-of-two-labels", "unreadable", "comma-in-the-source"],
)  # fmt: skip
def test_a_line_is_appended(root: Path, about: str, verdict: str, line: str) -> None:
    done = review(root, about, verdict, "so", "Ann")
    assert lines(root) == [line]
    assert (done.new, done.line.line) == (True, 2)
    assert overrules.read(root / FILE) == [done.line]


@pytest.mark.parametrize(
    ("about", "verdict", "message"),
    [
        ("f" * 32, "drop", f"no image {'f' * 32} in d and e$"),
        ("d/ig/nonesuch.png", "drop", "no image d/ig/nonesuch.png in d and e$"),
        ("z/ig/x.png", "drop", "no image z/ig/x.png in d and e$"),
        ("aaaaaaaa", "keep", f"aaaaaaaa are the first digits of {TWICE} and {ALIKE}: give more"),
        ("aaaaaaa", "keep", "expected an id of 32 hex digits, at least 8 of them, or DELIVERY/SOURCE, got 'aaaaaaa'"),
        ("x.png", "keep", "got 'x.png'"),
        (f"{TWICE}0", "keep", "expected an id of 32 hex digits"),
        (MIXED, "keep", "several labels: say which to keep, d/ig/m.png as ig or e/platelet/m.png as platelet"),
        (BROKEN, "keep", rf"{BROKEN} cannot be kept: it is unreadable \(d/ig/u.png\)"),
        ("d/ig/u.png", "keep", "d/ig/u.png cannot be kept: it is unreadable"),
    ],
    ids=[
        "unknown-id", "unknown-file", "unknown-delivery", "ambiguous", "too-short", "a-word", "too-long", "two-labels",
        "unreadable", "unreadable-file",
    ],
)  # fmt: skip
def test_what_is_no_image_to_judge(root: Path, about: str, verdict: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        review(root, about, verdict, "so", "Ann")
    assert (root / FILE).read_text() == HEADER


@pytest.mark.parametrize(
    ("why", "who", "line"),
    [
        ('two cells,\n "blurred"', "Ann  Lee", "two cells blurred:Ann Lee"),
        ("so", "Lee, Ann", 'so:"Lee, Ann"'),
        ("Zelle überfärbt", "Jürgen", "Zelle überfärbt:Jürgen"),
    ],
    ids=["one-line", "quoted", "umlauts"],
)
def test_words_become_one_line(root: Path, why: str, who: str, line: str) -> None:
    review(root, "d/ig/x.png", "drop", why, who)
    why, who = line.split(":")
    assert lines(root) == [f"d,ig/x.png,{TWICE},drop,{who},{why}"]


@pytest.mark.parametrize(("why", "who"), [(" ", "Ann"), (",", "Ann"), ("so", " ")], ids=["why", "comma", "who"])
def test_blank_words(root: Path, why: str, who: str) -> None:
    with pytest.raises(ValueError, match=f"expected who says so and why, got '{who.strip()}'"):
        review(root, TWICE, "keep", why, who)
    assert lines(root) == []


def test_the_opposite_takes_an_earlier_line_s_place(root: Path) -> None:
    review(root, TWICE, "drop", "blurred", "Bob")
    review(root, ALIKE, "drop", "so", "Bob")
    done = review(root, TWICE, "keep", "so", "Ann")
    assert lines(root) == [f"d,,{ALIKE},drop,Bob,so", f"d,,{TWICE},keep,Ann,so"]
    assert str(done) == (
        f"keep {TWICE}: line 3 of data/review.csv, in place of line 2 (drop {TWICE}, Bob: blurred); "
        "next: git add data/review.csv; make repro"
    )


def test_contradicting_lines_by_hand_are_both_replaced(root: Path) -> None:
    (root / FILE).write_text(f"{HEADER},,{TWICE},drop,Bob,so\ne,,{TWICE},keep,Bob,so\n")
    assert len(review(root, TWICE, "keep", "so", "Ann").replaced) == 2
    assert lines(root) == [f"d,,{TWICE},keep,Ann,so"]


def test_the_same_line_again_changes_nothing(root: Path) -> None:
    review(root, "e/ig/x.png", "keep", "so", "Ann")
    before = (root / FILE).stat()
    done = review(root, "e/ig/x.png", "keep", "so", "Ann")
    assert str(done).startswith("nothing to do: line 2 (keep e/ig/x.png, Ann: so) stands in data/review.csv already;")
    assert (root / FILE).stat() == before


def test_a_verdict_on_a_held_delivery_says_that_it_waits(root: Path) -> None:
    (root / listing.FILE).write_text("deliveries: [d, e]\nheld: [d]\n")
    told = str(review(root, "d/ig/m.png", "keep", "so", "Ann"))
    assert "; it waits while d is on hold; next: " in told
    assert "; it waits while d is on hold; next: " in str(review(root, "d/ig/m.png", "keep", "so", "Ann"))
    assert "waits" not in str(review(root, TWICE, "keep", "so", "Ann"))  # e has it too
    assert "waits" not in str(review(root, "d/ig/a, b.png", "drop", "so", "Ann"))


def test_a_file_s_own_line_is_another_thing_and_named_where_it_wins(root: Path) -> None:
    review(root, "e/ig/x.png", "keep", "sharper", "Bob")
    done = review(root, TWICE, "drop", "so", "Ann")
    assert len(lines(root)) == 2
    assert "but line 2 (keep e/ig/x.png, Bob: sharper) wins for that file" in str(done)


def test_other_lines_stay_to_the_byte(root: Path) -> None:
    # As a spreadsheet writes it, with a field of two lines, a blank line, and no end of line at the end.
    first, second = f'"d","","{ALIKE}","drop","Bob","so\r\nso"\r\n\r\n', f"d, ,{MIXED} ,drop,Bob,so"
    (root / FILE).write_bytes(f"\ufeff{HEADER}".encode() + f"{first}d,,{TWICE},drop,Bob,so\n{second}".encode())
    review(root, TWICE, "keep", "so", "Ann")
    # The blank line belongs to the record after it, which was replaced.
    kept = first.removesuffix("\r\n") + second
    assert (root / FILE).read_bytes() == f"{HEADER}{kept}\nd,,{TWICE},keep,Ann,so\n".encode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "delivery,source,id,verdict,why\n",
            "expected the columns delivery,source,id,review_decision,who,why, got delivery",
        ),
        (
            f"{HEADER}d,ig/x.png,,maybe,Bob,so\n",
            "line 2: review_decision must be keep, drop or label CLASS, got 'maybe'",
        ),
        (f"{HEADER}d,gone.png,,keep,Bob,so\n", "stays as it was, .*line 2 .keep d/gone.png.: no row of the listed"),
    ],
    ids=["header", "verdict", "row-of-a-listed-delivery"],
)
def test_a_file_that_dedupe_would_refuse_is_left_alone(root: Path, text: str, message: str) -> None:
    (root / FILE).write_text(text)
    with pytest.raises(ValueError, match=message):
        review(root, TWICE, "keep", "so", "Ann")
    assert (root / FILE).read_text() == text


def test_no_file(root: Path) -> None:
    (root / FILE).unlink()
    with pytest.raises(FileNotFoundError, match=r"data/review.csv is missing.*`git checkout data/review.csv`"):
        review(root, TWICE, "keep", "so", "Ann")
    assert not (root / FILE).exists()


def test_a_table_of_a_later_stage_tells_what_came(root: Path) -> None:
    rows = pd.concat([store.read_rows(root / "data/ingested" / name) for name in ("d", "e")], ignore_index=True)
    judged = reasons.drop(rows, rows["source"] == "platelet/m.png", reasons.LABEL_CONFLICT)
    store.write_rows(root / "data/clean", judged)
    for name in ("d", "e"):
        (root / "data/ingested" / name / store.TABLE).unlink()
    assert review(root, "e/platelet/m.png", "keep", "so", "Ann").new
    with pytest.raises(ValueError, match="cannot be kept: it is unreadable"):
        review(root, BROKEN, "keep", "so", "Ann")


def test_a_delivery_that_came_since_the_last_run(root: Path) -> None:
    store.write_rows(root / "data/clean", store.read_rows(root / "data/ingested/d"))
    assert review(root, "e/ig/x.png", "keep", "so", "Ann").new  # data/clean lacks it
    (root / listing.FILE).write_text("deliveries: [d, e, new]\n")
    assert review(root, ALIKE, "drop", "so", "Ann").new
    with pytest.raises(ValueError, match="no image f{32} in d and e; run `make repro`, for new came since"):
        review(root, "f" * 32, "drop", "so", "Ann")


def test_a_withdrawn_delivery_is_none_of_those_looked_at(root: Path) -> None:
    rows = pd.concat([store.read_rows(root / "data/ingested" / name) for name in ("d", "e")], ignore_index=True)
    store.write_rows(root / "data/clean", rows)
    (root / listing.FILE).write_text("deliveries: [e]\n")
    with pytest.raises(ValueError, match="no image d/ig/x.png in e$"):
        review(root, "d/ig/x.png", "drop", "so", "Ann")
    assert review(root, TWICE, "drop", "so", "Ann").line.delivery == "e"


@pytest.mark.parametrize("listed", ["[d, e]", "[]"], ids=["not-run-yet", "none-listed"])
def test_no_table_yet(root: Path, listed: str) -> None:
    for name in ("d", "e"):
        (root / "data/ingested" / name / store.TABLE).unlink()
    (root / listing.FILE).write_text(f"deliveries: {listed}\n")
    with pytest.raises(FileNotFoundError, match="has a table below data/ingested yet: run `make repro`"):
        review(root, TWICE, "keep", "so", "Ann")


def test_it_waits_for_the_project_s_lock(root: Path, environment: dict[str, str]) -> None:
    code = "from operations.process import lock; from pathlib import Path; import sys\n"
    code += "with lock.held(Path.cwd(), 'a long run'): print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    waiting = threading.Thread(target=review, args=(root, TWICE, "keep", "so", "Ann"))
    waiting.start()
    waiting.join(0.3)
    assert lines(root) == []
    holder.stdin.close()
    waiting.join(10)
    assert len(lines(root)) == 1
    assert holder.wait(10) == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([TWICE, "keep", "--why", "so"], 0, f"keep {TWICE}: line 2 of data/review.csv; next: "),
        (["f" * 32, "keep", "--why", "so"], 1, "no image ffff"),
        ([TWICE, "keep", "--why", " "], 1, "expected who says so and why"),
        ([TWICE, "perhaps", "--why", "so"], 2, "'perhaps' is not one of 'keep', 'drop'"),
        ([TWICE, "keep"], 2, "Missing option '--why'"),
    ],
    ids=["done", "unknown", "blank", "verdict", "no-why"],
)
def test_the_verb(root: Path, environment: dict[str, str], words: list[str], code: int, said: str) -> None:
    command = [sys.executable, "-m", "hemaflow", "review", *words]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == code
    assert said in (done.stderr if code else done.stdout)
    assert "Traceback" not in done.stderr
    assert code == 2 or (done.stdout + done.stderr).count("\n") == 1
    assert lock.holder(root) is None
