"""The route file of an enforcement point: which HTTP route is which step of which item, and where the facts of a request stand.

    officer: {header: X-Officer}                 # set by the authenticating gateway, never by the client
    routes:
      - {method: POST, path: "/licences/{case}/accept", item: …, step: accept, case: {path: case}, party: {json: applicant.id}}
      - {method: GET, path: "/licences/{case}", not_a_power: 查看}

Every route of the system behind the proxy is either mapped or declared `not_a_power`, with the reason; a route that is neither is
refused. A value comes from exactly one place: a path segment, a query parameter, a header, a member of the JSON body (dots lead
into nested members), or is fixed in the file (`value`).

A path is matched only in its plain form: dot segments, doubled or encoded slashes, backslashes and NUL are refused before
matching, because the system behind might read them differently.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_network
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import parse_qsl, quote, unquote

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from adapters.enforcement.identity import THIS_MACHINE
from sidecar.errors import RequestError, RouteFileError
from sidecar.expressions.facts import Asserted
from sidecar.messages import in_lines, near
from sidecar.power_list.findings import Finding, Place, in_reading_order
from sidecar.power_list.load import Located, load
from sidecar.power_list.parts import Name, Part, Requirement, Slug
from sidecar.power_list.references import duplicate
from sidecar.power_list.source import read_source
from sidecar.power_list.values import Zh, formed


def _read_network(value: object) -> object:
    try:
        ip_network(value if isinstance(value, str) else "")
    except ValueError as fault:
        raise PydanticCustomError("BAD_FORM", "bad form", {"expected": '"10.1.2.3" 或 or "10.1.0.0/16"'}) from fault
    return value


Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Network = Annotated[str, BeforeValidator(_read_network)]
PathPattern = Annotated[str, *formed(r"^/[^\s?#;%\\]*$", "/licences/{case}/accept")]

_PARAMETER = re.compile(r"\{([a-z][a-z0-9_]*)\}\Z")
_UNPLAIN = re.compile(r"//|/\.{1,2}(/|\Z)|%2e|%2f|%5c|%00|\\|;|\x00", re.IGNORECASE)


class ValueSource(Part):
    """Where one value of a request stands."""

    path: Annotated[Name | None, Zh("路径")] = None
    query: Annotated[Name | None, Zh("参数")] = None
    header: Annotated[Name | None, Zh("头")] = None
    json_member: Annotated[Name | None, Zh("正文")] = Field(default=None, alias="json")
    value: Annotated[str | int | bool | None, Zh("固定值")] = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "ValueSource":
        if sum(getattr(self, name) is not None for name in type(self).model_fields) != 1:
            raise PydanticCustomError("BAD_SOURCE", "write exactly one of path, query, header, json, value", {})
        return self


class Route(Part):
    """One route: a step of an item, or declared not to be a power. With `websocket` it may be the handshake of one: the
    handshake is judged, the messages after it are not."""

    method: Annotated[Method, Zh("方法")]
    path: Annotated[PathPattern, Zh("路径")]
    not_a_power: Annotated[Name | None, Zh("非权力")] = None
    item: Annotated[Slug | None, Zh("事项")] = None
    step: Annotated[Slug | None, Zh("环节")] = None
    websocket: Annotated[bool, Zh("长连接")] = False
    intent: Annotated[Literal["exercise", "co_sign"], Zh("意图")] = "exercise"
    case: Annotated[ValueSource | None, Zh("案号")] = None
    party: Annotated[ValueSource | None, Zh("当事人")] = None
    region: Annotated[ValueSource | None, Zh("行政区划")] = None
    outcome: Annotated[ValueSource | None, Zh("结果")] = None
    facts: Annotated[dict[Requirement, ValueSource], Zh("事实")] = Field(default_factory=dict)
    evidence: Annotated[dict[Requirement, ValueSource], Zh("证据")] = Field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Either a step with item and case, or declared not to be a power."""
        parts = [part is not None for part in (self.item, self.step, self.case)]
        return all(parts) if self.not_a_power is None else not any(parts)

    @cached_property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.path.split("/")[1:])

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """What each segment is called; empty for one that is literal."""
        return tuple([match.group(1) if (match := _PARAMETER.match(segment)) else "" for segment in self.segments])

    def sources(self) -> Iterator[ValueSource]:
        yield from (source for source in (self.case, self.party, self.region, self.outcome) if source)
        yield from self.facts.values()
        yield from self.evidence.values()

    @cached_property
    def reads_body(self) -> bool:
        return any(source.json_member for source in self.sources())


