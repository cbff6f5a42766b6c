"""Discretion and limitation: both ends of a bound, the cases no grade speaks of, the notice that binds, the last day."""

from typing import Any

import pytest

from sidecar.case_history.history import ActRecorded
from sidecar.decision.decision import Decision
from tests.samples import PENALTY, act, ask, changed, errors_of, personnel, snapshot

DISCRETION = (
    "    controls:\n      discretion:\n"
    "        - {when: goods < 100 yuan, fine: {min: 50 yuan, max: 80 yuan}}\n"
    "        - {when: goods >= 100 yuan and goods < 1000 yuan, fine: {min: 2 * goods, max: 5 * goods}}\n"
)
DEPARTURE = "      departure: {step: deliberate, evidence: departure_reason, basis: 内部规定}\n"
FACTS = (
    "    facts:\n"
    "      - {name: goods, type: money, unit: yuan, label: 货值}\n"
    "      - {name: fine, type: money, unit: yuan, label: 罚款}\n"
    "    accountable: [handler]\n"
)
LIMITED = (
    PENALTY.rstrip("\n")
    + """
  - {name: offence_ended_on, type: date, label: 终了日, rule: AP-36, basis: 行政处罚法第三十六条}
  - {name: harm, type: boolean, label: 有危害后果, rule: AP-36, basis: 行政处罚法第三十六条}
limitations:
  - steps: [file]
    what: 违法行为终了
    what_en: the end of the offence
    from: offence_ended_on
    term: 24 month
    extended_term: 60 month
    extended_when: harm
    rule: AP-36
    basis: 行政处罚法第三十六条
"""
)
PEOPLE = personnel({"head": "front.head", "deputy": "front.deputy", "clerk": "front.clerk"})


def graded(departure: str = "") -> str:
    return changed("    accountable: [handler]\n", DISCRETION + departure + FACTS)


def penalty_act(step: str, **changes: Any) -> ActRecorded:
    return act(step, "clerk", item="fine", **changes)


def decide(
    fine: object, goods: object, *, told: object = 1_000_000, departure: str = "", done: tuple[str, ...] = (), **more: Any
) -> Decision:
    acts = [penalty_act("file"), penalty_act("notify", facts={"fine": told} if told is not None else {})]
    acts += [penalty_act(step) for step in done]
    facts = {"fine": fine, "goods": goods, "complex": False, "serious": False}
    facts = {name: value for name, value in facts.items() if value is not None}
    return ask("deputy", "decide", *acts, policy=snapshot(graded(departure)), people=PEOPLE, item="fine", facts=facts, **more)


@pytest.mark.parametrize(
    ("goods", "fine", "allowed"),
    [
        (99, 50, True),
        (99, 80, True),
        (99, "49.99 yuan", False),
        (99, "80.01 yuan", False),
        (100, 200, True),
        (100, 500, True),
        (100, "199.99 yuan", False),
        ("999.99 yuan", "4999.95 yuan", True),
        ("999.99 yuan", "4999.96 yuan", False),
    ],
)
def test_the_bounds_of_the_grade_that_fits(goods: object, fine: object, allowed: bool) -> None:
    """Both ends are within; a fen outside is outside."""
    made = decide(fine, goods)
    assert made.allowed is allowed
    assert [(g.code, g.rule) for g in made.grounds] == ([] if allowed else [("DISCRETION_OUT_OF_BOUNDS", "AP-34")])


def test_a_refusal_names_amount_and_bounds() -> None:
    """In yuan, in both languages."""
    (ground,) = decide(501, 100).grounds
    for sentence in ground.reason:
        assert "501 yuan" in sentence
        assert "200 yuan" in sentence
        assert "500 yuan" in sentence


def test_a_case_of_which_no_grade_speaks_is_refused() -> None:
    """Silence of the standard is no freedom."""
    (ground,) = decide(1, 1000).grounds
    assert (ground.code, ground.rule) == ("DISCRETION_OUT_OF_BOUNDS", "AP-34")
    assert "No line of the discretion standard" in ground.reason.en


@pytest.mark.parametrize(
    ("fine", "goods", "missing"), [(None, 100, {"fine"}), (300, None, {"goods"}), (None, None, {"fine", "goods"})]
)
def test_what_nobody_said_is_asked_for(fine: object, goods: object, missing: set[str]) -> None:
    """Amount and circumstances; that the notice said an amount does not say what is decided."""
    made = decide(fine, goods)
    assert {g.code for g in made.grounds} == {"MISSING_REQUIREMENT"}
    assert {name for ground in made.grounds for name in ground.missing} == missing


