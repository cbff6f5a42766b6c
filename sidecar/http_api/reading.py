"""Reading the record over HTTP: which callers may, for whom, and the routes of decisions, totals and cases."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request

from sidecar.decision_log.entry import KINDS
from sidecar.errors import RequestError
from sidecar.http_api.callers import Caller
from sidecar.http_api.strict_json import check_text
from sidecar.personnel.cells import PERSON_ID
from sidecar.ports.past import Items
from sidecar.ports.records import TOTALS, Filter
from sidecar.power_list.vocabulary import POWER_CLASSES
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import MAX_IDENTIFIER
from sidecar.service.explaining import Explainer
from sidecar.service.inspect import MAX_LINES, MAX_PAGE, Inspector, Search
from sidecar.service.reading import Reader

MAX_TOKEN = 512  # characters of a page token; they hold a value and a digest

Known = Callable[[Request], Caller]
Facts = Callable[[Request, Caller], CallerFacts]

Moment = Annotated[int | None, Query(ge=0, le=2**53 - 1, description="milliseconds since the epoch")]
Day = Annotated[date | None, Query(description="a day of the service's time zone")]
Token = Annotated[str, Query(description="`next_token` of the page before; the same question, and no other limit")]
ReaderHeader = Annotated[str, Header(alias="X-Reader", description="for whom a system reads that reads for persons")]
By = Annotated[str, Query(pattern=f"^({'|'.join(TOTALS)})$", description="what is counted by")]
_CLASSES = "|".join(POWER_CLASSES)


def reader_among(known: Known, facts: Facts, inspector: Inspector) -> Any:
    """The reader behind a request, where its caller may read the record and says for whom, if it must; that one was refused is
    itself recorded, with what it wanted to see."""

    async def find(request: Request, person: ReaderHeader = "") -> Reader:
        caller = known(request)
        if person and not PERSON_ID.match(person):
            raise RequestError("bad_reader", "X-Reader must be the identifier of an officer")
        reader = Reader(facts(request, caller), caller.reads, person)
        refused = _refusal(caller, person)
        if refused:
            wanted = {**request.path_params, **request.query_params}
            route = request.scope["route"].path
            await inspector.record_reading(reader, {**wanted, "what": route, "refused": refused})
            raise HTTPException(403, f"forbidden: this caller {refused}")
        return reader

    return Depends(find)


def _refusal(caller: Caller, person: str) -> str:
    """Why a caller may not read now; empty where it may."""
    if "read" not in caller.may:
        return "may not read"
    if caller.names_reader and not person:
        return "reads for persons and must name each in X-Reader"
    if person and not caller.names_reader:
        return "is not declared to read for persons: leave X-Reader out, or set names_reader"
    return ""


def well_formed(request: Request) -> None:
    """Path and query are bounded like a body, for they are recorded; a parameter nobody reads is a misspelt filter."""
    for name, text in (*request.path_params.items(), *request.query_params.items()):
        check_text(text)
        bound = MAX_TOKEN if name == "token" else MAX_IDENTIFIER
        if len(text) > bound:
            raise RequestError("bad_request", f"a parameter is longer than {bound} characters")
    known = set(_parameters(request.scope["route"].dependant))
    for name in request.query_params:
        if name not in known:
            raise RequestError("bad_request", f"query.{name[:40]!r}: no such parameter; known: {', '.join(sorted(known))}")


def _parameters(dependant: Any) -> Iterator[str]:
    """The names of all query parameters that a route reads, itself or through what it depends on."""
    yield from (parameter.alias for parameter in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _parameters(inner)


def searching(items: Items) -> Any:
    """What entries a query names, by all that it names together."""

    def read(
        officer: str = "",
        item: str = "",
        case: str = "",
        code: str = "",
        decision: Annotated[str, Query(pattern="^(allow|deny)?$")] = "",
        post: str = "",
        unit: str = "",
        power_class: Annotated[str, Query(alias="class", pattern=f"^({_CLASSES})?$", description="class of power")] = "",
        step: str = "",
        rule: str = "",
        party: str = "",
        system: Annotated[str, Query(alias="caller")] = "",
        text: str = "",
        since: Day = None,
        until: Day = None,
        since_ms: Moment = None,
        until_ms: Moment = None,
        token: Token = "",
    ) -> Search:
        wanted = Filter(
            officer, _id_of(item, items), case, code, decision, "", since_ms, until_ms,
            post=post, unit=unit, step=step, rule=rule, party=party, caller=system, text=text,
            since_day=since.isoformat() if since else "", until_day=_behind(until), items=_of_class(power_class, items),
        )  # fmt: skip
        return Search(wanted, power_class, token=token)

    return Depends(read)


def _behind(day: date | None) -> str:
    """The day behind one that counts whole."""
    return (day + timedelta(days=1)).isoformat() if day and day < date.max else ""


def _of_class(power_class: str, items: Items) -> tuple[str, ...]:
    """Raises RequestError where there is none: without a name nothing would be restricted."""
    found = tuple(sorted(items.items_of(power_class))) if power_class else ()
    if power_class and not found:
        raise RequestError("bad_request", f"query.class: no item here was ever of the class {power_class}")
    return found


def _id_of(item: str, items: Items) -> str:
    """An item may be given by its name. Raises RequestError where several bear it."""
    found = sorted(items.items_called(item)) if item else []
    if len(found) > 1:
        raise RequestError("bad_request", f"query.item: {', '.join(found)} bear this name; name one of them by its id")
    return found[0] if found else item


def add_reading(app: FastAPI, inspector: Inspector, reads: Any, items: Items, explainer: Explainer | None = None) -> None:
    """`reads` finds the reader. Without an explainer nothing is explained."""
    formed, asked = [Depends(well_formed)], searching(items)

    @app.get("/v1/decisions", tags=["record"], dependencies=formed)
    async def list_decisions(
        search: Search = asked,
        kind: Annotated[str, Query(pattern=f"^({'|'.join(KINDS)})?$")] = "",
        limit: Annotated[int | None, Query(ge=1, le=MAX_PAGE)] = None,
        reader: Reader = reads,
    ) -> dict[str, Any]:
        """Entries of the log, newest first, a page at a time. Reading is recorded."""
        wanted = search.wanted._replace(kind=kind)
        return await inspector.decisions(search._replace(wanted=wanted, limit=limit), reader)

    @app.get("/v1/log/totals", tags=["record"], dependencies=formed)
    async def log_totals(
        search: Search = asked,
        by: By = "day",
        limit: Annotated[int | None, Query(ge=1, le=MAX_LINES)] = None,
        reader: Reader = reads,
    ) -> dict[str, Any]:
        """How many decisions were allowed and denied, and by which days, items, units, officers, …. Reading is recorded."""
        return await inspector.totals(search._replace(limit=limit), by, reader)

    @app.get("/v1/decisions/{decision_id}", tags=["record"], dependencies=formed)
    async def show_decision(decision_id: str, reader: Reader = reads) -> dict[str, Any]:
        """One decision and its outcome. Reading is recorded."""
        return await inspector.decision(decision_id, reader)

    if explainer is not None:
        _add_explanations(app, inspector, reads, explainer)

    @app.get("/v1/cases/{case_id}", tags=["record"], dependencies=formed)
    async def show_case(case_id: str, reader: Reader = reads) -> dict[str, Any]:
        """A case as its own history tells it. Reading is recorded."""
        return await inspector.case(case_id, reader)


def _add_explanations(app: FastAPI, inspector: Inspector, reads: Any, explainer: Explainer) -> None:
    @app.get("/v1/decisions/{decision_id}/explanation", tags=["record"], dependencies=[Depends(well_formed)])
    async def explain_decision(decision_id: str, reader: Reader = reads) -> dict[str, Any]:
        """The whole story of one decision: who, by which appointment, which power, what each control found, the earlier acts of
        its case, whether it comes out the same again, and its proof. Reading is recorded."""
        return await explainer.told(await inspector.found(decision_id, reader, "explanation"))
