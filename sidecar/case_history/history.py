"""A case as a fold of its events.

    ActRecorded      an officer performed a step, co-signed it or voted   (an allowed exercise)
    OutcomeReported  the enforcement point says what became of the act    (one that failed no longer counts)

Item, region and party are fixed by the first act that names them, for good: not even a failed act frees them. Co-signatures and
votes are spent by the next performance of their step; when that performance fails they are open again. Facts a caller asserted
are remembered; the newest assertion holds. Nothing is ever taken out of a case: a failed act is kept beside those that count, and
an act that corrects or revokes another one names it.

A case's state is its version and a running digest of its events: SHA-256(earlier digest ‖ bytes of the event). Two histories with
equal digests are equal, so whoever remembers a version and its digest notices a history that was set back or rewritten. It is
taken over the bytes as they were stored, never over events encoded anew: a later version of this program may encode otherwise.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime

import msgspec

from sidecar.case_history.draw import Draw
from sidecar.case_history.resolution import Resolution
from sidecar.expressions.facts import Asserted

GRANT, REFUSE = "grant", "refuse"  # what an act may have decided; empty where a step decides nothing
PERFORMED, CO_SIGNED, VOTED = "performed", "co_signed", "voted"  # kinds of acts
FOR, AGAINST, ABSTAIN = "for", "against", "abstain"  # what a member may vote
DONE, FAILED = "performed", "failed"  # what is reported of an act
MAX_EVENTS = 2_000  # one case; bounds the work of a fold and of one decision


class ActRecorded(msgspec.Struct, frozen=True, tag="act"):
    """One allowed exercise. `time` is ISO 8601 with offset; `kind` is performed, co_signed or voted.

    `on_behalf` is the person whose power a delegate used (作为代理人); `about` the officer a step speaks of, whose recusal is
    asked for, say; `vote` what a member of a deliberating group voted; `evidence` names what the act was done on. `content` is
    the digest of the draft that is put to the vote or decided, `resolution` the record of a meeting, `draw` who was drawn
    by lot, `corrects` the decision
    that is corrected or revoked, `ledgers` the names of those it changed.
    """

    decision_id: str
    kind: str
    step: str
    person: str
    post: str
    time: str
    item: str
    region: str
    party: str = ""
    outcome: str = ""
    facts: dict[str, Asserted] = {}
    on_behalf: str = ""
    about: str = ""
    vote: str = ""
    evidence: tuple[str, ...] = ()
    content: str = ""
    resolution: Resolution | None = None
    draw: Draw | None = None
    corrects: str = ""
    ledgers: tuple[str, ...] = ()

    @property
    def day(self) -> date:
        """The calendar day of the act, where it was recorded."""
        return datetime.fromisoformat(self.time).date()

    @property
    def persons(self) -> tuple[str, ...]:
        """Who stands behind the act: a delegate and the one they act for have both taken part."""
        return (self.person, self.on_behalf) if self.on_behalf else (self.person,)


class OutcomeReported(msgspec.Struct, frozen=True, tag="outcome"):
    """What became of an act: `result` is performed or failed."""

    decision_id: str
    result: str
    time: str


CaseEvent = ActRecorded | OutcomeReported


encode_event = msgspec.json.Encoder().encode
decode_event = msgspec.json.Decoder(CaseEvent).decode


class CaseHistory(msgspec.Struct, frozen=True):
    """A case at one version: `version` is the number of its events, `digest` the running digest of them, empty at first. `acts`
    are those that count, `failed` those that were allowed and reported to have failed, `confirmed` the decisions of acts that
    were reported to have been performed."""

    case_id: str
    version: int = 0
    item: str = ""
    region: str = ""
    party: str = ""
    acts: tuple[ActRecorded, ...] = ()
    facts: Mapping[str, Asserted] = {}
    digest: str = ""
    failed: tuple[ActRecorded, ...] = ()
    confirmed: frozenset[str] = frozenset()

    def performances(self, step: str) -> tuple[ActRecorded, ...]:
        return tuple([act for act in self.acts if act.step == step and act.kind == PERFORMED])

    def is_done(self, step: str) -> bool:
        return any(act.step == step and act.kind == PERFORMED for act in self.acts)

    def open_signatures(self, step: str) -> frozenset[str]:
        """Who has co-signed the step since it was last performed."""
        return frozenset([act.person for act in self.since_performed(step) if act.kind == CO_SIGNED])

    def signatures(self, step: str) -> tuple[ActRecorded, ...]:
        """Co-signatures of the step since it was last performed."""
        return tuple([act for act in self.since_performed(step) if act.kind == CO_SIGNED])

    def named_in(self, step: str) -> frozenset[str]:
        """The officers of whom the performances of a step speak."""
        return frozenset([act.about for act in self.performances(step) if act.about])

    def since_performed(self, step: str) -> tuple[ActRecorded, ...]:
        """Co-signatures and votes on the step since it was last performed, in their order."""
        open_acts: list[ActRecorded] = []
        for act in self.acts:
            if act.step == step:
                open_acts = [] if act.kind == PERFORMED else [*open_acts, act]
        return tuple(open_acts)

    def has_failed(self, step: str) -> bool:
        """Whether the step was allowed and reported to have failed, and not been performed since."""
        return not self.is_done(step) and any(act.step == step and act.kind == PERFORMED for act in self.failed)

    def facts_at(self, decision_id: str) -> Mapping[str, Asserted]:
        """The facts as they were known when a decision was made, itself included."""
        known: dict[str, Asserted] = {}
        for act in self.acts:
            known |= act.facts
            if act.decision_id == decision_id:
                break
        return known


def extend(history: CaseHistory, event: CaseEvent, stored: bytes = b"", digest: str = "") -> CaseHistory:
    """The history after one more event; `stored` are its bytes and `digest` is the running digest with it, where they are known
    already."""
    version, digest = history.version + 1, digest or digest_after(history.digest, stored or encode_event(event))
    if isinstance(event, OutcomeReported):
        return _reported(msgspec.structs.replace(history, version=version, digest=digest), event)
    return CaseHistory(
        case_id=history.case_id,
        version=version,
        item=history.item or event.item,
        region=history.region or event.region,
        party=history.party or event.party,
        acts=(*history.acts, event),
        facts={**history.facts, **event.facts},
        digest=digest,
        failed=history.failed,
        confirmed=history.confirmed,
    )


def _reported(history: CaseHistory, event: OutcomeReported) -> CaseHistory:
    if event.result != FAILED:
        return msgspec.structs.replace(history, confirmed=history.confirmed | {event.decision_id})
    kept = tuple(act for act in history.acts if act.decision_id != event.decision_id)
    gone = tuple(act for act in history.acts if act.decision_id == event.decision_id)
    return msgspec.structs.replace(history, acts=kept, facts=_facts(kept), failed=(*history.failed, *gone))


def fold(case_id: str, events: Iterable[CaseEvent]) -> CaseHistory:
    """The history of a case from its first event on."""
    history = CaseHistory(case_id)
    for event in events:
        history = extend(history, event)
    return history


def fold_stored(history: CaseHistory, events: Iterable[bytes]) -> CaseHistory:
    """The history after further events as they were stored. Raises msgspec.DecodeError for bytes that are no event."""
    for stored in events:
        history = extend(history, decode_event(stored), stored)
    return history


def digest_after(digest: str, stored: bytes) -> str:
    """The running digest after one more event, 64 hexadecimal digits."""
    return hashlib.sha256(digest.encode() + stored).hexdigest()


def _facts(acts: Iterable[ActRecorded]) -> dict[str, Asserted]:
    return {name: value for act in acts for name, value in act.facts.items()}
