"""A food licence from the window to the notice board: example system, proxy, real sidecar, shipped policies and personnel."""

import importlib.util
import json
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from adapters.enforcement.routes import match_route, read_routes
from adapters.storage.memory import MemoryStore
from sidecar.http_api.guard import Receive, Scope, Send
from tests.enforcement.chain import EXAMPLE, call, proxy, real_sidecar
from tests.enforcement.wire import Answer, Chained

ROUTES = (EXAMPLE / "routes.yaml").read_text("utf-8")
PUBLISH = """  - method: POST
    path: "/licences/{case}/publish"
    item: cn-xk-food-business-licence
    step: publish
    case: {path: case}
"""
APPLICATION = {"applicant": "applicant-1", "only_prepackaged_food": False, "edible_farm_produce": False}
GRANT = {"result": "grant"}

CLERK, REVIEWER, CHECKER, SECOND_CHECKER, HEAD = "o-1001", "o-1002", "o-1003", "o-1004", "o-1005"
REVIEWER_AND_HEAD, DISCLOSURE_CLERK, FORMER_HEAD, NOBODY = "o-1006", "o-1007", "o-1008", "o-9999"

Act = tuple[str, str, dict[str, Any] | None]  # officer, last part of the address, body

ACCEPTED: list[Act] = [(CLERK, "accept", APPLICATION)]
REVIEWED: list[Act] = [*ACCEPTED, (REVIEWER, "review", None)]
REVIEWED_BY_HEAD: list[Act] = [*ACCEPTED, (REVIEWER_AND_HEAD, "review", None)]
CO_SIGNED: list[Act] = [*REVIEWED, (CHECKER, "site-check/co-sign", None)]
CHECKED: list[Act] = [*CO_SIGNED, (SECOND_CHECKER, "site-check", None)]
DECIDED: list[Act] = [*CHECKED, (HEAD, "decide", GRANT)]
LIFE: list[Act] = [*DECIDED, (CLERK, "issue", None), (DISCLOSURE_CLERK, "publish", None)]


