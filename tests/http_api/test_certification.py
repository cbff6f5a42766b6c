"""The certification scenario of OpenID AuthZEN 1.0 at all its levels, over HTTP; `tests/e2e` runs it over HTTPS as well."""

import json
from typing import Any

import httpx
import pytest

from tests.http_api.calling import Plain, malformed, to
from tests.http_api.certification import (
    BATCH,
    BATCHES,
    DECISIONS,
    MALFORMED,
    READS,
    SEARCH,
    SEARCHES,
    SINGLE,
    SINGLES_IN_BATCH,
    Batched,
    Body,
    Searched,
    certified_policy,
)

WELL_KNOWN = "/.well-known/authzen-configuration"


@pytest.fixture(scope="module")
def plain() -> Plain:
    return Plain(certified_policy())


def answered(response: httpx.Response) -> Any:
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json"), response.text
    answer = response.json()
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize("case", DECISIONS.values(), ids=DECISIONS)
def test_single_decisions(plain: Plain, case: tuple[Body, bool]) -> None:
    """Basic, core and properties."""
    body, decision = case
    answer = answered(plain.send(to(SINGLE, body)))
    assert answer["decision"] is decision
    assert isinstance(answer.get("context", {}), dict)


@pytest.mark.parametrize("case", BATCHES.values(), ids=BATCHES)
def test_batches(plain: Plain, case: Batched) -> None:
    """Batch, core and properties: as many answers as questions, in their order, each a boolean, and none at the top."""
    answer = answered(plain.send(to(BATCH, case.body)))
    assert answer.keys() == {"evaluations"}
    decisions = [item["decision"] for item in answer["evaluations"]]
    assert len(decisions) == len(case.decisions)
    assert all(type(decision) is bool for decision in decisions)
    assert all(expected in (None, decision) for expected, decision in zip(case.decisions, decisions, strict=True))


@pytest.mark.parametrize("body", SINGLES_IN_BATCH.values(), ids=SINGLES_IN_BATCH)
def test_a_batch_of_none_is_a_single_evaluation(plain: Plain, body: Body) -> None:
    """The decision at the top, and no array."""
    answer = answered(plain.send(to(BATCH, body)))
    assert answer["decision"] is True
    assert "evaluations" not in answer


@pytest.mark.parametrize("case", SEARCHES.values(), ids=SEARCHES)
def test_searches(plain: Plain, case: Searched) -> None:
    """Search, core and properties: entities of the searched kind only, of the type asked for, no more and no fewer."""
    answer = answered(plain.send(to(SEARCH + case.kind, case.body)))
    key = "name" if case.kind == "action" else "id"
    assert {result[key] for result in answer["results"]} == case.found
    assert all(result.keys() == ({"name"} if key == "name" else {"type", "id"}) for result in answer["results"])
    assert key == "name" or {result["type"] for result in answer["results"]} <= {case.body[case.kind]["type"]}
    assert isinstance(answer["page"]["next_token"], str)


@pytest.mark.parametrize("case", [case for case in SEARCHES.values() if "page" not in case.body])
def test_every_result_evaluates_to_allow(plain: Plain, case: Searched) -> None:
    """And what is not a result does not, among the names of the fixture."""
    found = {json.dumps(result) for result in plain.send(to(SEARCH + case.kind, case.body)).json()["results"]}
    named: dict[str, list[Body]] = {
        "subject": [{"type": case.body["subject"]["type"], "id": name} for name in ("alice", "bob", "nobody")],
        "action": [{"name": name} for name in ("read", "write", "delete", "destroy")],
        "resource": [{"type": case.body["resource"]["type"], "id": f"record-{n}"} for n in (1, 2)],
    }
    for entity in named[case.kind]:
        whole = {**case.body, case.kind: {**case.body.get(case.kind, {}), **entity}}
        assert plain.send(to(SINGLE, whole)).json()["decision"] is (json.dumps(entity) in found), entity


def test_pages(plain: Plain) -> None:
    """4.5.2: the token without the limit; the last page has an empty one."""
    body = SEARCHES["4.5.1 with a limit"].body
    first = answered(plain.send(to(f"{SEARCH}subject", body)))
    assert (first["page"]["count"], bool(first["page"]["next_token"])) == (1, True)
    second = answered(plain.send(to(f"{SEARCH}subject", {**body, "page": {"token": first["page"]["next_token"]}})))
    assert [result["id"] for result in second["results"]] == ["bob"]
    assert second["page"]["next_token"] == ""


@pytest.mark.parametrize("case", MALFORMED.values(), ids=MALFORMED)
def test_malformed_requests(plain: Plain, case: tuple[str, Body]) -> None:
    """2.4, 3.4 and 4.7: 400 with a plain string, never a deny."""
    path, body = case
    response = plain.send(to(path, body, request_id="r-400"))
    malformed(response, 400, response.text.split(":")[0])
    assert response.headers["x-request-id"] == "r-400"


@pytest.mark.parametrize("path", [SINGLE, BATCH, *(f"{SEARCH}{kind}" for kind in ("subject", "resource", "action"))])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (json.dumps(READS).encode(), "text/plain"),
        (json.dumps(READS).encode(), "application/json; charset=gbk"),
        (json.dumps(READS).encode(), None),
    ],
)
def test_what_is_no_json_is_400(plain: Plain, path: str, content: bytes, kind: str | None) -> None:
    """2.4.3 to 2.4.5, on every endpoint."""
    assert plain.send(to(path, content, headers={"content-type": kind})).status_code == 400


def test_the_same_question_has_the_same_answer(plain: Plain) -> None:
    """2.6."""
    assert {plain.send(to(SINGLE, READS)).json()["decision"] for _ in range(5)} == {True}


