"""An entry holds the request it decided: put again, it is decided alike, and told in the same bytes."""

from time import perf_counter_ns
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.case_history.draw import DrawBrought
from sidecar.case_history.history import CaseHistory
from sidecar.case_history.resolution import MemberVote, Resolution
from sidecar.controls.context import AccessRequest
from sidecar.decision.acts import kept_facts
from sidecar.decision.decide import decide
from sidecar.decision_log.entry import DecisionEntry, entry_bytes
from sidecar.replay.recorded import Cause, Difference, cause_of, differences, read_entry, request_of, version_before
from sidecar.service.answering import MAX_POOL, OTHER_FACTS, CallerFacts, Made, Telling
from sidecar.service.asked import Asked, party_tokeniser
from sidecar.service.passing_keys import PassingKeys
from sidecar.service.personal import Personal
from tests.samples import ACCEPTED, EVERYONE, SNAPSHOT, act, history, moment

TELLING = Telling(SNAPSHOT, "sha256:people")
PERSONAL = Personal(party_tokeniser(b"k" * 32), PassingKeys())
EMPTY = st.just("")
RECORD = Resolution(
    "纪要1", "C-1", "sha256:" + "a" * 64, "boss", (MemberVote("m1", "for"), MemberVote("m2", present=False)), "3 yuan"
)
REQUESTS = st.builds(
    AccessRequest,
    person=st.sampled_from(["clerk", "reviewer", "deputy", "all", "nobody", "service:batch"]),
    step=st.sampled_from(["accept", "review", "site", "decide", "issue", "none"]),
    item=st.sampled_from(["permit", "permit", "unknown"]),
    case_id=st.sampled_from(["C-1", ""]),
    region=st.sampled_from(["", "650200", "110000"]),
    party=st.sampled_from(["", "pty-1", "pty-2"]),
    acting_post=st.sampled_from(["", "", "front.clerk", "law.reviewer", "front.head"]),
    level=st.sampled_from(["", "2", "3"]),
    outcome=st.sampled_from(["", "grant", "refuse"]),
    intent=st.sampled_from(["exercise", "question", "co_sign", "vote"]),
    facts=st.dictionaries(
        st.sampled_from(["amount", "other"]), st.integers(0, 700) | st.booleans() | st.sampled_from(["", "many"]), max_size=2
    ).map(lambda facts: dict(sorted(facts.items()))),
    evidence=st.frozensets(st.sampled_from(["drawings", "reason"]), max_size=2),
    on_behalf=EMPTY | st.just("deputy"),
    about=EMPTY | st.just("head"),
    vote=EMPTY | st.just("for"),
    content=EMPTY | st.just("sha256:" + "a" * 64),
    resolution=st.none() | st.just(RECORD),
    draw=st.none() | st.just(DrawBrought(("x", "y", "z"), ("z", "x"))),
    corrects=EMPTY | st.just("01DECISION"),
)
HISTORIES = st.sampled_from(
    [CaseHistory("C-1"), history(*ACCEPTED), history(act("accept", "clerk", party="pty-1"), act("review", "reviewer"))]
)


def told(request: AccessRequest, case: CaseHistory) -> DecisionEntry:
    """The entry of a request, read back from its bytes."""
    now = moment()
    decision = decide(SNAPSHOT, EVERYONE, case, request, now)
    item, time = SNAPSHOT.item(decision.item), now.isoformat(timespec="milliseconds")
    made = Made(decision, request, item, "01ID", time, "test", case, case.version, "", kept_facts(request, item))
    asked = Asked(request, "officer", "", dict.fromkeys(sorted(request.evidence), "r"))
    _, entry = TELLING.told(made, asked, CallerFacts("portal", "", ""), "", perf_counter_ns(), PERSONAL)
    return read_entry(entry_bytes(entry, 1, ""))


@given(REQUESTS, HISTORIES)
def test_the_request_of_an_entry_is_decided_alike(request: AccessRequest, case: CaseHistory) -> None:
    """Whatever was left out and found by the service, and whatever was of the wrong type."""
    entry = told(request, case)
    assert cause_of(entry) is None
    again = request_of(entry)
    assert decide(SNAPSHOT, EVERYONE, case, again, moment()) == decide(SNAPSHOT, EVERYONE, case, request, moment())
    assert msgspec.structs.replace(again, facts={}) == msgspec.structs.replace(request, facts={})
    assert without_unread(told(again, case)) == without_unread(entry)


def without_unread(entry: DecisionEntry) -> DecisionEntry:
    """Without what tells of facts that nobody reads, and how long it took."""
    asked = {name: value for name, value in entry.asked.items() if name != OTHER_FACTS}
    return msgspec.structs.replace(entry, latency_us=0, facts_digest="", asked=asked)


def test_a_value_of_the_wrong_type_is_never_told() -> None:
    """Only what kind of value it was."""
    entry = told(AccessRequest("clerk", "accept", "permit", "C-1", facts={"amount": "身份证号"}), CaseHistory("C-1"))
    assert entry.asked["unreadable"] == "amount:str"
    assert request_of(entry).facts == {"amount": ""}


def test_a_pool_that_is_too_large_is_left_out_and_said() -> None:
    """What was drawn stands in the entry all the same."""
    pool = tuple(f"o-{n:0>120}" for n in range(1 + MAX_POOL // 123))
    entry = told(AccessRequest("clerk", "accept", "permit", "C-1", draw=DrawBrought(pool, pool[:1])), CaseHistory("C-1"))
    assert "pool" not in entry.asked
    assert cause_of(entry) is Cause.POOL_NOT_RECORDED


@pytest.mark.parametrize(("change", "cause"), [({"personnel_digest": ""}, Cause.EARLIER_FORM), ({}, None)])
def test_an_entry_that_names_no_registers_is_of_an_earlier_form(change: dict[str, str], cause: Cause | None) -> None:
    entry = told(AccessRequest("clerk", "accept", "permit", "C-1"), CaseHistory("C-1"))
    assert cause_of(msgspec.structs.replace(entry, **change)) is cause


def test_an_act_stands_on_the_version_before_it() -> None:
    entry = told(AccessRequest("clerk", "accept", "permit", "C-1"), CaseHistory("C-1"))
    allowed = msgspec.structs.replace(entry, decision="allow", case_version=5)
    assert version_before(allowed) == 4
    assert version_before(msgspec.structs.replace(allowed, intent="question")) == 5
    assert version_before(msgspec.structs.replace(allowed, decision="deny")) == 5


@pytest.mark.parametrize(
    ("recorded", "again", "expected"),
    [
        ({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "x"}]}, []),
        ({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "y"}]}, [("a[2].b", "x", "y")]),
        ({"a": [1, 2]}, {"a": [1]}, [("a[2]", 2, None)]),
        ({"a": []}, {"a": ["new"]}, [("a[1]", None, "new")]),
        ({"a": 1}, {"a": True}, [("a", 1, True)]),
        ({}, {"later": {}}, []),
        ({}, {"later": ""}, []),
        ({}, {"later": "x"}, [("later", None, "x")]),
        ({"gone": "x"}, {}, [("gone", "x", None)]),
        ({"a": "x"}, {"a": ""}, [("a", "x", "")]),
        ({"a": {}}, {"a": []}, [("a", {}, [])]),
    ],
)
def test_differences_say_where(recorded: Any, again: Any, expected: list[tuple[str, Any, Any]]) -> None:
    """Each place by itself; a member that an earlier program did not write and that is empty is none."""
    assert list(differences(recorded, again)) == [Difference(*one) for one in expected]
