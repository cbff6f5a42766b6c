"""The typed client: a decision is only what the sidecar clearly said; everything else is an exception that says what is known."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.client import (
    AddressError,
    AsyncClient,
    Client,
    ClientError,
    Evaluation,
    NotAcceptedError,
    NotEvaluated,
    Semantic,
    UnclearAnswerError,
    UnreachableError,
)
from adapters.storage.memory import MemoryStore
from tests.client.asking import CLIENTS, Asking, Script
from tests.enforcement.chain import real_sidecar
from tests.enforcement.test_verdicts import FAULTS, NO_DECISION

each_client = pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS.keys())
QUESTION = Evaluation(officer="o-1001", item="an-item", step="do", case="T-1")
ALLOWED = {"decision": True, "context": {"decision_id": "d-1", "obligations": [{"id": "x", "type": "notify", "properties": {}}]}}
REFUSED = {
    "decision": False,
    "context": {
        "decision_id": "d-2",
        "code": "NO_POWER",
        "rule": "AL-4",
        "reason": {"zh": "无权", "en": "no power"},
        "remedy": {"posts": ["u.head"], "names": ["负责人"]},
    },
}


def answer(body: Any, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, content=body if isinstance(body, bytes) else json.dumps(body), headers=headers)


@each_client
def test_an_allow_is_true_and_names_its_decision_and_obligations(ask: Asking) -> None:
    decision = ask(Script(answer(ALLOWED)), "evaluate", QUESTION)
    assert decision
    assert (decision.allowed, decision.decision_id, decision.obligations[0].type) == (True, "d-1", "notify")


@each_client
def test_a_refusal_is_a_value_that_is_false(ask: Asking) -> None:
    """`if decision:` must not let a refusal through just because it is an object."""
    decision = ask(Script(answer(REFUSED)), "evaluate", QUESTION)
    assert not decision
    assert (decision.code, decision.rule, decision.reason.zh, decision.may_act) == ("NO_POWER", "AL-4", "无权", ("负责人",))


@each_client
@pytest.mark.parametrize("said", NO_DECISION)
def test_what_is_no_decision_raises(ask: Asking, said: str) -> None:
    body = NO_DECISION[said]
    with pytest.raises(UnclearAnswerError) as told:
        ask(Script(answer(body)), "evaluate", QUESTION)
    assert told.value.status == 200
    assert told.value.hint


@each_client
def test_an_allow_without_a_decision_identifier_raises(ask: Asking) -> None:
    with pytest.raises(UnclearAnswerError, match="names no decision"):
        ask(Script(answer({"decision": True, "context": {}})), "evaluate", QUESTION)


@each_client
@pytest.mark.parametrize("status", [201, 204, 302, 401, 403, 404, 409, 413, 429, 500, 502, 503])
def test_a_true_under_another_status_raises(ask: Asking, status: int) -> None:
    with pytest.raises(ClientError):
        ask(Script(answer(ALLOWED, status)), "evaluate", QUESTION)


@each_client
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_tried_twice_under_one_identifier_and_then_raises(ask: Asking, fault: str) -> None:
    script = Script(FAULTS[fault])
    with pytest.raises(UnreachableError) as told:
        ask(script, "evaluate", QUESTION)
    assert len(script.requests) == told.value.attempts == 2
    assert set(script.identifiers) == {told.value.request_id}
    assert type(FAULTS[fault]).__name__ in told.value.problem


@each_client
def test_a_question_survives_one_broken_connection(ask: Asking) -> None:
    script = Script(httpx.ReadError("reset"), answer(ALLOWED))
    assert ask(script, "evaluate", QUESTION).allowed
    assert len(set(script.identifiers)) == 1


@each_client
def test_two_questions_have_two_identifiers_and_one_may_be_given(ask: Asking) -> None:
    script = Script(answer(ALLOWED))
    for _ in range(2):
        ask(script, "evaluate", QUESTION)
    ask(script, "evaluate", QUESTION, request_id="r-7")
    assert len(set(script.identifiers)) == 3
    assert script.identifiers[2] == "r-7"


@each_client
def test_an_overloaded_sidecar_is_asked_again_when_it_says(ask: Asking) -> None:
    script = Script(answer(b"overloaded: later", 503, **{"Retry-After": "0"}), answer(ALLOWED))
    assert ask(script, "evaluate", QUESTION).allowed
    assert len(set(script.identifiers)) == 1


@each_client
def test_an_overloaded_sidecar_is_not_waited_for_beyond_the_deadline(ask: Asking) -> None:
    script = Script(answer(b"overloaded: later", 503, **{"Retry-After": "60"}))
    with pytest.raises(NotAcceptedError, match="overloaded: later"):
        ask(script, "evaluate", QUESTION)
    assert len(script.requests) == 1


@each_client
def test_no_longer_than_is_left_of_the_deadline(ask: Asking) -> None:
    """What the first attempt took is gone: the answer at hand is told at once, and not a silence made of it."""
    script = Script(answer(b"overloaded: later", 503, **{"Retry-After": "1"}))

    def slowly(request: httpx.Request) -> httpx.Response:
        time.sleep(0.3)
        return script(request)

    with pytest.raises(NotAcceptedError, match="overloaded: later"):
        ask(slowly, "evaluate", QUESTION, deadline=1.2)
    assert len(script.requests) == 1


@each_client
def test_what_the_sidecar_does_not_take_says_why(ask: Asking) -> None:
    with pytest.raises(NotAcceptedError) as told:
        ask(Script(answer(b"bad_field: subject.id must be text", 400)), "evaluate", QUESTION, request_id="r-1")
    fault = told.value
    assert (fault.status, fault.code, fault.detail, fault.request_id) == (400, "bad_field", "subject.id must be text", "r-1")


@each_client
def test_an_answer_without_end_raises(ask: Asking) -> None:
    with pytest.raises(UnclearAnswerError, match="does not end"):
        ask(Script(answer(b" " * (4 * 1024 * 1024 + 1))), "evaluate", QUESTION)


class Drip(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A true answer, a space at a time, each well within a time limit for reading."""

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.005)
            yield b" "
        yield json.dumps(ALLOWED).encode()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(100):
            await asyncio.sleep(0.005)
            yield b" "
        yield json.dumps(ALLOWED).encode()


