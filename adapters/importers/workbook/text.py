"""Chinese text as it comes out of spreadsheets: wrapped, padded, numbered.

Lists made from word processors break their lines in the middle of words ("建筑市场监\\n管科"), so a line feed between two
Chinese characters means nothing, and neither does a space. Only before a number ("2.", "（二）") or after a heading that ends
in a colon does a line feed begin something new.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_WIDE = "\u2e80-\u9fff\uf900-\ufaff\u3000-\u303f\uff00-\uffef“”‘’…—"
_PADDING = re.compile(rf"(?<=[{_WIDE}]) | (?=[{_WIDE}])")
_SPACES = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_LINE_ENDS = re.compile("\r\n|\r|\u2028|\u2029|\x0b|\x0c|\x85|_x000[Dd]_")
_NONCHARACTERS = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")
_HAN = "一二三四五六七八九十"
_NUMBER_AT_START = re.compile(rf"\s*(?:\d{{1,3}}\s*[.．、](?!\d)|[（(][{_HAN}\d]{{1,3}}[）)]|[{_HAN}]{{1,3}}、)")
_HEADING_INSIDE = re.compile(r"(?<=[。；;])(?=[一-龥]{2,8}责任[：:])")
_SHORTEST_UNIT = 3
_UNIT_SEPARATORS = re.compile(r"[、，,；;/／]")
_UNIT_END = re.compile(r"(?:科|室|处|局|队|中心|站|所|办|部|组|院|馆|委|股|会|公司|[）)])$")

# GB 11643: region 6, birthday 8, serial 3, check 1. A person has no place in a power list; `check` would refuse the number.
_CITIZEN_NUMBER = re.compile(
    r"(?<![0-9])[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?![0-9A-Za-z])"
)
MASK = "（公民身份号码已隐去）"


class Cleaned(NamedTuple):
    """Clean text, and the codes of the warnings that cleaning it gave rise to."""

    text: str
    doubts: tuple[str, ...]


def cleaned(raw: str) -> Cleaned:
    """NFC, one kind of space and line end, no control characters, no personal numbers; trimmed."""
    text = _SPACES.sub(" ", _LINE_ENDS.sub("\n", raw))
    visible = _NONCHARACTERS.sub("", "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs")))
    masked, persons = _CITIZEN_NUMBER.subn(MASK, visible)
    doubts = [code for code, met in (("CONTROL_CHARACTERS", visible != text), ("PERSON_NUMBER_REMOVED", persons)) if met]
    return Cleaned(unicodedata.normalize("NFC", masked).strip(), tuple(doubts))


def single_line(text: str) -> str:
    """On one line, without the padding that spreadsheets put between Chinese characters."""
    return _PADDING.sub("", " ".join(text.split()))


def shortened(text: str, length: int = 40) -> str:
    line = single_line(text)
    return line if len(line) <= length else line[: length - 1] + "…"


def numbered(text: str) -> list[str]:
    """The entries of a numbered text, each on one line; headings such as 直接实施责任： are entries of their own."""
    entries: list[list[str]] = []
    ended = True
    for line in filter(str.strip, text.split("\n")):
        if ended or _NUMBER_AT_START.match(line):
            entries.append([])
        entries[-1].append(line)
        ended = line.rstrip().endswith(("：", ":"))
    return [part for lines in entries for part in _HEADING_INSIDE.split(single_line("\n".join(lines)))]


def unit_names(text: str) -> list[str]:
    """The units named in a 承办机构 cell, each once. What stands in parentheses belongs to the name before it."""
    names = (single_line(part) for part in _outside_parentheses(_separated(text)))
    return list(dict.fromkeys(name for name in names if name))


def _separated(text: str) -> str:
    """Line feeds between two whole names become separators; those inside a name go."""
    joined = ""
    for line in filter(None, map(single_line, text.split("\n"))):
        whole = _UNIT_END.search(joined) and len(_last_name(joined)) >= _SHORTEST_UNIT <= len(line) and line[0] not in "（("
        joined += ("、" if whole else "") + line
    return joined


def _last_name(text: str) -> str:
    return _UNIT_SEPARATORS.split(text)[-1]


def _outside_parentheses(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for at, char in enumerate(text):
        depth = max(0, depth + (char in "（(") - (char in "）)"))
        if depth == 0 and _UNIT_SEPARATORS.match(char):
            yield text[start:at]
            start = at + 1
    yield text[start:]


def most_common(values: Iterable[str]) -> str | None:
    """The value met most often, the first of equals; None when there is none."""
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return max(counts, key=lambda value: counts[value]) if counts else None


def column_letters(index: int) -> str:
    """0 → A, 26 → AA, as spreadsheets name columns."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