class TokenSource(Part):
    """A signed token of an OpenID issuer. `keys` is the issuer's key set (JWKS): an address, or a file beside the route file."""

    issuer: Annotated[Name, Zh("签发者")]
    audience: Annotated[Name, Zh("受众")]
    keys: Annotated[Name, Zh("公钥")]
    claim: Annotated[Name, Zh("声明")] = "sub"


class OfficerSource(Part):
    """Where the officer is told by somebody who has verified it: a header that only the gateways at `from` (addresses or
    networks, this machine unless written) may set, or a signed token."""

    header: Annotated[Name | None, Zh("头")] = None
    gateways: Annotated[tuple[Network, ...], Zh("网关")] = Field(default=THIS_MACHINE, alias="from", strict=False)
    token: Annotated[TokenSource | None, Zh("令牌")] = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "OfficerSource":
        if (self.header is None) == (self.token is None):
            raise PydanticCustomError("BAD_OFFICER_SOURCE", "write exactly one of header, token", {})
        return self


class ProxyDuties(Part):
    """Types of obligations that the reverse proxy itself fulfils before it forwards: written to its file, or told besides to the
    address it is started with."""

    record: Annotated[tuple[Name, ...], Zh("登记")] = Field(default=(), strict=False, max_length=64)
    notify: Annotated[tuple[Name, ...], Zh("告知")] = Field(default=(), strict=False, max_length=64)

    @property
    def types(self) -> frozenset[str]:
        return frozenset((*self.record, *self.notify))


class RouteFile(Part):
    """`contact` is whom a person may call who was refused because something is wrong here: a name, a telephone, an address.
    `fulfils` are the types of obligations that the system behind sees to, all where left out; `proxy_fulfils` those that the
    reverse proxy does, and no other point."""

    officer: Annotated[OfficerSource, Zh("人员")]
    acting_post: Annotated[ValueSource | None, Zh("岗位")] = None
    contact: Annotated[Name | None, Zh("联系人")] = None
    fulfils: Annotated[tuple[str, ...] | None, Zh("可履行义务")] = Field(default=None, strict=False, max_length=64)
    proxy_fulfils: Annotated[ProxyDuties, Zh("代理履行义务")] = Field(default=ProxyDuties())
    routes: Annotated[tuple[Route, ...], Zh("路由")] = Field(min_length=1, strict=False)

    @property
    def headers(self) -> frozenset[str]:
        """The headers that values are read from, in lower case."""
        every = [*filter(None, [self.acting_post]), *(source for route in self.routes for source in route.sources())]
        return frozenset(source.header.lower() for source in every if source.header)

    @cached_property
    def by_shape(self) -> Mapping[tuple[str, int], tuple[Route, ...]]:
        """The routes of a method with so many segments, in the order of the file: no other can fit."""
        found: dict[tuple[str, int], tuple[Route, ...]] = {}
        for route in self.routes:
            shape = route.method, len(route.segments)
            found[shape] = (*found.get(shape, ()), route)
        return found


class Known(NamedTuple):
    """What is there that a route file may name: the steps of each item, and the types of obligations."""

    steps: Mapping[str, Collection[str]]
    obligations: Collection[str]


class CheckedRoutes(NamedTuple):
    """What became of a route file. `model` is None where it cannot be used; `draft` is what is left of it then."""

    model: RouteFile | None
    draft: RouteFile | None
    located: Located
    findings: tuple[Finding, ...]


