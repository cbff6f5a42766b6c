"""Posts of upper organs undo what a lower organ decided, and do nothing else there."""

import pytest

from sidecar.compiler.compile import Checked, check
from tests.samples import PENALTY, policy_files
from tests.unit.controls.meetings import COLLECTIVE, ORGAN_WITH_GROUP, POWERS_WITH_GROUP

_UNITS = '    region: "650200"\n    units: [{unit: front, lead: true}]\n    steps:\n'
_OTHERS = {
    "above": ("2", "650000"),
    "national": ("1", "000000"),
    "aside": ("2", "430000"),
    "equal": ("3", "650200"),
    "below": ("4", "650202"),
}


def checked(upper: str, powers: str = POWERS_WITH_GROUP) -> Checked:
    """The sample with other organs beside it, of which only `organ.yaml` matters here."""
    assert _UNITS in powers
    named = powers.replace(_UNITS, _UNITS.replace("    steps:", f"    upper_posts: [{upper}]\n    steps:"))
    files = policy_files(named, organ=ORGAN_WITH_GROUP, penalty=PENALTY + COLLECTIVE)
    for name, (level, region) in _OTHERS.items():
        organ = f'organ: {{id: {name}, name: {name}, level: "{level}", region: "{region}"}}\nunits: [{{id: {name}, name: 科}}]\n'
        files[f"{name}/organ.yaml"] = f"{organ}posts: [{{id: chief, name: 岗, unit: {name}, rank: leader}}]\n".encode()
    return check(files)


def codes(found: Checked) -> set[str]:
    return {finding.code for finding in found.findings}


@pytest.mark.parametrize("upper", ["above.chief", "national.chief"])
def test_an_organ_above_may_come_to_what_undoes_and_to_nothing_else(upper: str) -> None:
    """Of a higher level and around the place; its post stands beside those of the steps that revoke and correct."""
    found = checked(upper)
    assert not codes(found) & {"POST_NOT_ABOVE", "UNKNOWN_POST", "NOTHING_TO_UNDO"}
    steps = {step.id: step for item in found.items if item.entry.item.id == "fine" for step in item.steps}
    assert {name for name, step in steps.items() if upper in step.beside} == {"revoke", "correct"}
    assert not any(upper in step.posts for step in steps.values())


@pytest.mark.parametrize(
    ("upper", "code"),
    [
        ("aside.chief", "POST_NOT_ABOVE"),
        ("equal.chief", "POST_NOT_ABOVE"),
        ("below.chief", "POST_NOT_ABOVE"),
        ("front.boss", "POST_NOT_ABOVE"),
        ("chief", "UNKNOWN_POST"),
        ("above.nobody", "UNKNOWN_POST"),
    ],
)
def test_a_post_that_is_not_above_is_found(upper: str, code: str) -> None:
    """Elsewhere, of the same level or below, of the organ itself, or not named in full."""
    assert code in codes(checked(upper))


def test_upper_posts_without_anything_to_undo_are_found() -> None:
    """Where no step revokes or corrects they would stand for nothing."""
    lines = POWERS_WITH_GROUP.splitlines(keepends=True)
    without = "".join(line for line in lines if "verb: revoke" not in line and "verb: correct" not in line)
    assert "NOTHING_TO_UNDO" in codes(checked("above.chief", without))
    assert "NOTHING_TO_UNDO" not in codes(checked("above.chief"))
