"""The story of one decision over HTTP: the one that the command tells of the same files, for readers who may see it."""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from typer.testing import CliRunner

from adapters.storage.kept import KeptGrounds
from adapters.storage.log_making import create_log
from adapters.storage.past import ServedLibrary, Serving
from adapters.storage.record_file import RECORD_FILE
from sidecar.cli.commands import app
from sidecar.errors import NotKeptError, OverloadedError
from sidecar.ports.records import Stored
from sidecar.service.explaining import MAX_WAITING, Explainer
from sidecar.settings import Settings
from sidecar.wiring import Service, SystemClock, build_service, places_of
from tests.http_api import described
from tests.http_api.calling import Body, bearer, token_of
from tests.log.test_kept import built
from tests.samples import EVERYONE, SNAPSHOT

READERS: dict[str, Body] = {"of-binhe": {"reads": ["binhe"]}, "of-another": {"reads": ["bureau"]}, "of-all": {}}
QUESTION: Body = {
    "subject": {"type": "officer", "id": "o-1001"},
    "action": {"name": "accept"},
    "resource": {"type": "case", "id": "BH-1", "properties": {"item": "cn-xk-food-business-licence"}},
}


class Told(NamedTuple):
    """Answers by caller and decision; the folder they were told from, as it was left."""

    data: Path
    ids: dict[str, str]
    answers: dict[tuple[str, str], httpx.Response]
    readings: list[Body]


def settings_in(folder: Path) -> Settings:
    callers = {
        name: {"token_sha256": hashlib.sha256(token_of(name).encode()).hexdigest(), "may": may, **more}
        for name, may, more in [("portal", ["ask"], {}), *((name, ["read"], more) for name, more in READERS.items())]
    }
    return described.settings(folder, callers=callers)


def serving(made: Settings, ask: Callable[[httpx.AsyncClient], Coroutine[Any, Any, None]]) -> None:
    async def whole(service: Service) -> None:
        await service.life.begin()
        try:
            transport = httpx.ASGITransport(service.served.app)
            async with httpx.AsyncClient(transport=transport, base_url=described.HOST) as client:
                await ask(client)
        finally:
            await service.life.end()

    asyncio.run(whole(build_service(made)))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("told")
    made = settings_in(folder)
    create_log(places_of(made), "record.example/binhe", SystemClock(made.zone))
    ids: dict[str, str] = {"missing": "01J0000000000000000000000A"}
    answers: dict[tuple[str, str], httpx.Response] = {}
    readings: list[Body] = []

    async def ask(client: httpx.AsyncClient) -> None:
        for name in ("allowed", "refused"):  # the second time the step is done already
            answer = await client.post("/authorize", json=QUESTION, headers=bearer("portal"))
            ids[name] = answer.json()["context"]["decision_id"]
        for caller in READERS:
            for name, decision_id in ids.items():
                answers[caller, name] = await client.get(f"/v1/decisions/{decision_id}/explanation", headers=bearer(caller))
        page = await client.get("/v1/decisions", params={"kind": "log_read"}, headers=bearer("of-all"))
        readings.extend(page.json()["entries"][::-1])

    serving(made, ask)
    return Told(made.data, ids, answers, readings)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["allowed", "refused"])
def test_the_story_is_the_one_that_the_command_tells(told: Told, name: str) -> None:
    """Part by part; only the proof may stand under another checkpoint, and nothing is told of folders."""
    answer = told.answers["of-all", name]
    assert answer.status_code == 200
    over_http = answer.json()
    printed = CliRunner().invoke(app, ["log", "explain", told.ids[name], "--data", str(told.data), "--json"])
    at_the_terminal = json.loads(printed.stdout)
    assert over_http["replay"]["result"] == "same"
    assert over_http["proof"].pop("fault") == at_the_terminal["proof"].pop("fault") == ""
    assert {**over_http["proof"], "size": 0, "root": ""} == {**at_the_terminal["proof"], "size": 0, "root": ""}
    assert over_http["proof"]["signed_by"]
    del over_http["proof"], at_the_terminal["proof"], at_the_terminal["policy"]["folder"]
    assert over_http == at_the_terminal
    assert str(told.data.parent) not in answer.text


