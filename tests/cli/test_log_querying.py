"""`quanheng log` as an inspector uses it."""

import asyncio
import io
import json
import os
import sqlite3
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner, Result

from adapters.storage.record_file import LOCK_FILE, RECORD_FILE, take_lock
from adapters.storage.record_index import INDEX_FILE
from adapters.storage.record_reader import SqliteReader
from adapters.storage.sqlite import SqliteStore
from sidecar.case_history.history import OutcomeReported
from sidecar.cli.commands import app
from sidecar.cli.output import Language
from sidecar.cli.showing import cells, fits_whole, table_of
from sidecar.decision_log.entry import OutcomeEntry
from sidecar.errors import SecondWriterError, SettingsError, StoreError
from sidecar.ports.records import Commit, Filter
from sidecar.service.inspect import as_shown
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
        await store.commit(Commit(refused, "c1", 2))
        await store.close()

    asyncio.run(fill())
    return tmp_path / "data"


def log(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["log", *arguments])


def found(data: Path, *options: str) -> list[tuple[str, str]]:
    run = log("query", "--data", str(data), "--json", *options)
    return [(entry["decision_id"], entry["kind"]) for entry in json.loads(run.stdout)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), ["d1", "d1", "d2", "d3"]),
        (("--officer", "o-2"), ["d2", "d3"]),
        (("--case", "c1", "--kind", "decision"), ["d1", "d3"]),
        (("--rule", "AL-4"), ["d3"]),
        (("--post", "unit.post", "--unit", "o", "--step", "accept", "--caller", "portal", "--officer", "o-1"), ["d1"]),
        (("--text", "事"), ["d1", "d2", "d3"]),
        (("--text", "HTTP 200"), ["d1"]),
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
    refused = ["2026-01-06T00:30:00", "o-2", "事项", "accept", "c1", "拒绝", "NO_POWER", "o/powers.yaml:1", "d3"]
    assert lines[-1].split("\t") == refused
    assert "结果\t已办理" in lines[1]


def test_an_outcome_bears_the_name_of_its_item(data: Path) -> None:
    """As the decision beside it does, though its own entry holds the id only."""
    lines = log("query", "--data", str(data), "--case", "c1").output.splitlines()
    assert {line.split("\t")[2] for line in lines} == {"事项"}


@pytest.mark.parametrize("item", ["item", "事项", "事…"])
def test_an_item_is_found_by_what_the_table_shows(data: Path, item: str) -> None:
    """Id, name, and a name that a narrow table had to cut; the outcome is found with its decision."""
    assert [decision for decision, _ in found(data, "--item", item)] == ["d1", "d1", "d2", "d3"]
    run = log("tail", "--data", str(data), "--no-follow", "--item", item)
    assert len(run.output.splitlines()) == 4
    assert log("query", "--data", str(data), "--item", "事").exit_code == 1


def test_a_name_of_two_items_asks_which(tmp_path: Path) -> None:
    """Two organs may call different items the same."""

    async def fill() -> None:
        store = SqliteStore(tmp_path)
        for n, item in enumerate(("a-item", "b-item")):
            await store.commit(Commit(an_entry(f"d{n}", "c", item=item, item_name="同名"), "c"))
        await store.close()

    asyncio.run(fill())
    fault = log("query", "--data", str(tmp_path), "--item", "同名").exception
    assert isinstance(fault, SettingsError)
    assert "a-item, b-item" in fault.message


@pytest.mark.parametrize(("option", "value"), [("--decision", "maybe"), ("--kind", "foo")])
def test_values_that_no_entry_has_are_refused(data: Path, option: str, value: str) -> None:
    """A misspelt value would find nothing and look like an answer."""
    run = log("query", "--data", str(data), option, value)
    assert run.exit_code == 2
    assert value in run.stderr
    assert log("tail", "--data", str(data), "--no-follow", "--decision", "maybe").exit_code == 2


