"""Promise 3 under the hardest stop there is: SIGKILL in the middle of load, twenty times on one record; before a release, 200."""

import http.client
import itertools
import random
import threading
import time
from pathlib import Path

import msgspec
import pytest

from adapters.storage.policy_folder import PolicyFolder
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_reader import SqliteReader
from adapters.verifier.copies import RecordCopy
from sidecar.decision_log.verifier import Trust, verify
from tests.e2e.processes import EXAMPLE, ask, free_port, running, serve_command

CLIENTS = 8
EACH = 20  # of the first kills, and then of every so many, the whole log is verified
FACTS = {"only_prepackaged_food": False, "edible_farm_produce": False}


def _request(case: str) -> dict[str, object]:
    return {
        "subject": {"type": "officer", "id": "o-1001"},
        "action": {"name": "accept"},
        "resource": {"type": "case", "id": case, "properties": {"item": "cn-xk-food-business-licence", "party": "applicant-1"}},
        "context": {"facts": FACTS},
    }


class _Load:
    """Clients that ask as fast as they can until the connection breaks, and remember every allow they received."""

    def __init__(self, port: int, numbers: "itertools.count[int]") -> None:
        self._port, self._numbers = port, numbers
        self.received: list[tuple[str, str]] = []
        self._threads = [threading.Thread(target=self._client, daemon=True) for _ in range(CLIENTS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _client(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            while True:
                case = f"K-{next(self._numbers)}"
                status, answer = ask(connection, "/authorize", _request(case))
                assert status == 200
                assert answer["decision"] is True
                self.received.append((case, answer["context"]["decision_id"]))
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("kills", [pytest.param(20, marks=pytest.mark.slow), pytest.param(200, marks=pytest.mark.long)])
def test_every_allow_that_was_received_is_in_the_log_after_a_kill(tmp_path: Path, kills: int) -> None:
    """Kills under load: each received allow is found, with its case event; the log continues without a gap, and always verifies
    under the head that lies outside."""
    PolicyFolder(Path("policies")).snapshot()  # fails here, with a hint, when the shipped policies are not built
    data, moments, numbers = tmp_path / "data", random.Random(20), itertools.count()
    received: list[tuple[str, str]] = []
    for n in range(kills):
        port = free_port()
        command = serve_command(Path("policies"), data, EXAMPLE / "personnel", port)
        with running(command, port, "/healthz", tmp_path / "serve.log") as server:
            load = _Load(port, numbers)
            load.start()
            time.sleep(moments.uniform(0.1, 0.5))
            server.kill()
            load.join()
        received += load.received
        _assert_recorded(data, load.received)
        if n < EACH or n % EACH == EACH - 1:  # the start that follows proves the tail and the head each time
            _assert_sound(data)
    assert len(received) > kills * CLIENTS
    _assert_recorded(data, received)


def _assert_sound(data: Path) -> None:
    held = [data.with_name("data.head").read_bytes()]
    report = verify(RecordCopy(data / RECORD_FILE), Trust(held=held))
    assert report.sound, report.findings
    assert report.covered > 0


def _assert_recorded(data: Path, received: list[tuple[str, str]]) -> None:
    reader = SqliteReader(data / RECORD_FILE)
    try:
        for case, decision_id in received:
            stored = reader.find(decision_id)
            assert stored is not None, f"allow {decision_id} was answered and is not in the log"
            assert msgspec.json.decode(stored.body)["case_id"] == case
            assert [event.decision_id for event in reader.case_events(case)] == [decision_id]
        rows = reader._rows("SELECT count(*), max(seq) FROM entries", ())
        assert rows[0][0] == rows[0][1]
    finally:
        reader.close()
