"""Numbers of persons are found in texts however they are written, and other numbers are left alone."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.decision_log.numbers import ID_CARD, PHONE, is_suspect, numbers_in, replaced
from sidecar.power_list.uscc import is_valid_uscc

PLACES = st.sampled_from(["110101", "440106", "510104", "650102", "820000", "830000"])
DAYS = st.dates(date(1900, 1, 1), date(2025, 12, 31))
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # as GB 11643 prints them
CHECKS = "10X98765432"


def checked(front: str) -> str:
    return front + CHECKS[sum(int(digit) * weight for digit, weight in zip(front, WEIGHTS, strict=True)) % 11]


@st.composite
def id_cards(draw: st.DrawFn) -> str:
    return checked(f"{draw(PLACES)}{draw(DAYS):%Y%m%d}{draw(st.integers(0, 999)):03}")


@st.composite
def phones(draw: st.DrawFn) -> str:
    return f"1{draw(st.integers(3, 9))}{draw(st.integers(0, 10**9 - 1)):09}"


_ELSE = st.characters(min_codepoint=0xA1, codec="utf-8", exclude_categories=["Nd", "Cs", "Cf"]).filter(
    lambda c: not "\uff01" <= c <= "\uff5e"
)
BEFORE = st.text(_ELSE, max_size=5) | st.sampled_from(["身份证号", "（", "：", ", ", "id ", "id", "ID", "tel:", "Tel", "\n", "-"])
BEHIND = st.text(_ELSE, max_size=5) | st.sampled_from(["）", "。", " id", "\n", "-", ", 1"])


def parted(number: str, gaps: list[str]) -> str:
    return "".join(digit + gap for digit, gap in zip(number, [*gaps, ""], strict=True))


@given(id_cards(), BEFORE, BEHIND)
def test_an_identity_number_is_found_wherever_it_stands(number: str, before: str, behind: str) -> None:
    (found,) = numbers_in(before + number + behind)
    assert (found.kind, found.number) == (ID_CARD, number.lower())
    assert (found.start, found.end) == (len(before), len(before) + len(number))


@given(id_cards(), st.lists(st.sampled_from(["", " ", "-", "\u3000", "\u200b", " -"]), min_size=17, max_size=17))
def test_gaps_and_wide_characters_hide_nothing(number: str, gaps: list[str]) -> None:
    wide = parted(number, gaps).translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789Xx"})
    for text in (parted(number, gaps), wide, f"见{wide}。"):
        assert [found.number for found in numbers_in(text)] == [number.lower()]
        assert number[-4:] not in replaced(text, lambda kind, _: f"{kind}-t")


@given(id_cards(), st.integers(0, 17), st.integers(1, 9))
def test_a_wrong_digit_is_no_identity_number(number: str, at: int, more: int) -> None:
    """Every single wrong digit is found by the check (ISO 7064): the text is left alone."""
    digit = 10 if number[at] in "Xx" else int(number[at])
    wrong = number[:at] + str((digit + more) % 10 if digit < 10 else more) + number[at + 1 :]
    assert [found for found in numbers_in(wrong) if found.kind == ID_CARD] == []


@given(id_cards(), st.text("0123456789", min_size=1, max_size=8), st.booleans())
def test_within_a_longer_row_of_digits_there_is_none(number: str, more: str, before: bool) -> None:
    bare = number.replace("X", "1")
    assert numbers_in(more + bare if before else bare + more) == [] or len(more + bare) == 18


@given(phones(), BEFORE, BEHIND)
def test_a_mobile_number_is_found(number: str, before: str, behind: str) -> None:
    for text in (number, f"{number[:3]} {number[3:7]} {number[7:]}", f"+86 {number}", f"0086-{number}", f"86{number}"):
        assert [(found.kind, found.number) for found in numbers_in(before + text + behind)] == [(PHONE, number)]


@given(PLACES, DAYS.filter(lambda day: day.year < 2000), st.integers(0, 999))
def test_the_old_form_of_fifteen_digits_is_found(place: str, day: date, serial: int) -> None:
    number = f"{place}{day:%y%m%d}{serial:03}"
    assert [found.number for found in numbers_in(f"旧证{number}号")] == [number]


def test_a_foreigners_number_is_found_unless_it_is_a_credit_code() -> None:
    """Of numbers that begin with 9 those with the check of GB 32100 are codes of enterprises; 1 in 31 is so by chance."""
    numbers = [checked(f"91101519810803{serial:03}") for serial in range(400)]
    codes = [number for number in numbers if is_valid_uscc(number)]
    assert codes
    assert [number for number in numbers if numbers_in(number)] == [number for number in numbers if number not in codes]


@given(st.text("0123456789", min_size=18, max_size=18).filter(lambda digits: not digits.startswith("9")))
def test_other_numbers_of_eighteen_digits_are_left_alone(digits: str) -> None:
    """What is found fits the check of GB 11643, made here as the standard prints it."""
    assert all(checked(found.number[:17]).lower() == found.number for found in numbers_in(digits))


@pytest.mark.parametrize(
    "text",
    [
        "(2026)粤0106行初110101号",  # a case number
        "20261125103015123",  # a moment
        "91440101MA59ABCD3X",  # a credit code
        "550e8400-e29b-41d4-a716-138001380001",  # a UUID
        "sha256:13800138000deadbeef110101199003077758aa",  # a digest
        "01KAXM3Z7T13800138000ABCDE",  # a ULID
        "11440000MB2C92043K4440125014001",  # the code of a service item
        "110101199013077758",  # no such month
        "190101199003071234",  # no such province
        "12800138000",  # no mobile number
        "110105491331002",  # an old form without such a day
        "2026-11-25 08:00:00 10.0.0.1",
        "1380-0138-000",
        "",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert numbers_in(text) == []
    assert replaced(text, lambda *_: "!") is text


def test_the_example_of_the_standard() -> None:
    """GB 11643-1999, appendix: 11010519491231002X and 440524188001010014, the latter born before any century that still lives."""
    assert [found.number for found in numbers_in("11010519491231002X")] == ["11010519491231002x"]
    assert numbers_in("440524188001010014") == []


@given(st.lists(id_cards() | phones(), min_size=1, max_size=4))
def test_all_in_a_text_are_replaced_and_nothing_else_changes(numbers: list[str]) -> None:
    text = "；".join(f"甲{number}乙" for number in numbers)
    assert replaced(text, lambda *_: "#") == "；".join("甲#乙" for _ in numbers)
    assert not is_suspect(replaced(text, lambda *_: "#"))


@pytest.mark.parametrize("text", ["BH-20261123-170012", "2026-11-25 08:00:00", "(2026)粤0106行初1101号", "440106", "10.0.0.1"])
def test_dates_and_case_numbers_are_not_even_suspect(text: str) -> None:
    """They stand in every request: none of them may cost a second look."""
    assert not is_suspect(text)
