"""The catalogue holds every rule of the law's own list; each rule stands somewhere and is proven by a pair of expectations."""

import re
from functools import lru_cache

import pytest

from adapters.storage.policy_folder import SHIPPED, PolicyFolder
from sidecar.compiler.compile import MANIFEST_FILE, check, compile_policies
from sidecar.decision.policy import PolicySnapshot
from sidecar.expectations.coverage import KEPT_BY_THE_RECORD, RuleStanding, standings, unproven
from sidecar.expectations.run import run_expectations
from sidecar.messages import ANSWERED
from sidecar.mistakes import FINDINGS
from sidecar.power_list.catalogue import Rule
from sidecar.power_list.policy_set import CATALOGUE_FILE
from sidecar.power_list.rules import read_catalogue
from tests.e2e.processes import ROOT
from tests.real_data import shared_page

# Rules whose families are on their way; the list only ever gets shorter.
NOWHERE_YET: frozenset[str] = frozenset()

# The tests behind the one table that is declared.
PROOFS = {
    "SEC-AUD": "tests/http_api/test_lost_records.py",
    "SEC-PI": "tests/http_api/test_what_is_kept.py",
    "SEC-READ": "tests/http_api/test_outcomes_and_reading.py",
    "SEC-GM": "tests/unit/decision_log/test_merkle.py",
    "GP-42": "tests/conformance/test_stores.py",
}


@lru_cache(maxsize=1)
def shipped() -> list[RuleStanding]:
    files = PolicyFolder(SHIPPED)
    sources = files.sources()
    checked = check(sources)
    compiled = compile_policies(checked, files.model(), sources)
    policy = PolicySnapshot.of_build(model=compiled.model, policy=compiled.policy, manifest=compiled.files[MANIFEST_FILE])
    outcomes = run_expectations(files.expectations(), policy).outcomes
    return standings(checked, outcomes, {row.id: row.rule for row in compiled.rows})


def rules() -> dict[str, Rule]:
    return {standing.rule.id: standing.rule for standing in shipped()}


def _rows_of_the_domain() -> dict[str, str]:
    """Rule id → phases, of every table of section 3 that has both; `CL-7..9` are three."""
    text = shared_page("domain.md").read_text("utf-8")
    section = text[text.index("### 3.1 ") : text.index("## 4. ")]
    found: dict[str, str] = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not re.fullmatch(r"[CDA](, [CDA])*", cells[-1]):
            continue
        family, _, numbers = cells[0].rpartition("-")
        if span := re.fullmatch(r"(\d+)\.\.(\d+)", numbers):
            found |= {f"{family}-{n}": cells[-1] for n in range(int(span[1]), int(span[2]) + 1)}
        else:
            found[cells[0]] = cells[-1]
    return found


def test_no_rule_of_the_domain_is_missing_and_each_has_its_phases() -> None:
    """Section 3 is the law's own list; the catalogue may have more, never less."""
    domain = _rows_of_the_domain()
    assert len(domain) > 120
    ours = rules()
    assert sorted(domain.keys() - ours.keys()) == []
    assert {name: ", ".join(ours[name].phases) for name in domain} == domain


def test_every_code_of_an_outcome_exists() -> None:
    """A rule that refuses answers with a code of decisions, one that is checked with a code of findings."""
    for rule in rules().values():
        for outcome in rule.outcomes:
            kind, _, code = outcome.partition(" ")
            known = {"deny": ANSWERED, "error": FINDINGS, "warning": FINDINGS}.get(kind, ())
            assert not code or kind == "flag" or code in known or rule.id in NOWHERE_YET, (rule.id, outcome)


def test_what_is_from_memory_says_so() -> None:
    """Figures of local or unread texts are parameters with their source, and marked."""
    figures = {parameter.name: parameter for rule in rules().values() for parameter in rule.parameters}
    for name in ("hearing_fine_person", "tender_works", "licence_penalty_publication", "night_from_hour"):
        assert figures[name].standing == "memory"
        assert figures[name].basis


def test_every_rule_stands_somewhere() -> None:
    """In a profile, a row, a check or an answer; the families still on their way are counted down."""
    missing = {standing.rule.id for standing in shipped() if standing.rule.must_stand and not standing.stands}
    assert missing <= NOWHERE_YET, sorted(missing - NOWHERE_YET)
    assert rules().keys() >= NOWHERE_YET


def test_every_rule_that_refuses_has_a_pair_of_expectations() -> None:
    """One that passes and one that is refused for exactly that rule."""
    lacking = set(unproven(shipped())) - NOWHERE_YET
    assert lacking <= UNPROVEN_YET, sorted(lacking - UNPROVEN_YET)


# Rules that stand and whose pair is on its way.
UNPROVEN_YET: frozenset[str] = frozenset()


@pytest.mark.parametrize("rule", sorted(KEPT_BY_THE_RECORD))
def test_what_the_record_keeps_is_tested_there(rule: str) -> None:
    """The only declared table: a line without a test would be a claim."""
    assert (ROOT / PROOFS[rule]).is_file()


def test_a_mistake_in_the_catalogue_is_named_at_its_place() -> None:
    """Like any other file of the language."""
    text = (SHIPPED / CATALOGUE_FILE).read_text("utf-8")
    for old, new, code in (
        ("{id: AL-4,", "{id: al-4,", "BAD_FORM"),
        ("{id: AL-14,", "{id: AL-4,", "DUPLICATE_ID"),
        ("phases: [D]", "phases: [E]", "NOT_IN_TABLE"),
        ("deny NO_POWER", "refuse NO_POWER", "BAD_FORM"),
        ("value: 5 workday", "value: 5 weeks", "UNKNOWN_MEASURE"),
        ("{name: licence_decision,", "{name: completion_notice,", "DUPLICATE_ID"),
        ("    english: Licensing\n", "", "MISSING_KEY"),
    ):
        assert old in text
        catalogue, findings = read_catalogue(CATALOGUE_FILE, text.replace(old, new, 1).encode())
        assert [finding.code for finding in findings] == [code], new
        assert findings[0].place.file == CATALOGUE_FILE
        assert findings[0].place.line > 1
        assert len(catalogue.rules) > 100 or code == "MISSING_KEY"


def test_a_rule_that_the_catalogue_does_not_have_is_named() -> None:
    """In a profile and in an item; nobody could look it up."""
    files = dict(PolicyFolder(SHIPPED).sources())
    files["profiles/levy.yaml"] = files["profiles/levy.yaml"].replace(b"rule: EN-35", b"rule: EN-34", 1)
    files["binhe/powers.yaml"] = files["binhe/powers.yaml"].replace(b"rule: FL-35", b"rule: FL-350", 1)
    found = [finding for finding in check(files).findings if finding.code == "UNKNOWN_RULE"]
    assert [(f.place.file, f.facts["rule"], f.item) for f in found] == [
        ("binhe/powers.yaml", "FL-350", "cn-xk-food-business-licence"),
        ("profiles/levy.yaml", "EN-34", ""),
    ]
    assert "EN-35" in str(found[1].facts["near"])
