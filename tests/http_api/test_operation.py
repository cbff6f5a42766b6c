"""What operators look at: alive, ready, counters, the description of the interface, and answers beside the known paths."""

import asyncio
import hashlib
import re
from html import escape
from pathlib import Path

import httpx
import jsonschema
import pytest

from adapters.storage.memory import MemoryStore
from adapters.storage.sqlite import SqliteStore
from sidecar import __version__
from sidecar.decision.policy import PolicySnapshot
from sidecar.errors import StoreError
from sidecar.ports.records import Commit, Committed, Replayed
from sidecar.ports.telling import Then
from sidecar.service.authorize import Standing
from tests.http_api.calling import ACCEPT, AUTHORIZE, BOTH, REVIEW, Body, Sidecar, asking, to
from tests.samples import EVERYONE, MODEL, SNAPSHOT, compiled, policy_files

OPEN = ("/healthz", "/readyz", "/metrics", "/openapi.json")
IN_MEMORY = "the record is kept in memory and will be lost 记录仅在内存中"
WITHOUT_TOKENS = "insecure: callers on loopback need no token 本机调用不验证令牌"


def ready(sidecar: Sidecar) -> tuple[int, Body]:
    response = sidecar.get("/readyz", caller="")
    return response.status_code, response.json()


def counted(sidecar: Sidecar) -> dict[str, float]:
    """Counters that are not zero, without times."""
    lines = sidecar.get("/metrics", caller="").text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if re.match(r"quanheng_\w+_(total|count)\b", line))
    return {name: float(value) for name, value in pairs if float(value)}


# -- alive and ready ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", OPEN)
def test_operators_need_no_token(sidecar: Sidecar, path: str) -> None:
    """Health, counters and description are open, echo the identifier, and are no reading of the record."""
    response = sidecar.send(httpx.Request("GET", f"http://127.0.0.1:8181{path}", headers={"x-request-id": "r-1"}))
    assert (response.status_code, response.headers["x-request-id"]) == (200, "r-1")
    assert sidecar.entries() == []


def test_the_process_answers_whatever_happened_to_the_record(sidecar: Sidecar) -> None:
    """Alive is not ready: a restart does not mend a disk."""
    assert isinstance(sidecar.store, MemoryStore)
    sidecar.store.break_with("the disk is full")
    response = sidecar.get("/healthz", caller="")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_names_what_is_served(durable: Sidecar) -> None:
    """Policy digest, number of items and version; a durable record and known callers need no warning."""
    status, answer = ready(durable)
    assert status == 200
    assert answer == {
        "ready": True,
        "failure": "",
        "warnings": [],
        "policy": SNAPSHOT.digest,
        "items": len(SNAPSHOT.items),
        "version": __version__,
    }


@pytest.mark.parametrize("insecure", [False, True])
@pytest.mark.parametrize("on_disk", [False, True])
def test_what_is_less_safe_is_said(tmp_path: Path, insecure: bool, on_disk: bool) -> None:
    """A record in memory and callers without tokens are named, each for itself; ready all the same."""
    store = SqliteStore(tmp_path / "data") if on_disk else MemoryStore()
    status, answer = ready(Sidecar(store, insecure=insecure))
    asyncio.run(store.close())
    assert (status, answer["ready"]) == (200, True)
    assert answer["warnings"] == [WITHOUT_TOKENS] * insecure + [IN_MEMORY] * (not on_disk)


def test_a_year_without_calendar_is_said() -> None:
    """The deadlines it tells may still move; ready all the same."""
    files = policy_files()
    files["calendar/2025.yaml"] = files.pop("calendar/2026.yaml").replace(b"2026", b"2025")
    built, sidecar = compiled(files), Sidecar()
    assert not any("working days" in told for told in ready(sidecar)[1]["warnings"])
    policy = PolicySnapshot.of_build(model=MODEL, policy=built.policy, manifest=built.files["compiled/manifest.json"])
    sidecar.authorizer.swap(Standing(policy, EVERYONE))
    status, answer = ready(sidecar)
    assert (status, answer["ready"]) == (200, True)
    assert answer["warnings"][-1].startswith("the working days of 2026 are not known: quanheng calendar fill 2026")


