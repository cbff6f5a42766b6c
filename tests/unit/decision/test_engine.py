"""The engine refuses when it is built what stock Casbin would stay silent about."""

import pytest

from sidecar.decision.engine import Engine
from sidecar.decision.policy import CASBIN_FUNCTIONS
from sidecar.errors import PolicyError
from tests.samples import MODEL, compiled

TEXT = MODEL.decode()
ROW = "p, i.s.a1, post:u.p, 650200, i, s, -, -, -, -, allow\n"


def test_rows_are_found_by_item_and_step() -> None:
    """Candidates of a request are the rows of its step, in the order of the file."""
    policy = compiled().policy.decode()
    engine = Engine(TEXT, policy)
    expected = [line.split(", ")[1] for line in policy.splitlines() if ", permit, decide, " in line and line.startswith("p,")]
    assert [row[0] for row in engine.candidates("permit", "decide")] == expected
    assert engine.functions == {"within", "in_force", "stops", "g"}


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("", "no p row"),
        ("# nothing\n", "no p row"),
        ("p2, o, i, s, k, -\n", "no p row"),
        (ROW + "q, a, b\n", "unknown row type 'q'"),
        (ROW + "P, i.s.a1, post:u.p, 650200, i, s, -, -, -, -, allow\n", "unknown row type 'P'"),
        (ROW.replace(", -, allow", ", allow"), "9 cells, a p row has 10"),
        (ROW.replace("allow", "allow, extra"), "11 cells"),
        (ROW.replace("allow", "Allow"), "neither allow nor deny"),
        (ROW.replace("allow", "Deny"), "neither allow nor deny"),
        (ROW.replace("allow", ""), "neither allow nor deny"),
    ],
)
def test_a_policy_casbin_would_misread_is_refused(policy: str, told: str) -> None:
    """Empty policies, mistyped row types, short rows and effects spelt otherwise."""
    with pytest.raises(PolicyError, match=told):
        Engine(TEXT, policy)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[matchers]", "[matcherz]", "not a Casbin model"),
        ("some(where (p.eft == allow)) &&", "", "has the effect"),
        (", ctl, arg, eft", ", ctl, arg, eff", "has the effect"),
        ("r.item == p.item", "r.itm == p.item", "r_itm"),
        ("r.item == p.item", "r.item == p.item + 'x'", "does not evaluate"),
        ("r.item == p.item", "eval(p.arg)", "eval"),
        ("r.item == p.item", "p.item == 'a!b'", "would be rewritten"),
        ("r.item == p.item && r.step == p.step && ", "", "no equality term"),
        ("r.item == p.item", "r.item == = p.item", "cannot be read"),
    ],
)
def test_a_model_that_cannot_be_evaluated_exactly_is_refused(old: str, new: str, told: str) -> None:
    """Never approximated: the reason is told when the model is loaded."""
    assert old in TEXT.split("[request_definition]")[1]
    head, body = TEXT.split("[request_definition]")
    with pytest.raises(PolicyError, match=told):
        Engine(head + "[request_definition]" + body.replace(old, new, 1), ROW)


def test_an_error_in_a_prohibition_prohibits_and_in_a_permission_permits_nothing() -> None:
    """Whichever way evaluation fails, the answer is on the safe side."""
    engine = Engine(TEXT, ROW + ROW.replace("a1", "d1").replace("allow", "deny"))

    def broken(*_: object) -> bool:
        raise ZeroDivisionError

    matches = engine.match(("u", "650200", "i", "s", "20260101", None), {**CASBIN_FUNCTIONS, "g": broken})
    assert ([row[0] for row in matches.allow], [row[0] for row in matches.deny]) == ([], ["i.s.d1"])
    assert not matches.allowed