def check_routes(file: str, data: bytes, known: Known | None = None) -> CheckedRoutes:
    """Read a route file with every mistake; names are held against what is known, where that is."""
    loaded = load(read_source(file, data), RouteFile)
    findings = list(loaded.findings)
    if loaded.draft:
        findings += _file_doubts(loaded.draft, loaded.located)
        findings += _repeated(loaded.draft, loaded.located)
        for n, route in enumerate(loaded.draft.routes):
            place = loaded.located.place("routes", n)
            if not route.whole and place not in loaded.mended:
                findings.append(Finding("BAD_ROUTE", place, facts={"key": f"routes[{n}]"}))
            findings += _segment_doubts(route, loaded.located.place("routes", n, "path"))
            findings += _unknown_step(route, loaded.located, n, known.steps) if known else ()
        findings += _unknown_obligations(loaded.draft, loaded.located, known.obligations) if known else ()
    model = None if findings else loaded.model
    return CheckedRoutes(model, loaded.draft, loaded.located, tuple(in_reading_order(findings)))


def read_routes(file: str, data: bytes, known: Known | None = None) -> RouteFile:
    """`check_routes`, for whoever needs it whole. Raises RouteFileError with every mistake and its place."""
    checked = check_routes(file, data, known)
    if checked.model is None:
        lines = in_lines((found.place, found.sentence) for found in checked.findings)
        raise RouteFileError("ROUTES_UNUSABLE", lines=lines)
    return checked.model


def _file_doubts(routes: RouteFile, located: Located) -> Iterator[Finding]:
    source = routes.acting_post
    if source and source.path:
        yield Finding("UNKNOWN_SEGMENT", located.place("acting_post"), facts={"segment": source.path, "path": "(routes)"})


def _repeated(routes: RouteFile, located: Located) -> Iterator[Finding]:
    seen: dict[tuple[str, tuple[str, ...]], int] = {}
    for n, route in enumerate(routes.routes):
        shape = (route.method, tuple("{}" if _PARAMETER.match(s) else s for s in route.segments))
        first = seen.setdefault(shape, n)
        if first != n:
            yield duplicate("route", f"{route.method} {route.path}", located.place("routes", n), located.place("routes", first))


def _segment_doubts(route: Route, place: Place) -> Iterator[Finding]:
    parameters = [match.group(1) for match in map(_PARAMETER.match, route.segments) if match]
    for segment in route.segments:
        repeated = parameters.count(segment.strip("{}")) > 1
        if repeated or (not _PARAMETER.match(segment) and re.search(r"[{}]", segment)):
            yield Finding("BAD_SEGMENT", place, facts={"segment": segment, "path": route.path})
    for source in route.sources():
        if source.path and source.path not in parameters:
            yield Finding("UNKNOWN_SEGMENT", place, facts={"segment": source.path, "path": route.path})


def _unknown_step(route: Route, located: Located, n: int, steps: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    if route.item is not None and route.item not in steps:
        facts: dict[str, object] = {"item": route.item, "near": near(route.item, steps)}
        yield Finding("UNKNOWN_ITEM_NAMED", located.place("routes", n, "item"), facts=facts)
    elif route.item is not None and route.step is not None and route.step not in steps[route.item]:
        facts = {"step": route.step, "near": ", ".join(steps[route.item])}
        yield Finding("UNKNOWN_STEP", located.place("routes", n, "step"), facts=facts)


def _unknown_obligations(routes: RouteFile, located: Located, known: Collection[str]) -> Iterator[Finding]:
    """A type that no allow brings is one that is misspelt: the true one would be refused."""
    own = routes.proxy_fulfils
    written: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
        (("fulfils",), routes.fulfils or ()),
        (("proxy_fulfils", "record"), own.record),
        (("proxy_fulfils", "notify"), own.notify),
    ]
    for path, types in written:
        for n, kind in enumerate(types):
            if kind not in known:
                facts: dict[str, object] = {"type": kind, "near": near(kind, known)}
                yield Finding("UNKNOWN_OBLIGATION", located.place(*path, n), facts=facts)


@dataclass(frozen=True, slots=True)
class Matched:
    """A route with the values of its path segments."""

    route: Route
    segments: Mapping[str, str]


def match_route(routes: RouteFile, method: str, raw_path: str) -> Matched | None:
    """The route of a request, or None. Literal segments win over parameters, and a step over what is
    no power. Raises RequestError for a path that is not plain."""
    given = plain_segments(raw_path)
    alike = routes.by_shape.get((method, len(given)), ())
    found = [Matched(route, values) for route in alike if (values := _fits(route, given)) is not None]
    if len(found) == 1:
        return found[0]
    return min(found, key=lambda matched: (len(matched.segments), matched.route.not_a_power is not None), default=None)


