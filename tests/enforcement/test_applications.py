"""Real applications behind the middleware: FastAPI under ASGI, Django under WSGI; neither knows anything of it."""

import asyncio
import io
import json
from typing import Any

import django
import httpx
import pytest
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path
from fastapi import FastAPI, Request

from adapters.enforcement import asgi, wsgi
from adapters.enforcement.decider import BlockingDecider, HttpDecider
from adapters.storage.memory import MemoryStore
from sidecar.ports.records import Filter
from tests.enforcement.chain import EXAMPLE, real_sidecar
from tests.enforcement.points import enforcement, routes

FOOD = routes((EXAMPLE / "routes.yaml").read_text("utf-8"))
ACCEPT = "/licences/BH-1/accept"
APPLICATION = {"applicant": "applicant-1", "only_prepackaged_food": False, "edible_farm_produce": False}


def accept(request: HttpRequest, case: str) -> JsonResponse:
    """A Django view that reads the body, as if nobody had read it before."""
    return JsonResponse({"case": case, "told": json.loads(request.body), "decision": request.META.get(wsgi.DECISION, "")})


urlpatterns = [path("licences/<str:case>/accept", accept)]


@pytest.fixture(scope="module")
def django_app() -> Any:
    if not settings.configured:
        settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], DEBUG=False, SECRET_KEY="t", MIDDLEWARE=[])
        django.setup()
    return get_wsgi_application()


def fastapi_app() -> FastAPI:
    app = FastAPI()

    @app.post("/licences/{case}/accept")
    async def accept(case: str, request: Request) -> dict[str, Any]:
        return {"case": case, "told": await request.json(), "decision": request.scope["quanheng"].decision_id}

    return app


def ask_fastapi(store: MemoryStore, officer: str) -> tuple[int, Any]:
    async def ask() -> tuple[int, Any]:
        inside = httpx.AsyncClient(transport=httpx.ASGITransport(app=real_sidecar(store)), base_url="http://127.0.0.1:8181")
        app = asgi.Enforced(fastapi_app(), enforcement(asgi.CHANNEL, FOOD), HttpDecider(inside))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
            headers = {"X-Officer": officer, "Accept": "application/json"}
            answer = await client.post(ACCEPT, json=APPLICATION, headers=headers)
            return answer.status_code, answer.json()

    return asyncio.run(ask())


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


def ask_django(app: Any, store: MemoryStore, officer: str) -> tuple[int, Any]:
    decider = BlockingDecider(httpx.Client(transport=_Inside(store), base_url="http://127.0.0.1:8181"))
    body = json.dumps(APPLICATION).encode()
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": ACCEPT,
        "QUERY_STRING": "",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "HTTP_X_OFFICER": officer,
        "HTTP_ACCEPT": "application/json",
    }
    status: list[int] = []
    pieces = wsgi.Enforced(app, enforcement("in-process", FOOD), decider)(environ, lambda line, *_: status.append(int(line[:3])))
    told = b"".join(pieces)
    return status[0], json.loads(told)


def outcomes(store: MemoryStore) -> list[str]:
    return [json.loads(entry.body)["kind"] for entry in store.reader.since(Filter(), after=0, limit=100)]


@pytest.mark.parametrize("kind", ["FastAPI", "Django"])
def test_an_application_runs_only_when_the_sidecar_allows(kind: str, django_app: Any) -> None:
    """The clerk's acceptance reaches the view with its body; a reviewer's does not. Decision and outcome are in the record."""
    store = MemoryStore()
    ask = (lambda officer: ask_fastapi(store, officer)) if kind == "FastAPI" else (lambda o: ask_django(django_app, store, o))
    status, answer = ask("o-1006")
    assert (status, answer["code"]) == (403, "NO_POWER")
    status, answer = ask("o-1001")
    assert (status, answer["case"], answer["told"]) == (200, "BH-1", APPLICATION)
    assert answer["decision"]
    assert outcomes(store) == ["decision", "decision", "outcome"]
