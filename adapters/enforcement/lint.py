"""A route file held against itself and against the API it leads to: overlaps, routes no request reaches, what is not mapped.

Coverage (监督跟进到哪里) is how much of a declared API is under control: mapped to a step, declared no power, or neither, and
then refused. What is not declared in the API is not seen here; the proxy refuses and counts it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from adapters.enforcement.openapi import Operation
from adapters.enforcement.routes import CheckedRoutes, Route, RouteFile, match_route, plain_segments
from sidecar.errors import RequestError
from sidecar.power_list.findings import Finding, Severity

OWN = "/.quanheng/"
_SAMPLE = "quanheng-sample"  # stands for the value of a parameter


class Coverage(NamedTuple):
    """Operations of an API by what the route file says of them, and steps of the named items that no route leads to."""

    steps: int
    not_a_power: int
    unmapped: int
    unrouted_steps: tuple[str, ...] = ()

    @property
    def operations(self) -> int:
        return self.steps + self.not_a_power + self.unmapped

    @property
    def percent(self) -> int:
        """Of the operations, those of which the route file says what they are; rounded down."""
        return (self.steps + self.not_a_power) * 100 // self.operations if self.operations else 0


def doubts_of(checked: CheckedRoutes) -> Iterator[Finding]:
    """What is doubtful in a route file by itself."""
    routes = checked.draft.routes if checked.draft else ()
    places = [checked.located.place("routes", n) for n in range(len(routes))]
    by_shape: dict[tuple[str, int], list[int]] = {}
    for n, route in enumerate(routes):
        by_shape.setdefault((route.method, len(route.segments)), []).append(n)
        if _unreachable(route):
            yield Finding("ROUTE_UNREACHABLE", places[n], facts={"path": route.path})
    for alike in by_shape.values():
        for first, second in combinations(alike, 2):
            if _overlap(routes[first], routes[second]):
                other = f"{routes[first].path} ({places[first]})"
                facts: dict[str, object] = {"method": routes[second].method, "path": routes[second].path, "other": other}
                yield Finding("ROUTE_OVERLAP", places[second], facts=facts)
    heads = {route.path for route in routes if route.method == "HEAD"}
    for n, route in enumerate(routes):
        if route.method == "GET" and route.not_a_power is not None and route.path not in heads:
            yield Finding("METHOD_FORGOTTEN", places[n], facts={"path": route.path}, severity=Severity.WARNING)


def held_against(checked: CheckedRoutes, operations: Sequence[Operation]) -> Iterator[Finding]:
    """What the API has and the route file has not, and the other way round."""
    if checked.draft is None:
        return
    used: set[int] = set()
    for operation in operations:
        route = _route_of(checked.draft, operation)
        facts: dict[str, object] = {"method": operation.method, "path": operation.declared}
        if not operation.path:
            yield Finding("ROUTE_INEXPRESSIBLE", operation.place, facts={**facts, "why": operation.why})
        elif route is None:
            yield Finding("ROUTE_UNMAPPED", operation.place, facts=facts)
        else:
            used.add(id(route))
    for n, route in enumerate(checked.draft.routes):
        if id(route) not in used and not _named(route, operations):
            facts = {"method": route.method, "path": route.path}
            yield Finding("ROUTE_NOT_IN_API", checked.located.place("routes", n), facts=facts, severity=Severity.WARNING)


def coverage_of(
    routes: RouteFile, operations: Iterable[Operation], steps: Mapping[str, Collection[str]] | None = None
) -> Coverage:
    """`steps` are those of every item, where they are known."""
    found = [_route_of(routes, operation) for operation in operations]
    mapped = [route for route in found if route is not None]
    free = sum(route.not_a_power is not None for route in mapped)
    led_to = {(route.item, route.step) for route in routes.routes}
    named = sorted({route.item for route in routes.routes if route.item})
    unrouted = [f"{item} {step}" for item in named for step in (steps or {}).get(item, ()) if (item, step) not in led_to]
    return Coverage(len(mapped) - free, free, len(found) - len(mapped), tuple(unrouted))


def _route_of(routes: RouteFile, operation: Operation) -> Route | None:
    """The route by which an operation is judged, whatever the values of its parameters."""
    if not operation.path:
        return None
    sample = "/".join(_SAMPLE if segment.startswith("{") else segment for segment in operation.path.split("/"))
    try:
        matched = match_route(routes, operation.method, sample)
    except RequestError:
        return None
    return matched.route if matched and matched.route.whole else None


def _named(route: Route, operations: Iterable[Operation]) -> bool:
    """Whether an operation has the shape of a route; a more exact one may have been judged in its stead."""
    segments = route.segments
    return any(
        operation.method == route.method
        and len(given := operation.path.split("/")[1:]) == len(segments)
        and all(_meets(one, other) for one, other in zip(segments, given, strict=True))
        for operation in operations
    )


def _unreachable(route: Route) -> bool:
    sample = "/".join(_SAMPLE if segment.startswith("{") else segment for segment in route.path.split("/"))
    try:
        plain_segments(sample)
    except RequestError:
        return True
    return route.path.startswith(OWN)


def _overlap(one: Route, other: Route) -> bool:
    """Whether some address fits both equally closely, and they are not the same shape (which is refused anyway)."""
    pairs = list(zip(one.segments, other.segments, strict=True))
    parameters = [[segment.startswith("{") for segment in route.segments] for route in (one, other)]
    alike = parameters[0] == parameters[1]
    return not alike and sum(parameters[0]) == sum(parameters[1]) and all(_meets(a, b) for a, b in pairs)


def _meets(one: str, other: str) -> bool:
    return one == other or one.startswith("{") or other.startswith("{")
