"""The registers of delegations and suspensions: what they give, and every mistake by its cell."""

import pytest

from sidecar.errors import PersonnelError
from sidecar.personnel.posts import PostFacts
from sidecar.personnel.registers import Personnel, Term
from sidecar.personnel.rules import Known
from sidecar.personnel.tables import APPOINTMENTS, DELEGATIONS, SUSPENSIONS, read_personnel, read_suspensions
from tests.persons import local

POSTS = {
    name: PostFacts(name, name.split(".")[0], organ, "handler")
    for name, organ in (("front.clerk", "office"), ("front.head", "office"), ("far.clerk", "elsewhere"))
}
KNOWN = Known(POSTS, {"permit", "fine"})
APPOINTED = "person,post,from,to\no-1,front.head,,2026-06-30\no-2,front.clerk,,\no-3,far.clerk,,\n"
BACK = "o-2,o-1,officer,front.clerk,*,*,2026-01-31,2026-03-01,文,"
LENT = "delegator,delegate,kind,post,item,step,from,to,document,published\n"
SUSPENDED = "what,target,from,to,ordered_by,approved_by,document\n"


def read(delegations: str = "", suspensions: str = "") -> Personnel:
    tables = {APPOINTMENTS: APPOINTED, DELEGATIONS: LENT + delegations, SUSPENSIONS: SUSPENDED + suspensions}
    return read_personnel({name: text.encode() for name, text in tables.items()}, KNOWN, str)


def problem(delegations: str = "", suspensions: str = "") -> str:
    with pytest.raises(PersonnelError) as raised:
        read(delegations, suspensions)
    (told,) = raised.value.problems
    return told


def test_a_delegation_is_read_whole() -> None:
    """Several names in a cell, anything as `*`, a day that ends with the day, a moment that ends at once."""
    people = read(
        "o-1,o-2,officer,front.head,permit|fine,*,2026-01-01,2026-01-31,授权1号,\no-1,o-2,本机关人员,*,permit,decide|issue,2026-03-01T08:00,2026-03-01T12:30,授权2号,2026-02-01\n"
    )
    first, second = people.delegations("o-2", "o-1")
    assert (first.posts, first.items, first.steps) == (("front.head",), ("permit", "fine"), ())
    assert first.term == Term(local("2026-01-01"), local("2026-02-01"))
    assert (second.posts, second.steps, second.kind) == ((), ("decide", "issue"), "officer")
    assert second.term == Term(local("2026-03-01T08:00"), local("2026-03-01T12:30"))
    assert people.delegations("o-1", "o-2") == ()


@pytest.mark.parametrize(
    ("row", "place", "told"),
    [
        ("o-1,o-1,officer,front.head,*,*,2026-01-01,2026-01-31,文,", ":2:2", "delegates to oneself"),
        ("o-1,张三,officer,front.head,*,*,2026-01-01,2026-01-31,文,", ":2:2", "not a person id"),
        ("o-1,o-2,friend,front.head,*,*,2026-01-01,2026-01-31,文,", ":2:3", "no such delegate"),
        ("o-1,o-2,officer,front.nobody,*,*,2026-01-01,2026-01-31,文,", ":2:4", "no such post"),
        ("o-1,o-2,officer,front.head,nothing,*,2026-01-01,2026-01-31,文,", ":2:5", "no such item"),
        ("o-1,o-2,officer,*,*,*,2026-01-01,2026-01-31,文,", ":2:4", "neither post nor item"),
        ("o-1,o-2,officer,front.head,,*,2026-01-01,2026-01-31,文,", ":2:5", "nothing is named"),
        ("o-1,o-2,officer,front.head,*,*,,2026-01-31,文,", ":2:7", "from is empty"),
        ("o-1,o-2,officer,front.head,*,*,2026-01-01,,文,", ":2:8", "to is empty"),
        ("o-1,o-2,officer,front.head,*,*,2026-01-31,2026-01-01,文,", ":2:8", "ends before it begins"),
        ("o-1,o-2,officer,front.head,*,*,2026-01-01T10:00,2026-01-01T10:00,文,", ":2:8", "ends before it begins"),
        ("o-1,o-2,officer,front.head,*,*,2026-01-01T25:00,2026-01-31,文,", ":2:7", "not a moment"),
        ("o-1,o-2,officer,front.head,*,*,2026-01-01,2026-01-31,,", ":2:9", "the document is empty"),
        ("o-1,o-2,officer,front.head,*,*,2026-01-01,2026-01-31,文,soon", ":2:10", "not a day"),
        ("o-1,o-2,officer,front.clerk,*,*,2026-01-01,2026-01-31,文,", ":2:2", "does not hold front.clerk"),
        ("o-1,o-2,officer,front.head,*,*,2026-07-01,2026-07-31,文,", ":2:2", "holds no post in that term"),
        ("o-1,o-3,officer,front.head,*,*,2026-01-01,2026-01-31,文,", ":2:2", "no post of the same organ"),
        ("o-1,o-2,officer,front.head,*,*,2026-01-01,2026-01-31,文,\n" + BACK, ":3:2", "comes back"),
    ],
)  # fmt: skip
def test_a_wrong_delegation_is_named(row: str, place: str, told: str) -> None:
    """Table, line and cell; written, scoped, in term, one's own, and in no circle."""
    found = problem(delegations=row + "\n")
    assert found.startswith(DELEGATIONS + place)
    assert told in found
    assert "—" in found


