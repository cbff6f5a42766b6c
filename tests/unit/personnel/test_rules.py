"""What the personnel tables may not say together: incompatible duties in one hand."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import PersonnelError
from sidecar.personnel.posts import PostFacts
from sidecar.personnel.registers import Appointment, Personnel, Span
from sidecar.personnel.rules import Incompatibility, Known, Rules, held_together
from sidecar.personnel.tables import APPOINTMENTS, read_personnel

CASH = Incompatibility((("d.payer",), ("d.keeper",)), 1, "出纳不管账", "内控规范", "house/incompatible.yaml:2")
SEALS = Incompatibility((("d.seal1",), ("d.seal2",), ("d.seal3",)), 2, "印章分管", "内控规范", "house/incompatible.yaml:3")
POSTS = {name: PostFacts(name, "d", "house", "handler") for name in ("d.payer", "d.keeper", "d.seal1", "d.seal2", "d.seal3")}


def read(*rows: str) -> Personnel:
    table = "\n".join(["person,post,from,to", *rows, ""]).encode()
    return read_personnel({APPOINTMENTS: table}, Known(POSTS), str, Rules((CASH, SEALS)))


@pytest.mark.parametrize(
    "rows",
    [
        ("o-1,d.payer,,", "o-2,d.keeper,,"),
        ("o-1,d.payer,,2026-01-31", "o-1,d.keeper,2026-02-01,"),
        ("o-1,d.seal1,,", "o-1,d.seal2,,"),
        ("o-1,d.seal1,,", "o-1,d.seal2,,2026-01-31", "o-1,d.seal3,2026-02-01,"),
    ],
)
def test_duties_in_several_hands_or_one_after_the_other_are_fine(rows: tuple[str, ...]) -> None:
    """Two persons, or periods that never overlap, or no more than are allowed."""
    read(*rows)


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        (("o-1,d.payer,,", "o-1,d.keeper,,"), "appointments.csv:3:2"),
        (("o-1,d.payer,,2026-02-01", "o-1,d.keeper,2026-02-01,"), "appointments.csv:3:2"),
        (("o-1,d.seal1,,", "o-1,d.seal2,2025-01-01,", "o-1,d.seal3,2024-01-01,2025-06-30"), "appointments.csv:4:2"),
    ],
)
def test_duties_that_meet_on_a_day_are_named(rows: tuple[str, ...], place: str) -> None:
    """With every appointment that meets, the reason, and the line of the policy that says so."""
    with pytest.raises(PersonnelError) as raised:
        read(*rows)
    (problem,) = raised.value.problems
    assert problem.startswith(place)
    assert "house/incompatible.yaml" in problem
    assert all(f"appointments.csv:{n}" in problem for n in range(2, 2 + len(rows)))


FIRST = date(2026, 1, 1)
Days = st.integers(0, 6)


@given(st.lists(st.tuples(st.sampled_from(sorted(POSTS)), Days, Days), max_size=6))
def test_overlaps_are_found_as_by_walking_the_days(spans: list[tuple[str, int, int]]) -> None:
    """Independently: look at each day and count."""
    held = [(post, FIRST + timedelta(min(a, b)), FIRST + timedelta(max(a, b))) for post, a, b in spans]
    days = [FIRST + timedelta(n) for n in range(7)]
    on = [{post for post, start, end in held if start <= day <= end} for day in days]
    wrong = sum(
        [any({"d.payer", "d.keeper"} <= posts for posts in on), any({"d.seal1", "d.seal2", "d.seal3"} <= posts for posts in on)]
    )
    placed = [(Appointment("o-1", post, Span(start, end)), f"row {n}") for n, (post, start, end) in enumerate(held)]
    assert len(list(held_together(placed, Rules((CASH, SEALS))))) == wrong
