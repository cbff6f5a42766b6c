"""Tighten, never loosen: each key by which an item could take something from its profile is an error that shows both places."""

import pytest

from sidecar.power_list.findings import Finding, Severity
from sidecar.power_list.load_keys import keys_of
from sidecar.power_list.model import Controls, Item, Step
from sidecar.power_list.parts import Part
from sidecar.power_list.profiles import ProfileFile, ProfileStep
from tests.samples import ORGAN, PENALTY, POWERS, PROFILES, changed, compiled, errors_of, findings_of, policy_files
from tests.unit.compiler.test_rows import controls

DECIDE = "{id: decide, name: 决定, verb: decide, type: decide, posts: [deputy, head], after: [review], distinct_from: [accept]}"
ISSUE = (
    "{id: issue, name: 发证, verb: issue, type: execute, posts: [front.clerk], after: [decide], limit: {n: 10, unit: workday}}"
)
ACCEPT = "{id: accept, name: 受理, verb: accept, type: execute, posts: [front.clerk]}"
ISSUING = (
    "  - {id: issue, name: 发证, verb: issue, type: execute, tier: handler, after: [decide], limit: {n: 10, unit: workday},"
    " rule: AL-44, basis: 行政许可法第四十四条}\n"
)
LICENSING = changed("separation:\n", f"{ISSUING}separation:\n", PROFILES)
CLOSING = changed("after: [decide], limit", "after: [decide], closes: true, limit", LICENSING)
ONCE = changed("officers: {min: 2}, rule", "officers: {min: 2}, max_times: 1, rule", CLOSING)
LIMITS = "    time_limits: {statutory: {n: 20, unit: workday, basis: 行政许可法第四十二条}, promised: {n: 5, unit: workday}}\n"
TIMED = changed("    facts:", f"{LIMITS}    facts:")

# what is replaced in the item, by what, code, text at the item's place, text at the profile's place
LOOSER = {
    "fewer officers": ("officers: {min: 2,", "officers: {min: 1,", "LOOSER_OFFICERS", "{min: 1", "{id: site"),
    "more repetitions": (", officers: {min: 2,", ", max_times: 3, officers: {min: 2,", "LOOSER_TIMES", "3, officers", "{id: site"),
    "another verb": (ISSUE, ISSUE.replace("verb: issue", "verb: archive"), "ANOTHER_VERB", "archive", "{id: issue"),
    "decides no more": (DECIDE, DECIDE.replace("type: decide", "type: execute"), "DECIDES_NO_MORE", "execute", "{id: decide"),
    "optional": (ACCEPT, ACCEPT.replace("execute,", "execute, optional: true,"), "LOOSER_OPTIONAL", "true", "{id: accept"),
    "only sometimes": (ACCEPT, ACCEPT.replace("execute,", "execute, required_when: amount > 9,"), "LOOSER_CONDITION", "amount > 9", "{id: accept"),
    "always, as a condition": (ACCEPT, ACCEPT.replace("execute,", "execute, required_when: true,"), "LOOSER_CONDITION", "true", "{id: accept"),
    "a longer limit": (ISSUE, ISSUE.replace("n: 10,", "n: 11,"), "LOOSER_LIMIT", "{n: 11", "{id: issue"),
    "a longer limit in another unit": (ISSUE, ISSUE.replace("n: 10, unit: workday", "n: 15, unit: day"), "LOOSER_LIMIT", "{n: 15", "{id: issue"),
    "does not close": (ISSUE, ISSUE.replace("execute,", "execute, closes: false,"), "LOOSER_CLOSES", "false", "{id: issue"),
    "a step left out": (f"      - {ACCEPT}\n", "", "MISSING_STEP", "- {id: review", "accept, decide]"),
}  # fmt: skip


def at(text: str, place: tuple[int, int]) -> str:
    return text.splitlines()[place[0] - 1][place[1] - 1 :]


@pytest.mark.parametrize("name", LOOSER)
def test_what_would_loosen_is_an_error_with_both_places(name: str) -> None:
    """In the item at the key that loosens, in the profile at the step that is loosened, with its article."""
    old, new, code, text, first = LOOSER[name]
    spoilt = changed(old, new)
    if code == "MISSING_STEP":
        spoilt = spoilt.replace("after: [accept]", "after: []").replace(", distinct_from: [accept]", "")
    (finding,) = [f for f in errors_of(powers=spoilt, licensing=ONCE) if f.code == code]
    assert at(spoilt, (finding.place.line, finding.place.column)).startswith(text)
    assert (finding.place.file, finding.item) == ("office/powers.yaml", "permit")
    place = finding.facts["first"]
    assert place.file == "profiles/licensing.yaml"  # type: ignore[attr-defined]
    assert at(ONCE, (place.line, place.column)).startswith(first)  # type: ignore[attr-defined]
    for sentence in finding.sentence:
        assert str(place) in sentence
        assert "行政许可法" in sentence


