"""What becomes of an item: its rows, read as a reviewer reads them."""

import random

import pytest

from sidecar.compiler.compile import check, compile_policies
from sidecar.expressions.facts import Fact
from sidecar.power_list.findings import Severity
from tests.samples import MODEL, ORGAN, PENALTY, POWERS, PROFILES, changed, compiled, policy_files


def rows(item: str, step: str, powers: str = POWERS, **texts: str) -> list[str]:
    """The rows of one step without what is the same in each: item, step, region."""
    found = compiled(policy_files(powers, **texts)).rows
    return [" ".join(row.cells[:1] + row.cells[-3:]) if row.ptype == "p" else " ".join(row.cells) for row in found
            if row.id.startswith(f"{item}.{step}.")]  # fmt: skip


def controls(item: str, step: str, powers: str = POWERS, **texts: str) -> set[tuple[str, str]]:
    found = compiled(policy_files(powers, **texts)).rows
    return {(row.cells[7], row.cells[8]) for row in found if row.ptype == "p" and row.cells[3:5] == (item, step)} - {("-", "-")}


def posts(item: str, step: str, powers: str = POWERS, **texts: str) -> list[str]:
    found = compiled(policy_files(powers, **texts)).rows
    return [row.cells[1] for row in found if row.ptype == "p" and row.cells[3:5] == (item, step) and row.cells[-1] == "allow"]


def test_a_step_becomes_its_rows() -> None:
    """Posts as allow rows in their order, restraints as deny rows, duties as p2 rows."""
    lines = [row.line for row in compiled().rows if row.id.startswith("permit.decide.")]
    assert lines == [
        "p, permit.decide.a1, post:front.deputy, 650200, permit, decide, 20250101, 20261231, -, -, allow",
        "p, permit.decide.a2, post:front.head, 650200, permit, decide, 20250101, 20261231, -, -, allow",
        "p, permit.decide.d1, *, *, permit, decide, -, -, level, 3, deny",
        "p, permit.decide.d2, *, *, permit, decide, -, -, after, accept, deny",
        "p, permit.decide.d3, *, *, permit, decide, -, -, after, review, deny",
        "p, permit.decide.d4, *, *, permit, decide, -, -, unless_done, hear:amount >= 500, deny",
        "p, permit.decide.d5, *, *, permit, decide, -, -, times, 1, deny",
        "p, permit.decide.d6, *, *, permit, decide, -, -, distinct, site, deny",
        "p, permit.decide.d7, *, *, permit, decide, -, -, distinct, review, deny",
        "p, permit.decide.d8, *, *, permit, decide, -, -, distinct, accept, deny",
        "p, permit.decide.d9, *, *, permit, decide, -, -, recusal, kin|ownership, deny",
        "p, permit.decide.d10, *, *, permit, decide, -, -, requires, outcome, deny",
        "p, permit.decide.d11, *, *, permit, decide, -, -, requires, reason_if_refused, deny",
        "p, permit.decide.d12, *, *, permit, decide, -, -, excludes, amount <= 30, deny",
        "p2, permit.decide.o1, permit, decide, deadline, issue:10:workday",
    ]


def test_separation_binds_both_ways() -> None:
    """Who decided may not review afterwards either: order does not matter to distinct persons."""
    assert ("distinct", "decide") in controls("permit", "review")
    assert ("distinct", "decide") in controls("permit", "accept")
    assert ("distinct", "decide") in controls("permit", "site")


def test_the_profile_speaks_in_the_statute_s_words() -> None:
    """A row from a profile carries the profile's rule and article and points into the profile."""
    manifest = compiled().manifest
    source = manifest.rows["permit.decide.d6"]
    assert (source.rule, source.basis) == ("AL-SEP", "审批分离")
    line = PROFILES.splitlines()[source.line - 1]
    assert (source.file, "[site, decide]" in line) == ("profiles/licensing.yaml", True)
    own = manifest.rows["permit.decide.d8"]
    assert own.file == "office/powers.yaml"
    assert "distinct_from: [accept]" in POWERS.splitlines()[own.line - 1]


