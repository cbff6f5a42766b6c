"""Acts guarded in code: a FastAPI dependency before the real sidecar, and functions that run only on a clear allow."""

import asyncio
import json
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Request
from pydantic import ValidationError

from adapters.client import AsyncClient, Client, ClientError
from adapters.enforcement import fastapi, functions
from adapters.enforcement.decider import HttpDecider
from adapters.enforcement.functions import NotDoneError, RefusedError
from adapters.storage.memory import MemoryStore
from sidecar.errors import SettingsError
from tests.client.asking import Script
from tests.enforcement.chain import AS_JSON, IN_JSON, OFFICER, Sidecar, call, denying, real_sidecar
from tests.enforcement.test_applications import outcomes
from tests.enforcement.test_verdicts import FAULTS, NO_DECISION

FOOD = "cn-xk-food-business-licence"
BODY = {"applicant": "applicant-1", "only_prepackaged_food": False, "edible_farm_produce": False}
ADDRESS = "http://127.0.0.1:8181"


def guarded(decider: HttpDecider, fulfils: set[str] | None = None, *, install: bool = True, observe: bool = False) -> FastAPI:
    app = FastAPI()
    acts = fastapi.Acts({"header": "X-Officer"}, decider, fulfils, observe=observe)
    facts = {name: {"json": name} for name in ("only_prepackaged_food", "edible_farm_produce")}
    step = acts.step(FOOD, "accept", case={"path": "case"}, party={"json": "applicant"}, facts=facts)

    @app.post("/licences/{case}/accept")
    async def accept(case: str, request: Request, act: Annotated[fastapi.Act, step]) -> dict[str, Any]:
        told = await request.json()
        if told.get("fault") == "wrong":
            raise HTTPException(409, "not now")
        if told.get("fault") == "broken":
            raise HTTPException(500, "broken")
        return {"case": case, "told": told, "decision": act.decision_id, "observed": act.observed}

    if install:
        acts.install(app)
    return app


def decider(end: Any) -> HttpDecider:
    transport = end if isinstance(end, httpx.AsyncBaseTransport) else httpx.ASGITransport(app=end)
    return HttpDecider(httpx.AsyncClient(transport=transport, base_url=ADDRESS))


def send(app: FastAPI, body: dict[str, Any], *headers: tuple[str, str]) -> Any:
    return call(app, "POST", "/licences/BH-1/accept", IN_JSON, AS_JSON, *headers, body=json.dumps(body).encode())


def test_the_dependency_before_the_real_sidecar() -> None:
    """A clerk's acceptance reaches the endpoint with its body and its decision; a reviewer's does not; both are recorded."""
    store = MemoryStore()
    app = guarded(decider(real_sidecar(store)))
    refused = send(app, BODY, ("X-Officer", "o-1006"))
    assert (refused.status, refused.json["code"]) == (403, "NO_POWER")
    allowed = send(app, BODY, OFFICER)
    assert (allowed.status, allowed.json["told"]) == (200, BODY)
    assert allowed.json["decision"]
    assert outcomes(store) == ["decision", "decision", "outcome"]


@pytest.mark.parametrize(("fault", "reported"), [("", ["performed"]), ("wrong", ["failed"]), ("broken", [])])
def test_what_the_application_answers_is_the_outcome(fault: str, reported: list[str]) -> None:
    sidecar = Sidecar()
    send(guarded(decider(sidecar)), {**BODY, "fault": fault}, OFFICER)
    assert [result for _, result in sidecar.reports] == reported


def test_a_dependency_that_is_not_installed_lets_nobody_in() -> None:
    sidecar = Sidecar()
    with pytest.raises(SettingsError, match="not guarded"):
        send(guarded(decider(sidecar), install=False), BODY, OFFICER)
    assert sidecar.questions == []


def test_an_obligation_nobody_sees_to_refuses() -> None:
    allow = {"decision": True, "context": {"decision_id": "d-1", "obligations": [{"id": "n", "type": "notify"}]}}
    answer = send(guarded(decider(Sidecar([(200, allow)])), set()), BODY, OFFICER)
    assert (answer.status, answer.json["code"]) == (403, "OBLIGATION_UNMET")
    assert send(guarded(decider(Sidecar([(200, allow)])), {"notify"}), BODY, OFFICER).status == 200


def test_nobody_is_refused_before_anything_is_asked() -> None:
    sidecar = Sidecar()
    assert send(guarded(decider(sidecar)), BODY).status == 401
    assert sidecar.questions == []


