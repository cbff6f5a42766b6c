"""What one post holds of an item: mistakes and doubts found before anybody acts."""

import pytest

from sidecar.compiler.compile import check
from sidecar.power_list.findings import Severity
from tests.persons import ORGAN, POWERS, PROFILE, controlled, errors, files, findings, snapshot
from tests.samples import changed, compiled

TABLE = "incompatible: [{steps: [pay, book], reason: 出纳不管账, rule: IC-12, basis: 内控规范}]"
APART = changed("posts: [keeper, asker]", "posts: [keeper]", POWERS)


def warned(**texts: str) -> dict[str, str]:
    return {f.code: f.sentence.en for f in findings(**texts) if f.severity is Severity.WARNING}


def test_the_sample_has_no_mistake() -> None:
    """What the tests below change one thing of."""
    assert errors() == []


def test_types_that_meet_in_a_post_are_a_doubt() -> None:
    """The post, its steps and their types are named; where they do not meet, nothing is said."""
    assert "TYPES_MEET" not in warned()
    met = changed("posts: [checker]", "posts: [asker]", POWERS)
    assert "desk.asker" in warned(powers=met)["TYPES_MEET"]
    assert "审核" not in warned(powers=met)["TYPES_MEET"] or "review（监督）" in warned(powers=met)["TYPES_MEET"]


@pytest.mark.parametrize("where", ["item", "profile"])
def test_types_that_meet_are_a_mistake_where_they_must_stay_apart(where: str) -> None:
    """By the item's own word or by its profile's."""
    met = changed("posts: [checker]", "posts: [asker]", POWERS)
    apart = {
        "item": {"powers": controlled("types_apart: true", met)},
        "profile": {"powers": met, "profile": PROFILE + "types_apart: {rule: IC-12, basis: 内控规范}\n"},
    }
    assert {code for code, _ in errors(**apart[where])} == {"TYPES_MEET"}


def test_types_that_meet_by_the_profile_are_said_once() -> None:
    """An import gives all items the posts of a tier; two items, one warning."""
    head = POWERS[: POWERS.index("    steps:")] + "    accountable: [handler]\n"
    second = head.replace("items:\n", "").replace("id: payment", "id: other").replace("资金支付", "另一项")
    organ = changed("rank: leader", "rank: handler", changed("rank: principal", "rank: group", ORGAN))
    profile = changed("tier: leader", "tier: handler", PROFILE)
    said = [f for f in findings(powers=head + second, organ=organ, profile=profile) if f.code == "TYPES_MEET_BY_PROFILE"]
    assert [(f.severity, f.facts["n"]) for f in said] == [(Severity.WARNING, 2)]


def test_a_post_with_incompatible_steps_is_a_mistake() -> None:
    """At the posts of the step, with the line of the table."""
    assert errors(duties=TABLE, powers=APART) == []
    spoilt = POWERS.splitlines()
    (found,) = errors(duties=TABLE)
    line = next(n for n, text in enumerate(spoilt, 1) if "id: book" in text)
    assert (found[0], found[1].split(":")[:2]) == ("INCOMPATIBLE_POST", ["house/powers.yaml", str(line)])


def test_a_key_post_holds_only_so_many_steps() -> None:
    """A post that is not marked may hold more."""
    organ = changed("name: 经办岗, unit: desk, rank: handler", "name: 经办岗, unit: desk, rank: handler, key_post: true", ORGAN)
    limit = "key_post_steps: {at_most: 2, basis: 内控规范}"
    assert [code for code, _ in errors(organ=organ, duties=limit)] == ["KEY_POST_STEPS"]
    assert errors(duties=limit) == []
    assert errors(organ=organ, duties=limit.replace("2", "3")) == []


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ("incompatible: [{posts: [payer, nobody], reason: 略, rule: IC-12, basis: 略}]", "UNKNOWN_POST"),
        ("incompatible: [{steps: [pay, boook], reason: 略, rule: IC-12, basis: 略}]", "UNKNOWN_STEP"),
        ("incompatible: [{posts: [payer], reason: 略, rule: IC-12, basis: 略}]", "DUTIES_NEVER_BIND"),
        ("incompatible: [{posts: [payer, payer], reason: 略, rule: IC-12, basis: 略}]", "DUTIES_NEVER_BIND"),
        ("incompatible: [{posts: [payer, keeper], at_most: 2, reason: 略, rule: IC-12, basis: 略}]", "DUTIES_NEVER_BIND"),
        ("incompatible: [{reason: 略, rule: IC-12, basis: 略}]", "DUTIES_NAMED_TWICE"),
        (
            "incompatible: [{posts: [payer, keeper], steps: [pay, book], reason: 略, rule: IC-12, basis: 略}]",
            "DUTIES_NAMED_TWICE",
        ),
        ("incompatible: [{posts: [payer, keeper], rule: IC-12, basis: 略}]", "MISSING_KEY"),
    ],
)
def test_a_mistake_in_the_table_is_named(table: str, code: str) -> None:
    """In the table's own file."""
    assert {code for code, place in errors(duties=table, powers=APART) if place.startswith("house/incompatible.yaml")} == {code}