def test_a_failed_record_is_not_ready(sidecar: Sidecar) -> None:
    """503 with the reason, from the failure on."""
    assert ready(sidecar)[0] == 200
    assert isinstance(sidecar.store, MemoryStore)
    sidecar.store.break_with("the record could not be made durable: disk full")
    status, answer = ready(sidecar)
    assert (status, answer["ready"], answer["failure"]) == (503, False, "the record could not be made durable: disk full")


def test_a_failed_commit_on_the_disk_is_not_ready(durable: Sidecar) -> None:
    """A3: the commit that fails refuses its caller and every later one, and /readyz says so until a restart."""
    assert isinstance(durable.store, SqliteStore)
    durable.allowed(ACCEPT)
    durable.store._connection.execute("ALTER TABLE entries RENAME TO gone")
    lost = durable.answer(asking(case="C-2"))["context"]["code"]
    durable.store._connection.execute("ALTER TABLE gone RENAME TO entries")
    later = durable.answer(asking(case="C-3"))["context"]["code"]
    status, answer = ready(durable)
    assert (lost, later, status, answer["ready"]) == ("LOG_UNAVAILABLE", "LOG_UNAVAILABLE", 503, False)
    assert "could not be made durable" in answer["failure"]


def test_an_unreadable_record_says_nothing_of_its_place(durable: Sidecar, tmp_path: Path) -> None:
    """A reader is told that the record cannot be read, not where on the machine it lies."""
    (tmp_path / "data" / "record.sqlite3").unlink()
    response = durable.get("/v1/decisions")
    assert response.status_code == 503
    assert str(tmp_path) not in response.text


# -- counters ----------------------------------------------------------------------------------------------------------


def test_answers_are_counted_by_decision_and_code(sidecar: Sidecar) -> None:
    """Both paths count alike, a replayed answer again and as replayed; each answer is timed."""
    sidecar.post(ACCEPT, BOTH[0], request_id="r-1")
    sidecar.post(ACCEPT, BOTH[1], request_id="r-1")
    sidecar.allowed(REVIEW)
    sidecar.answer(REVIEW)
    sidecar.answer(asking("nobody"))
    assert counted(sidecar) == {
        'quanheng_decisions_total{code="ALLOWED",decision="allow"}': 3,
        'quanheng_decisions_total{code="STEP_ALREADY_DONE",decision="deny"}': 1,
        'quanheng_decisions_total{code="NO_POWER",decision="deny"}': 1,
        "quanheng_replayed_total": 1,
        "quanheng_decision_seconds_count": 5,
    }


def test_a_lost_record_is_counted() -> None:
    """LOG_UNAVAILABLE is an answer like any other, and the first that an operator should see."""

    class Full(MemoryStore):
        def submit(self, _: Commit, then: Then[Committed | Replayed]) -> None:
            asyncio.get_running_loop().call_soon(then, StoreError("disk full"))

    sidecar = Sidecar(Full())
    sidecar.answer(ACCEPT)
    assert counted(sidecar)['quanheng_decisions_total{code="LOG_UNAVAILABLE",decision="deny"}'] == 1


# request → the reason it is counted under
REJECTED: dict[str, tuple[httpx.Request, str]] = {
    "no token": (to(AUTHORIZE, ACCEPT, caller=""), "unauthenticated"),
    "not allowed to ask": (to(AUTHORIZE, ACCEPT, caller="auditor"), "forbidden"),
    "no JSON": (to(AUTHORIZE, b"{"), "bad_json"),
    "a bad field": (to(AUTHORIZE, asking(facts={"amount": 1.5})), "bad_facts"),
    "another content type": (to(AUTHORIZE, ACCEPT, headers={"content-type": "text/plain"}), "content_type"),
    "too large": (to(AUTHORIZE, b" " * 65_537), "too_large"),
    "a content coding": (to(AUTHORIZE, ACCEPT, headers={"content-encoding": "gzip"}), "content_coding"),
    "too many headers": (to(AUTHORIZE, ACCEPT, more=[(f"x-{n}", "") for n in range(64)]), "headers_too_large"),
    "a repeated header": (to(AUTHORIZE, ACCEPT, request_id="a", more=[("x-request-id", "b")]), "repeated_header"),
}


