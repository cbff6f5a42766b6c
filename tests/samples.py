"""A tiny valid policy folder, and what is needed to decide on it. Valid by default, one thing changed per test."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

from sidecar.case_history.history import ActRecorded, CaseHistory, fold
from sidecar.compiler.compile import Compiled, check, compile_policies
from sidecar.controls.context import AccessRequest
from sidecar.decision.decide import decide
from sidecar.decision.decision import Decision
from sidecar.decision.policy import PolicySnapshot
from sidecar.personnel.registers import Appointment, CredentialHeld, Interest, Personnel, Span
from sidecar.power_list.findings import Finding, Severity

MODEL = (Path(__file__).resolve().parents[1] / "policies" / "model.conf").read_bytes()
TODAY = date(2026, 1, 5)


def moment(day: date = TODAY) -> datetime:
    """Ten in the morning of a day, in the zone in which statutes count days."""
    return datetime.combine(day, time(10), timezone(timedelta(hours=8)))


ORGAN = """organ: {id: office, name: 示范局, level: "3", region: "650200"}
units:
  - {id: front, name: 窗口}
  - {id: law, name: 法规科}
posts:
  - {id: clerk, name: 受理岗, unit: front, rank: handler}
  - {id: checker, name: 核查岗, unit: front, rank: handler}
  - {id: head, name: 科长岗, unit: front, rank: section_head}
  - {id: deputy, name: 副局长岗, unit: front, rank: leader}
  - {id: reviewer, name: 审核岗, unit: law, rank: handler}
  - {id: clerk, name: 法规文员, unit: law, rank: handler}
"""

POWERS = """items:
  - id: permit
    name: 示范许可
    power_class: licensing
    effective: {from: 2025-01-01, to: 2026-12-31}
    legal_basis:
      - {instrument: law, title: 行政许可法, article: 12}
    body: {name: 示范局}
    level: "3"
    region: "650200"
    units: [{unit: front, lead: true}]
    facts: [{name: amount, type: integer, label: 数额}]
    parameters: [{name: large, value: 500, basis: 内部规定}]
    scope:
      function: 示范
      excludes:
        - {when: amount <= 30, reason: 小额不需许可, basis: 行政许可法第十三条}
    steps:
      - {id: accept, name: 受理, verb: accept, type: execute, posts: [front.clerk]}
      - {id: review, name: 审查, verb: review, type: execute, posts: [reviewer], after: [accept], requires: [drawings]}
      - {id: site, name: 核查, verb: inspect, type: execute, posts: [checker, head], after: [accept], officers: {min: 2, credential: work_card}}
      - {id: hear, name: 听证, verb: hear, type: execute, posts: [head], after: [accept], required_when: amount >= large}
      - {id: decide, name: 决定, verb: decide, type: decide, posts: [deputy, head], after: [review], distinct_from: [accept]}
      - {id: issue, name: 发证, verb: issue, type: execute, posts: [front.clerk], after: [decide], limit: {n: 10, unit: workday}}
    controls:
      separation: [[review, decide]]
      recusal: [kin]
    accountable: [handler, section_head, leader]
    accountability_grounds: [越权]
  - id: fine
    name: 示范处罚
    power_class: penalty
    legal_basis:
      - {instrument: law, title: 行政处罚法, article: 9}
    body: {name: 示范局}
    level: "3"
    region: "650200"
    units: [{unit: front, lead: true}]
    scope: {function: 示范}
    accountability_grounds: [越权]
    accountable: [handler]
"""

PROFILES = """profile: licensing
name: 许可
applies_to: [licensing]
requires_steps: [accept, decide]
steps:
  - {id: accept, name: 受理, verb: accept, type: execute, tier: handler, rule: AL-32, basis: 行政许可法第三十二条}
  - {id: site, name: 核查, verb: inspect, type: execute, tier: handler, after: [accept], officers: {min: 2}, rule: AL-34, basis: 行政许可法第三十四条}
  - {id: decide, name: 决定, verb: decide, type: decide, tier: leader, after: [accept], requires: [reason_if_refused], rule: AL-38, basis: 行政许可法第三十八条}
separation:
  - {pair: [site, decide], rule: AL-SEP, basis: 审批分离}
recusal: {relations: [ownership], rule: CS-76, basis: 公务员法第七十六条}
"""

PENALTY = """profile: penalty
name: 处罚
applies_to: [penalty]
requires_steps: [file, decide]
steps:
  - {id: file, name: 立案, verb: file, type: decide, tier: section_head, rule: AP-54, basis: 行政处罚法第五十四条}
  - {id: notify, name: 告知, verb: notify, type: execute, tier: handler, after: [file], rule: AP-44, basis: 行政处罚法第四十四条}
  - {id: legal_review, name: 法制审核, verb: legal_review, type: supervise, tier: section_head, after: [notify], required_when: complex or hear_done,
     rule: AP-58, basis: 行政处罚法第五十八条}
  - {id: deliberate, name: 集体讨论, verb: deliberate, type: decide, tier: leader, after: [legal_review], required_when: serious,
     rule: AP-57, basis: 行政处罚法第五十七条}
  - {id: decide, name: 决定, verb: decide, type: decide, tier: leader, after: [notify], rule: AP-57, basis: 行政处罚法第五十七条}
  - {id: collect, name: 收缴, verb: collect, type: execute, after: [decide], rule: AP-67, basis: 行政处罚法第六十七条}
  - {id: hear, name: 听证, verb: hear, type: execute, tier: section_head, after: [notify], rule: AP-64, basis: 行政处罚法第六十四条}
