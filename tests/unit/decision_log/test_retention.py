"""What must be kept is never called due: each rule of retention, and what holds a case back."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.decision_log.retention import MINIMUM_MONTHS, Hold, Retention, Span, Why, judge
from sidecar.service.retaining import standing_of

LONG = Span(180, "政府采购法第四十二条", "power.yaml:3")
DAY = date(2026, 1, 31)
DAYS = st.dates(date(2020, 1, 1), date(2060, 1, 1))


@pytest.mark.parametrize(
    ("begin", "months", "end"),
    [
        (date(2026, 1, 31), 6, date(2026, 7, 31)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 3, 31), 8, date(2026, 11, 30)),
        (date(2026, 12, 1), 180, date(2041, 12, 1)),
    ],
)
def test_months_are_calendar_months(begin: date, months: int, end: date) -> None:
    assert Span(months, "").end(begin) == end


def test_each_rule_is_told_with_its_basis() -> None:
    closed = frozenset({"C-1", "C-2", "C-3"})
    rules = Retention(items={"buy": LONG}, holds=(Hold("C-3", "诉讼中", "record.yaml:9"),), closed=closed)
    due, later = date(2026, 7, 31), date(2041, 1, 31)
    assert judge(rules, "C-1", frozenset({"permit"}), DAY, due)[:2] == (Why.DUE, due)
    assert judge(rules, "C-1", frozenset({"permit"}), DAY, due - timedelta(1)).why is Why.NOT_DUE
    assert judge(rules, "C-2", frozenset({"permit", "buy"}), DAY, due) == (Why.NOT_DUE, later, LONG.basis, "power.yaml:3")
    assert judge(rules, "C-3", frozenset({"permit"}), DAY, later) == (Why.HELD, due, "诉讼中", "record.yaml:9")
    assert judge(rules, "C-4", frozenset({"permit"}), DAY, later).why is Why.OPEN
    assert judge(rules._replace(closed_after=24), "C-4", frozenset(), DAY, date(2028, 1, 31)).why is Why.DUE
    assert judge(rules._replace(closed_after=24), "C-4", frozenset(), DAY, date(2028, 1, 30)).why is Why.OPEN
    assert judge(rules, "", frozenset(), DAY, due).why is Why.DUE


def test_power_list_and_rules_of_the_record_hold_together() -> None:
    """Whichever is longer counts, whoever says it; only what somebody wrote down counts as said."""
    short, ruled = Span(24, "本单位规定", "record.yaml:4"), Span(240, "本单位规定", "record.yaml:5")
    rules = Retention(items={"a": short, "b": ruled}, listed={"a": LONG, "b": LONG, "c": LONG})
    assert [rules.of(item) for item in "abc"] == [LONG, ruled, LONG]
    assert rules.of("d") == Retention().default
    assert [rules.says(item) for item in "abcd"] == [True, True, True, False]
    assert rules._replace(default=Span(300, "本单位规定", "record.yaml:2")).of("c").source == "record.yaml:2"
    assert rules._replace(default=short).says("d")


@given(DAYS, DAYS, st.integers(MINIMUM_MONTHS, 240), st.booleans())
def test_nothing_is_due_before_six_months(last: date, today: date, months: int, closed: bool) -> None:
    rules = Retention(Span(months, "x"), closed=frozenset({"C"} if closed else ()))
    if judge(rules, "C", frozenset({"i"}), last, today).why is Why.DUE:
        assert closed
        assert (today - last).days >= 181


def entry(kind: str, day: str, case: str = "", item: str = "") -> dict[str, str]:
    return {"kind": kind, "time": f"{day}T09:00:00.000+08:00", "case_id": case, "item": item}


def test_a_case_goes_as_a_whole_and_what_tells_of_the_log_stays() -> None:
    """The newest entry of a case decides, wherever it stands; an item that must be kept longer keeps all of its case."""
    rows = [
        entry("log", "2020-01-01"),
        entry("decision", "2026-01-01", "C-1", "permit"),
        entry("decision", "2026-03-01", "C-1", "permit"),
        entry("outcome", "2026-02-01", "C-1", "permit"),
        entry("log_read", "2026-01-01"),
        entry("log_read", "2026-01-01"),
        entry("log_read", "2026-01-02"),
    ]
    rules = Retention(closed=frozenset({"C-1"}))
    found = standing_of(enumerate(rows, 1), rules, date(2026, 7, 1))
    told = [(kept.case_id, kept.entries, kept.first, kept.last, kept.last_day, kept.judged.why) for kept in found]
    assert told == [
        ("C-1", 3, 2, 4, date(2026, 3, 1), Why.NOT_DUE),
        ("", 2, 5, 6, date(2026, 1, 1), Why.DUE),
        ("", 1, 7, 7, date(2026, 1, 2), Why.NOT_DUE),
    ]