def test_a_step_that_says_nonsense_is_refused_when_the_application_is_made() -> None:
    acts = fastapi.Acts({"header": "X-Officer"}, decider(Sidecar()))
    with pytest.raises(ValidationError):
        acts.step(FOOD, "accept", case={"path": "case", "query": "case"})
    with pytest.raises(ValidationError):
        fastapi.Acts({}, decider(Sidecar()))


UNTIL = {"until": "2026-12-31"}


def test_a_dependency_that_observes_lets_an_observed_refusal_through_and_tells_it() -> None:
    """The endpoint, the client and the sidecar know; nothing is reported of what nobody allowed."""
    sidecar = denying(code="NO_POWER", observed=UNTIL)
    answer = send(guarded(decider(sidecar), observe=True), BODY, OFFICER)
    assert (answer.status, answer.values("x-quanheng-observed")) == (200, ["NO_POWER; until=2026-12-31"])
    assert (answer.json["decision"], answer.json["observed"]) == ("d-2", "NO_POWER; until=2026-12-31")
    assert (sidecar.questions[0]["context"]["observe"], sidecar.reports) == (True, [])
    assert send(guarded(decider(sidecar)), BODY, OFFICER).status == 403
    assert send(guarded(decider(denying(code="NO_POWER")), observe=True), BODY, OFFICER).status == 403


SIZE = {"size": "size"}


class Ran:
    """Guarded functions, blocking and not, that remember what they did."""

    def __init__(
        self, script: Script, officer: str = "o-1001", fulfils: tuple[str, ...] = ("notify",), *, observe: bool = False
    ) -> None:
        self.script, self.done = script, list[str]()
        blocking = Client(httpx.Client(transport=httpx.MockTransport(script), base_url=ADDRESS))
        on_loop = AsyncClient(httpx.AsyncClient(transport=httpx.MockTransport(script), base_url=ADDRESS))

        guard, guard_on_loop = (
            functions.Acts(client, lambda: officer, fulfils, observe=observe).step("an-item", "do", case="case", facts=SIZE)
            for client in (blocking, on_loop)
        )

        @guard
        def do(case: str, size: int = 3, fault: Exception | None = None) -> str:
            return self._do(f"{case} {size}", fault)

        @guard_on_loop
        async def do_on_loop(case: str, size: int = 3, fault: Exception | None = None) -> str:
            return self._do(f"{case} {size}", fault)

        self._blocking, self._on_loop = do, do_on_loop

    def _do(self, case: str, fault: Exception | None) -> str:
        if fault:
            raise fault
        self.done.append(case)
        return f"done {case}"

    def __call__(self, kind: str, *args: Any, **kwargs: Any) -> str:
        return self._blocking(*args, **kwargs) if kind == "blocking" else asyncio.run(self._on_loop(*args, **kwargs))

    def reports(self) -> list[str]:
        sent = [json.loads(request.content) for request in self.script.requests if request.url.path.endswith("/outcome")]
        return [report["result"] for report in sent]


ALLOW = httpx.Response(200, json={"decision": True, "context": {"decision_id": "d-1", "obligations": [{"type": "notify"}]}})
each_kind = pytest.mark.parametrize("kind", ["blocking", "on a loop"])


@each_kind
def test_an_allowed_function_runs_and_is_reported(kind: str) -> None:
    ran = Ran(Script(ALLOW))
    assert ran(kind, "T-1") == "done T-1 3"
    asked = json.loads(ran.script.requests[0].content)
    assert (asked["subject"]["id"], asked["resource"]["id"], asked["context"]["facts"]) == ("o-1001", "T-1", {"size": 3})
    assert ran.reports() == ["performed"]


@each_kind
@pytest.mark.parametrize("said", NO_DECISION)
def test_what_is_no_decision_runs_nothing(kind: str, said: str) -> None:
    body = NO_DECISION[said]
    ran = Ran(Script(httpx.Response(200, content=body if isinstance(body, bytes) else json.dumps(body))))
    with pytest.raises(ClientError):
        ran(kind, "T-1")
    assert ran.done == []


@each_kind
@pytest.mark.parametrize("fault", FAULTS)
def test_a_sidecar_that_cannot_be_asked_runs_nothing(kind: str, fault: str) -> None:
    ran = Ran(Script(FAULTS[fault]))
    with pytest.raises(ClientError):
        ran(kind, "T-1")
    assert ran.done == []


