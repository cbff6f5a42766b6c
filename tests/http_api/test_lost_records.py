"""No allow without its record: what a caller hears when the record cannot be kept, and what stays behind."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.storage.memory import MemoryStore
from sidecar.errors import StoreError
from sidecar.messages import say
from sidecar.ports.records import Commit, Committed, Replayed
from sidecar.ports.telling import Then
from sidecar.service.authorize import MAX_RACES
from tests.http_api.calling import ACCEPT, AUTHORIZE, BOTH, Body, Sidecar, asking, to
from tests.samples import SNAPSHOT


class FailingStore(MemoryStore):
    """Commits fail while `failing`: before anything is stored, or after it (a reply that got lost)."""

    def __init__(self, *, after: bool = False, fault: Callable[[], Exception] = lambda: StoreError("disk full")) -> None:
        super().__init__()
        self.failing = True
        self._after, self._fault = after, fault

    def submit(self, commit: Commit, then: Then[Committed | Replayed]) -> None:
        def told(result: Committed | Replayed | Exception) -> None:
            then(self._fault() if self.failing else result)

        if self.failing and not self._after:
            asyncio.get_running_loop().call_soon(told, Committed(0))
        else:
            super().submit(commit, told)


UNAVAILABLE: Body = {
    "decision": False,
    "context": {
        "code": "LOG_UNAVAILABLE",
        "rule": "SEC-AUD",
        "basis": "网络安全法第二十三条",
        "reason": say("LOG_UNAVAILABLE")._asdict(),
        "step": "accept",
        "case": {"id": "C-1"},
        "policy": SNAPSHOT.digest,
    },
}


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize("asked", [ACCEPT, asking("reviewer"), asking(intent="question")], ids=["allow", "deny", "question"])
def test_what_cannot_be_recorded_is_refused(asked: Body, path: str) -> None:
    """Whatever would have been answered, the answer is LOG_UNAVAILABLE, and nothing is in case or record."""
    store = FailingStore()
    sidecar = Sidecar(store)
    response = sidecar.post(asked, path, request_id="r-1")
    assert (response.status_code, response.json()) == (200, UNAVAILABLE)
    assert response.headers["x-request-id"] == "r-1"
    assert (sidecar.case().version, store.reader.last_seq()) == (0, 0)


def test_a_lost_moment_is_no_answer_for_ever() -> None:
    """The refusal is kept under no identifier: the retry is decided when the record works again."""
    store = FailingStore()
    sidecar = Sidecar(store)
    sidecar.post(ACCEPT, request_id="r-1")
    store.failing = False
    assert sidecar.answer(ACCEPT, request_id="r-1")["decision"] is True
    assert sidecar.case().version == 1


def test_a_lost_acknowledgement_is_found_again_by_its_identifier() -> None:
    """S6: the act was stored but nobody heard; the caller is refused, and its retry gets the act that stands, once."""
    store = FailingStore(after=True)
    sidecar = Sidecar(store)
    assert sidecar.answer(ACCEPT, request_id="r-1") == UNAVAILABLE
    store.failing = False
    assert sidecar.answer(ACCEPT, request_id="r-1")["decision"] is True
    assert sidecar.answer(ACCEPT, request_id="r-2")["context"]["code"] == "STEP_ALREADY_DONE"
    assert sidecar.case().version == 1


@pytest.mark.parametrize("fault", [OSError("/var/data/record.sqlite3: no space"), ValueError("secret inside"), KeyError("case")])
def test_a_store_that_breaks_its_promise_never_becomes_an_allow(fault: Exception) -> None:
    """An error the port does not know is 500, says nothing of the inside, and is no decision."""
    response = Sidecar(FailingStore(fault=lambda: fault)).post(ACCEPT, request_id="r-1")
    assert (response.status_code, response.headers["x-request-id"]) == (500, "r-1")
    assert response.text == "internal: the request could not be handled; it was not allowed"


def test_a_broken_record_refuses_everything_from_then_on(sidecar: Sidecar) -> None:
    """What was allowed before stays in the case; nothing comes after it."""
    sidecar.allowed(ACCEPT)
    assert isinstance(sidecar.store, MemoryStore)
    sidecar.store.break_with("the disk is full")
    codes = [sidecar.answer(asking("reviewer", "review", evidence=["drawings"]))["context"]["code"] for _ in range(3)]
    assert codes == ["LOG_UNAVAILABLE"] * 3
    assert sidecar.case().version == 1


@pytest.mark.slow
def test_a_record_locked_by_another_program_refuses_and_recovers(durable: Sidecar, tmp_path: Path) -> None:
    """S17: while a backup holds the file nothing is allowed; afterwards the same request is."""
    durable.store._connection.execute("PRAGMA busy_timeout = 50")  # type: ignore[attr-defined]
    blocker = sqlite3.connect(tmp_path / "data" / "record.sqlite3", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    refused = durable.answer(ACCEPT, request_id="r-1")
    blocker.execute("ROLLBACK")
    blocker.close()
    assert refused == UNAVAILABLE
    assert durable.answer(ACCEPT, request_id="r-1")["decision"] is True


def test_a_case_that_is_always_raced_is_refused() -> None:
    """Optimism has an end: a store in which somebody else is always faster gives no answer but a refusal."""
    attempts: list[Commit] = []

    class Raced(MemoryStore):
        def submit(self, commit: Commit, then: Then[Committed | Replayed]) -> None:
            attempts.append(commit)
            super().submit(commit._replace(expected_version=commit.expected_version + 1), then)

    sidecar = Sidecar(Raced())
    assert sidecar.answer(ACCEPT) == UNAVAILABLE
    assert len(attempts) == MAX_RACES
    assert sidecar.case().version == 0


def test_a_caller_that_goes_away_finds_its_act_again(either: Sidecar) -> None:
    """T18: the connection breaks after the commit and before the answer; act and record stand, the retry hears of them."""

    async def broken_line() -> None:
        request = to(AUTHORIZE, ACCEPT, request_id="r-1")
        scope = {
            "type": "http",
            "method": "POST",
            "path": AUTHORIZE,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
        }

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": request.content}

        async def send(_: object) -> None:
            raise ConnectionResetError

        await either.app(scope, receive, send)

    asyncio.run(broken_line())
    assert either.case().version == 1
    assert either.answer(ACCEPT, request_id="r-1")["context"]["case"]["version"] == 1
    assert len(either.entries()) == 1
