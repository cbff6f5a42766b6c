"""Times that must be left: a step that comes too soon is marked, or refused until the working days have run out."""

from datetime import date

import pytest

from sidecar.decision.decision import Decision
from tests.samples import ACCEPTED, POWERS, PROFILES, act, ask, changed, errors_of, snapshot

WAIT = (
    "{from: review, before: [decide], at_least: 3 workday, unless: hurried, refused_as: LEGAL_REVIEW_REQUIRED, rule: MD-25,"
    " basis: 某条例第二十六条}"
)
HURRIED = "{name: hurried, type: boolean, label: 已说明缩短理由, label_en: reasons for haste were given}"


def item(wait: str = WAIT) -> str:
    """The sample with a waiting time of its own, and the fact that shortens it."""
    start = POWERS.index("    parameters: [{name: large")
    text = POWERS[:start] + POWERS[start:].replace("    parameters:", f"    minimum_times: [{wait}]\n    parameters:", 1)
    return changed("{name: amount,", f"{HURRIED}, {{name: amount,", text)


POLICY = snapshot(item())


def reviewed(*days: str, clock: str = "09:00", today: date = date(2026, 1, 7), **facts: object) -> Decision:
    acts = [act("review", "reviewer", decision_id=f"r{n}", time=f"{day}T{clock}:00+08:00") for n, day in enumerate(days)]
    return ask("deputy", "decide", *ACCEPTED, *acts, policy=POLICY, today=today, facts=facts)


@pytest.mark.parametrize(
    ("day", "allowed"),
    [
        ("2026-01-02", True),  # the 4th (made up for 1 January), 5th and 6th are its working days
        ("2026-01-03", True),
        ("2026-01-04", False),  # 5th, 6th and today: the last day is still the reviewer's
        ("2026-01-05", False),
        ("2026-01-07", False),
    ],
)
def test_whole_working_days_of_the_policys_calendar_lie_between(day: str, allowed: bool) -> None:
    """Today is 7 January 2026; the sample's calendar works on Sunday the 4th."""
    made = reviewed(day, clock="23:59", hurried=False)
    assert made.allowed is allowed
    assert [ground.code for ground in made.grounds] == ([] if allowed else ["LEGAL_REVIEW_REQUIRED"])


def test_the_refusal_says_from_when_on() -> None:
    """In both languages, with its rule and article."""
    (ground,) = reviewed("2026-01-04", hurried=False).grounds
    assert (ground.rule, ground.basis) == ("MD-25", "某条例第二十六条")
    assert "2026-01-08 起" in ground.reason.zh
    assert "from 2026-01-08 on" in ground.reason.en
    assert "3 working days" in ground.reason.en
    assert reviewed("2026-01-04", hurried=False, today=date(2026, 1, 8)).allowed


def test_an_exception_lets_it_be_shorter_and_is_asked_for_only_then() -> None:
    """What nobody said is asked for; where the time has run out nobody needs to say it."""
    assert reviewed("2026-01-05", hurried=True).allowed
    (ground,) = reviewed("2026-01-05").grounds
    assert (ground.code, ground.missing) == ("MISSING_REQUIREMENT", ("hurried",))
    assert reviewed("2026-01-02").allowed


def test_what_is_done_again_begins_anew() -> None:
    """The last time counts, unless it was revoked or never came about."""
    assert not reviewed("2025-12-01", "2026-01-06", hurried=False).allowed


def test_a_step_that_was_never_done_is_asked_for() -> None:
    """As by the order of steps."""
    text = changed(", after: [review], distinct_from: [accept]", "", item())
    (ground,) = ask("deputy", "decide", *ACCEPTED, policy=snapshot(text), facts={"hurried": True}).grounds
    assert (ground.code, ground.missing) == ("STEP_OUT_OF_ORDER", ("review",))


