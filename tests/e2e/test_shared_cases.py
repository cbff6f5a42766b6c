"""The life of a case store as an operator sees it: set up, used by two sidecars, lost, rebuilt."""

import http.client
from pathlib import Path

import pytest

from tests.e2e.processes import ask, get, run_quanheng
from tests.e2e.test_races import Ground
from tests.http_api.calling import asking
from tests.redis_server import RedisServer


def answer(port: int, body: object) -> tuple[bool, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    status, told = ask(connection, "/authorize", body)
    connection.close()
    assert status == 200, told
    return told["decision"], told["context"]["code"]


@pytest.mark.slow
def test_two_sidecars_share_cases_until_the_store_is_lost_and_after_it_is_rebuilt(tmp_path: Path) -> None:
    """As docs/how-to/share-cases.md tells it: one case through both, a flush that both refuse and say, a repair, and on."""
    store = RedisServer(tmp_path / "store").start()
    ground = Ground(tmp_path)
    try:
        a, b = [ground.start(name, store.url) for name in ("a", "b")]
        ground.wait_until_ready()
        assert answer(a, asking()) == (True, "ALLOWED")
        assert answer(b, asking()) == (False, "STEP_ALREADY_DONE")
        assert answer(b, asking("reviewer", "review", evidence=["drawings"])) == (True, "ALLOWED")
        ready, told = get(a, "/readyz")
        assert ready == 200
        assert any("syncs once a second" in warning for warning in told["warnings"])
        with store.client as client:
            client.flushall()
        decide = asking("deputy", "decide", outcome="grant")
        for port in (a, b):
            assert answer(port, decide) == (False, "LOG_UNAVAILABLE")
            status, told = get(port, "/readyz")
            assert (status, "quanheng case repair" in told["failure"]) == (503, True)
        logs = ["--from-logs", str(tmp_path / "a"), "--from-logs", str(tmp_path / "b"), "--config", str(tmp_path / "a.toml")]
        repaired = run_quanheng("case", "repair", "--all", *logs)
        assert repaired.returncode == 0, repaired.stderr
        ground.wait_until_ready()
        assert answer(b, decide) == (True, "ALLOWED")
        assert answer(a, decide) == (False, "STEP_ALREADY_DONE")
        shown = run_quanheng("case", "show", "C-1", *logs, "--lang", "en")
        assert (shown.returncode, "store and logs agree" in shown.stdout) == (0, True)
        assert 'quanheng_store_events_total{event="swept"}' in str(get(a, "/metrics")[1])
    finally:
        ground.close()
        store.kill()
