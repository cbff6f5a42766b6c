"""What Envoy tells over gRPC and the other points are not told: bodies, raw headers, and what must be taken away."""

import asyncio
from typing import Any

import pytest
import yaml
from envoy.config.bootstrap.v3.bootstrap_pb2 import Bootstrap
from envoy.extensions.filters.http.ext_authz.v3 import ext_authz_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from google.protobuf.json_format import ParseDict

from adapters.enforcement.ext_authz import peer_of
from adapters.enforcement.identity import Gateways
from adapters.enforcement.ruling import BODY_LIMIT
from tests.enforcement.chain import DECIDE, DO, IN_JSON, OFFICER, ROOT, ROUTES, Sidecar, denying
from tests.enforcement.points import Envoy, checked, routes

GRANT = b'{"result": "grant"}'
OK, DENIED, UNAVAILABLE, UNAUTHENTICATED = 0, 7, 14, 16
NAMED_IN_THE_EXAMPLE = (ext_authz_pb2, router_pb2, http_connection_manager_pb2, http_protocol_options_pb2)


def check(sidecar: Sidecar, asked: Any) -> Any:
    return asyncio.run(Envoy.check(sidecar, asked, file=routes(ROUTES)))


def set_headers(options: Any) -> dict[str, str]:
    return {option.header.key: option.header.value for option in options}


@pytest.mark.parametrize("form", ["raw_body", "body"])
def test_a_body_that_envoy_sent_whole_is_read(form: str) -> None:
    sidecar, asked = Sidecar(), checked("POST", DECIDE, [OFFICER, IN_JSON], GRANT)
    if form == "body":
        asked.attributes.request.http.body, asked.attributes.request.http.raw_body = GRANT.decode(), b""
    assert check(sidecar, asked).status.code == OK
    assert sidecar.questions[0]["action"]["properties"] == {"outcome": "grant"}


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ([], b"", 400),
        ([("content-length", "19")], b"", 400),
        ([("content-length", "20")], GRANT, 400),
        ([("x-envoy-auth-partial-body", "true"), ("content-length", "19")], GRANT, 413),
        ([("transfer-encoding", "chunked")], b"", 400),
        ([("x-envoy-auth-partial-body", "false"), ("transfer-encoding", "chunked")], b"", 400),
        ([], b" " * (BODY_LIMIT + 1), 413),
    ],
    ids=["no body", "not sent", "another length", "a part of it", "chunked, not sent", "a client's own word", "too large"],
)
def test_a_body_that_is_not_certainly_the_clients_is_not_judged(headers: list[tuple[str, str]], body: bytes, status: int) -> None:
    """The system behind would read another one than was decided on."""
    sidecar, asked = Sidecar(), checked("POST", DECIDE, [OFFICER, IN_JSON, *headers])
    asked.attributes.request.http.raw_body = body
    answer = check(sidecar, asked)
    assert (answer.status.code, answer.denied_response.status.code, sidecar.questions) == (DENIED, status, [])


def test_a_body_declared_empty_is_whole() -> None:
    asked = checked("POST", DECIDE, [OFFICER, IN_JSON, ("content-length", "0")])
    assert check(Sidecar(), asked).status.code == OK


def test_the_system_is_told_the_decision_and_nothing_the_client_made_up() -> None:
    """Ours are set in place of the client's; what else speaks in our name or names another address is removed."""
    forged = [("X-Quanheng-Decision", "forged"), ("X_Quanheng_Obligations", "x"), ("X-Original-URL", "/a"), ("X-Kept", "1")]
    answer = check(Sidecar(), checked("POST", DO, [OFFICER, *forged]))
    assert set_headers(answer.ok_response.headers) == {"x-quanheng-decision": "d-1"}
    assert set_headers(answer.ok_response.response_headers_to_add) == {"x-quanheng-decision": "d-1"}
    assert list(answer.ok_response.headers_to_remove) == ["x-original-url", "x_quanheng_obligations"]


def test_without_a_decision_a_forged_one_is_removed_too() -> None:
    answer = check(Sidecar(), checked("GET", "/things/T-1", [("X-Quanheng-Decision", "forged")]))
    assert (answer.status.code, list(answer.ok_response.headers_to_remove)) == (OK, ["x-quanheng-decision"])


@pytest.mark.parametrize(
    ("sidecar", "headers", "code", "status"),
    [
        (denying(code="NO_POWER"), [OFFICER], DENIED, 403),
        (Sidecar([(500, b"")]), [OFFICER], UNAVAILABLE, 503),
        (Sidecar(), [], UNAUTHENTICATED, 401),
    ],
    ids=["refused", "no decision", "nobody"],
)
def test_why_is_said_to_envoy_and_to_the_client(sidecar: Sidecar, headers: Any, code: int, status: int) -> None:
    answer = check(sidecar, checked("POST", DO, headers))
    assert (answer.status.code, answer.denied_response.status.code) == (code, status)
    assert set_headers(answer.denied_response.headers)["x-quanheng-code"] == answer.status.message


def test_only_named_gateways_may_ask() -> None:
    """Over a Unix socket only this machine asks; from elsewhere, only who is named."""
    gateways = Gateways(["10.0.0.0/8"])
    assert [gateways.speak_from(peer_of(told)) for told in PEERS] == list(PEERS.values())


PEERS = {
    "ipv4:10.1.2.3:50000": True,
    "ipv4:127.0.0.1:50000": False,
    "ipv6:[::ffff:10.1.2.3]:50000": True,
    "ipv6:%5B::1%5D:50000": False,
    "unix:": True,
    "unix:/run/authz": True,
    "": False,
    "inproc": False,
    "ipv4:": False,
}


def test_what_is_no_question_lets_nothing_through() -> None:
    sidecar, asked = Sidecar(), checked("", "", [])
    assert check(sidecar, asked).status.code == DENIED
    assert sidecar.questions == []


def test_the_ready_configuration_says_only_what_envoy_knows() -> None:
    """Read with Envoy's own published messages: an unknown key or value would be an error. And no answer is a no."""
    text = (ROOT / "docs" / "examples" / "gateways" / "envoy.yaml").read_text("utf-8")
    bootstrap = ParseDict(yaml.safe_load(text), Bootstrap())
    (listener,) = bootstrap.static_resources.listeners
    manager = http_connection_manager_pb2.HttpConnectionManager()
    listener.filter_chains[0].filters[0].typed_config.Unpack(manager)
    asking = ext_authz_pb2.ExtAuthz()
    manager.http_filters[0].typed_config.Unpack(asking)
    assert (asking.failure_mode_allow, asking.encode_raw_headers, asking.grpc_service.timeout.seconds) == (False, True, 6)
    assert asking.with_request_body.max_request_bytes == BODY_LIMIT
    assert not asking.with_request_body.allow_partial_message
    assert all(module.DESCRIPTOR for module in NAMED_IN_THE_EXAMPLE)
