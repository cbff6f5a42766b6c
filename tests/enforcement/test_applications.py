"""Real applications behind the middleware: FastAPI under ASGI, Django under both; in front of all, or in Django's settings."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from fastapi import FastAPI, Request

from adapters.enforcement import asgi, wsgi
from adapters.enforcement.decider import BlockingDecider, HttpDecider
from adapters.enforcement.django import Guard
from adapters.storage.memory import MemoryStore
from sidecar.errors import SettingsError
from sidecar.http_api.guard import App
from sidecar.ports.records import Filter
from tests.enforcement import django_site
from tests.enforcement.chain import AS_JSON, EXAMPLE, IN_JSON, call, real_sidecar
from tests.enforcement.points import enforcement, routes, under_wsgi

FOOD = routes((EXAMPLE / "routes.yaml").read_text("utf-8"))
ACCEPT = "/licences/BH-1/accept"
APPLICATION = {"applicant": "applicant-1", "only_prepackaged_food": False, "edible_farm_produce": False}


def fastapi_app() -> FastAPI:
    app = FastAPI()

    @app.post("/licences/{case}/accept")
    async def accept(case: str, request: Request) -> dict[str, Any]:
        return {"case": case, "told": await request.json(), "decision": request.scope["quanheng"].decision_id}

    return app


def asked_on_loop(app: App, officer: str) -> tuple[int, Any]:
    headers = (("X-Officer", officer), AS_JSON, IN_JSON)
    answer = call(app, "POST", ACCEPT, *headers, body=json.dumps(APPLICATION).encode())
    return answer.status, answer.json


def on_loop(store: MemoryStore) -> HttpDecider:
    inside = httpx.ASGITransport(app=real_sidecar(store))
    return HttpDecider(httpx.AsyncClient(transport=inside, base_url="http://127.0.0.1:8181"))


def ask_fastapi(store: MemoryStore, officer: str) -> tuple[int, Any]:
    return asked_on_loop(asgi.Enforced(fastapi_app(), enforcement(asgi.CHANNEL, FOOD), on_loop(store)), officer)


def ask_django_on_loop(store: MemoryStore, officer: str) -> tuple[int, Any]:
    return asked_on_loop(django_site.under_asgi(Guard(enforcement(asgi.CHANNEL, FOOD), on_loop(store))), officer)


def ask_before_django_on_loop(store: MemoryStore, officer: str) -> tuple[int, Any]:
    behind = django_site.staying(get_asgi_application())
    return asked_on_loop(asgi.Enforced(behind, enforcement(asgi.CHANNEL, FOOD), on_loop(store)), officer)


class _Inside(httpx.BaseTransport):
    """The sidecar itself, for a client without an event loop."""

    def __init__(self, store: MemoryStore) -> None:
        self._app = real_sidecar(store)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app=self._app), base_url="http://127.0.0.1:8181"
            ) as client:
                return await client.request(
                    request.method, request.url.raw_path.decode(), content=request.read(), headers=request.headers
                )

        answer = asyncio.run(ask())
        return httpx.Response(answer.status_code, content=answer.content)


def blocking(store: MemoryStore) -> BlockingDecider:
    return BlockingDecider(httpx.Client(transport=_Inside(store), base_url="http://127.0.0.1:8181"))


def asked(app: Any, officer: str) -> tuple[int, Any]:
    headers = (("X-Officer", officer), AS_JSON, IN_JSON)
    answer = under_wsgi(app, "POST", ACCEPT, headers, json.dumps(APPLICATION).encode())
    return answer.status, answer.json


def ask_before_django(store: MemoryStore, officer: str) -> tuple[int, Any]:
    return asked(wsgi.Enforced(get_wsgi_application(), enforcement("in-process", FOOD), blocking(store)), officer)


def ask_django(store: MemoryStore, officer: str) -> tuple[int, Any]:
    return asked(django_site.under_wsgi(Guard(enforcement("in-process", FOOD), blocking(store))), officer)


APPLICATIONS: dict[str, Callable[[MemoryStore, str], tuple[int, Any]]] = {
    "before FastAPI": ask_fastapi,
    "before Django": ask_before_django,
    "before Django under ASGI": ask_before_django_on_loop,
    "in Django": ask_django,
    "in Django under ASGI": ask_django_on_loop,
}


def outcomes(store: MemoryStore) -> list[str]:
    return [json.loads(entry.body)["kind"] for entry in store.reader.since(Filter(), after=0, limit=100)]


@pytest.mark.parametrize("ask", APPLICATIONS.values(), ids=APPLICATIONS.keys())
def test_an_application_runs_only_when_the_sidecar_allows(ask: Callable[[MemoryStore, str], tuple[int, Any]]) -> None:
    """The clerk's acceptance reaches the view with its body; a reviewer's does not. Decision and outcome are in the record."""
    store = MemoryStore()
    status, answer = ask(store, "o-1006")
    assert (status, answer["code"]) == (403, "NO_POWER")
    status, answer = ask(store, "o-1001")
    assert (status, answer["case"], answer["told"]) == (200, "BH-1", APPLICATION)
    assert answer["decision"]
    assert outcomes(store) == ["decision", "decision", "outcome"]


@pytest.mark.parametrize(
    ("make", "guard", "said"),
    [
        (ASGIHandler, Guard(enforcement("x"), blocking(MemoryStore())), "event loop"),
        (WSGIHandler, Guard(enforcement("x"), on_loop(MemoryStore())), "no event loop"),
        (WSGIHandler, None, "no QUANHENG"),
    ],
)
def test_a_guard_that_does_not_fit_the_server_lets_nobody_start(make: Callable[[], Any], guard: Any, said: str) -> None:
    with django_site.guarded(guard), pytest.raises(SettingsError, match=said):
        make()


def test_a_body_without_its_length_is_not_read_to_decide() -> None:
    """Under ASGI it may be of any size."""
    app = django_site.under_asgi(Guard(enforcement(asgi.CHANNEL, FOOD), on_loop(MemoryStore())))
    headers = (("X-Officer", "o-1001"), AS_JSON, IN_JSON, ("Transfer-Encoding", "chunked"))
    answer = call(app, "POST", ACCEPT, *headers, body=iter([b"{", b"}"]))
    assert (answer.status, answer.json["code"]) == (411, "no_length")
    assert "Content-Length" in answer.json["reason"]["zh"]
    answer = call(app, "POST", ACCEPT, *headers[:3], ("Content-Length", "2000000"), body=iter([b"{", b"}"]))
    assert (answer.status, answer.json["code"]) == (413, "too_large")
