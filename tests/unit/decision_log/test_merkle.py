"""The tree and its proofs: known answers, an independent tree, and proofs that were tampered with."""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.decision_log.hashing import NAMES, HashUnavailableError, tree_hash
from sidecar.decision_log.merkle import Frontier, ProofError, inclusion_ranges, verify_consistency, verify_inclusion
from sidecar.decision_log.tiles import TiledTree, TileEdge, hashes_in
from tests.unit.decision_log import naive

SHA = tree_hash("sha256")

# The leaves and roots that certificate-transparency implementations test RFC 6962 with.
ENTRIES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaves_of(count: int, name: str = "sha256") -> list[bytes]:
    return [tree_hash(name).leaf(str(n).encode()) for n in range(count)]


def tree_of(leaves: list[bytes], name: str = "sha256") -> TiledTree:
    edge = TileEdge(tree_hash(name))
    tiles = {(tile.level, tile.number): hashes_in(data) for tile, data in edge.extend(leaves).items()}
    return TiledTree(tree_hash(name), len(leaves), lambda level, number: tiles[level, number])


def test_rfc_6962_known_answers() -> None:
    """Every root of the published series, from the empty tree on."""
    for count, root in enumerate(ROOTS):
        frontier = Frontier(SHA)
        for entry in ENTRIES[:count]:
            frontier.append(SHA.leaf(entry))
        assert frontier.root().hex() == root


def test_the_published_proofs() -> None:
    """Three proofs of the same series, written out in RFC 6962's own examples of shape."""
    leaves = [SHA.leaf(entry) for entry in ENTRIES]
    tree = tree_of(leaves)
    assert [h.hex()[:16] for h in tree.inclusion(0, 8)] == ["96a296d224f285c6", "5f083f0a1a33ca07", "6b47aaf29ee3c2af"]
    assert [h.hex()[:16] for h in tree.inclusion(5, 8)] == ["bc1a0643b12e4d2d", "ca854ea128ed050b", "d37ee418976dd957"]
    assert [h.hex()[:16] for h in tree.consistency(6, 8)] == ["0ebc5d3437fbe2db", "ca854ea128ed050b", "d37ee418976dd957"]


def test_sm3_is_that_of_the_standard() -> None:
    """GB/T 32905 appendix A: the hash of 64 bytes; nodes and leaves have their prefixes."""
    assert hashlib.new("sm3", b"abcd" * 16).hexdigest() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    sm3 = tree_hash("sm3")
    assert sm3.leaf(b"x") == hashlib.new("sm3", b"\x00x").digest()
    assert sm3.node(b"l" * 32, b"r" * 32) == hashlib.new("sm3", b"\x01" + b"l" * 32 + b"r" * 32).digest()


def test_another_hash_is_refused() -> None:
    """A log has one of two hashes."""
    with pytest.raises(HashUnavailableError, match="sha256, sm3"):
        tree_hash("md5")


