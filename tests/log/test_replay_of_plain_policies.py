"""Decisions of a plain Casbin policy, made again from what their entries hold."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from adapters.storage.kept import KeptGrounds, plain_digest
from adapters.storage.past import FoundGrounds, RecordedPast
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.sqlite import SqliteStore
from sidecar.decision.engine import read_engine
from sidecar.http_api.app import build_app
from sidecar.ports.records import Filter
from sidecar.replay.recorded import Cause
from sidecar.service.passing_keys import PassingKeys
from sidecar.service.personal import Personal
from sidecar.service.plain import PlainAuthorizer, plain_policy
from sidecar.service.remaking import Remaker
from sidecar.service.replaying import LogReplay, Replayed
from sidecar.settings import Settings
from tests.http_api.calling import AUTHORIZE, CALLERS, PARTY_TOKEN, FixedClock, Plain, to
from tests.samples import SNAPSHOT
from tests.unit.engine.test_examples import EXAMPLES

RBAC, DENYING = EXAMPLES["roles"], EXAMPLES["allow and deny"]


class Recorded(Plain):
    """A plain service whose record lies on the disk, with its policy kept."""

    def __init__(self, folder: Path, model: str, rows: str, **mapping: str) -> None:
        policy = plain_policy(read_engine(model, rows), mapping, plain_digest(model.encode(), rows.encode()), "rules.csv")
        super().__init__(policy)
        self.data, self.disk = folder / "data", SqliteStore(folder / "data")
        self.authorizer = PlainAuthorizer(policy, self.disk, FixedClock(), Personal(PARTY_TOKEN, PassingKeys()))
        self.app = _app_of(self.authorizer)
        KeptGrounds(self.data).keep_plain(model.encode(), rows.encode())

    def replay(self, other: Any = None) -> Sequence[Replayed]:
        past = RecordedPast(self.data)
        try:
            return list(LogReplay(past, Remaker(past, FoundGrounds([self.data])), other).run(Filter()))
        finally:
            past.close()

    def change(self, statement: str, *values: object) -> None:
        with sqlite3.connect(self.data / RECORD_FILE) as connection:
            assert connection.execute(statement, values).rowcount == 1
        connection.close()

    def close(self) -> None:
        asyncio.run(self.disk.close())


def _app_of(authorizer: PlainAuthorizer) -> Any:
    return build_app(authorizer, Settings.model_validate({"callers": CALLERS})).app


def test_every_decision_comes_out_the_same(tmp_path: Path) -> None:
    """Allows, refusals without a row and refusals by one; a retried request and the answer it is given."""
    for name, example in (("rbac", RBAC), ("denying", DENYING)):
        recorded = Recorded(tmp_path / name, example.model, example.rows)
        for n, request in enumerate(product(*example.words)):
            recorded.ask(*request, request_id=f"r{n}" if n % 2 else None)
        replayed = recorded.replay()
        assert len(replayed) == len(list(product(*example.words)))
        assert [(r.differences, r.cause, r.told) for r in replayed if not r.is_same] == []
        recorded.close()


def test_what_was_changed_is_told(tmp_path: Path) -> None:
    """The answer a retry would get, and another policy in the place of the one of the day."""
    recorded = Recorded(tmp_path, RBAC.model, RBAC.rows)
    answer = recorded.ask("wang", "seal", "read", request_id="r1").json()
    recorded.change("UPDATE requests SET answer = ?", json.dumps({**answer, "decision": True}).encode())
    assert [difference.where for difference in recorded.replay()[0].differences] == ["answer.decision"]
    rows = next(recorded.data.glob("kept/plain/*/policy.csv"))
    rows.write_text(rows.read_text() + "p, wang, seal, read\n")
    assert [r.cause for r in recorded.replay()] == [Cause.POLICY_NOT_KEPT]
    recorded.close()


def test_what_the_entry_does_not_hold_is_said(tmp_path: Path) -> None:
    """A field that is found in the properties of a resource; and no power list can be held against a plain policy."""
    domains = EXAMPLES["roles in domains"]
    recorded = Recorded(tmp_path, domains.model, domains.rows, dom="resource.properties.tenant")
    body = {"type": "file", "id": "a", "properties": {"tenant": "t1"}}
    recorded.send(_asking(body))
    (one,) = recorded.replay()
    assert (one.cause, "r.dom=resource.properties.tenant" in one.told) == (Cause.PLAIN_POLICY, True)
    assert [r.cause for r in recorded.replay(SNAPSHOT)] == [Cause.PLAIN_POLICY]
    recorded.close()


def _asking(resource: dict[str, Any]) -> Any:
    return to(AUTHORIZE, {"subject": {"type": "user", "id": "wang"}, "resource": resource, "action": {"name": "read"}})


def test_what_was_masked_is_not_taken_for_what_was_decided_on(tmp_path: Path) -> None:
    """A policy whose rows name persons by their numbers decides on them; the record holds tokens."""
    recorded = Recorded(tmp_path, RBAC.model, "p, 11010519491231002X, data1, read\n")
    assert recorded.ask("11010519491231002X", "data1", "read").json()["decision"] is True
    (replayed,) = recorded.replay()
    assert (replayed.cause, "was masked" in replayed.told) == (Cause.PLAIN_POLICY, True)
    assert b"11010519491231002X" not in recorded.disk.reader.query(Filter(), limit=1)[0].body
    recorded.close()
