"""`quanheng case`: keys made once, cases held against the logs, and rebuilt from them, as an operator does it."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.storage.redis.ground import Fingerprints, fingerprint
from adapters.storage.redis.keys import case_keys
from sidecar.cli.commands import app
from sidecar.errors import SettingsError
from sidecar.settings import read_case_settings, read_settings
from tests.conformance.samples import act_on
from tests.conformance.shared import open_shared
from tests.redis_server import RedisServer


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("server")).start()
    yield server
    server.kill()


@pytest.fixture
def server(one_server: RedisServer) -> RedisServer:
    with one_server.client as client:
        client.flushall()
    return one_server


class Fleet:
    """Keys, a settings file and two logs with a case that passed through both."""

    def __init__(self, folder: Path, server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.server = folder, server
        assert self.run("keys", str(folder / "keys")).exit_code == 0
        keys = [folder / "keys" / name for name in ("party.key", "state.key")]
        monkeypatch.setattr("tests.conformance.shared.KEYS", Fingerprints(*[fingerprint(key.read_bytes()) for key in keys]))
        self.settings = folder / "settings.toml"
        self.settings.write_text(f'cases = "{server.url}"\nparty_key = "{keys[0]}"\nstate_key = "{keys[1]}"\n')
        for name, version in (("a", 0), ("b", 1), ("a", 2)):
            asyncio.run(self._act(name, version))

    async def _act(self, name: str, version: int) -> None:
        store = open_shared(self.folder / name, self.server.url)
        await store.read_case("c1")
        await store.commit(act_on("c1", version, f"d{version}", "accept"))
        await store.close()

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["case", *arguments])

    def with_logs(self, *arguments: str, names: str = "ab") -> Result:
        logs = [word for name in names for word in ("--from-logs", str(self.folder / name))]
        return self.run(*arguments, *logs, "--config", str(self.settings))


@pytest.fixture
def fleet(tmp_path: Path, server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    return Fleet(tmp_path, server, monkeypatch)


def test_keys_are_made_once(tmp_path: Path) -> None:
    """Two keys for the owner alone, told as lines for the settings; a key that is there is never replaced."""
    made = CliRunner().invoke(app, ["case", "keys", str(tmp_path / "keys")])
    assert made.exit_code == 0
    keys = sorted((tmp_path / "keys").iterdir())
    assert [(key.name, key.stat().st_size, key.stat().st_mode & 0o077) for key in keys] == [
        ("party.key", 32, 0),
        ("state.key", 32, 0),
    ]
    assert [line.split(" = ")[0] for line in made.output.splitlines()] == ["party_key", "state_key"]
    kept = [key.read_bytes() for key in keys]
    again = CliRunner().invoke(app, ["case", "keys", str(tmp_path / "keys")])
    assert isinstance(again.exception, SettingsError)
    assert [key.read_bytes() for key in keys] == kept


def test_a_case_is_shown_beside_its_logs(fleet: Fleet) -> None:
    """The same on both sides is status 0; with the store behind, or a log missing, 1 and said."""
    same = fleet.with_logs("show", "c1", "--lang", "en")
    assert (same.exit_code, "store and logs agree" in same.output) == (0, True)
    assert [line.split()[0] for line in same.output.splitlines()[1:4]] == ["1", "2", "3"]
    gap = fleet.with_logs("show", "c1", names="a")
    assert (gap.exit_code, "gap: version 2 is in none of the logs" in gap.output) == (1, True)
    with fleet.server.client as client:
        client.delete(case_keys("c1").state, case_keys("c1").events)
    behind = fleet.with_logs("show", "c1", "--json")
    told = json.loads(behind.output)
    assert (behind.exit_code, told["verdict"], told["version"], told["problem"]) == (1, "behind", 0, None)


def test_without_logs_only_the_store_is_shown(fleet: Fleet) -> None:
    """Status 0: there is nothing to differ from."""
    shown = fleet.run("show", "c1", "--config", str(fleet.settings), "--json")
    told = json.loads(shown.output)
    assert (shown.exit_code, told["version"], told["verdict"]) == (0, 3, "")
    assert [act["decision_id"] for act in told["acts"]] == ["d0", "d1", "d2"]


def test_everything_is_rebuilt_from_all_logs_only(fleet: Fleet) -> None:
    """A log that is missing is named, and left out only when that is said."""
    with fleet.server.client as client:
        client.flushall()
    missing = fleet.with_logs("repair", "--all", names="a")
    assert isinstance(missing.exception, SettingsError)
    assert "missing" in missing.exception.message
    name = missing.exception.message.split()[3]
    without = fleet.with_logs("repair", "--all", "--without", name, names="a")
    assert (without.exit_code, "c1: gap" in without.output) == (1, True)
    rebuilt = fleet.with_logs("repair", "--all", "--lang", "en")
    assert (rebuilt.exit_code, rebuilt.output.strip()) == (0, "rebuilt from the logs")
    assert fleet.with_logs("show", "c1").exit_code == 0
    asyncio.run(fleet._act("b", 3))


def test_one_case_is_rebuilt(fleet: Fleet) -> None:
    """The rest of the store is left alone."""
    with fleet.server.client as client:
        client.delete(case_keys("c1").events)
    repaired = fleet.with_logs("repair", "c1", "--json")
    assert (repaired.exit_code, json.loads(repaired.output)) == (0, [])
    assert fleet.with_logs("show", "c1").exit_code == 0


@pytest.mark.parametrize("arguments", [["repair"], ["repair", "c1", "--all"]])
def test_what_to_rebuild_must_be_said(fleet: Fleet, arguments: list[str]) -> None:
    """One case or all of them, and from which logs."""
    assert isinstance(fleet.with_logs(*arguments).exception, SettingsError)
    assert isinstance(fleet.run("repair", "c1", "--config", str(fleet.settings)).exception, SettingsError)


def test_a_store_must_be_named(tmp_path: Path) -> None:
    """By a settings file or the environment, with the keys its sidecars have."""
    with pytest.raises(SettingsError, match="no case store is named"):
        read_case_settings({}, None)
    with pytest.raises(SettingsError, match="party_key"):
        read_case_settings({"QUANHENG_CASES": "redis://127.0.0.1"}, None)
    keys = {"QUANHENG_PARTY_KEY": str(tmp_path / "p"), "QUANHENG_STATE_KEY": str(tmp_path / "s")}
    found = read_case_settings({"QUANHENG_CASES": "redis://:geheim@127.0.0.1/3", "QUANHENG_PORT": "1", **keys}, None)
    assert found.cases is not None
    assert found.cases.get_secret_value().endswith("/3")
    assert "geheim" not in repr(found)


BAD: dict[str, tuple[dict[str, object], str]] = {
    "no keys": ({"cases": "redis://h", "party_key": None}, "party_key and state_key"),
    "another scheme": ({"cases": "http://h"}, "redis://, rediss:// or unix://"),
    "a plain policy": ({"model": "m.conf", "policy": "p.csv"}, "a plain Casbin policy has no cases"),
    "nothing shared": ({"cases": None}, "set cases"),
    "half a certificate": ({"cases_certificate": "c.pem"}, "belong together"),
    "patience beyond the deadline": ({"cases_patience": 2.0}, "shorter than cases_deadline"),
}


@pytest.mark.parametrize(("changes", "told"), BAD.values(), ids=BAD)
def test_settings_that_do_not_fit_together_are_refused(changes: dict[str, object], told: str) -> None:
    """Said with what belongs together, and without the address, which may hold a password."""
    usual = {"insecure": True, "cases": "redis://:geheim@h", "cases_deadline": 1.0, "party_key": "p", "state_key": "s"}
    given = {name: value for name, value in {**usual, **changes}.items() if value is not None}
    with pytest.raises(SettingsError) as refused:
        read_settings({}, given)
    assert told in refused.value.message
    assert "geheim" not in refused.value.message
