"""The enforcement point as a Django middleware, under ASGI and under WSGI.

    QUANHENG = Guard(enforcement, HttpDecider(httpx.AsyncClient(…)))       # under WSGI: BlockingDecider(httpx.Client(…))
    MIDDLEWARE = ["adapters.enforcement.django.enforced", …]               # the first: what stands before it is not guarded

A view runs only when a ruling lets its request pass; it finds the decision in `request.quanheng`. What the application answers is
the outcome, as with the other middleware, and is reported before the answer goes out.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.decorators import sync_and_async_middleware

from adapters.enforcement import asking, wsgi
from adapters.enforcement.asgi import Decided
from adapters.enforcement.decider import BlockingDecider, HttpDecider
from adapters.enforcement.observing import OBSERVED
from adapters.enforcement.reasons import reply_of
from adapters.enforcement.routes import Matched
from adapters.enforcement.ruling import BODY_LIMIT, Enforcement, Incoming, Ruling, malformed, too_large
from sidecar.errors import RequestError, SettingsError

Answering = Callable[[HttpRequest], Any]


class Guard(NamedTuple):
    """The rules, and who asks the sidecar: on the event loop under ASGI, blocking under WSGI."""

    enforcement: Enforcement
    decider: HttpDecider | BlockingDecider


@sync_and_async_middleware  # type: ignore[untyped-decorator]  # Django ships no types
def enforced(get_response: Answering) -> Answering:
    """Raises SettingsError where the settings have no QUANHENG, or one that does not fit the server."""
    guard = getattr(settings, "QUANHENG", None)
    if not isinstance(guard, Guard):
        raise SettingsError("DJANGO_NOT_GUARDED")
    enforcement, decider = guard
    if iscoroutinefunction(get_response):
        if not isinstance(decider, HttpDecider):
            raise SettingsError("DJANGO_GUARD_BLOCKS")
        return _on_loop(get_response, enforcement, decider)
    if not isinstance(decider, BlockingDecider):
        raise SettingsError("DJANGO_GUARD_ON_LOOP")
    return _blocking(get_response, enforcement, decider)


def _on_loop(get_response: Answering, enforcement: Enforcement, decider: HttpDecider) -> Callable[[HttpRequest], Awaitable[Any]]:
    async def answered(request: HttpRequest) -> HttpResponse:
        incoming, ruling = _arrived(request, enforcement)
        if isinstance(ruling, Matched):
            ruling = await asking.decided(enforcement, decider, incoming, ruling)
        if ruling.refusal:
            return _refused(incoming, ruling)
        answer = await get_response(_marked(request, ruling))
        result = asking.result_of(answer.status_code)
        if result and ruling.decision_id:
            await decider.report(ruling.decision_id, result, f"HTTP {answer.status_code}")
        return _told(answer, ruling)

    return answered


def _blocking(get_response: Answering, enforcement: Enforcement, decider: BlockingDecider) -> Answering:
    def answered(request: HttpRequest) -> HttpResponse:
        incoming, ruling = _arrived(request, enforcement)
        if isinstance(ruling, Matched):
            ruling = wsgi.decided(enforcement, decider, incoming, ruling)
        if ruling.refusal:
            return _refused(incoming, ruling)
        answer = get_response(_marked(request, ruling))
        result = asking.result_of(answer.status_code)
        if result and ruling.decision_id:
            decider.report(ruling.decision_id, result, f"HTTP {answer.status_code}")
        return _told(answer, ruling)

    return answered


def _arrived(request: HttpRequest, enforcement: Enforcement) -> tuple[Incoming, Matched | Ruling]:
    """The request as it was sent, with the body where its route reads it, and the route, or why it goes no further."""
    incoming = wsgi.head_of(request.META) if not hasattr(request, "scope") else asking.incoming_of(_with_raw_path(request.scope))
    try:
        if not hasattr(request, "scope"):
            incoming = incoming._replace(raw_path=wsgi.raw_path(request.META))
        matched = enforcement.match(incoming)
        if isinstance(matched, Matched) and matched.route.reads_body:
            incoming = incoming._replace(body=_body(request))
    except RequestError as fault:
        return incoming, malformed(fault)
    return incoming, matched


def _with_raw_path(scope: dict[str, Any]) -> dict[str, Any]:
    """Where the server does not tell the bytes of the path, they are spelt out again, as under WSGI."""
    return scope if scope.get("raw_path") else {**scope, "raw_path": wsgi.spelt(scope["path"].encode()).encode()}


def _body(request: HttpRequest) -> bytes:
    """The body, which Django keeps for the view. Raises RequestError beyond its bound."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > BODY_LIMIT:
        raise too_large()
    if length == "0" and "HTTP_TRANSFER_ENCODING" in request.META:
        raise RequestError("no_length", "a body that must be read to decide must declare its length", 411)
    try:
        body: bytes = request.body
    except UnreadablePostError:
        raise RequestError("gone", "the client went away") from None
    return body


def _refused(incoming: Incoming, ruling: Ruling) -> HttpResponse:
    if ruling.refusal is None:
        raise ValueError("nothing was refused")
    reply = reply_of(ruling.refusal, incoming.headers, f"{incoming.method} {incoming.raw_path}")
    return HttpResponse(reply.body, status=reply.status, content_type=reply.kind.decode())


def _marked(request: HttpRequest, ruling: Ruling) -> HttpRequest:
    duties = tuple(filter(None, ruling.told.get("x-quanheng-obligations", "").split(",")))
    request.quanheng = Decided(ruling.decision_id, duties)
    return request


def _told(answer: HttpResponse, ruling: Ruling) -> HttpResponse:
    if OBSERVED in ruling.told:
        answer[OBSERVED] = ruling.told[OBSERVED]
    return answer
