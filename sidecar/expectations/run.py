"""Run expectations against compiled policies and say exactly what differs, and what no expectation touches.

The history of an expectation is taken as given; the request is put to the same `decide()` that serves real cases. `codes` is the
exact set of refusal codes; `obligations`, where written, is the exact set of their kinds (`deadline:issue` for a time limit).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sidecar.case_history.history import ActRecorded, CaseHistory, fold
from sidecar.controls.context import AccessRequest
from sidecar.decision.decide import decide
from sidecar.decision.decision import Decision
from sidecar.decision.policy import PolicySnapshot
from sidecar.expectations.language import Expectation, ExpectationsFile, OfficerGiven
from sidecar.personnel.registers import Appointment, CredentialHeld, Interest, Personnel, Span
from sidecar.power_list.findings import Finding, Place
from sidecar.power_list.load import Located, load
from sidecar.power_list.source import read_source

DEFAULT_DAY = date(2026, 1, 5)
EXPECTATIONS_FILE = "expectations.yaml"


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
    """All outcomes, mistakes in the files, and what is left untouched."""

    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    untouched_items: tuple[str, ...]
    untouched_rules: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.findings and all(outcome.holds for outcome in self.outcomes)


def run_expectations(files: Mapping[str, bytes], policy: PolicySnapshot) -> Report:
    """Run every `expectations.yaml` among `files` (path → bytes)."""
    outcomes: list[Outcome] = []
    findings: list[Finding] = []
    for path in sorted(f for f in files if f.rsplit("/", 1)[-1] == EXPECTATIONS_FILE):
        loaded = load(read_source(path, files[path]), ExpectationsFile)
        findings += loaded.findings
        for n, expectation in enumerate(loaded.model.expectations if loaded.model else ()):
            problems = list(_unknown_names(expectation, loaded.located, n, policy))
            findings += problems
            if not problems:
                outcomes.append(_run(expectation, loaded.located.place("expectations", n), policy))
    touched = {outcome.item for outcome in outcomes}
    return Report(
        tuple(outcomes),
        tuple(findings),
        tuple(sorted(policy.items.keys() - touched)),
        tuple(sorted(policy.rules() - _stopping_rules(outcomes))),
    )


def _run(expectation: Expectation, place: Place, policy: PolicySnapshot) -> Outcome:
    decision = decide(
        policy, _personnel(expectation, policy), _history(expectation, policy), _request(expectation, policy), _day(expectation)
    )
    return Outcome(expectation.name, expectation.item, place, decision, tuple(_differences(expectation, decision)))


def _differences(expectation: Expectation, decision: Decision) -> Iterator[tuple[str, str, str]]:
    wanted = expectation.expect
    found = "allow" if decision.allowed else "deny"
    if found != wanted.decision:
        yield "decision", wanted.decision, found
    codes = {ground.code for ground in decision.grounds}
    if codes != set(wanted.codes):
        yield "codes", _listed(wanted.codes), _listed(codes)
    duties = {f"{due.kind}:{due.arg.split(':')[0]}" if due.arg != "-" else due.kind for due in decision.obligations}
    if wanted.obligations is not None and duties != set(wanted.obligations):
        yield "obligations", _listed(wanted.obligations), _listed(duties)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "-"


def _unknown_names(expectation: Expectation, located: Located, n: int, policy: PolicySnapshot) -> Iterator[Finding]:
    """Items, posts, steps and officers that do not exist: the expectation could not mean what it says."""
    item = policy.item(expectation.item)
    if item is None:
        near = ", ".join(list(policy.items)[:8])
        yield Finding(
            "UNKNOWN_ITEM_NAMED", located.place("expectations", n, "item"), facts={"item": expectation.item, "near": near}
        )
        return
    for label, officer in expectation.officers.items():
        for k, post in enumerate(officer.posts):
            if _full_post(post, item.organ, policy) is None:
                place = located.place("expectations", n, "officers", label, "posts", k)
                yield Finding("UNKNOWN_POST", place, item=expectation.item, facts={"post": post, "near": "unit.post"})
    mentions = [(act.officer, act.step, ("history", k)) for k, act in enumerate(expectation.history)]
    for officer_name, step, path in [*mentions, (expectation.request.officer, "", ("request",))]:
        if officer_name not in expectation.officers:
            place = located.place("expectations", n, *path, "officer")
            yield Finding("UNKNOWN_OFFICER", place, item=expectation.item, facts={"officer": officer_name})
        if step and step not in item.steps:
            near = ", ".join(item.steps)
            place = located.place("expectations", n, *path, "step")
            yield Finding("UNKNOWN_STEP", place, item=expectation.item, facts={"step": step, "near": near})


def _full_post(name: str, organ: str, policy: PolicySnapshot) -> str | None:
    posts = policy.posts
    if name in posts:
        return name
    found = [full for full, facts in posts.items() if facts.organ == organ and full.rsplit(".", 1)[-1] == name]
    return found[0] if len(found) == 1 else None


def _posts(officer: OfficerGiven, expectation: Expectation, policy: PolicySnapshot) -> Iterator[str]:
    organ = policy.items[expectation.item].organ
    for name in officer.posts:
        full = _full_post(name, organ, policy)
        if full:
            yield full


def _personnel(expectation: Expectation, policy: PolicySnapshot) -> Personnel:
    always = Span()
    given = expectation.officers.items()
    return Personnel(
        [Appointment(label, post, always) for label, officer in given for post in _posts(officer, expectation, policy)],
        [CredentialHeld(label, name, always) for label, officer in given for name in officer.credentials],
        [Interest(label, i.party, i.relation, always) for label, officer in given for i in officer.interests],
    )


def _history(expectation: Expectation, policy: PolicySnapshot) -> CaseHistory:
    item = policy.items[expectation.item]
    acts = [
        ActRecorded(
            decision_id=f"given-{n}",
            kind="co_signed" if act.co_sign else "performed",
            step=act.step,
            person=act.officer,
            post=act.post or "",
            time=f"{_day(expectation)}T09:00:00+08:00",
            item=expectation.item,
            region=expectation.region or item.region,
            party=expectation.party or "",
            outcome=act.outcome,
            facts=dict(act.facts),
        )
        for n, act in enumerate(expectation.history)
    ]
    return fold("given", acts)


def _request(expectation: Expectation, policy: PolicySnapshot) -> AccessRequest:
    asked = expectation.request
    organ = policy.items[expectation.item].organ
    return AccessRequest(
        person=asked.officer,
        step=asked.step,
        item=asked.item or expectation.item,
        case_id="given",
        region=asked.region or expectation.region or "",
        party=asked.party or expectation.party or "",
        acting_post=(_full_post(asked.post, organ, policy) or asked.post) if asked.post else "",
        level=asked.level or "",
        outcome=asked.outcome or "",
        intent=asked.intent,
        facts=dict(asked.facts),
        evidence=frozenset(asked.evidence),
    )


def _day(expectation: Expectation) -> date:
    return expectation.day or DEFAULT_DAY


def _stopping_rules(outcomes: Iterable[Outcome]) -> set[str]:
    return {judged.rule for outcome in outcomes for judged in outcome.decision.judged if judged.stopped}