def test_query_that_finds_nothing_has_status_1(data: Path) -> None:
    """A script can tell "none" from "some", and a person is told; standard output holds entries only."""
    run = log("query", "--data", str(data), "--officer", "nobody", "--lang", "zh")
    assert (run.exit_code, run.stdout, run.stderr) == (1, "", "没有符合条件的记录；本日志从未出现：人员 nobody\n")
    run = log("query", "--data", str(data), "--officer", "nobody", "--step", "fly", "--lang", "en", "--json")
    assert (run.exit_code, run.stdout, run.stderr) == (1, "[]\n", "no entries; this log never names officer nobody, step fly\n")
    run = log("query", "--data", str(data), "--until", "2000-01-01", "--lang", "en")
    assert (run.exit_code, run.stderr) == (1, "no entries\n")


def test_show_tells_all_a_decision_rests_on(data: Path) -> None:
    """Reason, basis, source, grounds and outcome of one decision."""
    shown = log("show", "d3", "--data", str(data), "--lang", "en").output
    for part in ("NO_POWER AL-4 行政许可法第4条 [o/powers.yaml:7]", "officer: o-2", "policy: sha256:0", "leaf: "):
        assert part in shown
    assert "outcome: performed HTTP 200" in log("show", "d1", "--data", str(data), "--lang", "en").output


@pytest.fixture
def deciding(tmp_path: Path) -> Path:
    """A record with one decision that rests on facts, evidence and a co-signer."""

    async def fill() -> None:
        store = SqliteStore(tmp_path / "data")
        entry = an_entry(
            "d1",
            "BH-20261123-170012",
            person="o-10063",
            item_name="食品经营许可（" + "仅销售预包装食品除外" * 6 + "）",
            action={"step": "decide", "outcome": "refuse", "verb": "decide"},
            code="SAME_PERSON_PRIOR_STEP",
            decision="deny",
            facts={"only_prepackaged_food": False, "floor_area_m2": 300},
            evidence_digests={"reason": "sha256:0", "site_record": "sha256:1"},
            officers=["o-7", "o-8"],
        )
        await store.commit(Commit(entry, "BH-20261123-170012"))
        await store.close()

    asyncio.run(fill())
    return tmp_path / "data"


def test_show_tells_what_was_asserted_and_by_whom(deciding: Path) -> None:
    """Facts, names of evidence, co-signers and what was to be decided, under labels in the language asked for."""
    chinese = log("show", "d1", "--data", str(deciding), "--lang", "zh").output.splitlines()
    assert {
        "拟定结果: 不予",
        "事实: floor_area_m2=300, only_prepackaged_food=false",
        "证据: reason, site_record",
        "会签人员: o-7, o-8",
    } <= set(chinese)
    assert not [line for line in chinese if line.split(":")[0].isascii()]
    english = log("show", "d1", "--data", str(deciding), "--lang", "en").output.splitlines()
    assert {"asked outcome: refuse", "evidence: reason, site_record", "co-signers: o-7, o-8"} <= set(english)


def test_the_outcome_asked_for_stands_beside_the_step(deciding: Path) -> None:
    """An inspector sees at once whether a grant or a refusal was to be decided."""
    assert "\tdecide（不予）\t" in log("query", "--data", str(deciding), "--lang", "zh").output
    assert "\tdecide (refuse)\t" in log("query", "--data", str(deciding), "--lang", "en").output


@pytest.mark.parametrize("lang", list(Language))
@pytest.mark.parametrize("width", [72, 80, 100, 132, 200])
def test_a_table_fits_the_terminal(deciding: Path, lang: Language, width: int) -> None:
    """No line is longer than the terminal and no entry longer than four lines; a wide one has all columns whole."""
    entries = [as_shown(stored) for stored in SqliteReader(deciding / RECORD_FILE).query(Filter(), limit=1)]
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(table_of(entries, lang, width))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert 2 <= len(lines) <= 5
    assert all(cell_len(line.rstrip()) <= width for line in lines)
    assert fits_whole(width) == (width >= 132)
    if width == 200:
        assert all(
            word in lines[1] for word in ("SAME_PERSON_PRIOR_STEP", "BH-20261123-170012", "o/powers.yaml:1", "o-10063", "d1")
        )


