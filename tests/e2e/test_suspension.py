"""A suspension written into its register stops requests at the next reload, and does not wait for other tables."""

import http.client
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import EXAMPLE, ROOT, ask, free_port, get, running, serve_command
from tests.e2e.test_reload import accepting, until

pytestmark = pytest.mark.slow  # each test starts processes of its own

HEADING = "what,target,from,to,ordered_by,approved_by,document\n"


def test_a_suspension_takes_effect_by_reload_even_beside_a_broken_table(tmp_path: Path) -> None:
    """Allowed, suspended, allowed again; then another table is broken, and the suspension holds all the same and is told."""
    people = tmp_path / "people"
    shutil.copytree(EXAMPLE / "personnel", people)
    port = free_port()
    with running(serve_command(ROOT / "policies", tmp_path / "data", people, port), port, "/readyz", tmp_path / "log") as process:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        cases = iter(range(10_000))

        def code() -> Any:
            return ask(connection, "/authorize", accepting(next(cases)))[1]["context"]["code"]

        def reload(suspended: str) -> None:
            (people / "suspensions.csv").write_text(HEADING + suspended, "utf-8")
            process.send_signal(signal.SIGHUP)

        assert code() == "ALLOWED"
        reload("person,o-1001,2026-01-01,,o-8,o-9,停〔2026〕1号\n")
        until(lambda: code() == "SUSPENDED")
        reload("")
        until(lambda: code() == "ALLOWED")
        (people / "appointments.csv").write_text("nonsense\n", "utf-8")
        reload("item,cn-xk-food-business-licence,2026-01-01,,o-8,o-9,停〔2026〕2号\n")
        until(lambda: code() == "SUSPENDED")
        assert any("reload failed" in warning for warning in get(port, "/readyz")[1]["warnings"])
        reload("item,cn-xk-food-business-licence,2026-01-01,,o-8,o-8,停〔2026〕2号\n")  # ordered and approved by one
        until(lambda: (tmp_path / "log").read_text("utf-8").count("one person ordered and approved") > 0)
        assert code() == "SUSPENDED"
        connection.close()
