"""`quanheng log` as an inspector uses it."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.storage.sqlite import SqliteStore
from sidecar.case_history.history import OutcomeReported
from sidecar.cli.commands import app
from sidecar.decision_log.entry import OutcomeEntry
from sidecar.errors import SettingsError, StoreError
from sidecar.ports.records import Commit
from tests.conformance.samples import an_act, an_entry


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A record with three decisions of two officers in two cases, and one outcome."""

    async def fill() -> None:
        store = SqliteStore(tmp_path / "data")
        early, late = "2026-01-05T10:00:00.000+08:00", "2026-01-06T00:30:00.000+08:00"
        await store.commit(Commit(an_entry("d1", "c1", person="o-1", time=early), "c1", 0, an_act("d1", "accept")))
        outcome = OutcomeEntry(
            decision_id="d1",
            request_id="",
            time=early,
            time_source="test",
            caller="portal",
            subject={"person": "o-1"},
            action={"step": "accept"},
            item="item",
            case_id="c1",
            case_version=2,
            result="performed",
            detail="HTTP 200",
        )
        await store.commit(Commit(outcome, "c1", 1, OutcomeReported("d1", "performed", early)))
        await store.commit(Commit(an_entry("d2", "c2", person="o-2", time=late), "c2", 0, an_act("d2", "accept")))
        grounds = [{"code": "NO_POWER", "rule": "AL-4", "basis": "行政许可法第4条", "row": "", "source": "o/powers.yaml:7"}]
        refused = an_entry("d3", "c1", person="o-2", time=late, decision="deny", code="NO_POWER", grounds=grounds)
        await store.commit(Commit(refused, "c1"))
        await store.close()

    asyncio.run(fill())
    return tmp_path / "data"


def log(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["log", *arguments])


def found(data: Path, *options: str) -> list[tuple[str, str]]:
    run = log("query", "--data", str(data), "--json", *options)
    return [(entry["decision_id"], entry["kind"]) for entry in json.loads(run.output)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), ["d1", "d1", "d2", "d3"]),
        (("--officer", "o-2"), ["d2", "d3"]),
        (("--case", "c1", "--kind", "decision"), ["d1", "d3"]),
        (("--item", "item", "--decision", "allow"), ["d1", "d2"]),
        (("--code", "NO_POWER"), ["d3"]),
        (("--since", "2026-01-06"), ["d2", "d3"]),
        (("--until", "2026-01-05", "--kind", "decision"), ["d1"]),
        (("--since", "2026-01-05T10:00:01", "--until", "2026-01-06T00:30"), []),
        (("--limit", "1"), ["d3"]),
    ],
)
def test_query_finds_by(data: Path, options: tuple[str, ...], expected: list[str]) -> None:
    """Each option restricts; the newest entry stands last, where the eye is."""
    assert [decision for decision, _ in found(data, *options)] == expected


def test_query_is_readable_in_a_pipe(data: Path) -> None:
    """One line an entry, tabs between, in the language asked for."""
    lines = log("query", "--data", str(data), "--lang", "zh").output.splitlines()
    assert len(lines) == 4
    assert lines[-1].split("\t") == ["2026-01-06T00:30:00", "o-2", "事项", "accept", "c1", "拒绝", "NO_POWER", "o/powers.yaml:1"]
    assert "结果\tperformed" in lines[1]


def test_query_that_finds_nothing_has_status_1(data: Path) -> None:
    """A script can tell "none" from "some"."""
    assert log("query", "--data", str(data), "--officer", "nobody").exit_code == 1


def test_show_tells_all_a_decision_rests_on(data: Path) -> None:
    """Reason, basis, source, grounds and outcome of one decision."""
    shown = log("show", "d3", "--data", str(data), "--lang", "en").output
    for part in ("NO_POWER AL-4 行政许可法第4条 [o/powers.yaml:7]", "officer: o-2", "policy: sha256:0", "leaf: "):
        assert part in shown
    assert "outcome: performed HTTP 200" in log("show", "d1", "--data", str(data), "--lang", "en").output


def test_show_of_an_unknown_decision(data: Path) -> None:
    """It says so, with status 1."""
    run = log("show", "nothing", "--data", str(data), "--lang", "zh")
    assert run.exit_code == 1
    assert "没有决定 nothing" in run.output


def test_tail_shows_the_newest(data: Path) -> None:
    """The last lines, oldest first, filtered like a query."""
    run = log("tail", "--data", str(data), "-n", "2", "--no-follow", "--json")
    assert [json.loads(line)["decision_id"] for line in run.output.splitlines()] == ["d2", "d3"]
    run = log("tail", "--data", str(data), "--officer", "o-1", "--no-follow", "--lang", "en")
    assert len(run.output.splitlines()) == 2


def test_a_wrong_folder_and_a_wrong_moment_are_named(data: Path, tmp_path: Path) -> None:
    """What is wrong and what to write instead."""
    assert isinstance(log("query", "--data", str(tmp_path / "none")).exception, StoreError)
    wrong = log("query", "--data", str(data), "--since", "yesterday").exception
    assert isinstance(wrong, SettingsError)
    assert "2026-11-23" in wrong.hint
