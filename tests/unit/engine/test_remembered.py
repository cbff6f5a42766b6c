"""What a total function said of the row before is not asked again for the same cells, and never taken for other ones."""

from collections.abc import Callable
from itertools import product

from sidecar.decision.engine import read_engine

MODEL = """[request_definition]
r = sub, place
[policy_definition]
p = sub, area, since, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.sub == p.sub && within(r.place, p.area) && open(p.since, p.area)
"""
AREAS = ("a", "a", "ab", "a", "b", "b", "a")
SINCE = ("1", "2", "2", "2", "2", "1", "1")
ROWS = "".join(f"p, someone, {area}, {since}, allow\n" for area, since in zip(AREAS, SINCE, strict=True))


def counted(asked: list[tuple[str, str]], function: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
    def counting(one: str, other: str) -> bool:
        asked.append((one, other))
        return function(one, other)

    return counting


def test_rows_that_agree_are_asked_once_and_all_are_judged_rightly() -> None:
    within: list[tuple[str, str]] = []
    is_open: list[tuple[str, str]] = []
    functions = {"within": counted(within, str.startswith), "open": counted(is_open, lambda since, area: since + area != "2a")}
    engine = read_engine(MODEL, ROWS, functions=functions, total=functions)
    for place in ("abc", "b", "", "a"):
        within.clear()
        found = [row[-1] for row in engine.match(("someone", place)).allow]
        told = [n for n, (area, since) in enumerate(zip(AREAS, SINCE, strict=True)) if place.startswith(area) and since + area != "2a"]
        assert found == told
        assert within == [(place, area) for area in ("a", "ab", "a", "b", "a")]
    assert len(is_open) < 4 * len(AREAS)


def test_a_function_that_is_not_declared_total_is_asked_for_every_row() -> None:
    asked: list[tuple[str, str]] = []
    functions = {"within": counted(asked, str.startswith), "open": lambda *_: True}
    engine = read_engine(MODEL, ROWS, functions=functions)
    assert len(engine.match(("someone", "a")).allow) == AREAS.count("a")
    assert asked[-len(AREAS) :] == [("a", area) for area in AREAS]


def test_every_pair_of_neighbours_is_told_apart() -> None:
    """Whatever stands in the row before."""
    functions = {"within": str.startswith, "open": lambda since, area: since != area}
    for first, second in product(product("ab", "ab"), repeat=2):
        rows = "".join(f"p, someone, {area}, {since}, allow\n" for area, since in (first, second))
        engine = read_engine(MODEL, rows, functions=functions, total=functions)
        found = [row[-1] for row in engine.match(("someone", "a")).allow]
        assert found == [n for n, (area, since) in enumerate((first, second)) if area == "a" and since != area]