@pytest.mark.parametrize(("request_", "reason"), REJECTED.values(), ids=REJECTED)
def test_refused_requests_are_counted_by_reason(sidecar: Sidecar, request_: httpx.Request, reason: str) -> None:
    """They are no decisions and are not timed."""
    assert sidecar.send(request_).status_code != 200
    assert counted(sidecar) == {f'quanheng_rejected_total{{reason="{reason}"}}': 1}


def test_a_conflicting_identifier_is_counted_as_refused(sidecar: Sidecar) -> None:
    """The second act is no decision."""
    sidecar.post(ACCEPT, request_id="r-1")
    sidecar.post(REVIEW, request_id="r-1")
    assert counted(sidecar)['quanheng_rejected_total{reason="idempotency_conflict"}'] == 1


def test_counters_hold_no_names(sidecar: Sidecar) -> None:
    """A6: a hundred officers, cases, items and steps of nobody's making leave as many lines as one."""

    def lines() -> int:
        return len(sidecar.get("/metrics", caller="").text.splitlines())

    sidecar.answer(asking("o-0", "step-0", case="case-0", item="item-0"))
    before = lines()
    sidecar.together(*[to(AUTHORIZE, asking(f"o-{n}", f"step-{n}", case=f"case-{n}", item=f"item-{n}")) for n in range(100)])
    text = sidecar.get("/metrics", caller="").text
    assert lines() == before
    assert not re.search(r"o-\d|step-\d|case-\d|item-\d|portal", text)


def test_counters_are_prometheus_text(sidecar: Sidecar) -> None:
    """Content type and form as scrapers expect them."""
    response = sidecar.get("/metrics", caller="")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert all(re.match(r"# (HELP|TYPE) |[a-z_]+(\{[^}]*\})? [-+0-9.e]+$", line) for line in response.text.splitlines())


# -- the description ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", BOTH)
def test_the_description_holds_the_decision_paths(sidecar: Sidecar, path: str) -> None:
    """Request schema, example, answer and errors; the example is of the form the schema asks for, and is understood."""
    document = sidecar.get("/openapi.json", caller="").json()
    operation = document["paths"][path]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    schema = {**content["schema"], "components": document["components"]}
    answered = {**operation["responses"]["200"]["content"]["application/json"]["schema"], "components": document["components"]}
    for example in content["examples"].values():
        jsonschema.Draft202012Validator(schema).validate(example["value"])
        jsonschema.Draft202012Validator(answered).validate(sidecar.answer(example["value"], path))
    assert operation["requestBody"]["required"] is True
    assert {"200", "400", "401", "403", "409"} <= operation["responses"].keys()
    assert operation["operationId"] != document["paths"][({*BOTH} - {path}).pop()]["post"]["operationId"]


@pytest.mark.parametrize("body", [{}, {"subject": "clerk"}, {**ACCEPT, "action": {"name": 5}}, {**ACCEPT, "context": []}])
def test_the_description_refuses_what_the_service_refuses(sidecar: Sidecar, body: Body) -> None:
    """The schema is that of the decoder itself."""
    document = sidecar.get("/openapi.json", caller="").json()
    schema = document["paths"][AUTHORIZE]["post"]["requestBody"]["content"]["application/json"]["schema"]
    validator = jsonschema.Draft202012Validator({**schema, "components": document["components"]})
    assert not validator.is_valid(body)
    assert sidecar.post(body).status_code == 400
    assert validator.is_valid(ACCEPT)


def test_the_description_holds_every_documented_path(sidecar: Sidecar) -> None:
    """What the reference page lists is there, each with a summary."""
    document = sidecar.get("/openapi.json", caller="").json()
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert described == {
        *((path, "post") for path in BOTH),
        ("/v1/decisions/{decision_id}/outcome", "post"),
        ("/v1/decisions", "get"),
        ("/v1/log/totals", "get"),
        ("/v1/decisions/{decision_id}", "get"),
        ("/v1/cases/{case_id}", "get"),
        ("/v1/officers/{person}/powers", "get"),
        ("/access/v1/evaluations", "post"),
        ("/access/v1/search/subject", "post"),
        ("/access/v1/search/resource", "post"),
        ("/access/v1/search/action", "post"),
        ("/.well-known/authzen-configuration", "get"),
        ("/healthz", "get"),
        ("/readyz", "get"),
        ("/metrics", "get"),
    }
    assert all(operation["summary"] for methods in document["paths"].values() for operation in methods.values())


