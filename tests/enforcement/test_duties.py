"""Obligations that the proxy fulfils itself: on file before the system hears of the act, told until taken, or refused."""

import asyncio
import errno
import json
import os
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.client import Obligation
from adapters.enforcement.decider import HttpDecider
from adapters.enforcement.identities import identity_of
from adapters.enforcement.proxy.duties import Duties
from adapters.enforcement.proxy.duty_file import DutyFile
from adapters.enforcement.proxy.reverse_proxy import CHANNEL, ReverseProxy
from adapters.enforcement.proxy.telling import NotTakenError, Tell, Telling, over_http
from adapters.enforcement.routes import ProxyDuties, read_routes
from adapters.enforcement.ruling import Duty, Enforcement
from sidecar.errors import SettingsError
from sidecar.http_api.guard import Receive, Scope, Send
from tests.enforcement.chain import AS_JSON, DO, OFFICER, ROOT, ROUTES, Sidecar, System, call
from tests.enforcement.wire import Answer, Broken, Chained, until

RECEIPT = {"id": "o-1", "type": "dated_and_sealed_receipt", "properties": {"basis": "行政许可法第三十二条"}}
DEADLINE = {"id": "o-2", "type": "deadline", "properties": {"step": "decide", "due": "2026-12-31"}}
OWN = "fulfils: []\nproxy_fulfils: {record: [dated_and_sealed_receipt], notify: [deadline]}\n"
NO_PAUSE = (0.001, 0.002)


def allowing(*obligations: Any, decision_id: str = "d-1") -> Sidecar:
    return Sidecar([(200, {"decision": True, "context": {"decision_id": decision_id, "obligations": list(obligations)}})])


@dataclass
class Told:
    """Who is told: takes a duty, or first refuses it so many times."""

    refuses: int = 0
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def __call__(self, line: bytes, key: str) -> None:
        if self.refuses:
            self.refuses -= 1
            raise NotTakenError("HTTP 503")
        self.taken.append((key, json.loads(line)))


def act(
    file: DutyFile, sidecar: Sidecar, system: Any, telling: Telling | None = None, routes: str = OWN, wait: float = 3.0
) -> Answer:
    table = read_routes("routes.yaml", (routes + ROUTES).encode())
    decider = HttpDecider(httpx.AsyncClient(transport=sidecar, base_url="http://127.0.0.1:8181"))
    enforcement = Enforcement(table, identity_of(table.officer, ROOT), CHANNEL, own=table.proxy_fulfils.types)
    proxy = ReverseProxy(enforcement, decider, Duties(table.proxy_fulfils, file, telling, wait))
    return call(Chained(proxy, system), "POST", DO, OFFICER, AS_JSON)


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "duties.jsonl").read_text("utf-8").splitlines()]


def test_what_the_proxy_fulfils_is_on_file_before_the_system_hears_of_the_act(tmp_path: Path) -> None:
    file, there = DutyFile(tmp_path), list[int]()
    system = System()

    async def looking(scope: Scope, receive: Receive, send: Send) -> None:
        there.append(len(lines(tmp_path)))
        await system(scope, receive, send)

    sidecar = allowing(RECEIPT, DEADLINE)
    assert act(file, sidecar, looking).status == 200
    assert there == [2]
    receipt, deadline = lines(tmp_path)
    assert {"decision_id": "d-1", "item": "an-item", "step": "do", "case": "T-1"}.items() <= receipt.items()
    assert (receipt["obligation"], receipt["notify"]) == (RECEIPT, False)
    assert (deadline["obligation"], deadline["notify"]) == (DEADLINE, True)
    assert sidecar.questions[0]["context"]["supported_obligations"] == ["dated_and_sealed_receipt", "deadline"]
    assert (tmp_path / "duties.jsonl").stat().st_mode & 0o077 == 0


def test_what_nobody_fulfils_refuses_as_before(tmp_path: Path) -> None:
    file, system = DutyFile(tmp_path), System()
    answer = act(file, allowing(RECEIPT, {"id": "o-3", "type": "show_card", "properties": {}}), system)
    assert (answer.status, answer.json["code"], system.seen, lines(tmp_path)) == (403, "OBLIGATION_UNMET", [], [])


