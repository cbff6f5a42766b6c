"""Proofs, tiles, receipts and readiness over HTTP."""

import asyncio
import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.storage.log_opening import OpenLog
from sidecar.decision_log.checkpoint import open_checkpoint
from sidecar.decision_log.hashing import tree_hash
from sidecar.decision_log.merkle import verify_consistency, verify_inclusion
from sidecar.decision_log.notes import signed_by
from sidecar.decision_log.proof import read_evidence
from sidecar.decision_log.receipt import read_receipt
from sidecar.decision_log.tiles import entries_in, hashes_in
from sidecar.http_api.app import build_app
from sidecar.http_api.metrics import Metrics
from sidecar.ports.records import Filter
from sidecar.service.authorize import Authorizer
from sidecar.service.log_keeper import Keeping, LogKeeper
from sidecar.service.state_token import StateTokens
from sidecar.settings import Settings
from tests.http_api.calling import ACCEPT, CALLERS, PARTY_TOKEN, Body, Sidecar, to
from tests.log.logs import TestClock, fill, made, opened
from tests.samples import EVERYONE, SNAPSHOT

SHA = tree_hash("sha256")


class Logged(Sidecar):
    """The service with a kept log on the disk. Each call to `tick` is an interval."""

    def __init__(self, log: OpenLog, clock: TestClock) -> None:
        self.log = log
        self.store = log.store
        self.clock = clock  # type: ignore[assignment]
        self.authorizer = Authorizer(SNAPSHOT, EVERYONE, self.store, clock, PARTY_TOKEN, tokens=StateTokens(b"s" * 32))
        metrics = Metrics(self.store.counters)
        self.keeper = LogKeeper(
            store=log.store,
            tree=log.tree,
            head=log.head,
            identity=log.identity,
            hash=log.store.hash,
            signers=log.signers,
            clock=clock,
            keeping=Keeping(anchor_max_age=600),
            unrecorded=metrics.unrecorded,
        )
        settings = Settings.model_validate({"callers": CALLERS})
        self.app = build_app(self.authorizer, settings, self.keeper, metrics).app

    def tick(self) -> None:
        asyncio.run(self.keeper.tick())

    def json(self, path: str, query: Body | None = None) -> Any:
        response = self.get(path, query)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Logged]:
    clock = TestClock()
    log = opened(made(tmp_path), clock)
    service = Logged(log, clock)
    yield service
    asyncio.run(service.keeper.end("", ""))
    asyncio.run(log.store.close())


def test_the_newest_checkpoint(logged: Logged) -> None:
    """As text, to any caller that is known; it verifies under the log's key."""
    logged.tick()
    response = logged.get("/v1/log/checkpoint", caller="idle")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    checkpoint, _, _ = open_checkpoint(response.content, logged.log.identity.origin, [logged.log.identity.key])
    assert checkpoint.size == 2
    assert logged.get("/v1/log/checkpoint", caller="").status_code == 401


def test_proofs_verify(logged: Logged) -> None:
    """Inclusion of every entry, consistency from every size; sizes that cannot be are errors."""
    asyncio.run(fill(logged.store, 20))
    logged.tick()
    size = 22
    roots = {
        n: bytes.fromhex(logged.json("/v1/log/proof/inclusion", {"index": 0, "size": n})["root"]) for n in range(1, size + 1)
    }
    for n, stored in enumerate(logged.store.reader.since(Filter(), after=0, limit=100)):
        proof = logged.json("/v1/log/proof/inclusion", {"index": n})
        assert (proof["size"], proof["hash"]) == (size, "sha256")
        verify_inclusion(SHA, stored.leaf, n, size, roots[size], [bytes.fromhex(text) for text in proof["hashes"]])
    for old in range(1, size + 1):
        proof = logged.json("/v1/log/proof/consistency", {"from": old})
        verify_consistency(SHA, old, size, roots[old], roots[size], [bytes.fromhex(text) for text in proof["hashes"]])
    for path, status in (
        ("inclusion?index=22", 404),
        ("inclusion?index=0&size=23", 400),
        ("inclusion?index=0&size=0", 400),
        ("inclusion", 400),
        ("inclusion?index=-1", 400),
        ("consistency?from=23", 400),
        ("consistency?from=5&to=4", 400),
        ("consistency?from=0", 200),
        ("consistency?from=1&nonsense=1", 400),
    ):
        assert logged.get(f"/v1/log/proof/{path}").status_code == status, path


