"""Run expectations against compiled policies and say exactly what differs, and what no expectation touches.

The history of an expectation is taken as given; the request is put to the same `decide()` that serves real cases. `codes` is the
exact set of refusal codes; `rules`, where written, that of the catalogue rules behind them; `obligations`, where written, is the
exact set of their kinds (`deadline:issue` for a time limit); `flags`, where written, the exact set of grades and rules
(`red AL-42`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import NamedTuple

from sidecar.case_history.draw import DrawBrought, pool_digest
from sidecar.case_history.history import (
    CO_SIGNED,
    FAILED,
    PERFORMED,
    VOTED,
    ActRecorded,
    CaseEvent,
    CaseHistory,
    OutcomeReported,
    extend,
    fold,
)
from sidecar.case_history.ledger import Ledger, amend
from sidecar.case_history.resolution import MemberVote, Resolution
from sidecar.controls.context import AccessRequest
from sidecar.controls.ledgers import undone
from sidecar.decision.counted import changes_for, ledgers_for
from sidecar.decision.decide import decide
from sidecar.decision.decision import Decision
from sidecar.decision.policy import PolicySnapshot
from sidecar.expectations.language import (
    ActGiven,
    DelegationGiven,
    Expectation,
    LeaverGiven,
    ResolutionGiven,
    SuspensionGiven,
)
from sidecar.expectations.reading import names_of, posts_named, read_expectations
from sidecar.personnel.registers import (
    Appointment,
    Audit,
    CredentialHeld,
    Delegation,
    Interest,
    Leaver,
    Personnel,
    Span,
    Suspension,
    Term,
)
from sidecar.personnel.rules import LEADING
from sidecar.power_list.control_kinds import WHEN
from sidecar.power_list.findings import Finding, Place, in_reading_order

CASE = "given"  # the case an expectation speaks of
DEFAULT_DAY = date(2026, 1, 5)
ZONE = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One expectation that was run. `differences` is empty when it holds."""

    name: str
    item: str
    place: Place
    decision: Decision
    differences: tuple[tuple[str, str, str], ...]  # what, expected, found

    @property
    def holds(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Report:
    """All outcomes, mistakes in the files, what is left untouched, how many expectations are written, and unreadable files."""

    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...] = ()
    untouched_items: tuple[str, ...] = ()
    untouched_rules: tuple[str, ...] = ()
    written: int = 0
    lost: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.findings and all(outcome.holds for outcome in self.outcomes)

    @property
    def unread(self) -> int:
        """How many expectations were not run, because they hold mistakes."""
        return self.written - len(self.outcomes)


def run_expectations(files: Mapping[str, bytes], policy: PolicySnapshot) -> Report:
    """Run every file of expectations among `files` (path → bytes)."""
    reading = read_expectations(files, names_of(policy.items, policy.posts))
    outcomes = [_run(expectation, place, policy) for expectation, place in reading.expectations]
    nothing = [] if reading.written or reading.findings else [Finding("NO_EXPECTATIONS", Place(".", 1, 1))]
    touched = {outcome.item for outcome in outcomes}
    return Report(
        tuple(in_reading_order([*reading.findings, *nothing])),
        tuple(outcomes),
        tuple(sorted(policy.items.keys() - touched)),
        tuple(sorted(policy.rules() - _stopping_rules(outcomes))),
        reading.written,
        tuple(reading.lost),
    )


class Asked(NamedTuple):
    """What an expectation has `decide()` decide on."""

    personnel: Personnel
    history: CaseHistory
    request: AccessRequest
    now: datetime
    ledgers: Mapping[str, Ledger]


def asked_of(expectation: Expectation, policy: PolicySnapshot) -> Asked:
    """The request of an expectation, with the case and the registers it gives."""
    personnel, history = _personnel(expectation, policy), _history(expectation, policy)
    request, now = _request(expectation, policy), _now(expectation)
    return Asked(personnel, history, request, now, _counted(expectation, policy, personnel, history, request, now))


def _run(expectation: Expectation, place: Place, policy: PolicySnapshot) -> Outcome:
    decision = decide(policy, *asked_of(expectation, policy))
    return Outcome(expectation.name, expectation.item, place, decision, tuple(_differences(expectation, decision)))


def _counted(
    expectation: Expectation,
    policy: PolicySnapshot,
    personnel: Personnel,
    history: CaseHistory,
    request: AccessRequest,
    now: datetime,
) -> Mapping[str, Ledger]:
    """The ledgers the request is decided on, as what was given before has left them."""
    named = ledgers_for(policy, personnel, history, request, now)
    counted = _ledgers(expectation, policy, personnel) if named else {}
    return {name: counted.get(name, Ledger(name)) for name in named}


