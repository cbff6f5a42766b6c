"""`quanheng serve --model … --policy …` and reloading, as settings and as a process would use them."""

import asyncio
from pathlib import Path

import pytest

from sidecar.errors import PolicyError, SettingsError
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
