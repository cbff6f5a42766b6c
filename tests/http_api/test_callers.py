"""Which system calls: who is let in, for what, and what is left behind by those who are not."""

import hashlib

import httpx
import pytest

from sidecar.http_api.callers import INSECURE_NAME
from tests.http_api.calling import ACCEPT, BOTH, CALLERS, Body, Sidecar, to, token_of

OUTCOME = "/v1/decisions/01J0000000000000000000000A/outcome"
READING = ("/v1/decisions", "/v1/decisions/01J0000000000000000000000A", "/v1/cases/C-1")

# Authorization header → nobody we know
STRANGERS: dict[str, str | None] = {
    "none": None,
    "empty": "",
    "wrong token": "Bearer wrong",
    "no token": "Bearer",
    "empty token": "Bearer ",
    "token alone": token_of("portal"),
    "basic": "Basic cG9ydGFsOnRva2VuLW9mLXBvcnRhbA==",
    "another scheme": f"Token {token_of('portal')}",
    "two spaces": f"Bearer  {token_of('portal')}",
    "something after": f"Bearer {token_of('portal')} x",
    "another case": f"Bearer {token_of('portal').upper()}",
    "the hash itself": f"Bearer {CALLERS['portal'].token_sha256}",
    "the name": "Bearer portal",
    "not ASCII": f"Bearer {token_of('portal')}\xe9",
}