@pytest.mark.slow
def test_a_decision_of_another_unit_is_not_explained(told: Told) -> None:
    """As if it were not there; each attempt stands in the log."""
    for caller, expected in (("of-binhe", 200), ("of-another", 404), ("of-all", 200)):
        assert [told.answers[caller, name].status_code for name in told.ids] == [404, expected, expected], caller
    texts = {told.answers["of-another", name].text.replace(told.ids[name], "…") for name in told.ids}
    assert texts == {"not_found: no decision …"}
    kept = [(e["caller"], e["query"]["what"], e["shown"], e["query"].get("refused", "")) for e in told.readings]
    outside = "outside what it may read"
    assert kept == [
        *(("of-binhe", "explanation", shown, "") for shown in (0, 1, 1)),
        *(("of-another", "explanation", 0, refused) for refused in ("", outside, outside)),
        *(("of-all", "explanation", shown, "") for shown in (0, 1, 1)),
    ]


@pytest.mark.slow
def test_an_entry_that_was_altered_is_not_explained(tmp_path: Path) -> None:
    """409, and which one. The log is not served again with it, so it is altered while it is."""
    made = settings_in(tmp_path)
    create_log(places_of(made), "record.example/binhe", SystemClock(made.zone))

    async def ask(client: httpx.AsyncClient) -> None:
        answer = await client.post("/authorize", json=QUESTION, headers=bearer("portal"))
        decision_id = answer.json()["context"]["decision_id"]
        with sqlite3.connect(made.data / RECORD_FILE) as record:
            triggers = record.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entries'").fetchall()
            for (name,) in triggers:
                record.execute(f"DROP TRIGGER {name}")
            record.execute(
                "UPDATE entries SET body = replace(CAST(body AS TEXT), 'o-1001', 'o-1002') WHERE id = ?", (decision_id,)
            )
        record.close()
        response = await client.get(f"/v1/decisions/{decision_id}/explanation", headers=bearer("of-all"))
        assert (response.status_code, response.text.split(":")[0]) == (409, "not_explained")
        assert "is not the one that was recorded" in response.text

    serving(made, ask)


def test_too_many_explanations_are_pushed_back() -> None:
    """One is told at a time, some wait, and the next is asked to come again; after that it is taken."""
    explainer = Explainer(None, None, None)  # type: ignore[arg-type]  # none of them is reached

    async def ask() -> None:
        stored = Stored(1, b"", b"")
        await explainer._turn.acquire()
        waiting = [asyncio.create_task(explainer.told(stored)) for _ in range(MAX_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError):
            await explainer.told(stored)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert explainer._waiting == 0
        explainer._turn.release()

    asyncio.run(ask())


def test_what_serves_is_at_hand_and_what_served_is_read(tmp_path: Path) -> None:
    """A version that is kept later is found, too; one that is not kept is not."""
    data, policies = tmp_path / "data", built(tmp_path / "policies")
    library = ServedLibrary(data, lambda: Serving(SNAPSHOT, EVERYONE, "sha256:people"))
    assert library.policy(SNAPSHOT.digest) is SNAPSHOT
    assert library.personnel("sha256:people") is EVERYONE
    earlier = ServedLibrary(data, lambda: Serving(SNAPSHOT, EVERYONE, ""))
    with pytest.raises(NotKeptError):
        earlier.personnel("sha256:people")
    alone, kept = ServedLibrary(data), policies.snapshot()
    with pytest.raises(NotKeptError):
        alone.policy(kept.digest)
    assert alone.rules(kept.digest) == {}
    KeptGrounds(data).keep_policies(policies, kept)
    assert alone.policy(kept.digest).digest == kept.digest
    assert alone.items_of("licensing") == {"permit"}
    assert [alone.items_called(name) for name in ("示范许可", "permit", "许可")] == [{"permit"}, {"permit"}, set()]
    assert "AL-SEP" in alone.rules(kept.digest)