def test_a_circle_of_three_is_found_and_one_that_never_meets_is_none() -> None:
    """A to B, B to C, C to A: at the one that closes it; with terms that follow each other, nobody ends where they began."""
    row = "{0},{1},organ,*,permit,*,{2},{3},文,\n"
    whole = [("o-1", "o-2"), ("o-2", "o-3"), ("o-3", "o-1")]
    told = problem("".join(row.format(*pair, "2026-01-01", "2026-01-31") for pair in whole))
    assert told.startswith(f"{DELEGATIONS}:4:2")
    read("".join(row.format(*pair, f"2026-0{n}-01", f"2026-0{n}-28") for n, pair in enumerate(whole, 1)))


def test_a_suspension_is_an_act_of_two() -> None:
    """Item, post, person or case; open-ended; ordered by one person and approved by another."""
    people = read(
        suspensions="item,permit,2026-01-01,,o-8,o-9,停1号\n岗位,front.head,2026-01-01T08:00,2026-01-02,o-8,o-9,停2号\n人员,o-1,2026-01-01,,o-8,o-9,停3号\ncase,案〔2026〕1号,2026-01-01,,o-8,o-9,停4号\n"
    )
    (found,) = people.suspensions("post", "front.head")
    assert found.term == Term(local("2026-01-01T08:00"), local("2026-01-03"))
    assert [
        s.document
        for what, target in (("item", "permit"), ("person", "o-1"), ("case", "案〔2026〕1号"))
        for s in people.suspensions(what, target)
    ] == ["停1号", "停3号", "停4号"]
    assert people.suspensions("item", "fine") == ()


@pytest.mark.parametrize(
    ("row", "place", "told"),
    [
        ("item,nothing,2026-01-01,,o-8,o-9,文", ":2:2", "no such item"),
        ("post,front.nobody,2026-01-01,,o-8,o-9,文", ":2:2", "no such post"),
        ("unit,front,2026-01-01,,o-8,o-9,文", ":2:1", "no such kind"),
        ("person,,2026-01-01,,o-8,o-9,文", ":2:2", "the target is empty"),
        ("person,o-1,,,o-8,o-9,文", ":2:3", "from is empty"),
        ("person,o-1,2026-01-01,,o-8,o-8,文", ":2:6", "one person ordered and approved"),
        ("person,o-1,2026-01-01,,o-8,O-8,文", ":2:6", "one person ordered and approved"),
        ("person,o-1,2026-01-01,,o-8,,文", ":2:6", "not a person id"),
        ("person,o-1,2026-01-01,,o-8,o-9,", ":2:7", "the document is empty"),
    ],
)
def test_a_wrong_suspension_is_named(row: str, place: str, told: str) -> None:
    """By its cell."""
    found = problem(suspensions=row + "\n")
    assert found.startswith(SUSPENSIONS + place)
    assert told in found


def test_suspensions_can_be_read_by_themselves() -> None:
    """So that they hold although another table has a mistake."""
    tables = {APPOINTMENTS: b"nonsense", SUSPENSIONS: (SUSPENDED + "person,o-1,2026-01-01,,o-8,o-9,停1号\n").encode()}
    (found,) = read_suspensions(tables, KNOWN)
    assert found.target == "o-1"