# what every key that an item and its profile may both write does with the item's words: they are added to the profile's, they are
# compared with it, or they are no restraint. Who adds a key decides here which it is.
ADDED, COMPARED, NO_RESTRAINT = "added", "compared", "no restraint"
KEYS_OF_A_STEP = {
    "id": NO_RESTRAINT,
    "name": NO_RESTRAINT,
    "rule": NO_RESTRAINT,
    "basis": NO_RESTRAINT,
    "verb": COMPARED,
    "type": COMPARED,
    "officers": COMPARED,
    "max_times": COMPARED,
    "optional": COMPARED,
    "required_when": COMPARED,
    "limit": COMPARED,
    "closes": COMPARED,
    "after": ADDED,
    "before": ADDED,  # of the item's own condition; the profile's guards what the profile says
    "requires": ADDED,
    "evidence_when": ADDED,
    "obligations": ADDED,
    "obligations_when": ADDED,
}
KEYS_OF_CONTROLS = {
    "separation": ADDED,
    "not_all": ADDED,
    "recusal": ADDED,
    "types_apart": ADDED,
    "principal_not_in_charge": ADDED,
    "prohibitions": ADDED,
    "flags": ADDED,
    "minimum_times": ADDED,
    "distinct_persons": COMPARED,
    "delegation": COMPARED,
    "collective": COMPARED,
    "emergency": COMPARED,  # only beside a profile that has none
    "facts": COMPARED,
    "parameters": COMPARED,
    "steps": COMPARED,
    "name": NO_RESTRAINT,
}


def test_no_key_can_loosen_unseen() -> None:
    """Every key that both may write has its place in the tables above."""

    def keys(block: type[Part]) -> set[str]:
        return {key.name for key in keys_of(block).values()}

    assert keys(Step) & keys(ProfileStep) == KEYS_OF_A_STEP.keys()
    assert (keys(Controls) | keys(Item)) & keys(ProfileFile) == KEYS_OF_CONTROLS.keys()


# what is replaced in the item, by what
TIGHTER = {
    "as it is": (DECIDE, DECIDE),
    "more officers": ("officers: {min: 2,", "officers: {min: 3,"),
    "a shorter limit": (ISSUE, ISSUE.replace("n: 10,", "n: 3,")),
    "a shorter limit in another unit": (ISSUE, ISSUE.replace("n: 10, unit: workday", "n: 14, unit: day")),
    "no limit of its own": (ISSUE, ISSUE.replace(", limit: {n: 10, unit: workday}", "")),
    "a step more": (ACCEPT, ACCEPT + "\n      - {id: look, name: 复核, verb: review, type: supervise, posts: [reviewer], after: [accept]}"),
    "an optional step required sometimes": (", officers: {min: 2,", ", required_when: amount > 9, officers: {min: 2,"),
}  # fmt: skip


@pytest.mark.parametrize("name", TIGHTER)
def test_what_tightens_is_none(name: str) -> None:
    """The same keys the other way."""
    profile = changed("after: [accept], officers: {min: 2}", "after: [accept], optional: true, officers: {min: 2}", ONCE)
    assert errors_of(powers=changed(*TIGHTER[name]), licensing=profile) == []


@pytest.mark.parametrize(
    ("limits", "where"),
    [
        ("{statutory: {n: 20, unit: workday}, promised: {n: 5, unit: workday}}", None),
        ("{statutory: {n: 20, unit: workday}, promised: {n: 20, unit: workday}}", None),
        ("{statutory: {n: 7, unit: day}, promised: {n: 3, unit: workday}}", None),
        ("{statutory: {n: 20, unit: workday}, promised: {n: 21, unit: workday}}", ("promised", "statutory")),
        ("{statutory: {n: 7, unit: day}, promised: {n: 6, unit: workday}}", ("promised", "statutory")),
        ("{statutory: {n: 20, unit: workday}, rule: {n: 10, unit: workday}, promised: {n: 12, unit: workday}}", ("promised", "rule")),
        ("{statutory: {n: 20, unit: workday}, rule: {n: 2, unit: month}}", ("rule", "statutory")),
        ("{statutory: {n: 1, unit: year}, promised: {n: 13, unit: month}}", ("promised", "statutory")),
        ("{promised: {n: 21, unit: workday}}", None),
    ],
)  # fmt: skip
def test_a_promise_is_not_longer_than_the_law(limits: str, where: tuple[str, str] | None) -> None:
    """承诺不长于规章，规章不长于法律: both limits are shown."""
    powers = changed("    facts:", f"    time_limits: {limits}\n    facts:")
    found = [f for f in errors_of(powers=powers) if f.code == "LOOSER_TIME_LIMIT"]
    assert len(found) == (where is not None)
    for finding in found:
        assert where is not None
        line = powers.splitlines()[finding.place.line - 1]
        own, above = (f"{line.split(f'{key}: ')[1].split('}')[0]}}}" for key in where)
        place = finding.facts["first"]
        assert line[finding.place.column - 1 :].startswith(own)
        assert line[place.column - 1 :].startswith(above)  # type: ignore[attr-defined]


