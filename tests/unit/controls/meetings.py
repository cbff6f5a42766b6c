"""A body of five and its step, for tests of deliberation: valid by default, one thing changed per test."""

from datetime import date
from typing import Any

from sidecar.case_history.history import CO_SIGNED, PERFORMED, VOTED, ActRecorded, CaseHistory, OutcomeReported, extend
from sidecar.controls.context import CO_SIGN, VOTE, AccessRequest
from sidecar.decision.decide import decide
from sidecar.decision.decision import Decision
from sidecar.personnel.registers import Personnel
from tests.samples import ORGAN, PENALTY, TODAY, changed, moment, personnel, snapshot

DRAFT, OTHER_DRAFT = "sha256:" + "a" * 64, "sha256:" + "b" * 64
MEMBERS = ("m1", "m2", "m3", "m4")
CHAIR, CLERK = "boss", "minutes"
DUE = (*MEMBERS, CHAIR)

_POSTS = """  - {id: minutes, name: 记录岗, unit: law, rank: group}
  - {id: member, name: 成员岗, unit: law, rank: group}
  - {id: boss, name: 局长岗, unit: front, rank: principal}
"""
_STEPS = """    steps:
      - {id: file, name: 立案, verb: file, type: decide, posts: [front.head]}
      - {id: notify, name: 告知, verb: notify, type: execute, posts: [front.clerk], after: [file]}
      - {id: deliberate, name: 讨论, verb: deliberate, type: decide, posts: [minutes], after: [file]}
      - {id: decide, name: 决定, verb: decide, type: decide, posts: [deputy], after: [deliberate]}
      - {id: archive, name: 归档, verb: archive, type: execute, posts: [front.clerk], after: [decide]}
      - {id: correct, name: 纠正, verb: correct, type: decide, posts: [deputy], after: [decide], optional: true}
      - {id: revoke, name: 撤销, verb: revoke, type: decide, posts: [deputy], after: [decide], optional: true}
    controls:
      collective: {members: [law.member], chair: boss}
"""
COLLECTIVE = """collective:
  quorum: {share: half, rule: CD-QUO, basis: 议事规则}
  majority: {share: half, rule: CD-QUO, basis: 议事规则}
  chair_last: {rule: P1-LAST, basis: 末位表态}
  chair_reasons: {rule: MD-30, basis: 条例第三十条}
  record_dissent: {rule: MD-30, basis: 条例第三十条}
  covers: {steps: [decide], rule: CD-ITEM, basis: 决议只及于所议}
"""
HEAD_DECIDES = COLLECTIVE.replace("  covers:", "  head: {rule: MD-30, basis: 条例第三十条}\n  covers:")
ORGAN_WITH_GROUP = ORGAN + _POSTS
_LAST = "    scope: {function: 示范}\n    accountability_grounds: [越权]\n    accountable: [handler]\n"
POWERS_WITH_GROUP = changed(_LAST, _STEPS + _LAST)

_OTHERS = {CHAIR: "front.boss", CLERK: "law.minutes", "deputy": "front.deputy", "clerk": "front.clerk"}
PEOPLE = personnel({**dict.fromkeys(MEMBERS, "law.member"), **_OTHERS})


def meeting_policy(collective: str = COLLECTIVE, powers: str = POWERS_WITH_GROUP) -> Any:
    return snapshot(powers, organ=ORGAN_WITH_GROUP, penalty=PENALTY + collective)


POLICY = meeting_policy()
HEAD_POLICY = meeting_policy(HEAD_DECIDES)

_KINDS = {VOTE: VOTED, CO_SIGN: CO_SIGNED}


class Case:
    """A case that takes what it allows, as the service would."""

    def __init__(self, policy: Any = POLICY, people: Personnel = PEOPLE, day: date = TODAY) -> None:
        self.policy, self.people, self.day = policy, people, day
        self.history = CaseHistory("C-1")
        self._take(AccessRequest("head", "file", "fine", "C-1", facts={"serious": True, "complex": False}), "front.head")
        self._take(AccessRequest("clerk", "notify", "fine", "C-1"), "front.clerk")

    def ask(self, person: str, step: str, **changes: Any) -> Decision:
        """Decide, and record what was allowed."""
        request = AccessRequest(person=person, step=step, item="fine", case_id="C-1", **changes)
        decision = decide(self.policy, self.people, self.history, request, moment(self.day))
        if decision.allowed:
            self._take(request, decision.post)
        return decision

    def vote(self, person: str, vote: str = "for", evidence: frozenset[str] = frozenset(), content: str = DRAFT) -> Decision:
        return self.ask(person, "deliberate", intent=VOTE, vote=vote, evidence=evidence, content=content)

    def close(self, outcome: str = "grant", person: str = CLERK, content: str = DRAFT, **changes: Any) -> Decision:
        return self.ask(person, "deliberate", outcome=outcome, content=content, **changes)

    def report(self, decision_id: str, result: str) -> None:
        """What became of an act."""
        self.history = extend(self.history, OutcomeReported(decision_id, result, moment(self.day).isoformat()))

    def _take(self, request: AccessRequest, post: str) -> None:
        act = ActRecorded(
            decision_id=f"d{self.history.version}",
            kind=_KINDS.get(request.intent, PERFORMED),
            step=request.step,
            person=request.person,
            post=post,
            time=moment(self.day).isoformat(),
            item="fine",
            region="650200",
            outcome=request.outcome,
            facts=dict(request.facts),
            vote=request.vote,
            evidence=tuple(sorted(request.evidence)),
            content=request.content,
            resolution=request.resolution,
            corrects=request.corrects,
        )
        self.history = extend(self.history, act)