def test_unsigned_entries_have_no_proof_yet(logged: Logged) -> None:
    """Proofs are for what was signed."""
    logged.tick()
    asyncio.run(fill(logged.store, 3))
    assert logged.get("/v1/log/proof/inclusion", {"index": 3}).status_code == 404
    assert logged.get("/v1/log/proof/consistency", {"from": 2, "to": 5}).status_code == 400


def test_tiles_and_bundles(logged: Logged) -> None:
    """Full and partial ones of the newest checkpoint, whose entries hash to their leaves; others are not there."""
    asyncio.run(fill(logged.store, 300))
    logged.tick()
    full = logged.get("/v1/log/tile/0/000")
    partial = logged.get("/v1/log/tile/0/001.p/46")
    assert (len(full.content), len(partial.content)) == (256 * 32, 46 * 32)
    assert logged.get("/v1/log/tile/1/000.p/1").content == _root(hashes_in(full.content))
    bundle = logged.get("/v1/log/tile/entries/000")
    assert [SHA.leaf(entry) for entry in entries_in(bundle.content)] == hashes_in(full.content)
    assert "immutable" in full.headers["cache-control"]
    for path in (
        "0/001",
        "0/001.p/47",
        "0/002",
        "1/000",
        "2/000",
        "0/1",
        "0/000.p/256",
        "x",
        "entries/001.p/99",
        "0/..%2f..%2fx",
    ):
        assert logged.get(f"/v1/log/tile/{path}").status_code == 404, path


def test_entries_are_for_readers_and_reading_them_is_told(logged: Logged) -> None:
    """A caller that only asks gets hashes, not entries; that it wanted them is told, too."""
    asyncio.run(fill(logged.store, 3))
    logged.tick()
    assert logged.get("/v1/log/tile/entries/000.p/5", caller="portal").status_code == 403
    assert logged.get("/v1/log/tile/0/000.p/5", caller="portal").status_code == 200
    assert logged.get("/v1/log/tile/entries/000.p/5").status_code == 200
    told = [(entry["query"]["what"], entry["query"].get("refused", "")) for entry in logged.entries(kind="log_read")]
    assert told == [("/v1/log/tile/entries/{path:path}", "may not read"), ("entries", "")]


def test_evidence_of_a_decision(logged: Logged) -> None:
    """One file, verified without the log."""
    decision_id = logged.allowed(ACCEPT)[0]["decision_id"]
    logged.get("/v1/decisions")  # a reading is an entry, too
    logged.tick()
    logged.keeper._signed_more.set()
    asyncio.run(logged.keeper.checkpoint())
    response = logged.get(f"/v1/decisions/{decision_id}/proof")
    evidence = read_evidence(response.content)
    evidence.verify(SHA)
    assert decision_id.encode() in evidence.entry
    assert signed_by(evidence.note, [logged.log.identity.key])
    assert logged.get("/v1/decisions/unknown/proof").status_code == 404
    assert logged.get(f"/v1/decisions/{decision_id}/proof", caller="portal").status_code == 403


def asking_for(receipt: object) -> Body:
    return {**ACCEPT, "context": {**ACCEPT["context"], "options": {"receipt": receipt}}}