def bounded(value: str) -> list[Finding]:
    penalty = changed("required_when: serious", "required_when: value >= threshold", PENALTY)
    penalty = changed("name: serious, type: boolean", "name: value, type: money, unit: yuan", penalty)
    penalty += (
        "parameters: [{name: threshold, value: 0 yuan, at_least: 0 yuan, at_most: 5 万元, rule: CD-3Z1D, basis: 三重一大}]\n"
    )
    own = f"    accountable: [handler]\n    parameters: [{{name: threshold, value: {value}, basis: 内部规定}}]\n"
    return errors_of(powers=POWERS.rstrip("\n").removesuffix("    accountable: [handler]") + own, penalty=penalty)


def test_a_figure_stays_within_the_bounds_of_its_profile() -> None:
    """Ends included; the bound is shown where it stands."""
    assert bounded("0 yuan") == bounded("5 万元") == bounded("49999.99 yuan") == []
    (finding,) = bounded("50000.01 yuan")
    assert (finding.code, finding.item) == ("LOOSER_PARAMETER", "fine")
    assert "at most 5 万元" in finding.sentence.en
    assert "profiles/penalty.yaml:20" in finding.sentence.zh
    assert [f.code for f in bounded("-1 yuan")] == ["LOOSER_PARAMETER"]
    assert [f.code for f in bounded("60000")] == ["PARAMETER_TYPE"]


def test_bounds_are_of_the_type_of_their_figure() -> None:
    """Said in the profile, once."""
    penalty = PENALTY + "parameters: [{name: threshold, value: 0 yuan, at_most: 50000, rule: CD-3Z1D, basis: 三重一大}]\n"
    (finding,) = errors_of(penalty=penalty)
    assert (finding.code, finding.place.file, finding.item) == ("PARAMETER_TYPE", "profiles/penalty.yaml", "")


HEARING = (
    "  - {id: hear, name: 听证, verb: hear, type: execute, tier: section_head, after: [accept], required_when: asked,"
    " rule: AL-47, basis: 行政许可法第四十七条}\n"
)
HEARD = changed("  - {id: decide, name: 决定", f"{HEARING}  - {{id: decide, name: 决定", PROFILES)
HEARD += "facts: [{name: asked, type: boolean, label: 申请听证, rule: AL-47, basis: 行政许可法第四十七条}]\n"
OWN_HEARING = "posts: [head], after: [accept], required_when: amount >= large}"


def test_what_a_condition_of_the_profile_guards_is_not_the_item_s_to_say() -> None:
    """Neither `before` of the item nor the order in which it lists its steps frees the decision from the profile's hearing."""
    profile = ("unless_done", "hear:asked")
    own = ("unless_done", "hear:amount >= 500")
    assert {profile, own} <= controls("permit", "decide", licensing=HEARD)
    elsewhere = changed(OWN_HEARING, OWN_HEARING.replace("}", ", before: [issue]}"))
    assert profile in controls("permit", "decide", elsewhere, licensing=HEARD)
    assert own not in controls("permit", "decide", elsewhere, licensing=HEARD)
    assert {own} <= controls("permit", "issue", elsewhere, licensing=HEARD)
    line = next(line for line in POWERS.splitlines(keepends=True) if "{id: hear," in line)
    last = changed(line, "").replace("unit: workday}}\n", f"unit: workday}}}}\n{line}", 1)
    assert profile in controls("permit", "decide", last, licensing=HEARD)


