"""What another policy changes: the answer, its grounds, its obligations, and nothing that is only written elsewhere."""

import msgspec
import pytest

from sidecar.decision.decision import Decision, Due, Flag, Ground
from sidecar.decision_log.entry import DecisionEntry
from sidecar.messages import Sentence
from sidecar.replay.changes import Change, Tally, change_of
from tests.conformance.samples import an_entry

SAID = Sentence("甲", "a")


def recorded(*grounds: tuple[str, str], due: tuple[str, ...] = ()) -> DecisionEntry:
    """A refusal on these grounds, an allow without any."""
    told = [{"code": code, "rule": rule, "basis": "旧", "row": "r1", "source": "f:1"} for code, rule in grounds]
    duties = [{"id": f"d{arg}", "kind": "deadline", "arg": arg, "due": "2026-01-09"} for arg in due]
    entry = an_entry("d1", "c1", decision="deny" if grounds else "allow", grounds=told)
    return msgspec.structs.replace(entry, obligations=duties)


def made(*grounds: tuple[str, str], due: tuple[str, ...] = ()) -> Decision:
    found = tuple(Ground(code, SAID, rule, "新", "g:9", "r2") for code, rule in grounds)
    duties = tuple(Due("other", "deadline", arg, "新") for arg in due)
    return Decision(
        not grounds, grounds[0][0] if grounds else "ALLOWED", SAID, "", "", "item", 2, "accept", grounds=found, obligations=duties
    )


A, B, C = ("NO_POWER", "AL-4"), ("RECUSAL", "CS-76"), ("RECUSAL", "ITEM")


@pytest.mark.parametrize(
    ("before", "after", "kind", "rules"),
    [
        (recorded(A), made(A), None, ()),
        (recorded(A, B), made(B, A), None, ()),
        (recorded(due=("1:n",)), made(due=("1:n",)), None, ()),
        (recorded(), made(A, B), "newly_refused", ("AL-4", "CS-76")),
        (recorded(A, B), made(), "newly_allowed", ("AL-4", "CS-76")),
        (recorded(A, B), made(A), "other_grounds", ("CS-76",)),
        (recorded(B), made(C), "other_grounds", ("CS-76", "ITEM")),
        (recorded(B), made(B, B), "other_grounds", ("CS-76",)),
        (recorded(due=("1:n",)), made(due=("2:n",)), "other_obligations", ()),
        (recorded(due=("1:n",)), made(), "other_obligations", ()),
    ],
)
def test_a_change_is_of_one_kind_and_names_its_rules(
    before: DecisionEntry, after: Decision, kind: str | None, rules: tuple[str, ...]
) -> None:
    """Where a row stands, how it is worded and which version of the item speaks is no change."""
    change = change_of(before, after)
    assert (change.kind if change else None) == kind
    assert (change.rules if change else ()) == rules


def test_another_mark_is_a_change_of_its_own() -> None:
    """Late where it was not: neither the answer nor what is owed differs."""
    late = made()
    late = msgspec.structs.replace(late, flags=(Flag("r1", "red", "LIMIT_OVER", SAID, "AL-42", "新", "g:9", "2026-01-09"),))
    change = change_of(recorded(), late)
    assert change is not None
    assert (change.kind, change.rules, change.gone, change.new) == ("other_flags", ("AL-42",), (), ("red AL-42",))
    again = msgspec.structs.replace(recorded(), flags=[{"grade": "red", "rule": "AL-42", "due": "2026-01-09"}])
    assert change_of(again, late) is None


def test_what_no_longer_is_and_what_would_be() -> None:
    change = change_of(recorded(A, B), made(A, C))
    assert change is not None
    assert (change.code, change.gone, change.new) == ("NO_POWER", ("RECUSAL CS-76",), ("RECUSAL ITEM",))


def test_changes_are_counted_by_item_officer_and_rule() -> None:
    """One that two rules make counts for both."""
    tally = Tally()
    for change in (change_of(recorded(), made(A, B)), change_of(recorded(A), made())):
        assert isinstance(change, Change)
        tally.count_change(recorded(), change)
    assert dict(tally.kinds) == {"newly_refused": 1, "newly_allowed": 1}
    assert tally.by_rule["AL-4"] == {"newly_refused": 1, "newly_allowed": 1}
    assert tally.by_rule["CS-76"] == {"newly_refused": 1}
    assert [counted.total() for counted in (*tally.by_item.values(), *tally.by_officer.values())] == [2, 2]
