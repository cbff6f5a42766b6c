"""A ledger is the fold of its changes."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from sidecar.case_history.ledger import Ledger, LedgerChange, LedgerEntry, amend, fold_changes

DECISIONS = [f"d{n}" for n in range(6)]


def at(day: int) -> str:
    return f"2026-01-{day:02}T10:00:00.000+08:00"


def entry(decision_id: str, amount: int = 1, *, kind: str = "amount", day: int = 5, due: int = 0) -> LedgerEntry:
    return LedgerEntry(decision_id, "C-1", kind, amount, at(day), at(due) if due else "")


changes = st.lists(
    st.builds(
        lambda added, settled, withdrawn: LedgerChange("a", 0, tuple(map(entry, added)), settled, withdrawn, at(9)),
        st.lists(st.sampled_from(DECISIONS), max_size=2),
        st.lists(st.sampled_from(DECISIONS), max_size=2).map(tuple),
        st.lists(st.sampled_from(DECISIONS), max_size=2).map(tuple),
    ),
    max_size=8,
)


@given(changes)
def test_a_fold_is_its_changes_one_by_one(given_changes: list[LedgerChange]) -> None:
    """At any split the ledger is the same, and each change that changes something is one version."""
    whole = fold_changes("a", given_changes)
    assert whole.version == sum(not change.is_empty for change in given_changes)
    for split in range(len(given_changes) + 1):
        part = fold_changes("a", given_changes[:split])
        for change in given_changes[split:]:
            part = amend(part, change)
        assert part == whole


@given(changes)
def test_what_counts_is_what_was_not_withdrawn(given_changes: list[LedgerChange]) -> None:
    """An entry counts from its change on until a later one withdraws it."""
    expected: list[str] = []
    for change in given_changes:
        expected = [name for name in expected if name not in change.withdraw] + [e.decision_id for e in change.add]
    ledger = fold_changes("a", given_changes)
    assert [e.decision_id for e in ledger.entries] == expected
    assert ledger.total() == len(expected)


def test_a_total_is_of_a_kind_and_from_a_moment_on() -> None:
    """Both restrict, and the moment itself belongs to the period, in whatever zone it is written."""
    ledger = Ledger("a", 1, (entry("d1", 1, day=4), entry("d2", 10, day=5), entry("d3", 100, kind="other", day=6)))
    assert ledger.total() == 111
    assert ledger.total(kind="amount") == 11
    assert ledger.total(since=datetime.fromisoformat("2026-01-05T02:00:00.000+00:00")) == 110
    assert ledger.total(since=datetime.fromisoformat("2026-01-05T02:00:00.001+00:00")) == 100


def test_a_debt_is_overdue_from_its_moment_on_until_it_is_settled() -> None:
    """One millisecond before it is not; settled, late or in time, it no longer is."""
    ledger = Ledger("a", 1, (entry("d1", due=6), entry("d2")))
    moment = datetime.fromisoformat(at(6))
    assert [e.decision_id for e in ledger.open_entries()] == ["d1"]
    assert [e.decision_id for e in ledger.overdue(moment)] == ["d1"]
    assert ledger.overdue(moment.replace(hour=9)) == ()
    settled = amend(ledger, LedgerChange("a", 1, settle=("d1",), time=at(8)))
    assert settled.overdue(moment) == settled.open_entries() == ()
    assert [e.settled for e in settled.entries] == [at(8), at(8)[:0]]


def test_what_was_settled_first_stands() -> None:
    """A second settlement does not move the moment."""
    ledger = amend(Ledger("a", 0, (entry("d1", due=6),)), LedgerChange("a", 0, settle=("d1",), time=at(5)))
    again = amend(ledger, LedgerChange("a", 1, settle=("d1",), time=at(7)))
    assert [e.settled for e in again.entries] == [at(5)]
