"""Which entries of a block have a value: a posting, as it lies in the index.

A block is 16,384 numbers of the log, of which each has a place from 1 on. Few places are kept as text, one character a place (up
to three bytes in UTF-8; SQLite makes such a text by itself, with `char` and `group_concat`); many as a bitmap, one bit a
place. Either way a search works with whole numbers as sets: `&` finds what two postings share, `bit_count` counts it.
"""

import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

BLOCK = 16_384  # below the surrogates, which no text may hold
FEW = 256  # up to so many places conversion costs less than reading a bitmap
_BITS = [[bit for bit in range(8) if byte >> bit & 1] for byte in range(256)]


def block_of(seq: int) -> int:
    return (seq - 1) // BLOCK


def base_of(block: int) -> int:
    """The number before the first of a block."""
    return block * BLOCK


def marks_of(places: str | bytes) -> int:
    """The set of a posting: bit p stands for place p."""
    if isinstance(places, bytes):
        return int.from_bytes(places, "little")
    found = bytearray(BLOCK // 8 + 1)
    for place in map(ord, places):
        found[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(found, "little")


def kept_of(places: str) -> str | bytes:
    """A posting as it is kept, from its places as text."""
    return places if len(places) <= FEW else marks_of(places).to_bytes(BLOCK // 8 + 1, "little")


def marks_between(low: int, high: int) -> int:
    """All places from `low` to `high`, both included."""
    return ((1 << (high + 1)) - 1) & ~((1 << low) - 1) if high >= low else 0


def marks_of_all() -> int:
    return marks_between(1, BLOCK)


def times_by_place(times: Iterable[tuple[int, int]]) -> bytes:
    """Each place's time in milliseconds, eight bytes a place from 0 on; 0 where there is no entry."""
    by_place = array("q", bytes(8 * (BLOCK + 1)))
    for place, time_ms in times:
        by_place[place] = time_ms
    return by_place.tobytes()


def marks_between_times(times: bytes, low: int, high: int) -> int:
    """The places whose time is in [low, high)."""
    found = array("q", times)
    return marks_of("".join(chr(place) for place, time_ms in enumerate(found) if place and low <= time_ms < high and time_ms))


def column_of(values: Sequence[str]) -> bytes:
    """The places of several values, of which a place has one at most, as which value each place has: from 1 on; 0 for none."""
    column = array(_code(len(values)), bytes((BLOCK + 1) * array(_code(len(values))).itemsize))
    for number, places in enumerate(values, 1):
        for place in map(ord, places):
            column[place] = number
    return zlib.compress(column.tobytes(), 1)


def values_in(column: bytes, values: int, marks: int) -> Counter[int]:
    """How often each of so many values is had by the places of a set."""
    by_place = array(_code(values), zlib.decompress(column))
    return Counter(map(by_place.__getitem__, all_places_in(marks)))


def _code(values: int) -> str:
    return "B" if values < 1 << 8 else "H"


def all_places_in(marks: int) -> list[int]:
    """The places of a set, ascending, all at once: of many this is quicker than one by one."""
    data = marks.to_bytes(marks.bit_length() // 8 + 1, "little")
    return [8 * at + bit for at, byte in enumerate(data) if byte for bit in _BITS[byte]]


def places_in(marks: int, *, newest: bool) -> Iterator[int]:
    """The places of a set, the greatest or the smallest first."""
    while marks:
        place = (marks if newest else marks & -marks).bit_length() - 1
        yield place
        marks ^= 1 << place