@pytest.mark.parametrize(
    ("length", "last", "first"),
    [
        ("2 day", date(2026, 1, 4), date(2026, 1, 5)),
        ("1 month", date(2026, 2, 2), date(2026, 2, 3)),
    ],
)
def test_other_units(length: str, last: date, first: date) -> None:
    """Reviewed on Friday 2 January: two days end on Sunday the 4th, a working day here; a month on Monday 2 February."""
    policy = snapshot(item(WAIT.replace("3 workday", length).replace(" unless: hurried,", "")))
    acts = (*ACCEPTED, act("review", "reviewer", time="2026-01-02T09:00:00+08:00"))
    assert not ask("deputy", "decide", *acts, policy=policy, today=last).allowed
    assert ask("deputy", "decide", *acts, policy=policy, today=first).allowed


@pytest.mark.parametrize(("clock", "allowed"), [("09:59", True), ("10:00", True), ("10:01", False)])
def test_hours_are_counted_to_the_minute(clock: str, allowed: bool) -> None:
    """It is ten in the morning of the 7th."""
    policy = snapshot(item(WAIT.replace("3 workday", "24 hour").replace(" unless: hurried,", "")))
    acts = (*ACCEPTED, act("review", "reviewer", time=f"2026-01-06T{clock}:00+08:00"))
    made = ask("deputy", "decide", *acts, policy=policy, today=date(2026, 1, 7))
    assert made.allowed is allowed
    assert allowed or "2026-01-07 10:01" in made.grounds[0].reason.en


def test_a_profile_speaks_of_its_own_steps_whatever_they_are_called() -> None:
    """`decide` of the profile is the item's; of an item without the first step nothing is asked."""
    shown = changed(
        "separation:",
        "  - {id: show, name: 公示, verb: publish, type: execute, tier: handler, rule: TB-54, basis: 某条例}\nseparation:",
        PROFILES,
    )
    wait = WAIT.replace("from: review", "from: show").replace(" unless: hurried,", "")
    profile = f"{shown}minimum_times:\n  - {wait}\n"
    acts = (*ACCEPTED, act("review", "reviewer", time="2026-01-05T09:00:00+08:00"))
    assert ask("deputy", "decide", *acts, policy=snapshot(POWERS, licensing=profile)).allowed
    own = "      - {id: notice, name: 上墙, verb: publish, type: execute, posts: [head], after: [accept]}\n      - {id: decide,"
    policy = snapshot(changed("      - {id: decide,", own, POWERS), licensing=profile)
    refused = ask("deputy", "decide", *acts, act("notice", "head"), policy=policy)
    assert [(ground.code, ground.rule) for ground in refused.grounds] == [("LEGAL_REVIEW_REQUIRED", "MD-25")]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("before: [decide]", "before: [decree]", "UNKNOWN_STEP"),
        ("from: review", "from: revue", "UNKNOWN_STEP"),
        ("unless: hurried", "unless: hurry", "UNKNOWN_FACT"),
        ("at_least: 3 workday", "at_least: 3 yuan", "WRONG_RESULT"),
        ("at_least: 3 workday", "at_least: 3 workday * 2", "LIMIT_NOT_FIXED"),
        ("at_least: 3 workday", "at_least: today - review_on", "LIMIT_NOT_FIXED"),
        ("refused_as: LEGAL_REVIEW_REQUIRED", "refused_as: NO_POST", "NOT_IN_TABLE"),
        (" rule: MD-25,", "", "MISSING_KEY"),
    ],
)
def test_a_mistake_is_found_when_it_is_built(old: str, new: str, code: str) -> None:
    """At its own place."""
    found = [finding for finding in errors_of(powers=item(changed(old, new, WAIT))) if finding.code == code]
    assert found
    assert (found[0].place.file, found[0].place.line > 1) == ("office/powers.yaml", True)


def test_without_a_code_it_is_marked() -> None:
    """The exception holds there too; what is not known is marked."""
    policy = snapshot(item(WAIT.replace(" refused_as: LEGAL_REVIEW_REQUIRED,", "")))
    for facts, marked in (({"hurried": False}, True), ({}, True), ({"hurried": True}, False)):
        made = ask("deputy", "decide", *ACCEPTED, act("review", "reviewer"), policy=policy, facts=facts)
        assert made.allowed
        assert [(flag.grade, flag.code) for flag in made.flags] == ([("yellow", "TOO_EARLY")] if marked else [])
