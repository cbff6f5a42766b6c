"""AuthZEN searches over HTTP: every result evaluates to allow, pages are whole, malformed ones are told."""

import base64
import re
from typing import Any

import httpx
import pytest

from sidecar.service.state_token import StateTokens
from tests.http_api.calling import ACCEPT, REVIEW, Sidecar, asking, to
from tests.samples import EVERYONE

PEOPLE = ("all", "checker", "clerk", "deputy", "head", "reviewer")


def search(sidecar: Sidecar, kind: str, body: Any, caller: str = "portal") -> httpx.Response:
    return sidecar.send(to(f"/access/v1/search/{kind}", body, caller=caller))


def results(response: httpx.Response) -> list[dict[str, str]]:
    assert response.status_code == 200, response.text
    found: list[dict[str, str]] = response.json()["results"]
    return found


def question(step: str, *, item: str = "permit") -> dict[str, Any]:
    body = asking("clerk", step)
    body["context"] = {"facts": {"amount": 100}, "evidence": ["drawings"]}
    body["action"]["properties"] = {"outcome": "grant"}
    assert body["resource"]["properties"]["item"] == item
    return body


def test_who_may_do_the_next_step() -> None:
    """Asked on a case that has been accepted and reviewed: who may decide, and that is who evaluates to allow."""
    sidecar = Sidecar()
    sidecar.allowed(ACCEPT, REVIEW)
    body = question("decide")
    found = results(search(sidecar, "subject", {**body, "subject": {"type": "officer"}}))
    allowed = [
        p
        for p in PEOPLE
        if sidecar.answer(
            {**body, "subject": {"type": "officer", "id": p}, "context": {**body["context"], "intent": "question"}}
        )["decision"]
    ]
    assert [entry["id"] for entry in found] == allowed
    assert {"deputy", "head"} <= set(allowed)
    assert {entry["type"] for entry in found} == {"officer"}


def test_what_may_be_done_on_a_case() -> None:
    """The steps open to one officer now."""
    sidecar = Sidecar()
    sidecar.allowed(ACCEPT)
    body = {name: part for name, part in question("accept").items() if name != "action"}
    for person, steps in (("reviewer", ["review"]), ("clerk", []), ("head", ["hear"])):
        found = results(search(sidecar, "action", {**body, "subject": {"type": "officer", "id": person}}))
        assert [entry["name"] for entry in found] == steps


def test_which_items_an_officer_may_begin() -> None:
    """Items as resources; each evaluates to allow as a resource of that type."""
    sidecar = Sidecar()
    body = {"subject": {"type": "officer", "id": "head"}, "action": {"name": "file"}, "resource": {"type": "item"}}
    found = results(search(sidecar, "resource", body))
    assert found == [{"type": "item", "id": "fine"}]
    assert sidecar.answer({**body, "resource": found[0]})["decision"] is True
    assert sidecar.case().version == 0


@pytest.mark.parametrize("kind", ["subject", "resource"])
def test_a_searched_identifier_is_ignored(kind: str) -> None:
    """AuthZEN: present or not, it makes no difference."""
    sidecar = Sidecar()
    body = {"subject": {"type": "officer", "id": "head"}, "action": {"name": "file"}, "resource": {"type": "item", "id": "fine"}}
    with_id = {**body, kind: {**body[kind], "id": "whatever"}}
    without = {**body, kind: {"type": body[kind]["type"]}}
    assert results(search(sidecar, kind, with_id)) == results(search(sidecar, kind, without)) != []


def test_other_kinds_of_subjects_and_resources_hold_nothing() -> None:
    """A robot or a file is data like any other; there is nothing to find."""
    sidecar = Sidecar()
    assert results(search(sidecar, "subject", {**question("accept"), "subject": {"type": "robot"}})) == []
    body = {**question("accept"), "resource": {"type": "case"}}
    assert results(search(sidecar, "resource", body)) == []


