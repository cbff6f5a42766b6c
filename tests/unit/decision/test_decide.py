"""`decide()`: the power first, then what restrains it; every refusal with its code, its words and who may act instead."""

from datetime import date
from typing import Any

import pytest

from sidecar.case_history.history import MAX_EVENTS
from sidecar.decision.decide import _ANOTHER_MAY
from sidecar.decision.decision import Decision
from sidecar.personnel.registers import Appointment, Personnel, Span
from tests.samples import (
    ACCEPTED,
    ORGAN,
    POWERS,
    SNAPSHOT,
    act,
    ask,
    changed,
    codes,
    compiled,
    history,
    personnel,
    policy_files,
    snapshot,
)

REVIEWED = (*ACCEPTED, act("review", "reviewer"))
ALL = {"facts": {"amount": 100}}


def spoilt(old: str, new: str) -> Any:
    return snapshot(changed(old, new))


def test_an_allow_names_everything_it_rests_on() -> None:
    """Item, version, step, post, rows, places, articles and what is due."""
    decision = ask("deputy", "decide", *REVIEWED, outcome="grant")
    assert (decision.allowed, decision.code, decision.post) == (True, "ALLOWED", "front.deputy")
    assert (decision.item, decision.item_version, decision.step) == ("permit", 1, "decide")
    assert decision.rows == ("permit.decide.a1",)
    (source,) = decision.sources
    file, line = source.rsplit(":", 1)
    assert file == "office/powers.yaml"
    assert "{id: decide" in POWERS.splitlines()[int(line) - 1]
    assert decision.legal_basis == ("行政许可法第12条",)
    assert [(due.kind, due.arg) for due in decision.obligations] == [("deadline", "issue:10:workday")]
    assert "副局长岗" in decision.reason.zh
    assert decision.grounds == ()


def test_the_first_post_that_holds_the_step_is_the_one_acted_through() -> None:
    """Several posts hold it; the accountable one, first in the list, is named unless the officer says otherwise."""
    assert ask("all", "decide", *REVIEWED).post == "front.deputy"
    assert ask("all", "decide", *REVIEWED, acting_post="front.head").post == "front.head"


