"""External authorization for Envoy over gRPC: `envoy.service.auth.v3.Authorization/Check`, with the published messages.

Envoy sends the head of each request and, where its filter says `with_request_body`, the body; it forwards only on OK. Against
the same over HTTP (`forward_auth.py`) this tells more: headers byte for byte and each by itself (`encode_raw_headers`), the body,
and which headers the system behind must not see. What Envoy read of the request line is what is judged and what it forwards.

A body counts as read only when it is there whole: a route that reads one is refused when Envoy sent none, a part, or another
length than the client declared.

Only the named gateways may ask. The answer of the system behind is not seen here: an act counts as performed unless the
system reports otherwise. Messages come from the package `xds-protos`; Envoy's documentation of them is the reference.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import grpc
import structlog
from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse
from prometheus_client import CollectorRegistry, Counter

from adapters.enforcement.asking import decided
from adapters.enforcement.decider import HttpDecider
from adapters.enforcement.headers import never_forwarded
from adapters.enforcement.identity import Gateways, Peer
from adapters.enforcement.reasons import reply_of
from adapters.enforcement.refusal import Refusal
from adapters.enforcement.ruling import BODY_LIMIT, Enforcement, Incoming, Ruling, malformed
from sidecar.errors import RequestError

CHANNEL = "ext-authz"
SERVICE = "envoy.service.auth.v3.Authorization"
MAX_MESSAGE = BODY_LIMIT + 256 * 1024  # bytes: the largest body that may be read, and the largest head Envoy lets in
CONCURRENT = 1_000  # questions at once; what is above is refused by gRPC with RESOURCE_EXHAUSTED, which Envoy takes for a no

_PARTIAL = b"x-envoy-auth-partial-body"
_OK, _UNAVAILABLE, _DENIED, _UNAUTHENTICATED = 0, 14, 7, 16  # google.rpc.Code
_CODES = {HTTPStatus.UNAUTHORIZED: _UNAUTHENTICATED, HTTPStatus.SERVICE_UNAVAILABLE: _UNAVAILABLE}
_PEER = re.compile(r"ipv[46]:\[?(?P<address>[^\]]+?)\]?:[0-9]+\Z")

log = structlog.get_logger("quanheng.ext_authz")


class ExtAuthz:
    """One enforcement point that Envoy asks."""

    def __init__(self, enforcement: Enforcement, decider: HttpDecider, gateways: Gateways) -> None:
        self._enforcement, self._decider, self._gateways = enforcement, decider, gateways
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "quanheng_ext_authz_requests", "Questions by what became of them", ["result"], registry=self.registry
        )

    def server(self) -> grpc.aio.Server:
        """A gRPC server that answers with this point, not yet listening. To be made on the loop it runs on."""
        check = grpc.unary_unary_rpc_method_handler(
            self._check, request_deserializer=CheckRequest.FromString, response_serializer=CheckResponse.SerializeToString
        )
        options = [("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.so_reuseport", 0)]
        server = grpc.aio.server(options=options, maximum_concurrent_rpcs=CONCURRENT)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Check": check}),))
        return server

    async def _check(self, asked: Any, context: Any) -> Any:
        incoming = _incoming(asked.attributes.request.http, peer_of(context.peer()))
        try:
            ruling = await self._ruling(incoming)
        except RequestError as fault:
            ruling = malformed(fault)
        self._requests.labels(ruling.result).inc()
        return _denied(ruling.refusal, incoming) if ruling.refusal else _allowed(ruling, incoming)

    async def _ruling(self, incoming: Incoming) -> Ruling:
        if not self._gateways.speak_from(incoming.peer):
            raise RequestError("not_a_gateway", "only the named gateways may ask here", 403)
        matched = self._enforcement.match(incoming)
        if isinstance(matched, Ruling):
            return matched
        if matched.route.reads_body:
            _refuse_half(incoming)
        return await decided(self._enforcement, self._decider, incoming, matched)


def peer_of(told: str) -> Peer:
    """The peer as gRPC writes it: `ipv4:127.0.0.1:50000`, `ipv6:[::1]:50000` (brackets may be encoded), `unix:`."""
    if told.startswith("unix:"):
        return Peer()
    found = _PEER.match(unquote(told))
    return Peer(found["address"] if found else "unknown")


def _incoming(http: Any, peer: Peer) -> Incoming:
    """What Envoy tells of a request. `headers` joins repeated ones with commas; `header_map`, where it is sent, does not."""
    path, _, query = http.path.partition("?")
    return Incoming(http.method, path, query, tuple(_headers(http)), peer, http.raw_body or http.body.encode() or None)


def _headers(http: Any) -> Iterator[tuple[bytes, bytes]]:
    if http.header_map.headers:
        pairs = ((entry.key.encode(), entry.raw_value or entry.value.encode()) for entry in http.header_map.headers)
    else:
        pairs = ((key.encode(), value.encode()) for key, value in http.headers.items())
    return ((key.lower(), value) for key, value in pairs if not key.startswith(b":"))


def _refuse_half(incoming: Incoming) -> None:
    """Raises RequestError where the body that must be read is not certainly the one the client sent."""
    values: dict[bytes, bytes] = dict(incoming.headers)
    length = values.get(b"content-length", b"")
    whole = length == str(len(incoming.body or b"")).encode() if length else bool(incoming.body)
    if values.get(_PARTIAL) == b"true" or len(incoming.body or b"") > BODY_LIMIT:
        raise RequestError("too_large", f"a body that must be read to decide may hold {BODY_LIMIT} bytes", 413)
    if not whole:
        raise RequestError("body_unseen", "the gateway did not send the body; see with_request_body in the how-to", 400)


def _allowed(ruling: Ruling, incoming: Incoming) -> Any:
    told = [_set(name, value) for name, value in ruling.told.items()]
    answer = CheckResponse()
    answer.status.code = _OK
    answer.ok_response.headers.extend(told)
    answer.ok_response.response_headers_to_add.extend(told)
    gone = never_forwarded(incoming.headers) - set(ruling.told)
    answer.ok_response.headers_to_remove.extend(sorted(gone))
    return answer


def _denied(refusal: Refusal, incoming: Incoming) -> Any:
    reply = reply_of(refusal, incoming.headers, f"{incoming.method} {incoming.raw_path}")
    answer = CheckResponse()
    answer.status.code = _CODES.get(HTTPStatus(reply.status), _DENIED)
    answer.status.message = refusal.code
    answer.denied_response.status.code = reply.status
    headers = [(b"content-type", reply.kind), (b"x-quanheng-code", refusal.code.encode("ascii", "replace")), *reply.extra]
    answer.denied_response.headers.extend(_set(name.decode(), value.decode("latin-1")) for name, value in headers)
    answer.denied_response.body = reply.body.decode()
    return answer


def _set(name: str, value: str) -> Any:
    """A header in place of any of this name that is there."""
    return HeaderValueOption(
        header=HeaderValue(key=name, value=value), append_action=HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
    )
