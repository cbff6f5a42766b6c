"""The configuration of a real tenant (Punjab), which nobody here wrote: the figures that were computed without this product."""

import functools
import json
from pathlib import Path

import pytest

from adapters.importers.digit import FILES, Digit, Found, as_json, import_digit
from adapters.importers.digit.drafting import Setting
from adapters.storage.policy_folder import shipped_law
from sidecar.compiler.compile import check
from sidecar.power_list.findings import Severity
from sidecar.power_list.policy_set import read_policy_set
from sidecar.power_list.profiles import ProfileFile
from tests.real_data import real_data

SETTING = Setting("punjab", "Punjab", "990100", "3", "licensing")


def licensing() -> ProfileFile:
    return read_policy_set(shipped_law()).profiles["licensing"].profile


@functools.cache
def _imported(folder: Path) -> Digit:
    return import_digit({name: (folder / name).read_bytes() for name in FILES}, licensing(), SETTING)


@pytest.fixture
def digit() -> Digit:
    return _imported(real_data("digit"))


def found(digit: Digit, code: str) -> list[Found]:
    return [finding for finding in digit.findings if finding.code == code]


def facts(digit: Digit, code: str, *names: str) -> list[tuple[object, ...]]:
    return [tuple(finding.facts[name] for name in names) for finding in found(digit, code)]


def test_the_figures(digit: Digit) -> None:
    """Rows and what is distinct of them, and how often each mistake is made."""
    assert digit.access.figures == {
        "roles": 135,
        "role_codes": 133,
        "actions": 1750,
        "action_ids": 1749,
        "urls": 1363,
        "grants": 4498,
        "distinct_grants": 4457,
    }
    counts = as_json(digit)["counts"]
    assert isinstance(counts, dict)
    assert {code: counts[code] for code in counts if code in EXPECTED} == EXPECTED


EXPECTED = {
    "UNDEFINED_ACTION": 217,
    "UNDECLARED_ROLE": 5,
    "ROLE_WITHOUT_GRANT": 15,
    "ACTION_WITHOUT_GRANT": 26,
    "DUPLICATE_ROLE": 2,
    "DUPLICATE_ACTION": 1,
    "DUPLICATE_GRANT": 41,
    "NEARLY_EVERYTHING": 1,
    "SAME_ACTIONS": 26,
    "ACTIONS_INSIDE": 149,
}


def test_who_is_undeclared_and_who_may_nearly_everything(digit: Digit) -> None:
    """One undeclared code is empty; the superuser has 1,365 grants."""
    assert {role for (role,) in facts(digit, "UNDECLARED_ROLE", "role")} == {
        "",
        "SRA",
        "SRC",
        "ULB OFFICER",
        "DMA OFFICE OFFICER",
    }
    assert facts(digit, "NEARLY_EVERYTHING", "role", "n", "actions") == [("SUPERUSER", 1365, 1354)]
    assert {role for (role,) in facts(digit, "UNDECLARED_ROLE_ACTS", "role")} == {"CLERK", "SYSTEM_PAYMENT"}
    assert {role for (role,) in facts(digit, "DUPLICATE_ROLE", "role")} == {"TL_APPROVER", "testonecode112234324"}


def test_roles_that_are_the_same(digit: Digit) -> None:
    """Verifying and approving are one and the same set of URLs; the document verifier's are all the approver's."""
    same = {(pair.role, pair.other): pair.actions for pair in digit.access.identical}
    assert same["BPA_APPROVER", "BPA_VERIFIER"] == 18
    inside = {(pair.role, pair.other): (pair.actions, pair.of) for pair in digit.access.inside}
    assert inside["TL_DOC_VERIFIER", "TL_APPROVER"] == (14, 60)
    assert ("TL_APPROVER", "TL_DOC_VERIFIER") not in inside


def test_which_action_is_which_step(digit: Digit) -> None:
    """Every action of the workflow but the nameless one and the one listed under another state."""
    (beside,) = digit.compared
    assert (len(beside.workflow.states), sum(len(state.acts) for state in beside.workflow.states)) == (9, 20)
    steps = {(c.act.state, c.act.word): c.step for c in beside.counterparts if c.step}
    assert steps == {
        ("PAID", "FORWARD"): "review",
        ("FIELDINSPECTION", "FORWARD"): "site",
        ("PENDINGAPPROVAL", "APPROVE"): "decide",
        ("PENDINGAPPROVAL", "REJECT"): "decide",
        ("APPLIED", "REJECT"): "decide",
        ("PAID", "REJECT"): "decide",
        ("FIELDINSPECTION", "REJECT"): "decide",
        ("APPROVED", "CANCEL"): "revoke",
    }
    assert len(beside.counterparts) == 18


