"""Prohibitions: a line of a profile or an item refuses under its own code, asks for what it cannot settle, and knows its days."""

import pytest

from sidecar.decision.decision import Decision
from tests.samples import ACCEPTED, POWERS, PROFILES, act, ask, changed, errors_of, snapshot

BOND = (
    "{steps: [decide], when: bond > 100 yuan, code: DISCRETION_OUT_OF_BOUNDS, rule: TB-26, basis: 某条例第二十六条,"
    " reason: 保证金过高，请调低, reason_en: the bond is too high; lower it}"
)
DAYS = (
    "{steps: [decide], when: today - review_on < 3 day, code: STEP_OUT_OF_ORDER, rule: TB-54, basis: 某条例第五十四条,"
    " reason: 公示期未满, reason_en: not shown long enough}"
)


def item(*prohibitions: str) -> str:
    """The sample with prohibitions of its own."""
    start = POWERS.index("    parameters: [{name: large")
    declared = POWERS[start:].replace("    parameters:", f"    prohibitions: [{', '.join(prohibitions)}]\n    parameters:", 1)
    text = POWERS[:start] + declared
    return changed("{name: amount,", "{name: bond, type: money, unit: yuan, label: 保证金}, {name: amount,", text)


REVIEWED = (*ACCEPTED, act("review", "reviewer", time="2026-01-02T09:00:00+08:00"))


def decide(powers: str, **facts: object) -> Decision:
    return ask("deputy", "decide", *REVIEWED, policy=snapshot(powers), outcome="grant", facts=facts)


def test_it_refuses_under_its_own_code_with_rule_article_and_what_to_do() -> None:
    """Where the condition holds, and only there."""
    refused = decide(item(BOND), bond=101)
    (ground,) = refused.grounds
    assert (ground.code, ground.rule, ground.basis) == ("DISCRETION_OUT_OF_BOUNDS", "TB-26", "某条例第二十六条")
    assert "保证金过高，请调低" in ground.reason.zh
    assert "the bond is too high; lower it" in ground.reason.en
    assert "保证金" not in ground.reason.en
    assert decide(item(BOND), bond=100).allowed


def test_what_nobody_said_is_asked_for() -> None:
    """A prohibition that cannot be settled prohibits."""
    (ground,) = decide(item(BOND)).grounds
    assert (ground.code, ground.missing) == ("MISSING_REQUIREMENT", ("bond",))


@pytest.mark.parametrize(("reviewed", "allowed"), [("2026-01-02", True), ("2026-01-03", False), ("2026-01-05", False)])
def test_days_are_counted_from_the_step(reviewed: str, allowed: bool) -> None:
    """Today is 5 January: the third day after the second."""
    acts = (*ACCEPTED, act("review", "reviewer", time=f"{reviewed}T23:00:00+08:00"))
    made = ask("deputy", "decide", *acts, policy=snapshot(item(DAYS)), outcome="grant")
    assert made.allowed is allowed
    assert [ground.code for ground in made.grounds] == ([] if allowed else ["STEP_OUT_OF_ORDER"])


def test_a_day_that_never_was_asks_for_the_step() -> None:
    """Nobody can assert it; the refusal is the same as that of the order, said once."""
    (ground,) = ask("deputy", "decide", *ACCEPTED, policy=snapshot(item(DAYS)), outcome="grant").grounds
    assert (ground.code, ground.missing) == ("STEP_OUT_OF_ORDER", ("review",))
    told = decide(item(DAYS), review_on="2020-01-01")
    assert told.allowed  # what a caller says of such a name is not heard
    late = ask("deputy", "decide", *ACCEPTED, act("review", "reviewer"), policy=snapshot(item(DAYS)), outcome="grant")
    assert not late.allowed


def test_a_profile_forbids_of_its_own_steps_whatever_they_are_called() -> None:
    """`decide` of the profile is the item's; a day of a step that the item does not have forbids nothing."""
    lines = (
        "facts:\n  - {name: bond, type: money, unit: yuan, label: 保证金, rule: TB-26, basis: 某条例}\nprohibitions:\n  - " + BOND
    )
    profile = PROFILES + lines + "\n"
    policy = snapshot(POWERS, licensing=profile)
    assert [g.rule for g in ask("deputy", "decide", *REVIEWED, policy=policy, outcome="grant", facts={"bond": 101}).grounds] == [
        "TB-26"
    ]
    shown = changed(
        "separation:",
        "  - {id: show, name: 公示, verb: publish, type: execute, tier: handler, rule: TB-54, basis: 某条例}\nseparation:",
        PROFILES,
    )
    dated = shown + "prohibitions:\n  - " + DAYS.replace("review_on", "show_on") + "\n"
    assert ask("deputy", "decide", *REVIEWED, policy=snapshot(POWERS, licensing=dated), outcome="grant").allowed


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("steps: [decide]", "steps: [decree]", "UNKNOWN_STEP"),
        ("when: bond >", "when: bonds >", "UNKNOWN_FACT"),
        ("bond > 100 yuan", "bond > 100", "TYPES_DIFFER"),
        ("bond > 100 yuan", "bond", "WRONG_RESULT"),
        ("code: DISCRETION_OUT_OF_BOUNDS", "code: NO_POST", "NOT_IN_TABLE"),
        (" reason_en: the bond is too high; lower it", "", "MISSING_KEY"),
        ("rule: TB-26, ", "", "MISSING_KEY"),
    ],
)
def test_a_mistake_in_a_prohibition_is_found_when_it_is_built(old: str, new: str, code: str) -> None:
    """Steps, facts, units, kinds and codes."""
    spoilt = item(changed(old, new, BOND))
    assert code in {finding.code for finding in errors_of(powers=spoilt)}


def test_nobody_declares_what_the_case_knows() -> None:
    """`today` and the days of steps."""
    for name in ("today", "review_on"):
        own = changed("{name: bond,", f"{{name: {name}, type: date, label: 日}}, {{name: bond,", item(BOND))
        assert "FACT_KNOWN_FROM_CASE" in {finding.code for finding in errors_of(powers=own)}