def test_the_description_names_the_errors_that_are_answered(sidecar: Sidecar) -> None:
    """Malformed is 400 with plain text everywhere; 422 with JSON is answered nowhere and promised nowhere."""
    paths = sidecar.get("/openapi.json", caller="").json()["paths"]
    promised = {path: set(operation["responses"]) for path, methods in paths.items() for operation in methods.values()}
    assert not [path for path, statuses in promised.items() if "422" in statuses]
    assert {"408", "413", "415", "431"} <= promised[AUTHORIZE]


def test_the_description_does_not_change(sidecar: Sidecar) -> None:
    """Asked twice, and of another service, it is the same."""
    texts = [sidecar.get("/openapi.json", caller="").content for sidecar in (sidecar, sidecar, Sidecar())]
    assert len({hashlib.sha256(text).hexdigest() for text in texts}) == 1


# -- beside the known paths --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/decisions", "/healthz/", "/HEALTHZ", "/admin", "/access/v1/evaluations/", "/.env"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
def test_an_unknown_path_is_404(untouched: Sidecar, path: str, method: str) -> None:
    """Plain text, no redirect, the identifier echoed."""
    response = untouched.send(httpx.Request(method, f"http://127.0.0.1:8181{path}", headers={"x-request-id": "r-1"}))
    assert (response.status_code, response.headers["x-request-id"]) == (404, "r-1")
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text in ("not_found: nothing is served here, see /docs", "")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE", "PUT"])
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/v1/decisions", "/v1/cases/C-1"])
def test_a_method_that_is_not_there_is_405(untouched: Sidecar, path: str, method: str) -> None:
    """The answer names the method there is; nothing is read or shown, with a token too."""
    headers = to(AUTHORIZE, ACCEPT, caller="auditor").headers
    response = untouched.send(
        httpx.Request(method, f"http://127.0.0.1:8181{path}", headers={"authorization": headers["authorization"]})
    )
    assert (response.status_code, response.headers["allow"]) == (405, "GET")
    assert response.text in ("method_not_allowed: use GET", "")
    assert untouched.entries() == []


def test_the_page_of_the_interface_needs_no_other_host(sidecar: Sidecar) -> None:
    """On an intranet the page is whole: no script, nothing loaded from elsewhere, and a browser is told to load nothing."""
    response = sidecar.get("/docs", caller="")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.search(r"(?i)://|src\s*=|<script|<link|<iframe|url\(|@import", response.text)
    assert {link for link in re.findall(r'href="([^"]*)"', response.text) if not link.startswith("#")} == {"openapi.json"}


def test_the_page_of_the_interface_tells_all_of_it(sidecar: Sidecar) -> None:
    """Every path, parameter, answer and schema of the description, and every link on the page has its target."""
    page, described = sidecar.get("/docs", caller="").text, sidecar.get("/openapi.json", caller="").json()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert f"<code>{method.upper()} {path}</code></h2>" in page
            assert all(f"<td><code>{parameter['name']}</code></td>" in page for parameter in operation.get("parameters", []))
    for name in described["components"]["schemas"]:
        assert f">{name}</h2>" in page
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(re.findall(r' id="([^"]*)"', page))
    assert "BH-2026-000318" in page
    for response in described["components"]["responses"].values():
        assert escape(response["description"]) in page
    assert sidecar.get("/redoc", caller="").status_code == 404


@pytest.mark.parametrize("path", [*BOTH, "/v1/decisions", "/healthz"])
def test_no_other_origin_is_invited(untouched: Sidecar, path: str) -> None:
    """A browser's preflight gets no permission: the service is for systems, not for pages."""
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    response = untouched.send(httpx.Request("OPTIONS", f"http://127.0.0.1:8181{path}", headers=headers))
    assert response.status_code == 405
    assert not [name for name in response.headers if name.startswith("access-control")]
