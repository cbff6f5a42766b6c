"""A real Django application, under ASGI and under WSGI, with the middleware before its views."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import override_settings
from django.urls import path

from adapters.enforcement import wsgi
from adapters.enforcement.django import Guard
from sidecar.http_api.guard import Message, Receive, Scope, Send

reached: list[str] = []


def thing(_: HttpRequest, thing: str = "query") -> HttpResponse:
    reached.append(thing)
    return HttpResponse("done")


def accept(request: HttpRequest, case: str) -> JsonResponse:
    """A view that reads the body, as if nobody had read it before."""
    scope: Any = getattr(request, "scope", {})
    act = getattr(request, "quanheng", None) or scope.get("quanheng")
    decision = act.decision_id if act else request.META.get(wsgi.DECISION, "")
    return JsonResponse({"case": case, "told": json.loads(request.body), "decision": decision})


urlpatterns = [
    path("things/<str:thing>", thing),
    path("things/<str:thing>/do", thing),
    path("acts/do", thing),
    path("people/<str:thing>", thing),
    path("licences/<str:case>/accept", accept),
]

if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], DEBUG=False, SECRET_KEY="t", MIDDLEWARE=[])
    django.setup()


@contextmanager
def guarded(guard: Any) -> Iterator[None]:
    with override_settings(MIDDLEWARE=["adapters.enforcement.django.enforced"], QUANHENG=guard):
        reached.clear()
        yield


def staying(app: Any) -> Any:
    """After the body Django listens whether the client goes away; this one stays."""

    async def stayed(scope: Scope, receive: Receive, send: Send) -> None:
        more = True

        async def until_gone() -> Message:
            nonlocal more
            if not more:
                await asyncio.Event().wait()
            message = await receive()
            more = message.get("more_body", False)
            return message

        await app(scope, until_gone, send)

    return stayed


def under_asgi(guard: Guard) -> Any:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with guarded(guard):
            await staying(ASGIHandler())(scope, receive, send)

    return app


def under_wsgi(guard: Guard) -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        served = {"SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.url_scheme": "http", **environ}
        with guarded(guard):
            return [b"".join(WSGIHandler()(served, start_response))]

    return app