def test_pages_are_the_whole_in_pieces() -> None:
    """Token by token, without the limit said again; the last page has an empty one."""
    sidecar = Sidecar()
    body = {**question("accept"), "subject": {"type": "officer"}}
    whole = results(search(sidecar, "subject", body))
    first = search(sidecar, "subject", {**body, "page": {"limit": 1}}).json()
    rest, token = list(first["results"]), first["page"]["next_token"]
    while token:
        page = search(sidecar, "subject", {**body, "page": {"token": token}}).json()
        rest, token = rest + page["results"], page["page"]["next_token"]
    assert rest == whole
    assert len(whole) == 2


@pytest.mark.parametrize(
    "page", [[], {"token": 5}, {"token": "x"}, {"token": "案"}, {"token": "e30="}, {"limit": -1}, {"limit": True}, {"limit": "9"}]
)
def test_a_malformed_page_is_400(page: Any) -> None:
    """A token nobody gave out, a limit that is none."""
    response = search(Sidecar(), "subject", {**question("accept"), "subject": {"type": "officer"}, "page": page})
    assert (response.status_code, response.text[:8]) == (400, "bad_page")


def test_a_token_belongs_to_its_question() -> None:
    """Another entity or another limit with the same token is an error."""
    sidecar = Sidecar()
    body = {**question("accept"), "subject": {"type": "officer"}}
    token = search(sidecar, "subject", {**body, "page": {"limit": 1}}).json()["page"]["next_token"]
    for changed in (
        {**question("review"), "subject": {"type": "officer"}, "page": {"token": token}},
        {**body, "page": {"token": token, "limit": 2}},
    ):
        assert search(sidecar, "subject", changed).status_code == 400
    assert search(sidecar, "subject", {**body, "page": {"token": token, "limit": 1}}).status_code == 200


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("subject", "action"),
        ("subject", "resource"),
        ("action", "subject"),
        ("action", "resource"),
        ("resource", "subject"),
        ("resource", "action"),
    ],
)
def test_a_missing_entity_is_400(kind: str, missing: str) -> None:
    """Everything but what is searched is required."""
    body = {name: part for name, part in question("accept").items() if name != missing}
    assert search(Sidecar(), kind, body).status_code == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"subject": 5}', b'{"a": 1, "a": 2}'])
def test_a_malformed_search_is_400(body: bytes) -> None:
    """As strict as an evaluation."""
    assert search(Sidecar(), "subject", body).status_code == 400


def test_searches_leave_nothing_behind() -> None:
    """They are questions: no entry, no act."""
    sidecar = Sidecar()
    search(sidecar, "subject", {**question("accept"), "subject": {"type": "officer"}})
    assert (sidecar.entries(), sidecar.case().version) == ([], 0)


def test_the_powers_of_an_officer_are_for_readers() -> None:
    """Item and step with their names, a page at a time; not for a caller who may only ask."""
    sidecar = Sidecar()
    answer = sidecar.get("/v1/officers/head/powers")
    assert answer.json() == {"powers": [{"item": "fine", "name": "示范处罚", "step": "file", "step_name": "立案"}], "next": ""}
    assert sidecar.get("/v1/officers/head/powers", caller="portal").status_code == 403
    assert sidecar.get("/v1/officers/nobody/powers").json() == {"powers": [], "next": ""}
    assert EVERYONE.holders("front.head", sidecar.clock.now().date()) == ("all", "head")


def test_callers_without_a_token_find_nothing() -> None:
    """The same door as for decisions."""
    assert search(Sidecar(), "subject", question("accept"), caller="").status_code == 401


