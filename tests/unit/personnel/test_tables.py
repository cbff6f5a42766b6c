"""Personnel tables: what they give, and every bad cell of every table in one run."""

from datetime import date

import pytest

from sidecar.errors import PersonnelError
from sidecar.personnel.posts import PostFacts
from sidecar.personnel.registers import Personnel
from sidecar.personnel.rules import Known
from sidecar.personnel.tables import APPOINTMENTS, CREDENTIALS, DECLARATIONS, LEAVERS, read_personnel

POSTS = Known({name: PostFacts(name, "front", "office", "handler") for name in ("front.clerk", "front.head")}, {"permit"})
HEADINGS = {
    APPOINTMENTS: "person,post,from,to",
    CREDENTIALS: "person,credential,from,to",
    DECLARATIONS: "person,party,relation,from,to",
    LEAVERS: "person,post,left,party",
}


def token(party: str) -> str:
    return f"pty-{party}"


def read(**tables: str) -> Personnel:
    files = {f"{name}.csv": text.encode() for name, text in tables.items()}
    return read_personnel(files, POSTS, token)


def problems(**tables: str) -> tuple[str, ...]:
    with pytest.raises(PersonnelError) as raised:
        read(**tables)
    return raised.value.problems


def test_the_three_tables_become_registers() -> None:
    """Appointments, credentials and interests, each asked by the day."""
    people = read(
        appointments="person,post,from,to\no-1,front.clerk,2026-01-01,2026-06-30\no-1,front.head,,\n",
        credentials="person,credential,from,to\no-1,work_card,2026-01-01,\n",
        declarations="person,party,relation,from,to\no-1,applicant-1,kin,,\n",
    )
    assert people.posts("o-1", date(2026, 6, 30)) == {"front.clerk", "front.head"}
    assert people.posts("o-1", date(2026, 7, 1)) == {"front.head"}
    assert people.credentials("o-1", date(2025, 12, 31)) == frozenset()
    assert people.credentials("o-1", date(2026, 1, 1)) == {"work_card"}
    (interest,) = people.interests("o-1")
    assert (interest.party, interest.relation) == ("pty-applicant-1", "kin")
    assert people.holders("front.head", date(2030, 1, 1)) == ("o-1",)


def test_chinese_headings_and_words_in_any_order() -> None:
    """A table kept by a personnel office, saved by a spreadsheet with a byte order mark."""
    text = "\ufeff止,起,岗位,人员\r\n,2026-01-01,front.clerk,o-1\r\n"
    people = read(appointments=text, credentials="人员,资格,起,止\no-1,执法证,,\n")
    assert people.posts("o-1", date(2026, 1, 1)) == {"front.clerk"}
    assert people.credentials("o-1", date(2026, 1, 1)) == {"enforcement_card"}


def test_who_left_which_post_and_serves_whom_now() -> None:
    """The post says of which organ and whether it led; the party is a token like any other."""
    people = read(leavers="人员,岗位,离职日期,当事人\nx-1,front.head,2025-06-30,甲公司\n")
    (left,) = people.leavers("pty-甲公司")
    assert (left.organ, left.leading, left.left) == ("office", False, date(2025, 6, 30))
    assert people.leavers("pty-乙公司") == ()


def test_an_absent_table_holds_nobody() -> None:
    """Nobody holds anything, which denies."""
    people = read_personnel({}, POSTS, token)
    assert people.posts("o-1", date(2026, 1, 1)) == frozenset()


@pytest.mark.parametrize(
    ("table", "row", "place"),
    [
        (APPOINTMENTS, "张三,front.clerk,,", ":2:1: not a person id"),
        (APPOINTMENTS, ",front.clerk,,", ":2:1: not a person id"),
        (APPOINTMENTS, "*,front.clerk,,", ":2:1: not a person id"),
        (APPOINTMENTS, "o-1,front.nobody,,", ":2:2: no such post"),
        (APPOINTMENTS, "o-1,front.clerk,2026-02-30,", ":2:3: not a day"),
        (APPOINTMENTS, "o-1,front.clerk,2026/1/1,", ":2:3: not a day"),
        (APPOINTMENTS, "o-1,front.clerk,２０２６-01-01,", ":2:3: not a day"),
        (APPOINTMENTS, "o-1,front.clerk,2026-02-01,2026-01-01", ":2:4: ends before it begins"),
        (APPOINTMENTS, "o-1,front.clerk,", ":2:1: 3 cells instead of 4"),
        (APPOINTMENTS, "o-1,front.clerk,,,", ":2:1: 5 cells instead of 4"),
        (APPOINTMENTS, "o-1,front.clerk,,\no-1,front.clerk,,", ":3:2: the same appointment already stands at"),
        (APPOINTMENTS, 'o-1,"front.clerk,,', ": not CSV"),
        (CREDENTIALS, "o-1,driving_licence,,", ":2:2: no such credential"),
        (DECLARATIONS, "o-1,p,friend-of-a-friend,,", ":2:3: no such relation"),
        (DECLARATIONS, "o-1,,kin,,", ":2:2: the party is empty"),
        (LEAVERS, "x-1,front.head,2025-06-30,", ":2:4: the party is empty"),
        (LEAVERS, "x-1,front.head,,甲公司", ":2:3: the day is empty"),
        (LEAVERS, "x-1,front.head,2025-13-01,甲公司", ":2:3: not a day"),
        (LEAVERS, "x-1,front.nobody,2025-06-30,甲公司", ":2:2: no such post"),
        (LEAVERS, "x-1,*,2025-06-30,甲公司", ":2:2: one post"),
        (LEAVERS, "x-1,front.head|front.clerk,2025-06-30,甲公司", ":2:2: one post"),
    ],
)
def test_a_bad_cell_is_named(table: str, row: str, place: str) -> None:
    """Table, line and cell, what is wrong, in both languages, and what to write."""
    (problem,) = problems(**{table.removesuffix(".csv"): f"{HEADINGS[table]}\n{row}\n"})
    assert problem.startswith(table)
    assert place in problem
    assert "—" in problem


def test_every_bad_cell_of_every_table_is_told_at_once() -> None:
    """One run, all mistakes."""
    found = problems(
        appointments="person,post,from,to\n张三,front.nobody,x,\no-2,front.clerk,,y\n",
        credentials="person,credential\n",
        declarations="person,party,relation,from,to\no-1,,nobody,,\n",
    )
    assert len(found) == 6
    assert {problem.split(":")[0] for problem in found} == {APPOINTMENTS, CREDENTIALS, DECLARATIONS}


def test_one_mistake_is_said_as_one() -> None:
    """And two as two."""
    for row, told in (("o-1,front.nobody,,", "1 mistake in"), ("o-1,front.nobody,x,", "2 mistakes in")):
        with pytest.raises(PersonnelError, match=f"^{told} the personnel tables"):
            read_personnel({APPOINTMENTS: f"person,post,from,to\n{row}\n".encode()}, POSTS, token)


@pytest.mark.parametrize("data", ["person,post,from,to\no-1,front.clerk,,\n".encode("utf-16"), "人员,岗位,起,止\n".encode("gbk")])
def test_other_encodings_are_refused(data: bytes) -> None:
    """A table in GBK is not guessed at."""
    with pytest.raises(PersonnelError, match="not UTF-8"):
        read_personnel({APPOINTMENTS: data}, POSTS, token)