def test_a_reason_for_an_exclusion_reaches_the_refused() -> None:
    """The words of the list itself explain why the matter is outside."""
    source = compiled().manifest.rows["permit.decide.d12"]
    assert (source.note, source.basis) == ("小额不需许可", "行政许可法第十三条")


def test_a_step_rests_on_the_whole_way_behind_it() -> None:
    """What must be done before the step before must still stand: an act that failed early stops everything behind it."""
    assert {("after", "decide"), ("after", "review"), ("after", "accept")} <= controls("permit", "issue")


def test_a_deciding_step_must_say_what_it_decides() -> None:
    """Where a refusal needs reasons, nobody may leave open whether it is one; a step that decides nothing may."""
    assert ("requires", "outcome") in controls("permit", "decide")
    assert ("requires", "outcome") not in controls("permit", "accept")


def test_the_stricter_number_of_officers_holds() -> None:
    """Two by statute, three by the item: three; credentials of both."""
    powers = changed("officers: {min: 2,", "officers: {min: 3,")
    assert ("officers", "3|holding=work_card") in controls("permit", "site", powers)
    assert ("officers", "2|holding=work_card") not in controls("permit", "site", powers)
    assert ("credential", "work_card") in controls("permit", "site", powers)
    own = changed(", officers: {min: 2, credential: work_card}", "")
    assert ("officers", "2") in controls("permit", "site", own)


def test_a_silent_item_follows_its_profile() -> None:
    """Steps, posts by tier, order and separation come from the class's profile; a step without tier belongs to nobody."""
    assert posts("fine", "file") == ["post:front.head"]
    assert posts("fine", "decide") == ["post:front.deputy"]
    assert posts("fine", "notify") == ["post:front.clerk", "post:front.checker"]
    assert posts("fine", "collect") == []
    assert {
        ("after", "notify"),
        ("unless_done", "legal_review:complex or hear_done"),
        ("unless_done", "deliberate:serious"),
    } <= controls("fine", "decide")


def test_a_leader_tier_includes_the_principal() -> None:
    """The head of the organ may do what a deputy may."""
    organ = changed("rank: leader", "rank: principal", ORGAN)
    assert posts("fine", "decide", organ=organ) == ["post:front.deputy"]


def test_units_that_act_together_each_bring_their_posts() -> None:
    """The leading unit's posts come first."""
    powers = POWERS[: POWERS.index("  - id: fine")] + POWERS[POWERS.index("  - id: fine") :].replace(
        "units: [{unit: front, lead: true}]", "units: [{unit: law}, {unit: front, lead: true}]"
    )
    assert posts("fine", "notify", powers) == ["post:front.clerk", "post:front.checker", "post:law.reviewer", "post:law.clerk"]


def test_after_a_conditional_step_binds_only_where_it_is_required() -> None:
    """`after: [hear]` of an optional hearing does not make the hearing obligatory."""
    powers = changed("after: [review], distinct_from", "after: [review, hear], distinct_from")
    assert ("after", "hear") not in controls("permit", "decide", powers)
    assert ("unless_done", "hear:amount >= 500") in controls("permit", "decide", powers)


def test_before_says_what_a_conditional_step_guards() -> None:
    """Instead of the decision, or beside it."""
    powers = changed("required_when: amount >= large", "required_when: amount >= large, before: [issue]")
    assert ("unless_done", "hear:amount >= 500") in controls("permit", "issue", powers)
    assert ("unless_done", "hear:amount >= 500") not in controls("permit", "decide", powers)


@pytest.mark.parametrize("status", ["suspended", "cancelled"])
def test_an_item_not_in_use_is_stopped_at_every_step(status: str) -> None:
    """The rows stay readable and each of them is barred."""
    powers = changed("power_class: licensing", f"power_class: licensing\n    status: {status}")
    for step in ("accept", "review", "site", "hear", "decide", "issue"):
        assert ("status", status) in controls("permit", step, powers)