def _differences(expectation: Expectation, decision: Decision) -> Iterator[tuple[str, str, str]]:
    wanted = expectation.expect
    found = "allow" if decision.allowed else "deny"
    if found != wanted.decision:
        yield "decision", wanted.decision, found
    codes = {ground.code for ground in decision.grounds}
    if codes != set(wanted.codes):
        yield "codes", _listed(wanted.codes), _listed(codes)
    rules = {ground.rule for ground in decision.grounds}
    if wanted.rules is not None and rules != set(wanted.rules):
        yield "rules", _listed(wanted.rules), _listed(rules)
    plain = {due.kind for due in decision.obligations if due.arg == "-" or due.arg.startswith(WHEN)}
    duties = plain | {f"{due.kind}:{due.arg.split(':')[0]}" for due in decision.obligations if due.kind not in plain}
    if wanted.obligations is not None and duties != set(wanted.obligations):
        yield "obligations", _listed(wanted.obligations), _listed(duties)
    flags = {f"{flag.grade} {flag.rule}" for flag in decision.flags}
    if wanted.flags is not None and flags != set(wanted.flags):
        yield "flags", _listed(wanted.flags), _listed(flags)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "-"


def _post(name: str, expectation: Expectation, policy: PolicySnapshot) -> str:
    """A post as compiled rows name it; what names no post of the organ stays what it is."""
    organ = policy.items[expectation.item].organ
    return next(iter(posts_named(policy.posts, name, organ)), name)


def _personnel(expectation: Expectation, policy: PolicySnapshot) -> Personnel:
    always = Span()
    given = expectation.officers.items()
    return Personnel(
        [
            Appointment(label, _post(name, expectation, policy), Span(officer.since))
            for label, officer in given
            for name in officer.posts
        ],
        [CredentialHeld(label, name, always) for label, officer in given for name in officer.credentials],
        [Interest(label, i.party, i.relation, Span(i.start, i.end)) for label, officer in given for i in officer.interests],
        [_delegation(lent, expectation, policy) for lent in expectation.delegations],
        [_suspension(given, expectation, policy) for given in expectation.suspensions],
        [
            Audit(label, _post(name, expectation, policy), officer.audited, "专项审计报告")
            for label, officer in given
            for name in officer.posts
            if officer.audited
        ],
        [_leaver(given, expectation, policy) for given in expectation.leavers],
    )


def _leaver(given: LeaverGiven, expectation: Expectation, policy: PolicySnapshot) -> Leaver:
    facts = policy.posts.get(_post(given.post, expectation, policy))
    organ, leading = (facts.organ, facts.rank in LEADING) if facts else ("", False)
    return Leaver("离职人员", organ, leading, given.left, given.party)


def _delegation(lent: DelegationGiven, expectation: Expectation, policy: PolicySnapshot) -> Delegation:
    posts = tuple(_post(name, expectation, policy) for name in lent.posts)
    term = _term(lent.start, lent.end)
    return Delegation(
        lent.delegator, lent.delegate, lent.kind, posts, lent.items, lent.steps, term, lent.document, lent.published
    )


def _suspension(given: SuspensionGiven, expectation: Expectation, policy: PolicySnapshot) -> Suspension:
    """The case of an expectation has no name of its own: whatever is written means it."""
    named = {"post": _post(given.target, expectation, policy), "case": CASE}
    target = named.get(given.what, given.target)
    return Suspension(given.what, target, _term(given.start, given.end), "决定人", "批准人", "暂停决定")


def _term(start: date | None, end: date | None) -> Term:
    """Days with both ends, as the moments they begin and end."""
    begins = datetime.combine(start, time()) if start else None
    return Term(begins, datetime.combine(end, time()) + timedelta(days=1) if end else None)


def _history(expectation: Expectation, policy: PolicySnapshot) -> CaseHistory:
    return fold(CASE, [event for _, events in _given(expectation.history, expectation, policy) for event in events])


