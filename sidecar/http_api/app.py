"""The FastAPI application around the hot path: reading, health, metrics, documentation."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

import structlog
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from sidecar import __version__
from sidecar.compiler.manifest import ItemFacts
from sidecar.decision.search import MAX_RESULTS
from sidecar.errors import NotFoundError, OverloadedError, RequestError, StoreError
from sidecar.http_api.authzen import Evaluations, add_evaluations, add_metadata, add_searches
from sidecar.http_api.callers import Caller, Callers
from sidecar.http_api.decisions import Decisions
from sidecar.http_api.documentation import HEADERS, page_of
from sidecar.http_api.guard import OVERLOADED, App, Bounds, Guard, certificate
from sidecar.http_api.lane import ProtocolFactory, lane_to
from sidecar.http_api.log_proofs import add_proofs, told
from sidecar.http_api.metrics import Metrics
from sidecar.http_api.openapi import with_hot_paths
from sidecar.http_api.outcomes import LOG_UNAVAILABLE, Outcomes, problems
from sidecar.http_api.reading import add_reading, reader_among, well_formed
from sidecar.http_api.straight import Straight
from sidecar.messages import counted
from sidecar.ports.past import Kept
from sidecar.ports.records import RecordStore
from sidecar.service.answering import CallerFacts
from sidecar.service.authorize import Authorizer
from sidecar.service.deciding import Deciding
from sidecar.service.explaining import Explainer
from sidecar.service.inspect import Inspector
from sidecar.service.log_keeper import LogKeeper
from sidecar.service.outcome import OutcomeReports
from sidecar.service.paging import Pages
from sidecar.service.plain import PlainAuthorizer
from sidecar.service.plain_search import PlainSearches
from sidecar.service.reading import BELOW
from sidecar.service.search import Searches
from sidecar.service.searching import Searching
from sidecar.settings import Settings, is_loopback

log = structlog.get_logger("quanheng.http")


class Served(NamedTuple):
    """What is served: an application for whatever comes, and the protocol that puts the lane in front of it."""

    app: App
    protocol: ProtocolFactory


def build_app(
    authorizer: Deciding,
    settings: Settings,
    keeper: LogKeeper | None = None,
    metrics: Metrics | None = None,
    kept: Kept | None = None,
) -> Served:
    """Everything that is served, from the outside in: lane, guard, hot path, FastAPI. Without a keeper there are no proofs.
    `kept` are the policies and registers that ever served here; without them nothing is explained, and classes of power are those
    of the policies that serve."""
    metrics = metrics or Metrics(authorizer.store.counters)
    if keeper is not None:
        metrics.keeper = keeper
    callers = Callers(settings.callers, insecure=settings.insecure)
    searching = searching_of(authorizer)
    app = FastAPI(title="Quanheng 权衡", version=__version__, redirect_slashes=False, docs_url=None, redoc_url=None)
    _add_errors(app, metrics)
    inspector = _inspector_of(authorizer)
    reads = reader_among(_known(callers), _facts, inspector)
    if keeper is not None:
        add_proofs(app, keeper, inspector, anybody=Depends(_known(callers)), reads=reads, formed=[Depends(well_formed)])
    items = kept.library if kept else _ItemsServing(authorizer)
    add_reading(app, inspector, reads, items, Explainer(*kept, keeper) if kept and keeper else None)
    asks = _caller_for("ask", callers)
    add_evaluations(app, Evaluations(authorizer, metrics, keeper), asks, _facts)
    add_searches(app, searching, asks, _facts)
    add_metadata(app, settings.address, searching, authorizer)
    if isinstance(searching, Searches):
        _add_powers(app, searching, callers)
    _add_health(app, authorizer, settings, metrics, keeper)
    _add_documentation(app)
    with_hot_paths(app)
    reports = OutcomeReports(authorizer.store, authorizer.clock, authorizer.personal)
    straight = Straight(app, Decisions(authorizer, callers, metrics, keeper), Outcomes(reports, callers))
    bounds = Bounds(settings.body_limit, settings.body_deadline, loopback_only=settings.insecure and settings.uds is None)
    return Served(Guard(straight, bounds, metrics.rejected), lane_to(straight, bounds, metrics.rejected))


def _known(callers: Callers) -> Callable[[Request], Caller]:
    def find(request: Request) -> Caller:
        caller = callers.find(request.headers.get("authorization"), certificate(request.scope))
        if caller is None:
            raise HTTPException(401, "unauthenticated: send Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})
        return caller

    return find


def _caller_for(duty: str, callers: Callers) -> Any:
    known = _known(callers)

    def find(request: Request) -> Caller:
        caller = known(request)
        if duty not in caller.may:
            raise HTTPException(403, f"forbidden: this caller may not {duty}")
        return caller

    return Depends(find)


def _facts(request: Request, caller: Caller) -> CallerFacts:
    client = request.client.host if request.client else ""
    return CallerFacts(caller.name, client, request.headers.get("x-request-id", ""), caller.limits)


def _inspector_of(authorizer: Deciding) -> Inspector:
    if isinstance(authorizer, Authorizer):
        pages = Pages(authorizer.tokens.derived("pages"))
        return Inspector(authorizer.store, authorizer.clock, authorizer.personal, pages, lambda: authorizer.policy.organs)
    pages = Pages(authorizer.page_key if isinstance(authorizer, PlainAuthorizer) else secrets.token_bytes(32))
    return Inspector(authorizer.store, authorizer.clock, authorizer.personal, pages, dict)


class _ItemsServing:
    """The items of the policies that serve, where no others are kept."""

    def __init__(self, authorizer: Deciding) -> None:
        self._authorizer = authorizer

    def items_of(self, power_class: str) -> set[str]:
        return {name for name, facts in self._items().items() if facts.power_class == power_class}

    def items_called(self, name: str) -> set[str]:
        items = self._items()
        return {name} if name in items else {item for item, facts in items.items() if facts.name == name}

    def _items(self) -> Mapping[str, ItemFacts]:
        return self._authorizer.policy.items if isinstance(self._authorizer, Authorizer) else {}


def searching_of(authorizer: Deciding) -> Searching:
    """The searches that fit what decides."""
    if isinstance(authorizer, PlainAuthorizer):
        return PlainSearches(authorizer)
    if isinstance(authorizer, Authorizer):
        return Searches(authorizer)
    raise TypeError(type(authorizer).__name__)


def _add_powers(app: FastAPI, searches: Searches, callers: Callers) -> None:
    reads = _caller_for("read", callers)

    @app.get("/v1/officers/{person}/powers", tags=["searches"], dependencies=[Depends(well_formed), reads])
    async def powers(
        person: str, after: str = "", limit: Annotated[int, Query(ge=1, le=MAX_RESULTS)] = MAX_RESULTS
    ) -> dict[str, Any]:
        """What an officer may do today: items and steps, on cases that have not begun. `next` is the `after` of the next page."""
        return searches.powers(person, after, limit)


def _add_health(app: FastAPI, authorizer: Deciding, settings: Settings, metrics: Metrics, keeper: LogKeeper | None) -> None:
    @app.get("/healthz", tags=["operation"])
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["operation"])
    async def readyz(response: Response) -> dict[str, Any]:
        """Whether decisions can be made and recorded; insecure settings are named here."""
        failure = authorizer.store.failure or (keeper.failure if keeper else "")
        response.status_code = 503 if failure else 200
        return {
            "ready": not failure,
            "failure": failure,
            "warnings": [
                *warnings_of(settings, authorizer.store),
                *(keeper.warnings if keeper else ()),
                *doubts_of(authorizer, settings),
                *_stale(authorizer),
            ],
            **({"log": told(keeper)} if keeper else {}),
            "policy": authorizer.digest,
            **authorizer.size,
            "version": __version__,
        }

    @app.get("/metrics", tags=["operation"], response_class=PlainTextResponse)
    async def metrics_text() -> PlainTextResponse:
        """Counters in the Prometheus text format."""
        return PlainTextResponse(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_documentation(app: FastAPI) -> None:
    @app.get("/docs", include_in_schema=False, response_class=HTMLResponse)
    async def documentation() -> HTMLResponse:
        return HTMLResponse(page_of(app.openapi()), headers=HEADERS)


def _stale(authorizer: Deciding) -> list[str]:
    """That an older version still serves; why is in the server's log, for it may name files."""
    told = "the last reload failed, the earlier policies and personnel still serve 重新加载失败，仍使用原版本"
    return [told] if authorizer.not_reloaded else []