def test_a_signed_receipt(logged: Logged) -> None:
    """With the answer, for allow and deny; a retry gets it, too."""
    for n, expected in enumerate((True, False)):
        response = logged.post(asking_for("signed"), request_id=f"r{n}")
        answer = response.json()
        assert answer["decision"] is expected
        receipt = answer["context"]["receipt"]
        told, note = read_receipt(receipt["note"].encode())
        stored = logged.store.reader.find(answer["context"]["decision_id"])
        assert stored is not None
        assert (told.index, told.leaf, told.origin) == (stored.seq - 1, SHA.leaf(stored.body), receipt["origin"])
        assert base64.b64decode(receipt["leaf"]) == stored.leaf
        assert signed_by(note, [logged.log.identity.key])
        assert logged.post(asking_for("signed"), request_id=f"r{n}").json() == answer


def test_a_receipt_with_proof_waits_for_its_checkpoint(logged: Logged) -> None:
    """Enough, with the log's key, to prove later that this decision was recorded."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(logged.app)
        async with httpx.AsyncClient(transport=transport) as client:
            waiting = asyncio.create_task(client.send(to("/authorize", asking_for("proof"))))
            for _ in range(200):
                await asyncio.sleep(0.01)
                if waiting.done():
                    break
                await logged.keeper.tick()
            return await waiting

    receipt = asyncio.run(ask()).json()["context"]["receipt"]
    proof = read_evidence(receipt["proof"].encode())
    assert proof.entry == b""
    proof.verify(SHA, base64.b64decode(receipt["leaf"]))
    open_checkpoint(str(proof.note).encode(), receipt["origin"], [logged.log.identity.key])


@pytest.mark.parametrize("options", [{"receipt": "maybe"}, {"receipt": 1}, [], "signed"])
def test_another_option_is_an_error(logged: Logged, options: object) -> None:
    """It is never passed over."""
    body = {**ACCEPT, "context": {**ACCEPT["context"], "options": options}}
    assert logged.post(body).status_code == 400
    assert logged.entries(kind="decision") == []


def test_without_a_kept_log_a_receipt_is_said_to_be_unavailable() -> None:
    """The decision stands."""
    answer = Sidecar().answer(asking_for("signed"))
    assert answer["decision"] is True
    assert "unavailable" in answer["context"]["receipt"]


def test_readiness_and_metrics_tell_of_the_log(logged: Logged) -> None:
    """What is signed, what is lost, how old the anchor is."""
    logged.tick()
    asyncio.run(fill(logged.store, 4))
    told = logged.get("/readyz").json()
    assert told["log"] == {"origin": "record.example/binhe", "signed": 2, "unsigned": 4, "lost": 0, "anchor_age": 0.0}
    logged.clock.move(seconds=601)
    response = logged.get("/readyz")
    assert (response.status_code, response.json()["ready"]) == (503, False)
    assert "quanheng_log_lost_total 0.0" in logged.get("/metrics").text


def test_too_many_waiting_are_pushed_back(logged: Logged, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After, no decision, and nothing is dropped of what was taken."""
    monkeypatch.setattr("adapters.storage.sqlite.MAX_WAITING", 3)
    bodies = [{**ACCEPT, "resource": {**ACCEPT["resource"], "id": f"C-{n}"}} for n in range(10)]
    responses = logged.together(*[to("/authorize", body) for body in bodies])
    refused = [response for response in responses if response.status_code == 503]
    assert refused
    assert all(response.headers["retry-after"] == "1" for response in refused)
    assert all(response.text.startswith("overloaded") for response in refused)
    allowed = [response.json()["context"]["decision_id"] for response in responses if response.status_code == 200]
    assert len(allowed) + len(refused) == 10
    assert {entry["decision_id"] for entry in logged.entries(kind="decision")} == set(allowed)


def test_a_kind_of_entry_can_be_asked_for(logged: Logged) -> None:
    """What happened to the log is found like decisions."""
    assert [entry["event_id"] for entry in logged.json("/v1/decisions", {"kind": "key"})["entries"]] == ["key-1"]
    assert logged.get("/v1/decisions", {"kind": "nonsense"}).status_code == 400


def _root(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [hashlib.sha256(b"\x01" + hashes[n] + hashes[n + 1]).digest() for n in range(0, len(hashes), 2)]
    return hashes[0]