def test_a_conditional_step_that_is_left_out_is_a_warning() -> None:
    """Nobody would be held to it; the profile's condition and both places are told."""
    line = next(line for line in POWERS.splitlines(keepends=True) if "{id: hear," in line)
    without = changed(line, "")
    (finding,) = [f for f in findings_of(powers=without, licensing=HEARD) if f.code == "CONDITIONAL_STEP_MISSING"]
    assert (finding.severity, finding.item, finding.facts["step"]) == (Severity.WARNING, "permit", "hear")
    place = finding.facts["first"]
    assert at(HEARD, (place.line, place.column)).startswith("asked")  # type: ignore[attr-defined]
    assert not any(f.code == "CONDITIONAL_STEP_MISSING" for f in findings_of(licensing=HEARD))


def test_a_limit_of_the_profile_is_told_where_the_item_has_none() -> None:
    """As a deadline with the statute's article; the item's own, shorter one stands in its place."""

    def due(powers: str) -> list[tuple[str, str]]:
        built = compiled(policy_files(powers, licensing=LICENSING))
        rows = [row for row in built.rows if row.ptype == "p2" and row.cells[2] == "decide"]
        return [(row.cells[4], row.rule) for row in rows if row.cells[3] == "deadline"]

    assert due(changed(ISSUE, ISSUE.replace(", limit: {n: 10, unit: workday}", ""))) == [("issue:10:workday", "AL-44")]
    assert due(changed(ISSUE, ISSUE.replace("n: 10,", "n: 3,"))) == [("issue:3:workday", "ITEM")]


# -- risk grades -----------------------------------------------------------------------------------------------------

SECOND = (
    POWERS[POWERS.index("  - id: permit") : POWERS.index("  - id: fine")]
    .replace("id: permit", "id: other")
    .replace("示范许可", "又一许可")
)
RISK = "    risk_points: [{{step: {step}, form: 人情, likelihood: 2, severity: 2, grade: {grade}, measure: 两人核查, owner_post: head}}]\n"


def graded(first: str, second: str, step: str = "site", **second_changes: str) -> list[Finding]:
    """Two licences with a risk of a grade each in one step, the second changed."""
    other = SECOND
    for old, new in zip(second_changes.get("old", "").split("|"), second_changes.get("new", "").split("|"), strict=True):
        other = changed(old, new, other) if old else other
    one = POWERS[POWERS.index("  - id: permit") : POWERS.index("  - id: fine")] + RISK.format(step=step, grade=first)
    powers = "items:\n" + one + other + RISK.format(step=step, grade=second)
    found = findings_of(powers=powers, organ=ORGAN)
    assert [f.code for f in found if f.severity is Severity.ERROR and f.code != "WEAKER_THAN_LOWER_GRADE"] == []
    return [f for f in found if f.code == "WEAKER_THAN_LOWER_GRADE"]


@pytest.mark.parametrize(
    ("old", "new", "lacking"),
    [
        ("officers: {min: 2, credential: work_card}", "officers: {min: 2}", "持证 credential 工作证"),
        ("      recusal: [kin]\n", "", "回避 recusal 亲属"),
    ],
)
def test_a_higher_grade_with_less_is_an_error_with_both_places(old: str, new: str, lacking: str) -> None:
    """What the lower one has and the higher one lacks is named, in the item that must be mended."""
    assert graded("first", "first", old=old, new=new) == []
    assert graded("first", "second", old=old, new=new) == []  # the lower grade may have less
    (finding,) = graded("second", "first", old=old, new=new)
    assert (finding.item, finding.facts["other"], finding.facts["missing"]) == ("other", "permit.site", lacking)
    assert "二级" in finding.sentence.zh
    assert str(finding.facts["first"]) in finding.sentence.en


def test_fewer_officers_and_less_separation_are_weaker() -> None:
    """Three officers hold two; a step kept apart from two others holds one kept apart from one."""
    fewer = {"old": "officers: {min: 2, credential: work_card}", "new": "officers: {min: 3, credential: work_card}"}
    assert graded("second", "first", **fewer) == []
    (finding,) = graded("first", "third", **fewer)
    assert (finding.item, finding.facts["missing"]) == ("permit", "3 人 officers")
    apart = {"old": "      separation: [[review, decide]]", "new": "      separation: [[review, decide], [site, review]]"}
    (finding,) = graded("first", "second", **apart)
    assert (finding.item, finding.facts["missing"]) == ("permit", "分离 apart from 审查")


def test_what_cannot_be_compared_is_not() -> None:
    """More in one respect and less in another; another verb; another class."""
    both = {
        "old": "officers: {min: 2, credential: work_card}|      recusal: [kin]\n",
        "new": "officers: {min: 3, credential: work_card}|",
    }
    assert graded("first", "second", **both) == graded("second", "first", **both) == []
    assert graded("second", "first", step="review") == []
