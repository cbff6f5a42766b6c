"""A small organ whose one item shows who may act. Valid by default, one thing changed per test."""

from datetime import datetime
from typing import Any

from sidecar.case_history.history import CO_SIGNED, ActRecorded
from sidecar.compiler.compile import check
from sidecar.controls.context import AccessRequest
from sidecar.decision.decide import decide
from sidecar.decision.decision import Decision
from sidecar.decision.policy import PolicySnapshot
from sidecar.personnel.registers import Appointment, Personnel, Span
from sidecar.power_list.findings import Finding, Severity
from tests.samples import MODEL, compiled, history, moment

ORGAN = """organ: {id: house, name: 示范局, level: "3", region: "650200"}
units:
  - {id: desk, name: 经办科}
  - {id: top, name: 局领导}
posts:
  - {id: asker, name: 经办岗, unit: desk, rank: handler}
  - {id: checker, name: 审核岗, unit: desk, rank: handler}
  - {id: payer, name: 出纳岗, unit: desk, rank: handler}
  - {id: keeper, name: 会计岗, unit: desk, rank: handler}
  - {id: deputy, name: 副局长岗, unit: top, rank: leader}
  - {id: head, name: 局长岗, unit: top, rank: principal}
"""

PROFILE = """profile: internal
name: 内部权力
applies_to: [internal]
requires_steps: [propose, decide]
steps:
  - {id: propose, name: 提出, verb: file, type: execute, tier: handler, rule: IC-12, basis: 内控规范}
  - {id: decide, name: 批准, verb: decide, type: decide, tier: leader, after: [propose], rule: IC-12, basis: 内控规范}
"""

POWERS = """items:
  - id: payment
    name: 资金支付
    power_class: internal
    legal_basis: [{instrument: law, title: 预算法, article: 57}]
    body: {name: 示范局}
    level: "3"
    region: "650200"
    units: [{unit: desk, lead: true}, {unit: top}]
    steps:
      - {id: propose, name: 提出, verb: file, type: execute, posts: [asker]}
      - {id: review, name: 审核, verb: review, type: supervise, posts: [checker], after: [propose]}
      - {id: decide, name: 批准, verb: decide, type: decide, posts: [deputy, head], after: [propose]}
      - {id: pay, name: 付款, verb: execute, type: execute, posts: [payer, asker], after: [decide]}
      - {id: book, name: 记账, verb: archive, type: execute, posts: [keeper, asker], after: [pay]}
    controls: {recusal: [kin]}
    scope: {function: 支付}
    accountable: [handler]
    accountability_grounds: [违规支付]
    supervision: {hotline: "12345"}
"""

POSTS = ("desk.asker", "desk.checker", "desk.payer", "desk.keeper", "top.deputy", "top.head")


def controlled(controls: str, text: str = POWERS) -> str:
    """The powers with these controls."""
    assert "controls: {recusal: [kin]}" in text
    return text.replace("controls: {recusal: [kin]}", f"controls: {{{controls}}}")


def files(powers: str = POWERS, organ: str = ORGAN, profile: str = PROFILE, duties: str = "") -> dict[str, bytes]:
    texts = {"house/organ.yaml": organ, "house/powers.yaml": powers, "profiles/internal.yaml": profile}
    if duties:
        texts["house/incompatible.yaml"] = duties
    return {path: text.encode() for path, text in texts.items()}


def findings(**texts: str) -> list[Finding]:
    return check(files(**texts)).findings


def errors(**texts: str) -> list[tuple[str, str]]:
    """Code and place of every error."""
    return [(finding.code, str(finding.place)) for finding in findings(**texts) if finding.severity is Severity.ERROR]


def snapshot(**texts: str) -> PolicySnapshot:
    built = compiled(files(**texts))
    return PolicySnapshot.of_build(model=MODEL, policy=built.policy, manifest=built.files["compiled/manifest.json"])


def holders(**posts: str) -> Personnel:
    """Everybody holds posts for ever: `a="desk.asker desk.payer"`."""
    return Personnel([Appointment(person, post, Span()) for person, held in posts.items() for post in held.split()])


EVERYBODY = holders(a=" ".join(POSTS), b=" ".join(POSTS), c=" ".join(POSTS), d=" ".join(POSTS))


def act(person: str, step: str, **changes: Any) -> ActRecorded:
    fields: dict[str, Any] = {
        "decision_id": f"{step}-{person}",
        "kind": "performed",
        "step": step,
        "person": person,
        "post": "",
        "time": "2026-01-05T09:00:00.000+08:00",
        "item": "payment",
        "region": "650200",
    }
    return ActRecorded(**(fields | changes))


def signed(person: str, step: str, **changes: Any) -> ActRecorded:
    return act(person, step, kind=CO_SIGNED, **changes)


def ask(policy: PolicySnapshot, person: str, step: str, *acts: ActRecorded, **changes: Any) -> Decision:
    """Decide one request; `people`, `now` and the fields of a request may be changed."""
    people, now = changes.pop("people", EVERYBODY), changes.pop("now", moment())
    request = AccessRequest(person=person, step=step, **({"item": "payment", "case_id": "C-1", "region": "650200"} | changes))
    return decide(policy, people, history(*acts), request, now)


def local(text: str) -> datetime:
    """A moment of the local clock, as registers write it."""
    return datetime.fromisoformat(text)


def sentences(decision: Decision) -> str:
    """All English reasons of a refusal, for tests that ask which of several sentences was said."""
    return " ".join(ground.reason.en for ground in decision.grounds)