@each_client
def test_an_answer_that_drips_is_cut_off_at_the_deadline(ask: Asking) -> None:
    with pytest.raises(UnreachableError, match=r"no answer within 0\.02 s"):
        ask(lambda _: httpx.Response(200, stream=Drip()), "evaluate", QUESTION, deadline=0.02)


@each_client
def test_a_batch_is_answered_in_order_and_what_was_not_understood_is_false(ask: Asking) -> None:
    error = {"decision": False, "context": {"error": {"status": 400, "code": "bad_field", "message": "no"}}}
    script = Script(answer({"evaluations": [ALLOWED, error, REFUSED]}))
    told = ask(script, "evaluations", [QUESTION] * 3)
    assert [bool(entry) for entry in told] == [True, False, False]
    assert told[1] == NotEvaluated(400, "bad_field", "no")
    assert json.loads(script.requests[0].content)["options"] == {"evaluations_semantic": "execute_all"}


@each_client
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_batch_with_another_number_of_answers_raises(ask: Asking, count: int) -> None:
    """Otherwise the answer to one question could be taken for the answer to another."""
    with pytest.raises(UnclearAnswerError, match=f"{count} answers to 2 questions"):
        ask(Script(answer({"evaluations": [ALLOWED] * count})), "evaluations", [QUESTION] * 2)


@each_client
def test_a_batch_that_ends_early_has_fewer_answers(ask: Asking) -> None:
    script = Script(answer({"evaluations": [REFUSED]}))
    assert len(ask(script, "evaluations", [QUESTION] * 3, semantic=Semantic.UNTIL_DENY)) == 1