def warnings_of(settings: Settings, store: RecordStore) -> list[str]:
    """What is less safe than it should be, in words; said at each start and in /readyz."""
    found = [*store.warnings]
    if settings.insecure:
        found.append("insecure: callers on loopback need no token 本机调用不验证令牌")
    cases = settings.cases.get_secret_value() if settings.cases else ""
    if cases.startswith("redis://") and not is_loopback(urlsplit(cases).hostname or ""):
        found.append("the case store is reached without TLS 与共享存储的连接未加密")
    if cases and not (settings.cases_password_file or urlsplit(cases).password or cases.startswith("unix://")):
        found.append("the case store asks for no password 共享存储未设密码")
    today = datetime.now(settings.zone).date()
    for name, until in settings.observed.items():
        if until >= today:
            found.append(f"{name} is observed until {until}: what it is refused may be let through 观察期内，拒绝可能放行")
        else:
            found.append(f"{name} was observed until {until} and is refused in earnest again 观察期已过，请删去 observe_until")
    if not store.durable:
        found.append("the record is kept in memory and will be lost 记录仅在内存中")
    return found


def doubts_of(authorizer: Deciding, settings: Settings) -> list[str]:
    """What nobody has looked at in the policies that serve, and what settings say of them that does not fit; said at each start
    and in /readyz."""
    n = authorizer.unconfirmed
    told = (
        f"{counted(n, 'post')} written by an import, not confirmed: check organ.yaml and build 有 {n} 个岗位由导入生成，尚未确认"
    )
    year = authorizer.unknown_year
    calendar = f"the working days of {year} are not known: quanheng calendar fill {year}, and build 没有 {year} 年的工作日历"
    return [*([told] if n else []), *([calendar] if year else []), *_unknown_units(authorizer, settings)]