def test_a_token_cannot_be_made_or_carried_off() -> None:
    """A MAC stands behind it: altered, cut, of another process, or sent by another caller it is none."""
    sidecar, other = Sidecar(), Sidecar()
    other.authorizer.tokens = StateTokens(b"o" * 32)
    body = {**question("accept"), "subject": {"type": "officer"}}
    token = search(sidecar, "subject", {**body, "page": {"limit": 1}}).json()["page"]["next_token"]
    said, _, mac = token.partition(".")
    forged = base64.urlsafe_b64encode(base64.urlsafe_b64decode(said).replace(b'"all"', b'"zzz"')).decode()
    for wrong in (f"{forged}.{mac}", said, f"{said}.", f".{mac}", f"{said}.{mac[:-1]}", f"{said}.{'0' * 32}", f"{token}="):
        assert search(sidecar, "subject", {**body, "page": {"token": wrong}}).text.startswith("bad_page: "), wrong
    assert search(sidecar, "subject", {**body, "page": {"token": token}}, caller="counter").status_code == 400
    assert search(sidecar, "subject", {**body, "page": {"token": token}}).status_code == 200


def test_the_last_page_says_so() -> None:
    """A page that is full and holds the last result names no further one."""
    sidecar = Sidecar()
    body = {**question("accept"), "subject": {"type": "officer"}}
    assert search(sidecar, "subject", {**body, "page": {"limit": 2}}).json()["page"] == {"next_token": "", "count": 2}


@pytest.mark.parametrize("kind", ["subject", "resource", "action"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/json; charset=gbk", None])
def test_another_content_type_is_400(kind: str, content_type: str | None) -> None:
    """As for evaluations."""
    request = to(f"/access/v1/search/{kind}", question("accept"), headers={"content-type": content_type})
    assert Sidecar().send(request).text.startswith("content_type: ")


def why(response: Any) -> str:
    """What an empty answer says in English."""
    answer = response.json()
    assert answer["results"] == []
    assert re.search("[\u4e00-\u9fff]", answer["context"]["reason"]["zh"])
    return str(answer["context"]["reason"]["en"])


def test_a_search_that_can_find_nothing_says_why() -> None:
    """An item, a step, a post or a kind that does not exist; what is merely refused now says nothing."""
    sidecar = Sidecar()
    officer = {"type": "officer", "id": "head"}
    unknown, unnamed = question("accept"), question("accept")
    unknown["resource"]["properties"]["item"] = "permitt"
    del unnamed["resource"]["properties"]["item"]
    assert why(search(sidecar, "subject", {**unknown, "subject": {"type": "officer"}})).startswith("Item 'permitt' is on no list")
    assert "has no step 'acept'" in why(search(sidecar, "subject", question("acept")))
    assert "resource.properties.item" in why(search(sidecar, "subject", unnamed))
    assert "resource.properties.item" in why(search(sidecar, "action", unnamed))
    nobody = {**question("accept"), "subject": {"type": "officer", "id": "nobody"}}
    assert why(search(sidecar, "action", nobody)).startswith("'nobody' holds no post today")
    items: dict[str, Any] = {"subject": officer, "resource": {"type": "item"}}
    assert "holds a step 'fly'" in why(search(sidecar, "resource", {**items, "action": {"name": "fly"}}))
    assert "officer as subject.type" in why(search(sidecar, "subject", {**question("accept"), "subject": {"type": "robot"}}))
    assert "item as resource.type" in why(search(sidecar, "resource", {**question("accept"), "resource": {"type": "case"}}))
    sidecar.allowed(ACCEPT)
    clerk = search(sidecar, "action", {**question("accept"), "subject": {"type": "officer", "id": "clerk"}}).json()
    assert clerk == {"results": [], "page": {"next_token": "", "count": 0}}


def test_a_question_without_an_item_is_told_to_name_it() -> None:
    """Of a case nobody has acted in; the empty name is not looked for on the list."""
    body = question("accept")
    del body["resource"]["properties"]["item"]
    answer = Sidecar().answer(body)
    assert (answer["decision"], answer["context"]["code"]) == (False, "NO_POWER")
    assert answer["context"]["reason"]["en"].startswith("No item is named")
    assert "''" not in answer["context"]["reason"]["en"]
    assert answer["context"]["rule"] == "AL-4"  # not that it is on no list: it is not known which
    assert "resource.properties.item" in answer["context"]["reason"]["zh"]
