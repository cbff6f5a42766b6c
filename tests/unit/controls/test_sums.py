"""Graded sums, running totals and debts: small models of their own agree with the guards and the ledgers."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.case_history.ledger import Ledger
from sidecar.controls.context import AccessRequest, ControlContext
from sidecar.controls.table import Judge
from sidecar.decision.counted import changes_for, ledgers_for
from sidecar.decision.decide import decide
from tests.samples import codes, history, personnel
from tests.unit.controls.purchases import BUYING, ITEM, PEOPLE, POLICY, Cases, buying_policy, found

REASON = frozenset({"reason"})
GRADES = (("head", 20), ("deputy", 50), ("boss", None))  # yuan
LIMIT = 100  # yuan in one group and year


@given(st.integers(0, 120), st.sampled_from(["head", "deputy", "boss", "clerk", "checker"]))
def test_who_decides_up_to_which_sum(yuan: int, person: str) -> None:
    """The holder of the tier or of a higher one, to the last yuan."""
    bound = dict(GRADES).get(person, -1)
    may = (bound is None or yuan <= bound) and yuan < LIMIT
    assert Cases().ask("C-1", person, "decide", outcome="grant", facts={"sum": yuan, "group": 1}).allowed == may


@given(st.integers(1, 99_00), st.sampled_from(["head", "deputy"]))
def test_tiers_count_in_fen(fen: int, person: str) -> None:
    """A fen above the bound is above it."""
    told = f"{fen // 100}.{fen % 100:02d} yuan"
    decision = Cases().ask("C-1", person, "decide", outcome="grant", facts={"sum": told, "group": 1})
    assert decision.allowed == (fen <= {"head": 20_00, "deputy": 50_00}[person])


def test_who_may_not_decide_is_told_who_may() -> None:
    """The refusal names the post of the tier, and the sum."""
    decision = Cases().ask("C-1", "head", "decide", outcome="grant", facts={"sum": 21, "group": 1})
    assert codes(decision) == {"WRONG_LEVEL"}
    assert "front.deputy" in decision.reason.zh
    assert "21 yuan" in decision.reason.en
    assert codes(Cases().ask("C-1", "head", "decide", outcome="grant", facts={"group": 1})) == {"MISSING_REQUIREMENT"}


def test_who_holds_two_posts_says_through_which_they_decide() -> None:
    """The record names the post that was acted through, so its tier counts, not that of another post of the same person."""
    both = personnel({"both": ["front.head", "front.boss"]})
    facts = {"sum": 60, "group": 1}
    request = AccessRequest("both", "decide", "buy", "C-1", outcome="grant", facts=facts)
    ledgers = {"split:buy:2026:1": Ledger("split:buy:2026:1")}
    refused = decide(POLICY, both, history(), request, Cases().now, ledgers)
    assert codes(refused) == {"WRONG_LEVEL"}
    named = decide(POLICY, both, history(), replace(request, acting_post="front.boss"), Cases().now, ledgers)
    assert (named.allowed, named.post) == (True, "front.boss")


# -- running totals ------------------------------------------------------------------------------------------------------

BUYS = st.tuples(st.just("buy"), st.integers(0, 3), st.sampled_from([1, 2]), st.integers(1, 60))
FAILS = st.tuples(st.just("fail"), st.integers(0, 3), st.just(0), st.just(0))
REVOKES = st.tuples(st.just("revoke"), st.integers(0, 3), st.just(0), st.just(0))
YEARS = st.tuples(st.just("year_"), st.just(0), st.just(0), st.just(0))


class Totals:
    """What the rule of splitting comes to: purchases of a group and year are added up, and stay below the limit."""

    def __init__(self) -> None:
        self.cases, self.year = Cases(), 2026
        self.bought: dict[str, tuple[int, int, int]] = {}  # case → group, year, yuan
        self.revoked: dict[str, tuple[int, int, int]] = {}

    def year_(self, *_: object) -> None:
        self.year += 1
        self.cases.now = self.cases.now.replace(year=self.year)

    def buy(self, case: str, group: int, yuan: int) -> None:
        total = sum(sum_ for g, y, sum_ in self.bought.values() if (g, y) == (group, self.year))
        may = case not in self.bought and total + yuan < LIMIT
        decision = self.cases.ask(case, "boss", "decide", outcome="grant", facts={"sum": yuan, "group": group})
        assert decision.allowed == may
        if may:
            self.bought[case] = (group, self.year, yuan)

    def revoke(self, case: str, *_: object) -> None:
        if case not in self.bought:
            return
        corrects = self.cases.cases[case].performances("decide")[-1].decision_id
        if self.cases.ask(case, "boss", "revoke", outcome="grant", corrects=corrects, evidence=REASON).allowed:
            self.revoked[case] = self.bought.pop(case)

    def fail(self, case: str, *_: object) -> None:
        act = self.cases.fail(case)
        if act and act.step == "decide":
            del self.bought[case]
        elif act:
            self.bought[case] = self.revoked.pop(case)  # what the revocation took out counts again


@given(st.lists(st.one_of(BUYS, BUYS, BUYS, FAILS, REVOKES, YEARS), max_size=25))
def test_no_way_of_splitting_reaches_the_limit(tries: list[tuple[str, int, int, int]]) -> None:
    """Whatever is bought in whichever cases, fails or is revoked: a model that only adds up allows the same purchases, and what
    is counted in fen is what it added up."""
    model = Totals()
    for what, n, group, yuan in tries:
        getattr(model, what)(f"C-{n}", group, yuan)
    for name, ledger in model.cases.ledgers.items():
        group, year = int(name.split(":")[3]), int(name.split(":")[2])
        assert ledger.total(kind="amount") == 100 * sum(sum_ for g, y, sum_ in model.bought.values() if (g, y) == (group, year))


def test_a_purchase_counts_in_its_own_year_and_group() -> None:
    """In the name of the ledger, so that a year begins with nothing."""
    cases = Cases()
    assert cases.ask("C-1", "boss", "decide", outcome="grant", facts={"sum": 60, "group": 1}).allowed
    assert codes(cases.ask("C-2", "boss", "decide", outcome="grant", facts={"sum": 40, "group": 1})) == {"OUT_OF_SCOPE"}
    assert cases.ask("C-2", "boss", "decide", outcome="grant", facts={"sum": 40, "group": 2}).allowed
    assert {name: ledger.total() for name, ledger in cases.ledgers.items()} == {
        "split:buy:2026:1": 60_00,
        "split:buy:2026:2": 40_00,
    }


def test_a_control_without_its_ledger_prohibits() -> None:
    """Who forgets to read what is counted gets no allow."""
    request = AccessRequest("boss", "decide", "buy", "C-1", outcome="grant", facts={"sum": 1, "group": 1})
    now = Cases().now
    assert codes(decide(POLICY, PEOPLE, history(), request, now)) == {"CONTROL_ERROR"}
    assert ledgers_for(POLICY, PEOPLE, history(), request, now) == ("split:buy:2026:1",)


def test_only_a_performance_counts() -> None:
    """A question asks what would be; a co-signature performs nothing."""
    cases = Cases()
    request = AccessRequest("boss", "decide", "buy", "C-1", outcome="grant", facts={"sum": 1, "group": 1}, intent="co_sign")
    named = ledgers_for(POLICY, PEOPLE, history(), request, cases.now)
    assert named
    assert changes_for(POLICY, PEOPLE, history(), request, cases.now, {}, "d1") == ()


# -- debts ---------------------------------------------------------------------------------------------------------------

URGENT = {"urgent": True}


class Debts:
    """What the rule of emergencies comes to: a list of what is owed and since when."""

    def __init__(self) -> None:
        self.cases = Cases()
        self.owed: dict[str, datetime] = {}  # case → when its approval is due
        self.paid: dict[str, datetime] = {}
        self.done: set[tuple[str, str]] = set()

    def wait(self, _case: str, hours: int) -> None:
        self.cases.move(hours)

    def act(self, case: str, urgency: int) -> None:
        urgent = bool(urgency % 2)
        may = (case, "act") not in self.done and ((case, "approve") in self.done or urgent)
        owing = urgent and (case, "approve") not in self.done
        may = may and not (owing and any(due <= self.cases.now for due in self.owed.values()))
        assert self.cases.ask(case, "checker", "act", facts={"urgent": urgent}).allowed == may
        if may:
            self.done.add((case, "act"))
        if may and owing:
            self.owed[case] = self.cases.now + timedelta(hours=24)

    def approve(self, case: str, _n: int) -> None:
        if self.cases.ask(case, "clerk", "accept").allowed:
            self.done.add((case, "accept"))
        may = (case, "approve") not in self.done
        assert self.cases.ask(case, "deputy", "approve", outcome="grant").allowed == may
        self.done.add((case, "approve"))
        if may and case in self.owed:
            self.paid[case] = self.owed.pop(case)

    def fail(self, case: str, _n: int) -> None:
        act = self.cases.fail(case)
        step = act.step if act else ""
        self.done.discard((case, step))
        if step == "act":
            self.owed.pop(case, None)
            self.paid.pop(case, None)
        if step == "approve" and case in self.paid:
            self.owed[case] = self.paid.pop(case)


TRIES = st.tuples(st.sampled_from(["act", "act", "approve", "fail", "wait"]), st.integers(0, 4), st.integers(0, 30))


@given(st.lists(TRIES, max_size=25))
def test_who_owes_an_overdue_approval_has_no_emergency(tries: list[tuple[str, int, int]]) -> None:
    """A model that keeps a list of debts allows the same urgent acts, in whatever order acts, approvals and failures come."""
    model = Debts()
    for what, n, number in tries:
        getattr(model, what)(f"C-{n}", number)
    open_ = {entry.case_id for ledger in model.cases.ledgers.values() for entry in ledger.open_entries()}
    assert open_ == model.owed.keys()


def test_a_debt_is_of_the_unit_and_names_what_is_owed() -> None:
    """The refusal names the case whose approval is overdue and since when; settling it opens the way."""
    cases = Cases()
    assert cases.ask("C-1", "checker", "act", facts=URGENT).allowed
    cases.move(24)
    refused = cases.ask("C-2", "checker", "act", facts=URGENT)
    assert codes(refused) == {"EMERGENCY_DEBT_OPEN"}
    assert "C-1" in refused.reason.zh
    assert "2026-01-06T10:00" in refused.reason.en
    assert cases.ask("C-1", "clerk", "accept").allowed
    assert cases.ask("C-1", "deputy", "approve", outcome="refuse").allowed
    assert cases.ask("C-2", "checker", "act", facts=URGENT).allowed


def test_what_was_approved_before_it_was_done_owes_nothing() -> None:
    """However urgent it is called: a debt that is paid already could never be settled, and would stop the unit for good."""
    cases = Cases()
    assert cases.ask("C-1", "clerk", "accept").allowed
    assert cases.ask("C-1", "deputy", "approve", outcome="grant").allowed
    assert cases.ask("C-1", "checker", "act", facts=URGENT).allowed
    cases.move(48)
    assert cases.ask("C-2", "checker", "act", facts=URGENT).allowed
    assert [entry.case_id for ledger in cases.ledgers.values() for entry in ledger.open_entries()] == ["C-2"]


def test_an_emergency_lifts_nothing_else() -> None:
    """It opens one step of one procedure: every other control of it stands, and no other step knows it."""
    cases = Cases()
    assert codes(cases.ask("C-1", "clerk", "act", facts=URGENT)) == {"NO_POWER"}
    assert cases.ask("C-1", "checker", "act", facts=URGENT).allowed
    assert codes(cases.ask("C-1", "checker", "act", facts=URGENT)) == {"STEP_ALREADY_DONE"}
    assert codes(cases.ask("C-1", "head", "decide", outcome="grant", facts={**URGENT, "sum": 30, "group": 1})) == {"WRONG_LEVEL"}


OWN_BLOCK = "      emergency: {step: act, approval: approve, when: urgent, term: 24 hour, instrument: law, basis: 某法第九条}\n"
# The profile knows no emergency; the item has its approval come first unless it is urgent.
_APPROVE, _ACT = BUYING.index("  - {id: approve,"), BUYING.index("  - {id: act,")
OWN_PROFILE = BUYING[:_APPROVE] + BUYING[_ACT : BUYING.index("emergency:")]
ALWAYS = "  - {id: approve, name: 批准, verb: decide, type: decide, after: [accept], before: [act], rule: AC-18, basis: 某法}\n"
ALWAYS_PROFILE = BUYING[:_APPROVE] + ALWAYS + BUYING[_ACT : BUYING.index("emergency:")]
OWN_ITEM = ITEM.replace("    controls:\n", f"    controls:\n{OWN_BLOCK}").replace(
    "posts: [deputy], after: [accept]}", "posts: [deputy], after: [accept], before: [act], required_when: not urgent}"
)
OWN_ITEM = OWN_ITEM.replace("    facts:\n", "    facts:\n      - {name: urgent, type: boolean, label: 紧急, source: 现场}\n", 1)


CONDITIONED = OWN_ITEM[
    OWN_ITEM.index("after: [accept], before: [act]") : OWN_ITEM.index("posts: [checker]}") + len("posts: [checker]}")
]
ALWAYS_FIRST = CONDITIONED.replace(", before: [act], required_when: not urgent", "").replace(
    "[checker]}", "[checker], after: [approve]}"
)


def test_an_emergency_of_the_item_is_a_debt_like_any_other() -> None:
    """With its grounds the act comes first and is owed; without, it is asked for them; overdue, the unit has no other."""
    cases = Cases(policy=buying_policy(OWN_ITEM, OWN_PROFILE))
    assert codes(cases.ask("C-0", "checker", "act", facts={"urgent": False})) == {"STEP_OUT_OF_ORDER"}
    bare = cases.ask("C-1", "checker", "act", facts=URGENT)
    assert [(ground.code, ground.missing) for ground in bare.grounds] == [("MISSING_REQUIREMENT", ("emergency_grounds",))]
    grounds = frozenset({"emergency_grounds"})
    assert cases.ask("C-1", "checker", "act", facts=URGENT, evidence=grounds).allowed
    cases.move(23)
    assert cases.ask("C-2", "checker", "act", facts=URGENT, evidence=grounds).allowed
    cases.move(1)
    refused = cases.ask("C-3", "checker", "act", facts=URGENT, evidence=grounds)
    assert [(ground.code, ground.basis) for ground in refused.grounds] == [("EMERGENCY_DEBT_OPEN", "某法第九条")]
    assert cases.ask("C-1", "clerk", "accept").allowed
    assert cases.ask("C-1", "deputy", "approve", outcome="grant").allowed
    assert cases.ask("C-3", "checker", "act", facts=URGENT, evidence=grounds).allowed


@pytest.mark.parametrize(
    ("old", "new", "profile", "code"),
    [
        ("instrument: law, basis", "instrument: normative_document, basis", OWN_PROFILE, "EMERGENCY_WITHOUT_BASIS"),
        (CONDITIONED, ALWAYS_FIRST, OWN_PROFILE, "EMERGENCY_NEVER"),
        ("approval: approve", "approval: approval", OWN_PROFILE, "UNKNOWN_STEP"),
        ("term: 24 hour", "term: 24 day", OWN_PROFILE, "WRONG_RESULT"),
        (" instrument: law,", "", OWN_PROFILE, "MISSING_KEY"),
        ("24 hour", "24 hour", ALWAYS_PROFILE, "LOOSER_CONDITION"),
        ("instrument: law", "instrument: law", BUYING, "EMERGENCY_SAID_ALREADY"),
    ],
)
def test_an_items_emergency_opens_nothing(old: str, new: str, profile: str, code: str) -> None:
    """What its profile asks for stands, and less than a regulation allows nobody to come first."""
    assert old in OWN_ITEM
    assert code in found(OWN_ITEM.replace(old, new, 1), profile)
    assert code not in found(OWN_ITEM, OWN_PROFILE)


# -- what check finds ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tiers", "code"),
    [
        ("{posts: [boss]}", "TIERS_ONE_LEVEL"),
        ("{up_to: 20 yuan, posts: [head]}, {posts: [head]}", "TIERS_ONE_LEVEL"),
        ("{up_to: 50 yuan, posts: [head]}, {up_to: 20 yuan, posts: [deputy]}, {posts: [boss]}", "TIERS_ORDER"),
        ("{up_to: 20 yuan, posts: [head]}, {up_to: 50 yuan, posts: [boss]}", "TIERS_ORDER"),
        ("{posts: [head]}, {posts: [boss]}", "TIERS_ORDER"),
        ("{up_to: 20 yuan, posts: [boss]}, {posts: [head]}", "TIERS_ORDER"),
        ("{up_to: 20 yuan, posts: [head]}, {posts: [checker]}", "TIER_UNREACHABLE"),
        ("{up_to: 20 yuan}, {posts: [boss]}", "TIER_UNREACHABLE"),
        ('{up_to: 20 yuan, posts: [head], level: "3"}, {posts: [boss]}', "TIER_UNREACHABLE"),
        ("{up_to: 20 yuan, posts: [nobody]}, {posts: [boss]}", "UNKNOWN_POST"),
        ("{up_to: 20, posts: [head]}, {posts: [boss]}", "WRONG_RESULT"),
    ],
)
def test_tiers_that_are_none_are_found(tiers: str, code: str) -> None:
    """Each under its own code; the sample has none of them."""
    written = "tiers: [{up_to: 20 yuan, posts: [head]}, {up_to: 50 yuan, posts: [deputy]}, {posts: [boss]}]"
    assert code in found(ITEM.replace(written, f"tiers: [{tiers}]"))
    assert code not in found()


def test_the_highest_tier_is_not_at_the_desk_that_accepts() -> None:
    """Section 1 line 9: who accepts does not decide what is largest."""
    accepting = ITEM.replace("posts: [front.clerk]}", "posts: [front.clerk, boss]}")
    assert "TIERS_TOP_ACCEPTS" in found(accepting)
    assert "TIERS_TOP_ACCEPTS" not in found()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("group_by: [group]", "group_by: [gruop]", "GROUP_NOT_A_FACT"),
        ("threshold: 100 yuan", "threshold: 100", "WRONG_RESULT"),
        ("anti_split: {step: decide", "anti_split: {step: decided", "UNKNOWN_STEP"),
    ],
)
def test_a_total_that_counts_nothing_is_found(old: str, new: str, code: str) -> None:
    """Misspelt facts, sums without a unit, steps that do not exist."""
    assert code in found(ITEM.replace(old, new))


def test_an_emergency_of_unknown_steps_is_found() -> None:
    """In the profile, where it stands."""
    assert "UNKNOWN_STEP" in found(profile=BUYING.replace("emergency: {step: act", "emergency: {step: acts"))


@pytest.mark.parametrize(
    ("kind", "arg"),
    [
        ("tier", "sum"),
        ("tier", "sum|20 yuan"),
        ("tier", "sum|=front.head"),
        ("split", "buy:group:sum"),
        ("split", "buy:group:sum:"),
        ("emergency", "front:day:approve:urgent"),
        ("emergency", "front:24:approve"),
        ("quorum", "members=front.head"),
        ("quorum", "members=front.head|quorum=most|majority=half"),
        ("open_days", "accept:ten"),
        ("time_left", "STEP_OUT_OF_ORDER:accept:ten:day:false"),
        ("time_left", "STEP_OUT_OF_ORDER:accept:1:week:false"),
    ],
)
def test_a_damaged_row_prohibits(kind: str, arg: str) -> None:
    """Whatever it was before."""
    item = POLICY.item("buy")
    assert item is not None
    request = AccessRequest("boss", "decide", "buy", "C-1", outcome="grant", facts={"sum": 1, "group": 1, "urgent": True})
    cases = Cases()
    cases.ask("C-1", "clerk", "accept")
    judge = Judge(ControlContext(request, item, "3", cases.cases["C-1"], PEOPLE, cases.now))
    assert judge.stops(kind, arg)
    stop = judge.answer(kind, arg)
    assert stop is not None
