"""`quanheng log export`: what other tools read, whole or not at all."""

import asyncio
import csv
import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.storage.record_file import RECORD_FILE
from adapters.storage.sqlite import SqliteStore
from sidecar.cli import log_exporting
from sidecar.cli.commands import app
from sidecar.decision_log.entry import LogReadEntry
from sidecar.errors import SettingsError
from sidecar.ports.records import Commit
from tests.conformance.samples import an_entry


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five decisions on five days, one refused by a rule, and a reading; portions of two."""
    monkeypatch.setattr(log_exporting, "PORTION", 2)

    async def fill() -> None:
        store = SqliteStore(tmp_path / "data")
        for n in range(1, 6):
            grounds = [{"rule": "AL-SEP", "code": "SAME_PERSON"}] if n == 3 else []
            refused = {"decision": "deny", "code": "SAME_PERSON", "grounds": grounds} if n == 3 else {}
            time, name = f"2026-01-0{n}T23:30:00.000+08:00", "=1+1" if n == 2 else '许可,"甲"'
            await store.commit(Commit(an_entry(f"d{n}", f"c{n}", time=time, item_name=name, **refused), f"c{n}"))
        read = LogReadEntry(
            decision_id="r", request_id="", time="2026-01-06T10:00:00.000+08:00", time_source="test", caller="a", client_ip="",
            query={},
        )  # fmt: skip
        await store.commit(Commit(read))
        await store.close()

    asyncio.run(fill())
    return tmp_path / "data"


def export(data: Path, to: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["log", "export", "--data", str(data), "--to", str(to), "--lang", "en", *options])


def test_lines_of_json_are_the_entries(data: Path, tmp_path: Path) -> None:
    """All kinds, oldest first; of a period where one is named, its last day whole."""
    run = export(data, tmp_path / "all.jsonl")
    assert (run.exit_code, run.stdout.split()[0]) == (0, "6")
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text("utf-8").splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5, 6]
    export(data, tmp_path / "part.jsonl", "--since", "2026-01-02", "--until", "2026-01-04")
    assert [json.loads(line)["seq"] for line in (tmp_path / "part.jsonl").read_text("utf-8").splitlines()] == [2, 3, 4]


def test_a_spreadsheet_has_a_row_a_decision(data: Path, tmp_path: Path) -> None:
    """Marked as UTF-8 for Excel; no cell is a formula; commas and quotes come back as they were."""
    export(data, tmp_path / "all.csv", "--form", "csv")
    raw = (tmp_path / "all.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    with (tmp_path / "all.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["decision_id"] for row in rows] == ["d1", "d2", "d3", "d4", "d5"]
    assert [rows[n]["item_name"] for n in (0, 1)] == ['许可,"甲"', "'=1+1"]
    assert (rows[2]["decision"], rows[2]["rules"], rows[2]["officer"], rows[2]["unit"]) == ("deny", "AL-SEP", "o-1", "o")
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_records_of_the_authorization_decision_log(data: Path, tmp_path: Path) -> None:
    """One a decision; a denial is no error; the same decision is the same record each time; each part stands in one place."""
    for name in ("one", "two"):
        export(data, tmp_path / name, "--form", "adl")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    records = [json.loads(line) for line in (tmp_path / "one").read_text("utf-8").splitlines()]
    assert [record["body"]["adl.core.response"]["decision"] for record in records] == [True, True, False, True, True]
    assert {record["status"] for record in records} == {"Ok"}
    assert {record["event_name"] for record in records} == {"adl.access_evaluation"}
    assert {(len(record["trace_id"]), len(record["span_id"])) for record in records} == {(32, 16)}
    assert len({record["trace_id"] for record in records}) == 5
    assert records[0]["timestamp"] == 1767281400000
    assert not any(set(record["body"]) & set(record["attributes"]) for record in records)
    assert records[2]["body"]["adl.core.request"]["resource"]["id"] == "c3"


def test_a_file_is_there_whole_or_not_at_all(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails leaves nothing behind, and nothing that exists is written over."""
    (tmp_path / "there").write_text("mine")
    assert isinstance(export(data, tmp_path / "there").exception, SettingsError)
    assert (tmp_path / "there").read_text() == "mine"

    def fail(_: object) -> str:
        raise OSError("no room")

    monkeypatch.setattr(log_exporting, "line_of", fail)
    assert isinstance(export(data, tmp_path / "new").exception, OSError)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "there"]


def test_an_altered_entry_is_left_out_and_told(data: Path, tmp_path: Path) -> None:
    """The file holds only what was recorded."""
    with sqlite3.connect(data / RECORD_FILE) as connection:
        connection.execute("UPDATE entries SET body = replace(body, 'portal', 'pirate') WHERE seq = 4")
    connection.close()
    run = export(data, tmp_path / "all.jsonl")
    assert run.exit_code == 1
    assert "altered entries were left out: 4" in run.stderr
    assert len((tmp_path / "all.jsonl").read_text("utf-8").splitlines()) == 5