def _given(
    acts: Sequence[ActGiven], expectation: Expectation, policy: PolicySnapshot
) -> Iterator[tuple[ActGiven, tuple[CaseEvent, ...]]]:
    """Each act with its events: that it was done, and what was reported of it."""
    item = policy.items[expectation.item]
    for n, act in enumerate(acts):
        time = _moment(expectation, act.time or "09:00").isoformat(timespec="milliseconds")
        recorded = ActRecorded(
            decision_id=_decision_id(n, act.case or CASE),
            kind=VOTED if act.vote else CO_SIGNED if act.co_sign else PERFORMED,
            step=act.step,
            person=act.officer,
            post=_post(act.post, expectation, policy) if act.post else "",
            time=time,
            item=expectation.item,
            region=expectation.region or item.region,
            party=expectation.party or "",
            outcome=act.outcome,
            facts=dict(act.facts),
            on_behalf=act.on_behalf_of or "",
            about=act.about or "",
            vote=act.vote or "",
            evidence=tuple(sorted(act.evidence)),
            content=pool_digest(act.pool) if act.pool else act.content or "",
            draw=DrawBrought(act.draw.pool, act.draw.drawn).recorded if act.draw else None,
            resolution=_resolution(act.resolution),
            corrects=_corrected(act.corrects, acts[:n]),
        )
        reported = (OutcomeReported(recorded.decision_id, act.reported, time),) if act.reported else ()
        yield act, (recorded, *reported)


def _ledgers(expectation: Expectation, policy: PolicySnapshot, personnel: Personnel) -> Mapping[str, Ledger]:
    """What was counted before: of other cases first, then of this one, as the service would have counted it."""
    ledgers: dict[str, Ledger] = {}
    for acts in (expectation.elsewhere, expectation.history):
        histories: dict[str, CaseHistory] = {}
        for act, events in _given(acts, expectation, policy):
            case = act.case or CASE
            history = histories.get(case, CaseHistory(case))
            _count(act, events[0], history, ledgers, policy, personnel)
            for event in events:
                history = extend(history, event)
            histories[case] = history
    return ledgers


def _count(
    act: ActGiven,
    event: CaseEvent,
    history: CaseHistory,
    ledgers: dict[str, Ledger],
    policy: PolicySnapshot,
    personnel: Personnel,
) -> None:
    if not isinstance(event, ActRecorded) or event.kind != PERFORMED:
        return
    request = AccessRequest(
        act.officer, act.step, event.item, history.case_id, outcome=act.outcome, facts=event.facts, corrects=event.corrects
    )
    now = datetime.fromisoformat(event.time)
    named = ledgers_for(policy, personnel, history, request, now)
    for name in named:
        ledgers.setdefault(name, Ledger(name))
    changes = changes_for(policy, personnel, history, request, now, {name: ledgers[name] for name in named}, event.decision_id)
    for change in changes:
        ledgers[change.ledger_id] = amend(ledgers[change.ledger_id], change)
        if act.reported == FAILED:
            ledgers[change.ledger_id] = amend(
                ledgers[change.ledger_id], undone(ledgers[change.ledger_id], history.case_id, event, event.time)
            )


def _decision_id(n: int, case: str) -> str:
    return f"{case}-{n}"


def _corrected(step: str | None, before: Sequence[ActGiven]) -> str:
    """The decision of the last act of a step; a step without one is taken for the number of a decision that does not exist."""
    given = [n for n, act in enumerate(before) if act.step == step]
    return _decision_id(given[-1], CASE) if given else step or ""


def _resolution(given: ResolutionGiven | None) -> Resolution | None:
    if given is None:
        return None
    members = [MemberVote(m.officer, m.vote or "", m.present, "given" if m.reason else "") for m in given.members]
    return Resolution("given", given.case or CASE, given.content, given.chair, tuple(members), given.amount)


def _request(expectation: Expectation, policy: PolicySnapshot) -> AccessRequest:
    asked = expectation.request
    return AccessRequest(
        person=asked.officer,
        step=asked.step,
        item=asked.item or expectation.item,
        case_id=CASE,
        region=asked.region or expectation.region or "",
        party=asked.party or expectation.party or "",
        acting_post=_post(asked.post, expectation, policy) if asked.post else "",
        level=asked.level or "",
        outcome=asked.outcome or "",
        intent=asked.intent,
        facts=dict(asked.facts),
        evidence=frozenset(asked.evidence),
        on_behalf=asked.on_behalf_of or "",
        about=asked.about or "",
        vote=asked.vote or "",
        content=asked.content or "",
        draw=DrawBrought(asked.draw.pool, asked.draw.drawn) if asked.draw else None,
        resolution=_resolution(asked.resolution),
        corrects=_corrected(asked.corrects, expectation.history),
    )


def _now(expectation: Expectation) -> datetime:
    return _moment(expectation, expectation.time or "10:00")


def _moment(expectation: Expectation, text: str) -> datetime:
    """A time of the expectation's own day, or of the day it names."""
    whole = text if " " in text else f"{expectation.day or DEFAULT_DAY} {text}"
    return datetime.fromisoformat(whole).replace(tzinfo=ZONE)


def _stopping_rules(outcomes: Iterable[Outcome]) -> set[str]:
    return {judged.rule for outcome in outcomes for judged in outcome.decision.judged if judged.stopped}
