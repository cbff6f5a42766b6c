"""What is encoded once and filled gives, byte for byte, what encoding the whole gives."""

from time import perf_counter_ns
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.case_history.history import CaseHistory
from sidecar.controls.context import AccessRequest
from sidecar.decision.acts import kept_facts
from sidecar.decision.decide import decide
from sidecar.decision_log.canonical import Form, NotCanonicalError, canonical_bytes
from sidecar.decision_log.entry import OF_DECISION, OPEN, DecisionEntry, entry_bytes
from sidecar.service.answering import (
    CallerFacts,
    Made,
    Telling,
    answer_of_decision,
    encoded_apart,
    of_decision,
    of_request,
    with_commitments,
)
from sidecar.service.asked import Asked, party_tokeniser
from sidecar.service.passing_keys import PassingKeys
from sidecar.service.personal import Personal
from tests.samples import ACCEPTED, EVERYONE, SNAPSHOT, act, history, moment

TEXTS = st.sampled_from(["", "a", "甲", 'a "quoted" \\ text', "é", "C-1"])
VALUES = st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS | st.lists(TEXTS, max_size=2)
REQUESTS = st.builds(
    AccessRequest,
    person=st.sampled_from(["clerk", "reviewer", "deputy", "all", "nobody"]),
    step=st.sampled_from(["accept", "review", "decide", "issue", "none"]),
    item=st.sampled_from(["permit", "unknown"]),
    case_id=st.sampled_from(["C-1", "案〔2026〕1号"]),
    region=st.sampled_from(["", "650200", "110000"]),
    party=st.sampled_from(["", "pty-1"]),
    outcome=st.sampled_from(["", "grant", "refuse"]),
    intent=st.sampled_from(["exercise", "question", "co_sign"]),
    facts=st.dictionaries(st.sampled_from(["amount", "other"]), st.integers(0, 200), max_size=2),
)
HISTORIES = st.sampled_from([CaseHistory("C-1"), history(*ACCEPTED), history(*ACCEPTED, act("review", "reviewer"))])
CALLERS = st.builds(CallerFacts, TEXTS, st.sampled_from(["", "192.0.2.7"]), TEXTS)
TELLING = Telling(SNAPSHOT)
PERSONAL = Personal(party_tokeniser(b"k" * 32), PassingKeys())


@given(st.dictionaries(st.text("abc_", min_size=1, max_size=3), VALUES, min_size=1), st.data())
def test_a_filled_form_is_the_canonical_object(value: dict[str, Any], data: st.DataObject) -> None:
    """Whichever members are open."""
    opened = data.draw(st.sets(st.sampled_from(sorted(value))))
    form = Form({name: value[name] for name in value if name not in opened}, list(opened))
    assert form.filled([msgspec.json.encode(value[name]) for name in form.open]) == canonical_bytes(value)


@given(st.lists(st.recursive(VALUES | st.text(), lambda inner: st.dictionaries(st.text(), inner, max_size=3)), max_size=6))
def test_values_encoded_at_once_are_those_encoded_one_by_one(values: list[object]) -> None:
    assert encoded_apart(values) == [msgspec.json.Encoder(order="sorted").encode(value) for value in values]


def test_a_form_refuses_what_the_profile_refuses() -> None:
    """Text that is not NFC, known or filled in, and what is too long."""
    with pytest.raises(NotCanonicalError, match="NFC"):
        Form({"a": "e\u0301"}, ["b"])
    with pytest.raises(NotCanonicalError, match="NFC"):
        Form({"a": "é"}, ["b"]).filled(['"e\u0301"'.encode()])
    with pytest.raises(NotCanonicalError, match="bytes"):
        Form({"a": "é"}, ["b"]).filled([b'"%s"' % (b"x" * 300_000)])


def test_every_member_of_an_entry_is_known_or_open() -> None:
    """A field that is added to an entry belongs to one side."""
    assert sorted([*OF_DECISION, *OPEN]) == sorted(DecisionEntry.__struct_fields__)


@given(REQUESTS, HISTORIES, CALLERS, st.integers(1, 2**40), st.sampled_from(["", "ab" * 32]))
def test_a_decision_is_told_as_the_plain_way_tells_it(
    request: AccessRequest, case: CaseHistory, caller: CallerFacts, seq: int, previous: str
) -> None:
    """Answer and entry are those of plain encoding, for allows and refusals, told for the first time or again."""
    now = moment()
    decision = decide(SNAPSHOT, EVERYONE, case, request, now)
    item = SNAPSHOT.item(decision.item)
    facts = kept_facts(request, item)
    made = Made(
        decision, request, item, "01ID", now.isoformat(timespec="milliseconds"), "test", case, case.version, "d" * 64, facts
    )
    asked = Asked(request, "officer", "窗口", {"reason": "r-1"})

    answer, entry = TELLING.told(made, asked, caller, "v1.0..0", perf_counter_ns(), PERSONAL)

    context = answer_of_decision(decision, item, SNAPSHOT, made.time)
    context |= {"case": {"id": request.case_id, "version": case.version}, "decision_id": "01ID", "state_token": "v1.0..0"}
    encode = msgspec.json.Encoder(order="sorted").encode
    assert answer == encode({"decision": decision.allowed, "context": context})
    body = entry_bytes(entry, seq, previous)
    latency = msgspec.json.decode(body)["latency_us"]
    fields = with_commitments(of_request(made, asked, caller, latency, SNAPSHOT), made, asked, PERSONAL)
    plain = DecisionEntry(**{**of_decision(decision, item, SNAPSHOT, made.time), **fields})
    assert body == entry_bytes(plain, seq, previous)
    assert (entry.decision_id, entry.time, entry.item, entry.code) == (plain.decision_id, plain.time, plain.item, plain.code)
    assert (entry.kind, entry.decision, entry.subject) == (plain.kind, plain.decision, plain.subject)
