"""Why not: the rows that came nearest, with the terms that held and those that failed."""

from sidecar.decision.engine import read_engine
from tests.unit.engine.test_traps import MODEL

ENGINE = read_engine(
    MODEL, "p, head, data1, read, allow\np, head, data2, write, allow\np, li, data1, write, deny\ng, wang, head\n"
)


def test_the_default_deny_explains_itself() -> None:
    """Fewest failed terms first, in the words of the model."""
    nearest = ENGINE.nearest(("wang", "data1", "write"))
    told = [(found.row[:3], found.failed) for found in nearest]
    assert told == [
        (("head", "data1", "read"), ("r.act == p.act",)),
        (("head", "data2", "write"), ("r.obj == p.obj",)),
        (("li", "data1", "write"), ("g(r.sub, p.sub)",)),
    ]
    assert nearest[0].held == ("g(r.sub, p.sub)", "r.obj == p.obj")


def test_a_row_that_matched_failed_nothing() -> None:
    """An allow explains itself the same way; the limit bounds what is told."""
    (first,) = ENGINE.nearest(("wang", "data1", "read"), limit=1)
    assert first.failed == ()


def test_a_term_that_raised_says_what() -> None:
    """A request that Casbin could not have answered."""
    engine = read_engine(MODEL.replace("r.act == p.act", "r.act.kind == p.act"), "p, wang, data1, read, allow\n")
    (found,) = engine.nearest(("wang", "data1", "read"))
    assert found.failed == ("r.act.kind == p.act (AttributeError: kind)",)


def test_rows_carry_their_line() -> None:
    """The number behind the cells leads to the line of the file."""
    section = ENGINE.section()
    assert [section.line_of(row) for row in section.rows] == [1, 2, 3]
