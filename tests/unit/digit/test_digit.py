"""What an import of DIGIT configuration finds, one change at a time, and what is no configuration."""

import json
import re
from string import Formatter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.importers.digit import FILES, Digit, import_digit
from adapters.importers.digit.json_text import JsonText, pointer
from adapters.importers.digit.sentences import SENTENCES
from adapters.importers.digit.words import WORDS
from adapters.storage.policy_folder import shipped_law
from sidecar.compiler.compile import check
from sidecar.errors import DigitError
from tests.e2e.processes import ROOT
from tests.unit.digit.test_real_configuration import SETTING, licensing

ROLES = ("CITIZEN", "COUNTER", "VERIFIER", "INSPECTOR", "APPROVER", "DESPATCH", "PUBLISHER")
# state → (action, role, next state); a whole licensing workflow but for what the language adds to it
FLOW = {
    "APPLIED": [("APPLY", "CITIZEN", "PENDINGDOCVERIFICATION")],
    "PENDINGDOCVERIFICATION": [("VERIFY", "VERIFIER", "PENDINGINSPECTION"), ("SENDBACK", "VERIFIER", "APPLIED")],
    "PENDINGINSPECTION": [("FORWARD", "INSPECTOR", "PENDINGAPPROVAL")],
    "PENDINGAPPROVAL": [("APPROVE", "APPROVER", "APPROVED"), ("REJECT", "APPROVER", "REJECTED")],
    "APPROVED": [],
    "REJECTED": [],
}


def workflow(flow: dict[str, list[tuple[str, str, str]]]) -> dict[str, Any]:
    states = [
        {
            "state": name,
            "uuid": f"id-{name}",
            "isStartState": name == "APPLIED",
            "actions": [{"action": a, "roles": r, "stateId": f"id-{name}", "nextStateId": f"id-{to}"} for a, r, to in acts],
        }
        for name, acts in flow.items()
    ]
    return {"BusinessService": [{"businessService": "Permit", "states": states}]}


def files(**changes: Any) -> dict[str, bytes]:
    """A configuration without a contradiction, with whole files replaced by name."""
    values: dict[str, Any] = {
        "roles.json": {"roles": [{"code": role, "name": role.title()} for role in ROLES]},
        "actions-test.json": {"actions-test": [{"id": n, "url": f"/{role}"} for n, role in enumerate(ROLES)]},
        "roleactions.json": {"roleactions": [{"rolecode": role, "actionid": n} for n, role in enumerate(ROLES)]},
        "BusinessService.json": workflow(FLOW),
        "AutoEscalation.json": {"AutoEscalation": []},
    }
    values |= {name.replace("_", "-") + ".json": value for name, value in changes.items()}
    return {name: json.dumps(value, ensure_ascii=False, indent=1).encode() for name, value in values.items() if value is not None}


def imported(**changes: Any) -> Digit:
    return import_digit(files(**changes), licensing(), SETTING)


def codes(digit: Digit) -> set[str]:
    return {found.code for found in digit.findings}


# What any workflow of states and roles lacks beside the profile: it keeps no persons of a case.
ALWAYS = {"MISSING_STEP", "MISSING_WHEN_NEEDED", "PERSONS_NOT_SEPARATED", "TOO_FEW_OFFICERS"}


def test_a_configuration_without_contradictions_has_only_what_it_cannot_say() -> None:
    """Steps the platform leaves out, and separation by person."""
    assert codes(imported()) == ALWAYS


def changed_flow(state: str, *acts: tuple[str, str, str]) -> dict[str, Any]:
    return workflow({**FLOW, state: [*FLOW[state], *acts]})


# what is changed → the one finding more
CHANGES: dict[str, dict[str, Any]] = {
    "UNKNOWN_WORD": {"BusinessService": changed_flow("APPROVED", ("FROBNICATE", "APPROVER", "APPROVED"))},
    "EMPTY_ACTION": {"BusinessService": changed_flow("REJECTED", ("", "", ""))},
    "UNKNOWN_STATE": {"BusinessService": changed_flow("PENDINGINSPECTION", ("MARK", "INSPECTOR", "NOWHERE"))},
    "REFUSED_BEFORE_DECISION": {"BusinessService": changed_flow("PENDINGDOCVERIFICATION", ("REJECT", "APPROVER", "REJECTED"))},
    "ENDED_WITHOUT_DECISION": {"BusinessService": changed_flow("PENDINGINSPECTION", ("CANCEL", "INSPECTOR", "REJECTED"))},
    "UNDECLARED_ROLE_ACTS": {"BusinessService": changed_flow("PENDINGINSPECTION", ("MARK", "NOBODY", "PENDINGINSPECTION"))},
    "ESCALATION_OF_NOTHING": {"AutoEscalation": {"AutoEscalation": [{"businessService": "Other", "state": "A", "action": "B"}]}},
    "DECIDED_WITHOUT_PERSON": {
        "AutoEscalation": {"AutoEscalation": [{"businessService": "Permit", "state": "PENDINGAPPROVAL", "action": "APPROVE"}]}
    },
    "FILE_MISSING": {"AutoEscalation": None},
    "NOT_AN_OBJECT": {"AutoEscalation": {"AutoEscalation": ["text"]}},
}


@pytest.mark.parametrize("code", CHANGES)
def test_one_change_one_finding(code: str) -> None:
    """Nothing else is said for it."""
    assert codes(imported(**CHANGES[code])) - ALWAYS == {code}