def test_a_table_without_its_organ_is_named() -> None:
    """Nobody's posts."""
    lost = files(duties=TABLE)
    del lost["house/organ.yaml"], lost["house/powers.yaml"]
    assert ("MISSING_FILE", "house/organ.yaml") in [(f.code, f.place.file) for f in check(lost).findings]


def test_more_persons_than_can_ever_take_part_is_a_mistake() -> None:
    """Five mandatory steps take five; a step that two do together takes two."""
    assert [code for code, _ in errors(powers=controlled("distinct_persons: {min: 6}"))] == ["PERSONS_NEVER"]
    two = changed(
        "posts: [deputy, head],", "posts: [deputy, head], officers: {min: 2},", controlled("distinct_persons: {min: 6}")
    )
    assert errors(powers=two) == []


def test_fewer_persons_than_the_profile_are_a_mistake_that_shows_both_places() -> None:
    """An item tightens its profile and never loosens it."""
    profile = PROFILE + "distinct_persons: {min: 3, rule: IC-12, basis: 内控规范}\n"
    assert errors(profile=profile, powers=controlled("distinct_persons: {min: 4}")) == []
    loose = {"profile": profile, "powers": controlled("distinct_persons: {min: 2}")}
    assert [code for code, _ in errors(**loose)] == ["LOOSER_PERSONS"]
    (finding,) = [f for f in findings(**loose) if f.code == "LOOSER_PERSONS"]
    assert "profiles/internal.yaml:8" in finding.sentence.en


def test_the_rows_say_what_is_asked() -> None:
    """Steps and persons, the steps of a set, the duties with their posts, in the alphabet of a cell."""
    powers = controlled("distinct_persons: {min: 4}, not_all: [[propose, pay, book]]", APART)
    rows = {
        (row.cells[4], row.cells[7], row.cells[8])
        for row in compiled(files(powers=powers, duties=TABLE)).rows
        if row.ptype == "p"
    }
    assert {
        ("pay", "persons", "4:propose=1|review=1|decide=1|pay=1|book=1"),
        ("pay", "not_all", "propose|pay|book"),
        ("pay", "incompatible", "1:desk.payer+desk.asker|desk.keeper"),
        ("book", "incompatible", "1:desk.payer+desk.asker|desk.keeper"),
    } <= rows
    assert ("review", "not_all", "propose|pay|book") not in rows
    assert not [row for row in rows if row[0] == "decide" and row[1] == "incompatible"]


def test_a_profile_s_set_of_steps_binds_where_the_item_has_them_all() -> None:
    """A set of which the item lacks a step could never be done whole."""
    pay = "  - {id: pay, name: 付款, verb: execute, type: execute, tier: handler, rule: IC-12, basis: 略}\n"
    profile = PROFILE + pay + "not_all: [{steps: [propose, decide, pay], rule: IC-SEAL, basis: 内控规范}]\n"
    rows = [row for row in compiled(files(profile=profile)).rows if row.ptype == "p" and row.cells[7] == "not_all"]
    assert {(row.cells[4], row.cells[8], row.rule) for row in rows} == {
        (step, "propose|decide|pay", "IC-SEAL") for step in ("propose", "decide", "pay")
    }


def test_what_nobody_may_hold_together_reaches_the_personnel_rules() -> None:
    """Each line once, with the posts of its duties."""
    (line,) = snapshot(duties=TABLE, powers=APART).personnel_rules().incompatible
    assert (line.duties, line.at_most) == ((("desk.payer", "desk.asker"), ("desk.keeper",)), 1)
    assert line.place == "house/incompatible.yaml:1"
