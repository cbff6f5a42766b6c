"""Numbers of released entries as text: told compactly, read back exactly, and nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.decision_log.released import count_of, outside, portions, read_spans, release_in, spans_of, text_of

NUMBERS = st.sets(st.integers(1, 400)).map(sorted)


@given(NUMBERS, st.integers(1, 60))
def test_what_is_told_is_read_back_in_whatever_portions(numbers: list[int], longest: int) -> None:
    spans = spans_of(numbers)
    assert read_spans(text_of(spans)) == tuple(spans)
    assert [n for first, last in spans for n in range(first, last + 1)] == numbers
    assert count_of(spans) == len(numbers)
    parts = list(portions(spans, longest))
    assert [span for part in parts for span in part] == spans
    assert all(len(text_of(part)) <= longest or len(part) == 1 for part in parts)


@given(NUMBERS, NUMBERS)
def test_outside_are_those_that_no_span_holds(numbers: list[int], released: list[int]) -> None:
    assert list(outside(numbers, spans_of(released))) == sorted(set(numbers) - set(released))


@pytest.mark.parametrize("text", ["0", "01", "3-2", "2 1", "1-3 3", "1  2", " 1", "1,2", "-3", "1-", "x", "１"])
def test_no_other_spelling_is_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no number or range|is out of order"):
        read_spans(text)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "erasure", "numbers": "1"},
        {"kind": "release"},
        {"kind": "release", "numbers": "1-9"},
        {"kind": "release", "numbers": "9"},
        {"kind": "release", "numbers": 3.5},
    ],
)
def test_only_a_release_of_what_is_before_it_counts(fields: dict[str, object]) -> None:
    assert release_in(fields, 9) is None


def test_a_release_tells_its_spans_and_its_file() -> None:
    assert release_in({"kind": "release", "numbers": "2-4 7", "file": "sha256:x"}, 9) == (9, ((2, 4), (7, 7)), "sha256:x")