def test_an_escalation_that_is_switched_off_is_none() -> None:
    """`active: "false"`, as the platform writes it."""
    entry = {"businessService": "Permit", "state": "PENDINGAPPROVAL", "action": "APPROVE", "active": "false"}
    assert codes(imported(AutoEscalation={"AutoEscalation": [entry]})) == ALWAYS


def test_one_role_for_verifying_and_deciding() -> None:
    """Two steps that the profile separates."""
    flow = {**FLOW, "PENDINGAPPROVAL": [(a, "VERIFIER", to) for a, _, to in FLOW["PENDINGAPPROVAL"]]}
    assert "ONE_ROLE_FOR_BOTH" in codes(imported(BusinessService=workflow(flow)))


def test_a_file_that_is_not_there_is_not_held_against_the_others() -> None:
    """Without roles nobody is undeclared, without actions nothing is undefined."""
    assert not codes(imported(roles=None)) & {"UNDECLARED_ROLE", "UNDECLARED_ROLE_ACTS"}
    assert "UNDEFINED_ACTION" not in codes(imported(actions_test=None))


def test_odd_entries_break_nothing() -> None:
    """Codes that are no text, actions that are lists, roles as a list, a state without anything."""
    odd = {
        "roles": {"roles": [{}, {"code": None}, {"code": 7}, {"code": ["a"]}]},
        "actions_test": {"actions-test": [{"id": [1]}, {"id": {"a": 1}}, {"id": None}, {}]},
        "roleactions": {"roleactions": [{"rolecode": 1, "actionid": [1]}, {"actionid": {}}, {}]},
        "BusinessService": {
            "BusinessService": [{"states": [{}, {"actions": 5}, {"actions": [{"action": 1, "roles": ["A", "B"]}]}]}, {}]
        },
        "AutoEscalation": {"AutoEscalation": [{}, {"active": True, "stateSLA": "x"}]},
    }
    assert import_digit(files(**odd), licensing()).findings


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["roles", "state", "action", "id", "~/"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.slow
@given(st.sampled_from(sorted(FILES)), st.lists(json_values, max_size=4))
def test_any_json_is_read_or_refused(name: str, entries: list[Any]) -> None:
    """Never a stack: a finding, or a sentence."""
    import_digit({name: json.dumps({FILES[name]: entries}).encode()}, licensing())


@given(json_values, st.sampled_from([None, 1, "\t"]))
def test_the_place_of_any_value_is_where_it_begins(value: Any, indent: int | str | None) -> None:
    """Whatever the layout and whatever the names."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    read = JsonText("f.json", text.encode())
    lines = text.split("\n")
    decoder = json.JSONDecoder()

    def walk(node: Any, path: tuple[str | int, ...]) -> None:
        place = read.place(path)
        told, _ = decoder.raw_decode("\n".join(lines[place.line - 1 :]), place.column - 1)
        assert told == node
        for name, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            walk(child, (*path, name))

    walk(value, ())


def test_pointers_are_escaped() -> None:
    """RFC 6901."""
    assert pointer(("a/b", 0, "~c")) == "/a~1b/0/~0c"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "roles.json:1:2: not JSON"),
        (b'{"roles": []}\xff', "not UTF-8"),
        (b'{"roles": [], "roles": []}', "'roles' stands twice"),
        (b'{"roles": NaN}', "NaN"),
        (b'{"roles": {}}', "has no list 'roles'"),
        (b"[" * 100_000, "nested too deep"),
        (b"[]", "has no list 'roles'"),
    ],
)
def test_what_is_no_configuration_is_said(data: bytes, words: str) -> None:
    """In one sentence with its place."""
    with pytest.raises(DigitError) as stopped:
        import_digit({"roles.json": data}, licensing())
    assert words in stopped.value.message
    assert stopped.value.hint


def test_nothing_to_read_and_nothing_to_draft_is_said() -> None:
    """A folder of something else; a configuration without workflows."""
    with pytest.raises(DigitError, match=r"none of roles.json"):
        import_digit({"other.json": b"{}"}, licensing())
    with pytest.raises(DigitError, match="no workflow to draft"):
        imported(BusinessService=None)


def test_the_same_configuration_gives_the_same_draft() -> None:
    """Byte for byte, and two roles that spell alike become two posts."""
    roles = {"roles": [*({"code": role} for role in ROLES), {"code": "Approver"}]}
    flow = {**FLOW, "PENDINGAPPROVAL": [("APPROVE", "APPROVER,Approver", "APPROVED")]}
    first, second = (imported(roles=roles, BusinessService=workflow(flow)).drafts for _ in range(2))
    assert first == second
    checked = check({f"punjab/{name}": text.encode() for name, text in first.items()} | shipped_law())
    assert {post for post in checked.policies.organs["punjab"].posts if "approver" in post} == {
        "punjab-workflow.approver",
        "punjab-workflow.approver-2",
    }


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_says_what_to_write(code: str) -> None:
    """In both languages, with the same facts."""
    chinese, english = SENTENCES[code]
    fields = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (chinese, english)]
    named = {"first", "second", "first_id", "second_id", "step", "id", "shared"}  # a step by its name, or by its id
    assert fields[0] - named == fields[1] - named
    assert re.search("[\u4e00-\u9fff].*——.*[\u4e00-\u9fff]", chinese)
    assert re.search("[a-z].* — .*[a-z]", english)
    assert not re.search("[\u4e00-\u9fff]", english)


def test_the_how_to_lists_every_word() -> None:
    """The table of action words is the one the import reads."""
    page = (ROOT / "docs" / "how-to" / "import-digit.md").read_text("utf-8")
    assert [word for word in (*WORDS, "FORWARD", *FILES) if f"`{word}`" not in page] == []