def test_an_allow_without_obligations_writes_nothing(tmp_path: Path) -> None:
    assert act(DutyFile(tmp_path), Sidecar(), System()).status == 200
    assert lines(tmp_path) == []


@pytest.mark.parametrize(
    ("system", "failed"),
    [(System(), []), (System(status=409), [True]), (Broken("refused"), [True]), (System(status=500), []), (Broken("closed"), [])],
    ids=["done", "refused by the system", "never reached", "nobody knows", "broke off"],
)
def test_the_file_says_of_an_act_that_it_certainly_failed(tmp_path: Path, system: Any, failed: list[bool]) -> None:
    """A second line, told to whoever was told the first; where nobody knows, the duty stands."""
    file, told = DutyFile(tmp_path), Told()
    act(file, allowing(DEADLINE), system)
    assert [line["failed"] for line in lines(tmp_path)] == [False, *failed]

    async def done(telling: Telling) -> None:
        await until(lambda: telling.waiting == 0)

    while_telling(file, told, done)
    assert [key for key, _ in told.taken] == ["d-1/o-2", *["d-1/o-2/failed" for _ in failed]]


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO])
def test_what_cannot_be_written_refuses_and_the_act_counts_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    """Half a line on the disk is no line: it is cut off, and what comes next is whole."""
    file, system, sidecar = DutyFile(tmp_path), System(), allowing(RECEIPT)
    write = os.write

    def failing(descriptor: int, data: Any) -> int:
        write(descriptor, bytes(data)[:20])
        raise OSError(fault, os.strerror(fault))

    with monkeypatch.context() as patched:
        patched.setattr("adapters.enforcement.proxy.duty_file.os.write", failing)
        answer = act(file, sidecar, system)
    assert (answer.status, answer.json["code"], system.seen) == (503, "OBLIGATION_NOT_TAKEN", [])
    assert sidecar.reports == [("/v1/decisions/d-1/outcome", "failed")]
    assert act(file, allowing(RECEIPT, decision_id="d-2"), system).status == 200
    assert [line["decision_id"] for line in lines(tmp_path)] == ["d-2"]


def test_what_is_not_written_in_time_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk hangs for longer than an officer is let wait."""
    file, system, sidecar = DutyFile(tmp_path), System(), allowing(RECEIPT)
    monkeypatch.setattr(file, "append", lambda _: time.sleep(0.2))
    answer = act(file, sidecar, system, wait=0.01)
    assert (answer.status, answer.json["code"], system.seen) == (503, "OBLIGATION_NOT_TAKEN", [])
    assert sidecar.reports == [("/v1/decisions/d-1/outcome", "failed")]


def test_what_is_written_after_all_is_said_to_have_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what had not been begun when its time was over is not written at all."""
    file, free, append = DutyFile(tmp_path), threading.Event(), DutyFile.append

    def hanging(lines: bytes) -> None:
        assert free.wait(10)
        append(file, lines)

    monkeypatch.setattr(file, "append", hanging)

    async def run() -> list[bool]:
        duties = Duties(ProxyDuties(record=("deadline",)), file, None, 0.01)
        owed = Obligation("o-2", "deadline", {})
        taken = [await duties.take([Duty(name, "an-item", "do", "T-1", owed)]) for name in ("d-1", "d-2")]
        writing = duties._writing
        assert writing is not None
        free.set()
        await asyncio.wait_for(writing, 10)
        return taken

    assert asyncio.run(run()) == [False, False]
    assert [(line["decision_id"], line["failed"]) for line in lines(tmp_path)] == [("d-1", False), ("d-1", True)]


