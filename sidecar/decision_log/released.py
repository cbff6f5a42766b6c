"""Which entries were released: kept long enough, their bodies went to a file elsewhere; their leaf hashes stay.

An entry of the kind `release` names them, as numbers and ranges in ascending order: `2-4 7 9-12`. An empty body counts as
released only where such an entry tells so under a signed checkpoint; any other was taken away. Standard library only: the
verifier ships alone.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

KIND = "release"
LONGEST = 48_000  # bytes of one text, so that its entry stays below what an entry may have
_ONE = re.compile(r"([1-9][0-9]{0,18})(?:-([1-9][0-9]{0,18}))?", re.ASCII)

Span = tuple[int, int]  # first and last number, from 1


class Release(NamedTuple):
    """What an entry at `seq` tells: the spans it released, and the digest of the file they went to."""

    seq: int
    spans: tuple[Span, ...]
    file: str


def spans_of(numbers: Iterable[int]) -> list[Span]:
    """Numbers in ascending order as spans."""
    spans: list[Span] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1] = spans[-1][0], number
        else:
            spans.append((number, number))
    return spans


def count_of(spans: Iterable[Span]) -> int:
    return sum(last - first + 1 for first, last in spans)


def text_of(spans: Iterable[Span]) -> str:
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def portions(spans: Iterable[Span], longest: int = LONGEST) -> Iterator[list[Span]]:
    """Spans in portions, the text of each at most so long."""
    portion: list[Span] = []
    length = 0
    for span in spans:
        added = len(text_of([span])) + 1
        if portion and length + added > longest + 1:
            yield portion
            portion, length = [], 0
        portion.append(span)
        length += added
    if portion:
        yield portion


def read_spans(text: str) -> tuple[Span, ...]:
    """The spans of a text. Raises ValueError where it is not one in its one spelling, ascending and without overlap."""
    spans: list[Span] = []
    for part in text.split(" ") if text else ():
        found = _ONE.fullmatch(part)
        if found is None:
            raise ValueError(f"{part[:40]!r} is no number or range")
        first = int(found[1])
        last = int(found[2] or first)
        if last < first or (spans and first <= spans[-1][1]):
            raise ValueError(f"{part!r} is out of order")
        spans.append((first, last))
    return tuple(spans)


def release_in(fields: dict[str, Any], seq: int) -> Release | None:
    """What an entry tells of a release; None for any other, and for one that releases what is not before it."""
    if fields.get("kind") != KIND:
        return None
    try:
        spans = read_spans(str(fields.get("numbers", "")))
    except ValueError:
        return None
    if not spans or spans[-1][1] >= seq:
        return None
    return Release(seq, spans, str(fields.get("file", "")))


def outside(numbers: Iterable[int], spans: Iterable[Span]) -> Iterator[int]:
    """Those of ascending numbers that no span holds."""
    ordered = iter(sorted(spans))
    span = next(ordered, None)
    for number in numbers:
        while span and span[1] < number:
            span = next(ordered, None)
        if span is None or number < span[0]:
            yield number