# what is asked → the whole set of codes
REFUSED: dict[str, tuple[Decision, set[str]]] = {
    "another post": (ask("reviewer", "accept", **ALL), {"NO_POWER"}),
    "an unknown person": (ask("nobody", "accept", **ALL), {"NO_POWER"}),
    "an unknown item": (ask("clerk", "accept", item="permitt", **ALL), {"NO_POWER"}),
    "an unknown step": (ask("clerk", "acept", **ALL), {"NO_POWER"}),
    "no item at all": (ask("clerk", "accept", item="", **ALL), {"NO_POWER"}),
    "a post one does not hold": (ask("clerk", "accept", acting_post="front.head", **ALL), {"NO_POST"}),
    "a post that does not hold the step": (ask("head", "accept", acting_post="front.head", **ALL), {"NO_POWER"}),
    "a post that does not exist": (ask("clerk", "accept", acting_post="front.nobody", **ALL), {"NO_POST"}),
    "before it is in force": (ask("clerk", "accept", today=date(2024, 12, 31), **ALL), {"ITEM_NOT_IN_FORCE"}),
    "after it was in force": (ask("clerk", "accept", today=date(2027, 1, 1), **ALL), {"ITEM_NOT_IN_FORCE"}),
    "suspended": (
        ask("clerk", "accept", policy=spoilt("power_class: licensing", "power_class: licensing\n    status: suspended"), **ALL),
        {"ITEM_NOT_IN_FORCE"},
    ),
    "another region": (ask("clerk", "accept", region="650300", **ALL), {"OUT_OF_REGION"}),
    "another region, out of force": (
        ask("clerk", "accept", region="650300", today=date(2027, 1, 1), **ALL),
        {"OUT_OF_REGION", "ITEM_NOT_IN_FORCE"},
    ),
    "the level above the organ's": (
        ask("deputy", "decide", *REVIEWED, policy=spoilt('level: "3"', 'level: "2"')),
        {"WRONG_LEVEL"},
    ),
    "a request of another level": (ask("deputy", "decide", *REVIEWED, level="4"), {"WRONG_LEVEL"}),
    "out of scope": (ask("clerk", "accept", facts={"amount": 30}), {"OUT_OF_SCOPE"}),
    "scope not known": (ask("clerk", "accept"), {"MISSING_REQUIREMENT"}),
    "a case of another item": (ask("clerk", "issue", act("file", "head", item="fine"), **ALL), {"CASE_ITEM_MISMATCH", "STEP_OUT_OF_ORDER"}),
    "a case of another region": (ask("reviewer", "review", *ACCEPTED, region="650201", evidence=frozenset({"drawings"})), {"CASE_REGION_MISMATCH"}),
    "a case of another party": (
        ask("reviewer", "review", act("accept", "clerk", facts={"amount": 100}, party="pty-1"), party="pty-2", evidence=frozenset({"drawings"})),
        {"CASE_PARTY_MISMATCH"},
    ),
    "out of order": (ask("deputy", "decide", *ACCEPTED), {"STEP_OUT_OF_ORDER"}),
    "the same person": (ask("all", "decide", *ACCEPTED, act("review", "all")), {"SAME_PERSON_PRIOR_STEP"}),
    "done already": (ask("clerk", "accept", *ACCEPTED), {"STEP_ALREADY_DONE"}),
    "one officer instead of two": (ask("checker", "site", *ACCEPTED), {"TOO_FEW_OFFICERS"}),
    "the same officer twice": (ask("checker", "site", *ACCEPTED, act("site", "checker", kind="co_signed")), {"TOO_FEW_OFFICERS"}),
    "co-signing twice": (
        ask("checker", "site", *ACCEPTED, act("site", "checker", kind="co_signed"), intent="co_sign"),
        {"STEP_ALREADY_DONE"},
    ),
    "co-signing what needs no co-signature": (ask("clerk", "accept", intent="co_sign", **ALL), {"CO_SIGN_NOT_NEEDED"}),
    "no card": (ask("checker", "site", *ACCEPTED, act("site", "head", kind="co_signed"), people=personnel({"checker": "front.checker"}, cards=["head"])), {"CREDENTIAL_MISSING"}),
    "papers missing": (ask("reviewer", "review", *ACCEPTED), {"MISSING_REQUIREMENT"}),
    "a decision that does not say what it decides": (ask("deputy", "decide", *REVIEWED, outcome=""), {"MISSING_REQUIREMENT"}),
    "going on after a refusal": (ask("clerk", "issue", *REVIEWED, act("decide", "deputy", outcome="refuse")), {"STEP_OUT_OF_ORDER"}),
    "going on after not accepting": (ask("reviewer", "review", act("accept", "clerk", facts={"amount": 100}, outcome="refuse"), evidence=frozenset({"drawings"})), {"STEP_OUT_OF_ORDER"}),
    "an early act that failed": (ask("clerk", "issue", act("review", "reviewer", facts={"amount": 100}), act("decide", "deputy", outcome="grant")), {"STEP_OUT_OF_ORDER"}),
    "a refusal without a reason": (ask("deputy", "decide", *REVIEWED, outcome="refuse"), {"MISSING_REQUIREMENT"}),
    "a hearing that was not held": (ask("deputy", "decide", act("accept", "clerk", facts={"amount": 500}), act("review", "reviewer")), {"HEARING_REQUIRED"}),
    "rights not told": (ask("deputy", "decide", act("file", "head", item="fine"), item="fine", facts={"serious": False, "complex": False}), {"RIGHTS_NOT_NOTIFIED"}),
    "no legal review": (
        ask("deputy", "decide", act("file", "head", item="fine"), act("notify", "clerk", item="fine"), item="fine", facts={"serious": False, "complex": True}),
        {"LEGAL_REVIEW_REQUIRED"},
    ),
    "no deliberation": (
        ask("deputy", "decide", act("file", "head", item="fine"), act("notify", "clerk", item="fine"), item="fine", facts={"serious": True, "complex": False}),
        {"COLLECTIVE_REQUIRED"},
    ),
    "heard, so it must be reviewed": (
        ask("deputy", "decide", act("file", "head", item="fine"), act("notify", "clerk", item="fine"), act("hear", "head", item="fine"), item="fine", facts={"serious": False, "complex": False}),
        {"LEGAL_REVIEW_REQUIRED"},
    ),
    "whether it is serious is not known": (
        ask("deputy", "decide", act("file", "head", item="fine"), act("notify", "clerk", item="fine"), item="fine", facts={"complex": False}),
        {"MISSING_REQUIREMENT"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_has_exactly_its_codes(name: str) -> None:
    """Each case is refused for what is wrong with it and nothing else."""
    decision, expected = REFUSED[name]
    assert not decision.allowed
    assert codes(decision) == expected
    assert decision.code == decision.grounds[0].code


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_explained(name: str) -> None:
    """Rule, basis, both languages without a gap, and who may act instead."""
    decision, _ = REFUSED[name]
    for ground in decision.grounds:
        assert ground.rule
        assert ground.basis
        for sentence in ground.reason:
            assert "{" not in sentence
            assert "'-'" not in sentence
            assert "“-”" not in sentence
            assert not sentence.endswith((": -.", "：-。"))
    missing_steps = set(decision.grounds[0].missing) & {
        "accept",
        "review",
        "hear",
        "file",
        "notify",
        "legal_review",
        "deliberate",
    }
    known = SNAPSHOT.item(decision.item) is not None and decision.step != "acept"
    assert bool(decision.posts) == (known and (decision.code in _ANOTHER_MAY or bool(missing_steps)))


def test_all_grounds_are_collected_and_ordered() -> None:
    """One refusal tells everything; the headline is what must be dealt with first."""
    decision = ask("all", "decide", act("accept", "all", facts={"amount": 500}), outcome="refuse", level="2")
    assert [ground.code for ground in decision.grounds] == [
        "WRONG_LEVEL",
        "SAME_PERSON_PRIOR_STEP",
        "HEARING_REQUIRED",
        "STEP_OUT_OF_ORDER",
        "MISSING_REQUIREMENT",
    ]
    assert set(decision.rows) == {ground.row for ground in decision.grounds}


def test_a_refusal_for_lack_of_power_shows_the_missing_steps_too() -> None:
    """Whose power it is comes first, and what else stands in the way is told as well."""
    decision = ask("clerk", "decide", *ACCEPTED)
    assert decision.code == "NO_POWER"
    assert "副局长岗" in decision.reason.zh
    assert decision.posts == ("front.deputy", "front.head")


@pytest.mark.parametrize(
    ("today", "code"),
    [
        (date(2024, 12, 31), "ITEM_NOT_IN_FORCE"),
        (date(2025, 1, 1), "ALLOWED"),
        (date(2026, 12, 31), "ALLOWED"),
        (date(2027, 1, 1), "ITEM_NOT_IN_FORCE"),
    ],
)
def test_the_days_of_an_item_include_both_ends(today: date, code: str) -> None:
    """In force from the first day to the last, both included."""
    assert ask("clerk", "accept", today=today, **ALL).code == code


@pytest.mark.parametrize(
    ("today", "code"),
    [
        (date(2026, 1, 31), "NO_POST"),
        (date(2026, 2, 1), "ALLOWED"),
        (date(2026, 2, 28), "ALLOWED"),
        (date(2026, 3, 1), "POST_EXPIRED"),
    ],
)
def test_an_appointment_counts_by_the_day(today: date, code: str) -> None:
    """Before it begins the post is not held; after it ended the refusal says so and names the day."""
    people = Personnel([Appointment("clerk", "front.clerk", Span(date(2026, 2, 1), date(2026, 2, 28)))])
    decision = ask("clerk", "accept", people=people, today=today, **ALL)
    assert decision.code == code
    if code == "POST_EXPIRED":
        assert "2026-02-28" in decision.reason.zh


def test_two_officers_are_two_persons() -> None:
    """One co-signs, another performs; a signature is spent by the performance."""
    signed = (*ACCEPTED, act("site", "head", kind="co_signed"))
    assert ask("head", "site", *ACCEPTED, intent="co_sign").code == "CO_SIGNED"
    assert ask("checker", "site", *signed).code == "ALLOWED"
    powers = changed("officers: {min: 2, credential: work_card}", "officers: {min: 2, credential: work_card}, max_times: 2")
    again = ask("checker", "site", *signed, act("site", "checker"), policy=snapshot(powers))
    assert codes(again) == {"TOO_FEW_OFFICERS"}


def test_a_refusal_sets_no_deadline_for_what_it_closed() -> None:
    """Nothing is issued after a refusal, so nothing is due; the way to serving and filing stays open."""
    refused = ask("deputy", "decide", *REVIEWED, outcome="refuse", evidence=frozenset({"reason"}))
    assert (refused.allowed, refused.obligations) == (True, ())
    told = snapshot(changed("verb: issue", "verb: serve"))
    after = (*REVIEWED, act("decide", "deputy", outcome="refuse"))
    assert ask("clerk", "issue", *after, policy=told).allowed
    due = ask("deputy", "decide", *REVIEWED, outcome="refuse", evidence=frozenset({"reason"}), policy=told).obligations
    assert [duty.arg for duty in due] == ["issue:10:workday"]


def test_a_co_signature_carries_no_duties() -> None:
    """The act is not done yet, so nothing is due."""
    powers = changed("requires: [drawings]}", "requires: [drawings], officers: {min: 2}}")
    evidence = frozenset({"drawings"})
    decision = ask("reviewer", "review", *ACCEPTED, policy=snapshot(powers), intent="co_sign", evidence=evidence)
    assert (decision.code, decision.obligations) == ("CO_SIGNED", ())


def test_a_co_signer_took_part() -> None:
    """Who co-signed the site check may not decide."""
    acts = (*REVIEWED, act("site", "head", kind="co_signed"), act("site", "checker"))
    assert codes(ask("head", "decide", *acts)) == {"SAME_PERSON_PRIOR_STEP"}
    assert ask("deputy", "decide", *acts).allowed


@pytest.mark.parametrize(
    ("relation", "party", "expected"),
    [
        ("kin", "pty-1", {"RECUSAL"}),
        ("ownership", "pty-1", {"RECUSAL"}),
        ("classmate", "pty-1", set()),
        ("kin", "pty-2", set()),
        ("kin", "", {"MISSING_REQUIREMENT"}),
    ],
)
def test_declared_interests_recuse(relation: str, party: str, expected: set[str]) -> None:
    """A relation the item or its profile names, to the party of the case; an unknown party settles nothing."""
    people = personnel({"clerk": "front.clerk"}, interests=[("clerk", "pty-1", relation)])
    assert codes(ask("clerk", "accept", people=people, party=party, **ALL)) == expected


def test_the_party_of_the_case_counts_even_when_the_request_is_silent() -> None:
    """A recusal cannot be avoided by leaving the party out of a later request."""
    people = personnel({"reviewer": "law.reviewer"}, interests=[("reviewer", "pty-1", "kin")])
    accepted = act("accept", "clerk", facts={"amount": 100}, party="pty-1")
    assert codes(ask("reviewer", "review", accepted, people=people, evidence=frozenset({"drawings"}))) == {"RECUSAL"}


def test_remembered_facts_hold_and_newer_ones_win() -> None:
    """What was said at acceptance need not be repeated; what is corrected counts."""
    heard = (act("accept", "clerk", facts={"amount": 500}), act("review", "reviewer"))
    assert codes(ask("deputy", "decide", *heard)) == {"HEARING_REQUIRED"}
    assert ask("deputy", "decide", *heard, facts={"amount": 499}).allowed


def test_a_caller_cannot_assert_what_the_case_knows() -> None:
    """`hear_done` is read from the history, whatever the request says."""
    filed = (act("file", "head", item="fine"), act("notify", "clerk", item="fine"), act("hear", "head", item="fine"))
    decision = ask("deputy", "decide", *filed, item="fine", facts={"hear_done": False, "complex": False, "serious": False})
    assert codes(decision) == {"LEGAL_REVIEW_REQUIRED"}


def test_a_caller_cannot_assert_that_a_step_was_refused() -> None:
    """`<step>_refused` is the case's own too."""
    powers = changed("required_when: amount >= large", "required_when: not review_refused")
    policy = snapshot(powers)
    refused = (*ACCEPTED, act("review", "reviewer", outcome="refuse"))
    asked = {"policy": policy, "outcome": "refuse", "evidence": frozenset({"reason"})}
    assert "HEARING_REQUIRED" not in codes(ask("deputy", "decide", *refused, **asked))
    granted = (*ACCEPTED, act("review", "reviewer", outcome="grant"))
    assert "HEARING_REQUIRED" in codes(ask("deputy", "decide", *granted, facts={"review_refused": True}, **asked))


MONEY = changed("type: integer, label: 数额", "type: money, unit: wan_yuan, label: 涉案金额, label_en: amount involved")
MONEY = changed("when: amount <= 30", "when: amount <= 30 万元", changed("value: 500", "value: 500 万元", MONEY))
IN_MONEY = snapshot(MONEY)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (30, {"OUT_OF_SCOPE"}),
        (31, set()),
        ("31 wan_yuan", set()),
        ("300000 元", {"OUT_OF_SCOPE"}),
        ("300000.01 yuan", set()),
        ("31", {"FACT_INVALID"}),
        ("31 days", {"FACT_INVALID"}),
        (True, {"FACT_INVALID"}),
    ],
)
def test_a_fact_counts_in_its_declared_type_and_unit(amount: int | str | bool, expected: set[str]) -> None:
    """Money in its declared unit or in the one it brings; anything else is refused, not guessed."""
    assert codes(ask("clerk", "accept", facts={"amount": amount}, policy=IN_MONEY)) == expected


def test_facts_are_called_by_their_declared_names() -> None:
    """A clerk reads what to supply; a program finds the name by which to supply it; the value is not repeated."""
    missing = ask("clerk", "accept", policy=IN_MONEY)
    assert (missing.code, missing.grounds[0].missing) == ("MISSING_REQUIREMENT", ("amount",))
    assert "“涉案金额（万元）”" in missing.reason.zh
    assert "'amount involved (10,000 yuan)'" in missing.reason.en
    invalid = ask("clerk", "accept", facts={"amount": "about 31"}, policy=IN_MONEY)
    assert (invalid.code, invalid.grounds[0].missing) == ("FACT_INVALID", ("amount",))
    assert "整数（按万元）" in invalid.reason.zh
    assert "about 31" not in str(invalid)


def test_a_fact_that_nothing_needs_any_more_must_still_be_as_declared() -> None:
    """It would be remembered."""
    decision = ask("reviewer", "review", *ACCEPTED, evidence=frozenset({"drawings"}), facts={"amount": "many"})
    assert codes(decision) == {"FACT_INVALID"}


def test_what_an_older_policy_remembered_in_another_type_is_asked_for_again() -> None:
    """A case that began under another declaration is not misread."""
    before = act("accept", "clerk", facts={"amount": "soon"})
    assert codes(ask("deputy", "decide", before, act("review", "reviewer"))) == {"MISSING_REQUIREMENT"}


def test_a_case_that_grew_without_end_takes_nothing_more() -> None:
    """The bound on a case is a refusal with a name, not a slow answer."""
    many = tuple(act("other", f"o{n}") for n in range(MAX_EVENTS))
    assert "CASE_TOO_LARGE" in codes(ask("clerk", "accept", *many, **ALL))
    assert "CASE_TOO_LARGE" not in codes(ask("clerk", "accept", *many[:-1], **ALL))


def test_the_region_of_the_request_decides_and_defaults_to_the_case_s_then_the_item_s() -> None:
    """A county of the item's prefecture is inside; nothing said means where the case or the item is."""
    assert ask("clerk", "accept", region="650203", **ALL).region == "650203"
    assert ask("clerk", "accept", region="", **ALL).region == "650200"
    moved = act("accept", "clerk", facts={"amount": 100}, region="650203")
    assert ask("deputy", "decide", moved, act("review", "reviewer"), region="").region == "650203"


def test_a_level_that_is_not_the_organ_s_still_allows_first_examination() -> None:
    """A lower level may examine; only deciding steps are barred (层级管辖)."""
    policy = spoilt('level: "3"', 'level: "2"')
    assert ask("clerk", "accept", policy=policy, **ALL).allowed
    assert not ask("deputy", "decide", *REVIEWED, policy=policy).allowed


def test_deciding_is_pure() -> None:
    """The same values in, the same decision out, and nothing changed on the way."""
    before = history(*REVIEWED)
    one, two = (ask("deputy", "decide", *REVIEWED) for _ in range(2))
    assert one == two
    assert history(*REVIEWED) == before


def test_a_post_of_the_same_name_in_another_unit_has_no_power() -> None:
    """Posts are told apart by unit."""
    people = personnel({"namesake": "law.clerk"})
    assert "id: clerk, name: 法规文员, unit: law" in ORGAN
    assert codes(ask("namesake", "accept", people=people, **ALL)) == {"NO_POWER"}


def test_who_is_nobody_in_casbin_s_words_has_no_power() -> None:
    """Names that mean something to Casbin (roles, wildcards) are names of nobody here."""
    for person in ("*", "post:front.clerk", "officer:clerk", "front.clerk", ""):
        assert codes(ask(person, "accept", **ALL)) == {"NO_POWER"}


def test_every_row_that_was_judged_is_told() -> None:
    """The record can say which controls were looked at and which of them stopped."""
    decision = ask("all", "decide", *ACCEPTED, act("review", "all"))
    told = {judged.row: judged.stopped for judged in decision.judged}
    deny = {row.id for row in compiled(policy_files()).rows if row.id.startswith("permit.decide.d")}
    assert told.keys() == deny
    assert {row for row, stopped in told.items() if stopped} == {"permit.decide.d7"}


def test_who_can_help_is_named() -> None:
    """Another holder of the step, or who may do the step that is missing; nobody where nobody's acting would help."""
    assert ask("clerk", "decide", *REVIEWED).posts == ("front.deputy", "front.head")
    assert ask("deputy", "decide", *ACCEPTED).posts == ("law.reviewer",)
    assert ask("clerk", "accept", *ACCEPTED).posts == ()


def test_an_allow_kept_ready_is_never_given_to_a_request_that_differs() -> None:
    """Promise 1: whatever an allow says of a request is part of what it is known by. Each of these differs from the first in one
    thing, is asked after it on the same snapshot, and is told what a fresh snapshot tells."""
    done = (*ACCEPTED, act("review", "reviewer"))
    asked: list[dict[str, Any]] = [
        {},
        {"outcome": "refuse"},
        {"intent": "question"},
        {"region": "650202"},
        {"acting_post": "front.head"},
        {"region": ""},
    ]
    kept = snapshot()
    for changes in [*asked, *reversed(asked)]:
        fresh = ask("head", "decide", *done, policy=snapshot(), **changes)
        assert ask("head", "decide", *done, policy=kept, **changes) == fresh
    told = {str(ask("head", "decide", *done, policy=kept, **changes)) for changes in asked}
    assert len(told) >= 3
