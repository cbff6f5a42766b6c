"""What decisions rested on, kept beside the record: by its digest, whole, and held against it when it is read."""

import gzip
from pathlib import Path

import pytest

from adapters.storage.kept import KeptGrounds, open_version
from adapters.storage.kept_items import KeptItems
from adapters.storage.policy_folder import PolicyFolder, write_files
from sidecar.errors import NotKeptError, PolicyError
from sidecar.personnel.registers import Personnel
from tests.samples import EVERYONE, changed, compiled, policy_files


def built(folder: Path) -> PolicyFolder:
    """A policy folder with its sources, built."""
    write_files(folder, policy_files())
    files = PolicyFolder(folder)
    files.write(compiled(files.sources()))
    return files


def test_policies_that_served_are_opened_again(tmp_path: Path) -> None:
    """With the sources an inspector reads; keeping them again changes nothing."""
    folder, kept = built(tmp_path / "policies"), KeptGrounds(tmp_path / "data")
    snapshot = folder.snapshot()
    for _ in range(2):
        kept.keep_policies(folder, snapshot)
    versions = kept.policies()
    assert list(versions) == [snapshot.digest]
    there = versions[snapshot.digest]
    assert open_version(there, snapshot.digest).digest == snapshot.digest
    assert (there / "office/powers.yaml").read_bytes() == policy_files()["office/powers.yaml"]
    assert PolicyFolder(there).snapshot().digest == snapshot.digest


def test_compiled_policies_alone_are_kept_alone(tmp_path: Path) -> None:
    """A site may install what was built elsewhere."""
    folder = built(tmp_path / "policies")
    for path in (folder.root / "office").iterdir():
        path.unlink()
    snapshot = folder.snapshot()
    KeptGrounds(tmp_path / "data").keep_policies(folder, snapshot)
    there = KeptGrounds(tmp_path / "data").policies()[snapshot.digest]
    assert open_version(there, snapshot.digest).items.keys() == snapshot.items.keys()
    assert not (there / "office").exists()


def test_files_that_changed_meanwhile_are_not_kept(tmp_path: Path) -> None:
    """What is kept under a digest is what served, or nothing."""
    folder, kept = built(tmp_path / "policies"), KeptGrounds(tmp_path / "data")
    snapshot = folder.snapshot()
    (folder.root / "office/powers.yaml").write_bytes(changed("示范许可", "样板许可").encode())
    with pytest.raises(PolicyError, match=r"office/powers\.yaml changed"):
        kept.keep_policies(folder, snapshot)
    assert not kept.policies()


def test_a_version_that_was_edited_is_not_believed(tmp_path: Path) -> None:
    """Neither its rows nor another version in its place, nor a prepared form somebody put there."""
    folder, kept = built(tmp_path / "policies"), KeptGrounds(tmp_path / "data")
    snapshot = folder.snapshot()
    kept.keep_policies(folder, snapshot)
    there = kept.policies()[snapshot.digest]
    with pytest.raises(NotKeptError, match="digest"):
        open_version(there, "sha256:" + "0" * 64)
    rows = there / "compiled/policy.csv"
    rows.write_bytes(rows.read_bytes().replace(b"front.clerk", b"front.head", 1))
    (there / "compiled/prepared.bin").write_bytes((folder.root / "compiled/prepared.bin").read_bytes())
    with pytest.raises(NotKeptError, match=r"policy\.csv"):
        open_version(there, snapshot.digest)


def test_registers_are_kept_by_their_digest(tmp_path: Path) -> None:
    """The same registers once, others beside them."""
    kept = KeptGrounds(tmp_path)
    digests = [kept.keep_personnel(people) for people in (EVERYONE, Personnel(), EVERYONE)]
    assert digests[0] == digests[2] != digests[1]
    assert list(kept.personnel(digests[0]).entries()) == list(EVERYONE.entries())
    assert len([path for path in (tmp_path / "kept/personnel").iterdir() if path.suffix == ".gz"]) == 2


@pytest.mark.parametrize("damage", ["gone", "cut", "another", "no gzip"])
def test_registers_that_are_not_those_are_not_believed(tmp_path: Path, damage: str) -> None:
    """Removed, torn, exchanged or overwritten."""
    kept = KeptGrounds(tmp_path)
    digest = kept.keep_personnel(EVERYONE)
    path = tmp_path / "kept/personnel" / f"{digest.removeprefix('sha256:')}.gz"
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-12])
    elif damage == "another":
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"front.clerk", b"front.head", 1)))
    else:
        path.write_bytes(b"plain text")
    with pytest.raises(NotKeptError) as raised:
        kept.personnel(digest)
    assert path.name in raised.value.message
    assert "backup" in raised.value.hint


def test_items_are_known_by_what_they_were_ever_called(tmp_path: Path) -> None:
    """By id, by the name of any version and by class; a version that comes later is taken in, one that cannot be read is said."""
    kept = KeptGrounds(tmp_path / "data")
    items = KeptItems(kept)
    assert items.items_called("示范许可") == set()
    earlier = built(tmp_path / "earlier")
    kept.keep_policies(earlier, earlier.snapshot())
    assert (items.items_called("示范许可"), items.items_of("penalty")) == ({"permit"}, {"fine"})
    write_files(tmp_path / "later", policy_files(changed("示范许可", "示范处罚")))
    later = PolicyFolder(tmp_path / "later")
    later.write(compiled(later.sources()))
    kept.keep_policies(later, later.snapshot())
    assert items.items_called("示范许可") == {"permit"}
    assert items.items_called("示范处罚") == {"permit", "fine"}
    assert items.items_called("fine") == {"fine"}
    (tmp_path / "data/kept/policies/broken/compiled").mkdir(parents=True)
    (tmp_path / "data/kept/policies/broken/compiled/manifest.json").write_text("{")
    with pytest.raises(NotKeptError, match="broken"):
        items.items_of("penalty")
