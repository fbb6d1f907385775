from tasks.report import reasons


def test_reasons_stand_in_the_order_of_the_stages_and_unknown_ones_last() -> None:
    given = ["zebra", "foreign", "apple", "exact-copy", "unreadable", "foreign"]
    assert reasons.ordered(given) == ["unreadable", "exact-copy", "foreign", "apple", "zebra"]