@pytest.mark.parametrize("name", NAMES)
def test_proofs_are_those_of_the_naive_tree(name: str) -> None:
    """Every inclusion and consistency proof of every size up to 40, hash by hash, and each verifies."""
    hash_, leaves = tree_hash(name), leaves_of(40, name)
    tree = tree_of(leaves, name)
    for size in range(1, 41):
        root = naive.mth(leaves[:size], name)
        assert tree.root(size) == root
        for index in range(size):
            proof = tree.inclusion(index, size)
            assert proof == naive.path(index, leaves[:size], name)
            verify_inclusion(hash_, leaves[index], index, size, root, proof)
        for old in range(size + 1):
            proof = tree.consistency(old, size)
            assert proof == naive.consistency(old, leaves[:size], name)
            verify_consistency(hash_, old, size, naive.mth(leaves[:old], name), root, proof)


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 700, 65_536 + 300])
def test_proofs_across_tiles(size: int) -> None:
    """Where a proof crosses the borders of tiles it is the same as without tiles."""
    leaves = leaves_of(size)
    tree, root = tree_of(leaves), naive.mth(leaves)
    assert tree.root() == root
    for index in {0, 1, size // 2, 255, 256, size - 2, size - 1} & set(range(size)):
        assert tree.inclusion(index, size) == naive.path(index, leaves)
    for old in {1, 2, 128, 254, 255, 256, size // 2, size - 1} & set(range(size)):
        assert tree.consistency(old, size) == naive.consistency(old, leaves)


@given(st.lists(st.integers(1, 700), min_size=1, max_size=8))
def test_the_edge_grows_in_any_steps(steps: list[int]) -> None:
    """However the leaves arrive, the tiles, the root and the frontier's root are the same."""
    total = sum(steps)
    leaves = leaves_of(total)
    edge, tiles, at = TileEdge(SHA), {}, 0
    for step in steps:
        for tile, data in edge.extend(leaves[at : at + step]).items():
            tiles[tile.level, tile.number] = data
        at += step
    whole = TileEdge(SHA).extend(leaves)
    assert {(tile.level, tile.number): data for tile, data in whole.items()} == tiles
    frontier = Frontier(SHA)
    for leaf in leaves:
        frontier.append(leaf)
    assert edge.root() == frontier.root() == naive.mth(leaves)


def test_an_edge_is_taken_up_again_from_its_tiles() -> None:
    """After a restart the rightmost tiles are enough; those of another size are refused."""
    leaves = leaves_of(70_000)
    edge = TileEdge(SHA)
    tiles = {(t.level, t.number): hashes_in(data) for t, data in edge.extend(leaves[:66_000]).items()}
    rightmost = [tiles[0, 257], tiles[1, 1], tiles[2, 0]]
    again = TileEdge(SHA, 66_000, rightmost)
    again.extend(leaves[66_000:])
    assert again.root() == naive.mth(leaves)
    for size, wrong in ((66_001, rightmost), (66_000, rightmost[:2]), (66_000, [rightmost[0][:-1], *rightmost[1:]])):
        with pytest.raises(ValueError, match="edge"):
            TileEdge(SHA, size, wrong)


def mutations(proof: list[bytes]) -> list[list[bytes]]:
    """A proof with a bit turned, a hash left out, doubled, swapped or added at each place."""
    junk = b"\x07" * 32
    changed = []
    for n, digest in enumerate(proof):
        changed += [[*proof[:n], bytes([digest[0] ^ 1]) + digest[1:], *proof[n + 1 :]], proof[:n] + proof[n + 1 :]]
        changed += [[*proof[:n], digest, *proof[n:]], [*proof[:n], digest[:-1], *proof[n + 1 :]]]
    swapped = [[*proof[:n], proof[n + 1], proof[n], *proof[n + 2 :]] for n in range(len(proof) - 1)]
    return [*changed, *swapped, [junk, *proof], [*proof, junk]]


def refuses(check: Callable[[], None]) -> bool:
    try:
        check()
    except ProofError:
        return True
    return False


@given(st.data(), st.integers(2, 300))
def test_a_tampered_inclusion_proof_is_refused(data: st.DataObject, size: int) -> None:
    """Another leaf, index, size or root, and every mutation of the proof."""
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    root, proof = naive.mth(leaves), naive.path(index, leaves)
    verify_inclusion(SHA, leaves[index], index, size, root, proof)
    for changed in mutations(proof):
        assert refuses(lambda p=changed: verify_inclusion(SHA, leaves[index], index, size, root, p))  # type: ignore[misc]
    other = data.draw(st.integers(-2, size + 2).filter(lambda n: n != index))
    assert refuses(lambda: verify_inclusion(SHA, leaves[index], other, size, root, proof))
    assert refuses(lambda: verify_inclusion(SHA, leaves[other % size], index, size, root, proof)) or other % size == index
    assert refuses(lambda: verify_inclusion(SHA, leaves[index], index, size, leaves[index], proof))
    assert refuses(lambda: verify_inclusion(SHA, leaves[index], index, size, root[:-1], proof))


@given(st.data(), st.integers(2, 300))
def test_a_tampered_consistency_proof_is_refused(data: st.DataObject, new: int) -> None:
    """Other roots, swapped roots, and every mutation of the proof."""
    leaves = leaves_of(new)
    old = data.draw(st.integers(1, new - 1))
    roots = naive.mth(leaves[:old]), naive.mth(leaves)
    proof = naive.consistency(old, leaves)
    verify_consistency(SHA, old, new, *roots, proof)
    for changed in mutations(proof):
        assert refuses(lambda p=changed: verify_consistency(SHA, old, new, *roots, p))  # type: ignore[misc]
    assert refuses(lambda: verify_consistency(SHA, old, new, roots[1], roots[0], proof))
    assert refuses(lambda: verify_consistency(SHA, old, new, leaves[0], roots[1], proof)) or old == 1
    assert refuses(lambda: verify_consistency(SHA, new, old, *roots, proof))
    assert refuses(lambda: verify_consistency(SHA, new, new, *roots, []))
    assert refuses(lambda: verify_consistency(SHA, 0, new, *roots, []))
    verify_consistency(SHA, 0, new, SHA.empty, roots[1], [])


def test_a_different_history_has_no_proof() -> None:
    """A log that changed one early entry cannot show consistency with what it was, whatever proof it makes."""
    leaves = leaves_of(20)
    forged = [*leaves[:3], SHA.leaf(b"forged"), *leaves[4:]]
    proof = naive.consistency(10, forged)
    assert refuses(lambda: verify_consistency(SHA, 10, 20, naive.mth(leaves[:10]), naive.mth(forged), proof))


def test_a_leaf_outside_the_tree_has_no_proof() -> None:
    """Asking for one is an error of the asker."""
    with pytest.raises(ValueError, match="no leaf 5"):
        inclusion_ranges(5, 5)
    with pytest.raises(ValueError, match="has 3 leaves"):
        tree_of(leaves_of(3)).consistency(1, 4)
