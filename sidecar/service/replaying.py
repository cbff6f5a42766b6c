"""`quanheng log replay`: every recorded decision made again, and held against what was recorded, member by member.

By the policy of its day a decision must come out the same, bit for bit: the entry that would be written now is the one that was
written, but for how long it took and which version of the program wrote it; the event of the case, the changes of ledgers and the
answer a retry would get are held against what lies beside the entries. By another policy it is told what would change.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from sidecar.case_history.history import digest_after, encode_event
from sidecar.case_history.ledger import LedgerChange
from sidecar.controls.context import QUESTION
from sidecar.decision.acts import act_of, kept_facts
from sidecar.decision.callers import limits_told
from sidecar.decision.counted import changes_for
from sidecar.decision.policy import PolicySnapshot
from sidecar.decision_log.entry import DecisionEntry
from sidecar.decision_log.hashing import is_leaf
from sidecar.ports.past import Past
from sidecar.ports.records import Filter, Stored, portions
from sidecar.replay.changes import Change, Tally, change_of
from sidecar.replay.recorded import Cause, Difference, differences, is_plain, read_entry
from sidecar.service.answering import (
    OTHER_FACTS,
    CallerFacts,
    Made,
    answer_of_decision,
    asked_otherwise,
    digest_of_facts,
    of_decision,
    of_request,
)
from sidecar.service.asked import Asked
from sidecar.service.plain_again import plain_again
from sidecar.service.remaking import NotMadeAgainError, Remade, Remaker

DECISION = "decision"

# Members of an entry that no decision makes: what the request brought as digests, the place in the log, time and program.
_GIVEN = ("engine_version", "evidence_digests", "facts_digest", "latency_us", "masked", "prev_case", "seq")
_encode = msgspec.json.Encoder().encode


class Replayed(NamedTuple):
    """One decision of the log. Without `cause` it was made again; `differences` are from what was recorded, `change` what another
    policy changes. `told` and `hint` say of a cause what is missing and what can be done."""

    seq: int
    entry: DecisionEntry | None
    differences: tuple[Difference, ...] = ()
    change: Change | None = None
    cause: Cause | None = None
    told: str = ""
    hint: str = ""

    @property
    def is_same(self) -> bool:
        return not self.differences and self.change is None and self.cause is None


class LogReplay:
    """The decisions of a log, each made again as it is reached; `tally` grows with them."""

    def __init__(self, past: Past, remaker: Remaker, other: PolicySnapshot | None = None) -> None:
        self._past, self._remaker, self._other = past, remaker, other
        self.tally = Tally()

    def run(self, wanted: Filter) -> Iterator[Replayed]:
        """Every decision that is wanted, in the order of the log; entries of other kinds are counted."""
        for stored in chain.from_iterable(portions(self._past, wanted)):
            self.tally.entries += 1
            replayed = self._replayed(stored)
            if replayed is not None:
                self._count(replayed)
                yield replayed
        released = self._past.released(wanted)
        if released:
            self.tally.causes[Cause.RELEASED] += released

    def one(self, stored: Stored) -> Replayed | None:
        """One entry by itself; None where it is no decision."""
        return self._replayed(stored)

    def _replayed(self, stored: Stored) -> Replayed | None:
        """None for an entry that is no decision."""
        recorded = _fields(stored.body)
        if not is_leaf(stored.leaf, stored.body) or recorded.get("seq") != stored.seq:
            return Replayed(stored.seq, None, cause=Cause.ALTERED, told=f"entry {stored.seq} is not the one that was recorded")
        if recorded["kind"] != DECISION:
            self.tally.others[recorded["kind"]] += 1
            return None
        try:
            entry = read_entry(stored.body)
        except msgspec.MsgspecError as fault:
            return Replayed(stored.seq, None, cause=Cause.UNKNOWN_FORM, told=f"entry {stored.seq}: {fault}")
        self.tally.engines[entry.engine_version] += 1
        try:
            return self._decided_again(entry, recorded)
        except NotMadeAgainError as fault:
            return Replayed(stored.seq, entry, cause=fault.cause, told=fault.message, hint=fault.hint)

    def _decided_again(self, entry: DecisionEntry, recorded: Mapping[str, Any]) -> Replayed:
        if is_plain(entry):
            return Replayed(entry.seq, entry, tuple(self._plain_differences(entry, recorded)))
        if self._other is not None:
            return Replayed(entry.seq, entry, change=change_of(entry, self._by_another(entry, self._other).decision))
        return Replayed(entry.seq, entry, tuple(self._differences(self._remaker.remade(entry), recorded)))

    def _by_another(self, entry: DecisionEntry, other: PolicySnapshot) -> Remade:
        remade = self._remaker.remade(entry, other)
        read = self._read_anew(remade)
        if read:
            raise NotMadeAgainError(Cause.FACTS_NOT_RECORDED, "RECORDED_AS_DIGEST", read=", ".join(read))
        return remade

    def _read_anew(self, remade: Remade) -> list[str]:
        """Facts that the other policy reads of this item and the one of the day did not, where the request brought facts that are
        not recorded; of a fact of another type only the kind is known."""
        entry, item = remade.entry, remade.policy.item(remade.entry.item)
        declared = item.facts if item else {}
        unreadable = [told.partition(":")[0] for told in entry.asked.get("unreadable", "").split()]
        uncertain = [
            name for name in unreadable if name in declared and declared[name].read(remade.request.facts[name]) is not None
        ]
        if not declared or not _has_other_facts(entry, remade):
            return uncertain
        try:
            then = self._remaker.policy(entry.policy_digest).item(entry.item)
        except NotMadeAgainError:
            then = None
        known = then.facts if then else {}
        return uncertain + sorted(declared.keys() - known.keys() - entry.facts.keys())

    # -- what is held against what ---------------------------------------------------------------------------------------

    def _plain_differences(self, entry: DecisionEntry, recorded: Mapping[str, Any]) -> Iterator[Difference]:
        """Of a decision by a plain Casbin policy. Raises NotMadeAgainError."""
        if self._other is not None:
            raise NotMadeAgainError(Cause.PLAIN_POLICY, "NOT_COMPARABLE")
        again = plain_again(entry, self._remaker.plain(entry.policy_digest))
        yield from differences(recorded, {**recorded, **again})
        kept = self._past.kept_answer(entry.caller, entry.request_id, entry.seq) if entry.request_id else None
        if kept is not None:
            context = {name: again[name] for name in ("code", "reason", "rows")}
            context |= {"decision_id": entry.decision_id, "policy": entry.policy_digest}
            yield from differences(_fields(kept), {"decision": again["decision"] == "allow", "context": context}, "answer")

    def _differences(self, remade: Remade, recorded: Mapping[str, Any]) -> Iterator[Difference]:
        entry, policy = remade.entry, remade.policy
        made, changes = _made(remade)
        asked = Asked(remade.request, entry.subject["type"], entry.channel, {})
        caller = CallerFacts(entry.caller, entry.client_ip, entry.request_id)
        again = of_decision(made.decision, made.item, policy, entry.time, entry.personnel_digest)
        again |= of_request(made, asked, caller, entry.latency_us, policy)
        again |= {name: recorded[name] for name in _GIVEN if name in recorded}
        if OTHER_FACTS in entry.asked:  # how many, which nothing that is recorded makes again
            again["asked"] = asked_otherwise(made) | {OTHER_FACTS: entry.asked[OTHER_FACTS]}
        yield from differences(recorded, msgspec.json.decode(_encode(again)))
        yield from self._ledger_differences(changes)
        if entry.request_id:
            yield from self._answer_differences(entry, made, policy)

    def _ledger_differences(self, changes: tuple[LedgerChange, ...]) -> Iterator[Difference]:
        """What the act put into ledgers, which lies beside the entries."""
        for change in changes:
            at = change.expected_version
            found = self._past.changes_after(change.ledger_id, at, at + 1)
            if found and not change.is_empty:
                pair = msgspec.json.decode(found[0][1]), msgspec.json.decode(_encode(change))
                yield from differences(*pair, f"ledger({change.ledger_id})")

    def _answer_differences(self, entry: DecisionEntry, made: Made, policy: PolicySnapshot) -> Iterator[Difference]:
        """What a retry of the request would be answered, which lies beside the entries; its state token proves itself."""
        kept = self._past.kept_answer(entry.caller, entry.request_id, entry.seq)
        if kept is None:
            return
        context = answer_of_decision(made.decision, made.item, policy, made.time)
        context |= {"case": {"id": made.request.case_id, "version": made.version}, "decision_id": made.decision_id}
        if until := made.limits.observed(allowed=made.decision.allowed):
            context["observed"] = {"until": until}
        again = msgspec.json.decode(_encode({"decision": made.decision.allowed, "context": context}))
        recorded = _fields(kept)
        if isinstance(recorded.get("context"), dict):
            recorded["context"].pop("state_token", None)
        yield from differences(recorded, again, "answer")

    def _count(self, replayed: Replayed) -> None:
        tally = self.tally
        if replayed.cause is not None:
            tally.causes[replayed.cause] += 1
        elif replayed.is_same:
            tally.same += 1
        else:
            tally.different += 1
        for where in {difference.where.split("[")[0] for difference in replayed.differences}:
            tally.differing[where] += 1
        if replayed.change is not None and replayed.entry is not None:
            tally.count_change(replayed.entry, replayed.change)


def _has_other_facts(entry: DecisionEntry, remade: Remade) -> bool:
    """Whether the request asserted facts that are not recorded. Before commitments a digest told it."""
    if entry.facts_digest.startswith("sha256:"):
        return entry.facts_digest != digest_of_facts(remade.request.facts)
    return OTHER_FACTS in entry.asked


def _made(remade: Remade) -> tuple[Made, tuple[LedgerChange, ...]]:
    """What is told and what is counted of a decision that was made again."""
    entry, policy, decision, history = remade.entry, remade.policy, remade.decision, remade.history
    item, enters = policy.item(decision.item), decision.allowed and remade.request.intent != QUESTION
    digest, facts = history.digest, kept_facts(remade.request, item)
    changes: tuple[LedgerChange, ...] = ()
    if enters:
        on = (policy, remade.personnel, history, remade.request, remade.now, remade.ledgers)
        changes = changes_for(*on, entry.decision_id)
        event = act_of(decision, remade.request, item, entry.decision_id, entry.time, changes)
        digest = digest_after(digest, encode_event(event))
    ledgers = tuple(remade.ledgers.values())
    return (
        Made(
            decision, remade.request, item, entry.decision_id, entry.time, entry.time_source, history,
            history.version + enters, digest, facts, ledgers, limits_told(entry.asked),
        ),
        changes,
    )  # fmt: skip


def _fields(data: bytes) -> dict[str, Any]:
    """A JSON object; an empty one where it is none."""
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
