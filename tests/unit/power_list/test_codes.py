"""Region codes (GB/T 2260) and unified social credit codes (GB 32100)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.power_list.regions import has_province, level_of, within
from sidecar.power_list.uscc import is_valid_uscc


@pytest.mark.parametrize(
    ("region", "of", "inside"),
    [
        ("350203", "350203", True),
        ("350203", "350200", True),
        ("350203", "350000", True),
        ("350203", "000000", True),
        ("350203", "*", True),
        ("350203001", "350203", True),
        ("350203001002", "350203001", True),
        ("350203001", "350200", True),
        ("350200", "350203", False),
        ("350303", "350200", False),
        ("360203", "350000", False),
        ("350203002", "350203001", False),
        ("429004", "420000", True),
        ("429004", "429000", False),
        ("419001", "419000", False),
        ("469001", "469000", False),
        ("659001", "659000", False),
        ("659001", "659001", True),
        ("350000", "350200", False),
        ("", "350200", False),
        ("35", "350000", False),
    ],
)
def test_a_region_lies_in_another(region: str, of: str, inside: bool) -> None:
    """Province, prefecture, county and below; counties directly under a province have no prefecture."""
    assert within(region, of) is inside


@given(st.from_regex(r"[1-9][0-9]{5}", fullmatch=True), st.from_regex(r"[1-9][0-9]{5}", fullmatch=True))
def test_two_regions_hold_each_other_only_if_equal(one: str, other: str) -> None:
    """Containment is a partial order."""
    assert not (within(one, other) and within(other, one)) or one == other


@pytest.mark.parametrize(
    ("region", "level"),
    [
        ("000000", "1"),
        ("650000", "2"),
        ("650200", "3"),
        ("650203", "4"),
        ("659001", "4"),
        ("650203001", "5"),
        ("650203001002", "6"),
        ("650200000000", "3"),
    ],
)
def test_a_region_code_tells_the_level_of_its_organ(region: str, level: str) -> None:
    """Where a list names no level, the organ's region does."""
    assert level_of(region) == level


@pytest.mark.parametrize(("region", "known"), [("650200", True), ("820000", True), ("990100", True), ("830000", False)])
def test_a_region_code_begins_with_a_province(region: str, known: bool) -> None:
    """The first two digits of GB/T 2260; 99 is kept for made-up places."""
    assert has_province(region) is known


@pytest.mark.parametrize(
    ("code", "valid"),
    [
        ("91350100M000100Y43", True),  # the standard's own worked example
        ("91350100M000100Y44", False),
        ("91350100M000100Y4", False),
        ("9135010IM000100Y43", False),  # I, O, S, V, Z are not in the alphabet
        ("91350100m000100y43", False),
        ("", False),
    ],
)
def test_credit_codes_are_checked_modulo_31(code: str, valid: bool) -> None:
    """GB 32100-2015, clause 5 and annex on the check character."""
    assert is_valid_uscc(code) is valid
