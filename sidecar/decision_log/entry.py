"""What one entry holds: the record fields of GB/T 22239 8.1.4.3 and of the project's own list, one entry a decision.

Personal data: officers stand in clear, because they act for the state; a party is a keyed token; facts are in clear only where a
condition of the policy reads them, so that a decision can be replayed; all that was asserted, and each piece of evidence, is a
commitment that only the subject's key opens. `masked` names what does not stand as it came: the place, and a commitment to what
stood there where that was a number of a person in a text, or the form the schema asks for (disclosure.py).
`case_digest` is the running digest of the case's events at `case_version`: it binds the events, which lie beside the entries, to
the leaf.
`asked` is what the request said where the members beside it say something else (a post that was found, a region the case had), so
that together they are the request; `ledgers` are the versions of what was counted across cases, `personnel_digest` the registers.
`seq` and `prev_case` (the leaf hash of the same case's previous entry) are filled in by the store, which alone knows them; until
then an entry has no place in the log.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args, get_type_hints

import msgspec

from sidecar.decision_log import events
from sidecar.decision_log.canonical import Form, NotCanonicalError, encoded, refuse_others
from sidecar.decision_log.events import Placed

VERSION = events.VERSION


class DecisionEntry(Placed, frozen=True, kw_only=True):
    """One decision. Times are ISO 8601 with offset; `latency_us` runs from the request read to the decision made. `resolution`
    is the record of a meeting where one was brought: the members with their votes, for whom it may lessen or found
    liability."""

    v: int = VERSION
    kind: Literal["decision"] = "decision"
    decision_id: str
    request_id: str
    time: str
    time_source: str
    caller: str
    client_ip: str
    channel: str
    intent: str
    subject: dict[str, str]
    action: dict[str, str]
    item: str
    item_name: str
    item_version: int
    case_id: str
    case_version: int
    case_digest: str = ""
    party_token: str
    region: str
    decision: Literal["allow", "deny"]
    code: str
    reason: dict[str, str]
    grounds: list[dict[str, str]]
    rules_evaluated: list[dict[str, str]]
    obligations: list[dict[str, str]]
    flags: Sequence[Mapping[str, str]] = ()
    rows: list[str]
    sources: list[str]
    basis: list[str]
    officers: list[str]
    facts: Mapping[str, bool | int | str]
    facts_digest: str
    evidence_digests: Mapping[str, str]
    masked: Mapping[str, str] = {}
    resolution: Mapping[str, object] = {}
    asked: Mapping[str, str] = {}
    ledgers: Sequence[Mapping[str, str | int]] = ()
    policy_digest: str
    personnel_digest: str = ""
    engine_version: str
    latency_us: int


class OutcomeEntry(Placed, frozen=True, kw_only=True):
    """What an enforcement point reports of an act that was allowed."""

    v: int = VERSION
    kind: Literal["outcome"] = "outcome"
    decision_id: str
    request_id: str
    time: str
    time_source: str
    caller: str
    subject: dict[str, str]
    action: dict[str, str]
    item: str
    case_id: str
    case_version: int
    case_digest: str = ""
    result: str
    detail: str
    masked: Mapping[str, str] = {}


class LogReadEntry(Placed, frozen=True, kw_only=True):
    """Reading the record is itself an act and recorded (GB/T 22239, audit of audit). `person` is for whom a reading system said
    that it reads, `query` what was asked, `shown` how many entries, acts of a case or lines of totals were then shown."""

    v: int = VERSION
    kind: Literal["log_read"] = "log_read"
    decision_id: str
    request_id: str
    time: str
    time_source: str
    caller: str
    client_ip: str
    person: str = ""
    query: dict[str, str]
    shown: int = 0
    masked: Mapping[str, str] = {}


Entry = DecisionEntry | OutcomeEntry | LogReadEntry | events.Event
FORMS: tuple[type[Entry], ...] = (DecisionEntry, OutcomeEntry, LogReadEntry, *events.FORMS)
KINDS = tuple(kind for form in FORMS for kind in get_args(get_type_hints(form)["kind"]))

_PROOFS = {form: msgspec.json.Decoder(form).decode for form in FORMS if form is not DecisionEntry}


class FilledEntry(NamedTuple):
    """A decision's entry as the form its decision gives and the encoded values of what is open in it; of these `seq` and
    `prev_case` stand empty until it has its place. The other fields are those of a DecisionEntry."""

    form: Form
    values: list[bytes]
    decision_id: str
    time: str
    subject: Mapping[str, str]
    item: str
    code: str
    decision: str
    facts: Mapping[str, bool | int | str]
    kind: Literal["decision"] = "decision"

    def placed(self, seq: int, prev_case: str) -> bytes:
        values = self.values.copy()
        values[_PREV_CASE], values[_SEQ] = b'"%s"' % prev_case.encode(), b"%d" % seq
        return self.form.filled(values)


# What an entry says of the decision alone; all else depends on who asked, about which case, when.
OF_DECISION = frozenset(
    {
        "basis",
        "code",
        "decision",
        "engine_version",
        "flags",
        "grounds",
        "item",
        "item_name",
        "item_version",
        "kind",
        "obligations",
        "personnel_digest",
        "policy_digest",
        "reason",
        "region",
        "rows",
        "rules_evaluated",
        "sources",
        "v",
    }
)
OPEN = tuple(sorted(set(DecisionEntry.__struct_fields__) - OF_DECISION))
_PREV_CASE, _SEQ = OPEN.index("prev_case"), OPEN.index("seq")


def entry_bytes(entry: Entry | FilledEntry, seq: int, prev_case: str) -> bytes:
    """The canonical bytes of an entry at its place in the log. Raises NotCanonicalError.

    That nothing but text, whole numbers and truth values stands in it follows from the types of its fields. Of a decision only
    the facts are a caller's values, and they are looked at; what holds values read back from elsewhere is proven by reading it.
    """
    if isinstance(entry, FilledEntry):
        refuse_others(entry.facts, "facts")
        return entry.placed(seq, prev_case)
    placed: Entry = msgspec.structs.replace(entry, seq=seq, prev_case=prev_case)
    if isinstance(placed, DecisionEntry):
        refuse_others(placed.facts, "facts")
        return encoded(placed)
    data = encoded(placed)
    try:
        _PROOFS[type(placed)](data)
    except msgspec.ValidationError as fault:
        raise NotCanonicalError(str(fault)) from None
    return data