def refused(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text.startswith(f"{code}: ")
    assert response.headers["x-request-id"] == "r-1"


@pytest.mark.parametrize("authorization", STRANGERS.values(), ids=STRANGERS)
@pytest.mark.parametrize("path", [*BOTH, OUTCOME])
def test_a_stranger_is_401_and_leaves_nothing(untouched: Sidecar, path: str, authorization: str | None) -> None:
    """Told how to authenticate, given the identifier back; no act and no entry."""
    body: Body = {"result": "performed"} if path == OUTCOME else ACCEPT
    headers = {"authorization": authorization, "x-request-id": "r-1"}
    response = untouched.send(to(path, body, caller="", headers=headers))
    refused(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"
    assert (untouched.entries(), untouched.case().version) == ([], 0)


def test_a_stranger_takes_no_identifier(sidecar: Sidecar) -> None:
    """The caller whose identifier it is can still use it."""
    assert sidecar.post(ACCEPT, caller="", request_id="r-1").status_code == 401
    assert sidecar.answer(ACCEPT, request_id="r-1")["decision"] is True


@pytest.mark.parametrize("authorization", STRANGERS.values(), ids=STRANGERS)
@pytest.mark.parametrize("path", READING)
def test_a_stranger_reads_nothing(untouched: Sidecar, path: str, authorization: str | None) -> None:
    """The record is closed to callers without a token, and their attempt is no reading."""
    headers = [(b"x-request-id", b"r-1"), *([(b"authorization", authorization.encode("latin-1"))] if authorization else [])]
    response = untouched.send(httpx.Request("GET", f"http://127.0.0.1:8181{path}", headers=headers))
    refused(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"
    assert untouched.entries() == []


@pytest.mark.parametrize("caller", ["auditor", "idle"])
@pytest.mark.parametrize("path", [*BOTH, OUTCOME])
def test_a_caller_that_may_not_ask_is_403(untouched: Sidecar, path: str, caller: str) -> None:
    """Reading is not asking: the caller is known and refused, and nothing is done."""
    body: Body = {"result": "performed"} if path == OUTCOME else ACCEPT
    refused(untouched.post(body, path, caller=caller, request_id="r-1"), 403, "forbidden")
    assert (untouched.entries(), untouched.case().version) == ([], 0)


@pytest.mark.parametrize("caller", ["portal", "idle"])
@pytest.mark.parametrize("path", READING)
def test_a_caller_that_may_not_read_is_403(sidecar: Sidecar, path: str, caller: str) -> None:
    """Asking is not reading: not even one's own decisions."""
    (context,) = sidecar.allowed(ACCEPT)
    headers = {"authorization": f"Bearer {token_of(caller)}", "x-request-id": "r-1"}
    own = path.replace("01J0000000000000000000000A", context["decision_id"])
    refused(sidecar.send(httpx.Request("GET", f"http://127.0.0.1:8181{own}", headers=headers)), 403, "forbidden")
    of_the_record = not path.startswith("/v1/officers")  # what was tried there is itself recorded
    assert [entry["kind"] for entry in sidecar.entries()] == ["decision", *["log_read"] * of_the_record]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(sidecar: Sidecar, scheme: str) -> None:
    """RFC 9110: the name of a scheme is case-insensitive."""
    assert sidecar.answer(ACCEPT, headers={"authorization": f"{scheme} {token_of('portal')}"})["decision"] is True


def test_each_caller_is_recorded_under_its_name(sidecar: Sidecar) -> None:
    """The entry names the calling system and its address, whatever headers claim about either."""
    lies = [("x-user", "head"), ("x-forwarded-for", "10.9.9.9"), ("forwarded", "for=10.9.9.9"), ("x-real-ip", "10.9.9.9")]
    sidecar.send(to(BOTH[0], ACCEPT, caller="counter", more=lies))
    entry = sidecar.entries()[0]
    assert (entry["caller"], entry["client_ip"], entry["subject"]["person"]) == ("counter", "192.0.2.7", "clerk")


@pytest.mark.parametrize(
    "lie",
    [
        ("x-user", "deputy"),
        ("x-remote-user", "deputy"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-original-url", "/healthz"),
        ("x-rewrite-url", "/healthz"),
        ("x-http-method-override", "GET"),
        ("x-forwarded-host", "evil.example"),
        ("cookie", "caller=auditor"),
    ],
    ids=lambda lie: lie[0],
)
def test_headers_that_other_systems_trust_change_nothing(sidecar: Sidecar, lie: tuple[str, str]) -> None:
    """T12: the decision is the same with and without them."""
    plain, lied = (sidecar.send(to(BOTH[0], {**ACCEPT, "context": {"intent": "question"}}, more=more)) for more in ((), (lie,)))
    first, second = plain.json(), lied.json()
    assert first["context"].pop("decision_id") != second["context"].pop("decision_id")
    assert (plain.status_code, first) == (lied.status_code, second)


def test_without_tokens_a_caller_has_a_name_that_says_so() -> None:
    """Insecure mode lets a request without a token ask and read, under a telling name."""
    sidecar = Sidecar(insecure=True)
    assert sidecar.answer(ACCEPT, caller="")["decision"] is True
    assert sidecar.get("/v1/decisions", caller="").status_code == 200
    assert [entry["caller"] for entry in sidecar.entries()] == [INSECURE_NAME, INSECURE_NAME]


@pytest.mark.parametrize("authorization", ["Bearer wrong", "Basic eDp5", ""])
def test_insecure_mode_takes_no_wrong_token(authorization: str) -> None:
    """Who shows a token is judged by it: a mistyped one is not waved through."""
    sidecar = Sidecar(insecure=True)
    assert sidecar.post(ACCEPT, caller="", headers={"authorization": authorization}).status_code == 401
    assert sidecar.entries() == []


def test_insecure_mode_still_knows_its_callers() -> None:
    """A caller with a token keeps its name and its duties."""
    sidecar = Sidecar(insecure=True)
    sidecar.allowed(ACCEPT)
    assert sidecar.post(ACCEPT, caller="auditor").status_code == 403
    assert sidecar.entries()[0]["caller"] == "portal"


def test_no_token_is_kept_anywhere(sidecar: Sidecar) -> None:
    """Settings, objects and entries hold digests of tokens only."""
    sidecar.allowed(ACCEPT)
    token = token_of("portal")
    assert token not in repr(vars(sidecar.app)) + repr(CALLERS) + repr(sidecar.entries())
    assert hashlib.sha256(token.encode()).hexdigest() in repr(CALLERS)


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:8181", 200), ("127.0.0.1", 200), ("[::1]:8181", 200), ("evil.example", 421), ("localhost.evil.example", 421)],
)
def test_without_tokens_no_page_in_a_browser_reaches_the_service(host: str, status: int) -> None:
    """A name that was made to point to this machine (DNS rebinding) is not this machine."""
    sidecar = Sidecar(insecure=True)
    request = httpx.Request("GET", "http://127.0.0.1:8181/healthz", headers={"host": host})
    assert sidecar.send(request).status_code == status