def test_facts_of_an_item_are_those_its_conditions_ask_for() -> None:
    """Parameters are filled in, and what the case's own history knows is not asked."""
    items = compiled().manifest.items
    assert list(items["permit"].facts) == ["amount"]
    assert list(items["fine"].facts) == ["complex", "serious"]
    assert items["fine"].facts["complex"] == Fact("boolean", zh="案情复杂", en="complex")


def test_the_same_policy_gives_the_same_bytes() -> None:
    """Neither the order of files nor the order of items within the mapping reaches the output."""
    files = policy_files()
    names = list(files)
    first = compile_policies(check(files), MODEL, files).files
    for seed in range(5):
        random.Random(seed).shuffle(names)
        shuffled = {name: files[name] for name in names}
        assert compile_policies(check(shuffled), MODEL, shuffled).files == first


def test_rows_of_an_item_do_not_depend_on_its_neighbours() -> None:
    """A row id means the same row when items are added before it."""
    alone = POWERS[: POWERS.index("  - id: fine")]
    assert rows("permit", "decide", alone) == rows("permit", "decide")


def test_a_profile_order_that_contradicts_the_item_is_a_cycle() -> None:
    """An item may not turn the statute's order round."""
    steps = (
        "    steps:\n"
        "      - {id: file, name: 立案, verb: file, type: decide, posts: [head], after: [notify]}\n"
        "      - {id: notify, name: 告知, verb: notify, type: execute, posts: [checker]}\n"
        "      - {id: decide, name: 决定, verb: decide, type: decide, posts: [deputy]}\n"
    )
    powers = changed("    accountable: [handler]\n", steps + "    accountable: [handler]\n")
    found = [f for f in check(policy_files(powers=powers)).findings if f.severity is Severity.ERROR]
    assert [(f.code, f.item) for f in found] == [("STEP_CYCLE", "fine")]
    assert "→" in found[0].sentence.zh
    assert "after: [file]" in PENALTY


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("amount > 30 or accept_done", "amount > 30 or accept_done"),
        ("not (amount > 30 or accept_done)", "not {amount > 30 or accept_done}"),
        ("amount != large * 2", "amount != 500 * 2"),
        ("(amount + 1) * 2 > large / 3", "{amount + 1} * 2 > 500 / 3"),
    ],
)
def test_a_row_spells_a_condition_as_it_was_written(text: str, row: str) -> None:
    """Parameters are filled in, and braces stand for parentheses, which Casbin's loaders misread."""
    powers = changed("when: amount <= 30", f"when: {text}")
    assert ("excludes", row) in controls("permit", "accept", powers)


def test_a_profile_asks_for_the_item_s_own_step() -> None:
    """Where the item's hearing bears another id, the profile's `hear_done` is answered by it, and never by the caller."""
    steps = """    steps:
      - {id: file, name: 立案, verb: file, type: decide, posts: [head]}
      - {id: tell, name: 告知, verb: notify, type: execute, posts: [checker], after: [file]}
      - {id: hearing, name: 听证, verb: hear, type: execute, posts: [head], after: [tell]}
      - {id: law_check, name: 法制审核, verb: legal_review, type: supervise, posts: [head], after: [tell]}
      - {id: decide, name: 决定, verb: decide, type: decide, posts: [deputy]}
"""
    own = POWERS.rstrip("\n").removesuffix("    accountable: [handler]") + steps + "    accountable: [handler]\n"
    assert ("unless_done", "law_check:complex or hearing_done") in controls("fine", "decide", own)
    without = own.replace("      - {id: hearing, name: 听证, verb: hear, type: execute, posts: [head], after: [tell]}\n", "")
    assert ("unless_done", "law_check:complex or false") in controls("fine", "decide", without)
    assert list(compiled(policy_files(without)).manifest.items["fine"].facts) == ["complex"]