def test_a_line_without_its_end_is_cut_off_at_the_start(tmp_path: Path) -> None:
    """The process died in the middle of a write: whoever waited for it was not let through."""
    file = DutyFile(tmp_path)
    assert act(file, allowing(RECEIPT), System()).status == 200
    file.close()
    whole = (tmp_path / "duties.jsonl").read_bytes()
    (tmp_path / "duties.jsonl").write_bytes(whole + b'{"time":"2026')
    DutyFile(tmp_path).close()
    assert (tmp_path / "duties.jsonl").read_bytes() == whole
    (tmp_path / "duties.jsonl").write_bytes(b'{"time":"2026')
    DutyFile(tmp_path).close()
    assert (tmp_path / "duties.jsonl").read_bytes() == b""


def test_two_proxies_do_not_share_a_file(tmp_path: Path) -> None:
    DutyFile(tmp_path)
    with pytest.raises(SettingsError, match="another process"):
        DutyFile(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="file"):
        DutyFile(tmp_path / "file" / "duties")


# -- telling ------------------------------------------------------------------------------------------------------------------


def while_telling(file: DutyFile, tell: Tell, work: Callable[[Telling], Awaitable[None]], limit: int = 100) -> None:
    async def run() -> None:
        telling = Telling(file, tell, limit, NO_PAUSE)
        running = asyncio.create_task(telling.run())
        try:
            await work(telling)
        finally:
            running.cancel()
            await asyncio.wait([running], timeout=10)

    asyncio.run(run())


def written(file: DutyFile, *names: str) -> None:
    for name in names:
        said = {"decision_id": "d-1", "obligation": {"id": name.strip("-")}, "notify": not name.startswith("-"), "failed": False}
        file.append(json.dumps(said).encode() + b"\n")


def test_what_is_to_be_told_is_told_in_order_until_it_is_taken(tmp_path: Path) -> None:
    """Also what an earlier process left; what is only recorded is told to nobody; after a restart nothing is told twice."""
    file, told = DutyFile(tmp_path), Told(refuses=3)
    written(file, "a", "-b")

    async def more(telling: Telling) -> None:
        assert telling.waiting == 1
        await until(lambda: telling.waiting == 0)
        written(file, "c", "d")
        telling.more(2)
        await until(lambda: telling.waiting == 0 and file.told == file.size)

    while_telling(file, told, more)
    assert [key for key, _ in told.taken] == ["d-1/a", "d-1/c", "d-1/d"]
    file.close()
    again = Told()

    async def nothing(telling: Telling) -> None:
        assert telling.waiting == 0
        await asyncio.sleep(0.01)

    while_telling(DutyFile(tmp_path), again, nothing)
    assert again.taken == []


def test_a_place_that_is_lost_tells_again_rather_than_never(tmp_path: Path) -> None:
    file, told = DutyFile(tmp_path), Told()
    written(file, "a")
    (tmp_path / "told").write_text("999999")

    async def done(telling: Telling) -> None:
        await until(lambda: telling.waiting == 0)

    while_telling(file, told, done)
    assert [key for key, _ in told.taken] == ["d-1/a"]


def test_where_too_much_waits_nothing_more_is_taken_on(tmp_path: Path) -> None:
    file = DutyFile(tmp_path)
    written(file, "a", "b")
    telling, system = Telling(file, Told(), limit=2), System()
    answer = act(file, allowing(DEADLINE), system, telling)
    assert (answer.status, answer.json["code"], system.seen) == (503, "OBLIGATION_NOT_TAKEN", [])
    assert act(file, allowing(RECEIPT), system, telling).status == 200  # what is only recorded waits for nobody


@pytest.mark.parametrize(("status", "taken"), [(200, True), (204, True), (302, False), (400, False), (500, False)])
def test_only_a_2xx_is_taken(status: int, taken: bool) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, headers={"location": "http://127.0.0.1/elsewhere"})

    async def run() -> bool:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            try:
                await over_http(client, "http://127.0.0.1/duties")(b"{}\n", "d-1/o-1")
            except NotTakenError:
                return False
            return True

    assert asyncio.run(run()) is taken
    assert [(request.method, request.headers["idempotency-key"]) for request in seen] == [("POST", "d-1/o-1")]