@pytest.mark.parametrize(
    ("semantic", "actions", "decisions"),
    [
        ("execute_all", ["read", "write", "read"], [True, False, True]),
        ("deny_on_first_deny", ["read", "write", "read"], [True, False]),
        ("deny_on_first_deny", ["read", "read"], [True, True]),
        ("deny_on_first_deny", [5, "read"], [False]),
        ("permit_on_first_permit", ["read", "write"], [True]),
        ("permit_on_first_permit", ["write", 5, "read", "write"], [False, False, True]),
        ("permit_on_first_permit", ["write", "write"], [False, False]),
    ],
)
def test_a_batch_ends_where_its_semantic_says(plain: Plain, semantic: str, actions: list[Any], decisions: list[bool]) -> None:
    """The standard's three semantics: an error counts as a deny; what comes behind the end is neither answered nor decided."""
    before = len(plain.entries())
    body = {
        "subject": {"type": "user", "id": "bob"},
        "resource": READS["resource"],
        "options": {"evaluations_semantic": semantic},
    }
    answer = answered(plain.send(to(BATCH, {**body, "evaluations": [{"action": {"name": name}} for name in actions]})))
    assert [item["decision"] for item in answer["evaluations"]] == decisions
    assert len(plain.entries()) - before == len([name for name in actions[: len(decisions)] if name != 5])


def test_an_item_that_is_none_says_why(plain: Plain) -> None:
    """As the error of a request of its own would have."""
    body = {
        **READS,
        "evaluations": [{"action": {"name": 5}}, "x", {"subject": None}, {"context": 5}, {"resource": {"type": "record"}}],
    }
    items = answered(plain.send(to(BATCH, body)))["evaluations"]
    assert [item["decision"] for item in items] == [False, False, False, False, True]
    assert [item["context"]["error"]["status"] for item in items[:4]] == [400] * 4
    assert items[0]["context"]["error"]["code"] == "bad_request"
    assert "name" in items[0]["context"]["error"]["message"]


def test_a_batch_is_bounded(plain: Plain) -> None:
    """Fifty questions, each with all its members, are answered; fifty-one are none."""
    whole = {**READS, "context": {f"c{n}": n for n in range(10)}}
    assert len(answered(plain.send(to(BATCH, {"evaluations": [whole] * 50})))["evaluations"]) == 50
    malformed(plain.send(to(BATCH, {"evaluations": [whole] * 51})), 413, "too_many_evaluations")


def test_a_retried_batch_gets_the_first_answers(plain: Plain) -> None:
    """Each item under the request's identifier with its number; another act under it is an error of that item."""
    body = {**READS, "evaluations": [{}, {"action": {"name": "write"}}]}
    first, again = plain.send(to(BATCH, body, request_id="batch-1")), plain.send(to(BATCH, body, request_id="batch-1"))
    assert first.content == again.content
    assert first.headers["x-request-id"] == "batch-1"
    assert [entry["request_id"] for entry in plain.entries()][-2:] == ["batch-1/1", "batch-1/2"]
    other = plain.send(to(BATCH, {**READS, "evaluations": [{"action": {"name": "write"}}]}, request_id="batch-1")).json()
    assert other["evaluations"][0]["decision"] is False
    assert other["evaluations"][0]["context"]["error"]["status"] == 409


def test_metadata(plain: Plain) -> None:
    """6: what is promised is there, and the address is the one it was asked under."""
    response = plain.send(httpx.Request("GET", f"http://127.0.0.1:8181{WELL_KNOWN}"))
    base = "http://127.0.0.1:8181"
    assert answered(response) == {
        "policy_decision_point": base,
        "access_evaluation_endpoint": f"{base}{SINGLE}",
        "access_evaluations_endpoint": f"{base}{BATCH}",
        **{f"search_{kind}_endpoint": f"{base}{SEARCH}{kind}" for kind in ("subject", "resource", "action")},
    }
    assert response.headers["cache-control"] == "public, max-age=3600"


@pytest.mark.parametrize(
    ("base", "path"),
    [("https://pdp.example.com", ""), ("https://pdp.example.com/", ""), ("https://pdp.example.com/tenant1", "/tenant1")],
)
def test_metadata_of_a_named_address(base: str, path: str) -> None:
    """Behind a gateway the settings say the address; a path in it stands behind the well-known one."""
    plain = Plain(certified_policy(), base_url=base)
    document = answered(plain.send(httpx.Request("GET", f"http://127.0.0.1:8181{WELL_KNOWN}{path}")))
    assert document["policy_decision_point"] == base.rstrip("/")
    assert all(url.startswith("https://pdp.example.com") for url in document.values())


def test_metadata_that_is_not_known_is_404() -> None:
    """On a Unix socket nobody can guess the URL; the answer says which setting it needs."""
    response = Plain(certified_policy(), uds="/run/quanheng.sock").send(httpx.Request("GET", f"http://localhost{WELL_KNOWN}"))
    malformed(response, 404, "not_found")
    assert "base_url" in response.text


def test_only_what_is_mapped_can_be_searched() -> None:
    """A policy that looks at a whole subject has no names to list: no path, no promise."""
    rules = "[request_definition]\nr = sub, obj, act\n[policy_definition]\np = obj, act\n[policy_effect]\n"
    rules += "e = some(where (p.eft == allow))\n[matchers]\nm = r.sub.age > 18 && r.obj == p.obj && r.act == p.act\n"
    plain = Plain.of(rules, "p, file, read\n", sub="subject.properties")
    document = plain.send(httpx.Request("GET", f"http://127.0.0.1:8181{WELL_KNOWN}")).json()
    assert {"search_resource_endpoint", "search_action_endpoint"} < document.keys()
    assert "search_subject_endpoint" not in document
    assert plain.send(to(f"{SEARCH}subject", READS)).status_code == 404
