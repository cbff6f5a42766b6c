"""Purchases and urgent acts in many cases, with the ledgers that count them, for tests: as the service decides and commits."""

from datetime import datetime, timedelta
from typing import Any

from sidecar.case_history.history import PERFORMED, ActRecorded, CaseHistory, OutcomeReported, extend
from sidecar.case_history.ledger import Ledger, amend
from sidecar.compiler.compile import check
from sidecar.controls.context import AccessRequest
from sidecar.controls.ledgers import undone
from sidecar.decision.counted import changes_for, ledgers_for
from sidecar.decision.decide import decide
from sidecar.decision.decision import Decision
from sidecar.decision.policy import PolicySnapshot
from tests.samples import MODEL, ORGAN, PENALTY, POWERS, PROFILES, compiled, moment, personnel

ITEM = """  - id: buy
    name: 示范采购
    power_class: internal
    legal_basis:
      - {instrument: law, title: 政府采购法, article: 26}
    body: {name: 示范局}
    level: "3"
    region: "650200"
    units: [{unit: front, lead: true}]
    control_profile: buying
    facts:
      - {name: sum, type: money, unit: yuan, label: 金额, source: 预算}
      - {name: group, type: integer, label: 预算项目, source: 预算}
    scope:
      function: 采购
      anti_split: {step: decide, group_by: [group], amount: sum, threshold: 100 yuan, basis: 条例第二十八条}
    steps:
      - {id: accept, name: 提出, verb: accept, type: execute, posts: [front.clerk]}
      - {id: approve, name: 批准, verb: decide, type: decide, posts: [deputy], after: [accept]}
      - {id: act, name: 实施, verb: execute, type: execute, posts: [checker]}
      - {id: decide, name: 决定, verb: decide, type: decide, posts: [head, deputy, boss]}
      - {id: revoke, name: 撤销, verb: revoke, type: decide, posts: [boss], after: [decide], optional: true}
    controls:
      tiers:
        step: decide
        amount: sum
        basis: 权限表
        tiers: [{up_to: 20 yuan, posts: [head]}, {up_to: 50 yuan, posts: [deputy]}, {posts: [boss]}]
    accountable: [handler]
    accountability_grounds: [拆分采购]
"""
BUYING = """profile: buying
name: 采购
applies_to: [internal]
requires_steps: [accept, decide]
steps:
  - {id: accept, name: 提出, verb: accept, type: execute, tier: handler, rule: IC-12, basis: 内控规范}
  - {id: approve, name: 批准, verb: decide, type: decide, tier: leader, after: [accept], before: [act], required_when: not urgent,
     rule: AC-18, basis: 行政强制法第十八条}
  - {id: act, name: 实施, verb: execute, type: execute, tier: handler, rule: AC-18, basis: 行政强制法第十八条}
  - {id: decide, name: 决定, verb: decide, type: decide, tier: leader, after: [], rule: IC-12, basis: 内控规范}
emergency: {step: act, approval: approve, when: urgent, term: 24 hour, rule: AC-19, basis: 行政强制法第十九条}
facts:
  - {name: urgent, type: boolean, label: 紧急, source: 现场, rule: AC-19, basis: 行政强制法第十九条}
"""
BUY_ORGAN = ORGAN + "  - {id: boss, name: 局长岗, unit: front, rank: principal}\n"
BUY_POWERS = POWERS + ITEM


def files(item: str = ITEM, profile: str = BUYING) -> dict[str, bytes]:
    texts = {
        "office/organ.yaml": BUY_ORGAN,
        "office/powers.yaml": POWERS + item,
        "profiles/licensing.yaml": PROFILES,
        "profiles/penalty.yaml": PENALTY,
        "profiles/buying.yaml": profile,
    }
    return {path: text.encode() for path, text in texts.items()}


def buying_policy(item: str = ITEM, profile: str = BUYING) -> PolicySnapshot:
    built = compiled(files(item, profile))
    return PolicySnapshot.of_build(model=MODEL, policy=built.policy, manifest=built.files["compiled/manifest.json"])


def found(item: str = ITEM, profile: str = BUYING) -> set[str]:
    return {finding.code for finding in check(files(item, profile)).findings}


POLICY = buying_policy()
PEOPLE = personnel(
    {"clerk": "front.clerk", "head": "front.head", "deputy": "front.deputy", "boss": "front.boss", "checker": "front.checker"}
)


class Cases:
    """Many cases and their ledgers at a moment that moves on."""

    def __init__(self, policy: PolicySnapshot = POLICY) -> None:
        self.policy = policy
        self.cases: dict[str, CaseHistory] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.now = moment()

    def move(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def ask(self, case: str, person: str, step: str, **changes: Any) -> Decision:
        """Decide, and record what was allowed with what it counts for."""
        request = AccessRequest(person=person, step=step, item="buy", case_id=case, **changes)
        history = self.cases.get(case, CaseHistory(case))
        named = ledgers_for(self.policy, PEOPLE, history, request, self.now)
        ledgers = {name: self.ledgers.get(name, Ledger(name)) for name in named}
        decision = decide(self.policy, PEOPLE, history, request, self.now, ledgers)
        if decision.allowed:
            decision_id = f"{case}-{history.version}"
            counted = changes_for(self.policy, PEOPLE, history, request, self.now, ledgers, decision_id)
            self.ledgers |= {change.ledger_id: amend(ledgers[change.ledger_id], change) for change in counted}
            self.cases[case] = extend(history, self._act(request, decision, decision_id, [c.ledger_id for c in counted]))
        return decision

    def fail(self, case: str) -> ActRecorded | None:
        """The last act of a case failed after all."""
        history = self.cases.get(case)
        if history is None or not history.acts:
            return None
        act = history.acts[-1]
        time = self.now.isoformat(timespec="milliseconds")
        for name in act.ledgers:
            self.ledgers[name] = amend(self.ledgers[name], undone(self.ledgers[name], case, act, time))
        self.cases[case] = extend(history, OutcomeReported(act.decision_id, "failed", time))
        return act

    def _act(self, request: AccessRequest, decision: Decision, decision_id: str, ledgers: list[str]) -> ActRecorded:
        return ActRecorded(
            decision_id=decision_id,
            kind=PERFORMED,
            step=request.step,
            person=request.person,
            post=decision.post,
            time=_milliseconds(self.now),
            item="buy",
            region="650200",
            outcome=request.outcome,
            facts=dict(request.facts),
            evidence=tuple(sorted(request.evidence)),
            corrects=request.corrects,
            ledgers=tuple(ledgers),
        )


def _milliseconds(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds")
