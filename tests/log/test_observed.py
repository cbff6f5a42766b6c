"""`quanheng log observed`: what would have been refused, by item, officer and code."""

import json
from pathlib import Path

from typer.testing import CliRunner

from sidecar.cli.commands import app
from tests.http_api.calling import ACCEPT, REVIEW, asking
from tests.http_api.test_caller_limits import with_callers
from tests.http_api.test_observing import UNTIL, observing
from tests.log.offices import Office


def office_of(folder: Path) -> Office:
    """One acceptance; a stranger's review let through twice in one case and once in another; one refusal in earnest."""
    office = Office(folder, callers=with_callers(portal={"observe_until": UNTIL}))
    office.sidecar.answer(observing(ACCEPT))
    stranger = asking("nobody", "review")
    elsewhere = {**stranger, "resource": {**stranger["resource"], "id": "C-9"}}
    for body in (stranger, REVIEW, elsewhere):
        office.sidecar.answer(observing(body))
    office.sidecar.answer(observing(stranger))
    office.sidecar.answer(stranger)
    return office


def run(data: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["log", "observed", "--data", str(data), *arguments])
    return done.exit_code, done.output


def test_what_would_have_been_refused_is_counted_and_the_first_of_a_case_apart(tmp_path: Path) -> None:
    office = office_of(tmp_path)
    status, told = run(office.data, "--json")
    found = json.loads(told)
    assert status == 1
    assert (found["decisions"], found["refusals"], found["first"], found["following"]) == (6, 3, 2, 1)
    assert found["by"] == {"item": {"permit": 3}, "officer": {"nobody": 3}, "code": {"NO_POWER": 3}, "caller": {"portal": 3}}
    assert json.loads(run(office.data, "--json", "--case", "C-9")[1])["refusals"] == 1
    assert run(office.data, "--officer", "somebody-else")[0] == 0


def test_people_read_it_in_both_languages(tmp_path: Path) -> None:
    office = office_of(tmp_path)
    assert "6 个决定中，3 个本应拒绝、观察期内放行：案内首次 2，随前一步而来 1" in run(office.data, "--lang", "zh")[1]
    told = run(office.data, "--lang", "en")[1]
    assert "let through: 3 (first in their case 2, following such a one 1)" in told
    assert "by officer\n        3  nobody" in told


def test_the_record_shows_what_was_let_through(tmp_path: Path) -> None:
    office = office_of(tmp_path)
    shown = CliRunner().invoke(app, ["log", "query", "--data", str(office.data), "--lang", "en"]).output.splitlines()
    assert sum("observed: let through" in line for line in shown) == 3
