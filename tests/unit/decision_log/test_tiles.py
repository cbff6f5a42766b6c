"""Tiles and bundles: where they lie and what is in them, as C2SP tlog-tiles says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.decision_log.tiles import Tile, TilePathError, bundle, bundles_of, entries_in, tile_at, tiles_of


def test_the_examples_of_the_specification() -> None:
    """Index 1234067, and the tiles of a tree of 70,000 and of 256."""
    assert Tile(0, 1234067).path() == "tile/0/x001/x234/067"
    seventy = list(tiles_of(70_000))
    assert sum(tile.level == 0 for tile in seventy) == 274
    assert [tile for tile in seventy if tile.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]


@given(st.none() | st.integers(0, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_a_path_leads_back_to_its_tile(level: int | None, number: int, width: int) -> None:
    """Every tile has one path, and it is read back."""
    tile = Tile(level, number, width)
    assert tile_at(tile.path()) == tile


@pytest.mark.parametrize(
    "path",
    ["tile/0/1", "tile/0/0001", "tile/00/001", "tile/0/x000/001", "tile/64/000", "tile/0/000.p/256", "tile/0/000.p/0", "tile/0",
     "tile/0/000.p/01", "tile/-1/000", "tile/entries/٠٠٠", "tile/0/001/002", "tile/0/../000", "tile", "tile/0/000.p", "x/0/000"],
)  # fmt: skip
def test_another_spelling_is_no_path(path: str) -> None:
    """Leading zeroes, missing ones, other digits, other places."""
    with pytest.raises(TilePathError):
        tile_at(path)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_its_entries_back(entries: list[bytes]) -> None:
    """Behind their lengths entries are told apart; a bundle that was cut is noticed."""
    data = bundle(entries)
    assert entries_in(data) == entries
    if entries:
        with pytest.raises(ValueError, match="ends within"):
            entries_in(data[:-1] if entries[-1] else data[:-2] + b"\x00")


def test_an_entry_that_is_too_long_has_no_bundle() -> None:
    """Two bytes hold lengths up to 65,535."""
    assert entries_in(bundle([b"x" * 65_535])) == [b"x" * 65_535]
    with pytest.raises(ValueError, match="65536"):
        bundle([b"x" * 65_536])
    assert list(bundles_of(257)) == [Tile(None, 0), Tile(None, 1, 1)]
