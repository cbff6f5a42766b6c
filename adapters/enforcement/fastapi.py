"""The enforcement point as a FastAPI dependency: beside each route stands which step it is.

    acts = Acts({"header": "X-Officer"}, decider, fulfils={"deadline"})
    acts.install(app)

    @app.post("/licences/{case}/accept")
    async def accept(case: str, act: Annotated[Act, acts.step("cn-xk-food-business-licence", "accept", case={"path": "case"})]): …

Where a value stands is written as in a route file. FastAPI has matched the route, and the path must be plain all the same. What
the application answers is the outcome, as with the middleware; it is reported by what `install` puts around the
application. A dependency of an application without it lets nobody in.

An endpoint that is given no step is not guarded: where every route must be mapped or be refused, use the middleware (`asgi.py`).
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import Depends, FastAPI, HTTPException, Request, Response

from adapters.enforcement.asgi import CHANNEL
from adapters.enforcement.asking import decided, incoming_of, result_of
from adapters.enforcement.decider import HttpDecider
from adapters.enforcement.identities import identity_of
from adapters.enforcement.observing import OBSERVED, warn_of_observing
from adapters.enforcement.reasons import reply_of
from adapters.enforcement.routes import RouteFile
from adapters.enforcement.ruling import BODY_LIMIT, Enforcement, Incoming, Ruling, malformed, too_large
from sidecar.errors import RequestError, SettingsError
from sidecar.http_api.guard import App, Message, Receive, Reply, Scope, Send

_NOTED = "quanheng.noted"


class Act(NamedTuple):
    """An act that was allowed; `obligations` are identifiers of what it demands. One that was refused, and is let through because
    it is only observed, has the refusal in `observed`."""

    decision_id: str
    obligations: tuple[str, ...]
    observed: str = ""


class _Noted(NamedTuple):
    """What became of the questions about one request: decisions whose outcome is due, and refusals that were let through."""

    decisions: list[str]
    observed: list[str]


class RefusedError(HTTPException):
    """Why the endpoint was not run, as the client can read it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status, "refused")
        self.reply = reply


class Acts:
    """Steps of one application. `officer` is written as in a route file; `fulfils` are the kinds of obligations the application
    sees to, all where left out; `folder` is where a key file of tokens lies, `contact` whom to call when something is wrong. With
    `observe` refusals of a caller that the sidecar observes are let through (ADR 0018).
    Raises SettingsError, pydantic.ValidationError."""

    def __init__(
        self,
        officer: Mapping[str, Any],
        decider: HttpDecider,
        fulfils: Collection[str] | None = None,
        acting_post: Mapping[str, str] | None = None,
        folder: Path = Path(),
        contact: str | None = None,
        *,
        observe: bool = False,
    ) -> None:
        self._file = {"officer": officer, "acting_post": acting_post, "contact": contact}
        # the source is checked, and keys are fetched, once and before anybody asks
        source = self._routes({"method": "GET", "path": "/", "not_a_power": "none"}).officer
        self._identity, self._decider, self._fulfils = identity_of(source, folder), decider, fulfils
        self._observe = observe
        warn_of_observing(observe=observe)

    def step(self, item: str, step: str, *, case: Mapping[str, Any], **values: Any) -> Any:
        """What an endpoint depends on to be this step. `case`, `party`, `region`, `outcome`, `facts`, `evidence` and `intent` are
        written as in a route file. Raises pydantic.ValidationError."""
        route = {"method": "POST", "path": "/", "item": item, "step": step, "case": case, **values}
        enforcement = Enforcement(self._routes(route), self._identity, CHANNEL, self._fulfils, observe=self._observe)

        async def ruled(request: Request) -> Act:
            if _NOTED not in request.scope:
                raise SettingsError("NOT_GUARDED")
            ruling = await self._ruling(request, enforcement)
            if ruling.refusal:
                asked = f"{request.method} {request.url.path}"
                raise RefusedError(reply_of(ruling.refusal, tuple(request.scope["headers"]), asked))
            return _act(ruling, request.scope[_NOTED])

        return Depends(ruled)

    def install(self, app: FastAPI) -> None:
        """Refusals are answered in the form the client accepts, and outcomes are reported."""
        app.add_exception_handler(RefusedError, _answer)
        app.add_middleware(_Outcomes, report=self._decider.report)

    def _routes(self, route: Mapping[str, Any]) -> RouteFile:
        return RouteFile.model_validate({**self._file, "routes": [route]})

    async def _ruling(self, request: Request, enforcement: Enforcement) -> Ruling:
        incoming, route = incoming_of(request.scope), enforcement.routes.routes[0]
        segments = {name: str(value) for name, value in request.path_params.items()}
        matched = enforcement.matched_elsewhere(incoming, route, segments)
        if isinstance(matched, Ruling):
            return matched
        try:
            asked = await _with_body(incoming, request) if route.reads_body else incoming
        except RequestError as fault:
            return malformed(fault)
        return await decided(enforcement, self._decider, asked, matched)


def _act(ruling: Ruling, noted: _Noted) -> Act:
    told = ruling.told
    if OBSERVED in told:
        noted.observed.append(told[OBSERVED])
        return Act(told["x-quanheng-decision"], (), told[OBSERVED])
    noted.decisions.append(ruling.decision_id)
    return Act(ruling.decision_id, tuple(filter(None, told.get("x-quanheng-obligations", "").split(","))))


async def _with_body(incoming: Incoming, request: Request) -> Incoming:
    """The body, which FastAPI keeps for the endpoint. Raises RequestError beyond its bound."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > BODY_LIMIT:
        raise too_large()
    return incoming._replace(body=await request.body())


async def _answer(_: Request, fault: Exception) -> Response:
    if not isinstance(fault, RefusedError):
        raise fault
    kind = fault.reply.kind.decode()
    return Response(fault.reply.body, fault.reply.status, {"content-type": kind})


class _Outcomes:
    """Around the application: what it answered to an act is what became of it."""

    def __init__(self, app: App, report: Callable[[str, str, str], Awaitable[None]]) -> None:
        self._app, self._report = app, report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, noted = list[int](), _Noted([], [])

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])
                loud = [(OBSERVED.encode(), refused.encode()) for refused in noted.observed]
                message = {**message, "headers": [*message.get("headers", ()), *loud]}
            await send(message)

        await self._app({**scope, _NOTED: noted} if scope["type"] == "http" else scope, receive, noting)
        result = result_of(status[0] if status else None)
        for decision_id in noted.decisions:
            if result and decision_id:
                await self._report(decision_id, result, f"HTTP {status[0]}")