ALTERATIONS = {
    "one word of the body": "body = CAST(replace(CAST(body AS TEXT), 'ALLOWED', 'REFUSED') AS BLOB)",
    "the body became text": "body = replace(CAST(body AS TEXT), 'allow', 'allws')",
    "no JSON": "body = x'00ff'",
    "JSON of another form": """body = CAST('{"seq": 1, "subject": 7, "kind": ["x"]}' AS BLOB)""",
    "JSON that is no object": "body = CAST('[1]' AS BLOB)",
    "the leaf": "leaf = x'00'",
    "the leaf became text": "leaf = 'leaf'",
    "another entry in its place": "(leaf, body) = (SELECT leaf, body FROM entries WHERE id = 'd2')",
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_entry_is_said_loudly(data: Path, name: str) -> None:
    """By query, show and tail, in words on standard error, with status 1; programs get `altered`; the others stand as before."""
    with sqlite3.connect(data / RECORD_FILE) as connection:
        connection.execute(f"UPDATE entries SET {ALTERATIONS[name]} WHERE id = 'd1' AND kind = 'decision'")  # noqa: S608 - ours
    connection.close()
    for command in (("query",), ("show", "d1"), ("tail", "--no-follow")):
        run = log(*command, "--data", str(data), "--lang", "en")
        assert "WARNING! entry 1 does not match its leaf hash" in run.stderr, command
        assert run.exit_code == (0 if command[0] == "tail" else 1)
        assert "entry 2" not in run.stderr
    assert "第 1 号记录与其叶哈希不符" in log("query", "--data", str(data), "--lang", "zh").stderr
    entries = json.loads(log("query", "--data", str(data), "--json").stdout)
    assert [entry["seq"] for entry in entries if "altered" in entry] == [1]
    assert log("query", "--data", str(data), "--officer", "o-2").exit_code == 0


def test_an_altered_outcome_is_said_with_its_decision(data: Path) -> None:
    """What became of an act is part of what `show` shows."""
    with sqlite3.connect(data / RECORD_FILE) as connection:
        connection.execute("UPDATE entries SET leaf = x'00' WHERE kind = 'outcome'")
    connection.close()
    run = log("show", "d1", "--data", str(data), "--lang", "en")
    assert "entry 2 does not match" in run.stderr
    assert run.exit_code == 1


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


def test_lines_of_json(data: Path) -> None:
    """One entry a line, for programs that read a stream."""
    run = log("query", "--data", str(data), "--jsonl", "--officer", "o-2")
    assert [json.loads(line)["decision_id"] for line in run.stdout.splitlines()] == ["d2", "d3"]


def test_a_class_of_power_is_the_items_of_all_policies_that_served(data: Path) -> None:
    """Each version that is kept says which items are of a class; one of which there is none is a mistake."""
    for version, items in {"1": {"item": "licensing"}, "2": {"other": "licensing", "third": "penalty"}, "plain": None}.items():
        compiled = data / "kept" / "policies" / version / "compiled"
        compiled.mkdir(parents=True)
        if items is not None:
            classed = {name: {"name": name, "power_class": of} for name, of in items.items()}
            (compiled / "manifest.json").write_text(json.dumps({"format": 1, "items": classed}))
    assert [decision for decision, _ in found(data, "--class", "licensing", "--kind", "decision")] == ["d1", "d2", "d3"]
    assert found(data, "--class", "penalty") == []
    refused = log("query", "--data", str(data), "--class", "levy", "--json").exception
    assert isinstance(refused, SettingsError)
    assert "no item here is of the class 'levy'" in str(refused)


def test_totals(data: Path) -> None:
    """How many were allowed and refused, by what is asked; days of an end count whole."""
    run = log("totals", "--data", str(data), "--by", "officer", "--json")
    assert json.loads(run.stdout) == [
        {"value": "o-1", "allowed": 1, "denied": 0},
        {"value": "o-2", "allowed": 1, "denied": 1},
    ]
    run = log("totals", "--data", str(data), "--by", "day", "--since", "2026-01-06", "--until", "2026-01-06", "--lang", "zh")
    assert [line.split("\t") for line in run.stdout.splitlines()][1:] == [["2026-01-06", "1", "1", "2"], ["合计", "1", "1", "2"]]
    assert log("totals", "--data", str(data), "--by", "rule", "--decision", "allow").exit_code == 1


def test_decisions_without_a_value_are_counted_in_the_sum(tmp_path: Path) -> None:
    """A refused act on no list has no item; it is a decision all the same, and `all` is all."""

    async def fill() -> None:
        store = SqliteStore(tmp_path / "data")
        await store.commit(Commit(an_entry("d1", "c1"), "c1", 0, an_act("d1", "accept")))
        await store.commit(Commit(an_entry("d2", "c2", item="", decision="deny", code="NO_POWER"), "c2"))
        await store.close()

    asyncio.run(fill())
    run = log("totals", "--data", str(tmp_path / "data"), "--by", "item", "--lang", "en")
    rows = [line.split("\t") for line in run.stdout.splitlines()]
    assert rows[1:] == [["(none)", "0", "1", "1"], ["item", "1", "0", "1"], ["all", "1", "1", "2"]]
    run = log("totals", "--data", str(tmp_path / "data"), "--by", "item", "--decision", "allow", "--json")
    assert json.loads(run.stdout) == [{"value": "item", "allowed": 1, "denied": 0}]


def test_an_item_is_named_alike_by_every_command(tmp_path: Path) -> None:
    """Whoever reads a name in a table may ask by it: counted, exported, made again and observed as by the id."""

    async def fill() -> None:
        store = SqliteStore(tmp_path / "data")
        for n, item in enumerate(("a-item", "b-item")):
            await store.commit(Commit(an_entry(f"d{n}", f"c{n}", item=item, item_name=f"许可{n}"), f"c{n}"))
        await store.close()

    asyncio.run(fill())
    data = ("--data", str(tmp_path / "data"), "--item", "许可1")
    assert json.loads(log("totals", *data, "--json").stdout)[0]["allowed"] == 1
    log("export", *data, "--to", str(tmp_path / "one.jsonl"))
    assert [json.loads(line)["item"] for line in (tmp_path / "one.jsonl").read_text("utf-8").splitlines()] == ["b-item"]
    assert json.loads(log("observed", *data, "--json").stdout)["decisions"] == 1
    assert json.loads(log("replay", *data, "--json").stdout)["decisions"] == 1


def test_the_index_is_made_again(data: Path) -> None:
    """From the record, while nothing serves; it then has all entries."""
    (data / INDEX_FILE).write_bytes(b"no database")
    run = log("reindex", "--data", str(data))
    assert (run.exit_code, run.stdout.split()[0]) == (0, "4")
    with sqlite3.connect(data / INDEX_FILE) as connection:
        assert connection.execute("SELECT seq FROM reached").fetchone() == (4,)
    connection.close()
    lock = take_lock(data / LOCK_FILE)
    assert isinstance(log("reindex", "--data", str(data)).exception, SecondWriterError)
    os.close(lock)


def test_a_reading_is_shown_with_its_person_and_whether_it_was_refused() -> None:
    """Who read through a system, not the system alone."""
    reading = {"kind": "log_read", "time": "2026-01-05T09:00:00.000+08:00", "caller": "inspection", "decision_id": "r-1"}
    told = cells({**reading, "person": "o-2001", "query": {"what": "totals", "refused": "outside"}}, Language.EN)
    assert told == ("2026-01-05T09:00:00", "o-2001", "", "", "", "read", "totals (refused)", "", "r-1")
    assert cells({**reading, "query": {"what": "totals"}}, Language.ZH)[1:7] == ("inspection", "", "", "", "查阅", "totals")