separation:
  - {pair: [decide, collect], rule: AP-67, basis: 行政处罚法第六十七条}
facts:
  - {name: complex, type: boolean, label: 案情复杂, label_en: complex, rule: AP-58, basis: 行政处罚法第五十八条}
  - {name: serious, type: boolean, label: 违法行为重大, rule: AP-57, basis: 行政处罚法第五十七条}
"""


CALENDAR = """year: 2026
source: 国务院办公厅通知
holidays:
  - {name: 元旦, from: 2026-01-01, to: 2026-01-03}
workdays:
  - {name: 元旦, day: 2026-01-04}
"""


def policy_files(powers: str = POWERS, organ: str = ORGAN, licensing: str = PROFILES, penalty: str = PENALTY) -> dict[str, bytes]:
    texts = {
        "office/organ.yaml": organ,
        "office/powers.yaml": powers,
        "profiles/licensing.yaml": licensing,
        "profiles/penalty.yaml": penalty,
        "calendar/2026.yaml": CALENDAR,
    }
    return {path: text.encode() for path, text in texts.items()}


def changed(old: str, new: str, text: str = POWERS) -> str:
    """`text` with the first `old` replaced; it must be there."""
    assert old in text, old
    return text.replace(old, new, 1)


def findings_of(**texts: str) -> list[Finding]:
    return check(policy_files(**texts)).findings


def errors_of(**texts: str) -> list[Finding]:
    return [finding for finding in findings_of(**texts) if finding.severity is Severity.ERROR]


def compiled(files: dict[str, bytes] | None = None) -> Compiled:
    files = files or policy_files()
    checked = check(files)
    assert not checked.broken, [(str(f.place), f.code, f.sentence.en) for f in checked.findings]
    return compile_policies(checked, MODEL, files)


def snapshot(powers: str = POWERS, **texts: str) -> PolicySnapshot:
    built = compiled(policy_files(powers, **texts))
    return PolicySnapshot.of_build(model=MODEL, policy=built.policy, manifest=built.files["compiled/manifest.json"])


def personnel(
    posts: dict[str, str | list[str]], cards: Iterable[str] = (), interests: Iterable[tuple[str, str, str]] = ()
) -> Personnel:
    """`posts`: person → post or posts; `cards`: who holds a work card; `interests`: person, party, relation."""
    held = [(person, post) for person, names in posts.items() for post in ([names] if isinstance(names, str) else names)]
    return Personnel(
        [Appointment(person, post, Span()) for person, post in held],
        [CredentialHeld(person, "work_card", Span()) for person in cards],
        [Interest(person, party, relation, Span()) for person, party, relation in interests],
    )


EVERYONE = personnel(
    {
        "clerk": "front.clerk",
        "checker": "front.checker",
        "head": "front.head",
        "deputy": "front.deputy",
        "reviewer": "law.reviewer",
        "all": ["front.clerk", "front.checker", "front.head", "front.deputy", "law.reviewer"],
    },
    cards=["checker", "head", "all"],
)


def act(step: str, person: str, **changes: Any) -> ActRecorded:
    fields: dict[str, Any] = {
        "decision_id": f"{step}-{person}",
        "kind": "performed",
        "step": step,
        "person": person,
        "post": "",
        "time": "2026-01-05T09:00:00.000+08:00",
        "item": "permit",
        "region": "650200",
    }
    return ActRecorded(**(fields | changes))


def history(*acts: ActRecorded) -> CaseHistory:
    return fold("C-1", acts)


ACCEPTED = (act("accept", "clerk", facts={"amount": 100}),)


def ask(person: str, step: str, *acts: ActRecorded, **changes: Any) -> Decision:
    """Decide one request on the sample policies; `policy`, `people`, `today` and the fields of a request may be changed."""
    policy, people = changes.pop("policy", None) or SNAPSHOT, changes.pop("people", EVERYONE)
    today = changes.pop("today", TODAY)
    fields: dict[str, Any] = {"item": "permit", "case_id": "C-1", "region": "650200"}
    if step == "decide":
        fields["outcome"] = "grant"
    request = AccessRequest(person=person, step=step, **(fields | changes))
    return decide(policy, people, history(*acts), request, moment(today))


def codes(decision: Decision) -> set[str]:
    return {ground.code for ground in decision.grounds}


SNAPSHOT = snapshot()
