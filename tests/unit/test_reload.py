"""A reload: nothing is read that has not changed, and what has changed is proven elsewhere."""

import asyncio
import os
import shutil
import time
from datetime import date
from pathlib import Path

import pytest

from adapters.storage.kept import KeptGrounds, open_version
from adapters.storage.policy_folder import SETTLED_NS, FolderState, PolicyFolder
from adapters.storage.proving import proven_elsewhere
from sidecar.errors import PolicyError
from sidecar.ports.records import Filter
from sidecar.settings import Settings
from sidecar.wiring import PowerListService, build_service
from tests.e2e.processes import EXAMPLE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    return tmp_path / "policies"


def state(folder: Path, later: int = 0) -> FolderState:
    found = PolicyFolder(folder).state()
    return found._replace(at=found.at + later)


def test_a_folder_nobody_touched_is_as_it_was(folder: Path) -> None:
    """By the times and numbers of every file, once the last change lies some time back."""
    assert state(folder).is_still(state(folder, later=2 * SETTLED_NS))
    assert not state(folder).is_still(None)


def test_what_was_just_written_may_be_written_again(folder: Path) -> None:
    """Two changes within one tick of the clock leave the same times; so what is so new is read again."""
    (folder / "model.conf").touch()
    assert not state(folder).is_still(state(folder))


@pytest.mark.parametrize("change", ["written", "replaced", "removed", "added", "time set back"])
def test_every_change_is_seen(folder: Path, change: str) -> None:
    """Also one that leaves size and time of modification as they were."""
    before = state(folder, later=2 * SETTLED_NS)
    target = folder / "compiled" / "policy.csv"
    times = target.stat()
    time.sleep(0.01)
    if change == "added":
        (folder / "another.yaml").write_text("x", "utf-8")
    elif change == "removed":
        target.unlink()
    elif change == "replaced":
        shutil.copy2(target, folder / "copy")
        (folder / "copy").replace(target)
    else:
        target.write_bytes(target.read_bytes() if change == "time set back" else b"x")
        os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not state(folder).is_still(before)


def test_policies_proven_elsewhere_are_those_of_the_folder(folder: Path) -> None:
    """The same digest, items and rows; also where no prepared form lies beside them."""
    here = PolicyFolder(folder).snapshot()
    (folder / "compiled" / "prepared.bin").unlink(missing_ok=True)
    there, unconfirmed = proven_elsewhere(folder)
    assert (there.digest, unconfirmed) == (here.digest, PolicyFolder(folder).unconfirmed_posts())
    assert list(there.items) == list(here.items)
    assert list(there.engine.section().rows) == list(here.engine.section().rows)


def test_what_cannot_be_used_is_said_as_at_a_start(folder: Path, tmp_path: Path) -> None:
    """The same words and the same advice, whoever reads."""
    (folder / "compiled" / "policy.csv").write_bytes(b"")
    with pytest.raises(PolicyError) as here:
        PolicyFolder(folder).snapshot()
    with pytest.raises(PolicyError) as there:
        proven_elsewhere(folder)
    assert (there.value.message, there.value.hint) == (here.value.message, here.value.hint)
    with pytest.raises(PolicyError, match="is not a folder"):
        proven_elsewhere(tmp_path / "nowhere")


def test_a_reader_that_dies_is_a_failed_reload(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier version goes on serving."""
    monkeypatch.setattr("adapters.storage.proving.sys.executable", "/bin/false")
    with pytest.raises(PolicyError, match="without a word"):
        proven_elsewhere(folder)


def test_forgetting_leaves_a_version_whole(folder: Path) -> None:
    """Requests that still stand on it decide as before."""
    policy = PolicyFolder(folder).snapshot()
    names = list(policy.items)
    before = {name: policy.items[name] for name in names}
    while policy.forget(1):
        pass
    assert {name: policy.items[name] for name in names} == before


@pytest.mark.slow
def test_a_reload_of_nothing_new_changes_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same object serves on; with a file written since, another one with the same digest does."""
    monkeypatch.setattr("adapters.storage.policy_folder.SETTLED_NS", 0)
    settings = Settings(policies=folder, personnel=EXAMPLE / "personnel", data=tmp_path / "data", insecure=True)
    service = build_service(settings)
    assert isinstance(service, PowerListService)
    served = service.authorizer.standing

    async def twice() -> None:
        await service.reload()
        assert service.authorizer.standing is served
        (folder / "compiled" / "policy.csv").touch()
        await service.reload()
        await service.authorizer.store.close()

    asyncio.run(twice())
    assert service.authorizer.standing is not served
    assert service.authorizer.digest == served.policy.digest
    assert service.authorizer.not_reloaded == ""


@pytest.mark.slow
def test_what_serves_is_kept_before_it_serves(folder: Path, tmp_path: Path) -> None:
    """Policies and registers of the start, and of each reload; what cannot be kept does not come into force."""
    people = tmp_path / "personnel"
    shutil.copytree(EXAMPLE / "personnel", people)
    settings = Settings(policies=folder, personnel=people, data=tmp_path / "data", insecure=True)
    service = build_service(settings)
    assert isinstance(service, PowerListService)
    kept, first = KeptGrounds(settings.data), service.in_force()
    assert open_version(kept.policies()[first.policy], first.policy).digest == first.policy
    assert kept.personnel(first.personnel).holders("approval.window_clerk", date(2026, 1, 5)) == ("o-1001",)

    async def reloads() -> None:
        await service.life.begin()
        with (people / "appointments.csv").open("a") as table:
            table.write("o-1002,approval.window_clerk,2024-01-01,\n")
        await service.reload()
        second = service.in_force()
        assert (second.policy, second.personnel != first.personnel) == (first.policy, True)
        assert kept.personnel(second.personnel).holders("approval.window_clerk", date(2026, 1, 5)) == ("o-1001", "o-1002")
        told = service.authorizer.store.reader.query(Filter(kind="personnel"), limit=1)
        assert second.personnel.encode() in told[0].body
        shutil.rmtree(settings.data / "kept" / "personnel")
        (settings.data / "kept" / "personnel").write_text("a file where a folder is needed")
        (people / "credentials.csv").unlink()
        await service.reload()
        assert "kept" in service.authorizer.not_reloaded
        assert service.in_force() == second
        await service.life.end()

    asyncio.run(reloads())