@each_client
def test_an_unclear_answer_in_a_batch_makes_the_batch_unclear(ask: Asking) -> None:
    with pytest.raises(UnclearAnswerError):
        ask(Script(answer({"evaluations": [ALLOWED, {"decision": "true"}]})), "evaluations", [QUESTION] * 2)


def test_a_search_goes_page_after_page() -> None:
    pages = [
        answer({"results": [{"name": "accept"}], "page": {"next_token": "t-1"}}),
        answer({"results": [{"name": "review"}], "page": {"next_token": ""}}),
    ]
    script = Script(*pages)
    with Client(httpx.Client(transport=httpx.MockTransport(script), base_url="http://127.0.0.1:8181")) as client:
        assert [found["name"] for found in client.search_all("action", QUESTION)] == ["accept", "review"]
    assert [json.loads(request.content).get("page") for request in script.requests] == [None, {"token": "t-1"}]


@each_client
def test_metadata_name_the_endpoints(ask: Asking) -> None:
    told = {
        "policy_decision_point": "https://pdp.example",
        "access_evaluation_endpoint": "https://pdp.example/access/v1/evaluation",
    }
    assert ask(Script(answer(told)), "metadata").endpoints == {"access_evaluation_endpoint": told["access_evaluation_endpoint"]}


@each_client
def test_a_report_that_is_not_taken_raises(ask: Asking) -> None:
    with pytest.raises(NotAcceptedError):
        ask(Script(answer(b"not_found: d-9", 404)), "report", "d-9", performed=True)


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8181", "ftp://127.0.0.1", "http://10.0.0.1:8181", "http://example.test", "https://a:b@example.test", "http://[::"]
)
def test_an_address_that_must_not_be_used_so_is_refused(address: str) -> None:
    for client in (Client, AsyncClient):
        with pytest.raises(AddressError, match=r"address|network") as refused:
            client.at(address)
        assert isinstance(refused.value, ClientError)
        assert refused.value.hint


def test_the_real_sidecar_understands_what_is_sent() -> None:
    """Allowed, reported and recorded; refused with who may act; found by a search."""
    store = MemoryStore()
    question = Evaluation(
        officer="o-1001",
        item="cn-xk-food-business-licence",
        step="accept",
        case="BH-1",
        party="applicant-1",
        facts={"only_prepackaged_food": False, "edible_farm_produce": False},
    )

    async def ask() -> None:
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app=real_sidecar(store)), base_url="http://127.0.0.1:8181")
        async with AsyncClient(http) as client:
            found = [step["name"] async for step in client.search_all("action", question)]
            assert "accept" in found
            allowed = await client.evaluate(question, request_id="r-1")
            assert allowed.allowed
            assert (await client.evaluate(question, request_id="r-1")).decision_id == allowed.decision_id
            await client.report(allowed.decision_id, performed=True, detail="by hand")
            refused = await client.evaluate(Evaluation(officer="o-1006", step="accept", case="BH-2", item=question.item))
            assert (refused.allowed, refused.code) == (False, "NO_POWER")
            assert refused.may_act

    asyncio.run(ask())


def test_one_connection_of_a_unix_socket_serves_many_questions(tmp_path: Path) -> None:
    body = json.dumps(ALLOWED).encode()
    opened: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append("connection")
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(int(line[15:]) for line in head.decode().lower().splitlines() if line.startswith("content-length:"))
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async def ask() -> None:
        async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serve(reader, writer)
            except asyncio.IncompleteReadError:
                writer.close()

        async with await asyncio.start_unix_server(quietly, tmp_path / "s"), AsyncClient.at(uds=tmp_path / "s") as client:
            for _ in range(3):
                assert await client.evaluate(QUESTION)

    asyncio.run(ask())
    assert opened == ["connection"]


def test_the_client_brings_no_server_along() -> None:
    """A service that imports it gets httpx, and none of the rooms."""
    rooms = ["sidecar", "fastapi", "pydantic", "casbin", "yaml"]
    code = f"import sys, adapters.client; print([name for name in {rooms} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
