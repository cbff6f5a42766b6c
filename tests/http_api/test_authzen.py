"""OpenID AuthZEN Authorization API 1.0, access evaluation: its own schemas, and the cases of its certification scenario."""

import copy
import json
from collections.abc import Callable
from typing import Any

import httpx
import jsonschema
import pytest

from tests.http_api.calling import ACCEPT, BOTH, DECIDE, REVIEW, Body, Sidecar, asking, bearer, malformed, to
from tests.real_data import real_data

Validator = jsonschema.Draft202012Validator


def schema(name: str) -> Validator:
    loaded = json.loads(real_data("authzen", f"evaluation-{name}.schema.json").read_text("utf-8"))
    Validator.check_schema(loaded)
    return Validator(loaded)


@pytest.fixture(scope="module")
def requests() -> Validator:
    return schema("request")


@pytest.fixture(scope="module")
def responses() -> Validator:
    return schema("response")


ALICE: Body = {
    "subject": {"type": "user", "id": "alice"},
    "action": {"name": "read"},
    "resource": {"type": "record", "id": "record-1", "properties": {"status": "active"}},
}
ASKED: dict[str, Body] = {
    "allow": ACCEPT,
    "deny": asking("reviewer"),
    "question": asking(intent="question"),
    "signature": asking("checker", "site", intent="co_sign"),
    "unknown item": asking(item="nothing"),
    "no item": asking(item=None),
    "the scenario's alice": ALICE,
    "bare members": {
        "subject": {"type": "officer", "id": "clerk"},
        "action": {"name": "accept"},
        "resource": {"type": "case", "id": "C"},
    },
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("path", BOTH)
def test_requests_and_answers_have_the_form_of_the_standard(
    sidecar: Sidecar, requests: Validator, responses: Validator, path: str, asked: Body
) -> None:
    """What the schema of requests takes is answered with what the schema of responses takes: 200, JSON, an object."""
    requests.validate(asked)
    response = sidecar.post(asked, path)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    answer = response.json()
    responses.validate(answer)
    assert type(answer["decision"]) is bool


def test_the_examples_of_the_schema_are_understood(sidecar: Sidecar, requests: Validator, responses: Validator) -> None:
    """The standard's own example asks for something nobody here holds: a deny, not an error."""
    assert isinstance(requests.schema, dict)
    (example,) = requests.schema["examples"]
    answer = sidecar.answer({**example, "subject": {**example["subject"], "id": "alice"}})
    responses.validate(answer)
    assert answer["decision"] is False


def test_a_whole_case_speaks_the_standard(sidecar: Sidecar, responses: Validator) -> None:
    """Allows and denies of a case from first to last step."""
    for asked, decision in ((ACCEPT, True), (DECIDE, False), (REVIEW, True), (DECIDE, True), (DECIDE, False)):
        answer = sidecar.answer(asked)
        responses.validate(answer)
        assert answer["decision"] is decision


def without(*path: str) -> Callable[[Body], None]:
    def change(request: Body) -> None:
        holder: Any = request
        for name in path[:-1]:
            holder = holder[name]
        del holder[path[-1]]

    return change


def with_(value: Any, *path: str) -> Callable[[Body], None]:
    def change(request: Body) -> None:
        holder: Any = request
        for name in path[:-1]:
            holder = holder[name]
        holder[path[-1]] = value

    return change


# the scenario's malformed requests: T5 (missing), and values of another type
BROKEN: dict[str, Callable[[Body], None]] = {
    "subject missing": without("subject"),
    "action missing": without("action"),
    "resource missing": without("resource"),
    "subject.type missing": without("subject", "type"),
    "subject.id missing": without("subject", "id"),
    "action.name missing": without("action", "name"),
    "resource.type missing": without("resource", "type"),
    "resource.id missing": without("resource", "id"),
    "subject is text": with_("alice", "subject"),
    "subject is a list": with_([], "subject"),
    "action is text": with_("read", "action"),
    "resource is null": with_(None, "resource"),
    "action.name is a number": with_(123, "action", "name"),
    "subject.id is a number": with_(7, "subject", "id"),
    "subject.type is null": with_(None, "subject", "type"),
    "resource.id is a fraction": with_(1.5, "resource", "id"),
    "resource.type is an object": with_({}, "resource", "type"),
    "subject.properties is a list": with_([], "subject", "properties"),
    "action.properties is text": with_("x", "action", "properties"),
    "resource.properties is null": with_(None, "resource", "properties"),
    "context is text": with_("now", "context"),
    "context is a list": with_([1], "context"),
    "context is null": with_(None, "context"),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("path", BOTH)
def test_what_the_schema_refuses_is_400_with_a_plain_string(
    untouched: Sidecar, requests: Validator, path: str, change: Callable[[Body], None]
) -> None:
    """T5, T8: a missing or mistyped member is never a deny, never coerced, and the body of the error is text."""
    request = copy.deepcopy(ACCEPT)
    assert requests.is_valid(request)
    change(request)
    assert not requests.is_valid(request)
    response = untouched.post(request, path, request_id="r-1")
    malformed(response, 400, "bad_request")
    assert response.headers["x-request-id"] == "r-1"


# T6: members nobody knows, at every level
UNKNOWN: dict[str, Callable[[Body], None]] = {
    "top": with_({"nested": [1, {"deep": True}]}, "extension"),
    "top, null": with_(None, "extension"),
    "options of a batch": with_({"evaluations_semantic": "deny_on_first_deny"}, "options"),
    "an empty batch": with_([], "evaluations"),
    "subject": with_("x", "subject", "extra"),
    "subject.properties": with_("Sales", "subject", "properties", "department"),
    "subject.properties of the network": with_("172.217.22.14", "subject", "properties", "ip_address"),
    "action": with_(5, "action", "extra"),
    "action.properties": with_("GET", "action", "properties", "method"),
    "resource": with_([], "resource", "extra"),
    "resource.properties": with_({"title": "AuthZEN in Action"}, "resource", "properties", "library_record"),
    "a time without seconds": with_("2025-06-27T18:03-07:00", "context", "time"),
    "context, null": with_(None, "context", "extra"),
}


@pytest.mark.parametrize("change", UNKNOWN.values(), ids=UNKNOWN)
@pytest.mark.parametrize("asked", [asking(intent="question"), asking("reviewer", intent="question")], ids=["allow", "deny"])
def test_unknown_members_are_ignored(sidecar: Sidecar, requests: Validator, asked: Body, change: Callable[[Body], None]) -> None:
    """T6: the answer is that of the request without them."""
    plain, extended = sidecar.answer(asked), copy.deepcopy(asked)
    change(extended)
    assert requests.is_valid(extended)
    answer = sidecar.answer(extended)
    assert plain["context"].pop("decision_id") != answer["context"].pop("decision_id")
    assert answer == plain


@pytest.mark.parametrize("name", ["properties", "context"])
def test_optional_members_may_be_left_out(sidecar: Sidecar, name: str) -> None:
    """Properties and context are optional; what is then unknown is a deny."""
    request = copy.deepcopy(asking(intent="question"))
    for holder in (request, *(request[entity] for entity in ("subject", "action", "resource"))):
        holder.pop(name, None)
    assert sidecar.answer(request)["decision"] is False


def test_the_order_of_members_does_not_matter(sidecar: Sidecar) -> None:
    """T7: turned round at every level, it is the same request."""

    def turned(value: Any) -> Any:
        return {key: turned(child) for key, child in reversed(value.items())} if isinstance(value, dict) else value

    first = sidecar.post(ACCEPT, request_id="r-1")
    second = sidecar.post(turned(ACCEPT), request_id="r-1")
    assert list(turned(ACCEPT)) == list(reversed(ACCEPT))
    assert second.content == first.content


@pytest.mark.parametrize(
    "request_",
    [
        httpx.Request("POST", "http://127.0.0.1:8181/access/v1/evaluation", content=b"", headers=bearer("portal")),
        to(BOTH[1], b""),
        to(BOTH[1], b'{"subject":'),
        to(BOTH[1], b"subject=alice&action=read"),
        to(BOTH[1], b"[]"),
        to(BOTH[1], ACCEPT, headers={"content-type": "text/plain"}),
        to(BOTH[1], ACCEPT, headers={"content-type": "application/x-www-form-urlencoded"}),
        to(BOTH[1], ACCEPT, headers={"content-type": None}),
    ],
    ids=["empty, no type", "empty", "cut off", "a form", "a list", "text/plain", "form type", "no type"],
)
def test_what_is_no_json_object_is_400(untouched: Sidecar, request_: httpx.Request) -> None:
    """T2: wrong content type, malformed or empty body; not 415, not 422."""
    response = untouched.send(request_)
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("text/plain")
    assert untouched.entries() == []


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (to(BOTH[1], ACCEPT, request_id="bfe9eb29-ab87-4ca3-be83-a1d5d8305716"), 200),
        (to(BOTH[1], asking("nobody"), request_id="bfe9eb29-ab87-4ca3-be83-a1d5d8305716"), 200),
        (to(BOTH[1], b"{}", request_id="bfe9eb29-ab87-4ca3-be83-a1d5d8305716"), 400),
        (to(BOTH[1], ACCEPT, caller="", request_id="bfe9eb29-ab87-4ca3-be83-a1d5d8305716"), 401),
        (to(BOTH[1], ACCEPT, caller="auditor", request_id="bfe9eb29-ab87-4ca3-be83-a1d5d8305716"), 403),
        (to("/access/v2/evaluations", ACCEPT, request_id="bfe9eb29-ab87-4ca3-be83-a1d5d8305716"), 404),
        (to(BOTH[1], b" " * 70_000, request_id="bfe9eb29-ab87-4ca3-be83-a1d5d8305716"), 413),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_the_request_identifier_comes_back_with_every_status(sidecar: Sidecar, request_: httpx.Request, status: int) -> None:
    """T10: on answers and on errors alike, once and unchanged."""
    response = sidecar.send(request_)
    assert response.status_code == status
    assert response.headers.get_list("x-request-id") == ["bfe9eb29-ab87-4ca3-be83-a1d5d8305716"]


def test_the_request_identifier_comes_back_with_a_failure_too() -> None:
    """T10: 500 included, with text that says nothing of the inside."""
    sidecar = Sidecar()
    sidecar.authorizer.clock = None  # type: ignore[assignment]  # whatever breaks inside
    response = sidecar.post(ACCEPT, BOTH[1], request_id="r-1")
    malformed(response, 500, "internal")
    assert response.headers["x-request-id"] == "r-1"


# rules 1 to 8 of the scenario's fixture, in a service whose power list knows neither subjects nor resources of these types
SCENARIO: list[tuple[str, str, str, Body]] = [
    ("alice", "read", "record-1", {}),
    ("alice", "write", "record-1", {}),
    ("bob", "read", "record-1", {}),
    ("bob", "write", "record-1", {}),
    ("alice", "write", "record-2", {"resource": {"status": "archived"}}),
    ("bob", "write", "record-2", {"subject": {"role": "admin"}, "resource": {"status": "archived"}}),
    ("alice", "delete", "record-1", {"action": {"soft": True}}),
    ("alice", "delete", "record-1", {"action": {"soft": False}}),
]


@pytest.mark.parametrize(("person", "action", "record", "properties"), SCENARIO)
def test_a_deny_is_200(
    sidecar: Sidecar, requests: Validator, responses: Validator, person: str, action: str, record: str, properties: Body
) -> None:
    """T4: no power on the list is no error; the answer says deny, and it is recorded."""
    asked: Body = {
        "subject": {"type": "user", "id": person, "properties": properties.get("subject", {})},
        "action": {"name": action, "properties": properties.get("action", {})},
        "resource": {"type": "record", "id": record, "properties": properties.get("resource", {})},
    }
    requests.validate(asked)
    answer = sidecar.answer(asked, BOTH[1])
    responses.validate(answer)
    assert (answer["decision"], answer["context"]["code"]) == (False, "NO_POWER")
    assert [entry["decision"] for entry in sidecar.entries()] == ["deny"]


def test_the_same_question_has_the_same_answer(sidecar: Sidecar) -> None:
    """The scenario's idempotency: asking again, with and without an identifier, does not change the decision."""
    question = asking(intent="question")
    answers = [sidecar.answer(question, BOTH[1], request_id=name) for name in (None, None, "r-1", "r-1", "r-2")]
    assert {answer["decision"] for answer in answers} == {True}
    assert answers[2] == answers[3] != answers[4]
