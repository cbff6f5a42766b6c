"""The prepared form: the same answers as the files it is made from, and no answer from a damaged one."""

from datetime import date

import pytest

from sidecar.compiler.manifest import sha256
from sidecar.decision.engine import read_engine
from sidecar.decision.policy import CASBIN_FUNCTIONS, PolicySnapshot, prepared_of
from sidecar.decision.prepared import CACHED_STEPS, NO_ROWS, Prepared, PreparedFrom, PreparedRows
from sidecar.errors import PolicyError
from sidecar.personnel.registers import Appointment, Span
from tests.samples import EVERYONE, MODEL, SNAPSHOT, compiled

BUILT = compiled()
MANIFEST = BUILT.files["compiled/manifest.json"]
DATA = prepared_of(model=MODEL, policy=BUILT.policy, manifest=MANIFEST)
PREPARED = Prepared(DATA)


def test_every_row_is_there_in_its_order() -> None:
    """Cells and numbers as the engine reads them from the text."""
    engine = read_engine(MODEL.decode(), BUILT.policy.decode(), functions=CASBIN_FUNCTIONS, total=CASBIN_FUNCTIONS.keys())
    section = engine.section()
    rows = PreparedRows(PREPARED)
    assert list(rows) == list(section.rows)
    assert (rows[0], rows[-1], rows[2:4]) == (section.rows[0], section.rows[-1], list(section.rows[2:4]))
    for key in {(row[3], row[4]) for row in section.rows}:
        assert PREPARED.step(key).rows == section.index.rows(key, None)


def test_names_sources_and_duties_are_those_of_the_manifest() -> None:
    """Item by item, post by post, row by row."""
    assert dict(PREPARED.items) == BUILT.manifest.items
    assert dict(PREPARED.posts) == BUILT.manifest.posts
    assert PREPARED.organs == BUILT.manifest.organs
    assert PREPARED.digest == BUILT.manifest.digest
    for row in PreparedRows(PREPARED):
        assert PREPARED.source(row[-1]) == BUILT.manifest.rows[row[0]]
    duties = [tuple(row.cells) for row in BUILT.rows if row.ptype == "p2"]
    assert [tuple(duty[:5]) for duty in SNAPSHOT.step("permit", "decide").duties] == [d for d in duties if d[2] == "decide"]


@pytest.mark.parametrize("key", [("permit", "nothing"), ("nothing", "accept"), ("", ""), ("permit\x1faccept", "")])
def test_what_is_not_there_is_not_found_and_not_kept(key: tuple[str, str]) -> None:
    """A stranger's question leaves nothing behind."""
    assert PREPARED.step(key) is NO_ROWS
    assert key not in PREPARED._steps
    assert PREPARED.items.get(key[1]) is None
    assert len(PREPARED._steps) < CACHED_STEPS


@pytest.mark.parametrize("place", [0, 9, 50, len(DATA) // 2, len(DATA) - 1])
def test_one_changed_byte_is_noticed(place: int) -> None:
    """Whichever part it stands in."""
    spoilt = bytearray(DATA)
    spoilt[place] ^= 1
    with pytest.raises(PolicyError, match="damaged"):
        Prepared(bytes(spoilt))


@pytest.mark.parametrize("data", [b"", b"QHPREP01", DATA[:-1], DATA[: len(DATA) // 2], DATA + b"x"])
def test_a_part_is_not_the_whole(data: bytes) -> None:
    """A file that was cut short or grew."""
    with pytest.raises(PolicyError, match="damaged"):
        Prepared(data)


def test_it_says_what_it_was_made_from() -> None:
    """So that a form of other files is not taken; a snapshot under another model is refused."""
    assert PREPARED.made_from == PreparedFrom(sha256(MODEL), sha256(BUILT.policy), sha256(MANIFEST))
    with pytest.raises(PolicyError, match=r"model\.conf is not the one"):
        PolicySnapshot(MODEL + b"\n", PREPARED)


def test_one_appointment_changes_one_person() -> None:
    """Other registers share everything else, and the old ones stay as they were."""
    day = date(2026, 1, 5)
    moved = EVERYONE.with_appointments("clerk", [Appointment("clerk", "front.head", Span())])
    assert moved.posts("clerk", day) == {"front.head"}
    assert EVERYONE.posts("clerk", day) == {"front.clerk"}
    assert moved.posts("head", day) == {"front.head"}
    assert moved.holders("front.head", day) == ("all", "clerk", "head")
    assert moved.holders("front.clerk", day) == ("all",)
    assert moved.with_appointments("clerk", EVERYONE.appointments("clerk")).holders("front.clerk", day) == ("all", "clerk")