def _unknown_units(authorizer: Deciding, settings: Settings) -> list[str]:
    """Units that a caller may read and nothing here knows: misspelt, or gone from the policies."""
    organs = authorizer.policy.organs if isinstance(authorizer, Authorizer) else {}
    return [
        f"{name} may read the unit {unit}, which no policy here names: see reads 读取授权中的机关不在现行策略中"
        for name, caller in settings.callers.items()
        for unit in (grant.removesuffix(BELOW) for grant in caller.reads or ())
        if unit not in organs
    ]


def _said(fault: StarletteHTTPException) -> str:
    """Faults of our own begin with a code; those of the framework get one."""
    standard = HTTPStatus(fault.status_code)
    if fault.detail != standard.phrase:
        return str(fault.detail)
    allowed = (fault.headers or {}).get("Allow")
    return f"{standard.name.lower()}: {f'use {allowed}' if allowed else 'nothing is served here, see /docs'}"


_COME_AGAIN = {"Retry-After": OVERLOADED.seconds.decode()}


def _add_errors(app: FastAPI, metrics: Metrics) -> None:
    """One shape for every error: a status and a plain string."""

    @app.exception_handler(StarletteHTTPException)
    async def http_error(_: Request, fault: StarletteHTTPException) -> PlainTextResponse:
        return PlainTextResponse(_said(fault), fault.status_code, headers=fault.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, fault: RequestValidationError) -> PlainTextResponse:
        metrics.rejected("bad_request")
        return PlainTextResponse(f"bad_request: {problems(fault.errors())}", 400)

    @app.exception_handler(RequestError)
    async def refused(_: Request, fault: RequestError) -> PlainTextResponse:
        metrics.rejected(fault.code)
        return PlainTextResponse(f"{fault.code}: {fault.message}", fault.status_hint)

    @app.exception_handler(NotFoundError)
    async def missing(_: Request, fault: NotFoundError) -> PlainTextResponse:
        return PlainTextResponse(f"not_found: {fault.message}", 404)

    @app.exception_handler(StoreError)
    async def unrecorded(_: Request, fault: StoreError) -> PlainTextResponse:
        log.error("record unavailable", problem=fault.message)
        return PlainTextResponse(LOG_UNAVAILABLE, 503, headers=_COME_AGAIN)

    @app.exception_handler(OverloadedError)
    async def overloaded(_: Request, __: OverloadedError) -> PlainTextResponse:
        metrics.rejected(OVERLOADED.code)
        return PlainTextResponse(OVERLOADED.told, 503, headers=_COME_AGAIN)
