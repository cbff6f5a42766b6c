"""Facts as a request says them, as an expression reads them, as a case remembers them, and as people call them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.expressions.facts import Asserted, Fact, Value, form_of

AMOUNT = Fact("money", "wan_yuan", zh="涉案金额", en="amount involved")
TERM = Fact("month", "year", zh="年限", en="term")
DAYS = Fact("workday", "workday", zh="已用时间", en="time used")
AREA = Fact("integer", "平方米", zh="面积", en="area")
DAY = Fact("date", zh="发生日", en="day")
PARTY = Fact("choice", words={"person": "自然人", "firm": "单位"}, zh="当事人类型", en="kind of party")
COMPLEX = Fact("boolean", zh="案情复杂", en="complex")
ALL = (AMOUNT, TERM, DAYS, AREA, DAY, PARTY, COMPLEX)


@pytest.mark.parametrize(
    ("fact", "asserted", "value", "remembered"),
    [
        (AMOUNT, 30, 30_000_000, "300000 yuan"),
        (AMOUNT, "30 wan_yuan", 30_000_000, "300000 yuan"),
        (AMOUNT, "30.5 万元", 30_500_000, "305000 yuan"),
        (AMOUNT, "305000.50元", 30_500_050, "305000.50 yuan"),
        (AMOUNT, "-1 fen", -1, "-0.01 yuan"),
        (TERM, 2, 24, "24 month"),
        (TERM, "18 个月", 18, "18 month"),
        (DAYS, 5, 5, "5 workday"),
        (AREA, 300, 300, 300),
        (DAY, "2021-07-15", date(2021, 7, 15).toordinal(), "2021-07-15"),
        (PARTY, "firm", "firm", "firm"),
        (PARTY, "单位", "firm", "firm"),
        (COMPLEX, False, False, False),
    ],
)
def test_a_fact_is_read_in_its_declared_type(fact: Fact, asserted: Asserted, value: Value, remembered: Asserted) -> None:
    """A bare number counts the declared unit; text brings its own; what is remembered reads the same."""
    assert fact.read(asserted) == value
    assert fact.spell(value) == remembered
    assert fact.read(remembered) == value


@pytest.mark.parametrize(
    ("fact", "asserted"),
    [
        (AMOUNT, True), (AMOUNT, "30"), (AMOUNT, "30 days"), (AMOUNT, "30 wan"), (AMOUNT, "0.001 yuan"), (AMOUNT, "1e3 yuan"),
        (AMOUNT, "30 yuan "), (AMOUNT, "1,000 yuan"), (AMOUNT, "１ yuan"), (AMOUNT, ""), (AMOUNT, "9" * 16 + " yuan"),
        (TERM, "2 day"), (TERM, "1.5 year"), (DAYS, "5 day"), (DAYS, "2021-07-15"),
        (AREA, "300"), (AREA, "300 m2"), (AREA, True), (AREA, False),
        (DAY, 20210715), (DAY, "2021-7-15"), (DAY, "2021-02-30"), (DAY, "20210715"), (DAY, "2021-W28-4"),
        (PARTY, "frim"), (PARTY, 1), (PARTY, ""), (COMPLEX, 1), (COMPLEX, 0), (COMPLEX, "true"),
    ],
)  # fmt: skip
def test_anything_else_is_no_value(fact: Fact, asserted: Asserted) -> None:
    """Another type, another unit, a unit that is missing where text gives the number, a word of no list."""
    assert fact.read(asserted) is None


@given(st.sampled_from(ALL), st.booleans() | st.integers() | st.text(max_size=20))
def test_whatever_is_asserted_is_read_or_not(fact: Fact, asserted: Asserted) -> None:
    """No input raises; and what was read once is remembered as the same value."""
    value = fact.read(asserted)
    if value is not None:
        assert fact.read(fact.spell(value)) == value or abs(int(value)) >= 10**15  # beyond what a request can carry


def test_a_later_unit_reads_the_same_sum() -> None:
    """A case that began under 万元 is not ten thousand times smaller under 元."""
    remembered = AMOUNT.spell(30_000_000)
    assert Fact("money", "yuan").read(remembered) == 30_000_000


def test_people_are_told_name_unit_and_form() -> None:
    """Labels carry the unit of a bare number; forms say what to send."""
    assert AMOUNT.label == ("涉案金额（万元）", "amount involved (10,000 yuan)")
    assert AREA.label.zh == "面积（平方米）"
    assert COMPLEX.label == ("案情复杂", "complex")
    assert PARTY.form.zh == "选项：person（自然人）、firm（单位）"
    for fact in ALL:
        assert fact.form.zh
        assert fact.form.en.isascii()
    assert [form_of(value).en for value in (True, 1, "x")] == ["a truth value", "a whole number", "text"]
