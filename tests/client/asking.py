"""Both clients as one thing to try: the same scripted sidecar behind each."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from adapters.client import AsyncClient, Client

Handler = Callable[[httpx.Request], httpx.Response]
ADDRESS = "http://127.0.0.1:8181"


def on_loop(handler: Handler, call: str, *args: Any, deadline: float = 5.0, **named: Any) -> Any:
    async def ask() -> Any:
        http = httpx.AsyncClient(transport=httpx.MockTransport(handler), base_url=ADDRESS)
        async with AsyncClient(http, deadline) as client:
            return await getattr(client, call)(*args, **named)

    return asyncio.run(ask())


def blocking(handler: Handler, call: str, *args: Any, deadline: float = 5.0, **named: Any) -> Any:
    with Client(httpx.Client(transport=httpx.MockTransport(handler), base_url=ADDRESS), deadline) as client:
        return getattr(client, call)(*args, **named)


CLIENTS = {"on an event loop": on_loop, "blocking": blocking}
Asking = Callable[..., Any]


class Script:
    """Answers in turn, the last one for ever; an exception is raised. Remembers every request."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = answers
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers[min(len(self.requests), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def identifiers(self) -> list[str]:
        return [request.headers["x-request-id"] for request in self.requests]
