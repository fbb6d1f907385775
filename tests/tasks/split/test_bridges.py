import pytest

from tasks.split.assign import BRIDGE, Bridge, tied
from tasks.split.bridges import joined

# T in test and V in val came first, then the bridge of b and c, then L, a copy of b that came later.
SPLITS = {"T": "test", "V": "val", "U": "val", "b": BRIDGE, "c": BRIDGE, "L": "train"}
BRIDGES = [Bridge(["b", "c"], ["T", "V", "U"])]
DIRECT = [("b", "T"), ("b", "V"), ("c", "U")]
CHAIN = [("b", "T"), ("b", "c"), ("c", "V")]


@pytest.mark.parametrize(
    ("pairs", "wanted", "kept", "expected"),
    [
        (DIRECT, "", "TVUbc", {}),
        (DIRECT, "b", "TUbc", {"b": "test"}),
        (DIRECT, "b", "VUbc", {"b": "val"}),
        (DIRECT, "bc", "VUbc", {"b": "val", "c": "val"}),
        (DIRECT, "bc", "TUbc", {"b": "test", "c": "val"}),
        (DIRECT, "b", "b", {"b": "test"}),
        (CHAIN, "b", "TVbc", {"b": "test"}),
        (CHAIN, "bc", "Vbc", {"b": "val", "c": "val"}),
        (CHAIN, "c", "c", {"c": "test"}),
        ([*DIRECT, ("b", "L")], "b", "Vb", {"b": "val"}),
    ],
    ids=[
        "nobody-keeps-one", "the-other-elder-is-dropped", "or-the-one", "each-for-itself", "even-in-two-splits",
        "nothing-kept-joins-the-first", "its-companion-is-dropped", "companions-go-together", "first-of-the-bridge",
        "a-later-copy-is-dropped",
    ],
)  # fmt: skip
def test_a_bridge_that_a_person_keeps_joins_what_is_kept(
    pairs: list[tuple[str, str]], wanted: str, kept: str, expected: dict[str, str]
) -> None:
    assert joined(BRIDGES, SPLITS, tied(pairs), wanted, kept) == expected


@pytest.mark.parametrize(
    ("pairs", "wanted", "kept", "message"),
    [
        (DIRECT, "b", "TVbc", "^b, which a person keeps, is tied to T in test and to V in val, .*: drop one of the th"),
        (CHAIN, "bc", "TVbc", "^c, which a person keeps, is tied to T in test and to V in val"),
        ([*DIRECT, ("b", "L")], "b", "bL", "^b, which a person keeps, is tied to T in test and to L in train"),
    ],
    ids=["two-elders", "two-elders-by-a-companion", "a-later-copy-moves-nothing"],
)
def test_a_leak_is_the_person_s_to_solve(pairs: list[tuple[str, str]], wanted: str, kept: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        joined(BRIDGES, SPLITS, tied(pairs), wanted, kept)
