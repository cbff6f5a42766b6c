"""External authorization for gateways that ask before they forward: nginx `auth_request`, Caddy and Traefik `forward_auth`,
HAProxy, Envoy `ext_authz` over HTTP.

The gateway repeats the head of each request here and forwards it only on 2xx. How it says what was asked differs:

    nginx       X-Original-Method, X-Original-URI       set by the configuration; 401 and 403 pass to the client, the rest is 500
    forwarded   X-Forwarded-Method, X-Forwarded-Uri     Caddy, Traefik; any other answer goes to the client as it is
    mirrored    the request line itself                 Envoy, HAProxy; any other answer goes to the client as it is
    envoy       a message over gRPC, see `ext_authz.py`

Only one of these is read, the declared one, and only from the named gateways: a client that reached this port by itself could
name any request it likes. No body arrives, so routes that read one are refused at the start. Nor does the answer of
the system behind: an act counts as performed unless the system reports otherwise.
"""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter

from adapters.enforcement.asking import decided, incoming_of
from adapters.enforcement.decider import HttpDecider
from adapters.enforcement.identity import Gateways
from adapters.enforcement.reasons import reply_of
from adapters.enforcement.routes import RouteFile
from adapters.enforcement.ruling import Enforcement, Headers, Incoming, Ruling, malformed
from sidecar.errors import RequestError, RouteFileError
from sidecar.http_api.guard import Receive, Reply, Scope, Send, send_reply

CHANNEL = "forward-auth"


class Style(StrEnum):
    """How the gateway says what was asked."""

    NGINX = "nginx"
    FORWARDED = "forwarded"
    MIRRORED = "mirrored"
    ENVOY = "envoy"


_TOLD: dict[Style, tuple[bytes, bytes]] = {
    Style.NGINX: (b"x-original-method", b"x-original-uri"),
    Style.FORWARDED: (b"x-forwarded-method", b"x-forwarded-uri"),
}
_NGINX_PASSES_ON = (401, 403)


class ForwardAuth:
    """An ASGI application that answers a gateway's questions on every path."""

    def __init__(self, enforcement: Enforcement, decider: HttpDecider, gateways: Gateways, style: Style) -> None:
        refuse_bodies(enforcement.routes)
        self._enforcement, self._decider, self._gateways, self._style = enforcement, decider, gateways, style
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "quanheng_forward_auth_requests", "Questions by what became of them", ["result"], registry=self.registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - no body is read
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            incoming = incoming_of(scope)
            try:
                incoming = self._original(incoming)
                ruling = await self._ruling(incoming)
            except RequestError as fault:
                ruling = malformed(fault)
            self._requests.labels(ruling.result).inc()
            await send_reply(send, self._reply(incoming, ruling))

    def _original(self, incoming: Incoming) -> Incoming:
        """The request the gateway asks about."""
        if not self._gateways.speak_from(incoming.peer):
            raise RequestError("not_a_gateway", "only the named gateways may ask here", 403)
        if self._style is Style.MIRRORED:
            return incoming
        method, target = (_told(incoming.headers, name) for name in _TOLD[self._style])
        path, _, query = target.partition("?")
        return incoming._replace(method=method, raw_path=path, query=query)

    async def _ruling(self, incoming: Incoming) -> Ruling:
        matched = self._enforcement.match(incoming)
        return matched if isinstance(matched, Ruling) else await decided(self._enforcement, self._decider, incoming, matched)

    def _reply(self, incoming: Incoming, ruling: Ruling) -> Reply:
        if ruling.refusal is None:
            return Reply(200, b"", extra=tuple((name.encode(), value.encode()) for name, value in ruling.told.items()))
        reply = reply_of(ruling.refusal, incoming.headers, f"{incoming.method} {incoming.raw_path}")
        if self._style is Style.NGINX and reply.status not in _NGINX_PASSES_ON:
            reply = reply._replace(status=403)  # any other status would reach the client as a 500 without a reason
        code = ((b"x-quanheng-code", ruling.refusal.code.encode("ascii", "replace")),)
        return reply._replace(extra=(*reply.extra, *code))


def refuse_bodies(routes: RouteFile) -> None:
    """Raises RouteFileError where a route reads the body, which a gateway does not send here."""
    reading = [f"{route.method} {route.path}" for route in routes.routes if route.reads_body]
    if reading:
        raise RouteFileError("BODY_NOT_SENT", reading=", ".join(reading))


def _told(headers: Headers, name: bytes) -> str:
    values = [value for key, value in headers if key == name]
    if len(values) != 1:
        raise RequestError("not_told", f"the gateway must say {name.decode()} exactly once")
    return values[0].decode("latin-1")
