from pathlib import Path

import pytest
from ruamel.yaml import YAML

from operations.project import listing

TEXT = """\
# First line.
deliveries:
- "demo"       # drawn here
- "b.2"
# Above drawn.
drawn:
- "demo"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    write(tmp_path, TEXT)
    return tmp_path


def write(root: Path, text: str) -> None:
    (root / listing.FILE).write_text(text)


def text(root: Path) -> str:
    return (root / listing.FILE).read_text()


def as_dvc_reads(root: Path) -> dict[str, list[str]]:
    return YAML(typ="safe").load(text(root))


def test_names_in_order(root):
    assert listing.names(root) == ["demo", "b.2"]
    assert listing.drawn(root) == ["demo"]


def test_append_adds_one_line(root):
    listing.append(root, "new")
    assert text(root) == TEXT.replace('- "b.2"\n', '- "b.2"\n- "new"\n')


def test_remove_takes_one_line_out(root):
    listing.remove(root, "b.2")
    assert text(root) == TEXT.replace('- "b.2"\n', "")


@pytest.mark.parametrize("ending", ["", "held: []\n", "# On hold.\nheld: []\n", 'held:\n- "demo"\n'])
def test_hold_adds_one_line_and_release_takes_it_out(root, ending):
    write(root, TEXT + ending)
    before = listing.held(root)
    listing.hold(root, "b.2")
    assert listing.held(root) == as_dvc_reads(root)["held"] == [*before, "b.2"]
    assert text(root).startswith(TEXT)
    listing.release(root, "b.2")
    assert text(root) == TEXT + (ending or "held: []\n")


def test_remove_takes_it_off_hold_too(root):
    listing.hold(root, "b.2")
    listing.remove(root, "b.2")
    assert (listing.names(root), listing.held(root)) == (["demo"], [])


@pytest.mark.parametrize(
    ("act", "name", "message"),
    [
        pytest.param(listing.hold, "gone", "'gone' is not listed, expected one of demo, b.2", id="hold: unknown"),
        pytest.param(listing.hold, "demo", "'demo' is on hold already", id="hold: twice"),
        pytest.param(listing.release, "gone", "'gone' is not listed", id="release: unknown"),
        pytest.param(listing.release, "b.2", "'b.2' is not on hold, expected one of demo", id="release: not held"),
    ],
)
def test_what_cannot_be_held_or_released(root, act, name, message):
    listing.hold(root, "demo")
    before = text(root)
    with pytest.raises(ValueError, match=message):
        act(root, name)
    assert text(root) == before


def test_remove_reaches_both_lists_and_keeps_the_comments(root):
    listing.remove(root, "demo")
    assert text(root) == '# First line.\ndeliveries:\n- "b.2"\n# Above drawn.\ndrawn: []\n'
    listing.remove(root, "b.2")
    assert text(root) == "# First line.\ndeliveries: []\n# Above drawn.\ndrawn: []\n"
    listing.append(root, "demo")
    assert text(root) == '# First line.\ndeliveries:\n- "demo"\n# Above drawn.\ndrawn: []\n'


def comments_of(document: str) -> list[str]:
    return [line.split("#")[1] for line in document.splitlines() if "#" in line]


FORMS = {
    "in brackets": 'deliveries: ["a", b]  # on a line of names\ndrawn: [a]\n',
    "indented": 'deliveries:\n  - "a"\n  - "b"\ndrawn:\n  - "a"\n',
    "no newline at the end": 'drawn:\n- "a"\ndeliveries:\n- "a"\n- "b"',
    "no drawn": 'deliveries:\n- "a"\n- "b"\n',
    "a comment behind the key": 'deliveries: # key\n- "a"\n- "b"\ndrawn: # key\n- "a"\n',
    "comments between": "# top\n\ndeliveries:\n# one\n- a # on a line of names\n\n# two\n- b\n\ndrawn: []\n# end\n",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_that_people_write_can_be_edited(root, form):
    write(root, form)
    comments = [comment for comment in comments_of(form) if comment != " on a line of names"]
    for change, name, expected in (
        (listing.append, "c", ["a", "b", "c"]),
        (listing.remove, "a", ["b", "c"]),
        (listing.remove, "c", ["b"]),
        (listing.remove, "b", []),
        (listing.append, "d", ["d"]),
    ):
        change(root, name)
        assert as_dvc_reads(root)["deliveries"] == expected == listing.names(root)
    assert as_dvc_reads(root).get("drawn", []) == []
    assert comments_of(text(root)) == comments


@pytest.mark.parametrize("name", ["007", "1e3", "null", "true", "no", "2024-01-01", "0x1f", "1_000", "12.5", "a-b_c.d"])
def test_names_that_yaml_would_turn_are_quoted(root, name):
    listing.append(root, name)
    assert as_dvc_reads(root)["deliveries"][-1] == name


@pytest.mark.parametrize("name", ["A", "../x"])
def test_bad_names(root, name):
    with pytest.raises(ValueError, match="bad name"):
        listing.append(root, name)
    assert text(root) == TEXT


BAD_FILES = {
    "double": ("deliveries: [a, b, a]", "'a' is listed twice"),
    "bad name": ("deliveries: ['A']", "deliveries: bad name 'A'"),
    "a number": ("deliveries: [007]", "expected names in quotes, got 7"),
    "nothing": ("deliveries:\n- a\n-\n", "got None"),
    "no list": ("deliveries: a", r"expected a list \(\[\] for none\), got 'a'"),
    "an empty list not written": ("deliveries:\n", "expected a list"),
    "held and not listed": ("deliveries: [a]\nheld: [b]", "held: 'b' is not among the deliveries"),
    "another key": ("deliveries: []\nmore: []", "expected the keys deliveries, drawn, held, got deliveries, more"),
    "no deliveries": ("drawn: []", "got drawn"),
    "the key twice": ("deliveries: []\ndeliveries: []", "not YAML"),
    "a list": ("[a]", "got list"),
    "empty": ("", "got NoneType"),
    "no YAML": ("deliveries: [", "not YAML"),
    "drawn and not listed": ("deliveries: [a]\ndrawn: [b]", "drawn: 'b' is not among the deliveries"),
}


@pytest.mark.parametrize(("bad", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_files(root, bad, message):
    write(root, bad)
    for use in (lambda: listing.names(root), lambda: listing.append(root, "z"), lambda: listing.remove(root, "a")):
        with pytest.raises(ValueError, match=f"data/deliveries.yaml: .*{message}"):
            use()
    assert text(root) == bad


def test_append_of_a_listed_name(root):
    with pytest.raises(ValueError, match=r"'b\.2' is listed already"):
        listing.append(root, "b.2")


def test_remove_of_an_unlisted_name(root):
    with pytest.raises(ValueError, match=r"'x' is not listed, expected one of demo, b\.2"):
        listing.remove(root, "x")


def test_a_failing_write_leaves_the_file(root, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        listing.append(root, "new")
    assert text(root) == TEXT
    assert [path.name for path in (root / "data").iterdir()] == ["deliveries.yaml"]


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        listing.names(tmp_path)


def test_external_deliveries_are_in_a_list_of_their_own(root):
    (root / listing.EXTERNAL).write_text("# Elsewhere.\nexternal: []\n")
    listing.append(root, "jtsc", listing.EXTERNAL)
    assert (root / listing.EXTERNAL).read_text() == '# Elsewhere.\nexternal:\n- "jtsc"\n'
    assert (listing.external(root), listing.everything(root)) == (["jtsc"], ["demo", "b.2", "jtsc"])
    assert text(root) == TEXT
    listing.remove(root, "jtsc")
    assert (listing.external(root), text(root)) == ([], TEXT)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda root: listing.append(root, "jtsc"), "data/external.yaml: 'jtsc' is listed already"),
        (lambda root: listing.append(root, "demo", listing.EXTERNAL), "data/deliveries.yaml: 'demo' is listed already"),
        (lambda root: listing.hold(root, "jtsc"), "'jtsc' is external, in no dataset"),
        (lambda root: listing.release(root, "jtsc"), "'jtsc' is external, in no dataset"),
    ],
    ids=["a delivery of that name", "an external of that name", "hold", "release"],
)
def test_a_name_is_on_one_list_only(root, use, message):
    (root / listing.EXTERNAL).write_text('external: ["jtsc"]\n')
    with pytest.raises(ValueError, match=message):
        use(root)
    assert (text(root), listing.external(root)) == (TEXT, ["jtsc"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('external: ["b.2"]', "'b.2' is listed in data/deliveries.yaml too"),
        ("external: jtsc", "expected a list"),
        ("externals: []", "expected the keys external, got externals"),
    ],
)
def test_a_wrong_list_of_external_deliveries_is_an_error(root, content, message):
    (root / listing.EXTERNAL).write_text(content)
    with pytest.raises(ValueError, match=f"data/external.yaml: .*{message}"):
        listing.everything(root)
