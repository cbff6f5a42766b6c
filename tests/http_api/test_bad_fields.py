"""Well-formed JSON that says something impossible: each field of each wrong type, and identifiers that are none."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.http_api.calling import ACCEPT, BOTH, Body, Sidecar, asking, malformed

VALUES: dict[str, Any] = {"true": True, "text": "5", "number": 5, "fraction": 5.5, "null": None, "list": [], "object": {}}

# field: (the kinds of value it takes, the code for any other)
FIELDS: dict[str, tuple[set[str], str]] = {
    "subject": (set(), "bad_request"),
    "subject.type": ({"text"}, "bad_request"),
    "subject.id": ({"text"}, "bad_request"),
    "subject.properties": ({"object"}, "bad_request"),
    "subject.properties.acting_post": ({"text"}, "bad_field"),
    "action": (set(), "bad_request"),
    "action.name": ({"text"}, "bad_request"),
    "action.properties": ({"object"}, "bad_request"),
    "action.properties.outcome": (set(), "bad_field"),
    "resource": (set(), "bad_request"),
    "resource.type": ({"text"}, "bad_request"),
    "resource.id": ({"text"}, "bad_request"),
    "resource.properties": ({"object"}, "bad_request"),
    "resource.properties.item": ({"text"}, "bad_field"),
    "resource.properties.region": (set(), "bad_field"),
    "resource.properties.party": ({"text"}, "bad_field"),
    "resource.properties.level": ({"text"}, "bad_field"),
    "context": ({"object"}, "bad_request"),
    "context.intent": (set(), "bad_field"),
    "context.channel": ({"text"}, "bad_field"),
    "context.facts": ({"object"}, "bad_facts"),
    "context.facts.amount": ({"true", "number", "text"}, "bad_facts"),
    "context.evidence": ({"list", "object"}, "bad_evidence"),
    "context.evidence.drawings": ({"text"}, "bad_evidence"),
}
# text of the right type and the wrong form
_OF_THEIR_OWN = {
    ("action.properties.outcome", "text"): "bad_outcome",
    ("resource.properties.region", "text"): "bad_identifier",
    ("context.intent", "text"): "bad_intent",
}


def with_value(field: str, value: Any) -> Body:
    """The clerk's request with one field replaced, at whatever depth."""
    request = asking(evidence={"drawings": "r"}, party="p")
    *path, name = field.split(".")
    holder = request
    for step in path:
        holder = holder[step]
    holder[name] = value
    return request


def wrong() -> Iterator[tuple[str, str, str]]:
    for field, (taken, code) in FIELDS.items():
        for kind in VALUES.keys() - taken:
            yield field, kind, _OF_THEIR_OWN.get((field, kind), code)


@pytest.mark.parametrize(("field", "kind", "code"), sorted(wrong()))
def test_a_field_of_the_wrong_type_is_400(untouched: Sidecar, field: str, kind: str, code: str) -> None:
    """J4: nothing is coerced, no null passes for absent, and the answer names the field."""
    response = untouched.post(with_value(field, VALUES[kind]))
    malformed(response, 400, code)
    assert field.split(".")[-1 if code not in ("bad_evidence", "bad_facts") else 1] in response.text
    assert untouched.entries() == []


@pytest.mark.parametrize(("field", "kind"), sorted((field, kind) for field, (taken, _) in FIELDS.items() for kind in taken))
def test_a_field_of_the_right_type_is_decided(sidecar: Sidecar, field: str, kind: str) -> None:
    """The other side of the same table: these are answered, allow or deny."""
    assert isinstance(sidecar.answer(with_value(field, VALUES[kind]))["decision"], bool)


@pytest.mark.parametrize(
    "field", ["subject", "action", "resource", "subject.type", "subject.id", "action.name", "resource.type", "resource.id"]
)
@pytest.mark.parametrize("path", BOTH)
def test_a_missing_member_is_400_and_named(untouched: Sidecar, path: str, field: str) -> None:
    """J5: every required member in turn."""
    request = asking()
    *holders, name = field.split(".")
    holder = request[holders[0]] if holders else request
    del holder[name]
    response = untouched.post(request, path)
    malformed(response, 400, "bad_request")
    assert f"`{name}`" in response.text