def example_app() -> FastAPI:
    """A new copy of the example system, with no case in it."""
    spec = importlib.util.spec_from_file_location("food_licence_app", EXAMPLE / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    app: FastAPI = module.app
    return app


@dataclass
class Office:
    """One system, one record, one proxy between them. `arrived` is what reached the system."""

    routes: str = ROUTES
    app: FastAPI = field(default_factory=example_app)
    store: MemoryStore = field(default_factory=MemoryStore)
    arrived: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.proxy: Chained = proxy(self._system, real_sidecar(self.store), self.routes)

    async def _system(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.arrived.append(f"{scope['method']} {scope['path']}")
        await self.app(scope, receive, send)

    def act(self, act: Act, *headers: tuple[str, str], case: str = "L-1") -> Answer:
        officer, address, content = act
        asked = [("X-Officer", officer), ("Accept", "application/json"), *headers]
        body = b"" if content is None else json.dumps(content).encode()
        if body:
            asked.append(("Content-Type", "application/json"))
        return call(self.proxy, "POST", f"/licences/{case}/{address}", *asked, body=body)

    def after(self, acts: list[Act]) -> "Office":
        for act in acts:
            assert self.act(act).status in {200, 201}, act
        self.arrived.clear()
        return self

    def done(self, case: str = "L-1") -> list[tuple[str, str]]:
        """Officer and act, as the system itself remembers them."""
        sheet = call(self.proxy, "GET", f"/licences/{case}").json
        return [(note["officer"], note["act"]) for note in sheet["done"]]

    def recorded(self, kind: str) -> list[dict[str, Any]]:
        entries = [msgspec.json.decode(entry.body) for entry in self.store.reader.entries]
        return [entry for entry in entries if entry["kind"] == kind]


def test_a_whole_life_is_carried_out_and_recorded() -> None:
    """Seven acts of six officers reach the system in order; each has one decision on record, and its outcome."""
    office = Office(routes=ROUTES + PUBLISH)

    @office.app.post("/licences/{case}/publish")
    def publish(case: str) -> dict[str, str]:
        return {"published": case}

    for act in LIFE:
        answer = office.act(act)
        assert answer.status in {200, 201}, answer.text
        assert len(answer.values("x-quanheng-decision")) == 1
    assert office.arrived == [f"POST /licences/L-1/{address}" for _, address, _ in LIFE]
    assert office.done() == [
        (CLERK, "accept"),
        (REVIEWER, "review"),
        (CHECKER, "site check co-signed"),
        (SECOND_CHECKER, "site check"),
        (HEAD, "decide: grant"),
        (CLERK, "issue"),
    ]
    steps = ["accept", "review", "site", "site", "decide", "issue", "publish"]
    decisions, outcomes = office.recorded("decision"), office.recorded("outcome")
    assert [(entry["action"]["step"], entry["decision"]) for entry in decisions] == [(step, "allow") for step in steps]
    assert [entry["decision_id"] for entry in outcomes] == [entry["decision_id"] for entry in decisions]
    assert {entry["result"] for entry in outcomes} == {"performed"}
    assert {entry["channel"] for entry in decisions} == {"reverse-proxy"}
    assert "applicant-1" not in str(decisions)


def test_the_licence_may_be_given_without_a_site_check() -> None:
    """The site check is optional in this item; nobody is made to wait for it."""
    office = Office().after(REVIEWED)
    assert office.act((HEAD, "decide", GRANT)).status == 200


OTHER_APPLICANT = {**APPLICATION, "applicant": "applicant-9"}

# name: what has been done, the act that is refused, code
REFUSED: dict[str, tuple[list[Act], Act, str]] = {
    "the reviewer decides": (REVIEWED_BY_HEAD, (REVIEWER_AND_HEAD, "decide", GRANT), "SAME_PERSON_PRIOR_STEP"),
    "the reviewer refuses": (
        REVIEWED_BY_HEAD,
        (REVIEWER_AND_HEAD, "decide", {"result": "refuse", "reason": "x"}),
        "SAME_PERSON_PRIOR_STEP",
    ),
    "one officer alone on site": (REVIEWED, (CHECKER, "site-check", None), "TOO_FEW_OFFICERS"),
    "the co-signer counts once": (CO_SIGNED, (CHECKER, "site-check", None), "TOO_FEW_OFFICERS"),
    "co-signing twice": (CO_SIGNED, (CHECKER, "site-check/co-sign", None), "STEP_ALREADY_DONE"),
    "co-signing without the post": (REVIEWED, (HEAD, "site-check/co-sign", None), "NO_POWER"),
    "the clerk decides": (REVIEWED, (CLERK, "decide", GRANT), "NO_POWER"),
    "the head accepts": ([], (HEAD, "accept", APPLICATION), "NO_POWER"),
    "nobody we know": ([], (NOBODY, "accept", APPLICATION), "NO_POWER"),
    "the head of last year": (REVIEWED, (FORMER_HEAD, "decide", GRANT), "POST_EXPIRED"),
    "review before acceptance": ([], (REVIEWER, "review", None), "STEP_OUT_OF_ORDER"),
    "decision before review": (ACCEPTED, (HEAD, "decide", GRANT), "STEP_OUT_OF_ORDER"),
    "issue before decision": (CHECKED, (CLERK, "issue", None), "STEP_OUT_OF_ORDER"),
    "accepted twice": (ACCEPTED, (CLERK, "accept", APPLICATION), "STEP_ALREADY_DONE"),
    "decided twice": (DECIDED, (HEAD, "decide", GRANT), "STEP_ALREADY_DONE"),
    "refusal without a reason": (REVIEWED, (HEAD, "decide", {"result": "refuse"}), "MISSING_REQUIREMENT"),
    "refusal with an empty reason": (REVIEWED, (HEAD, "decide", {"result": "refuse", "reason": ""}), "MISSING_REQUIREMENT"),
    # the system itself would take a missing result for a grant
    "decision without a result": (REVIEWED, (HEAD, "decide", {}), "MISSING_REQUIREMENT"),
    "decision without a body": (REVIEWED, (HEAD, "decide", None), "MISSING_REQUIREMENT"),
    "issue after a refusal": (
        [*REVIEWED, (HEAD, "decide", {"result": "refuse", "reason": "premises unfit"})],
        (CLERK, "issue", None),
        "STEP_OUT_OF_ORDER",
    ),
    "no licence needed": ([], (CLERK, "accept", {**APPLICATION, "only_prepackaged_food": True}), "OUT_OF_SCOPE"),
    "farm produce": ([], (CLERK, "accept", {**APPLICATION, "edible_farm_produce": True}), "OUT_OF_SCOPE"),
    "facts are missing": ([], (CLERK, "accept", {"applicant": "applicant-1"}), "MISSING_REQUIREMENT"),
    "the head's relative": (
        [(CLERK, "accept", OTHER_APPLICANT), (REVIEWER, "review", None)],
        (HEAD, "decide", GRANT),
        "RECUSAL",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_act_never_reaches_the_system(name: str) -> None:
    """403 with the code and the decision's number, the refusal is on record, the system neither saw nor did anything. 409 where
    another officer has only to sign."""
    before, act, code = REFUSED[name]
    office = Office().after(before)
    answer = office.act(act)
    assert (answer.status, answer.json["code"]) == (409 if code == "TOO_FEW_OFFICERS" else 403, code)
    assert office.arrived == []
    last = office.recorded("decision")[-1]
    assert (last["decision_id"], last["decision"], last["code"]) == (answer.json["decision_id"], "deny", code)
    assert len(office.recorded("outcome")) == len(before)


def test_after_the_reviewer_is_refused_another_head_decides() -> None:
    """The refusal stops a person, not the case."""
    office = Office().after(REVIEWED_BY_HEAD)
    assert office.act((REVIEWER_AND_HEAD, "decide", GRANT)).status == 403
    assert office.act((HEAD, "decide", GRANT)).status == 200
    assert office.done()[-1] == (HEAD, "decide: grant")


def test_an_act_waits_for_its_co_signature() -> None:
    """The refusal says what waits, who may sign and where; the same request passes once they have."""
    office = Office().after(REVIEWED)
    waiting = office.act((CHECKER, "site-check", None))
    held = waiting.json["held"]
    assert (waiting.status, held["item"], held["step"], held["case"]) == (409, "cn-xk-food-business-licence", "site", "L-1")
    assert waiting.json["remedy"]["posts"]
    method, path = held["at"].split(" ")
    signed = call(office.proxy, method, path, ("X-Officer", SECOND_CHECKER))
    assert (signed.status, office.act((CHECKER, "site-check", None)).status) == (200, 200)
    assert office.arrived == ["POST /licences/L-1/site-check/co-sign", "POST /licences/L-1/site-check"]


def test_one_case_says_nothing_of_another() -> None:
    """Who reviewed one case may decide the next."""
    office = Office().after(REVIEWED_BY_HEAD)
    for act in REVIEWED:
        assert office.act(act, case="L-2").status in {200, 201}
    assert office.act((REVIEWER_AND_HEAD, "decide", GRANT), case="L-2").status == 200


@pytest.mark.parametrize(
    ("post", "status"),
    [("approval.licence_reviewer", 200), ("approval.licence_section_head", 403), ("approval.window_clerk", 403)],
)
def test_who_holds_two_posts_acts_through_one(post: str, status: int) -> None:
    """The acting post is read from its header: only the post that holds the step helps."""
    office = Office().after(ACCEPTED)
    assert office.act((REVIEWER_AND_HEAD, "review", None), ("X-Acting-Post", post)).status == status
    assert len(office.arrived) == (status == 200)


def test_what_the_system_refuses_does_not_count() -> None:
    """A body that the system does not understand (422) is a failed act; the right one then goes through."""
    office = Office().after(REVIEWED)
    assert office.act((HEAD, "decide", {"result": "grant", "reason": 5})).status == 422
    assert office.recorded("outcome")[-1]["result"] == "failed"
    assert office.act((HEAD, "decide", GRANT)).status == 200
    assert office.done()[-1] == (HEAD, "decide: grant")


@pytest.mark.parametrize(
    ("act", "case"),
    [
        ((HEAD, "decide", {"result": "maybe"}), "L-1"),
        ((HEAD, "decide", {"result": "grant "}), "L-1"),
        (("head of section", "decide", GRANT), "L-1"),
        ((HEAD, "decide", GRANT), "L%201"),
        ((HEAD, "decide", GRANT), "L%3A1"),
    ],
    ids=["another result", "a blank at the end", "officer that is no identifier", "case with a blank", "case with a colon"],
)
def test_what_the_sidecar_does_not_understand_never_reaches_the_system(act: Act, case: str) -> None:
    """A word that is no result, no officer or no case is the client's mistake (400, not "try again"), and is not forwarded."""
    office = Office().after(REVIEWED)
    assert office.act(act, case=case).status == 400
    assert office.arrived == []


def test_every_address_of_the_example_is_mapped_or_declared() -> None:
    """Each route of the example system has its line in the route file, and each line its route."""
    own = [route for route in example_app().routes if isinstance(route, APIRoute)]
    served = {(method, route.path) for route in own for method in route.methods or ()}
    routes = read_routes("routes.yaml", ROUTES.encode())
    assert len(served) == 8
    assert {(route.method, route.path) for route in routes.routes} == served
    for method, path in served:
        matched = match_route(routes, method, path.replace("{case}", "L-1"))
        assert matched is not None
        assert matched.route.path == path


def test_the_pages_of_the_framework_are_not_served() -> None:
    """What the example's framework adds of itself stands in no route file, so nobody gets it."""
    office = Office()
    own = [route.path for route in office.app.routes if not isinstance(route, APIRoute)]  # type: ignore[attr-defined]
    assert {"/docs", "/openapi.json"} <= set(own)
    for path in own:
        assert call(office.proxy, "GET", path, ("Accept", "application/json")).json["code"] == "UNMAPPED_ROUTE"
    assert office.arrived == []


def test_reading_is_not_asked_about() -> None:
    """What is declared not to be a power is forwarded without a decision and leaves no entry."""
    office = Office().after(ACCEPTED)
    entries = len(office.store.reader.entries)
    assert call(office.proxy, "GET", "/licences").json == {"cases": ["L-1"]}
    assert call(office.proxy, "GET", "/licences/L-2").status == 404
    assert len(office.store.reader.entries) == entries
