"""`quanheng serve --model … --policy …` and reloading, as settings and as a process would use them."""

import asyncio
import sqlite3
from pathlib import Path

import msgspec
import pytest

from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_reader import SqliteReader
from sidecar.errors import PolicyError, SettingsError
from sidecar.ports.records import Filter
from sidecar.settings import read_settings
from sidecar.wiring import Service, build_service
from tests.unit.engine.test_examples import EXAMPLES

RBAC = EXAMPLES["roles"]


def service_in(folder: Path, policy: str = RBAC.rows) -> Service:
    (folder / "model.conf").write_text(RBAC.model)
    (folder / "policy.csv").write_text(policy)
    overrides = {"model": folder / "model.conf", "policy": folder / "policy.csv", "data": folder / "data", "insecure": True}
    return build_service(read_settings({}, overrides))


def test_a_reload_swaps_in_what_lies_on_the_disk(tmp_path: Path) -> None:
    """The new policy decides, and the digest says which one serves."""
    service = service_in(tmp_path)
    before = service.authorizer.digest
    (tmp_path / "policy.csv").write_text(RBAC.rows + "\np, li, seal, read\n")
    asyncio.run(service.reload())
    assert service.authorizer.digest != before
    assert (service.authorizer.size, service.authorizer.not_reloaded) == ({"rows": 4}, "")
    asyncio.run(service.authorizer.store.close())


def test_a_failed_reload_changes_nothing_and_says_why(tmp_path: Path) -> None:
    """A misspelt row is named; what served before serves on; the next good version clears the fault."""
    service = service_in(tmp_path)
    before = service.authorizer.digest
    (tmp_path / "policy.csv").write_text(RBAC.rows + "\nq, li, seal, read\n")
    asyncio.run(service.reload())
    assert service.authorizer.digest == before
    assert "policy.csv:6:1: unknown row type 'q'" in service.authorizer.not_reloaded
    (tmp_path / "policy.csv").unlink()
    asyncio.run(service.reload())
    assert "No such file" in service.authorizer.not_reloaded
    (tmp_path / "policy.csv").write_text(RBAC.rows)
    asyncio.run(service.reload())
    assert service.authorizer.not_reloaded == ""
    asyncio.run(service.authorizer.store.close())


def test_a_policy_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    """Before anything listens."""
    with pytest.raises(PolicyError, match=r"policy\.csv:6:1"):
        service_in(tmp_path, RBAC.rows + "\nq, li, seal, read\n")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"model": "m.conf"}, "belong together"),
        ({"policy": "p.csv"}, "belong together"),
        ({"map": {"sub": "subject.id"}}, "plain Casbin policy"),
        ({"default_allow": True}, "plain Casbin policy"),
    ],
)
def test_settings_that_contradict_each_other(settings: dict[str, object], told: str) -> None:
    """A model without its rows, a mapping without a model."""
    with pytest.raises(SettingsError, match=told):
        read_settings({}, {"insecure": True, **settings})


def test_a_reload_is_told_in_the_log_before_it_is_in_force(tmp_path: Path) -> None:
    """Digests before and after, the service as actor; and the start tells what it began with."""
    service = service_in(tmp_path)
    before = service.authorizer.digest

    async def live() -> None:
        await service.life.begin()
        (tmp_path / "policy.csv").write_text(RBAC.rows + "\np, li, seal, read\n")
        await service.reload()
        await service.life.end()

    asyncio.run(live())
    reader = SqliteReader(tmp_path / "data" / RECORD_FILE)
    entries = [msgspec.json.decode(stored.body) for stored in reader.since(Filter(), after=0, limit=100)]
    reader.close()
    assert [entry["kind"] for entry in entries] == ["log", "key", "start", "policy", "stop"]
    assert entries[2]["policy_digest"] == before
    assert (entries[3]["before"], entries[3]["after"]) == (before, service.authorizer.digest)
    assert entries[4]["policy_digest"] == service.authorizer.digest


@pytest.mark.slow
def test_what_cannot_be_told_is_not_put_in_force(tmp_path: Path) -> None:
    """A reload while nothing can be recorded: the earlier version still serves, and says so."""
    service = service_in(tmp_path)
    before = service.authorizer.digest

    async def live() -> None:
        await service.life.begin()
        blocker = sqlite3.connect(tmp_path / "data" / RECORD_FILE, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        (tmp_path / "policy.csv").write_text(RBAC.rows + "\np, li, seal, read\n")
        await service.reload()
        assert service.authorizer.digest == before
        assert "cannot be written" in service.authorizer.not_reloaded
        blocker.execute("ROLLBACK")
        blocker.close()
        await service.reload()
        assert service.authorizer.digest != before
        await service.life.end()

    asyncio.run(live())