LONG = "x" * 129
NO_NAMES = [
    "",
    ".",
    "..",
    "*",
    "/",
    "a/b",
    "../etc/passwd",
    "a\\b",
    "a b",
    " a",
    "a ",
    "a%00",
    "%2e%2e",
    "a?x",
    "a;v=1",
    "a#b",
    "a\n",
    "{}",
    LONG,
]

# field of `asking`: texts that are no such identifier
IDENTIFIERS: dict[str, list[str]] = {
    "case": [
        *NO_NAMES,
        "C:1",
        "C{1}",
        "a,b",
        "a'b",
        'a"b',
        "<b>",
        "//admin",
        "/a/../b",
        "%2f",
        "C-1\r\nX: 1",
        "C|1",
        "C-1~",
        "😀",
    ],
    "item": [*NO_NAMES, "permit/", "p:ermit", "-permit", ".permit", "许可", "ｐｅｒｍｉｔ", "x" * 201],
    "acting_post": [*NO_NAMES, "front:clerk", "受理岗", ".clerk"],
    "region": [
        "",
        "6502",
        "65020",
        "6502000",
        "650200x",
        "六五零二零零",
        "６５０２００",
        " 650200",
        "650200 ",
        "650200\n",
        "*",
        "650200000000000",
        LONG,
    ],
}
PERSONS = [*NO_NAMES, "officer:clerk", "post:front.clerk", "clerk ", " clerk", "сlerk", "ｃｌｅｒｋ", "张三", "-clerk", "cle\trk"]
CODES = ("bad_identifier", "bad_field", "hidden_character")


@pytest.mark.parametrize(("field", "written"), [(field, text) for field, texts in IDENTIFIERS.items() for text in texts])
def test_an_identifier_of_another_form_is_400(untouched: Sidecar, field: str, written: str) -> None:
    """I3, I4, I5, I8, I9: closed alphabets and lengths; nothing is trimmed, folded or decoded."""
    response = untouched.post(asking(**{field: written}))
    malformed(response, 400, response.text.split(":")[0])
    assert response.text.split(":")[0] in CODES
    assert (untouched.entries(), untouched.case().version) == ([], 0)


@pytest.mark.parametrize("person", PERSONS)
def test_a_person_of_another_form_is_400(untouched: Sidecar, person: str) -> None:
    """I1: what looks like an officer's identifier is not one."""
    response = untouched.post(asking(person))
    malformed(response, 400, response.text.split(":")[0])
    assert response.text.split(":")[0] in CODES
    assert untouched.entries() == []


@pytest.mark.parametrize(
    ("subject_type", "person"),
    [
        ("officer", "Clerk"),
        ("officer", "CLERK"),
        ("officer", "front.clerk"),
        ("officer", "clerk."),
        ("post", "front.clerk"),
        ("user", "clerk"),
        ("Officer", "clerk"),
        ("officer:", "clerk"),
        ("post", "post:front.clerk"),
        ("role", "*"),
    ],
)
def test_only_the_officer_has_the_officers_power(sidecar: Sidecar, subject_type: str, person: str) -> None:
    """I1, I2: neither another spelling nor a post, role or user of the same name can accept what the clerk accepts."""
    answer = sidecar.answer(asking(person, subject_type=subject_type))
    assert (answer["decision"], answer["context"]["code"]) == (False, "NO_POWER")
    sidecar.allowed(asking("clerk"))


@pytest.mark.parametrize("region", ["650200", "650200001", "650200001002"])
def test_regions_of_six_nine_and_twelve_digits_are_regions(sidecar: Sidecar, region: str) -> None:
    """City, street and community lie within the item's region."""
    sidecar.allowed(asking(region=region))