def plain_segments(raw_path: str) -> list[str]:
    """The decoded segments of a path. Raises RequestError for one that could be read in another way."""
    if _UNPLAIN.search(raw_path) or not raw_path.startswith("/"):
        raise RequestError("bad_path", "the path is not in its plain form")
    try:
        return [unquote(segment, errors="strict") for segment in raw_path.split("/")[1:]]
    except UnicodeDecodeError:
        raise RequestError("bad_path", "the path is not UTF-8") from None


def _fits(route: Route, given: list[str]) -> dict[str, str] | None:
    """The values of the parameters; as many segments are given as the route has."""
    values: dict[str, str] = {}
    for name, pattern, segment in zip(route.parameters, route.segments, given, strict=True):
        if name and segment:
            values[name] = segment
        elif pattern != segment:
            return None
    return values


def filled(route: Route, segments: Mapping[str, str]) -> str:
    """The path of a route with values of another's segments, empty where it needs one that is not among them."""
    if not {name for name in route.parameters if name} <= segments.keys():
        return ""
    pairs = zip(route.parameters, route.segments, strict=True)
    values = [quote(segments[name], safe="") if name else segment for name, segment in pairs]
    return "/" + "/".join(values)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an HTTP request that values come from. Header names are lower case; `body` is decoded JSON or None."""

    segments: Mapping[str, str]
    query: str
    headers: tuple[tuple[str, str], ...]
    body: Any = None

    def value(self, source: ValueSource | None) -> str | int | bool | None:
        """The value at a source, None when absent. Raises RequestError when it is there twice or of no plain type."""
        if source is None:
            return None
        if source.value is not None:
            return source.value
        if source.path:
            return self.segments.get(source.path)
        if source.query:
            pairs = parse_qsl(self.query, keep_blank_values=True)
            return _only([value for name, value in pairs if name == source.query], f"query parameter {source.query}")
        if source.header:
            return _only([value for name, value in self.headers if name == source.header.lower()], f"header {source.header}")
        return self._member(source.json_member or "")

    def _member(self, path: str) -> str | int | bool | None:
        value: object = self.body
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value is None or isinstance(value, str | int | bool):
            return value
        raise RequestError("bad_value", f"body member {path} must be text, a whole number, true or false")


def _only(values: list[str], what: str) -> str | None:
    if len(values) > 1:
        raise RequestError("repeated_value", f"{what} is sent twice")
    return values[0] if values else None


def evaluation_of(routes: RouteFile, matched: Matched, parts: Parts, officer: str, channel: str) -> dict[str, Any]:
    """The AuthZEN request that a mapped HTTP request of an officer stands for. Raises RequestError when the case is missing."""
    route = matched.route
    case = parts.value(route.case)
    if case is None or case == "":
        raise RequestError("no_case", "the request does not say which case it belongs to")
    post = parts.value(routes.acting_post)
    return {
        "subject": {"type": "officer", "id": officer, "properties": {"acting_post": post} if post else {}},
        "action": {"name": route.step, "properties": _present({"outcome": parts.value(route.outcome)})},
        "resource": {
            "type": "case",
            "id": str(case),
            "properties": {
                "item": route.item,
                **_present({"party": _text(parts.value(route.party)), "region": parts.value(route.region)}),
            },
        },
        "context": {
            "intent": route.intent,
            "channel": channel,
            "facts": _present({name: _fact(parts.value(source)) for name, source in route.facts.items()}),
            "evidence": _present({name: _text(parts.value(source)) for name, source in route.evidence.items()}),
        },
    }


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _text(value: str | int | bool | None) -> str | None:
    return None if value is None else str(value)


def _fact(value: str | int | bool | None) -> Asserted | None:
    """A fact read from a path, query or header is text; one that spells a whole number or a truth value is that."""
    if isinstance(value, str):
        if value in ("true", "false"):
            return value == "true"
        return int(value) if re.fullmatch(r"-?[0-9]{1,15}", value) else value
    return value