def test_what_the_workflow_lacks(digit: Digit) -> None:
    """Steps, persons, a second inspector, and endings that are no decisions."""
    assert facts(digit, "MISSING_STEP", "id") == [("accept",), ("issue",), ("publish",)]
    needed = ["notify", "hear", "recusal_request", "recusal_ruling", "supplement", "extend_limit", "special_begins"]
    needed += ["special_ends"]
    assert facts(digit, "MISSING_WHEN_NEEDED", "id") == [(name,) for name in needed]
    assert facts(digit, "ONE_ROLE_FOR_BOTH", "first_id", "second_id", "shared") == [
        ("review", "decide", "CLERK"),
        ("site", "decide", "TL_FIELD_INSPECTOR"),
    ]
    apart = facts(digit, "PERSONS_NOT_SEPARATED", "first_id", "second_id", "others")
    assert apart == [("review", "decide", "TL_FIELD_INSPECTOR, TL_APPROVER"), ("site", "decide", "CLERK, TL_APPROVER")]
    assert (
        "all 14 actions of TL_FIELD_INSPECTOR are among the 60 of TL_APPROVER"
        in found(digit, "PERSONS_NOT_SEPARATED")[1].sentence.en
    )
    assert facts(digit, "TOO_FEW_OFFICERS", "id", "n") == [("site", 2)]
    assert facts(digit, "ONE_ROLE_ENDS_ALL", "state", "role", "actions") == [
        ("PENDINGAPPROVAL", "TL_APPROVER", "APPROVE, CANCEL, REJECT")
    ]
    assert [state for (state,) in facts(digit, "REFUSED_BEFORE_DECISION", "state")] == ["APPLIED", "PAID", "FIELDINSPECTION"]
    assert len(found(digit, "ENDED_WITHOUT_DECISION")) == 4


def test_what_the_workflow_contradicts(digit: Digit) -> None:
    """APPROVE under APPLIED carries the state of PENDINGAPPROVAL; a decision comes about with no person."""
    assert facts(digit, "STATE_OF_ANOTHER", "action", "state", "other") == [("APPROVE", "APPLIED", "PENDINGAPPROVAL")]
    assert facts(digit, "DECIDED_WITHOUT_PERSON", "state", "action", "sla") == [("PENDINGAPPROVAL", "APPROVE", "2")]
    assert facts(digit, "ESCALATION_OF_NOTHING", "service") == [("PGR",)]
    assert len(found(digit, "SEVERAL_STARTS")) == len(found(digit, "EMPTY_ACTION")) == 1
    assert not found(digit, "UNKNOWN_WORD")
    assert not found(digit, "UNKNOWN_STATE")


def test_every_finding_leads_to_its_value(digit: Digit) -> None:
    """The pointer names a value of the file, and line and column are where that value begins."""
    folder = real_data("digit")
    texts = {name: (folder / name).read_text("utf-8") for name in FILES}
    values = {name: json.loads(text) for name, text in texts.items()}
    decoder = json.JSONDecoder()
    for finding in digit.findings:
        value = values[finding.place.file]
        for name in finding.pointer.split("/")[1:]:
            value = value[int(name)] if isinstance(value, list) else value[name]
        line = texts[finding.place.file].splitlines(keepends=True)[finding.place.line - 1 :]
        told, _ = decoder.raw_decode("".join(line), finding.place.column - 1)
        assert told == value, finding


def test_the_draft_is_refused_for_exactly_what_is_missing(digit: Digit) -> None:
    """`quanheng check` finds the three steps, and what the configuration does not say as warnings."""
    files = {f"punjab/{name}": text.encode() for name, text in digit.drafts.items()} | shipped_law()
    checked = check(files)
    assert [(f.code, f.facts["step"]) for f in checked.findings if f.severity is Severity.ERROR] == [
        ("MISSING_STEP", "accept"),
        ("MISSING_STEP", "issue"),
        ("MISSING_STEP", "publish"),
    ]
    warnings = {f.code for f in checked.findings if f.severity is Severity.WARNING}
    assert warnings >= {"POST_NOT_CONFIRMED", "UNCLASSIFIED_BASIS"}


def test_the_completed_draft_keeps_inspector_and_approver_apart(digit: Digit) -> None:
    """With the three steps added, the draft compiles and separates what the workflow did not."""
    steps = "".join(
        f"  - {{id: {name}, name: {name}, verb: {name}, type: execute, posts: [clerk]{after}}}\n"
        for name, after in (("accept", ""), ("issue", ", after: [decide]"), ("publish", ", after: [decide]"))
    )
    powers = digit.drafts["powers.yaml"].replace("  steps:\n", f"  steps:\n{steps}", 1)
    files = {"punjab/powers.yaml": powers.encode(), "punjab/organ.yaml": digit.drafts["organ.yaml"].encode()} | shipped_law()
    checked = check(files)
    assert [f.code for f in checked.findings if f.severity is Severity.ERROR] == []
    (item,) = checked.items
    decide = next(step for step in item.steps if step.id == "decide")
    assert {c.arg for c in decide.controls if c.kind == "distinct"} == {"review", "site", "accept"}
    assert decide.posts == ("punjab-workflow.tl_approver",)