@each_kind
def test_a_refused_function_raises_with_the_decision(kind: str) -> None:
    told = {"decision_id": "d-2", "code": "NO_POWER", "reason": {"zh": "无权", "en": "no power"}}
    ran = Ran(Script(httpx.Response(200, json={"decision": False, "context": told})))
    with pytest.raises(RefusedError, match="NO_POWER: no power") as refused:
        ran(kind, "T-1")
    assert refused.value.decision is not None
    assert ran.done == ran.reports() == []


OBSERVED = {"decision_id": "d-2", "code": "NO_POWER", "observed": UNTIL}


@each_kind
@pytest.mark.parametrize("fault", [None, NotDoneError("no paper")])
def test_a_function_that_is_observed_runs_and_nothing_is_reported(kind: str, fault: Exception | None) -> None:
    ran = Ran(Script(httpx.Response(200, json={"decision": False, "context": OBSERVED})), observe=True)
    if fault:
        with pytest.raises(NotDoneError):
            ran(kind, "T-1", fault=fault)
    else:
        assert ran(kind, "T-1") == "done T-1 3"
    assert json.loads(ran.script.requests[0].content)["context"]["observe"] is True
    assert ran.reports() == []


@each_kind
@pytest.mark.parametrize(
    ("observe", "told"),
    [
        (False, OBSERVED),
        (True, {"decision_id": "d-2", "code": "NO_POWER"}),
        (True, {**OBSERVED, "decision_id": ""}),  # not recorded
        (True, {**OBSERVED, "observed": True}),
        (True, {**OBSERVED, "observed": {"until": ""}}),
    ],
)
def test_only_a_recorded_observed_refusal_runs_a_function(kind: str, observe: bool, told: dict[str, Any]) -> None:
    ran = Ran(Script(httpx.Response(200, json={"decision": False, "context": told})), observe=observe)
    with pytest.raises(RefusedError):
        ran(kind, "T-1")
    assert ran.done == []


@each_kind
def test_an_obligation_nobody_sees_to_is_not_observed_away(kind: str) -> None:
    allow = {"decision_id": "d-1", "observed": UNTIL, "obligations": [{"type": "other"}]}
    ran = Ran(Script(httpx.Response(200, json={"decision": True, "context": allow})), observe=True)
    with pytest.raises(RefusedError, match="OBLIGATION_UNMET"):
        ran(kind, "T-1")
    assert ran.done == []


@each_kind
@pytest.mark.parametrize(("officer", "case", "fulfils"), [("", "T-1", ("notify",)), ("o-1", "", ("notify",)), ("o-1", "T-1", ())])
def test_nobody_no_case_or_an_unmet_obligation_runs_nothing(kind: str, officer: str, case: str, fulfils: tuple[str, ...]) -> None:
    ran = Ran(Script(ALLOW), officer, fulfils)
    with pytest.raises(RefusedError):
        ran(kind, case)
    assert ran.done == []


@each_kind
@pytest.mark.parametrize(("fault", "reported"), [(NotDoneError("no paper"), ["failed"]), (ValueError("?"), [])])
def test_only_what_is_certainly_not_done_is_reported_as_failed(kind: str, fault: Exception, reported: list[str]) -> None:
    ran = Ran(Script(ALLOW))
    with pytest.raises(type(fault)):
        ran(kind, "T-1", fault=fault)
    assert ran.reports() == reported


def test_a_function_that_cannot_be_guarded_so_is_refused_at_once() -> None:
    acts = functions.Acts(Client.at(), lambda: "o-1", ())
    with pytest.raises(TypeError, match="no argument case"):
        acts.step("an-item", "do", case="case")(lambda thing: thing)
    with pytest.raises(TypeError, match="no such value"):
        acts.step("an-item", "do", case="case", partei="x")

    async def on_loop(case: str) -> str:
        return case

    with pytest.raises(TypeError, match="AsyncClient"):
        acts.step("an-item", "do", case="case")(on_loop)
    with pytest.raises(TypeError, match="blocking"):
        functions.Acts(AsyncClient.at(), lambda: "o-1", ()).step("an-item", "do", case="case")(lambda case: case)


def test_a_denial_is_not_reported() -> None:
    sidecar = denying(code="NO_POWER")
    send(guarded(decider(sidecar)), BODY, OFFICER)
    assert sidecar.reports == []
