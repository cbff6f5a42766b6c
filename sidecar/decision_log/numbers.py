"""Identity-card and mobile phone numbers that slipped into free text: where they stand.

A citizen's number (GB 11643-1999) is 6 digits of a place, the day of birth, 3 digits and a check character: with the weights
2^(18-n) mod 11 the sum of all 18, X counting ten, leaves 1 modulo 11 (ISO 7064 MOD 11-2). Until 2013 there were numbers of 15
digits without the century and without a check. A foreigner's card (2023) has a 9, province, country, then the same. A mobile
number is 11 digits beginning 13 to 19, often behind +86.

What is decided in doubt, because a number that stays is a breach and a code that goes can be looked up again:

  * 18 characters are a number when place, day and check all fit. Of other numbers of 18 digits, a 统一社会信用代码 for one, so
    much fits in 2 of 100,000, and they are masked; one that begins with 9 and fits the check of GB 32100 is a code.
  * 15 digits have no check: place and day must fit, and nothing may stand between the digits. Of other numbers of 15 digits so
    much fits in 1 of 100 by chance, and they are masked.
  * Full-width and other digits are digits. Between the digits of an identity number one or two spaces, hyphens or characters of
    no width may stand; a mobile number may be parted 3-4-4.
  * A number that is part of a longer row of digits or letters is none: digests, UUIDs, codes of items and cases hold such rows.
    Behind words like `id` and `tel` it is.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable
from typing import Final, NamedTuple

ID_CARD, PHONE = "idn", "tel"  # with which the tokens begin that stand for the numbers

_GAPS = " \t\u00a0\u3000\u2002\u2003\u2009-\u2010\u2011\u2012\u2013\u2014\u2212\u200b\u200c\u200d\u2060\ufeff"
_GAP = f"[{re.escape(_GAPS)}]"
# Eleven digits in a row, a number parted 3-4-4, or seventeen digits with gaps: dates and case numbers are mostly none of these.
_RUN = re.compile(rf"\d[\d{re.escape(_GAPS)}]{{10,}}")
_SHAPE = re.compile(rf"\d(?:\d{{10}}|\d\d{_GAP}\d{{4}}{_GAP}\d{{4}}|(?:{_GAP}{{0,2}}\d){{16}})")
# What stands before: no digit or letter, or the end of a word that announces a number.
_WORDS = ("id", "no", "card", "sfz", "tel", "phone", "mobile")
_ANNOUNCED = "|".join("(?<=" + "".join(f"[{letter}{letter.upper()}]" for letter in word) + ")" for word in _WORDS)
_BEFORE = rf"(?:(?<![0-9A-Za-z])|{_ANNOUNCED})"
_BEHIND = r"(?![0-9A-Za-z])"
_PATTERN = re.compile(
    rf"{_BEFORE}(?:"
    rf"(?P<long>\d(?:{_GAP}{{0,2}}\d){{16}}{_GAP}{{0,2}}[\dXx])|"
    r"(?P<old>\d{15})|"
    rf"(?:\+?(?:00)?86{_GAP}{{0,2}})?(?P<phone>1[3-9]\d(?:\d{{8}}|{_GAP}\d{{4}}{_GAP}\d{{4}}))"
    rf"){_BEHIND}"
)
_PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)
_FOREIGNER = "9"
_DIGITS = 18
_WEIGHTS = tuple(pow(2, _DIGITS - n, 11) for n in range(1, _DIGITS + 1))
_USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CENTURIES = ("19", "20")


class Number(NamedTuple):
    """A number found at [start, end) of a text, in one spelling: digits, and a small x."""

    kind: str
    start: int
    end: int
    number: str


def is_suspect(text: str) -> bool:
    """Whether there may be a number at all, by the shape alone. Cheap."""
    return any(_SHAPE.search(run) for run in _RUN.findall(text))


def numbers_in(text: str) -> list[Number]:
    """All numbers in a text, in order; they do not overlap."""
    if not is_suspect(text):
        return []
    plain = _one_spelling(text)
    found, at = [], 0
    while match := _PATTERN.search(plain, at):
        number = _number(match)
        if number:
            found.append(number)
        at = match.end() if number else match.start() + 1
    return found


def replaced(text: str, token: Callable[[str, str], str]) -> str:
    """The text with `token(kind, number)` in the place of each number."""
    parts, at = [], 0
    for kind, start, end, number in numbers_in(text):
        parts += [text[at:start], token(kind, number)]
        at = end
    return "".join([*parts, text[at:]]) if parts else text


def _one_spelling(text: str) -> str:
    """Every character by one of the same place: digits of any script as 0 to 9, wide letters as narrow ones."""
    if text.isascii():
        return text
    return "".join([_narrow(character) for character in text])


def _narrow(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    narrow = unicodedata.normalize("NFKC", character) if "\uff01" <= character <= "\uff5e" else character
    return narrow if len(narrow) == 1 else character


def _number(match: re.Match[str]) -> Number | None:
    kind = str(match.lastgroup)
    bare = "".join([character for character in match[kind] if character not in _GAPS]).lower()
    if kind == "phone":
        return Number(PHONE, *match.span(), bare)
    fits = _is_citizen(bare) if kind == "long" else _has_place(bare) and _is_day("19" + bare[6:12])
    return Number(ID_CARD, *match.span(), bare) if fits else None


def _is_citizen(bare: str) -> bool:
    if not _is_day(bare[6:14]) or not _fits_check(bare):
        return False
    return _has_place(bare) or (bare[0] == _FOREIGNER and bare[1:3] in _PROVINCES and not _is_credit_code(bare.upper()))


def _has_place(bare: str) -> bool:
    return bare[:2] in _PROVINCES


def _is_day(day: str) -> bool:
    year, month, date = int(day[:4]), int(day[4:6]), int(day[6:])
    return day[:2] in _CENTURIES and 1 <= month <= 12 and 1 <= date <= monthrange(year, month)[1]  # noqa: PLR2004


def _fits_check(bare: str) -> bool:
    values = [10 if character == "x" else int(character) for character in bare]
    return sum(value * weight for value, weight in zip(values, _WEIGHTS, strict=True)) % 11 == 1


def _is_credit_code(code: str) -> bool:
    """GB 32100-2015. Kept here too, because the log's rooms know none of the power list's."""
    total = sum(_USCC_ALPHABET.index(character) * pow(3, n, 31) for n, character in enumerate(code[:-1]))
    return code[-1] == _USCC_ALPHABET[(31 - total % 31) % 31]