# facts: (the object, the code)
FACTS: dict[str, tuple[Any, str]] = {
    "long text": ({"amount": "1" * 129}, "bad_field"),
    "empty text": ({"amount": ""}, "bad_field"),
    "fraction": ({"amount": 99.5}, "bad_facts"),
    "null": ({"amount": None}, "bad_facts"),
    "list": ({"amount": [100]}, "bad_facts"),
    "capital": ({"Amount": 100}, "bad_facts"),
    "empty name": ({"": 1}, "bad_facts"),
    "name with a dash": ({"fire-check": True}, "bad_facts"),
    "Chinese name": ({"金额": 1}, "bad_facts"),
    "name like code": ({"__class__": 1}, "bad_facts"),
    "long name": ({"a" * 65: 1}, "bad_facts"),
    "65 facts": ({f"f{n}": n for n in range(65)}, "bad_facts"),
    "a list of names": (["amount"], "bad_facts"),
    "beyond 2^53": ({"amount": 2**53}, "int_range"),
}


@pytest.mark.parametrize(("facts", "code"), FACTS.values(), ids=FACTS)
def test_facts_are_whole_numbers_booleans_and_text_under_plain_names(untouched: Sidecar, facts: Any, code: str) -> None:
    """Anything else is 400, also beside a fact that is right."""
    malformed(untouched.post(asking(facts=facts)), 400, code)
    assert untouched.entries() == []


EVIDENCE: dict[str, Any] = {
    "a number": {"drawings": 1},
    "null": {"drawings": None},
    "a list of numbers": [1],
    "a list in a list": [["drawings"]],
    "capital": ["Drawings"],
    "Chinese name": {"图纸": "x"},
    "65 pieces": [f"e{n}" for n in range(65)],
    "text": "drawings",
}


@pytest.mark.parametrize("evidence", EVIDENCE.values(), ids=EVIDENCE)
def test_evidence_is_names_with_text(untouched: Sidecar, evidence: Any) -> None:
    """A list of names, or names with references; nothing else."""
    malformed(untouched.post(asking(evidence=evidence)), 400, "bad_evidence")


@pytest.mark.parametrize("intent", ["Question", "EXERCISE", "ask", "exercise ", "co-sign", "delete", "询问"])
def test_an_unknown_intent_is_400(untouched: Sidecar, intent: str) -> None:
    """What is neither act, question nor signature is not guessed; the answer lists what there is."""
    response = untouched.post(asking(intent=intent))
    malformed(response, 400, "bad_intent")
    assert all(known in response.text for known in ("exercise", "question", "co_sign"))
    assert untouched.case().version == 0


@pytest.mark.parametrize("outcome", ["Grant", "REFUSE", "refused", "approve", "grant ", "准予", "true"])
def test_an_unknown_outcome_is_400(untouched: Sidecar, outcome: str) -> None:
    """A refusal spelt otherwise must not pass as none: it would need no reason and would close nothing."""
    response = untouched.post(asking("deputy", "decide", outcome=outcome))
    malformed(response, 400, "bad_outcome")
    assert all(known in response.text for known in ("grant", "refuse"))
    assert untouched.case().version == 0


BOUNDED = [(name, LONG) for name in ("step", "subject_type", "resource_type", "party", "level", "outcome", "channel")]
NEEDED = [(name, "") for name in ("step", "subject_type", "resource_type")]


@pytest.mark.parametrize(("field", "written"), BOUNDED + NEEDED)
def test_text_is_bounded(untouched: Sidecar, field: str, written: str) -> None:
    """Free text in any known field has at most 128 characters, and types and names at least one."""
    malformed(untouched.post(asking(**{field: written})), 400, "bad_field")
    assert untouched.entries() == []


def test_the_longest_identifiers_are_taken(sidecar: Sidecar) -> None:
    """128 characters are not one too many."""
    answer = sidecar.answer(asking("x" * 128, case="C" * 128, party="p" * 128, channel="c" * 128))
    assert (answer["decision"], answer["context"]["case"]["id"]) == (False, "C" * 128)
    assert sidecar.answer(ACCEPT)["decision"] is True