def test_the_way_out_is_deliberation_and_a_reason() -> None:
    """One of the two is not enough; without a way out in the policy, both are not."""
    reason = frozenset({"departure_reason"})
    both: dict[str, Any] = {"departure": DEPARTURE, "done": ("deliberate",), "evidence": reason}
    assert decide(501, 100, **both).allowed
    assert decide(1, 1000, **both).allowed
    assert not decide(501, 100, **(both | {"done": ()})).allowed
    assert not decide(501, 100, **(both | {"evidence": frozenset()})).allowed
    assert not decide(501, 100, **(both | {"departure": ""})).allowed


def test_a_decision_not_to_punish_has_no_amount() -> None:
    """Neither bounds nor notice stand in its way."""
    assert decide(None, 100, outcome="refuse").allowed
    assert not decide(None, 100, outcome="grant").allowed


@pytest.mark.parametrize(
    ("told", "fine", "code"),
    [(300, 300, ""), (300, "299.99 yuan", ""), (300, "300.01 yuan", "RIGHTS_NOT_NOTIFIED"), (None, 300, "RIGHTS_NOT_NOTIFIED")],
)
def test_never_more_than_the_notice_said(told: object, fine: object, code: str) -> None:
    """A fen more needs a new notice; a notice without the amount tells nothing."""
    made = decide(fine, 100, told=told)
    assert [(g.code, g.rule) for g in made.grounds] == ([(code, "AP-45")] if code else [])


def test_the_newest_notice_counts() -> None:
    """A new notice may say more; what the deciding request says of the notice is not heard."""
    acts = [penalty_act("file"), penalty_act("notify", facts={"fine": 200}), penalty_act("notify", facts={"fine": 400})]
    facts = {"fine": 400, "goods": 100, "complex": False, "serious": False}
    made = ask("deputy", "decide", *acts, policy=snapshot(graded()), people=PEOPLE, item="fine", facts=facts)
    assert made.allowed


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("min: 50 yuan", "min: 50", "WRONG_RESULT"),
        ("when: goods < 100 yuan", "when: goods < 100", "TYPES_DIFFER"),
        ("      - {name: fine, type: money, unit: yuan, label: 罚款}\n", "", "UNKNOWN_FACT"),
        ("step: deliberate", "step: deliberated", "UNKNOWN_STEP"),
    ],
)
def test_a_mistake_in_the_standard_is_found_when_it_is_built(old: str, new: str, code: str) -> None:
    """Units, kinds, undeclared amounts, steps of an item that takes them from its profile."""
    assert code in {finding.code for finding in errors_of(powers=changed(old, new, graded(DEPARTURE)))}


def file(ended: object, harm: object = None) -> Decision:
    facts = {name: value for name, value in {"offence_ended_on": ended, "harm": harm}.items() if value is not None}
    return ask("head", "file", policy=snapshot(penalty=LIMITED), people=PEOPLE, item="fine", facts=facts)


@pytest.mark.parametrize(
    ("ended", "harm", "code"),
    [
        ("2024-01-05", None, ""),  # today is 2026-01-05: the last day of two years
        ("2024-01-04", None, "MISSING_REQUIREMENT"),  # two years are over; whether five apply must be said
        ("2024-01-04", True, ""),
        ("2024-01-04", False, "LIMITATION_EXPIRED"),
        ("2021-01-05", True, ""),
        ("2021-01-04", True, "LIMITATION_EXPIRED"),
        ("2021-01-04", None, "LIMITATION_EXPIRED"),
        (None, None, "MISSING_REQUIREMENT"),
    ],
)
def test_the_last_day_of_a_limitation(ended: object, harm: object, code: str) -> None:
    """The corresponding day is still in time, the next is not; five years are asked for only where they decide."""
    made = file(ended, harm)
    assert [(g.code, g.rule) for g in made.grounds] == ([(code, "AP-36")] if code else [])


def test_an_expired_limitation_names_its_days() -> None:
    """From what, since when, until when."""
    (ground,) = file("2024-01-04", harm=False).grounds
    assert "违法行为终了自 2024-01-04 起已超过24 个月，于 2026-01-04 届满" in ground.reason.zh
    assert "the end of the offence: the term of 24 months from 2024-01-04 ended on 2026-01-04" in ground.reason.en
