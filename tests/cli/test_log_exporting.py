"""`quanheng log export`: what other tools read, whole or not at all."""

import asyncio
import csv
import json
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from adapters import parquet
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


def test_parquet_has_the_rows_of_the_spreadsheet_as_what_they_are(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers, moments and lists, in row groups of bounded size, and what the lines of JSON say of the same entries."""
    monkeypatch.setattr(parquet, "ROW_GROUP", 2)
    monkeypatch.setattr(parquet, "PORTION", 1)
    assert export(data, tmp_path / "all.parquet", "--form", "parquet").stdout.startswith("5 entries")
    export(data, tmp_path / "all.jsonl")
    export(data, tmp_path / "all.csv", "--form", "csv")
    table = pq.read_table(tmp_path / "all.parquet")
    rows = table.to_pylist()
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text("utf-8").splitlines()]
    decisions = [line for line in lines if line["kind"] == "decision"]
    assert [{name: row[name] for name in SAME} for row in rows] == [{name: line[name] for name in SAME} for line in decisions]
    assert [row["time"] for row in rows] == [datetime.fromisoformat(line["time"]) for line in decisions]
    assert rows[0]["time"].utcoffset() == timedelta(hours=8)
    assert [row["time"].astimezone(UTC).hour for row in rows] == [15] * 5
    assert [(row["officer"], row["reason_zh"]) for row in rows] == [
        (line["subject"]["person"], line["reason"]["zh"]) for line in decisions
    ]
    assert [row["rules"] for row in rows] == [[], [], ["AL-SEP"], [], []]
    with (tmp_path / "all.csv").open(encoding="utf-8-sig", newline="") as stream:
        sheet = list(csv.DictReader(stream))
    assert table.column_names == list(sheet[0])
    for row, cells in zip(rows, sheet, strict=True):
        assert {name: as_cell(value) for name, value in row.items() if name != "time"} == {
            name: cell.removeprefix("'") for name, cell in cells.items() if name != "time"
        }
    assert rows[1]["item_name"] == "=1+1"  # no quote: nothing takes it for a formula


SAME = ("seq", "decision_id", "caller", "item", "item_name", "item_version", "case_id", "case_version", "decision", "basis")


def as_cell(value: object) -> str:
    return "; ".join(value) if isinstance(value, list) else str(value)


def test_the_form_of_the_parquet_file(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups while it is read, dictionaries for text that comes again, and a schema even where nothing fits."""
    monkeypatch.setattr(parquet, "ROW_GROUP", 2)
    monkeypatch.setattr(parquet, "PORTION", 1)
    export(data, tmp_path / "all", "--form", "parquet")
    export(data, tmp_path / "none", "--form", "parquet", "--since", "2030-01-01")
    metadata = pq.ParquetFile(tmp_path / "all").metadata
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [2, 2, 1]
    group = metadata.row_group(0)
    columns = {c.path_in_schema: c for c in map(group.column, range(group.num_columns))}
    dictionaries = {name for name, column in columns.items() if "RLE_DICTIONARY" in column.encodings}
    assert {"item", "item_name", "officer", "decision", "basis.list.element"} <= dictionaries
    assert not {"seq", "time", "decision_id", "request_id"} & dictionaries
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    empty = pq.read_table(tmp_path / "none")
    assert (empty.num_rows, empty.schema) == (0, pq.read_schema(tmp_path / "all"))
    assert empty.schema.field("time").type == pa.timestamp("ms", tz="Asia/Shanghai")
    types = [pa.int64(), pa.string(), pa.list_(pa.string())]
    assert [empty.schema.field(name).type for name in ("seq", "item", "basis")] == types


def test_without_the_extra_it_is_said_before_anything_is_written(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused = export(data, tmp_path / "all.parquet", "--form", "parquet").exception
    assert isinstance(refused, SettingsError)
    assert "pip install 'quanheng[parquet]'" in refused.hint
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


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

    monkeypatch.setattr(parquet, "values_of", fail)
    assert isinstance(export(data, tmp_path / "new", "--form", "parquet").exception, OSError)
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
